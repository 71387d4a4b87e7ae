/** The picture and what one does with it: camera, pointing, dragging, selecting, labels, and the loop of frames. */

import { Emitter } from "../core/emitter";
import type { Places } from "../core/frame";
import { Graph } from "../core/graph";
import type { Scene } from "../core/scene";
import { Camera, bounds } from "./camera";
import { isInside, onSpiral } from "./geometry";
import { Gestures, type At, type Gestured, type RegionMode } from "./gestures";
import { drawSheet } from "./icons";
import { colorsByPlace } from "./place-colors";
import { shorten, type LabelStyle } from "./labels";
import { Overlay } from "./overlay";
import { HIDDEN, NEAR, PINNED, Renderer, SELECTED, type Look } from "./renderer";
import { orderBySize } from "./sizes";

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
  drag: { nodes: number[]; x: number[]; y: number[]; phase: "start" | "move" | "end" };
  /** Names are wanted of these nodes. */
  names: number[];
  camera: void;
  restored: void;
}

export type Mode = "pan" | "lasso" | "box";

/** Side of the cells in which room is counted, CSS pixels. */
const CELL = 18;
/** Milliseconds without a change after which the picture rests. */
const REST = 160;
/** Dragged nodes stay where they were let go until the server has heard of it. */
const LET_GO = 700;

export class View extends Emitter<ViewEvents> {
  readonly camera = new Camera();
  readonly renderer: Renderer;
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
  /** Whether the camera keeps all in sight while the layout moves. */
  follow = true;
  selected: Uint32Array = new Uint32Array(0);

