/** What a scene tells by itself: its tables or, without those, names, degrees and ends. */

import type { Members } from "./collections";
import { binOf, logEdges } from "./bins";
import { parse, type Row, type Value } from "./expression";
import { Graph } from "./graph";
import { type Across, leftBy } from "./left";
import type { Scene, SceneColumn } from "./scene";
import type { Bars, Mask, RowsQuery, Source } from "./source";
import type { Column, Dataset, Encodings, Histogram, Rows, Table } from "./types";

/** A column of a table that is here: values as expressions take them, times as milliseconds. */
interface Known extends Column {
  get(row: number): Value;
}

const NUMBER = { type: "float64", is_numeric: true, is_time: false };
const WHOLE = { type: "int64", is_numeric: true, is_time: false };
const TEXT = { type: "text", is_numeric: false, is_time: false };
const KINDS = { integer: WHOLE, number: NUMBER, time: { type: "timestamp[ms]", is_numeric: false, is_time: true }, boolean: { ...TEXT, type: "boolean" }, text: TEXT };

function known({ name, type, texts, values }: SceneColumn): Known {
  const number = (row: number): number | null => (Number.isNaN(values[row]) ? null : values[row]!);
  const truth = (row: number): boolean | null => (Number.isNaN(values[row]) ? null : values[row] === 1);
  return { name, ...KINDS[type], get: type === "text" ? (row) => texts[values[row]! - 1] ?? null : type === "boolean" ? truth : number };
}

/** As servers tell it. */
const shown = ({ is_time }: Known, value: Value): Value => (is_time && typeof value === "number" ? new Date(value).toISOString().replace(/(\.000)?Z$/, "") : value);

export class SceneSource implements Source {
  readonly isLive = false;
  private readonly tables: Record<Table, Known[]>;
  private readonly title: string;

  constructor(private readonly own: Scene, private readonly bytes: () => ArrayBuffer) {
    this.title = own.title;
    this.tables = own.tables ? this.ofTables(own.tables) : this.ofNames();
    this.tables.nodes.push(...this.degrees().filter(({ name }) => !this.tables.nodes.some((c) => c.name === name)));
  }

  private ofTables({ ends, columns }: NonNullable<Scene["tables"]>): Record<Table, Known[]> {
    const of = (table: Table): Known[] => columns.filter((c) => c.of === table).map(known);
    const [nodes, edges] = [of("nodes"), of("edges")];
    const id = nodes[0] ?? { name: "id", ...WHOLE, get: (u: number) => u };
    return { nodes: nodes.length > 0 ? nodes : [id], edges: [...this.ends(ends, id), ...edges] };
  }

  private ofNames(): Record<Table, Known[]> {
    const { index, text } = this.own.labels;
    const names = new Map(index.map((u, i) => [u, text[i]!]));
    const name = { name: "name", ...TEXT, get: (u: number) => names.get(u) ?? String(u) };
    return { nodes: [name], edges: this.ends(["source", "target"], name) };
  }

  private ends(names: readonly string[], { get, ...kind }: Known): Known[] {
    const { edges } = this.own;
    return names.map((name, end) => ({ ...kind, name, get: (e) => get(edges[2 * e + end]!) }));
  }

  private degrees(): Known[] {
    const graph = new Graph(this.own.n_nodes, this.own.edges);
    const all: Known[] = [{ name: "degree", ...WHOLE, get: (u) => graph.degree(u) }];
    if (this.own.is_directed) all.push({ name: "in_degree", ...WHOLE, get: (u) => graph.degree(u, "in") }, { name: "out_degree", ...WHOLE, get: (u) => graph.degree(u, "out") });
    return all;
  }

  /** The column that labels are of: the first whose texts they are. */
  private get named(): Known {
    const { index, text } = this.own.labels;
    const isOf = (label: string, value: Value): boolean => (label.endsWith("…") ? String(value ?? "").startsWith(label.slice(0, -1)) : label === String(value ?? ""));
    const isIt = ({ get }: Known): boolean => index.length > 0 && index.slice(0, 50).every((u, i) => isOf(text[i]!, get(u)));
    return this.tables.nodes.find(isIt) ?? this.tables.nodes[0]!;
  }

