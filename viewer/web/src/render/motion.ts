/** Where nodes are shown: on their way from the last frame of the stream to the newest, or where somebody drags them. */

import type { Places } from "../core/frame";
import type { Scene } from "../core/scene";
import { onSpiral } from "./geometry";
import { SELECTED } from "./look";
import { colorsByPlace } from "./place-colors";
import type { Renderer } from "./renderer";

/** Dragged nodes stay where they were let go until the server has heard of it, ms. */
const LET_GO = 700;

type Grid = { grid: Uint16Array; lowX: number; lowY: number; scale: number };

export interface Dragged {
  nodes: number[];
  x: number[];
  y: number[];
}

export class Motion {
  private scene: Scene | null = null;
  private places: Places | null = null;
  private from: Grid | null = null;
  private to: Grid | null = null;
  private isWaiting = false;
  private frameAt = 0;
  private frameGap = 100;
  private lastArrival = 0;
  private floats: Float32Array | null = null;
  private dragged: Map<number, [number, number]> | null = null;
  private dropped = 0;
  private coloredAt = 0;
  private colorTimer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the frames that nodes went to. */
  count = 0;

  /** `changed` hears that nodes are elsewhere, or of other colors. */
  constructor(private readonly renderer: Renderer, private readonly changed: () => void) {}

  /** Nodes of another scene. Gives where they are at first. */
  begin(scene: Scene): Float32Array {
    this.scene = scene;
    this.places = this.from = this.to = null;
    this.isWaiting = false;
    this.dragged = null;
    return (this.floats = scene.positions ? scene.positions.slice() : onSpiral(scene.n_nodes));
  }

  /** Colors and sizes of the same graph. */
  restyle(scene: Scene): void {
    this.scene = scene;
  }

  /** Whether frames of a stream are shown. */
  get isStreamed(): boolean {
    return this.to !== null;
  }

  /** Whether the newest frame waits until the way to the last one has been gone. */
  get isPending(): boolean {
    return this.isWaiting;
  }

  /** Puts the newest places on a card that had lost them. */
  restore(): void {
    if (this.places && this.to) this.renderer.data.pushGrid(this.places);
  }

  /** Takes new places of the stream; what is shown goes there smoothly. */
  frame(places: Places): void {
    const now = performance.now();
    if (this.lastArrival > 0) this.frameGap += 0.25 * (Math.min(600, now - this.lastArrival) - this.frameGap);
    this.lastArrival = now;
    const first = this.places === null;
    this.places = places;
    if (this.dragged) {
      this.toFloats(places, this.dragged);
      this.changed();
      return;
    }
    // One frame waits until the way to the last one has been gone: no jumps, whatever the pace.
    if (!first && this.renderer.data.time < 1 && this.to) {
      this.isWaiting = true;
      return;
    }
    this.start(places);
  }

  private start(places: Places): void {
    const next = { grid: places.grid.slice(), lowX: places.lowX, lowY: places.lowY, scale: places.scale };
    this.from = this.to ?? next;
    this.to = next;
    this.renderer.data.pushGrid(places);
    this.isWaiting = false;
    this.count++;
    this.frameAt = performance.now();
    this.floats = null;
    this.color(false);
    this.changed();
  }

  /** Nodes without colors get those of where they are, anew from time to time while they move. */
  color(now: boolean): void {
    const { scene, to } = this;
    if (!scene || scene.node_color) return;
    const time = performance.now();
    if (!now && time - this.coloredAt < (scene.n_nodes > 100_000 ? 2000 : 250)) {
      // The last frame of all counts too.
      clearTimeout(this.colorTimer);
      this.colorTimer = setTimeout(() => this.color(true), scene.n_nodes > 100_000 ? 2500 : 300);
      return;
    }
    this.coloredAt = time;
    const at = (axis: 0 | 1) => (u: number): number => (this.floats || !to ? this.at(u, axis) : placeOf(to, u, axis));
    this.renderer.data.setColors(colorsByPlace(scene.n_nodes, at(0), at(1)));
    this.changed();
  }

