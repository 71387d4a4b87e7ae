/** A graph on the page: source, picture, stream and state, and what changes them. Panels only call this. */

import { paint, readCollections, resolveCollections, type Collection } from "../core/collections";
import { parseColor, type Rgb } from "../core/color";
import { Stopped, type Job } from "../core/computing";
import { Emitter } from "../core/emitter";
import type { Direction } from "../core/graph";
import { keyOf, type KeyPart } from "../core/key";
import { Masks, type Hidden } from "../core/masks";
import { mergeParams, readParams, type Params } from "../core/params";
import { decodeScene, type Scene, type SceneTables } from "../core/scene";
import { ServerError, type Source } from "../core/source";
import { EMPTY, History, saveView, type SavedView, type State } from "../core/state";
import { Stream, type Wire } from "../core/stream";
import { datesOf } from "../core/times";
import type { Dataset, Encodings, Filter, Settings, Table } from "../core/types";
import { shorten } from "../render/labels";
import { View, type Hit, type ViewEvents } from "../render/view";
import { Dates } from "./dates";
import { throttle } from "./dom";
import { Left } from "./left";
import { Selection } from "./selection";
import { lookOf, settingsOf } from "./look";

export interface ViewerEvents {
  /** Another graph is shown. */
  open: void;
  /** The state has changed. */
  state: State;
  /** What is hidden has changed. */
  hidden: Hidden;
  /** The selected nodes, after a change of these or of the selected edges. */
  selection: Uint32Array;
  hover: ViewEvents["hover"];
  menu: ViewEvents["menu"];
  stream: Stream;
  legend: void;
  theme: "dark" | "light";
  /** Columns of numbers are written as dates, or as numbers again; true when it was just found out which may be. */
  dates: boolean;
  busy: boolean;
  /** Measures that the server computes. */
  computing: readonly Job[];
  /** Words for the user. */
  /** `again` does what did not come about, which a button offers. */
  message: { text: string; kind: "info" | "error"; again?: { label: string; run: () => void } };
  /** Words for those who listen instead of looking. */
  announce: string;
}

const ENCODED = ["node_color", "node_size", "node_label", "node_icon", "node_badge", "node_opacity", "edge_color", "edge_width", "edge_opacity"] as const;

/** Buffers that an encoding is in; none: the header alone. */
const BUFFERS: Record<string, string> = {
  node_color: "node_color", node_opacity: "node_color", node_size: "node_size", node_icon: "node_icon", node_label: "", node_badge: "",
  edge_color: "edge_color", edge_opacity: "edge_color", edge_width: "edge_width",
};

export class Viewer extends Emitter<ViewerEvents> {
  readonly view: View;
  source: Source | null = null;
  scene: Scene | null = null;
  dataset: Dataset | null = null;
  stream: Stream | null = null;
  history = new History(EMPTY);
  params: Params = { settings: {}, layout: {}, encodings: {} };
  hidden: Hidden | null = null;
  collections: Collection[] = [];
  pinned: number[] = [];
  iteration = 0;
  private masks: Masks | null = null;
  /** What the filters leave of the tables. */
  readonly left = new Left(this);
  readonly selection: Selection;
  readonly dates = new Dates(this);
  private filterRun = 0;
  private encodeRun = 0;
  private namesAsked = new Set<number>();
  private openRun = 0;

  constructor(root: HTMLElement) {
    super();
    this.view = new View(root, lookOf({}));
    this.selection = new Selection(this);
    this.view.on("hover", (hit) => this.emit("hover", hit));
    this.view.on("menu", (hit) => this.emit("menu", hit));
    this.view.on("drag", (drag) => this.onDrag(drag));
    this.view.on("names", (nodes) => this.fetchNames(nodes));
    this.view.on("restored", () => this.emit("message", { text: "the graphics driver was reset; the picture is back", kind: "info" }));
  }

  get state(): State {
    return this.history.present;
  }

