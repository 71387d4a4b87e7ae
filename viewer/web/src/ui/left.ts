/** Asks for what the filters leave of a table, across both tables: bars, rows and files. */

import { type Conditions, conditions } from "../core/left";
import type { RowsQuery } from "../core/source";
import type { Histogram, Rows, Table } from "../core/types";
import type { Viewer } from "./viewer";

export class Left {
  constructor(private readonly viewer: Viewer) {}

  /** What all filters but `except` leave; null if that is all. Those that are wrong hide nothing. */
  private conditions(table: Table, except = ""): Conditions | null {
    const { state, hidden, settings } = this.viewer;
    const right = state.filters.filter((f) => !hidden?.errors.has(f.id));
    return conditions(right, table, except, state.hidden, settings.prune_orphans === true);
  }

  /** Counts of the bins of `whole` that other filters leave; null where they leave all. `isLog` says that bins are by logarithm. */
  async counts(table: Table, whole: Histogram, bins: number, except: string, isLog = false): Promise<number[] | null> {
    const left = this.conditions(table, except);
    if (!left) return null;
    const { filter, ...across } = left;
    return (await this.viewer.source!.histogram(table, whole.column, bins, filter, { ...across, ...(isLog ? { scale: "log" } : {}) })).counts;
  }

  /** A histogram in bins by logarithm. */
  byLog(table: Table, whole: Histogram, bins: number): Promise<Histogram> {
    return this.viewer.source!.histogram(table, whole.column, bins, undefined, { scale: "log" });
  }

  /** A page of a table. */
  rows(query: RowsQuery & { offset: number; limit: number }, signal: AbortSignal): Promise<Rows> {
    return this.viewer.source!.rows({ ...query, ...this.withMeasures(query.table), ...this.conditions(query.table) }, signal);
  }

  /** The columns of a table and, behind them, the measures of nodes that the picture shows; nothing where it shows none. */
  withMeasures(table: Table): { columns?: string[] } {
    const { dataset, state, source } = this.viewer;
    if (table !== "nodes" || !source?.isLive) return {};
    const own = (dataset?.tables?.nodes.columns ?? []).map((c) => c.name);
    const measures = new Set(dataset?.measures ?? []);
    const shown = Object.entries(state.encodings).flatMap(([channel, column]) => (channel.startsWith("node") && column !== undefined && measures.has(column) && !own.includes(column) ? [column] : []));
    if (shown.length === 0) return {};
    return { columns: [...own, ...new Set(shown)].map((name) => (/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)) };
  }

  /** A file of a table: where it is or, if an address cannot say which rows, the file. Null without a server. */
  file(table: Table, format: string): Promise<string | Blob | null> {
    const { columns } = this.withMeasures(table);
    return this.viewer.source!.file(table, format, { ...this.conditions(table), ...(columns ? { columns: columns.join(",") } : {}) });
  }

  /** The rows that the page itself tells, where there is no server. */
  all(table: Table): Promise<Rows> {
    return this.viewer.source!.rows({ table, ...this.conditions(table), limit: Infinity });
  }
}
