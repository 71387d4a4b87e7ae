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
  /** Of texts: the different ones, and of each row the place among them plus 1, or 0. */
  coded?: { texts: readonly string[]; codes: ArrayLike<number>; places?: Map<Value, number> };
}

/** What all rows of a column have, whatever is filtered. */
interface Whole {
  low: number;
  high: number;
  /** The smallest number above 0. */
  least: number;
  /** The most frequent values, by how many. */
  top: Map<number, Value[]>;
}

const NUMBER = { type: "float64", is_numeric: true, is_time: false };
const WHOLE = { type: "int64", is_numeric: true, is_time: false };
const TEXT = { type: "text", is_numeric: false, is_time: false };
const KINDS = { integer: WHOLE, number: NUMBER, time: { type: "timestamp[ms]", is_numeric: false, is_time: true }, boolean: { ...TEXT, type: "boolean" }, text: TEXT };

function known({ name, type, texts, values }: SceneColumn): Known {
  const number = (row: number): number | null => (Number.isNaN(values[row]) ? null : values[row]!);
  const truth = (row: number): boolean | null => (Number.isNaN(values[row]) ? null : values[row] === 1);
  if (type === "text") return { name, ...TEXT, get: (row) => texts[values[row]! - 1] ?? null, coded: { texts, codes: values } };
  return { name, ...KINDS[type], get: type === "boolean" ? truth : number };
}

/** As servers tell it. */
function shown({ is_time }: Known, value: Value): Value {
  if (!is_time || typeof value !== "number") return value;
  return Math.abs(value) <= 8.64e15 ? new Date(value).toISOString().replace(/(\.000)?Z$/, "") : null;
}

export class SceneSource implements Source {
  readonly isLive = false;
  private readonly tables: Record<Table, Known[]>;
  private readonly title: string;

  constructor(private readonly own: Scene, private readonly bytes: () => ArrayBuffer) {
    this.title = own.title;
    this.tables = own.tables ? this.ofTables(own.tables) : this.ofNames();
    this.tables.nodes.push(...this.degrees().filter(({ name }) => !this.tables.nodes.some((c) => c.name === name)));
  }

  private ofTables({ ends, id, columns }: NonNullable<Scene["tables"]>): Record<Table, Known[]> {
    const of = (table: Table): Known[] => columns.filter((c) => c.of === table).map(known);
    const [nodes, edges] = [of("nodes"), of("edges")];
    const own = nodes.find(({ name }) => name === id);
    const free = ["name", "node", "node number"].find((word) => !nodes.some(({ name }) => name === word));
    const first = own ?? { ...this.names(), name: free ?? "number of node" };
    return { nodes: own ? nodes : [first, ...nodes], edges: [...this.ends(ends, first), ...edges] };
  }

  private ofNames(): Record<Table, Known[]> {
    const name = this.names();
    return { nodes: [name], edges: this.ends(["source", "target"], name) };
  }

