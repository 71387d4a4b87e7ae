/** Bins of histograms: whole numbers, logarithms, and where a value is among them. */

import type { Column, Histogram } from "./types";

export type Range = readonly [low: number, high: number];

/** Whether a histogram has a bin for each whole number; the last bound is then one more than the largest. */
export function isEach({ edges, type }: Histogram): boolean {
  return type === "numeric" && edges !== undefined && edges.every((e, i) => Number.isInteger(e) && (i === 0 || e === edges[i - 1]! + 1));
}

/** Whether all values are whole numbers. Of measures no type is told: those that have `bins` bins and few numbers are not. */
export function isWhole(histogram: Histogram, column: Column, bins: number): boolean {
  const { edges, type } = histogram;
  if (type !== "numeric" || !edges) return false;
  if (/int/i.test(column.type)) return true;
  if (column.type !== "measure") return false;
  const [low, high] = [edges[0]!, edges[edges.length - 1]!];
  return Number.isInteger(low) && Number.isInteger(high) && (isEach(histogram) ? edges.length - 1 < bins : high - low > bins);
}

/** First and last value. Of whole numbers with a bin each that is not the last bound. */
export function ends(histogram: Histogram, whole: boolean): Range {
  const edges = histogram.edges!;
  const last = edges[edges.length - 1]!;
  return [edges[0]!, whole && isEach(histogram) ? last - 1 : last];
}

/** The whole numbers in a range of the axis; at least one. */
export function snap(histogram: Histogram, [low, high]: Range): Range {
  const [first, last] = ends(histogram, true);
  const within = (v: number): number => Math.min(last, Math.max(first, v));
  // A bin of one number is meant as soon as it is touched.
  const [a, b] = isEach(histogram) ? [Math.floor(low), Math.ceil(high) - 1] : [Math.ceil(low), Math.floor(high)];
  if (a > b) return [within(Math.round(low)), within(Math.round(low))];
  return [within(a), within(b)];
}

/** The bin of a value; of one outside of all the nearest. */
export function binOf(edges: readonly number[], v: number): number {
  let [low, high] = [0, edges.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (v >= edges[middle]!) low = middle;
    else high = middle;
  }
  return low;
}

/** Where a value is on an axis on which all bins are as wide as each other, from 0 to 1. */
export function placeOf(edges: readonly number[], v: number): number {
  const bins = edges.length - 1;
  const low = binOf(edges, v);
  const share = (v - edges[low]!) / (edges[low + 1]! - edges[low]! || 1);
  return (low + Math.min(1, Math.max(0, share))) / bins;
}

/** The value at a place of such an axis. */
export function valueAt(edges: readonly number[], place: number): number {
  const bins = edges.length - 1;
  const at = Math.min(1, Math.max(0, place)) * bins;
  const bin = Math.min(bins - 1, Math.floor(at));
  return edges[bin]! + (at - bin) * (edges[bin + 1]! - edges[bin]!);
}

/** Whether bins by logarithm would show more: numbers over more than a factor of thirty, or from zero on. */
export function mayBeLog(histogram: Histogram): boolean {
  const { edges, type } = histogram;
  if (type !== "numeric" || !edges || edges.length < 9 || isEach(histogram)) return false;
  const [low, high] = [edges[0]!, edges[edges.length - 1]!];
  return high > 0 && low >= 0 && (low === 0 || high / low > 30);
}

/** Bounds of `bins` bins by logarithm. `least` is the smallest number above zero; what is below it has the first bin to itself. */
export function logEdges(low: number, high: number, least: number, bins: number, whole: boolean): number[] {
  // Not more than twelve tens: what is smaller goes with zero.
  const from = Math.max(least, high * 1e-12);
  const edges = low < from ? [low] : [];
  const n = bins - edges.length;
  for (let i = 0; i <= n; i++) {
    const v = i === 0 ? from : i === n ? high : Number((from * Math.pow(high / from, i / n)).toPrecision(12));
    const edge = whole && i < n ? Math.ceil(v) : v;
    if (edges.length === 0 || edge > edges[edges.length - 1]!) edges.push(edge);
  }
  return edges;
}