  private toFloats(places: Places, dragged: Map<number, [number, number]>): void {
    const n = places.n;
    const floats = this.floats ?? new Float32Array(2 * n);
    for (let u = 0; u < n; u++) {
      floats[2 * u] = places.x(u);
      floats[2 * u + 1] = places.y(u);
    }
    for (const [u, [x, y]] of dragged) {
      floats[2 * u] = x;
      floats[2 * u + 1] = y;
    }
    this.floats = floats;
    this.count++;
    this.renderer.data.setFloats(floats, true);
    this.frameAt = performance.now();
  }

  /** Where a node is shown, layout units. */
  at(u: number, axis: 0 | 1): number {
    if (this.floats) return this.floats[2 * u + axis]!;
    if (!this.to || !this.from) return 0;
    const t = this.renderer.data.time;
    const to = placeOf(this.to, u, axis);
    return t >= 1 ? to : placeOf(this.from, u, axis) * (1 - t) + to * t;
  }

  /** Positions as they are shown, [n, 2]. */
  positions(): Float32Array {
    const out = new Float32Array(2 * (this.scene?.n_nodes ?? 0));
    for (let i = 0; i < out.length; i++) out[i] = this.at(i >> 1, (i & 1) as 0 | 1);
    return out;
  }

  /** Goes on, as far as time has. Returns whether that is to be looked at again though nothing moves. */
  step(now: number): boolean {
    const { data } = this.renderer;
    if (data.time < 1) {
      // A little faster than frames come, so that the next one need not wait.
      const duration = Math.max(16, Math.min(400, this.frameGap * 0.92));
      data.time = Math.min(1, (now - this.frameAt) / duration);
      if (data.time >= 1 && this.isWaiting && this.places && !this.dragged) this.start(this.places);
      this.changed();
    }
    if (this.dropped && now - this.dropped > LET_GO) {
      this.dropped = 0;
      this.dragged = null;
      if (this.places) {
        this.to = null;
        this.start(this.places);
      }
    }
    return this.dropped > 0;
  }

  get isDragging(): boolean {
    return this.dragged !== null && this.dropped === 0;
  }

  /** Takes a node, or all that are selected if it is. */
  take(node: number, selected: Uint32Array): void {
    const group = (this.renderer.data.nodeFlags[node]! & SELECTED) !== 0 ? Array.from(selected) : [node];
    const shown = this.positions();
    this.dragged = new Map(group.map((u) => [u, [shown[2 * u]!, shown[2 * u + 1]!]]));
    this.dropped = 0;
    this.floats = shown;
    this.renderer.data.setFloats(shown);
  }

  /** Moves what was taken by so many layout units. */
  drag(dx: number, dy: number): Dragged {
    for (const [u, p] of this.dragged!) {
      p[0] += dx;
      p[1] += dy;
      this.floats![2 * u] = p[0];
      this.floats![2 * u + 1] = p[1];
    }
    this.renderer.data.moveFloats(this.dragged!.keys());
    this.changed();
    return this.taken();
  }

  private taken(): Dragged {
    const entries = [...this.dragged!];
    return { nodes: entries.map(([u]) => u), x: entries.map(([, p]) => p[0]), y: entries.map(([, p]) => p[1]) };
  }

  /** Lets go of what was taken; null if that has been done. */
  drop(): Dragged | null {
    if (!this.isDragging) return null;
    const taken = this.taken();
    if (this.places) this.dropped = performance.now();
    else this.dragged = null;
    this.changed();
    return taken;
  }

  destroy(): void {
    clearTimeout(this.colorTimer);
  }
}

function placeOf(g: Grid, u: number, axis: 0 | 1): number {
  return (axis === 0 ? g.lowX : g.lowY) + g.grid[2 * u + axis]! / g.scale;
}