  /** Shows a graph. `params` are words of the address, over those that the graph was saved with. */
  async open(source: Source, params: Params, saved: SavedView | null): Promise<void> {
    const run = ++this.openRun;
    this.stream?.close();
    this.stream = null;
    this.emit("busy", true);
    this.emit("computing", []);
    if (source.computing) source.computing.onChange = (jobs) => void (run === this.openRun && this.emit("computing", jobs));
    try {
      const dataset = await source.dataset();
      const all = mergeParams(readParams(dataset.url_params ?? {}), params);
      const encodings: Encodings = { ...all.encodings, ...saved?.encodings };
      const file = await source.scene(encodings);
      if (run !== this.openRun) return;
      const scene = decodeScene(file);
      this.source = source;
      this.dataset = dataset;
      this.params = all;
      this.masks = new Masks(source);
      this.hidden = null;
      this.collections = [];
      this.namesAsked.clear();
      this.pinned = [];
      const within = (list: number[] | undefined, n = scene.n_nodes): Uint32Array => Uint32Array.from(list ?? []).filter((u) => u < n);
      this.history = new History({
        filters: saved?.filters ?? [],
        encodings,
        settings: { ...all.settings, ...saved?.settings },
        selection: within(saved?.selection),
        edges: within(saved?.edges, scene.n_edges),
        hidden: within(saved?.hidden),
      });
      this.setScene(scene);
      if (saved?.camera) {
        const { x, y, scale, width } = saved.camera;
        this.view.setCamera({ x, y, scale: (scale * this.view.camera.width) / width }, false);
      } else if (all.box) this.view.setCamera(this.view.camera.fit(all.box, this.view.inset), false);
      // Measures are asked for beside all else: only a menu needs them.
      dataset.measures ??= ["degree"];
      void source.measures().then((names) => {
        if (run !== this.openRun) return;
        dataset.measures = names;
        this.emit("state", this.state);
      });
      const address = source.stream();
      if (address) this.connect(address);
      void this.loadCollections(run);
    } finally {
      if (run === this.openRun) this.emit("busy", false);
    }
  }

  /** Shows a scene that came by itself, such as from a notebook. */
  setScene(scene: Scene): void {
    this.scene = scene;
    this.applyLook();
    this.view.setScene(scene);
    this.view.setSelected(this.state.selection, this.state.edges);
    this.emit("open", undefined);
    this.emit("legend", undefined);
    this.emit("state", this.state);
    if (this.state.filters.length > 0 || this.state.hidden.length > 0 || this.settings.prune_orphans === true) void this.applyFilters();
    if (this.state.selection.length > 0 || this.state.edges.length > 0) this.emit("selection", this.state.selection);
  }

  /** Finds out what is in the collections that address or dataset name, and colors it. */
  private async loadCollections(run: number): Promise<void> {
    const specs = readCollections(this.params.collections);
    const { source } = this;
    if (specs.length === 0 || !source) return;
    const found = await resolveCollections(specs, (query) => source.members(query));
    if (run !== this.openRun) return;
    this.collections = found;
    for (const c of found) if (c.error) this.emit("message", { text: `collection ${c.name}: ${c.error}`, kind: "error" });
    this.repaint();
  }

  /** Ids of the collections that are not shown. */
  get collectionsOff(): Set<string> {
    const { collections_off } = this.settings;
    return new Set(typeof collections_off === "string" && collections_off !== "" ? collections_off.split("\n") : []);
  }

  showCollection(id: string, shown: boolean): void {
    const off = this.collectionsOff;
    if (shown) off.delete(id);
    else off.add(id);
    this.set({ collections_off: [...off].join("\n") });
  }

  /** Whether collections give all nodes other colors than their own. */
  get isPainted(): boolean {
    return typeof this.settings.collections_node_color === "string" && this.shownCollections().length > 0;
  }

  private shownCollections(): Collection[] {
    const off = this.collectionsOff;
    return this.collections.filter((c) => c.members && !off.has(c.id));
  }

  /** The scene with the colors of the collections that are shown. */
  private painted(): Scene {
    const scene = this.scene!;
    const shown = this.shownCollections();
    if (shown.length === 0) return scene;
    const color = (value: unknown): Rgb | null => (typeof value === "string" ? parseColor(value) : null);
    return { ...scene, ...paint(scene, shown, color(this.settings.collections_node_color), color(this.settings.collections_edge_color)) };
  }

  /** What nodes and edges are, for a page that has no server to ask. */
  async tables(): Promise<SceneTables | undefined> {
    const { source, scene } = this;
    if (!scene || !source || scene.tables) return scene?.tables;
    return decodeScene(await source.scene(this.state.encodings, ["tables"]), scene).tables;
  }

  /** The legend of what is seen. */
  key(): KeyPart[] {
    if (!this.scene) return [];
    const parts = keyOf(this.scene, this.hidden).filter((part) => part.channel !== "node_color" || !this.isPainted);
    return parts.map((part) => {
      // Numbers that are shown as dates elsewhere are dates here.
      const unit = part.ramp ? this.dates.unit(part.table, part.column) : null;
      return unit ? { ...part, ticks: datesOf(part.ticks, unit) } : part;
    });
  }

  /** Whether filters can name a column, or a measure. */
  canFilter(table: Table, column: string): boolean {
    return this.source?.isLive === true || this.dataset?.tables?.[table].columns.some((c) => c.name === column) === true;
  }

