/** The picture and what one does with it: data, pointing, selecting, and the loop of frames. */

import { toHex } from "../core/color";
import { Emitter } from "../core/emitter";
import type { Places } from "../core/frame";
import { Graph } from "../core/graph";
import type { KeyPart } from "../core/key";
import type { Scene } from "../core/scene";
import { placeBadges, type PlacedBadge } from "./badges";
import { Camera } from "./camera";
import { isInside } from "./geometry";
import { Gestures, type At, type Gestured, type RegionMode } from "./gestures";
import { drawSheet } from "./icons";
import { drawKey, inksOf, layKey } from "./key";
import { shorten, type LabelStyle, type Rect } from "./labels";
import type { Look } from "./look";
import { Marks } from "./marks";
import { Motion, type Dragged } from "./motion";
import { Overlay } from "./overlay";
import { Pilot, type Camera3 } from "./pilot";
import { Renderer } from "./renderer";
import { orderBySize } from "./sizes";

export type { Camera3 } from "./pilot";

export interface Hit {
  node?: number;
  edge?: number;
}

export interface ViewEvents {
  hover: Hit & { x: number; y: number };
  click: Hit & { x: number; y: number; add: boolean };
  doubleclick: Hit;
  menu: Hit & { x: number; y: number };
  /** Nodes inside a lasso or box. */
  region: { nodes: Uint32Array; mode: RegionMode };
  /** Nodes were dragged to where they are. */
  drag: Dragged & { phase: "start" | "move" | "end" };
  /** Names are wanted of these nodes. */
  names: number[];
  camera: void;
  restored: void;
}

export type Mode = "pan" | "lasso" | "box";

/** Milliseconds without a change after which the picture rests. */
const REST = 160;

export class View extends Emitter<ViewEvents> {
  readonly camera = new Camera();
  readonly renderer: Renderer;
  readonly motion: Motion;
  readonly pilot: Pilot;
  readonly marks: Marks;
  readonly canvas: HTMLCanvasElement;
  readonly overlay: HTMLCanvasElement;
  scene: Scene | null = null;
  mode: Mode = "pan";
  names = new Map<number, string>();
  labelStyle: LabelStyle = { color: "#f2f4f8", halo: "#0d1017", size: 12, opacity: 1 };
  showLabels = true;
  /** Letters of a label, at most. */
  labelLength = 32;
  hoverLabels = true;
  maxLabels = 60;
  highlight: "incoming" | "outgoing" | "both" | "none" | "node" = "both";
  highlightHops = 1;
  /** Room that panels take at the sides, CSS pixels. */
  inset = { left: 0, top: 0, right: 0, bottom: 0 };
  /** What panels cover of the picture: no place for labels. */
  covered: readonly Rect[] = [];
  /** When the picture last changed, in ms of the page. */
  changedAt = 0;

  private readonly over: Overlay;
  private graphOf: Graph | null = null;
  private rank: Uint32Array = new Uint32Array(0);
  private dirty = true;
  private raf = 0;
  private readonly resizer: ResizeObserver;
  private destroyed = false;
  private readonly gestures: Gestures;

  constructor(readonly root: HTMLElement, look: Look) {
    super();
    this.canvas = document.createElement("canvas");
    this.overlay = document.createElement("canvas");
    this.canvas.className = "graph";
    this.overlay.className = "overlay";
    this.overlay.setAttribute("aria-hidden", "true");
    root.append(this.canvas, this.overlay);
    this.over = new Overlay(this, this.overlay.getContext("2d")!);
    this.renderer = new Renderer(this.canvas, look, () => {
      this.motion.restore();
      this.emit("restored", undefined);
      this.changed();
    });
    this.motion = new Motion(this.renderer, () => this.changed());
    this.pilot = new Pilot(this, () => this.moved());
    this.marks = new Marks(this, this.renderer.data);
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(root);
    this.gestures = new Gestures(this.gestured());
    this.resize();
  }

  // Data

  setScene(scene: Scene): void {
    // The element may have come into the page since.
    this.resize();
    this.scene = scene;
    this.graphOf = null;
    this.names = new Map(scene.labels.index.map((u, i) => [u, shorten(scene.labels.text[i]!, this.labelLength)]));
    this.marks.forget();
    this.renderer.setScene({ ...scene, positions: this.motion.begin(scene) });
    this.styleChanged(scene);
    this.pilot.follow = true;
    this.fit(false);
    this.changed();
  }

  /** Colors, sizes and names of the same graph. */
  setStyle(scene: Scene): void {
    this.scene = scene;
    scene.labels.index.forEach((u, i) => this.names.set(u, shorten(scene.labels.text[i]!, this.labelLength)));
    this.motion.restyle(scene);
    this.renderer.data.setStyle(scene);
    this.styleChanged(scene);
    this.changed();
  }

