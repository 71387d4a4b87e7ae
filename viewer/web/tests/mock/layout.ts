/** A toy of a force layout: springs along edges, and cells of a grid that push. Enough to see things move. */

import { chance } from "./graphs";

export class Layout {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly pinned = new Set<number>();
  iteration = 0;
  movement = 0;
  options: Record<string, unknown> = { scaling: 2, gravity: 1, strong_gravity: false, lin_log: false, dissuade_hubs: false, edge_weight_influence: 1, jitter_tolerance: 1 };
  private heat = 1;
  private readonly mass: Float64Array;

  constructor(readonly n: number, private readonly s: Uint32Array, private readonly t: Uint32Array, seed = 1, start?: Float64Array) {
    this.x = new Float64Array(n);
    this.y = new Float64Array(n);
    this.mass = new Float64Array(n).fill(1);
    for (const u of s) this.mass[u]!++;
    for (const u of t) this.mass[u]!++;
    this.restart(seed);
    if (!start) return;
    for (let u = 0; u < n; u++) [this.x[u], this.y[u]] = [start[2 * u]!, start[2 * u + 1]!];
    this.heat = 0.3;
  }

  restart(seed: number): void {
    const random = chance(seed);
    const side = 12 * Math.sqrt(this.n);
    for (let u = 0; u < this.n; u++) {
      this.x[u] = (random() - 0.5) * side;
      this.y[u] = (random() - 0.5) * side;
    }
    this.heat = 1;
    this.iteration = 0;
  }

  warm(): void {
    this.heat = Math.max(this.heat, 0.35);
  }

  get isSettled(): boolean {
    return this.heat < 0.02;
  }

  step(): void {
    const { n, x, y, s, t, mass } = this;
    const scaling = 12 * Number(this.options.scaling);
    const gravity = Number(this.options.gravity);
    const fx = new Float64Array(n);
    const fy = new Float64Array(n);
    let [lx, ly, hx, hy] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let u = 0; u < n; u++) {
      lx = Math.min(lx, x[u]!); hx = Math.max(hx, x[u]!);
      ly = Math.min(ly, y[u]!); hy = Math.max(hy, y[u]!);
    }
    const G = n > 5000 ? 20 : 28;
    const w = Math.max(hx - lx, hy - ly, 1e-3) / G + 1e-9;
    const cm = new Float64Array(G * G);
    const cx = new Float64Array(G * G);
    const cy = new Float64Array(G * G);
    const cell = new Uint16Array(n);
    const lists: number[][] = Array.from({ length: G * G }, () => []);
    for (let u = 0; u < n; u++) {
      const c = Math.min(G - 1, Math.floor((y[u]! - ly) / w)) * G + Math.min(G - 1, Math.floor((x[u]! - lx) / w));
      cell[u] = c;
      cm[c]! += mass[u]!; cx[c]! += mass[u]! * x[u]!; cy[c]! += mass[u]! * y[u]!;
      lists[c]!.push(u);
    }
    const busy: number[] = [];
    for (let c = 0; c < G * G; c++) if (cm[c]! > 0) { cx[c]! /= cm[c]!; cy[c]! /= cm[c]!; busy.push(c); }
    for (let u = 0; u < n; u++) {
      const k = scaling * mass[u]!;
      let ax = 0, ay = 0;
      for (const c of busy) {
        if (c === cell[u]) continue;
        const dx = x[u]! - cx[c]!, dy = y[u]! - cy[c]!;
        const f = (k * cm[c]!) / (dx * dx + dy * dy + 1);
        ax += dx * f; ay += dy * f;
      }
      const own = lists[cell[u]!]!;
      const stride = Math.max(1, Math.floor(own.length / 60));
      for (let i = (u + this.iteration) % stride; i < own.length; i += stride) {
        const v = own[i]!;
        if (v === u) continue;
        const dx = x[u]! - x[v]!, dy = y[u]! - y[v]!;
        const f = (k * mass[v]! * stride) / (dx * dx + dy * dy + 1);
        ax += dx * f; ay += dy * f;
      }
      const d = Math.hypot(x[u]!, y[u]!) + 1e-6;
      fx[u] = ax - (gravity * mass[u]! * x[u]!) / d * 3;
      fy[u] = ay - (gravity * mass[u]! * y[u]!) / d * 3;
    }
    for (let e = 0; e < s.length; e++) {
      const a = s[e]!, b = t[e]!;
      const dx = x[b]! - x[a]!, dy = y[b]! - y[a]!;
      fx[a]! += dx; fy[a]! += dy; fx[b]! -= dx; fy[b]! -= dy;
    }
    const most = 0.06 * w * G * this.heat;
    let moved = 0;
    for (let u = 0; u < n; u++) {
      if (this.pinned.has(u)) continue;
      const f = Math.hypot(fx[u]!, fy[u]!) + 1e-9;
      const step = Math.min(most, (0.35 * f) / mass[u]!);
      x[u]! += (fx[u]! / f) * step;
      y[u]! += (fy[u]! / f) * step;
      moved += step;
    }
    this.movement = moved / Math.max(1, n);
    this.heat *= 0.988;
    this.iteration++;
  }
}
