/**
 * Draws a scene with WebGL2.
 *
 * Edges are drawn into a layer of their own, as numbers of layers and their mean color, and the layer is kept while
 * nothing in it changes: pointing at nodes or selecting them never draws the edges again. Where frames take long,
 * edges of a moving picture are thin lines, then lines of half the resolution, then a sample that stands for all; at
 * rest all are drawn, a part in each frame.
 */

import { Places } from "../core/frame";
import type { Scene } from "../core/scene";
import type { Camera } from "./camera";
import { Column, LAYOUT, Program, Target, type GL } from "./gl";
import * as shaders from "./shaders";
import { orderBySize, plainColors, sizesByDegree } from "./sizes";
import { WhitePoint } from "./white";

export const HIDDEN = 1;
export const SELECTED = 2;
export const NEAR = 4;
export const PINNED = 8;

export interface Look {
  background: [number, number, number];
  border: [number, number, number];
  ring: [number, number, number];
  pointSize: number;
  pointOpacity: number;
  pointBorder: number;
  edgeOpacity: number;
  edgeWidth: number;
  curvature: number;
  arrows: boolean;
  edges: boolean;
  /** 0: long edges are as strong as short ones. */
  fade: number;
  isDark: boolean;
}

export interface Stats {
  /** Edges in the last drawn layer, and of how many. */
  edges: number;
  of: number;
  /** Time between frames while something moves, ms, smoothed. */
  frame: number;
}

/** Edges up to this many are bands with smooth sides at rest, and a quarter of it while moving. */
const BANDS = 60_000;
/** How edges of a moving picture are drawn: as at rest, as thin lines (between the two), or with half the resolution. */
const FINE = 0;
const COARSE = 2;
/** Frames of a moving picture that take longer than this, ms, are too slow; shorter than the second, fast. */
const SLOW = 26;
const FAST = 19;
/** After how long a finer way is tried again, ms: at first, and at most. */
const RETRY = 2000;
const LAST_RETRY = 64_000;
/** Fewest edges that a moving picture shows, and how many the first one does: no one should wait for more. */
const LEAST_SAMPLE = 20_000;
const FIRST_SAMPLE = 40_000;
/** Device pixels around the picture in which centers of large nodes may lie. */
const MARGIN = 96;
const PICK = 15;

type Names = "node" | "nodePick" | "icon" | "line" | "band" | "arrow" | "list" | "listArrow" | "linePick" | "compose";

export class Renderer {
  readonly gl: GL;
  stats: Stats = { edges: 0, of: 0, frame: 16 };
  /** Of each node and edge: HIDDEN, SELECTED, NEAR, PINNED. */
  nodeFlags: Uint8Array = new Uint8Array(0);
  edgeFlags: Uint8Array = new Uint8Array(0);
  look: Look;

  private scene: Scene | null = null;
  private programs = new Map<string, Program>();
  private columns: Record<string, Column> = {};
  private layer!: Target;
  private back!: Target;
  private pickTarget!: Target;
  private order!: WebGLBuffer;
  private orderArray!: WebGLVertexArrayObject;
  private list!: WebGLBuffer;
  private listArray!: WebGLVertexArrayObject;
  private listLength = 0;
  private empty!: WebGLVertexArrayObject;
  private glyphs: WebGLTexture | null = null;
  private atlas: { source: TexImageSource; columns: number; rows: number; pictures: boolean } | null = null;

  /** "grid": places of the stream; "float": layout units. */
  private mode: "grid" | "float" = "float";
  private floats: Float32Array | null = null;
  private fromGrid: [number, number, number] = [0, 0, 1];
  private toGrid: [number, number, number] = [0, 0, 1];
  /** Factor on sizes that leaves room between nodes when all are in sight; at most 1. */
  crowd = 1;
  /** 0 to 1: the way from the last places to the newest. */
  time = 1;

  private sizes: Float32Array = new Float32Array(0);
  private colors: Uint8Array = new Uint8Array(0);
  private hasEdgeFlags = false;
  private isLogarithmic = true;
  private white!: WhitePoint;
  private budget = FIRST_SAMPLE;
  private detail = FINE;
  private finerAt = 0;
  private retry = RETRY;
  private wasMoving = false;
  private layerFor = { width: 0, height: 0 };
  private layerIsStale = true;
  private drawn = 0; // edges of the back layer drawn so far; -1: the front layer is whole
  private lost = false;
  private lastFrame = 0;

