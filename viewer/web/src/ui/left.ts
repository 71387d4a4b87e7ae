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
    return this.viewer.source!.rows({ ...query, ...this.conditions(query.table) }, signal);
  }

  /** A file of a table: where it is or, if an address cannot say which rows, the file. Null without a server. */
  file(table: Table, format: string): Promise<string | Blob | null> {
    return this.viewer.source!.file(table, format, this.conditions(table) ?? {});
  }

  /** The rows that the page itself tells, where there is no server. */
  all(table: Table): Promise<Rows> {
    return this.viewer.source!.rows({ table, ...this.conditions(table), limit: Infinity });
  }
}
