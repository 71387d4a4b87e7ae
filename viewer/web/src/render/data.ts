/** The graph in the memory of the graphics card: positions, colors, sizes, flags, and the edges by their ends. */

import type { Places } from "../core/frame";
import type { Scene } from "../core/scene";
import { Column, LAYOUT, type GL } from "./gl";
import { HIDDEN } from "./look";
import { orderBySize, plainColors, sizesByDegree, withIcons } from "./sizes";

export class GraphData {
  scene: Scene | null = null;
  /** Of each node and edge: HIDDEN, SELECTED, NEAR, PINNED. */
  nodeFlags: Uint8Array = new Uint8Array(0);
  edgeFlags: Uint8Array = new Uint8Array(0);
  hasEdgeFlags = false;
  columns: Record<string, Column> = {};
  /** Nodes, large ones over small ones. */
  orderArray!: WebGLVertexArrayObject;
  /** Edges that are drawn over the others. */
  listArray!: WebGLVertexArrayObject;
  listLength = 0;
  /** As many of them, the first, are selected. */
  chosenLength = 0;
  glyphs: WebGLTexture | null = null;
  atlas: { source: TexImageSource; columns: number; rows: number; pictures: boolean } | null = null;
  /** "grid": places of the stream; "float": layout units. */
  mode: "grid" | "float" = "float";
  fromGrid: [number, number, number] = [0, 0, 1];
  toGrid: [number, number, number] = [0, 0, 1];
  /** 0 to 1: the way from the last places to the newest. */
  time = 1;
  private floats: Float32Array | null = null;
  private sizes: Float32Array = new Float32Array(0);
  private colors: Uint8Array = new Uint8Array(0);
  private order!: WebGLBuffer;
  private list!: WebGLBuffer;

  /** `stale` hears that nodes or edges lie elsewhere or look otherwise than before. */
  constructor(private readonly gl: GL, private readonly stale: () => void) {}

  /** Makes what is on the card, and fills it with what was there before the card was lost. */
  setUp(): void {
    this.columns = {};
    this.glyphs = null;
    [this.order, this.orderArray] = this.indexArray(0);
    [this.list, this.listArray] = this.indexArray(1);
    this.upload();
    if (this.atlas) this.setIcons(this.atlas.source, this.atlas.columns, this.atlas.rows, this.atlas.pictures);
  }

  private indexArray(divisor: number): [WebGLBuffer, WebGLVertexArrayObject] {
    const { gl } = this;
    const buffer = gl.createBuffer();
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribIPointer(0, 1, gl.UNSIGNED_INT, 0, 0);
    gl.vertexAttribDivisor(0, divisor);
    gl.bindVertexArray(null);
    return [buffer, array];
  }

  /** Another scene, which is not on the card yet. Flags are cleared; positions are those of the scene, if it has some. */
  setScene(scene: Scene): void {
    this.scene = scene;
    this.nodeFlags = new Uint8Array(scene.n_nodes);
    this.edgeFlags = new Uint8Array(scene.n_edges);
    this.hasEdgeFlags = false;
    this.mode = "float";
    this.floats = scene.positions ?? new Float32Array(2 * scene.n_nodes);
    this.time = 1;
  }

  /** Colors, sizes and so on of the same graph. */
  setStyle(scene: Scene): void {
    this.scene = scene;
    this.uploadStyle(scene);
  }

  private column(name: string, layout: keyof ReturnType<typeof LAYOUT>): Column {
    return (this.columns[name] ??= new Column(this.gl, LAYOUT(this.gl)[layout]));
  }

  /** Puts the scene on the card. */
  upload(): void {
    const { scene } = this;
    if (!scene) return;
    this.column("edges", "rg32ui").upload(scene.edges);
    this.uploadStyle(scene);
    this.column("flags", "r8ui").upload(this.nodeFlags);
    this.uploadEdgeFlags();
    if (this.mode === "float" && this.floats) {
      this.column("float0", "rg32f").upload(this.floats);
      this.column("float1", "rg32f").upload(this.floats);
    }
  }

