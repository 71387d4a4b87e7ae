/** Draws a scene with WebGL2: the layer of edges, what is lit of them, nodes, and icons. */

import type { Scene } from "../core/scene";
import type { Camera } from "./camera";
import { GraphData } from "./data";
import { EdgeLayer } from "./edges";
import type { GL } from "./gl";
import { NEAR, SELECTED, type Look } from "./look";
import { Picker } from "./picker";
import { Programs, type Sight } from "./programs";

/** Device pixels around the picture in which centers of large nodes may lie. */
const MARGIN = 96;

export class Renderer {
  readonly gl: GL;
  readonly data: GraphData;
  readonly programs: Programs;
  readonly edges: EdgeLayer;
  private readonly picker: Picker;
  /** Counts what nodes and edges have been, one after another. */
  private version = 0;
  private lost = false;

  constructor(readonly canvas: HTMLCanvasElement, look: Look, private readonly onRestore: () => void) {
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
    this.data = new GraphData(gl, () => this.invalidate());
    this.programs = new Programs(gl, this.data, look);
    this.edges = new EdgeLayer(gl, this.data, this.programs);
    this.picker = new Picker(gl, this.data, this.programs, MARGIN);
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
    this.programs.forget();
    this.setUp();
    this.onRestore();
  };

  private setUp(): void {
    const { gl } = this;
    // While data are on their way the driver can make what every picture needs.
    this.programs.prepare("node", "compose");
    this.edges.setUp();
    this.picker.setUp();
    this.data.setUp();
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.DITHER);
  }

  get look(): Look {
    return this.programs.look;
  }
  set look(look: Look) {
    this.programs.look = look;
  }

  /** What was drawn last: edges, of how many, and the time between frames while something moves, ms, smoothed. */
  get stats(): { edges: number; of: number; frame: number } {
    return { edges: this.edges.shown, of: this.edges.of, frame: this.edges.pace.frame };
  }

  /** Shows another scene. Flags are cleared; positions are those of the scene, if it has some. */
  setScene(scene: Scene): void {
    this.data.setScene(scene);
    this.edges.forget();
    // The driver makes them while the rest is put on the card.
    this.programs.prepare("node", this.edges.first);
    this.data.upload();
  }

  /** Says that the way between places went on, the camera moved, or the look changed. */
  invalidate(): void {
    this.version++;
    this.edges.isStale = true;
  }

  /** Draws what has to be drawn anew. Returns whether there is more to draw though nothing moves. */
  render(camera: Camera, options: { moving: boolean; dim: number; size?: { width: number; height: number; dpr: number } }): boolean {
    const { gl, canvas, data, look } = this;
    const { moving, dim, size } = options;
    const { scene } = data;
    if (this.lost || gl.isContextLost()) return false;
    const { width, height, dpr } = size ?? { width: canvas.width, height: canvas.height, dpr: canvas.width / Math.max(1, camera.width) };
    const sight: Sight = { camera, width, height, dpr };
    this.edges.pace.begins(moving, scene?.n_edges ?? 0);
    const more = scene !== null && this.edges.draw(sight, moving, size !== undefined);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    const [r, g, b] = look.background;
    gl.clearColor(r, g, b, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!scene) return false;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    if (look.edges && scene.n_edges > 0) this.edges.compose(sight, dim);
    // Centers of nodes may lie a little outside, or large ones would vanish at the border.
    const around: Sight = { ...sight, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
    gl.viewport(-MARGIN, -MARGIN, around.width, around.height);
    if (data.listLength > 0 && look.edges) this.drawHighlight(around);
    this.drawNodes(around, scene, dim);
    gl.disable(gl.BLEND);
    return more || this.edges.isCounting;
  }

  private drawHighlight(sight: Sight): void {
    const { gl, data, look, programs } = this;
    const few = (n: number): number => 0.25 + 0.6 * Math.min(1, 14 / Math.sqrt(n));
    gl.bindVertexArray(data.listArray);
    const draw = (count: number, width: number, least: number, strength: number, tint: number): void => {
      for (const name of ["list", "listArrow"] as const) {
        if (name === "listArrow" && !look.arrows) continue;
        const program = programs.use(name, sight);
        gl.uniform2f(program.at("uFade"), 1, 1);
        gl.uniform1f(program.at("uWeight"), 1);
        gl.uniform1f(program.at("uStrength"), strength);
        gl.uniform4f(program.at("uTint"), ...look.ring, tint);
        programs.drawBand(program, name === "listArrow", count, width * look.edgeWidth, sight.dpr, least);
      }
    };
    draw(data.listLength, 1.4, 0.36, few(data.listLength), 0);
    // What is selected has a rim, as selected nodes have.
    if (data.chosenLength > 0) {
      draw(data.chosenLength, 3.6, 2, 0.9, 1);
      draw(data.chosenLength, 1.6, 0.8, 1, 0);
    }
    gl.bindVertexArray(null);
  }

  private drawNodes(sight: Sight, scene: Scene, dim: number): void {
    const { gl, look, data } = this;
    const { dpr } = sight;
    const program = this.programs.use("node", sight);
    gl.uniform1f(program.at("uDim"), dim);
    gl.uniform1f(program.at("uOpacity"), look.pointOpacity);
    gl.uniform3fv(program.at("uBorder"), look.border);
    gl.uniform3fv(program.at("uRing"), look.ring);
    gl.uniform2f(program.at("uOutline"), 0.16 * look.pointBorder, 1.25 * dpr * look.pointBorder);
    gl.bindVertexArray(data.orderArray);
    gl.uniform1ui(program.at("uOnly"), 0);
    gl.drawArrays(gl.POINTS, 0, scene.n_nodes);
    if (dim < 1) {
      // What is selected or near lies over what is not.
      gl.uniform1ui(program.at("uOnly"), SELECTED | NEAR);
      gl.drawArrays(gl.POINTS, 0, scene.n_nodes);
    }
    if (scene.node_icon && data.glyphs && data.atlas) {
      const icons = this.programs.use("icon", sight);
      gl.uniform1f(icons.at("uDim"), dim);
      gl.uniform1f(icons.at("uLeast"), 5 * dpr);
      gl.uniform3f(icons.at("uAtlas"), data.atlas.columns, data.atlas.rows, data.atlas.pictures ? 1 : 0);
      gl.activeTexture(gl.TEXTURE10);
      gl.bindTexture(gl.TEXTURE_2D, data.glyphs);
      gl.uniform1i(icons.at("uGlyphs"), 10);
      gl.drawArrays(gl.POINTS, 0, scene.n_nodes);
    }
    gl.bindVertexArray(null);
  }

  /** The node, else the edge, at a point of the screen in CSS pixels; exact to the drawn shape. */
  pick(camera: Camera, sx: number, sy: number, withEdges: boolean): { node?: number; edge?: number } {
    const { canvas, data } = this;
    if (this.lost || (data.scene?.n_nodes ?? 0) === 0) return {};
    const dpr = canvas.width / Math.max(1, camera.width);
    return this.picker.pick({ camera, width: canvas.width, height: canvas.height, dpr }, this.version, sx, sy, withEdges);
  }

  destroy(): void {
    this.canvas.removeEventListener("webglcontextlost", this.onLost);
    this.canvas.removeEventListener("webglcontextrestored", this.onBack);
    for (const part of [this.data, this.edges, this.picker]) part.destroy();
    // Browsers give a page some sixteen contexts.
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