  private styleChanged(scene: Scene): void {
    const { data } = this.renderer;
    this.motion.color(true);
    const sizes = Float32Array.from({ length: scene.n_nodes }, (_, u) => data.sizeOf(u));
    this.rank = orderBySize(sizes).reverse();
    if (scene.icons.length > 0) {
      const upload = (): void => {
        data.setIcons(sheet.canvas, sheet.columns, sheet.rows, sheet.pictures);
        this.changed();
      };
      const sheet = drawSheet(scene.icons, scene.icons_as_text === true, upload);
      upload();
    }
  }

  get graph(): Graph {
    return (this.graphOf ??= new Graph(this.scene!.n_nodes, this.scene!.edges));
  }

  /** Nodes by importance, the largest first. */
  get order(): Uint32Array {
    return this.rank;
  }

  /** Takes new places of the stream; what is shown goes there smoothly. */
  frame(places: Places): void {
    this.motion.frame(places);
  }

  /** Where a node is shown, layout units. */
  x(u: number): number {
    return this.motion.at(u, 0);
  }
  y(u: number): number {
    return this.motion.at(u, 1);
  }

  /** Positions as they are shown, [n, 2]. */
  positions(): Float32Array {
    return this.motion.positions();
  }

  // Flags

  get selected(): Uint32Array {
    return this.marks.selected;
  }

  /** What is lit with what is pointed at or selected. */
  get near(): readonly number[] {
    return this.marks.near;
  }

  get pointed(): Hit {
    return this.marks.hit;
  }

  isHidden(u: number): boolean {
    return this.marks.isHidden(u);
  }

  /** Hides nodes and edges; null shows all. */
  setHidden(nodes: Uint8Array | null, edges: Uint8Array | null): void {
    this.marks.hide(nodes, edges);
  }

  setSelected(nodes: Uint32Array, edges: Uint32Array): void {
    this.marks.select(nodes, edges);
  }

  setPinned(nodes: readonly number[]): void {
    this.marks.pin(nodes);
  }

  /** Shows a node, or an edge, as if it were pointed at. */
  point(hit: Hit): void {
    this.marks.point(hit);
  }

  // Camera

  /** Shows everything that is not hidden. */
  fit(animated = true): void {
    this.pilot.fit(animated);
  }

  /** Shows some nodes. */
  zoomTo(nodes: ArrayLike<number>): void {
    this.pilot.zoomTo(nodes);
  }

  zoom(factor: number, at?: { x: number; y: number }): void {
    this.pilot.zoom(factor, at);
  }

  pan(dx: number, dy: number): void {
    this.pilot.pan(dx, dy);
  }

  setCamera(to: Camera3, animated = true): void {
    this.pilot.go(to, animated);
  }

  private moved(): void {
    this.emit("camera", undefined);
    this.changed();
  }

  /** Takes the size that the page gives it now. */
  resize(): void {
    const { width, height } = this.root.getBoundingClientRect();
    if (width < 1 || height < 1) return;
    // More than two dots a pixel cost much and show little.
    const dpr = Math.min(2, window.devicePixelRatio || 1);
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(width * dpr);
      canvas.height = Math.round(height * dpr);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const first = this.camera.width <= 1;
    this.camera.width = width;
    this.camera.height = height;
    if (this.scene && (this.pilot.follow || first)) this.fit(false);
    this.changed();
    // Now, or the page would show an empty canvas for a moment.
    if (this.scene) this.draw();
  }

  // The loop

  /** Asks for a frame; `geometry` if edges lie elsewhere or look otherwise than before. */
  changed(geometry = true): void {
    if (geometry) {
      this.renderer.invalidate();
      this.changedAt = performance.now();
    }
    this.dirty = true;
    if (!this.raf && !this.destroyed) this.raf = requestAnimationFrame(this.loop);
  }

  private loop = (): void => {
    this.raf = 0;
    if (this.destroyed) return;
    const now = performance.now();
    this.pilot.step(now);
    const waits = this.motion.step(now);
    if (this.pilot.keepInSight(this.gestures.isDown)) this.changed();
    this.gestures.look();
    if (this.dirty) this.draw();
    if (waits) this.changed(false);
  };

  get isMoving(): boolean {
    return performance.now() - this.changedAt < REST;
  }

  private draw(): void {
    this.dirty = false;
    const moving = this.isMoving;
    const more = this.renderer.render(this.camera, { moving, dim: this.marks.dim() });
    this.over.draw(this.gestures.path);
    if (more || moving) this.changed(false);
  }

  /** How strongly what is neither selected nor near is drawn. */
  dim(): number {
    return this.marks.dim();
  }

