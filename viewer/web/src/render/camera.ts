/** What part of the plane is seen. y goes up in the plane and down on the screen. */

export interface Box {
  left: number;
  bottom: number;
  right: number;
  top: number;
}

export class Camera {
  x = 0;
  y = 0;
  /** CSS pixels per layout unit. */
  scale = 1;
  width = 1;
  height = 1;
  /** Scale at which everything was last seen: sizes grow from there. */
  fitScale = 1;

  toScreenX(x: number): number {
    return (x - this.x) * this.scale + this.width / 2;
  }
  toScreenY(y: number): number {
    return this.height / 2 - (y - this.y) * this.scale;
  }
  toPlaneX(x: number): number {
    return (x - this.width / 2) / this.scale + this.x;
  }
  toPlaneY(y: number): number {
    return (this.height / 2 - y) / this.scale + this.y;
  }

  /** Zooms so that what is under the screen's point stays there. */
  zoomAt(factor: number, sx: number, sy: number): void {
    const x = this.toPlaneX(sx);
    const y = this.toPlaneY(sy);
    const scale = this.scale * factor;
    this.scale = Math.min(Math.max(scale, this.fitScale * 0.02), this.fitScale * 4000);
    this.x += x - this.toPlaneX(sx);
    this.y += y - this.toPlaneY(sy);
  }

  pan(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }

  /** Center and scale from which a box is seen whole, with room at the sides for panels. */
  fit(box: Box, inset: { left: number; top: number; right: number; bottom: number } = NONE): { x: number; y: number; scale: number } {
    const width = Math.max(40, this.width - inset.left - inset.right);
    const height = Math.max(40, this.height - inset.top - inset.bottom);
    const spanX = Math.max(box.right - box.left, 1e-6);
    const spanY = Math.max(box.top - box.bottom, 1e-6);
    const margin = 0.92;
    const scale = Math.min((margin * width) / spanX, (margin * height) / spanY, 1e6);
    return {
      x: (box.left + box.right) / 2 - (inset.left - inset.right) / 2 / scale,
      y: (box.bottom + box.top) / 2 + (inset.top - inset.bottom) / 2 / scale,
      scale,
    };
  }
}

const NONE = { left: 0, top: 0, right: 0, bottom: 0 };

/**
 * The box around points, [n, 2]. A few that lie far away are left out where they would more than halve the size of
 * all others on the screen: strays of a layout must not hide it.
 */
export function bounds(n: number, x: (u: number) => number, y: (u: number) => number, seen: (u: number) => boolean): Box | null {
  const step = Math.max(1, Math.floor(n / 20000));
  const xs: number[] = [];
  const ys: number[] = [];
  const box = { left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity };
  for (let u = 0; u < n; u++) {
    if (!seen(u)) continue;
    const px = x(u);
    const py = y(u);
    if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
    if (px < box.left) box.left = px;
    if (px > box.right) box.right = px;
    if (py < box.bottom) box.bottom = py;
    if (py > box.top) box.top = py;
    if (u % step === 0) {
      xs.push(px);
      ys.push(py);
    }
  }
  if (box.left > box.right) return null;
  if (xs.length < 200) return box;
  const a = Float64Array.from(xs).sort();
  const b = Float64Array.from(ys).sort();
  const cut = Math.floor(a.length * 0.004);
  const core = { left: a[cut]!, right: a[a.length - 1 - cut]!, bottom: b[cut]!, top: b[b.length - 1 - cut]! };
  const wide = (all: number, inner: number): boolean => all > 2 * inner;
  const pad = 0.06;
  if (wide(box.right - box.left, core.right - core.left)) {
    const room = pad * (core.right - core.left);
    box.left = Math.max(box.left, core.left - room);
    box.right = Math.min(box.right, core.right + room);
  }
  if (wide(box.top - box.bottom, core.top - core.bottom)) {
    const room = pad * (core.top - core.bottom);
    box.bottom = Math.max(box.bottom, core.bottom - room);
    box.top = Math.min(box.top, core.top + room);
  }
  return box;
}
