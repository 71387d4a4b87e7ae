/** Which columns of numbers are seconds or milliseconds since 1970, and are written as dates. */

import { cell, time } from "../core/format";
import { isPlain, toMs, unitOf, type Unit } from "../core/times";
import type { Column, Histogram, Table } from "../core/types";
import type { Viewer } from "./viewer";

/** Rows that are looked at before the server is asked for bounds. */
const LOOKED_AT = 50;

const keyOf = (table: Table, name: string): string => `${table}:${name}`;

export class Dates {
  private found = new Map<string, { column: Column; unit: Unit; isPlain: boolean }>();
  private run = 0;

  constructor(private readonly viewer: Viewer) {
    viewer.on("open", () => void this.look());
  }

  /** Finds the columns whose numbers may be times. */
  private async look(): Promise<void> {
    const run = ++this.run;
    const { source, dataset } = this.viewer;
    this.found = new Map();
    if (!source || !dataset) return;
    const found = new Map<string, { column: Column; unit: Unit; isPlain: boolean }>();
    for (const table of ["edges", "nodes"] as const) {
      const about = dataset.tables?.[table];
      const ends = new Set([dataset.node_id_column, dataset.source_column, dataset.target_column]);
      const numbers = (about?.columns ?? []).filter((c) => c.is_numeric && !c.is_time && !ends.has(c.name));
      if (!about?.n_rows || numbers.length === 0) continue;
      try {
        const { rows } = await source.rows({ table, columns: numbers.map((c) => c.name), limit: LOOKED_AT });
        for (const [i, column] of numbers.entries()) {
          const values = rows.map((row) => row[i]).filter((v) => typeof v === "number");
          if (values.length === 0 || unitOf(Math.min(...values), Math.max(...values)) === null) continue;
          const { edges } = await source.histogram(table, column.name, 2);
          const [low, high] = [edges?.[0] ?? 0, edges?.[edges.length - 1] ?? 0];
          const unit = unitOf(low, high);
          const isWhole = /int/i.test(column.type) || values.every((v) => Number.isInteger(v));
          if (unit !== null) found.set(keyOf(table, column.name), { column, unit, isPlain: isPlain(column.name, low, high, isWhole) });
        }
      } catch {
        // They stay numbers; whoever asks for the column hears what is wrong.
      }
    }
    if (run !== this.run || found.size === 0) return;
    this.found = found;
    this.viewer.emit("dates", true);
  }

  /** What somebody has switched on and off. */
  private get said(): Map<string, boolean> {
    const { dates } = this.viewer.settings;
    const lines = typeof dates === "string" && dates !== "" ? dates.split("\n") : [];
    return new Map(lines.map((line) => [line.slice(1), line.startsWith("+")]));
  }

  /** Whether the numbers of a column may be times. */
  may(table: Table, name: string): boolean {
    return this.found.has(keyOf(table, name));
  }

  /** In what a column's numbers are times; null where they are numbers. */
  unit(table: Table, name: string): Unit | null {
    const found = this.found.get(keyOf(table, name));
    return found && (this.said.get(keyOf(table, name)) ?? found.isPlain) ? found.unit : null;
  }

  /** Columns of a table that are plainly times, or were said to be, whether or not they are written so now. */
  columns(table: Table): Column[] {
    return [...this.found].filter(([key, one]) => key.startsWith(`${table}:`) && (one.isPlain || this.said.get(key) === true)).map(([, one]) => one.column);
  }

  set(table: Table, name: string, on: boolean): void {
    const { said } = this;
    said.set(keyOf(table, name), on);
    this.viewer.set({ dates: [...said].map(([key, is]) => `${is ? "+" : "-"}${key}`).join("\n") });
  }

  /** A histogram whose numbers are written as dates where they are. */
  mark(table: Table, histogram: Histogram): Histogram {
    const unit = histogram.type === "numeric" ? this.unit(table, histogram.column) : null;
    return unit ? { ...histogram, unit } : histogram;
  }

  /** A value of a table in words. */
  text(table: Table, name: string, value: unknown): string {
    const unit = typeof value === "number" ? this.unit(table, name) : null;
    return unit ? time(toMs(value as number, unit)) : cell(value);
  }
}
