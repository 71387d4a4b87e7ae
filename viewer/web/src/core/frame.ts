/** Frames of the stream: places of nodes on a grid of 2^16 by 2^16, as changes of earlier ones. */

export const FRAME_HEADER = 40;
export const STATES = ["running", "paused", "settled", "stopped"] as const;

export interface FrameInfo {
  sequence: number;
  iteration: number;
  /** Mean movement of a node in the last iteration, layout units. */
  movement: number;
  state: (typeof STATES)[number];
}

export class FrameError extends Error {
  override name = "FrameError";
}

/** The places of all nodes, as far as the stream has come. */
export class Places {
  /** x and y of each node, [n, 2]. */
  readonly grid: Uint16Array;
  lowX = 0;
  lowY = 0;
  /** Places per layout unit. */
  scale = 1;
  /** Of the last applied frame; 0 before the first. */
  sequence = 0;

  constructor(readonly n: number) {
    this.grid = new Uint16Array(2 * n);
  }

  /** Position = low + place / scale. */
  x(u: number): number {
    return this.lowX + this.grid[2 * u]! / this.scale;
  }
  y(u: number): number {
    return this.lowY + this.grid[2 * u + 1]! / this.scale;
  }

  /** Applies a frame, or returns null, without a change, if it changes a frame that is not the last one. */
  apply(frame: ArrayBuffer): FrameInfo | null {
    if (frame.byteLength < FRAME_HEADER) throw new FrameError(`a frame of ${frame.byteLength} bytes is too short`);
    const view = new DataView(frame);
    if (view.getUint8(0) !== 1) throw new FrameError(`a frame of unknown kind ${view.getUint8(0)}`);
    const flags = view.getUint8(1);
    const base = view.getUint32(8, true);
    const n = view.getUint32(12, true);
    if (n !== this.n) throw new FrameError(`a frame of ${n} nodes for a graph of ${this.n}`);
    const isKey = (flags & 1) !== 0;
    if (!isKey && (base !== this.sequence || this.sequence === 0)) return null;
    const scale = view.getFloat32(24, true);
    if (!(scale > 0)) throw new FrameError(`a frame whose scale is ${scale}`);
    const { grid } = this;
    if ((flags & 2) === 0) {
      if (frame.byteLength !== FRAME_HEADER + 4 * n) {
        throw new FrameError(`a frame of ${n} nodes has ${frame.byteLength} bytes instead of ${FRAME_HEADER + 4 * n}`);
      }
      const changes = new Uint16Array(frame, FRAME_HEADER, 2 * n);
      if (isKey) grid.set(changes);
      else for (let i = 0; i < grid.length; i++) grid[i] = grid[i]! + changes[i]!;
    } else {
      unpack(new Uint8Array(frame, FRAME_HEADER), grid, isKey);
    }
    this.lowX = view.getFloat32(16, true);
    this.lowY = view.getFloat32(20, true);
    this.scale = scale;
    this.sequence = view.getUint32(4, true);
    return {
      sequence: this.sequence,
      iteration: view.getUint32(28, true),
      movement: view.getFloat32(32, true),
      state: STATES[view.getUint32(36, true)] ?? "running",
    };
  }
}

/** Adds zigzag LEB128 numbers to a grid, modulo 2^16. The bytes are checked before the grid is touched. */
function unpack(bytes: Uint8Array, grid: Uint16Array, isKey: boolean): void {
  let found = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! < 128) found++;
  if (found !== grid.length || (bytes.length > 0 && bytes[bytes.length - 1]! >= 128)) {
    throw new FrameError(`a frame has ${found} numbers instead of ${grid.length}`);
  }
  let at = 0;
  for (let i = 0; i < grid.length; i++) {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte >= 128);
    const change = (value >>> 1) ^ -(value & 1);
    grid[i] = isKey ? change : grid[i]! + change;
  }
}

/** Writes a frame: for tests and for servers of tests. */
export function encodeFrame(
  grid: Uint16Array,
  base: { grid: Uint16Array; sequence: number } | null,
  place: { sequence: number; lowX: number; lowY: number; scale: number; iteration: number; movement: number; state: number },
  variable = false,
): ArrayBuffer {
  const n = grid.length / 2;
  const change = (i: number): number => ((grid[i]! - (base ? base.grid[i]! : 0)) << 16) >> 16;
  let payload: Uint8Array;
  if (variable) {
    const bytes: number[] = [];
    for (let i = 0; i < grid.length; i++) {
      const c = change(i);
      let value = ((c << 1) ^ (c >> 31)) >>> 0;
      while (value >= 128) {
        bytes.push((value & 127) | 128);
        value >>>= 7;
      }
      bytes.push(value);
    }
    payload = Uint8Array.from(bytes);
  } else {
    const changes = new Uint16Array(grid.length);
    for (let i = 0; i < grid.length; i++) changes[i] = change(i);
    payload = new Uint8Array(changes.buffer);
  }
  const frame = new Uint8Array(FRAME_HEADER + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, 1);
  view.setUint8(1, (base ? 0 : 1) | (variable ? 2 : 0));
  view.setUint32(4, place.sequence, true);
  view.setUint32(8, base ? base.sequence : 0, true);
  view.setUint32(12, n, true);
  view.setFloat32(16, place.lowX, true);
  view.setFloat32(20, place.lowY, true);
  view.setFloat32(24, place.scale, true);
  view.setUint32(28, place.iteration, true);
  view.setFloat32(32, place.movement, true);
  view.setUint32(36, place.state, true);
  frame.set(payload, FRAME_HEADER);
  return frame.buffer;
}
