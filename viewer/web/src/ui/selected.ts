/** The panel of what is selected: counts, columns beside those of the whole graph, and what can be done with it. */

import { cell, count, number, numbersBetween, plural, time } from "../core/format";
import { percent, sample, summarize, wholeOf, type Line, type Whole } from "../core/summary";
import { toMs } from "../core/times";
import type { Column, Rows, Table } from "../core/types";
import { button, debounce, field, h, select } from "./dom";
import type { Viewer } from "./viewer";

/** Rows that statistics are made of, at most, and columns of texts that the server is asked to count. */
const SAMPLE = 800;
const COUNTED = 12;
const MOST_PARTED = 100_000;

/** `showRows` opens the inspector with what is selected of a table. */
export function selectionPanel(viewer: Viewer, showRows: (table: Table) => void): HTMLElement {
  const body = h("div", { class: "stack" });
  const wholes = new Wholes(viewer);
  let run = 0;
  const fill = (): void => {
    const mine = ++run;
    const { selection, edges } = viewer.state;
    if (!viewer.scene) return;
    if (selection.length === 0 && edges.length === 0) {
      body.replaceChildren(h("p", { class: "quiet" }, "Nothing is selected. Click a node or an edge; hold Shift and drag for a box; press L for the lasso, B for the box."));
      return;
    }
    const parts: { table: Table; rows: Uint32Array; title: string; into: HTMLElement }[] = [];
    const part = (table: Table, rows: Uint32Array, title = `Columns of ${table}`): HTMLElement => {
      const into = h("div", { class: "stack" });
      parts.push({ table, rows, title, into });
      return into;
    };
    const inside = selection.length > 1 ? viewer.view.graph.inside(new Set(selection)) : new Uint32Array(0);
    const among = edges.length === 0 ? inside : edges;
    const isMixed = selection.length > 0 && edges.length > 0;
    body.replaceChildren(
      // With nodes and edges each has a heading.
      ...(selection.length > 0 ? [h("section", { class: "stack", "aria-label": "Selected nodes" }, isMixed ? h("h3", {}, "Nodes") : null, facts(nodeFacts(viewer, selection, inside)))] : []),
      ...(edges.length > 0 ? [h("section", { class: "stack", "aria-label": "Selected edges" }, isMixed ? h("h3", {}, "Edges") : null, edges.length === 1 ? ends(viewer, edges[0]!) : null, facts(edgeFacts(viewer, edges)))] : []),
      actions(viewer, showRows),
      ...(selection.length > 0 ? [part("nodes", selection)] : []),
      ...(edges.length > 0 ? [part("edges", edges)] : among.length > 1 ? [part("edges", among, "Columns of edges among them")] : []),
    );
    for (const one of parts) void statistics(viewer, wholes, one, () => mine === run);
  };
  viewer.on("selection", debounce(fill, 30));
  viewer.on("open", fill);
  viewer.on("dates", fill);
  return h("div", { class: "panel-body" }, body);
}

const facts = (list: readonly (readonly [string, string])[]): HTMLElement => h("dl", { class: "facts" }, ...list.flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]));

function nodeFacts(viewer: Viewer, selection: Uint32Array, inside: Uint32Array): [string, string][] {
  const { scene } = viewer;
  const { graph } = viewer.view;
  if (selection.length === 1) {
    const u = selection[0]!;
    const near = new Set<number>();
    graph.forEach(u, "both", (v) => void (v !== u && near.add(v)));
    return [
      ["Node", viewer.name(u)], ["Edges", count(graph.degree(u))],
      ...(scene!.is_directed ? [["Out, in", `${count(graph.degree(u, "out"))}, ${count(graph.degree(u, "in"))}`] as [string, string]] : []),
      ["Neighbors", count(near.size)],
    ];
  }
  let ends = 0;
  for (const u of selection) ends += graph.degree(u);
  const pairs = (selection.length * (selection.length - 1)) / (scene!.is_directed ? 1 : 2);
  return [
    ["Nodes", ofAll(selection.length, scene!.n_nodes)],
    ["Edges among them", ofAll(inside.length, scene!.n_edges)],
    ["Edges to others", count(ends - 2 * inside.length)],
    ["Mean degree", beside(ends / selection.length, scene!.n_nodes > 0 ? (2 * scene!.n_edges) / scene!.n_nodes : 0)],
    // Of several edges between two nodes it would be above 1.
    ...(inside.length <= pairs ? [["Density", number(inside.length / pairs)] as [string, string]] : []),
    ...parts(selection, inside, scene!.edges),
  ];
}

/** In how many parts a selection is; of very many nodes nobody waits for that. */
function parts(nodes: Uint32Array, edges: Uint32Array, ends: Uint32Array): [string, string][] {
  return nodes.length <= MOST_PARTED ? [["Connected parts", count(partsOf(nodes, edges, ends))]] : [];
}

