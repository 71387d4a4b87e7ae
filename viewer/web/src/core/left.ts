/**
 * What all filters leave of one table, where the server cannot say it by itself.
 *
 * The server's conditions are of one table each: that an edge goes because a filter of nodes hides one of its ends, or
 * that a node is hidden by hand, only the page knows. So the page counts bars from masks, picks rows by their numbers,
 * and takes records out of a file.
 */

import { quoteName, quoteTime, quoteValue } from "./expression";
import type { Mask } from "./source";
import type { Filter, Histogram, Table } from "./types";

/** Whether more hides rows of a table than filters of that table do. */
export function crosses(filters: readonly Filter[], table: Table, byHand: number, prune: boolean): boolean {
  if (byHand > 0 || (prune && table === "nodes")) return true;
  return table === "edges" && filters.some((f) => f.table === "nodes" && f.enabled && f.expression.trim() !== "");
}

/** The rows of a table that are hidden, a byte each; edges without one of their ends among them. Null: none. */
export function hiddenRows(hidden: { nodes: Uint8Array | null; edges: Uint8Array | null }, table: Table, edges: Uint32Array): Uint8Array | null {
  const { nodes } = hidden;
  if (table === "nodes") return nodes;
  if (!nodes) return hidden.edges;
  const all = hidden.edges ? hidden.edges.slice() : new Uint8Array(edges.length / 2);
  for (let e = 0; e < all.length; e++) if (nodes[edges[2 * e]!] || nodes[edges[2 * e + 1]!]) all[e] = 1;
  return all;
}

/** Numbers of the rows that are left, of those that a mask lets through. */
export function rowsLeft(hidden: Uint8Array | null, n: number, mask?: Mask): Uint32Array {
  const found = new Uint32Array(n);
  let k = 0;
  for (let r = 0; r < n; r++) if (!hidden?.[r] && (!mask || ((mask.bits[r >> 3]! >> (r & 7)) & 1))) found[k++] = r;
  return found.slice(0, k);
}

/**
 * Conditions that together say in which bin of a histogram a row is: the k-th is true where the bin's number, counted
 * from 1, has bit k. Six of them are enough for forty bins, and they are the same whatever the filters.
 */
export function binConditions(histogram: Histogram): string[] {
  const name = quoteName(histogram.column);
  const bins = histogram.counts.length;
  const { edges, values } = histogram;
  const conditions: string[] = [];
  for (let bit = 1; bit <= bins; bit <<= 1) {
    const isIn = (bin: number): boolean => bin < bins && ((bin + 1) & bit) !== 0;
    if (edges) {
      // Bins beside each other are one range. Moments are whole milliseconds: the first that is in.
      const value = (v: number): string => (histogram.type === "time" ? quoteTime(Math.ceil(v)) : quoteValue(v));
      const ranges: string[] = [];
      for (let low = 0; low < bins; low++) {
        if (!isIn(low)) continue;
        let high = low + 1;
        while (isIn(high)) high++;
        ranges.push(`(${name} >= ${value(edges[low]!)} AND ${name} ${high === bins ? "<=" : "<"} ${value(edges[high]!)})`);
        low = high;
      }
      conditions.push(ranges.join(" OR "));
    } else {
      const some = (values ?? []).filter((_, bin) => isIn(bin));
      conditions.push(`${name} IN (${some.map(quoteValue).join(", ")})`);
    }
  }
  return conditions;
}

/** The bin of each row, counted from 1; 0 for rows that are in none. */
export function binsOf(masks: readonly Mask[], n: number): Uint16Array {
  const bins = new Uint16Array(n);
  masks.forEach(({ bits }, k) => {
    for (let r = 0; r < n; r++) bins[r]! |= ((bits[r >> 3]! >> (r & 7)) & 1) << k;
  });
  return bins;
}

/** How many rows of each bin are left. */
export function countsLeft(bins: Uint16Array, hidden: Uint8Array | null, n_bins: number): number[] {
  const counts = new Array<number>(n_bins).fill(0);
  for (let r = 0; r < bins.length; r++) {
    const bin = bins[r]!;
    if (bin > 0 && bin <= n_bins && !hidden?.[r]) counts[bin - 1]!++;
  }
  return counts;
}

/** The text of a table, RFC 4180, without the records of hidden rows. */
export function recordsLeft(text: string, hidden: Uint8Array | null, n: number): string {
  const parts: string[] = [];
  let [start, row, quoted] = [0, -1, false];
  const end = (at: number): void => {
    if (row < 0 || !hidden?.[row]) parts.push(text.slice(start, at));
    row++;
    start = at;
  };
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === 34) quoted = !quoted;
    else if (c === 10 && !quoted) end(at + 1);
  }
  if (start < text.length) end(text.length);
  if (row !== n) throw new Error(`the server's table has ${row} rows and the picture ${n}: open the page anew`);
  return parts.join("");
}

/** Values of a column by which rows are let through or kept out: whichever are fewer. */
export function condition(columns: readonly string[], values: readonly unknown[], keep: boolean): string {
  if (values.length === 0) return keep ? "FALSE" : "TRUE";
  const list = values.map(quoteValue).join(", ");
  return columns.map((c) => `${quoteName(c)} ${keep ? "IN" : "NOT IN"} (${list})`).join(" AND ");
}

/** Order of a table's values: those that are missing last, whichever way. */
export function orderOf(values: readonly unknown[], descending: boolean): number[] {
  const sign = descending ? -1 : 1;
  const missing = (v: unknown): boolean => v === null || v === undefined;
  return [...values.keys()].sort((i, j) => {
    const [a, b] = [values[i], values[j]];
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b)) || i - j;
    const [x, y] = typeof a === "number" && typeof b === "number" ? [a, b] : [String(a), String(b)];
    return (x < y ? -sign : x > y ? sign : 0) || i - j;
  });
}
