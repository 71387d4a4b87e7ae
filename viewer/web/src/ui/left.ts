/** Asks for what the filters leave of a table, across both tables: bars, rows and files. */

import { logEdges } from "../core/bins";
import { quoteName } from "../core/expression";
import { binConditions, binsOf, condition, countsLeft, crosses, hiddenRows, orderOf, recordsLeft, rowsLeft } from "../core/left";
import { conjunction } from "../core/masks";
import { fetchOk, type RowsQuery } from "../core/source";
import type { Filter, Histogram, Rows, Table } from "../core/types";
import type { Viewer } from "./viewer";

/** Rows that the server gives at a time. */
const PAGE = 1000;
/** Numbers of rows in one address. */
const ASKED = 500;
/** Rows whose order the page finds from their values; of more it walks through the server's order. */
const FEW = 3000;
/** Names in the condition of a download, and letters of its address: more do not pass everywhere. */
const MOST_NAMES = 400;
const LONGEST = 6000;

export class Left {
  private readonly bins = new Map<string, Promise<Uint16Array>>();
  private walk: { key: string; found: number[]; offset: number; ended: boolean } | null = null;

  constructor(private readonly viewer: Viewer) {
    viewer.on("open", () => {
      this.bins.clear();
      this.walk = null;
    });
    viewer.on("hidden", () => void (this.walk = null));
  }

  /** Filters that hide something, other than `except`. */
  private active(except: string): Filter[] {
    const { state, hidden } = this.viewer;
    return state.filters.filter((f) => f.id !== except && f.enabled && !hidden?.errors.has(f.id));
  }

  private crosses(table: Table, except = ""): boolean {
    const { state, settings } = this.viewer;
    return crosses(this.active(except), table, state.hidden.length, settings.prune_orphans === true);
  }

  private n(table: Table): number {
    return table === "nodes" ? this.viewer.scene!.n_nodes : this.viewer.scene!.n_edges;
  }

  private async hidden(table: Table, except = ""): Promise<Uint8Array | null> {
    return hiddenRows(await this.viewer.hiddenWithout(except), table, this.viewer.scene!.edges);
  }

  /** Counts of the bins of `whole` that other filters leave; null where they leave all. `own` says that bins are not the server's. */
  async counts(table: Table, whole: Histogram, bins: number, except: string, own = false): Promise<number[] | null> {
    const { source } = this.viewer;
    if (!this.crosses(table, except)) {
      const others = conjunction(this.active(except), table, except);
      if (!others) return null;
      if (!own) return (await source!.histogram(table, whole.column, bins, others)).counts;
    }
    const hidden = await this.hidden(table, except);
    return hidden && countsLeft(await this.binned(table, whole), hidden, whole.counts.length);
  }

  /** The bin of each row. */
  private binned(table: Table, whole: Histogram): Promise<Uint16Array> {
    const key = JSON.stringify([table, whole.column, whole.edges ?? whole.values]);
    let of = this.bins.get(key);
    if (!of) {
      of = Promise.all(binConditions(whole).map((c) => this.viewer.source!.mask(table, c))).then((masks) => binsOf(masks, this.n(table)));
      of.catch(() => this.bins.delete(key));
      this.bins.set(key, of);
      // A few columns: each is two bytes a row.
      if (this.bins.size > 12) this.bins.delete(this.bins.keys().next().value!);
    }
    return of;
  }

  /** A histogram in bins by logarithm; null if nothing is above zero. */
  async byLog(table: Table, whole: Histogram, isWhole: boolean, bins: number): Promise<Histogram | null> {
    const { column, edges } = whole;
    const [low, high] = [edges![0]!, edges![edges!.length - 1]!];
    let least = low;
    if (low <= 0) {
      const found = await this.viewer.source!.rows({ table, columns: [column], sort: column, filter: `${quoteName(column)} > 0`, limit: 1 });
      least = Number(found.rows[0]?.[0]);
      if (!(least > 0)) return null;
    }
    const log: Histogram = { ...whole, edges: logEdges(low, high, least, bins, isWhole) };
    log.counts = new Array<number>(log.edges!.length - 1).fill(0);
    return { ...log, counts: countsLeft(await this.binned(table, log), null, log.counts.length) };
  }