  constructor(readonly canvas: HTMLCanvasElement, look: Look, private readonly onRestore: () => void) {
    this.look = look;
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      stencil: false,
      preserveDrawingBuffer: false,
      powerPreference: "high-performance",
    });
    if (!gl) throw new Error("this browser gives no WebGL2: switch on hardware acceleration, or use a newer browser");
    this.gl = gl;
    canvas.addEventListener("webglcontextlost", this.onLost);
    canvas.addEventListener("webglcontextrestored", this.onBack);
    this.setUp();
  }

  private onLost = (event: Event): void => {
    event.preventDefault(); // else it never comes back
    this.lost = true;
  };

  private onBack = (): void => {
    this.lost = false;
    this.programs.clear();
    this.columns = {};
    this.glyphs = null;
    this.setUp();
    if (this.scene) this.uploadScene(this.scene);
    if (this.atlas) this.setIcons(this.atlas.source, this.atlas.columns, this.atlas.rows, this.atlas.pictures);
    this.onRestore();
  };

  get isLost(): boolean {
    return this.lost;
  }

  private setUp(): void {
    const { gl } = this;
    this.isLogarithmic = gl.getExtension("EXT_color_buffer_float") !== null || gl.getExtension("EXT_color_buffer_half_float") !== null;
    const layers = this.isLogarithmic
      ? blendsFloatsFaster(gl)
        ? { internal: gl.RGBA32F, format: gl.RGBA, type: gl.FLOAT, filter: gl.LINEAR }
        : { internal: gl.RGBA16F, format: gl.RGBA, type: gl.HALF_FLOAT, filter: gl.LINEAR }
      : { internal: gl.RGBA8, format: gl.RGBA, type: gl.UNSIGNED_BYTE, filter: gl.LINEAR };
    this.layer = new Target(gl, layers);
    this.back = new Target(gl, layers);
    this.white = new WhitePoint(gl, new Target(gl, { ...layers, filter: gl.NEAREST }), this.isLogarithmic);
    this.pickTarget = new Target(gl, { internal: gl.R32UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_INT, filter: gl.NEAREST });
    this.pickTarget.resize(PICK, PICK);
    this.layer.resize(1, 1);
    this.empty = gl.createVertexArray();
    [this.order, this.orderArray] = this.indexArray(0);
    [this.list, this.listArray] = this.indexArray(1);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.DITHER);
    this.layerIsStale = true;
    this.drawn = -1;
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

  /** Shows another scene. Flags are cleared; positions are those of the scene, if it has some. */
  setScene(scene: Scene): void {
    this.scene = scene;
    this.nodeFlags = new Uint8Array(scene.n_nodes);
    this.edgeFlags = new Uint8Array(scene.n_edges);
    this.hasEdgeFlags = false;
    this.white.forget();
    this.budget = FIRST_SAMPLE;
    this.detail = FINE;
    this.retry = RETRY;
    this.mode = "float";
    this.floats = scene.positions ?? new Float32Array(2 * scene.n_nodes);
    this.time = 1;
    this.uploadScene(scene);
  }

  /** Colors, sizes and so on of the same graph. */
  setStyle(scene: Scene): void {
    this.scene = scene;
    this.uploadStyle(scene);
  }

  private column(name: string, layout: keyof ReturnType<typeof LAYOUT>): Column {
    return (this.columns[name] ??= new Column(this.gl, LAYOUT(this.gl)[layout]));
  }

  private uploadScene(scene: Scene): void {
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
    this.column("color", "rgba8").upload(this.colors);
    this.column("size", "r32f").upload(this.sizes);
    if (scene.node_icon) this.column("icon", "r16ui").upload(scene.node_icon);
    if (scene.edge_color) this.column("edgeColor", "rgba8").upload(scene.edge_color);
    if (scene.edge_width) this.column("edgeWidth", "r32f").upload(scene.edge_width);
    // Large nodes over small ones.
    gl.bindBuffer(gl.ARRAY_BUFFER, this.order);
    gl.bufferData(gl.ARRAY_BUFFER, orderBySize(this.sizes), gl.STATIC_DRAW);
    this.layerIsStale = true;
  }

  /** Colors of nodes, [n, 4], that are no part of the scene. */
  setColors(colors: Uint8Array): void {
    this.colors = colors;
    this.column("color", "rgba8").upload(colors);
    this.layerIsStale = true;
  }

  /** Says that `nodeFlags` or `edgeFlags` have changed; `hidden` if what is hidden has. */
  flagsChanged(hidden: boolean): void {
    this.column("flags", "r8ui").upload(this.nodeFlags);
    if (!hidden) return;
    this.uploadEdgeFlags();
    this.layerIsStale = true;
  }

  private uploadEdgeFlags(): void {
    this.hasEdgeFlags = this.edgeFlags.some((f) => (f & HIDDEN) !== 0);
    if (this.hasEdgeFlags) this.column("edgeFlags", "r8ui").upload(this.edgeFlags);
  }

  /** Edges that are drawn over the others. */
  setHighlight(edges: Uint32Array): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.list);
    gl.bufferData(gl.ARRAY_BUFFER, edges, gl.DYNAMIC_DRAW);
    this.listLength = edges.length;
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
    this.layerIsStale = true;
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
    this.layerIsStale = true;
  }

  /** After a change of some nodes in the array given to `setFloats`: they are there at once. */
  moveFloats(nodes: Iterable<number>): void {
    if (this.mode !== "float" || !this.floats) return;
    for (const u of nodes) {
      const at = this.floats.subarray(2 * u, 2 * u + 2);
      this.column("float0", "rg32f").set(u, at);
      this.column("float1", "rg32f").set(u, at);
    }
    this.layerIsStale = true;
  }

  /** Says that the way between places went on, the camera moved, or the look changed. */
  invalidate(): void {
    this.layerIsStale = true;
  }

  /** Radius of a node in CSS pixels. */
  radius(u: number, camera: Camera): number {
    return Math.max(this.leastRadius(), (this.sizes[u] ?? 0) * this.radiusScale(camera));
  }

  sizeOf(u: number): number {
    return this.sizes[u] ?? 0;
  }

  colorOf(u: number): [number, number, number] {
    return [this.colors[4 * u] ?? 0, this.colors[4 * u + 1] ?? 0, this.colors[4 * u + 2] ?? 0];
  }

  /** Edges' width in CSS pixels, for pictures without this renderer. */
  private leastRadius(): number {
    return 0.7;
  }

  /** CSS pixels per unit of size: smaller where there are many nodes, larger when one zooms in. */
  radiusScale(camera: Camera): number {
    const zoom = camera.scale / camera.fitScale;
    const grow = zoom >= 1 ? Math.pow(zoom, 0.42) : Math.pow(zoom, 0.6);
    return this.look.pointSize * Math.min(this.crowd * grow, 3.2);
  }

  private program(name: Names): Program {
    const scene = this.scene!;
    let defines = this.mode === "grid" ? "#define GRID\n" : "";
    if (name !== "node" && name !== "nodePick" && name !== "icon" && name !== "compose") {
      if (this.hasEdgeFlags) defines += "#define EDGE_FLAGS\n";
      if (scene.edge_color) defines += "#define EDGE_COLOR\n";
      if (scene.edge_width) defines += "#define EDGE_WIDTH\n";
      if (name.startsWith("list")) defines += "#define LIST\n";
      if (name === "arrow" || name === "listArrow") defines += "#define ARROW\n";
    }
    if (name.endsWith("Pick")) defines += "#define PICK\n";
    const key = name + defines;
    let program = this.programs.get(key);
    if (!program) {
      const bands = defines + "#define BAND\n";
      const [vertex, fragment] =
        name === "node" || name === "nodePick" ? [shaders.NODE_VERTEX(defines), shaders.NODE_FRAGMENT(defines)]
        : name === "icon" ? [shaders.ICON_VERTEX(defines), shaders.ICON_FRAGMENT]
        : name === "compose" ? [shaders.COVER_VERTEX, shaders.COMPOSE_FRAGMENT]
        : name === "line" || name === "linePick" ? [shaders.LINE_VERTEX(defines), shaders.EDGE_FRAGMENT(defines)]
        : [shaders.BAND_VERTEX(bands), shaders.EDGE_FRAGMENT(bands)];
      program = new Program(this.gl, vertex!, fragment!);
      this.programs.set(key, program);
    }
    return program;
  }

  private use(program: Program, camera: Camera, width: number, height: number, dpr: number, center?: { x: number; y: number }): void {
    const { gl } = this;
    gl.useProgram(program.handle);
    const names = this.mode === "grid" ? (["grid0", "grid1"] as const) : (["float0", "float1"] as const);
    const bind = (unit: number, uniform: string, column: Column | undefined): void => {
      const at = program.at(uniform);
      if (at === null || !column) return;
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, column.handle);
      gl.uniform1i(at, unit);
    };
    bind(0, "uFrom", this.columns[names[0]]);
    bind(1, "uTo", this.columns[names[1]]);
    bind(2, "uColor", this.columns.color);
    bind(3, "uSize", this.columns.size);
    bind(4, "uFlags", this.columns.flags);
    bind(5, "uEdges", this.columns.edges);
    bind(6, "uEdgeFlags", this.columns.edgeFlags);
    bind(7, "uEdgeColor", this.columns.edgeColor);
    bind(8, "uEdgeWidth", this.columns.edgeWidth);
    bind(9, "uIcon", this.columns.icon);
    gl.uniform3fv(program.at("uFromGrid"), this.mode === "grid" ? this.fromGrid : [0, 0, 1]);
    gl.uniform3fv(program.at("uToGrid"), this.mode === "grid" ? this.toGrid : [0, 0, 1]);
    gl.uniform1f(program.at("uTime"), this.time);
    const s = camera.scale * dpr;
    gl.uniform4f(program.at("uView"), center?.x ?? camera.x, center?.y ?? camera.y, (2 * s) / width, (2 * s) / height);
    gl.uniform2f(program.at("uHalf"), width / 2, height / 2);
    gl.uniform2f(program.at("uRadius"), this.radiusScale(camera) * dpr, this.leastRadius() * dpr);
    const diagonal = Math.hypot(camera.width, camera.height) * dpr;
    gl.uniform2f(program.at("uFade"), diagonal * 0.05, 1 - 0.86 * this.look.fade);
  }

  /** Draws what has to be drawn anew. Returns whether there is more to draw though nothing moves. */
  render(camera: Camera, options: { moving: boolean; dim: number; size?: { width: number; height: number; dpr: number } }): boolean {
    const { gl, canvas, scene } = this;
    if (this.lost || gl.isContextLost()) return false;
    const dpr = options.size?.dpr ?? canvas.width / Math.max(1, camera.width);
    const width = options.size?.width ?? canvas.width;
    const height = options.size?.height ?? canvas.height;
    const now = performance.now();
    // Between two frames of one movement, or rests would count.
    if (options.moving && this.wasMoving) {
      this.stats.frame += 0.15 * (Math.min(400, now - this.lastFrame) - this.stats.frame);
      this.adapt(now);
    }
    this.wasMoving = options.moving;
    this.lastFrame = now;
    let more = false;
    if (scene) more = this.drawLayer(camera, width, height, dpr, options.moving, options.size !== undefined);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    const [r, g, b] = this.look.background;
    gl.clearColor(r, g, b, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!scene) return false;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    if (this.look.edges && scene.n_edges > 0) this.compose(options.dim);
    // Centers of nodes may lie a little outside, or large ones would vanish at the border.
    const w = width + 2 * MARGIN;
    const h = height + 2 * MARGIN;
    gl.viewport(-MARGIN, -MARGIN, w, h);
    if (this.listLength > 0 && this.look.edges) this.drawHighlight(camera, w, h, dpr);
    this.drawNodes(camera, w, h, dpr, options.dim);
    gl.disable(gl.BLEND);
    return more || this.white.isAsked;
  }

  /** Coarser and then fewer edges in a moving picture when frames take long; more and then finer ones when they do not. */
  private adapt(now: number): void {
    const { frame } = this.stats;
    const m = this.scene?.n_edges ?? 0;
    if (frame > SLOW) {
      if (this.detail < COARSE) {
        this.detail++;
        this.finerAt = now + this.retry;
        this.retry = Math.min(LAST_RETRY, 2 * this.retry);
        // What it takes now is not known yet.
        this.stats.frame = (SLOW + FAST) / 2;
      } else this.budget = Math.max(LEAST_SAMPLE, Math.min(this.budget, m) * Math.max(0.6, SLOW / frame));
    } else if (frame < FAST) {
      this.budget = Math.min(8_000_000, this.budget * 1.12);
      if (this.detail > FINE && this.budget >= m && now > this.finerAt) {
        this.detail--;
        this.finerAt = now + RETRY;
      }
    }
  }

  private drawLayer(camera: Camera, width: number, height: number, dpr: number, moving: boolean, whole: boolean): boolean {
    const m = this.scene!.n_edges;
    this.white.take();
    if (this.layerFor.width !== width || this.layerFor.height !== height) {
      this.layerFor = { width, height };
      this.layerIsStale = true;
    }
    if (!this.look.edges || m === 0) return false;
    if (this.layerIsStale && (moving || whole || m <= this.budget)) {
      const sketched = moving && !whole;
      const stride = sketched ? Math.max(1, Math.ceil(m / this.budget)) : 1;
      const part = sketched && this.detail === COARSE ? 0.5 : 1;
      this.layer.resize(Math.ceil(width * part), Math.ceil(height * part));
      this.begin(this.layer);
      this.drawEdges(camera, width, height, dpr, { first: 0, stride, count: Math.ceil(m / stride), part }, sketched);
      this.stats.edges = Math.ceil(m / stride);
      this.stats.of = m;
      this.layerIsStale = false;
      // A sketch is made good at rest.
      this.drawn = stride > 1 || part < 1 || (sketched && this.usesBands(false) && !this.usesBands(true)) ? 0 : -1;
      this.white.ask(this.layer, whole || this.white.value === null);
      return this.drawn >= 0;
    }
    if (this.layerIsStale) {
      this.drawn = 0;
      this.layerIsStale = false;
    }
    if (!moving && this.drawn >= 0) {
      this.back.resize(width, height);
      if (this.drawn === 0) this.begin(this.back);
      else this.begin(this.back, false);
      const count = Math.min(Math.ceil(this.budget), m - this.drawn);
      this.drawEdges(camera, width, height, dpr, { first: this.drawn, stride: 1, count, part: 1 }, false);
      this.drawn += count;
      if (this.drawn >= m) {
        [this.layer, this.back] = [this.back, this.layer];
        this.drawn = -1;
        this.stats.edges = m;
        this.stats.of = m;
        this.white.ask(this.layer, this.white.value === null);
      }
      return this.drawn >= 0;
    }
    return false;
  }

  private begin(target: Target, clear = true): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.viewport(0, 0, target.width, target.height);
    if (clear) {
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
    }
  }

  private usesBands(moving: boolean): boolean {
    const m = this.scene?.n_edges ?? 0;
    return moving ? this.detail === FINE && m <= Math.min(BANDS / 4, this.budget) : m <= BANDS;
  }

  /** Draws `count` edges from `first` on, one of `stride`, into a layer with `part` of the resolution. */
  private drawEdges(camera: Camera, width: number, height: number, dpr: number, edges: { first: number; stride: number; count: number; part: number }, moving: boolean): void {
    const { gl } = this;
    const { first, stride, count, part } = edges;
    gl.enable(gl.BLEND);
    if (this.isLogarithmic) gl.blendFunc(gl.ONE, gl.ONE);
    else gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const bands = stride === 1 && this.usesBands(moving);
    const strength = this.isLogarithmic ? 1 : this.flatOpacity();
    const draw = (name: "line" | "band" | "arrow"): void => {
      const program = this.program(name);
      this.use(program, camera, width, height, dpr);
      gl.uniform2ui(program.at("uPart"), first, stride);
      // A coarse line covers as many pixels across as its own are large.
      gl.uniform1f(program.at("uWeight"), stride * part);
      gl.uniform1f(program.at("uStrength"), strength);
      gl.bindVertexArray(this.empty);
      if (name === "line") gl.drawArrays(gl.LINES, 0, 2 * count);
      else this.drawBand(program, name === "arrow", count, this.look.edgeWidth * dpr, dpr);
    };
    if (bands) {
      draw("band");
      if (this.look.arrows) draw("arrow");
    } else draw("line");
    gl.bindVertexArray(null);
    gl.disable(gl.BLEND);
  }

  /** Opacity of one edge where layers cannot be counted. */
  private flatOpacity(): number {
    const m = this.scene!.n_edges;
    return Math.min(0.5, Math.max(0.01, 40 / Math.sqrt(m + 1))) * this.look.edgeOpacity;
  }

  private drawBand(program: Program, arrow: boolean, count: number, width: number, dpr: number): void {
    const { gl } = this;
    gl.uniform4f(program.at("uBand"), width, 0.36 * dpr, this.look.curvature * 0.45, this.look.arrows ? 1 : 0);
    const segments = this.look.curvature === 0 && !this.loops() ? 1 : 12;
    gl.uniform1f(program.at("uSegments"), segments);
    if (arrow) gl.drawArraysInstanced(gl.TRIANGLES, 0, 3, count);
    else gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 2 * (segments + 1), count);
  }

  private loopsOf: Uint32Array | null = null;
  private hasLoops = false;
  private loops(): boolean {
    const { edges } = this.scene!;
    if (this.loopsOf !== edges) {
      this.loopsOf = edges;
      this.hasLoops = false;
      for (let i = 0; i < edges.length && !this.hasLoops; i += 2) this.hasLoops = edges[i] === edges[i + 1];
    }
    return this.hasLoops;
  }

  private drawHighlight(camera: Camera, width: number, height: number, dpr: number): void {
    const { gl } = this;
    const few = Math.min(1, 14 / Math.sqrt(this.listLength));
    for (const name of ["list", "listArrow"] as const) {
      if (name === "listArrow" && !this.look.arrows) continue;
      const program = this.program(name);
      this.use(program, camera, width, height, dpr);
      gl.uniform2f(program.at("uFade"), 1, 1);
      gl.uniform1f(program.at("uWeight"), 1);
      gl.uniform1f(program.at("uStrength"), 0.25 + 0.6 * few);
      gl.bindVertexArray(this.listArray);
      this.drawBand(program, name === "listArrow", this.listLength, 1.4 * this.look.edgeWidth * dpr, dpr);
    }
    gl.bindVertexArray(null);
  }

  private drawNodes(camera: Camera, width: number, height: number, dpr: number, dim: number): void {
    const { gl, look } = this;
    const scene = this.scene!;
    const program = this.program("node");
    this.use(program, camera, width, height, dpr);
    gl.uniform1f(program.at("uDim"), dim);
    gl.uniform1f(program.at("uOpacity"), look.pointOpacity);
    gl.uniform3fv(program.at("uBorder"), look.border);
    gl.uniform3fv(program.at("uRing"), look.ring);
    gl.uniform2f(program.at("uOutline"), 0.16 * look.pointBorder, 1.25 * dpr * look.pointBorder);
    gl.bindVertexArray(this.orderArray);
    gl.uniform1ui(program.at("uOnly"), 0);
    gl.drawArrays(gl.POINTS, 0, scene.n_nodes);
    if (dim < 1) {
      // What is selected or near lies over what is not.
      gl.uniform1ui(program.at("uOnly"), SELECTED | NEAR);
      gl.drawArrays(gl.POINTS, 0, scene.n_nodes);
    }
    if (scene.node_icon && this.glyphs && this.atlas) {
      const icons = this.program("icon");
      this.use(icons, camera, width, height, dpr);
      gl.uniform1f(icons.at("uDim"), dim);
      gl.uniform1f(icons.at("uLeast"), 5 * dpr);
      gl.uniform3f(icons.at("uAtlas"), this.atlas.columns, this.atlas.rows, this.atlas.pictures ? 1 : 0);
      gl.activeTexture(gl.TEXTURE10);
      gl.bindTexture(gl.TEXTURE_2D, this.glyphs);
      gl.uniform1i(icons.at("uGlyphs"), 10);
      gl.drawArrays(gl.POINTS, 0, scene.n_nodes);
    }
    gl.bindVertexArray(null);
  }

  private compose(dim: number): void {
    const { gl, look } = this;
    const program = this.program("compose");
    gl.useProgram(program.handle);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.layer.texture);
    gl.uniform1i(program.at("uLayers"), 0);
    const top = (look.isDark ? 0.85 : 0.8) * Math.min(1, look.edgeOpacity);
    // A lone edge stays thin even where no pixel has many layers.
    const white = Math.max(7, this.white.value ?? 7);
    const perLog = (top / Math.log1p(4 * white)) * Math.max(1, look.edgeOpacity);
    gl.uniform4f(program.at("uTone"), perLog, top, look.isDark ? 0.94 : 0.86, look.isDark ? 0.14 : -0.1);
    gl.uniform1f(program.at("uDimEdges"), dim < 1 ? 0.16 + 0.3 * Math.max(0, dim - 0.15) : 1);
    gl.uniform1f(program.at("uIsLogarithmic"), this.isLogarithmic ? 1 : 0);
    gl.bindVertexArray(this.empty);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.bindVertexArray(null);
  }

  /** The node, else the edge, at a point of the screen in CSS pixels; exact to the drawn shape. */
  pick(camera: Camera, sx: number, sy: number, withEdges: boolean): { node?: number; edge?: number } {
    const { gl, scene } = this;
    if (!scene || this.lost || scene.n_nodes === 0) return {};
    const dpr = this.canvas.width / Math.max(1, camera.width);
    const center = { x: camera.toPlaneX(sx), y: camera.toPlaneY(sy) };
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.pickTarget.frame);
    // Like the whole picture, centers may lie around the few pixels that are looked at.
    const side = PICK + 2 * MARGIN;
    gl.viewport(-MARGIN, -MARGIN, side, side);
    gl.disable(gl.BLEND);
    const ids = new Uint32Array(PICK * PICK * 4);
    const read = (): number => {
      gl.readPixels(0, 0, PICK, PICK, gl.RGBA_INTEGER, gl.UNSIGNED_INT, ids);
      let best = 0;
      let least = Infinity;
      const middle = (PICK - 1) / 2;
      for (let y = 0; y < PICK; y++) {
        for (let x = 0; x < PICK; x++) {
          const id = ids[4 * (y * PICK + x)]!;
          const far = (x - middle) ** 2 + (y - middle) ** 2;
          if (id !== 0 && far < least) {
            least = far;
            best = id;
          }
        }
      }
      return best;
    };
    gl.clearBufferuiv(gl.COLOR, 0, [0, 0, 0, 0]);
    const program = this.program("nodePick");
    this.use(program, camera, side, side, dpr, center);
    gl.uniform1f(program.at("uDim"), 1);
    gl.uniform1f(program.at("uOpacity"), 2.5 * dpr);
    gl.uniform1ui(program.at("uOnly"), 0);
    gl.bindVertexArray(this.orderArray);
    gl.drawArrays(gl.POINTS, 0, scene.n_nodes);
    gl.bindVertexArray(null);
    const node = read();
    let edge = 0;
    if (node === 0 && withEdges && this.look.edges && scene.n_edges > 0) {
      const lines = this.program("linePick");
      gl.viewport(0, 0, PICK, PICK);
      this.use(lines, camera, PICK, PICK, dpr, center);
      gl.uniform2ui(lines.at("uPart"), 0, 1);
      gl.uniform1f(lines.at("uWeight"), 1);
      gl.bindVertexArray(this.empty);
      gl.drawArrays(gl.LINES, 0, 2 * scene.n_edges);
      gl.bindVertexArray(null);
      edge = read();
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    if (node !== 0) return { node: node - 1 };
    return edge === 0 ? {} : { edge: (edge & 0x7fffffff) >>> 0 };
  }

  destroy(): void {
    this.canvas.removeEventListener("webglcontextlost", this.onLost);
    this.canvas.removeEventListener("webglcontextrestored", this.onBack);
    for (const column of Object.values(this.columns)) column.delete();
    for (const target of [this.layer, this.back, this.pickTarget]) target.delete();
    this.white.delete();
    // Browsers give a page some sixteen contexts.
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Whether the driver draws with the processor, which adds floats 1.6 times as fast as halves (benches/results/viewer.md). */
function blendsFloatsFaster(gl: GL): boolean {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  // Asked for one by one: a driver that lacks one of them takes halves.
  const can = ["EXT_color_buffer_float", "EXT_float_blend", "OES_texture_float_linear"].every((extension) => gl.getExtension(extension) !== null);
  return can && /swiftshader|llvmpipe|softpipe|basic render/i.test(name);
}