function edgeFacts(viewer: Viewer, edges: Uint32Array): [string, string][] {
  const { scene } = viewer;
  const { graph } = viewer.view;
  const nodes = viewer.selection.endsOf(edges);
  if (edges.length > 1) return [["Edges", ofAll(edges.length, scene!.n_edges)], ["Nodes at their ends", ofAll(nodes.length, scene!.n_nodes)], ...parts(nodes, edges, scene!.edges)];
  const [a, b] = [scene!.edges[2 * edges[0]!]!, scene!.edges[2 * edges[0]! + 1]!];
  let same = -1;
  // An edge from a node to itself is at it twice.
  graph.forEach(a, "both", (v) => void (v === b && same++));
  const common = new Set<number>();
  graph.forEach(a, "both", (v) => void (v !== a && v !== b && common.add(v)));
  const both = new Set<number>();
  graph.forEach(b, "both", (v) => void (common.has(v) && both.add(v)));
  return a === b
    ? [["From a node to itself", ""], ["Edges at it", count(graph.degree(a))]]
    : [["Other edges between them", count(Math.max(0, same))], ["Neighbors of both", count(both.size)], ["Edges at its ends", `${count(graph.degree(a))}, ${count(graph.degree(b))}`]];
}

const ofAll = (n: number, all: number): string => `${count(n)} of ${count(all)}`;
const beside = (here: number, all: number): string => `${number(here)}, all: ${number(all)}`;

/** In how many parts nodes are, by some edges among them. */
function partsOf(nodes: Uint32Array, edges: Uint32Array, ends: Uint32Array): number {
  const parent = new Map<number, number>();
  for (const u of nodes) parent.set(u, u);
  const root = (u: number): number => {
    let at = u;
    while (parent.get(at) !== at) {
      parent.set(at, parent.get(parent.get(at)!)!);
      at = parent.get(at)!;
    }
    return at;
  };
  let parts = nodes.length;
  for (const e of edges) {
    const [a, b] = [root(ends[2 * e]!), root(ends[2 * e + 1]!)];
    if (a !== b) {
      parent.set(a, b);
      parts--;
    }
  }
  return parts;
}

/** The ends of one edge, to be selected each by itself. */
function ends(viewer: Viewer, edge: number): HTMLElement {
  const { scene } = viewer;
  const end = (u: number): HTMLElement => button(viewer.name(u), () => viewer.select(Uint32Array.of(u)), { class: "link clip", title: `Select ${viewer.name(u)}`, onmouseenter: () => viewer.point({ node: u }), onmouseleave: () => viewer.point({}) });
  return h("p", { class: "row ends" }, end(scene!.edges[2 * edge]!), h("span", { class: "quiet" }, scene!.is_directed ? "→" : "–"), end(scene!.edges[2 * edge + 1]!));
}

function actions(viewer: Viewer, showRows: (table: Table) => void): HTMLElement {
  const { selection, edges } = viewer.state;
  const all = viewer.selection.all;
  let hops = 2;
  const depth = h("input", { type: "number", min: "1", max: "9", value: "2", class: "short", "aria-label": "Hops", onchange: () => void (hops = Math.max(1, Number(depth.value) || 1)) });
  const direction = select([["both", "both ways"], ["out", "along edges"], ["in", "against edges"]], "both", () => undefined);
  direction.setAttribute("aria-label", "Direction");
  const extend = (by: number): void => viewer.selectNeighbors(by, all, direction.value as "both");
  return h("div", { class: "stack" },
    h("div", { class: "row" }, button("Zoom to", () => viewer.view.zoomTo(all), { class: "primary" }), button("Clear", () => viewer.select(new Uint32Array(0))),
      selection.length > 0 ? button("Invert", () => viewer.selection.invert()) : null,
      edges.length > 0 ? button(edges.length === 1 ? "Select its ends" : "Select their ends", () => viewer.select(all)) : null),
    h("div", { class: "row" }, button("Add neighbors", () => extend(1)), button("Add hops", () => extend(hops)), depth),
    field("Direction", direction),
    h("div", { class: "row" },
      selection.length > 0 ? button("Hide", () => viewer.selection.hide(false)) : null,
      button("Hide others", () => viewer.selection.hide(true)),
      ...(viewer.stream && selection.length > 0 ? [button("Pin", () => viewer.pin(selection, true)), button("Unpin", () => viewer.pin(selection, false))] : []),
      ...(["nodes", "edges"] as const).filter((table) => (table === "nodes" ? selection : edges).length > 0).map((table) =>
        button(selection.length > 0 && edges.length > 0 ? `Rows of ${table}` : "Rows", () => showRows(table), { title: "Show in the inspector" }))));
}

/** What whole columns are, asked for once. */
class Wholes {
  private readonly known = new Map<string, Promise<Whole>>();

  constructor(private readonly viewer: Viewer) {
    viewer.on("open", () => this.known.clear());
    viewer.on("dates", () => this.known.clear());
  }

