/** Moves the camera: to all or some nodes, along with a layout that spreads, and where somebody wants it. */

import { bounds, type Box } from "./camera";
import { roomOf } from "./sizes";
import type { View } from "./view";

/** Side of the cells in which room is counted, CSS pixels. */
const CELL = 18;

export interface Camera3 {
  x: number;
  y: number;
  scale: number;
}

export class Pilot {
  /** Whether the camera keeps all in sight while the layout moves. */
  follow = true;
  private flight: { from: Camera3; to: Camera3; start: number; duration: number } | null = null;
  private goal: Camera3 | null = null;
  /** The frame of the layout whose end the goal is that of; -1: of none that has ended. */
  private goalOf = -1;
  private keptAt = 0;
  private followedAt = 0;

  /** `moved` hears that the camera is elsewhere. */
  constructor(private readonly view: View, private readonly moved: () => void) {}

  get isFlying(): boolean {
    return this.flight !== null;
  }

  stop(): void {
    this.flight = null;
  }

  private box(): Box | null {
    const { view } = this;
    if (!view.scene) return null;
    return bounds(view.scene.n_nodes, (u) => view.x(u), (u) => view.y(u), (u) => !view.isHidden(u));
  }

  /**
   * Factor on sizes at which discs cover a fifth of the ground that nodes stand on: cells of some pixels with a node
   * in them, so that neither gaps between groups nor strays count.
   */
  private crowd(box: Box, scale: number): number {
    const { view } = this;
    const n = view.scene!.n_nodes;
    const step = Math.max(1, Math.floor(n / 100_000));
    let seen = 0;
    for (let u = 0; u < n; u += step) if (!view.isHidden(u)) seen += step;
    // Few nodes are drawn larger: else a graph of a hundred would be dots far from each other.
    const side = roomOf(seen, (box.right - box.left) * (box.top - box.bottom) * scale * scale, CELL);
    const columns = Math.ceil(((box.right - box.left) * scale) / side) + 1;
    const rows = Math.ceil(((box.top - box.bottom) * scale) / side) + 1;
    const cells = new Uint8Array(columns * rows);
    let discs = 0;
    let ground = 0;
    for (let u = 0; u < n; u += step) {
      if (view.isHidden(u)) continue;
      const column = Math.floor(((view.x(u) - box.left) * scale) / side);
      const row = Math.floor(((view.y(u) - box.bottom) * scale) / side);
      if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
      discs += step * Math.PI * view.renderer.data.sizeOf(u) ** 2;
      const cell = row * columns + column;
      if (cells[cell] === 0) {
        cells[cell] = 1;
        ground += side * side;
      }
    }
    return discs > 0 ? Math.min(side / CELL, Math.max(0.14, Math.sqrt((0.2 * ground) / discs))) : 1;
  }

  /** Shows everything that is not hidden. */
  fit(animated: boolean): void {
    const box = this.box();
    if (!box) return;
    const { camera, inset, renderer } = this.view;
    const to = camera.fit(box, inset);
    camera.fitScale = to.scale;
    renderer.programs.crowd = this.crowd(box, to.scale);
    this.follow = true;
    // Or the camera would go back to where it was bound for, beside panels that are no longer there.
    this.goal = to;
    this.fly(to, animated ? 420 : 0);
  }

  /** Shows some nodes. */
  zoomTo(nodes: ArrayLike<number>): void {
    const { view } = this;
    const { camera, inset } = view;
    const list = Array.from(nodes).filter((u) => !view.isHidden(u));
    if (list.length === 0) return;
    const box = { left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity };
    for (const u of list) {
      box.left = Math.min(box.left, view.x(u));
      box.right = Math.max(box.right, view.x(u));
      box.bottom = Math.min(box.bottom, view.y(u));
      box.top = Math.max(box.top, view.y(u));
    }
    const to = camera.fit(box, inset);
    to.scale = Math.min(to.scale, Math.max(camera.fitScale * 8, camera.scale));
    // A lone node has no extent: it comes to the middle.
    to.x = (box.left + box.right) / 2 - (inset.left - inset.right) / 2 / to.scale;
    to.y = (box.bottom + box.top) / 2 + (inset.top - inset.bottom) / 2 / to.scale;
    this.follow = false;
    this.fly(to, 480);
  }

  private fly(to: Camera3, duration: number): void {
    const { camera } = this.view;
    if (duration === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      Object.assign(camera, { x: to.x, y: to.y, scale: to.scale });
      this.flight = null;
      this.moved();
      return;
    }
    const { x, y, scale } = camera;
    this.flight = { from: { x, y, scale }, to, start: performance.now(), duration };
    this.view.changed();
  }

  zoom(factor: number, at?: { x: number; y: number }): void {
    const { camera, inset } = this.view;
    this.flight = null;
    this.follow = false;
    const x = at?.x ?? (inset.left + camera.width - inset.right) / 2;
    const y = at?.y ?? (inset.top + camera.height - inset.bottom) / 2;
    camera.zoomAt(factor, x, y);
    this.moved();
  }

  pan(dx: number, dy: number): void {
    this.flight = null;
    this.follow = false;
    this.view.camera.pan(dx, dy);
    this.moved();
  }

  go(to: Camera3, animated: boolean): void {
    this.follow = false;
    this.fly(to, animated ? 420 : 0);
  }

  /** Goes on with a flight. */
  step(now: number): void {
    if (!this.flight) return;
    const { camera } = this.view;
    const { from, to, start, duration } = this.flight;
    const t = Math.min(1, (now - start) / duration);
    const s = t * t * (3 - 2 * t);
    // Scales by factors, and the center so that the way looks straight.
    const scale = from.scale * Math.pow(to.scale / from.scale, s);
    const way = Math.abs(to.scale / from.scale - 1) < 1e-6 ? s : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale);
    camera.scale = scale;
    camera.x = from.x + (to.x - from.x) * way;
    camera.y = from.y + (to.y - from.y) * way;
    if (t >= 1) {
      this.flight = null;
      Object.assign(camera, to);
    }
    this.moved();
  }

  /** While the layout spreads, the camera goes along, until somebody moves it. Returns whether it is on its way. */
  keepInSight(isHeld: boolean): boolean {
    const { scene, camera, inset, renderer, motion } = this.view;
    if (!this.follow || this.flight || isHeld || !scene || !motion.isStreamed) return false;
    // Boxes of a million nodes are not made in every frame.
    const now = performance.now();
    const isOnWay = renderer.data.time < 1;
    if (isOnWay ? now - this.followedAt > (scene.n_nodes > 100_000 ? 400 : 60) : this.goalOf !== motion.count) {
      // What is seen on the way is not where it ends: that is looked at once more.
      this.goalOf = isOnWay ? -1 : motion.count;
      this.followedAt = now;
      const box = this.box();
      if (box) {
        this.goal = camera.fit(box, inset);
        renderer.programs.crowd += 0.25 * (this.crowd(box, this.goal.scale) - renderer.programs.crowd);
      }
    }
    const { goal } = this;
    if (!goal) return false;
    camera.fitScale = goal.scale;
    const near = Math.abs(camera.scale / goal.scale - 1) < 0.002 && Math.hypot(camera.x - goal.x, camera.y - goal.y) * goal.scale < 0.5;
    if (near) return false;
    // The same pace whatever the number of frames a second.
    const k = 1 - Math.exp(-Math.min(100, now - this.keptAt) / 120);
    this.keptAt = now;
    camera.scale *= Math.pow(goal.scale / camera.scale, k);
    camera.x += (goal.x - camera.x) * k;
    camera.y += (goal.y - camera.y) * k;
    return true;
  }
}
