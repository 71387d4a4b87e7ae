/** What lies over the picture: labels, badges, and the line of a selection. */

import { toHex } from "../core/color";
import { drawBadges, type Ground } from "./badges";
import { drawLabels, placeLabels, type LabelAt, type Rect } from "./labels";
import { NEAR, SELECTED } from "./look";
import type { View } from "./view";

/** Selected nodes up to which each has its name, though it lies over others. */
const FEW = 8;

export class Overlay {
  constructor(private readonly view: View, private readonly context: CanvasRenderingContext2D) {}

  /** The most important nodes in sight. While nothing moves they are looked for once. */
  private candidates(moving: boolean): readonly number[] {
    if (!moving && this.seen.at === this.view.changedAt) return this.seen.nodes;
    const { camera, order: rank } = this.view;
    const most = this.view.maxLabels * 4;
    const scan = moving ? Math.min(rank.length, 20_000) : rank.length;
    const nodes: number[] = [];
    for (let i = 0; i < scan && nodes.length < most; i++) {
      const u = rank[i]!;
      if (this.view.isHidden(u)) continue;
      const x = camera.toScreenX(this.view.x(u));
      const y = camera.toScreenY(this.view.y(u));
      if (x >= 0 && y >= 0 && x <= camera.width && y <= camera.height) nodes.push(u);
    }
    this.seen = { at: moving ? -1 : this.view.changedAt, nodes };
    return nodes;
  }
  private seen: { at: number; nodes: readonly number[] } = { at: -1, nodes: [] };

  /** Labels of what is seen, the most important first. */
  private labels(moving: boolean): LabelAt[] {
    const { scene, camera } = this.view;
    if (!scene) return [];
    const labels: LabelAt[] = [];
    const missing: number[] = [];
    const seen = new Set<number>();
    const add = (u: number, always: boolean): void => {
      if (seen.has(u) || this.view.isHidden(u)) return;
      const x = camera.toScreenX(this.view.x(u));
      const y = camera.toScreenY(this.view.y(u));
      // Nodes that are nowhere have no place here either.
      if (!(x >= -20 && y >= -20 && x <= camera.width + 20 && y <= camera.height + 20)) return;
      seen.add(u);
      const text = this.view.names.get(u);
      if (text === undefined) {
        missing.push(u);
        return;
      }
      if (text) labels.push({ node: u, x, y, radius: this.view.renderer.programs.radius(u, camera), text, always });
    };
    if (this.view.pointed.node !== undefined && this.view.hoverLabels) add(this.view.pointed.node, true);
    if (this.view.pointed.edge !== undefined && this.view.hoverLabels) {
      add(scene.edges[2 * this.view.pointed.edge]!, true);
      add(scene.edges[2 * this.view.pointed.edge + 1]!, true);
    }
    // Few are named whatever lies below; of many, those that find room, before all others.
    const { named } = this.view.marks;
    for (const u of named) add(u, named.length <= FEW);
    if (this.view.showLabels) {
      // Neighbors of what is pointed at before all others.
      for (let i = 0; i < Math.min(this.view.near.length, 200); i++) add(this.view.near[i]!, false);
      for (const u of this.candidates(moving)) add(u, false);
    }
    if (missing.length > 0 && !moving) this.view.emit("names", missing.slice(0, 300));
    return labels;
  }

  /** Draws all of it; `path` is a line that somebody draws. */
  draw(path: readonly (readonly [number, number])[] | null): void {
    const { context } = this;
    const { camera, overlay } = this.view;
    const dpr = overlay.width / camera.width;
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    this.drawBadges(context);
    this.drawText(context, this.view.covered);
    if (path && path.length > 1) {
      context.beginPath();
      if (this.view.mode !== "lasso") {
        const [[x0, y0], [x1, y1]] = [path[0]!, path[path.length - 1]!];
        context.rect(x0, y0, x1 - x0, y1 - y0);
      } else {
        path.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
        context.closePath();
      }
      context.fillStyle = "rgba(86, 180, 233, 0.14)";
      context.fill();
      context.strokeStyle = "#56b4e9";
      context.lineWidth = 1.5;
      context.setLineDash([5, 4]);
      context.stroke();
      context.setLineDash([]);
    }
  }

  /** Draws the badges into any context. */
  drawBadges(context: CanvasRenderingContext2D): void {
    const { scene } = this.view;
    if (!scene?.badges) return;
    drawBadges(context, scene.badges, this.ground());
  }

  /** What badges lie on. */
  ground(): Ground {
    const { camera, renderer } = this.view;
    return {
      width: camera.width, height: camera.height, paper: toHex(renderer.look.background), dim: this.view.dim(),
      at: (u) => ({ x: camera.toScreenX(this.view.x(u)), y: camera.toScreenY(this.view.y(u)), radius: renderer.programs.radius(u, camera) }),
      isHidden: (u) => this.view.isHidden(u),
      isLit: (u) => (renderer.data.nodeFlags[u]! & (SELECTED | NEAR)) !== 0 || this.view.dim() === 1,
    };
  }

  /** Writes the labels into any context: that of the page, parts of which are covered, or of a picture. */
  drawText(context: CanvasRenderingContext2D, covered: readonly Rect[] = []): void {
    const { camera } = this.view;
    const labels = this.labels(this.view.isMoving);
    const placed = placeLabels(context, labels, this.view.labelStyle, this.view.maxLabels, camera.width, camera.height, covered);
    const { pointed, marks } = this.view;
    const lit = pointed.node !== undefined || pointed.edge !== undefined ? new Set(this.view.near) : marks.named.length > 0 ? new Set(marks.named) : null;
    // Of a selection its neighbors are lit as well, as the nodes are.
    const flags = this.view.renderer.data.nodeFlags;
    const isLit = (u: number): boolean => lit?.has(u) === true || (pointed.node === undefined && pointed.edge === undefined && (flags[u]! & (SELECTED | NEAR)) !== 0);
    const bright = lit ? placed.map((p) => ({ ...p, always: p.always || isLit(p.node) })) : placed;
    drawLabels(context, bright, this.view.labelStyle, this.view.dim() < 1 && lit !== null);
  }

  /** Labels as they are placed now. */
  placed(): ReturnType<typeof placeLabels> {
    const { camera, labelStyle, maxLabels } = this.view;
    return placeLabels(this.context, this.labels(false), labelStyle, maxLabels, camera.width, camera.height);
  }
}