  /** The value of a column that a legend writes as text. */
  asValue(table: Table, name: string, text: string): string | number | bigint | boolean {
    const column = this.dataset?.tables?.[table].columns.find((c) => c.name === name);
    // Measures are numbers.
    const isNumber = column ? column.is_numeric : table === "nodes" && this.dataset?.measures?.includes(name) === true;
    // Of long whole numbers no digit is lost.
    if (isNumber && /^-?\d+$/.test(text)) return BigInt(text);
    if (isNumber && Number.isFinite(Number(text))) return Number(text);
    return /^bool/.test(column?.type ?? "") ? text === "true" : text;
  }

  private repaint(): void {
    this.view.setStyle(this.painted());
    this.emit("legend", undefined);
  }

  /** Follows a layout that moves, at an address or through what opens a connection. */
  connect(place: string | (() => Wire)): void {
    this.stream?.close();
    const stream = new Stream(place, this.scene!.n_nodes);
    this.stream = stream;
    const { play, layout } = this.params;
    let isNew = true;
    stream.on("frame", (frame) => {
      this.iteration = frame.iteration;
      this.view.frame(frame.places);
    });
    // A layout may settle after the last frame that came: its own count is the right one.
    stream.on("state", ({ iteration }) => void (iteration !== undefined && (this.iteration = iteration)));
    stream.on("pinned", (nodes) => {
      this.pinned = nodes;
      this.view.setPinned(nodes);
    });
    stream.on("error", (text) => this.emit("message", { text: `layout: ${text}`, kind: "error" }));
    stream.on("options", () => {
      if (!isNew) return;
      // What the address asks of the layout, once, and only what this server knows.
      isNew = false;
      const wanted = Object.fromEntries(Object.entries(layout).filter(([name]) => name in stream.options));
      if (Object.keys(wanted).length > 0) stream.send({ type: "options", options: wanted });
      if (play === 0) stream.send({ type: "pause" });
      else if (play !== undefined) setTimeout(() => stream.send({ type: "pause" }), play);
    });
    this.emit("stream", stream);
  }

  // Changes

  /** Changes the state; `key` joins quick changes of one thing for undo. */
  update(change: Partial<State>, key?: string): void {
    const before = this.state;
    this.history.push({ ...before, ...change }, key);
    this.apply(before);
  }

  undo(): void {
    const before = this.state;
    if (this.history.undo()) this.apply(before);
  }

  redo(): void {
    const before = this.state;
    if (this.history.redo()) this.apply(before);
  }

  private apply(before: State): void {
    const { state } = this;
    if (state.settings !== before.settings) {
      this.applyLook();
      if (state.settings.dates !== before.settings.dates) this.emit("dates", false);
      if (state.settings.collections_off !== before.settings.collections_off) this.repaint();
    }
    if (state.selection !== before.selection || state.edges !== before.edges) {
      this.view.setSelected(state.selection, state.edges);
      this.emit("selection", state.selection);
    }
    const work: Promise<string[]>[] = [];
    if (state.filters !== before.filters || state.hidden !== before.hidden || state.settings.prune_orphans !== before.settings.prune_orphans) work.push(this.applyFilters());
    if (state.encodings !== before.encodings) work.push(this.applyEncodings(before.encodings));
    this.applied = Promise.all(work).then((wrong) => wrong.flat());
    this.emit("state", state);
  }
  /** When the last change is seen: what is wrong with it. */
  applied: Promise<string[]> = Promise.resolve([]);

  get settings(): Settings {
    return settingsOf(this.scene?.settings ?? {}, this.state.settings, this.scene);
  }

  set(change: Settings): void {
    this.update({ settings: { ...this.state.settings, ...change } }, `settings ${Object.keys(change).join()}`);
  }

  /** Shows whatever filters and hands have hidden; the filters stay, switched off. */
  unhide(): void {
    const { filters } = this.state;
    this.update({ filters: filters.map((f) => ({ ...f, enabled: false })), hidden: new Uint32Array(0), settings: { ...this.state.settings, prune_orphans: false } });
  }

  get isDark(): boolean {
    return lookOf(this.settings).isDark;
  }