  /** Each column as far as it is known. */
  of(table: Table, columns: readonly Column[]): Promise<Whole[]> {
    const { source } = this.viewer;
    const missing = columns.filter((c) => !this.known.has(`${table}:${c.name}`));
    const numbers = missing.filter((c) => c.is_numeric && !c.is_time && this.viewer.dates.unit(table, c.name) === null).map((c) => c.name);
    const means = numbers.length > 0 ? source!.means(table, numbers).catch(() => numbers.map(() => null)) : Promise.resolve([]);
    for (const column of missing) {
      const at = numbers.indexOf(column.name);
      const whole = at >= 0 ? means.then((list) => ({ mean: list[at] ?? null })) : source!.histogram(table, column.name, 60).then((found) => wholeOf(this.viewer.dates.mark(table, found)), () => ({}));
      this.known.set(`${table}:${column.name}`, whole);
    }
    return Promise.all(columns.map((c) => this.known.get(`${table}:${c.name}`)!));
  }
}

async function statistics(viewer: Viewer, wholes: Wholes, part: { table: Table; rows: Uint32Array; title: string; into: HTMLElement }, isWanted: () => boolean): Promise<void> {
  const { table, rows: selected, title, into } = part;
  const { source } = viewer;
  if (!source) return;
  const of = sample(selected, SAMPLE);
  let found: Rows;
  try {
    found = await source.rows({ table, index: of, ...viewer.left.withMeasures(table) });
  } catch (error) {
    into.replaceChildren(h("p", { class: "error" }, (error as Error).message));
    return;
  }
  if (!isWanted()) return;
  if (selected.length === 1) {
    into.replaceChildren(h("h3", {}, "Attributes"), facts(found.columns.map((c, i) => [c, viewer.dates.text(table, c, found.rows[0]?.[i])])));
    return;
  }
  const about = new Map(viewer.dataset?.tables?.[table].columns.map((c) => [c.name, c]));
  const asTime = (column: Column): ((v: unknown) => number) | undefined => {
    const unit = viewer.dates.unit(table, column.name);
    return column.is_time || unit ? (v): number => (typeof v === "number" ? toMs(v, unit ?? "ms") : Date.parse(String(v))) : undefined;
  };
  const line = (i: number, whole: Whole): Line | null => {
    const column = about.get(found.columns[i]!);
    return column ? summarize(column.name, found.rows.map((row) => row[i]), whole, asTime(column)) : null;
  };
  // First what says something here; the whole is asked for that alone.
  // Ids come first: those of nodes, or of both ends. They count nothing.
  const telling = found.columns.map((_, i) => i).slice(table === "nodes" ? 1 : 2).filter((i) => line(i, {}) !== null);
  const texts = telling.filter((i) => !about.get(found.columns[i]!)!.is_numeric).slice(COUNTED);
  const asked = telling.filter((i) => !texts.includes(i));
  const whole = await wholes.of(table, asked.map((i) => about.get(found.columns[i]!)!));
  if (!isWanted()) return;
  const lines = telling.map((i) => line(i, asked.includes(i) ? whole[asked.indexOf(i)]! : {})!);
  if (lines.length === 0) return;
  const words = table === "nodes" ? "node" : "edge";
  into.replaceChildren(
    h("h3", {}, title),
    of.length < selected.length ? h("small", {}, `of ${count(of.length)} among the ${plural(selected.length, words)}`) : "",
    h("table", { class: "beside" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "column"), h("th", { scope: "col", class: "right" }, "selected"), h("th", { scope: "col", class: "right" }, "all"))),
      ...lines.map(block)));
}

/** A column of the table: one row, or one for each text. */
function block(line: Line): HTMLElement {
  const row = (name: string, here: string, all: string, title = "", kind = ""): HTMLElement =>
    h("tr", { class: kind, title }, h("th", { scope: "row", class: "clip", title: name }, name), h("td", { class: "right" }, here), h("td", { class: "right quiet" }, all));
  if (line.kind === "mean") {
    const words = numbersBetween(line.low, line.high);
    // Where all have one value, it has all of its digits.
    if (line.low === line.high) return h("tbody", {}, row(line.column, cell(line.low), line.all === null ? "" : `mean ${number(line.all)}`));
    const range = `${words(line.low)} – ${words(line.high)}`;
    return h("tbody", {}, row(`${line.column}, mean`, words(line.here), line.all === null ? "" : number(line.all)), h("tr", { class: "minor" }, h("th", { scope: "row" }, "from – to"), h("td", { class: "right", colSpan: 2 }, range)));
  }
  if (line.kind === "times") {
    const words = (at: 0 | 1): [string, string] => [time(line.here[at], line.here[1] - line.here[0]), line.all ? time(line.all[at], line.all[1] - line.all[0]) : ""];
    return h("tbody", {}, row(`${line.column}, first`, ...words(0)), row("last", ...words(1), "", "minor"));
  }
  return h("tbody", {},
    h("tr", { class: "head" }, h("th", { scope: "rowgroup", colSpan: 3 }, line.column)),
    ...line.values.map(({ value, here, all, count: n }) => row(value, percent(here), all === null ? "" : percent(all), `${count(n)} selected`, "minor")),
    line.others > 0 ? h("tr", { class: "minor" }, h("td", { colSpan: 3, class: "quiet" }, `and ${plural(line.others, "other")}`)) : null);
}
