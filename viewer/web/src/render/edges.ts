/**
 * The edges, in a layer of their own: numbers of layers and their mean color. The layer is kept while nothing in it
 * changes: pointing at nodes or selecting them never draws the edges again. Where frames take long, edges of a moving
 * picture are thin lines, then lines of half the resolution, then a sample that stands for all; at rest all are drawn,
 * a part in each frame.
 */

import type { GraphData } from "./data";
import { Target, type GL } from "./gl";
import { Pace } from "./pace";
import type { Programs, Sight } from "./programs";
import { WhitePoint } from "./white";

/** Edges up to this many are bands with smooth sides at rest, and a quarter of it while moving. */
const BANDS = 60_000;

export class EdgeLayer {
  readonly pace = new Pace();
  /** Edges in the last drawn layer, and of how many. */
  shown = 0;
  of = 0;
  isStale = true;

  private layer!: Target;
  private back!: Target;
  private white!: WhitePoint;
  private empty!: WebGLVertexArrayObject;
  private isLogarithmic = true;
  private for = { width: 0, height: 0 };
  private drawn = 0; // edges of the back layer drawn so far; -1: the front layer is whole

  constructor(private readonly gl: GL, private readonly data: GraphData, private readonly programs: Programs) {}

  setUp(): void {
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
    this.layer.resize(1, 1);
    this.empty = gl.createVertexArray();
    this.isStale = true;
    this.drawn = -1;
  }

  /** Another graph is drawn. */
  forget(): void {
    this.white.forget();
    this.pace.forget();
  }

  /** Whether the processor still counts layers. */
  get isCounting(): boolean {
    return this.white.isAsked;
  }

  private usesBands(moving: boolean): boolean {
    const m = this.data.scene?.n_edges ?? 0;
    return moving ? this.pace.isFine && m <= Math.min(BANDS / 4, this.pace.budget) : m <= BANDS;
  }

  /** The program that draws most edges of the first picture. */
  get first(): "band" | "line" {
    return this.usesBands(true) ? "band" : "line";
  }

  /** Draws what has to be drawn anew; `whole` draws all at once. Returns whether there is more to draw though nothing moves. */
  draw(sight: Sight, moving: boolean, whole: boolean): boolean {
    const { look } = this.programs;
    const { width, height } = sight;
    const { budget } = this.pace;
    const m = this.data.scene!.n_edges;
    this.white.take();
    if (this.for.width !== width || this.for.height !== height) {
      this.for = { width, height };
      this.isStale = true;
    }
    if (!look.edges || m === 0) return false;
    if (this.isStale && (moving || whole || m <= budget)) {
      const sketched = moving && !whole;
      const stride = sketched ? Math.max(1, Math.ceil(m / budget)) : 1;
      const part = sketched && this.pace.isCoarse ? 0.5 : 1;
      this.layer.resize(Math.ceil(width * part), Math.ceil(height * part));
      this.begin(this.layer);
      this.drawEdges(sight, { first: 0, stride, count: Math.ceil(m / stride), part }, sketched);
      this.shown = Math.ceil(m / stride);
      this.of = m;
      this.isStale = false;
      // A sketch is made good at rest.
      this.drawn = stride > 1 || part < 1 || (sketched && this.usesBands(false) && !this.usesBands(true)) ? 0 : -1;
      this.white.ask(this.layer, whole || this.white.value === null);
      return this.drawn >= 0;
    }
    if (this.isStale) {
      this.drawn = 0;
      this.isStale = false;
    }
    if (moving || this.drawn < 0) return false;
    this.back.resize(width, height);
    this.begin(this.back, this.drawn === 0);
    const count = Math.min(Math.ceil(budget), m - this.drawn);
    this.drawEdges(sight, { first: this.drawn, stride: 1, count, part: 1 }, false);
    this.drawn += count;
    if (this.drawn >= m) {
      [this.layer, this.back] = [this.back, this.layer];
      this.drawn = -1;
      this.shown = m;
      this.of = m;
      this.white.ask(this.layer, this.white.value === null);
    }
    return this.drawn >= 0;
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

  /** Draws `count` edges from `first` on, one of `stride`, into a layer with `part` of the resolution. */
  private drawEdges(sight: Sight, edges: { first: number; stride: number; count: number; part: number }, moving: boolean): void {
    const { gl, programs } = this;
    const { first, stride, count, part } = edges;
    gl.enable(gl.BLEND);
    if (this.isLogarithmic) gl.blendFunc(gl.ONE, gl.ONE);
    else gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const bands = stride === 1 && this.usesBands(moving);
    const strength = this.isLogarithmic ? 1 : this.flatOpacity();
    const draw = (name: "line" | "band" | "arrow"): void => {
      const program = programs.use(name, sight);
      gl.uniform2ui(program.at("uPart"), first, stride);
      // A coarse line covers as many pixels across as its own are large.
      gl.uniform1f(program.at("uWeight"), stride * part);
      gl.uniform1f(program.at("uStrength"), strength);
      gl.bindVertexArray(this.empty);
      if (name === "line") gl.drawArrays(gl.LINES, 0, 2 * count);
      else programs.drawBand(program, name === "arrow", count, programs.look.edgeWidth, sight.dpr);
    };
    if (bands) {
      draw("band");
      if (programs.look.arrows) draw("arrow");
    } else draw("line");
    gl.bindVertexArray(null);
    gl.disable(gl.BLEND);
  }

  /** Opacity of one edge where layers cannot be counted. */
  private flatOpacity(): number {
    const m = this.data.scene!.n_edges;
    return Math.min(0.5, Math.max(0.01, 40 / Math.sqrt(m + 1))) * this.programs.look.edgeOpacity;
  }

  /** Draws the layer into the picture, as strong as its densest pixels allow. */
  compose(sight: Sight, dim: number): void {
    const { gl } = this;
    const { look } = this.programs;
    const program = this.programs.use("compose", sight);
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

  destroy(): void {
    this.layer.delete();
    this.back.delete();
    this.white.delete();
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