  private readonly over: Overlay;
  private graphOf: Graph | null = null;
  private rank: Uint32Array = new Uint32Array(0);
  private places: Places | null = null;
  private fromGrid: { grid: Uint16Array; lowX: number; lowY: number; scale: number } | null = null;
  private toGrid: { grid: Uint16Array; lowX: number; lowY: number; scale: number } | null = null;
  private pending = false;
  private frameAt = 0;
  private frameGap = 100;
  private lastArrival = 0;
  private floats: Float32Array | null = null;
  private dragged: Map<number, [number, number]> | null = null;
  private dropped = 0;
  /** What is lit with what is pointed at or selected. */
  near: readonly number[] = [];
  private hit: Hit = {};
  private dirty = true;
  /** When the picture last changed, in ms of the page. */
  changedAt = 0;
  private raf = 0;
  private flight: { from: Camera3; to: Camera3; start: number; duration: number } | null = null;
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
      if (this.places && this.toGrid) this.renderer.pushGrid(this.places);
      this.emit("restored", undefined);
      this.changed();
    });
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
    this.places = null;
    this.fromGrid = this.toGrid = null;
    this.pending = false;
    this.dragged = null;
    this.names = new Map(scene.labels.index.map((u, i) => [u, shorten(scene.labels.text[i]!, this.labelLength)]));
    this.floats = scene.positions ? scene.positions.slice() : onSpiral(scene.n_nodes);
    this.selected = new Uint32Array(0);
    this.near = [];
    this.hit = {};
    this.renderer.setScene({ ...scene, positions: this.floats });
    this.styleChanged(scene);
    this.follow = true;
    this.fit(false);
    this.changed();
  }

  /** Colors, sizes and names of the same graph. */
  setStyle(scene: Scene): void {
    this.scene = scene;
    scene.labels.index.forEach((u, i) => this.names.set(u, shorten(scene.labels.text[i]!, this.labelLength)));
    this.renderer.setStyle(scene);
    this.styleChanged(scene);
    this.changed();
  }

  private styleChanged(scene: Scene): void {
    this.colorByPlace(true);
    const sizes = Float32Array.from({ length: scene.n_nodes }, (_, u) => this.renderer.sizeOf(u));
    this.rank = orderBySize(sizes).reverse();
    if (scene.icons.length > 0) {
      const upload = (): void => {
        this.renderer.setIcons(sheet.canvas, sheet.columns, sheet.rows, sheet.pictures);
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
    const now = performance.now();
    if (this.lastArrival > 0) this.frameGap += 0.25 * (Math.min(600, now - this.lastArrival) - this.frameGap);
    this.lastArrival = now;
    const first = this.places === null;
    this.places = places;
    if (this.dragged) {
      this.toFloats(places);
      this.changed();
      return;
    }
    // One frame waits until the way to the last one has been gone: no jumps, whatever the pace.
    if (!first && this.renderer.time < 1 && this.toGrid) {
      this.pending = true;
      return;
    }
    this.start(places);
  }

  private start(places: Places): void {
    const next = { grid: places.grid.slice(), lowX: places.lowX, lowY: places.lowY, scale: places.scale };
    this.fromGrid = this.toGrid ?? next;
    this.toGrid = next;
    this.renderer.pushGrid(places);
    this.pending = false;
    this.goalIsLast = false;
    this.frameAt = performance.now();
    this.floats = null;
    this.colorByPlace(false);
    this.changed();
  }

  /** Nodes without colors get those of where they are, anew from time to time while they move. */
  private colorByPlace(now: boolean): void {
    const { scene } = this;
    if (!scene || scene.node_color) return;
    const time = performance.now();
    if (!now && time - this.coloredAt < (scene.n_nodes > 100_000 ? 2000 : 250)) {
      // The last frame of all counts too.
      clearTimeout(this.colorTimer);
      this.colorTimer = setTimeout(() => this.colorByPlace(true), 2500);
      return;
    }
    this.coloredAt = time;
    const { toGrid } = this;
    const at = (axis: 0 | 1) => (u: number): number =>
      this.floats || !toGrid ? this.at(u, axis) : (axis === 0 ? toGrid.lowX : toGrid.lowY) + toGrid.grid[2 * u + axis]! / toGrid.scale;
    this.renderer.setColors(colorsByPlace(scene.n_nodes, at(0), at(1)));
    this.changed();
  }
  private coloredAt = 0;
  private colorTimer: ReturnType<typeof setTimeout> | undefined;

  private toFloats(places: Places): void {
    const n = places.n;
    const floats = this.floats ?? new Float32Array(2 * n);
    for (let u = 0; u < n; u++) {
      floats[2 * u] = places.x(u);
      floats[2 * u + 1] = places.y(u);
    }
    for (const [u, [x, y]] of this.dragged ?? []) {
      floats[2 * u] = x;
      floats[2 * u + 1] = y;
    }
    this.floats = floats;
    this.goalIsLast = false;
    this.renderer.setFloats(floats, true);
    this.frameAt = performance.now();
  }

  /** Where a node is shown, layout units. */
  x(u: number): number {
    return this.at(u, 0);
  }
  y(u: number): number {
    return this.at(u, 1);
  }
  private at(u: number, axis: 0 | 1): number {
    if (this.floats) return this.floats[2 * u + axis]!;
    const t = this.renderer.time;
    const place = (g: NonNullable<typeof this.toGrid>): number => (axis === 0 ? g.lowX : g.lowY) + g.grid[2 * u + axis]! / g.scale;
    if (!this.toGrid || !this.fromGrid) return 0;
    const to = place(this.toGrid);
    return t >= 1 ? to : place(this.fromGrid) * (1 - t) + to * t;
  }

  /** Positions as they are shown, [n, 2]. */
  positions(): Float32Array {
    const n = this.scene?.n_nodes ?? 0;
    const out = new Float32Array(2 * n);
    for (let u = 0; u < n; u++) {
      out[2 * u] = this.x(u);
      out[2 * u + 1] = this.y(u);
    }
    return out;
  }

  isHidden(u: number): boolean {
    return (this.renderer.nodeFlags[u]! & HIDDEN) !== 0;
  }

  // Flags

  /** Hides nodes and edges; null shows all. */
  setHidden(nodes: Uint8Array | null, edges: Uint8Array | null): void {
    const set = (flags: Uint8Array, hidden: Uint8Array | null): void => {
      for (let i = 0; i < flags.length; i++) flags[i] = (flags[i]! & ~HIDDEN) | (hidden?.[i] ? HIDDEN : 0);
    };
    set(this.renderer.nodeFlags, nodes);
    set(this.renderer.edgeFlags, edges);
    this.renderer.flagsChanged(true);
    this.changed();
  }

  setSelected(nodes: Uint32Array): void {
    const flags = this.renderer.nodeFlags;
    for (const u of this.selected) flags[u] = flags[u]! & ~SELECTED;
    this.selected = nodes;
    for (const u of nodes) flags[u] = flags[u]! | SELECTED;
    this.light();
  }

  setPinned(nodes: readonly number[]): void {
    const flags = this.renderer.nodeFlags;
    for (let u = 0; u < flags.length; u++) flags[u] = flags[u]! & ~PINNED;
    for (const u of nodes) if (u < flags.length) flags[u] = flags[u]! | PINNED;
    this.changed(false);
  }

  /** Lights what is pointed at or selected, and its neighbors. */
  private light(): void {
    if (!this.scene) return;
    const flags = this.renderer.nodeFlags;
    for (const u of this.near) flags[u] = flags[u]! & ~NEAR;
    const near: number[] = [];
    this.near = near;
    let edges: Uint32Array = new Uint32Array(0);
    const mark = (u: number): void => {
      if ((flags[u]! & NEAR) === 0) {
        flags[u] = flags[u]! | NEAR;
        near.push(u);
      }
    };
    const seen = (v: number, e: number): boolean => (flags[v]! & HIDDEN) === 0 && (this.renderer.edgeFlags[e]! & HIDDEN) === 0;
    if (this.hit.edge !== undefined) {
      mark(this.scene.edges[2 * this.hit.edge]!);
      mark(this.scene.edges[2 * this.hit.edge + 1]!);
      edges = Uint32Array.of(this.hit.edge);
    } else if (this.highlight !== "none") {
      const seeds = this.hit.node !== undefined ? [this.hit.node] : this.selected;
      const direction = this.highlight === "incoming" ? "in" : this.highlight === "outgoing" ? "out" : "both";
      if (seeds.length > 0 && seeds.length <= 3000) {
        if (this.highlight === "node") for (const u of seeds) mark(u);
        else {
          const hops = this.hit.node !== undefined ? this.highlightHops : Math.min(1, this.highlightHops);
          const found = this.graph.within(seeds, hops, direction, seen);
          for (const u of found.nodes) mark(u);
          edges = found.edges.length > 60_000 ? found.edges.subarray(0, 60_000) : found.edges;
        }
      }
    }
    this.renderer.setHighlight(edges);
    this.renderer.flagsChanged(false);
    this.changed(false);
  }

  /** Shows a node, or an edge, as if it were pointed at. */
  point(hit: Hit): void {
    if (hit.node === this.hit.node && hit.edge === this.hit.edge) return;
    this.hit = hit;
    this.light();
  }

  get pointed(): Hit {
    return this.hit;
  }

  // Camera

  private box(): ReturnType<typeof bounds> {
    if (!this.scene) return null;
    return bounds(this.scene.n_nodes, (u) => this.x(u), (u) => this.y(u), (u) => !this.isHidden(u));
  }

  /**
   * Factor on sizes at which discs cover a fifth of the ground that nodes stand on: cells of some pixels with a node
   * in them, so that neither gaps between groups nor strays count.
   */
  private crowd(box: NonNullable<ReturnType<typeof bounds>>, scale: number): number {
    const n = this.scene!.n_nodes;
    const step = Math.max(1, Math.floor(n / 100_000));
    const columns = Math.ceil(((box.right - box.left) * scale) / CELL) + 1;
    const rows = Math.ceil(((box.top - box.bottom) * scale) / CELL) + 1;
    const cells = new Uint8Array(columns * rows);
    let discs = 0;
    let ground = 0;
    for (let u = 0; u < n; u += step) {
      if (this.isHidden(u)) continue;
      const column = Math.floor(((this.x(u) - box.left) * scale) / CELL);
      const row = Math.floor(((this.y(u) - box.bottom) * scale) / CELL);
      if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
      discs += step * Math.PI * this.renderer.sizeOf(u) ** 2;
      const cell = row * columns + column;
      if (cells[cell] === 0) {
        cells[cell] = 1;
        ground += CELL * CELL;
      }
    }
    return discs > 0 ? Math.min(1, Math.max(0.14, Math.sqrt((0.2 * ground) / discs))) : 1;
  }

  /** Shows everything that is not hidden. */
  fit(animated = true): void {
    const box = this.box();
    if (!box) return;
    const to = this.camera.fit(box, this.inset);
    this.camera.fitScale = to.scale;
    this.renderer.crowd = this.crowd(box, to.scale);
    this.follow = true;
    // Or the camera would go back to where it was bound for, beside panels that are no longer there.
    this.goal = to;
    this.fly(to, animated ? 420 : 0);
  }

  /** Shows some nodes. */
  zoomTo(nodes: ArrayLike<number>): void {
    const list = Array.from(nodes).filter((u) => !this.isHidden(u));
    if (list.length === 0) return;
    const box = { left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity };
    for (const u of list) {
      box.left = Math.min(box.left, this.x(u));
      box.right = Math.max(box.right, this.x(u));
      box.bottom = Math.min(box.bottom, this.y(u));
      box.top = Math.max(box.top, this.y(u));
    }
    const to = this.camera.fit(box, this.inset);
    to.scale = Math.min(to.scale, Math.max(this.camera.fitScale * 8, this.camera.scale));
    // A lone node has no extent: it comes to the middle.
    const middle = { x: (box.left + box.right) / 2, y: (box.bottom + box.top) / 2 };
    to.x = middle.x - (this.inset.left - this.inset.right) / 2 / to.scale;
    to.y = middle.y + (this.inset.top - this.inset.bottom) / 2 / to.scale;
    this.follow = false;
    this.fly(to, 480);
  }

  private fly(to: Camera3, duration: number): void {
    if (duration === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      Object.assign(this.camera, { x: to.x, y: to.y, scale: to.scale });
      this.flight = null;
      this.moved();
      return;
    }
    const { x, y, scale } = this.camera;
    this.flight = { from: { x, y, scale }, to, start: performance.now(), duration };
    this.changed();
  }

  zoom(factor: number, at?: { x: number; y: number }): void {
    this.flight = null;
    this.follow = false;
    const x = at?.x ?? (this.inset.left + this.camera.width - this.inset.right) / 2;
    const y = at?.y ?? (this.inset.top + this.camera.height - this.inset.bottom) / 2;
    this.camera.zoomAt(factor, x, y);
    this.moved();
  }

  pan(dx: number, dy: number): void {
    this.flight = null;
    this.follow = false;
    this.camera.pan(dx, dy);
    this.moved();
  }

  setCamera(to: Camera3, animated = true): void {
    this.follow = false;
    this.fly(to, animated ? 420 : 0);
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
    if (this.scene && (this.follow || first)) this.fit(false);
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
    if (this.flight) {
      const { from, to, start, duration } = this.flight;
      const t = Math.min(1, (now - start) / duration);
      const s = t * t * (3 - 2 * t);
      // Scales by factors, and the center so that the way looks straight.
      const scale = from.scale * Math.pow(to.scale / from.scale, s);
      const way = Math.abs(to.scale / from.scale - 1) < 1e-6 ? s : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale);
      this.camera.scale = scale;
      this.camera.x = from.x + (to.x - from.x) * way;
      this.camera.y = from.y + (to.y - from.y) * way;
      if (t >= 1) {
        this.flight = null;
        Object.assign(this.camera, to);
      }
      this.moved();
    }
    if (this.renderer.time < 1) {
      // A little faster than frames come, so that the next one need not wait.
      const duration = Math.max(16, Math.min(400, this.frameGap * 0.92));
      this.renderer.time = Math.min(1, (now - this.frameAt) / duration);
      if (this.renderer.time >= 1 && this.pending && this.places && !this.dragged) this.start(this.places);
      this.changed();
    }
    if (this.keepInSight()) this.changed();
    if (this.dropped && now - this.dropped > LET_GO) {
      this.dropped = 0;
      this.dragged = null;
      if (this.places) {
        this.toGrid = null;
        this.start(this.places);
      }
    }
    this.gestures.look();
    if (this.dirty) this.draw();
    if (this.dropped) this.changed(false);
  };

  /** While the layout spreads, the camera goes along, until somebody moves it. Returns whether it is on its way. */
  private keepInSight(): boolean {
    if (!this.follow || this.flight || this.gestures.isDown || !this.scene || !this.toGrid) return false;
    // Boxes of a million nodes are not made in every frame.
    const now = performance.now();
    const isOnWay = this.renderer.time < 1;
    if (isOnWay ? now - this.followedAt > (this.scene.n_nodes > 100_000 ? 400 : 60) : !this.goalIsLast) {
      // What is seen on the way is not where it ends: that is looked at once more.
      this.goalIsLast = !isOnWay;
      this.followedAt = now;
      const box = this.box();
      if (box) {
        this.goal = this.camera.fit(box, this.inset);
        this.renderer.crowd += 0.25 * (this.crowd(box, this.goal.scale) - this.renderer.crowd);
      }
    }
    const { goal, camera } = this;
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
  private keptAt = 0;
  private followedAt = 0;
  private goal: Camera3 | null = null;
  /** Whether the goal is that of the places at which nodes have come to rest. */
  private goalIsLast = false;

  get isMoving(): boolean {
    return performance.now() - this.changedAt < REST;
  }

  /** How strongly what is neither selected nor near is drawn. */
  dim(): number {
    if (this.hit.node !== undefined || this.hit.edge !== undefined) return this.highlight === "none" && this.hit.edge === undefined ? 1 : 0.2;
    return this.selected.length > 0 ? 0.3 : 1;
  }

  private draw(): void {
    this.dirty = false;
    const moving = this.isMoving;
    const more = this.renderer.render(this.camera, { moving, dim: this.dim() });
    this.over.draw(this.gestures.path);
    if (more || moving) this.changed(false);
  }

  /** The picture as it is seen, `scale` times as fine, over the whole canvas; without `text` no labels. */
  picture(scale: number, text = true): HTMLCanvasElement {
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
    this.canvas.width = w;
    this.canvas.height = h;
    this.changed();
    this.draw();
    return copy;
  }

  // Pointing

  /** What lies at a point; edges too where that is not dear. */
  pickAt({ x, y }: At, edges = (this.scene?.n_edges ?? 0) <= 400_000): Hit {
    return this.renderer.pick(this.camera, x, y, edges);
  }

  /** What gestures see of the picture and do with it. */
  private gestured(): Gestured {
    // Objects have no getters of classes: `view` is this.
    const view = this;
    return {
      canvas: view.canvas,
      get mode() { return view.mode; },
      get hasScene() { return view.scene !== null; },
      get isFlying() { return view.flight !== null; },
      get hoversEdges() { return (view.scene?.n_edges ?? 0) <= 60_000; },
      get pointed() { return view.hit; },
      get isDragging() { return view.dragged !== null && view.dropped === 0; },
      pickAt: (at, edges) => view.pickAt(at, edges),
      point: (hit) => view.point(hit),
      stopFlight: () => void (view.flight = null),
      zoom: (factor, at) => view.zoom(factor, at),
      pan: (dx, dy) => view.pan(dx, dy),
      touched: () => view.changed(false),
      beginDrag: (node) => view.beginDrag(node),
      moveDrag: (dx, dy, phase) => view.moveDrag(dx, dy, phase),
      endDrag: () => view.endDrag(),
      region: (path, mode) => view.region(path, mode),
      told: (event: keyof ViewEvents, hit: never) => view.emit(event, hit),
    };
  }

  private beginDrag(node: number): void {
    const group = (this.renderer.nodeFlags[node]! & SELECTED) !== 0 ? Array.from(this.selected) : [node];
    const shown = this.positions();
    this.dragged = new Map(group.map((u) => [u, [shown[2 * u]!, shown[2 * u + 1]!]]));
    this.dropped = 0;
    this.floats = shown;
    this.renderer.setFloats(shown);
  }

  private moveDrag(dx: number, dy: number, phase: "start" | "move"): void {
    for (const [u, p] of this.dragged!) {
      p[0] += dx / this.camera.scale;
      p[1] -= dy / this.camera.scale;
      this.floats![2 * u] = p[0];
      this.floats![2 * u + 1] = p[1];
    }
    this.follow = false;
    this.renderer.moveFloats(this.dragged!.keys());
    this.changed();
    this.tellDrag(phase);
  }

  private tellDrag(phase: "start" | "move" | "end"): void {
    const entries = [...this.dragged!];
    this.emit("drag", { nodes: entries.map(([u]) => u), x: entries.map(([, p]) => p[0]), y: entries.map(([, p]) => p[1]), phase });
  }

  private endDrag(): void {
    if (!this.dragged || this.dropped) return;
    this.tellDrag("end");
    if (this.places) this.dropped = performance.now();
    else this.dragged = null;
    this.changed();
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

  destroy(): void {
    this.destroyed = true;
    clearTimeout(this.colorTimer);
    cancelAnimationFrame(this.raf);
    this.resizer.disconnect();
    this.renderer.destroy();
    this.canvas.remove();
    this.overlay.remove();
  }
}

export interface Camera3 {
  x: number;
  y: number;
  scale: number;
}
