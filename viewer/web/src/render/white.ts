/**
 * How many layers of edges the densest pixels have, which the tone of all others is measured by. The layer is read at
 * once where a picture waits for it, and else when the processor is done with it.
 */

import type { GL, Target } from "./gl";

/** Pixels that stand for all. */
const WIDTH = 128;
const HEIGHT = 80;
/** Milliseconds between two looks. */
const PAUSE = 120;

export class WhitePoint {
  /** The number of layers; null while nothing was looked at. */
  value: number | null = null;
  private fence: WebGLSync | null = null;
  private readonly buffer: WebGLBuffer | null;
  private asked = 0;

  /** Without logarithms layers cannot be counted, and nothing is looked at. */
  constructor(private readonly gl: GL, private readonly probe: Target, private readonly isLogarithmic: boolean) {
    probe.resize(WIDTH, HEIGHT);
    this.buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, WIDTH * HEIGHT * 16, gl.STREAM_READ);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  }

  get isAsked(): boolean {
    return this.fence !== null;
  }

  /** Another graph is drawn. */
  forget(): void {
    this.value = null;
  }

  /** Looks at a layer: at once, or when the processor is done. */
  ask(layer: Target, now: boolean): void {
    const { gl } = this;
    if (!this.isLogarithmic || (this.fence && !now)) return;
    const time = performance.now();
    if (!now && time - this.asked < PAUSE) return;
    this.asked = time;
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, layer.frame);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, this.probe.frame);
    gl.blitFramebuffer(0, 0, layer.width, layer.height, 0, 0, WIDTH, HEIGHT, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.probe.frame);
    if (now) {
      const pixels = new Float32Array(WIDTH * HEIGHT * 4);
      gl.readPixels(0, 0, WIDTH, HEIGHT, gl.RGBA, gl.FLOAT, pixels);
      this.value = whitePoint(pixels);
    } else {
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.buffer);
      gl.readPixels(0, 0, WIDTH, HEIGHT, gl.RGBA, gl.FLOAT, 0);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
      this.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  /** Takes what was asked for, if it is there. */
  take(): void {
    const { gl } = this;
    if (!this.fence) return;
    const state = gl.clientWaitSync(this.fence, 0, 0);
    if (state === gl.TIMEOUT_EXPIRED) return;
    gl.deleteSync(this.fence);
    this.fence = null;
    if (state === gl.WAIT_FAILED) return;
    const pixels = new Float32Array(WIDTH * HEIGHT * 4);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.buffer);
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    const found = whitePoint(pixels);
    // By small steps, or the picture would flicker.
    this.value = this.value === null ? found : this.value * Math.pow(found / this.value, 0.5);
  }

  delete(): void {
    this.probe.delete();
    this.gl.deleteBuffer(this.buffer);
  }
}

/** Layers on a pixel below which lie 99.7 % of the covered ones. */
export function whitePoint(pixels: Float32Array): number {
  const covered: number[] = [];
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i]! > 1 / 64) covered.push(Math.min(pixels[i]!, 65504));
  if (covered.length === 0) return 1;
  covered.sort((a, b) => a - b);
  return Math.max(1, covered[Math.floor((covered.length - 1) * 0.997)]!);
}