  /** Brings the picture in line with the settings. */
  applyLook(): void {
    const { settings, view } = this;
    const look = lookOf(settings);
    const wasDark = view.renderer.look.isDark;
    view.renderer.look = look;
    const hex = (c: Rgb): string => `rgb(${c.map((v) => Math.round(255 * v)).join(" ")})`;
    const labelColor = parseColor(String(settings.label_color ?? "")) ?? (look.isDark ? [0.95, 0.957, 0.973] : [0.086, 0.102, 0.133]);
    view.labelStyle = {
      color: hex(labelColor as Rgb),
      halo: hex(parseColor(String(settings.label_background ?? "")) ?? look.background),
      size: Number(settings.label_size ?? 12),
      opacity: Number(settings.label_opacity ?? 1),
    };
    view.showLabels = settings.show_labels !== false && settings.show_points_of_interest !== false && settings.show_points_of_interest_label !== false;
    view.labelLength = settings.shorten_labels === false ? 200 : 32;
    view.hoverLabels = settings.show_label_on_hover !== false;
    view.maxLabels = Number(settings.max_labels ?? 60);
    view.highlight = settings.highlight ?? "both";
    view.highlightHops = Number(settings.highlight_hops ?? 1);
    view.changed();
    if (wasDark !== look.isDark) this.emit("theme", look.isDark ? "dark" : "light");
  }

  private async applyFilters(): Promise<string[]> {
    if (!this.masks || !this.scene) return [];
    const run = ++this.filterRun;
    const { state, scene } = this;
    const hidden = await this.masks.hidden(state.filters, state.hidden, scene.edges, scene.n_nodes, this.settings.prune_orphans === true);
    if (run !== this.filterRun || scene.edges !== this.scene.edges) return [];
    this.hidden = hidden;
    this.view.setHidden(hidden.nodes, hidden.edges);
    this.emit("hidden", hidden);
    return [...hidden.errors.values()];
  }

  private async applyEncodings(before: Encodings): Promise<string[]> {
    if (!this.source || !this.scene) return [];
    const run = ++this.encodeRun;
    const { encodings } = this.state;
    const changed = ENCODED.filter((channel) => encodings[channel] !== before[channel]);
    if (changed.length === 0) return [];
    this.emit("busy", true);
    try {
      const wanted = [...new Set(changed.map((channel) => BUFFERS[channel]!))].filter((b) => b !== "");
      const file = await this.source.scene(encodings, wanted.length > 0 ? wanted : ["none"]);
      if (run !== this.encodeRun) return [];
      const scene = decodeScene(file, this.scene);
      const { badges: _, ...rest } = this.scene;
      const next: Scene = { ...rest, legend: scene.legend, ...(scene.badges ? { badges: scene.badges } : {}) };
      for (const name of wanted as (keyof Scene)[]) (next as unknown as Record<string, unknown>)[name] = scene[name];
      if (wanted.includes("node_icon")) {
        next.icons = scene.icons;
        if (scene.icons_as_text) next.icons_as_text = true;
        else delete next.icons_as_text;
      }
      if (changed.includes("node_label")) {
        next.labels = scene.labels;
        this.view.names.clear();
        this.namesAsked.clear();
      }
      this.scene = next;
      this.repaint();
      return [];
    } catch (error) {
      if (run !== this.encodeRun) return [];
      this.fail("the encoding", error, () => this.update({ encodings: { ...this.state.encodings, ...Object.fromEntries(changed.map((channel) => [channel, encodings[channel]])) } }));
      // The picture shows what was before; the state says so too.
      this.history.push({ ...this.state, encodings: before });
      this.emit("state", this.state);
      return [(error as Error).message];
    } finally {
      if (run === this.encodeRun) this.emit("busy", false);
    }
  }

  encode(channel: string, column: string | undefined): void {
    const encodings = { ...this.state.encodings };
    if (column) encodings[channel] = column;
    else delete encodings[channel];
    this.update({ encodings });
  }

  setFilter(filter: Filter, key?: string): void {
    const rest = this.state.filters.filter((f) => f.id !== filter.id);
    const at = this.state.filters.findIndex((f) => f.id === filter.id);
    const filters = at < 0 ? [...rest, filter] : this.state.filters.map((f) => (f.id === filter.id ? filter : f));
    this.update({ filters }, key ?? `filter ${filter.id}`);
  }

  removeFilter(id: string, key?: string): void {
    if (this.state.filters.some((f) => f.id === id)) this.update({ filters: this.state.filters.filter((f) => f.id !== id) }, key);
  }

  // Selection

  /** Selects nodes and edges, and nothing else. */
  select(nodes: Uint32Array, edges: Uint32Array = new Uint32Array(0)): void {
    this.selection.choose(nodes, edges);
  }

  /** Selects what is at most `hops` edges away. */
  selectNeighbors(hops: number, seeds?: Uint32Array, direction?: Direction): void {
    this.selection.neighbors(hops, seeds, direction);
  }

