/** Small helpers over WebGL2: programs, textures of rows, targets. */

import { ROW_BITS } from "./shaders";

export type GL = WebGL2RenderingContext;

/** Made by the driver while other things are done: only its first use waits for it. */
export class Program {
  private readonly program: WebGLProgram;
  private shaders: WebGLShader[] | null;
  private readonly places = new Map<string, WebGLUniformLocation | null>();

  constructor(private readonly gl: GL, vertex: string, fragment: string) {
    // Drivers that can then use threads of their own.
    gl.getExtension("KHR_parallel_shader_compile");
    this.program = gl.createProgram();
    this.shaders = [shaderOf(gl, gl.VERTEX_SHADER, vertex), shaderOf(gl, gl.FRAGMENT_SHADER, fragment)];
    for (const shader of this.shaders) gl.attachShader(this.program, shader);
    gl.linkProgram(this.program);
  }

  get handle(): WebGLProgram {
    const { gl, program, shaders } = this;
    if (shaders) {
      this.shaders = null;
      if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
        const logs = [...shaders.map((shader) => gl.getShaderInfoLog(shader)), gl.getProgramInfoLog(program)];
        throw new Error(`the graphics driver refused a program: ${logs.filter(Boolean).join("; ")}`);
      }
      for (const shader of shaders) gl.deleteShader(shader);
    }
    return program;
  }

  at(name: string): WebGLUniformLocation | null {
    let place = this.places.get(name);
    if (place === undefined) {
      place = this.gl.getUniformLocation(this.handle, name);
      this.places.set(name, place);
    }
    return place;
  }
}

function shaderOf(gl: GL, kind: number, source: string): WebGLShader {
  const shader = gl.createShader(kind);
  if (!shader) throw new Error("the graphics driver made no shader");
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

const ROW = 1 << ROW_BITS;

type Layout = { internal: number; format: number; type: number; parts: number };

/** Layouts of texels. */
export const LAYOUT = (gl: GL): Record<"rg32f" | "rg16ui" | "rg32ui" | "rgba8" | "r32f" | "r16ui" | "r8ui", Layout> => ({
  rg32f: { internal: gl.RG32F, format: gl.RG, type: gl.FLOAT, parts: 2 },
  rg16ui: { internal: gl.RG16UI, format: gl.RG_INTEGER, type: gl.UNSIGNED_SHORT, parts: 2 },
  rg32ui: { internal: gl.RG32UI, format: gl.RG_INTEGER, type: gl.UNSIGNED_INT, parts: 2 },
  rgba8: { internal: gl.RGBA8, format: gl.RGBA, type: gl.UNSIGNED_BYTE, parts: 4 },
  r32f: { internal: gl.R32F, format: gl.RED, type: gl.FLOAT, parts: 1 },
  r16ui: { internal: gl.R16UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_SHORT, parts: 1 },
  r8ui: { internal: gl.R8UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_BYTE, parts: 1 },
});

/** A column of a table as a texture: row i is texel (i mod 2^ROW_BITS, i / 2^ROW_BITS). */
export class Column {
  readonly handle: WebGLTexture;
  private rows = 0;

  constructor(private readonly gl: GL, readonly layout: Layout) {
    this.handle = gl.createTexture();
  }

  /** Uploads all rows. The texture grows when it must, and is never made anew for the same length. */
  upload(data: ArrayBufferView & { length: number }): void {
    const { gl } = this;
    const { internal, format, type, parts } = this.layout;
    const n = data.length / parts;
    const rows = Math.max(1, Math.ceil(n / ROW));
    gl.bindTexture(gl.TEXTURE_2D, this.handle);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    if (rows !== this.rows) {
      const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
      if (rows > most) throw new Error(`${n} rows are too many for this graphics driver: it takes ${most * ROW}`);
      // Immutable storage cannot grow, so this is the older call.
      gl.texImage2D(gl.TEXTURE_2D, 0, internal, ROW, rows, 0, format, type, null);
      for (const [name, value] of [
        [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
        [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
        [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
        [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
      ] as const) gl.texParameteri(gl.TEXTURE_2D, name, value);
      this.rows = rows;
    }
    const full = Math.floor(n / ROW);
    if (full > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, ROW, full, format, type, data);
    const rest = n - full * ROW;
    if (rest > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, full, rest, 1, format, type, data, full * ROW * parts);
  }

  /** Uploads one row. */
  set(row: number, data: ArrayBufferView): void {
    const { gl } = this;
    const { format, type } = this.layout;
    gl.bindTexture(gl.TEXTURE_2D, this.handle);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, row & (ROW - 1), row >> ROW_BITS, 1, 1, format, type, data);
  }

  delete(): void {
    this.gl.deleteTexture(this.handle);
  }
}

/** A texture that is drawn to. */
export class Target {
  readonly texture: WebGLTexture;
  readonly frame: WebGLFramebuffer;
  width = 0;
  height = 0;

  constructor(private readonly gl: GL, private readonly layout: { internal: number; format: number; type: number; filter: number }) {
    this.texture = gl.createTexture();
    this.frame = gl.createFramebuffer();
  }

  resize(width: number, height: number): boolean {
    if (width === this.width && height === this.height) return false;
    const { gl } = this;
    const { internal, format, type, filter } = this.layout;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, internal, width, height, 0, format, type, null);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
    this.width = width;
    this.height = height;
    return true;
  }

  delete(): void {
    this.gl.deleteTexture(this.texture);
    this.gl.deleteFramebuffer(this.frame);
  }
}