  /** A page of a table. */
  async rows(query: RowsQuery & { offset: number; limit: number }, signal: AbortSignal): Promise<Rows> {
    const { source } = this.viewer;
    const { table, search, sort, descending = false, offset, limit } = query;
    const filter = conjunction(this.active(""), table, "");
    if (!this.crosses(table)) return source!.rows({ ...query, ...(filter ? { filter } : {}) }, signal);
    const hidden = await this.hidden(table);
    const left = rowsLeft(hidden, this.n(table), search ? await source!.mask(table, "", search) : undefined);
    let index: ArrayLike<number>;
    if (!sort) index = left.subarray(offset, offset + limit);
    else if (left.length <= FEW) {
      const values: unknown[] = [];
      for (let i = 0; i < left.length; i += ASKED) {
        const part = await source!.rows({ table, columns: [sort], index: left.subarray(i, i + ASKED) }, signal);
        for (const row of part.rows) values.push(row[0]);
      }
      index = orderOf(values, descending).slice(offset, offset + limit).map((i) => left[i]!);
    } else index = await this.inOrder(query, filter, hidden, signal);
    const { length } = index;
    const page = length > 0 ? await source!.rows({ table, index }, signal) : { columns: [], index: [], rows: [] };
    return { ...page, total: left.length, offset };
  }

  /** Walks through the server's order of all rows, and keeps those that are left. */
  private async inOrder({ table, search, sort, descending, offset, limit }: RowsQuery & { offset: number; limit: number }, filter: string | undefined, hidden: Uint8Array | null, signal: AbortSignal): Promise<number[]> {
    const key = JSON.stringify([table, search, sort, descending, filter]);
    if (this.walk?.key !== key) this.walk = { key, found: [], offset: 0, ended: false };
    const { walk } = this;
    while (walk.found.length < offset + limit && !walk.ended) {
      const part = await this.viewer.source!.rows({
        table, columns: [sort!], sort: sort!, descending: descending === true, offset: walk.offset, limit: PAGE,
        ...(filter ? { filter } : {}), ...(search ? { search } : {}),
      }, signal);
      for (const r of part.index) if (!hidden?.[r]) walk.found.push(r);
      walk.offset += part.index.length;
      walk.ended = part.index.length < PAGE;
    }
    return walk.found.slice(offset, offset + limit);
  }

  /** A file of a table: where it is, or, as CSV alone, its text. Null without a server. */
  async file(table: Table, format: string): Promise<{ address: string } | { text: string } | null> {
    const { source } = this.viewer;
    const filter = conjunction(this.active(""), table, "");
    const plain = source!.download(table, format, filter);
    if (plain === null) return null;
    if (!this.crosses(table)) return { address: plain };
    const names = await this.byName(table);
    if (names !== null) {
      const address = source!.download(table, format, filter ? `${filter} AND ${names}` : names)!;
      if (address.length <= LONGEST) return { address };
    }
    if (format !== "csv") throw new Error(`${format} of what is left here would need ${names === null ? "too many names" : "too long an address"} in one question to the server: CSV has no such bound, and filters of ${table} alone neither`);
    const hidden = await this.hidden(table);
    return { text: recordsLeft(await (await fetchOk(source!.download(table, format)!)).text(), hidden, this.n(table)) };
  }

  /** What hides nodes, and edges with them, as a condition on their names, if these are few. */
  private async byName(table: Table): Promise<string | null> {
    const { dataset, source } = this.viewer;
    const { node_id_column, source_column, target_column } = dataset!;
    if (!node_id_column || (table === "edges" && (!source_column || !target_column))) return null;
    const hidden = await this.hidden("nodes");
    const n = this.n("nodes");
    const seen = rowsLeft(hidden, n);
    const keep = seen.length <= n - seen.length;
    const few = keep ? seen : rowsLeft(hidden && hidden.map((b) => (b ? 0 : 1)), n);
    if (few.length > MOST_NAMES) return null;
    const values = few.length > 0 ? (await source!.rows({ table: "nodes", columns: [node_id_column], index: few })).rows.map((row) => row[0]) : [];
    // A node without a name is in no list of names.
    if (values.some((v) => v === null || v === undefined)) return null;
    return condition(table === "nodes" ? [node_id_column] : [source_column!, target_column!], values, keep);
  }

  /** The rows that the page itself tells, where there is no server. */
  async all(table: Table): Promise<Rows> {
    const index = rowsLeft(await this.hidden(table), this.n(table));
    return this.viewer.source!.rows({ table, index });
  }
}
