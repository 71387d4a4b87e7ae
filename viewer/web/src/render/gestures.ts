/** What pointers, wheels and fingers do with the picture. */

import type { Hit, Mode } from "./view";

export interface At {
  x: number;
  y: number;
}

export type RegionMode = "replace" | "add" | "remove";

/** What gestures are made of. */
export interface Gestured {
  readonly canvas: HTMLCanvasElement;
  readonly mode: Mode;
  readonly hasScene: boolean;
  /** Whether the camera is on its way by itself, and nothing is looked for under the pointer. */
  readonly isFlying: boolean;
  /** Whether edges are looked for at every move of the pointer. */
  readonly hoversEdges: boolean;
  readonly pointed: Hit;
  pickAt(at: At, edges?: boolean): Hit;
  point(hit: Hit): void;
  stopFlight(): void;
  zoom(factor: number, at: At): void;
  pan(dx: number, dy: number): void;
  /** Asks for a frame in which nothing but what lies over the picture has changed. */
  touched(): void;
  beginDrag(node: number): void;
  moveDrag(dx: number, dy: number, phase: "start" | "move"): void;
  endDrag(): void;
  /** Whether nodes are held at the moment. */
  readonly isDragging: boolean;
  region(path: readonly (readonly [number, number])[], mode: RegionMode): void;
  told(event: "hover", hit: Hit & At): void;
  told(event: "click", hit: Hit & At & { add: boolean }): void;
  told(event: "menu", hit: Hit & At): void;
  told(event: "doubleclick", hit: Hit): void;
}

export class Gestures {
  /** The line of a lasso, or the corners of a box, while it is drawn. */
  path: [number, number][] | null = null;
  private readonly pointers = new Map<number, At>();
  private down: (At & { node?: number; moved: boolean; shift: boolean; alt: boolean }) | null = null;
  private pinch = 0;
  private hoverAt: At | null = null;
  private nextHover = 0;

  constructor(private readonly view: Gestured) {
    const { canvas } = view;
    canvas.style.touchAction = "none";
    canvas.addEventListener("pointerdown", this.onDown);
    canvas.addEventListener("pointermove", this.onMove);
    canvas.addEventListener("pointerup", this.onUp);
    canvas.addEventListener("pointercancel", this.onUp);
    canvas.addEventListener("pointerleave", () => {
      this.hoverAt = null;
      if (this.pointers.size === 0) this.leave();
    });
    canvas.addEventListener("wheel", this.onWheel, { passive: false });
    canvas.addEventListener("dblclick", (event) => view.told("doubleclick", view.pickAt(this.position(event))));
    canvas.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      const at = this.position(event);
      view.told("menu", { ...view.pickAt(at), ...at });
    });
  }

  /** Whether a pointer is down. */
  get isDown(): boolean {
    return this.pointers.size > 0;
  }

  private leave(): void {
    this.view.point({});
    this.view.told("hover", { x: 0, y: 0 });
  }

  private position(event: MouseEvent): At {
    const box = this.view.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private get cursor(): string {
    return this.view.mode === "pan" ? "grab" : "crosshair";
  }

  /** Looks what lies under the pointer, once a frame at most. */
  look(): void {
    const { view } = this;
    const at = this.hoverAt;
    if (!at || this.isDown) return;
    this.hoverAt = null;
    if (!view.hasScene || view.isFlying) return;
    const start = performance.now();
    // Where looking takes long, it is done less often.
    if (start < this.nextHover) {
      this.hoverAt = at;
      view.touched();
      return;
    }
    const hit = view.pickAt(at, view.hoversEdges);
    this.nextHover = start + Math.min(250, 3 * (performance.now() - start));
    if (hit.node !== view.pointed.node || hit.edge !== view.pointed.edge) view.point(hit);
    view.canvas.style.cursor = hit.node !== undefined || hit.edge !== undefined ? "pointer" : this.cursor;
    view.told("hover", { ...hit, ...at });
  }

  private readonly onDown = (event: PointerEvent): void => {
    const { view } = this;
    if (event.button > 1 || !view.hasScene) return;
    view.canvas.focus({ preventScroll: true });
    const at = this.position(event);
    this.pointers.set(event.pointerId, at);
    view.canvas.setPointerCapture(event.pointerId);
    view.stopFlight();
    if (this.pointers.size === 2) {
      const [a, b] = [...this.pointers.values()];
      this.pinch = Math.hypot(a!.x - b!.x, a!.y - b!.y);
      view.endDrag();
      this.down = null;
      this.path = null;
      return;
    }
    const { node } = view.mode === "pan" && event.button === 0 ? view.pickAt(at, false) : {};
    this.down = { ...at, ...(node !== undefined ? { node } : {}), moved: false, shift: event.shiftKey, alt: event.altKey };
    if (view.mode !== "pan" || (event.shiftKey && node === undefined)) this.path = [[at.x, at.y]];
  };

  private readonly onMove = (event: PointerEvent): void => {
    const { view } = this;
    const at = this.position(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.hoverAt = at;
      view.touched();
      return;
    }
    this.pointers.set(event.pointerId, at);
    if (this.pointers.size === 2) {
      const [a, b] = [...this.pointers.values()];
      const wide = Math.hypot(a!.x - b!.x, a!.y - b!.y);
      const middle = { x: (a!.x + b!.x) / 2, y: (a!.y + b!.y) / 2 };
      if (this.pinch > 0 && wide > 0) view.zoom(wide / this.pinch, middle);
      view.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
      this.pinch = wide;
      return;
    }
    const { down } = this;
    if (!down) return;
    if (!down.moved && Math.hypot(at.x - down.x, at.y - down.y) < 4) return;
    const first = !down.moved;
    down.moved = true;
    if (this.path) {
      this.path.push([at.x, at.y]);
      view.touched();
    } else if (down.node !== undefined) {
      if (first) view.beginDrag(down.node);
      const from = first ? down : before;
      view.moveDrag(at.x - from.x, at.y - from.y, first ? "start" : "move");
    } else {
      view.canvas.style.cursor = "grabbing";
      view.pan(at.x - before.x, at.y - before.y);
    }
  };

  private readonly onUp = (event: PointerEvent): void => {
    const { view } = this;
    const at = this.position(event);
    const was = this.pointers.delete(event.pointerId);
    const { down, path } = this;
    if (!was || this.pointers.size > 0) return;
    this.down = null;
    this.path = null;
    view.canvas.style.cursor = this.cursor;
    if (!down) return;
    if (path && down.moved) view.region(path, down.alt ? "remove" : down.shift && view.mode !== "pan" ? "add" : "replace");
    else if (view.isDragging) view.endDrag();
    else if (!down.moved && event.type === "pointerup") view.told("click", { ...view.pickAt(at), ...at, add: event.shiftKey || event.ctrlKey || event.metaKey });
    view.touched();
  };

  private readonly onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 400 : 1;
    // A pinch on a touchpad comes as a wheel with the control key.
    const speed = event.ctrlKey ? 0.012 : 0.0018;
    this.view.zoom(Math.exp(-Math.max(-400, Math.min(400, event.deltaY * lines)) * speed), this.position(event));
  };
}
