/** What is selected beside the whole: means of numbers, shares of texts, first and last of times. */

import { factorOf } from "./times";
import type { Histogram } from "./types";

/** A column of the whole table. */
export interface Whole {
  /** Of numbers; null where nobody knows. */
  mean?: number | null;
  /** How often each text is there, and of how many rows. */
  counts?: Map<string, number>;
  total?: number;
  /** First and last time, ms. */
  times?: readonly [number, number];
}

export type Line =
  | { kind: "mean"; column: string; here: number; low: number; high: number; all: number | null }
  | { kind: "times"; column: string; here: readonly [number, number]; all: readonly [number, number] | null }
  /** `all` is null where the text is too rare for the list of the whole. */
  | { kind: "shares"; column: string; values: { value: string; count: number; here: number; all: number | null }[]; others: number };

/** Texts of a column that are listed. */
const LISTED = 4;

/** At most `most` of a list, from all over it. */
export function sample(list: Uint32Array, most: number): Uint32Array {
  if (list.length <= most) return list;
  return Uint32Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]!);
}

/** What a histogram tells of a whole column of texts or times. */
export function wholeOf(histogram: Histogram): Whole {
  const { type, values, counts, n_other = 0, edges } = histogram;
  const factor = factorOf(histogram);
  if (factor !== null && edges && edges.length > 1) return { times: [edges[0]! * factor, edges[edges.length - 1]! * factor] };
  if (type !== "category" || !values) return {};
  return { counts: new Map(values.map((v, i) => [String(v), counts[i]!])), total: counts.reduce((a, b) => a + b, n_other) };
}

/** A column of the selection; null where it says nothing of a group. `toTime` reads times, which other columns have none of. */
export function summarize(column: string, cells: readonly unknown[], whole: Whole, toTime?: (value: unknown) => number): Line | null {
  const values = cells.filter((v) => v !== null && v !== undefined);
  if (values.length === 0) return null;
  if (toTime) {
    const times = values.map(toTime).filter(Number.isFinite);
    return times.length > 0 ? { kind: "times", column, here: bounds(times), all: whole.times ?? null } : null;
  }
  if (values.every((v) => typeof v === "number")) {
    const [low, high] = bounds(values);
    return { kind: "mean", column, here: values.reduce((a, b) => a + b, 0) / values.length, low, high, all: whole.mean ?? null };
  }
  const tally = new Map<string, number>();
  for (const v of values) tally.set(String(v), (tally.get(String(v)) ?? 0) + 1);
  // Names that are all different say nothing of a group.
  if (tally.size > values.length / 2 && tally.size > 8) return null;
  const listed = [...tally].sort((a, b) => b[1] - a[1]).slice(0, LISTED);
  return {
    kind: "shares", column, others: tally.size - listed.length,
    values: listed.map(([value, count]) => {
      const all = whole.counts?.get(value);
      return { value, count, here: count / values.length, all: all !== undefined && whole.total ? all / whole.total : null };
    }),
  };
}

function bounds(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

/** A share as people read it. */
export function percent(share: number): string {
  const p = 100 * share;
  return `${p > 0 && p < 1 ? "< 1" : Math.round(p)} %`;
}