  private uploadStyle(scene: Scene): void {
    const { gl } = this;
    const n = scene.n_nodes;
    this.colors = scene.node_color ?? plainColors(n);
    this.sizes = scene.node_size ?? sizesByDegree(scene);
    if (scene.node_icon) this.sizes = withIcons(this.sizes, scene.node_icon);
    this.column("color", "rgba8").upload(this.colors);
    this.column("size", "r32f").upload(this.sizes);
    if (scene.node_icon) this.column("icon", "r16ui").upload(scene.node_icon);
    if (scene.edge_color) this.column("edgeColor", "rgba8").upload(scene.edge_color);
    if (scene.edge_width) this.column("edgeWidth", "r32f").upload(scene.edge_width);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.order);
    gl.bufferData(gl.ARRAY_BUFFER, orderBySize(this.sizes), gl.STATIC_DRAW);
    this.stale();
  }

  /** Colors of nodes, [n, 4], that are no part of the scene. */
  setColors(colors: Uint8Array): void {
    this.colors = colors;
    this.column("color", "rgba8").upload(colors);
    this.stale();
  }

  /** Says that `nodeFlags` or `edgeFlags` have changed; `hidden` if what is hidden has. */
  flagsChanged(hidden: boolean): void {
    this.column("flags", "r8ui").upload(this.nodeFlags);
    if (!hidden) return;
    this.uploadEdgeFlags();
    this.stale();
  }

  private uploadEdgeFlags(): void {
    this.hasEdgeFlags = this.edgeFlags.some((f) => (f & HIDDEN) !== 0);
    if (this.hasEdgeFlags) this.column("edgeFlags", "r8ui").upload(this.edgeFlags);
  }

  /** Edges that are drawn over the others, of which the first `chosen` are selected. */
  setHighlight(edges: Uint32Array, chosen: number): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.list);
    gl.bufferData(gl.ARRAY_BUFFER, edges, gl.DYNAMIC_DRAW);
    this.listLength = edges.length;
    this.chosenLength = chosen;
  }

  /** A sheet of icons in cells; masks are black, pictures have colors. */
  setIcons(source: TexImageSource, columns: number, rows: number, pictures: boolean): void {
    const { gl } = this;
    this.atlas = { source, columns, rows, pictures };
    this.glyphs ??= gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.glyphs);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  }

  /** The newest places of the stream become where nodes go, and where they went becomes where they come from. */
  pushGrid(places: Places): void {
    if (this.mode !== "grid" || !this.columns.grid0) {
      this.mode = "grid";
      this.column("grid0", "rg16ui").upload(places.grid);
      this.fromGrid = [places.lowX, places.lowY, 1 / places.scale];
    } else {
      [this.columns.grid0, this.columns.grid1] = [this.columns.grid1!, this.columns.grid0!];
      this.fromGrid = this.toGrid;
    }
    this.column("grid1", "rg16ui").upload(places.grid);
    this.toGrid = [places.lowX, places.lowY, 1 / places.scale];
    this.time = 0;
    this.stale();
  }

  /** Layout units, [n, 2]. With `smooth` nodes go there from where they were last sent to by this method. */
  setFloats(positions: Float32Array, smooth = false): void {
    const goesOn = smooth && this.mode === "float" && this.columns.float1 !== undefined;
    this.mode = "float";
    this.floats = positions;
    const [from, to] = [this.column("float0", "rg32f"), this.column("float1", "rg32f")];
    this.columns.float0 = to;
    this.columns.float1 = from;
    from.upload(positions);
    if (!goesOn) to.upload(positions);
    this.time = goesOn ? 0 : 1;
    this.stale();
  }

  /** After a change of some nodes in the array given to `setFloats`: they are there at once. */
  moveFloats(nodes: Iterable<number>): void {
    if (this.mode !== "float" || !this.floats) return;
    for (const u of nodes) {
      const at = this.floats.subarray(2 * u, 2 * u + 2);
      this.column("float0", "rg32f").set(u, at);
      this.column("float1", "rg32f").set(u, at);
    }
    this.stale();
  }

  sizeOf(u: number): number {
    return this.sizes[u] ?? 0;
  }

  colorOf(u: number): [number, number, number] {
    return [this.colors[4 * u] ?? 0, this.colors[4 * u + 1] ?? 0, this.colors[4 * u + 2] ?? 0];
  }

  private loopsOf: Uint32Array | null = null;
  private loops = false;
  /** Whether an edge leads from a node to itself. */
  get hasLoops(): boolean {
    const { edges } = this.scene!;
    if (this.loopsOf !== edges) {
      this.loopsOf = edges;
      this.loops = false;
      for (let i = 0; i < edges.length && !this.loops; i += 2) this.loops = edges[i] === edges[i + 1];
    }
    return this.loops;
  }

  destroy(): void {
    for (const column of Object.values(this.columns)) column.delete();
  }
}
