/** What a viewer shows of a graph, apart from the graph: all that undo takes back and a link carries. */

import type { Encodings, Filter, Settings } from "./types";

export interface State {
  filters: Filter[];
  encodings: Encodings;
  settings: Settings;
  /** Nodes, ascending. */
  selection: Uint32Array;
  /** Selected edges, ascending. */
  edges: Uint32Array;
  /** Nodes hidden by hand. */
  hidden: Uint32Array;
}

export const EMPTY: State = { filters: [], encodings: {}, settings: {}, selection: new Uint32Array(0), edges: new Uint32Array(0), hidden: new Uint32Array(0) };

/** States before and after the present one. */
export class History {
  private past: State[] = [];
  private future: State[] = [];
  private lastKey = "";
  private lastAt = 0;

  constructor(public present: State, private readonly most = 100) {}

  /**
   * Goes on to another state. Changes with the same key in quick succession count as one, such as those of a slider;
   * those of one gesture, whose key begins with `gesture`, at any pace.
   */
  push(next: State, key = "", now = Date.now()): void {
    if (key === "" || key !== this.lastKey || (now - this.lastAt > 800 && !key.startsWith("gesture"))) {
      this.past.push(this.present);
      if (this.past.length > this.most) this.past.shift();
    }
    this.lastKey = key;
    this.lastAt = now;
    this.present = next;
    this.future = [];
  }

  undo(): State | null {
    const state = this.past.pop();
    if (!state) return null;
    this.future.push(this.present);
    this.present = state;
    this.lastKey = "";
    return state;
  }

  redo(): State | null {
    const state = this.future.pop();
    if (!state) return null;
    this.past.push(this.present);
    this.present = state;
    this.lastKey = "";
    return state;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }
  get canRedo(): boolean {
    return this.future.length > 0;
  }
}

export interface SavedView {
  version: 1;
  filters?: Filter[];
  encodings?: Encodings;
  settings?: Settings;
  selection?: number[];
  edges?: number[];
  hidden?: number[];
  camera?: { x: number; y: number; scale: number; width: number };
}

/** Nodes, and edges, in a link at most: longer addresses get lost in mail. */
const MOST_IN_LINK = 2000;

export function saveView(state: State, camera?: SavedView["camera"]): SavedView {
  const view: SavedView = { version: 1 };
  if (state.filters.length > 0) view.filters = state.filters;
  if (Object.keys(state.encodings).length > 0) view.encodings = state.encodings;
  if (Object.keys(state.settings).length > 0) view.settings = state.settings;
  if (state.selection.length > 0 && state.selection.length <= MOST_IN_LINK) view.selection = Array.from(state.selection);
  if (state.edges.length > 0 && state.edges.length <= MOST_IN_LINK) view.edges = Array.from(state.edges);
  if (state.hidden.length > 0 && state.hidden.length <= MOST_IN_LINK) view.hidden = Array.from(state.hidden);
  if (camera) view.camera = camera;
  return view;
}

/** A view as it came from outside, or null if it is none. */
export function readView(value: unknown): SavedView | null {
  if (typeof value !== "object" || value === null || (value as SavedView).version !== 1) return null;
  const v = value as Record<string, unknown>;
  const view: SavedView = { version: 1 };
  if (Array.isArray(v.filters)) {
    view.filters = v.filters.filter(
      (f: Partial<Filter>): f is Filter => typeof f === "object" && f !== null && typeof f.expression === "string" && (f.table === "nodes" || f.table === "edges"),
    ).map((f, i) => ({ id: String(f.id ?? `f${i}`), table: f.table, expression: f.expression, exclude: f.exclude === true, enabled: f.enabled !== false, ...(typeof f.label === "string" ? { label: f.label } : {}) }));
  }
  const texts = (o: unknown): Record<string, string> =>
    Object.fromEntries(Object.entries(typeof o === "object" && o !== null ? o : {}).filter((e): e is [string, string] => typeof e[1] === "string"));
  if (v.encodings) view.encodings = texts(v.encodings);
  if (typeof v.settings === "object" && v.settings !== null) {
    view.settings = Object.fromEntries(Object.entries(v.settings).filter(([, x]) => ["string", "number", "boolean"].includes(typeof x)));
  }
  const numbers = (list: unknown): number[] => (Array.isArray(list) ? list.filter((u): u is number => Number.isInteger(u) && u >= 0) : []);
  if (v.selection) view.selection = numbers(v.selection);
  if (v.edges) view.edges = numbers(v.edges);
  if (v.hidden) view.hidden = numbers(v.hidden);
  const c = v.camera as SavedView["camera"];
  if (c && [c.x, c.y, c.scale, c.width].every(Number.isFinite) && c.scale > 0) view.camera = { x: c.x, y: c.y, scale: c.scale, width: c.width };
  return view;
}

/** A view as part of an address. */
export function packView(view: SavedView): string {
  const bytes = new TextEncoder().encode(JSON.stringify(view));
  let text = "";
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function unpackView(text: string): SavedView | null {
  try {
    const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return readView(JSON.parse(new TextDecoder().decode(Uint8Array.from(raw, (c) => c.charCodeAt(0)))));
  } catch {
    return null;
  }
}