  showAll(): void {
    this.update({ hidden: new Uint32Array(0) });
  }

  pin(nodes: Iterable<number>, pinned: boolean): void {
    if (!this.stream?.send({ type: pinned ? "pin" : "unpin", nodes: Array.from(nodes) })) this.offline();
  }

  // Names

  name(u: number): string {
    return this.view.names.get(u) || `node ${u}`;
  }

  private readonly fetchNames = throttle((nodes: number[]) => {
    const wanted = nodes.filter((u) => !this.namesAsked.has(u)).slice(0, 200);
    if (wanted.length > 0) void this.loadNames(wanted);
  }, 150);

  /** Asks the server for the names of nodes; they are written when they come. */
  async loadNames(nodes: readonly number[]): Promise<void> {
    const { source } = this;
    if (!source) return;
    for (const u of nodes) this.namesAsked.add(u);
    const column = this.state.encodings.node_label ?? this.dataset?.label_column ?? this.dataset?.node_id_column ?? this.dataset?.tables?.nodes.columns[0]?.name;
    if (column === undefined) return;
    try {
      const rows = await source.rows({ table: "nodes", columns: [column], index: nodes });
      rows.index.forEach((u, i) => {
        const value = rows.rows[i]?.[0];
        this.view.names.set(u, value === null || value === undefined ? "" : shorten(String(value), this.view.labelLength));
      });
      this.view.changed(false);
    } catch (error) {
      this.fail("the names of nodes", error);
    }
  }

  // Layout

  private readonly sendMove = throttle((nodes: number[], x: number[], y: number[]) => {
    this.stream?.send({ type: "move", nodes, x, y });
  }, 40);

  private onDrag({ nodes, x, y, phase }: ViewEvents["drag"]): void {
    if (!this.stream?.maySteer) return;
    if (phase === "start") this.stream.send({ type: "pin", nodes });
    if (phase === "end") {
      this.stream.send({ type: "move", nodes, x, y });
      // What was pinned before stays so.
      const free = nodes.filter((u) => !this.pinnedBefore.has(u));
      if (this.settings.pin_on_drag !== true && free.length > 0) setTimeout(() => this.stream?.send({ type: "unpin", nodes: free }), 120);
    } else {
      if (phase === "start") this.pinnedBefore = new Set(this.pinned);
      this.sendMove(nodes, x, y);
    }
  }
  private pinnedBefore = new Set<number>();

  togglePlay(): void {
    if (!this.stream) return;
    const playing = this.stream.state === "running";
    if (!this.stream.send({ type: playing ? "pause" : "play" })) this.offline();
  }

  setOption(name: string, value: unknown): void {
    if (!this.stream?.send({ type: "options", options: { [name]: value } })) this.offline();
  }

  private offline(): void {
    this.emit("message", { text: "there is no connection to the server now; nothing was changed", kind: "error" });
  }

  // Words

  /** Says that something did not come about; `again` is what to do where that is only for it was stopped. */
  fail(what: string, error: unknown, again?: () => void): void {
    if ((error as Error).name === "AbortError") return;
    if (error instanceof Stopped) return this.emit("message", { text: error.message, kind: "info", ...(again ? { again: { label: "Compute it", run: again } } : {}) });
    const text = error instanceof ServerError || error instanceof Error ? error.message : String(error);
    this.emit("message", { text: `${what}: ${text}`, kind: "error" });
  }

  /** The view as links and lists keep it. */
  saved(withCamera = true): SavedView {
    const { x, y, scale, width } = this.view.camera;
    const six = (v: number): number => Number(v.toPrecision(6));
    return saveView(this.state, withCamera ? { x: six(x), y: six(y), scale: six(scale), width } : undefined);
  }

  /** Takes up a saved view. */
  restore(saved: SavedView): void {
    const n = this.scene?.n_nodes ?? 0;
    const within = (list: number[] | undefined, most = n): Uint32Array => Uint32Array.from(list ?? []).filter((u) => u < most);
    this.update({
      filters: saved.filters ?? [],
      encodings: saved.encodings ?? {},
      settings: saved.settings ?? {},
      selection: within(saved.selection),
      edges: within(saved.edges, this.scene?.n_edges ?? 0),
      hidden: within(saved.hidden),
    });
    if (saved.camera) {
      const { x, y, scale, width } = saved.camera;
      this.view.setCamera({ x, y, scale: (scale * this.view.camera.width) / width });
    }
  }

  /** What is pointed at or comes next, for those who use keys. */
  point(hit: Hit): void {
    this.view.point(hit);
  }

  destroy(): void {
    this.openRun++;
    this.stream?.close();
    this.view.destroy();
  }
}