  /** The picture as it is seen, `scale` times as fine, over the whole canvas, with a legend in the upper right corner; without `text` no labels. */
  picture(scale: number, text = true, key: readonly KeyPart[] = []): HTMLCanvasElement {
    const dpr = scale;
    const width = Math.round(this.camera.width * dpr);
    const height = Math.round(this.camera.height * dpr);
    const { gl } = this.renderer;
    const most = Math.min(gl.getParameter(gl.MAX_TEXTURE_SIZE) as number, 16_384);
    if (width > most || height > most) throw new Error(`a picture of ${width} × ${height} pixels is larger than this graphics driver draws: ${most} × ${most}`);
    const [w, h] = [this.canvas.width, this.canvas.height];
    this.canvas.width = width;
    this.canvas.height = height;
    this.renderer.invalidate();
    this.renderer.render(this.camera, { moving: false, dim: this.dim(), size: { width, height, dpr } });
    const copy = document.createElement("canvas");
    copy.width = width;
    copy.height = height;
    const context = copy.getContext("2d")!;
    // At once: the drawing buffer is gone after this task.
    context.drawImage(this.canvas, 0, 0);
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    this.over.drawBadges(context);
    if (text) this.over.drawText(context);
    const legend = layKey(key, this.camera.height - 24);
    const { look } = this.renderer;
    if (legend && this.camera.width > 2 * legend.width) drawKey(context, legend, this.camera.width - legend.width - 12, 12, inksOf(look.isDark, toHex(look.background)));
    this.canvas.width = w;
    this.canvas.height = h;
    this.changed();
    this.draw();
    return copy;
  }

  // Pointing

  /** What lies at a point; edges too where that is not dear: of curves each is many lines. */
  pickAt({ x, y }: At, edges = this.scene !== null && this.scene.n_edges <= (this.renderer.programs.isStraight ? 4_000_000 : 400_000)): Hit {
    return this.renderer.pick(this.camera, x, y, edges);
  }

  /** What gestures see of the picture and do with it. */
  private gestured(): Gestured {
    // Objects have no getters of classes: `view` is this.
    const view = this;
    const { motion, pilot, marks } = view;
    return {
      canvas: view.canvas,
      get mode() { return view.mode; },
      get hasScene() { return view.scene !== null; },
      get isFlying() { return pilot.isFlying; },
      get hoversEdges() { return (view.scene?.n_edges ?? 0) <= 60_000; },
      get pointed() { return marks.hit; },
      get isDragging() { return motion.isDragging; },
      pickAt: (at, edges) => view.pickAt(at, edges),
      point: (hit) => marks.point(hit),
      stopFlight: () => pilot.stop(),
      zoom: (factor, at) => pilot.zoom(factor, at),
      pan: (dx, dy) => pilot.pan(dx, dy),
      touched: () => view.changed(false),
      beginDrag: (node) => motion.take(node, marks.selected),
      moveDrag: (dx, dy, phase) => {
        pilot.follow = false;
        view.emit("drag", { ...motion.drag(dx / view.camera.scale, -dy / view.camera.scale), phase });
      },
      endDrag: () => {
        const dragged = motion.drop();
        if (dragged) view.emit("drag", { ...dragged, phase: "end" });
      },
      region: (path, mode) => view.region(path, mode),
      told: (event: keyof ViewEvents, hit: never) => view.emit(event, hit),
    };
  }

  /** Nodes inside a line drawn on the screen. */
  private region(path: readonly (readonly [number, number])[], mode: RegionMode): void {
    const { camera, scene } = this;
    if (!scene) return;
    let polygon = path;
    if (this.mode !== "lasso") {
      const [[x0, y0], [x1, y1]] = [path[0]!, path[path.length - 1]!];
      polygon = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
    }
    const nodes: number[] = [];
    const xs = polygon.map((p) => p[0]);
    const ys = polygon.map((p) => p[1]);
    const [l, r, t, b] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    for (let u = 0; u < scene.n_nodes; u++) {
      if (this.isHidden(u)) continue;
      const x = camera.toScreenX(this.x(u));
      const y = camera.toScreenY(this.y(u));
      if (x >= l && x <= r && y >= t && y <= b && isInside(polygon, x, y)) nodes.push(u);
    }
    this.emit("region", { nodes: Uint32Array.from(nodes), mode });
  }

  /** Labels as they are placed now: for pictures that are not pixels. */
  placedLabels(): ReturnType<Overlay["placed"]> {
    return this.over.placed();
  }

  /** Badges as they are placed now: for the same. */
  placedBadges(): PlacedBadge[] {
    return placeBadges(this.scene?.badges ?? [], this.over.ground());
  }

  destroy(): void {
    this.destroyed = true;
    this.motion.destroy();
    cancelAnimationFrame(this.raf);
    this.resizer.disconnect();
    this.renderer.destroy();
    this.canvas.remove();
    this.overlay.remove();
  }
}