  /** What nodes are called in the picture, else their numbers. */
  private names(): Known {
    const { index, text } = this.own.labels;
    const names = new Map(index.map((u, i) => [u, text[i]!]));
    return { name: "name", ...TEXT, get: (u: number) => names.get(u) ?? String(u) };
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
    const left = tables?.left_out ?? [];
    const some = left.length > 5 ? `${left.slice(0, 4).join(", ")} and ${left.length - 4} more` : left.join(", ");
    const warnings = left.length > 0 ? [`${left.length > 1 ? "columns" : "column"} ${some} ${left.length > 1 ? "are" : "is"} not in this page: its tables would be too large`] : [];
    return Promise.resolve({
      id: "", name: this.title, n_nodes, n_edges, is_directed, node_id_column: this.tables.nodes[0]!.name, label_column: this.named.name, source_column: source!.name, target_column: target!.name,
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
    const part = search.trim().toLowerCase();
    // As on a server: ids and texts.
    const ids = new Set([this.tables.nodes[0], ...this.tables.edges.slice(0, 2)]);
    const places = part ? columns.filter((c) => ids.has(c) || c.type === "text").map((c) => contains(c, part)) : [];
    const { nodes, edges } = across;
    const found: number[] = [];
    const of = { nodes: nodes ? this.matching("nodes", nodes) : [], edges: edges ? this.matching("edges", edges) : [] };
    const isLeft = leftBy(across, table, this.own.n_nodes, this.own.edges, (other) => of[other]);
    const { row, go } = this.cursor(table);
    for (let i = 0; i < this.count(table); i++) {
      if (!isLeft(i)) continue;
      if (part && !places.some((has) => has(i))) continue;
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
    const whole = this.whole(known, n);
    return known.is_numeric || known.is_time ? binned(known, whole, rows, bins, scale === "log") : counted(known, whole, n, rows, bins);
  }

  private readonly wholes = new Map<Known, Whole>();

  private whole(known: Known, n: number): Whole {
    const found = this.wholes.get(known);
    if (found) return found;
    const whole: Whole = { low: Infinity, high: -Infinity, least: Infinity, top: new Map() };
    for (let i = 0; i < (known.is_numeric || known.is_time ? n : 0); i++) {
      const value = known.get(i);
      if (typeof value !== "number") continue;
      if (value < whole.low) whole.low = value;
      if (value > whole.high) whole.high = value;
      if (value > 0 && value < whole.least) whole.least = value;
    }
    this.wholes.set(known, whole);
    return whole;
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

/** Which rows of a column have a text in them, whatever its capitals. */
function contains({ get, coded }: Known, part: string): (row: number) => boolean {
  if (!coded) return (row) => String(get(row) ?? "").toLowerCase().includes(part);
  const has = Uint8Array.from([0, ...coded.texts.map((text) => (text.toLowerCase().includes(part) ? 1 : 0))]);
  return (row) => has[coded.codes[row]!] === 1;
}

/** Numbers or times in bins. */
function binned({ name, type, is_time, get }: Known, { low, high, least }: Whole, rows: readonly number[], bins: number, isLog: boolean): Histogram {
  const kind = is_time ? "time" : "numeric";
  const n_null = rows.reduce((found, i) => found + (get(i) === null ? 1 : 0), 0);
  if (low > high) return { column: name, type: kind, edges: [0, 1], counts: [0], n_null };
  const edges = isLog && least < high && bins > 1 && !is_time ? logEdges(low, high, least, bins, type === WHOLE.type) : bounds(low, high, bins, type === WHOLE.type);
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const i of rows) {
    const value = get(i);
    if (typeof value === "number") counts[binOf(edges, value)]!++;
  }
  return { column: name, type: kind, edges, counts, n_null };
}

/** Bounds of bins of equal width: of few whole numbers a bin for each, of one number alone one. */
function bounds(low: number, high: number, bins: number, isWhole: boolean): number[] {
  if (isWhole && high - low + 1 <= bins) return Array.from({ length: high - low + 2 }, (_, i) => low + i);
  if (low === high) return [low, low + Math.max(1, Math.abs(low)) * 1e-9];
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + ((high - low) * i) / bins));
}

/** Texts and truth values, the most frequent first. */
function counted({ name, get, coded }: Known, { top }: Whole, n: number, rows: readonly number[], most: number): Histogram {
  const tally = (length: number, row: (i: number) => number): ((value: Value) => number) => {
    if (coded) {
      const counts = new Uint32Array(coded.texts.length + 1);
      for (let i = 0; i < length; i++) counts[coded.codes[row(i)]!]!++;
      const places = (coded.places ??= new Map<Value, number>([[null, 0], ...coded.texts.map((text, i) => [text, i + 1] as const)]));
      return (value) => counts[places.get(value)!]!;
    }
    const counts = new Map<Value, number>();
    for (let i = 0; i < length; i++) counts.set(get(row(i)), (counts.get(get(row(i))) ?? 0) + 1);
    return (value) => counts.get(value) ?? 0;
  };
  let values = top.get(most);
  if (!values) {
    const all = tally(n, (i) => i);
    let different: Iterable<Value>;
    if (coded) different = coded.texts;
    else {
      const found = new Set<Value>();
      for (let i = 0; i < n; i++) found.add(get(i));
      found.delete(null);
      different = found;
    }
    top.set(most, (values = largest(different, all, most)));
  }
  const left = tally(rows.length, (i) => rows[i]!);
  const counts = values.map(left);
  const n_null = left(null);
  return { column: name, type: "category", values, counts, n_other: rows.length - n_null - counts.reduce((a, b) => a + b, 0), n_null };
}

/** The values that are there most often, those as frequent by their order. */
function largest(values: Iterable<Value>, times: (value: Value) => number, most: number): Value[] {
  const kept: { value: Value; count: number }[] = [];
  const isBefore = (a: { value: Value; count: number }, b: { value: Value; count: number }): boolean => a.count > b.count || (a.count === b.count && compare(a.value, b.value) < 0);
  for (const value of values) {
    const one = { value, count: times(value) };
    if (one.count === 0 || (kept.length === most && !isBefore(one, kept[most - 1]!))) continue;
    let at = kept.length;
    while (at > 0 && isBefore(one, kept[at - 1]!)) at--;
    kept.splice(at, 0, one);
    if (kept.length > most) kept.pop();
  }
  return kept.map(({ value }) => value);
}

/** What has no value comes last, whichever way is up; texts in the order in which expressions compare them. */
function compare(a: Value, b: Value, sign = 1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a === b ? 0 : a < b ? -sign : sign;
}