  dataset(): Promise<Dataset> {
    const { n_nodes, n_edges, is_directed, tables } = this.own;
    const of = (table: Table): { n_rows: number; columns: Column[] } => ({ n_rows: this.count(table), columns: this.tables[table].map(({ get: _, ...column }) => column) });
    const [source, target] = this.tables.edges;
    const warnings = (tables?.left_out ?? []).map((name) => `column ${name} is not in this page: its tables would be too large`);
    return Promise.resolve({
      id: "", name: this.title, n_nodes, n_edges, is_directed, node_id_column: this.named.name, source_column: source!.name, target_column: target!.name,
      tables: { nodes: of("nodes"), edges: of("edges") }, ...(warnings.length > 0 ? { warnings } : {}),
    });
  }

  measures(): Promise<string[]> {
    return Promise.resolve([]);
  }

  scene(_: Encodings): Promise<ArrayBuffer> {
    return Promise.resolve(this.bytes());
  }

  private count(table: Table): number {
    return table === "nodes" ? this.own.n_nodes : this.own.n_edges;
  }

  private column(table: Table, name: string): Known {
    const found = this.tables[table].find((c) => c.name === name);
    if (!found) throw new Error(`${table} have no column “${name}”; they have ${this.tables[table].map((c) => c.name).join(", ")}`);
    return found;
  }

  /** One object that is each row in turn: of its columns those are read that somebody asks for. */
  private cursor(table: Table): { row: Row; go(to: number): void } {
    let at = 0;
    const row: Row = Object.create(null);
    for (const { name, get } of this.tables[table]) Object.defineProperty(row, name, { get: () => get(at), enumerable: true });
    return { row, go: (to) => void (at = to) };
  }

  private matching(table: Table, filter: string | undefined, search = "", across: Across = {}): number[] {
    const columns = this.tables[table];
    const test = filter ? parse(filter, columns.map((c) => c.name)) : null;
    const part = search.toLowerCase();
    // As on a server: ids and texts, and without such all.
    const ids = new Set([this.tables.nodes[0], ...this.tables.edges.slice(0, 2)]);
    const texts = columns.filter((c) => ids.has(c) || c.type === "text");
    const { nodes, edges } = across;
    const found: number[] = [];
    const of = { nodes: nodes ? this.matching("nodes", nodes) : [], edges: edges ? this.matching("edges", edges) : [] };
    const isLeft = leftBy(across, table, this.own.n_nodes, this.own.edges, (other) => of[other]);
    const { row, go } = this.cursor(table);
    for (let i = 0; i < this.count(table); i++) {
      if (!isLeft(i)) continue;
      if (part && !texts.some(({ get }) => String(get(i) ?? "").toLowerCase().includes(part))) continue;
      go(i);
      if (!test || test(row) === true) found.push(i);
    }
    return found;
  }

  /** Bins and values are those of all rows, whatever the filter: parts can be put beside the whole. */
  async histogram(table: Table, column: string, bins: number, filter?: string, { scale, ...across }: Bars = {}): Promise<Histogram> {
    const known = this.column(table, column);
    const n = this.count(table);
    const rows = this.matching(table, filter, "", across);
    return known.is_numeric || known.is_time ? binned(known, n, rows, bins, scale === "log") : counted(known, n, rows, bins);
  }

  async rows(query: RowsQuery): Promise<Rows> {
    const { table, sort, descending, offset = 0, limit = 100 } = query;
    const columns = (query.columns ?? this.tables[table].map((c) => c.name)).map((name) => this.column(table, name));
    let found = query.index ? Array.from(query.index) : this.matching(table, query.filter, query.search, query);
    if (sort && !query.index) {
      const { get } = this.column(table, sort);
      const key = new Map(found.map((i) => [i, get(i)]));
      const sign = descending ? -1 : 1;
      found = found.sort((a, b) => compare(key.get(a)!, key.get(b)!, sign) || a - b);
    }
    const index = query.index ? found : found.slice(offset, offset + limit);
    return { total: found.length, offset, columns: columns.map((c) => c.name), index, rows: index.map((i) => columns.map((c) => shown(c, c.get(i)))) };
  }

  async mask(table: Table, filter: string, search?: string): Promise<Mask> {
    const bits = new Uint8Array(Math.ceil(this.count(table) / 8));
    const rows = this.matching(table, filter, search);
    for (const i of rows) bits[i >> 3]! |= 1 << (i & 7);
    return { bits, count: rows.length };
  }

  async means(table: Table, columns: readonly string[]): Promise<(number | null)[]> {
    const n = this.count(table);
    return columns.map((name) => {
      const { get } = this.column(table, name);
      let [sum, values] = [0, 0];
      for (let i = 0; i < n; i++) {
        const value = get(i);
        if (value === null) continue;
        // Names may be numbers as texts; those that are none make the sum none.
        sum += Number(value);
        values++;
      }
      return values > 0 && Number.isFinite(sum) ? sum / values : null;
    });
  }

  members(): Promise<Members> {
    return Promise.reject(new Error("queries need a server, and this page has none"));
  }

  file(): Promise<null> {
    return Promise.resolve(null);
  }

  stream(): null {
    return null;
  }
}

/** Numbers or times in bins. */
function binned({ name, type, is_time, get }: Known, n: number, rows: readonly number[], bins: number, isLog: boolean): Histogram {
  const kind = is_time ? "time" : "numeric";
  let [low, high, least] = [Infinity, -Infinity, Infinity];
  for (let i = 0; i < n; i++) {
    const value = get(i);
    if (typeof value !== "number") continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value > 0 && value < least) least = value;
  }
  const n_null = rows.reduce((found, i) => found + (get(i) === null ? 1 : 0), 0);
  if (low > high) return { column: name, type: kind, edges: [0, 1], counts: [0], n_null };
  const isWhole = type === WHOLE.type;
  const each = isWhole && high - low + 1 <= bins;
  const wide = each ? 1 : (high - low || (isWhole ? 1 : Math.max(1, Math.abs(low)) * 1e-9)) / bins;
  const edges = isLog && least < high && bins > 1 && !is_time ? logEdges(low, high, least, bins, isWhole)
    : Array.from({ length: each ? high - low + 2 : bins + 1 }, (_, i) => (i === bins && !each && high > low ? high : low + i * wide));
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const i of rows) {
    const value = get(i);
    if (typeof value === "number") counts[binOf(edges, value)]!++;
  }
  return { column: name, type: kind, edges, counts, n_null };
}

/** Texts and truth values, the most frequent first. */
function counted({ name, get }: Known, n: number, rows: readonly number[], most: number): Histogram {
  const all = new Map<Value, number>();
  for (let i = 0; i < n; i++) all.set(get(i), (all.get(get(i)) ?? 0) + 1);
  all.delete(null);
  const counts = new Map<Value, number>();
  for (const i of rows) counts.set(get(i), (counts.get(get(i)) ?? 0) + 1);
  const values = [...all].sort((a, b) => b[1] - a[1] || compare(a[0], b[0])).slice(0, most).map(([value]) => value);
  const of = values.map((value) => counts.get(value) ?? 0);
  const n_null = counts.get(null) ?? 0;
  return { column: name, type: "category", values, counts: of, n_other: rows.length - n_null - of.reduce((a, b) => a + b, 0), n_null };
}

/** What has no value comes last, whichever way is up. */
function compare(a: Value, b: Value, sign = 1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "string" || typeof b === "string") return sign * String(a).localeCompare(String(b));
  return sign * (Number(a) - Number(b));
}
