/** A critical-difference diagram: methods on a line of mean ranks, and bars over those that do not differ. */

import { svg } from "../ui/dom";

export interface Comparison {
  mean_ranks: number[];
  critical_difference: number;
  /** Runs of methods, by index. */
  nemenyi_groups: number[][];
}

const WIDTH = 760;
const SIDE = 180;
const TOP = 58;
const LINE = 19;

/** Draws it. The best are at the left, names on both sides so that lines never cross. */
export function criticalDifference(names: readonly string[], c: Comparison): SVGElement {
  const k = names.length;
  const order = [...names.keys()].sort((a, b) => c.mean_ranks[a]! - c.mean_ranks[b]!);
  const at = (rank: number): number => SIDE + ((rank - 1) / Math.max(1, k - 1)) * (WIDTH - 2 * SIDE);
  const groups = c.nemenyi_groups.map((group) => group.map((i) => c.mean_ranks[i]!)).map((ranks) => [Math.min(...ranks), Math.max(...ranks)] as const).sort((a, b) => a[0] - b[0]);
  const below = TOP + 10 + 7 * groups.length;
  const left = Math.ceil(k / 2);
  const height = below + LINE * left + 14;
  const text = (x: number, y: number, words: string, anchor: string, kind = ""): SVGElement => {
    const element = svg("text", { x, y, "text-anchor": anchor, class: kind });
    element.textContent = words;
    return element;
  };
  const line = (points: string, kind: string): SVGElement => svg("polyline", { points, class: kind });
  const parts: SVGElement[] = [line(`${at(1)},${TOP} ${at(k)},${TOP}`, "axis")];
  for (let rank = 1; rank <= k; rank++) {
    parts.push(line(`${at(rank)},${TOP} ${at(rank)},${TOP - 6}`, "axis"), text(at(rank), TOP - 11, String(rank), "middle"));
  }
  // How far ranks must be apart, as long as it is.
  const end = Math.min(at(1) + (at(2) - at(1)) * c.critical_difference, WIDTH - 4);
  parts.push(line(`${at(1)},${12} ${at(1)},${20} ${end},${20} ${end},${12}`, "axis"), text((at(1) + end) / 2, 14, `CD = ${c.critical_difference.toFixed(2)}`, "middle", "quiet"));
  order.forEach((method, place) => {
    const x = at(c.mean_ranks[method]!);
    const isLeft = place < left;
    const y = below + LINE * (isLeft ? place : k - 1 - place) + 8;
    const edge = isLeft ? SIDE - 14 : WIDTH - SIDE + 14;
    parts.push(line(`${x},${TOP} ${x},${y} ${edge},${y}`, "stem"));
    parts.push(text(edge + (isLeft ? -5 : 5), y + 4, `${names[method]!.slice(0, 22)}  ${c.mean_ranks[method]!.toFixed(2)}`, isLeft ? "end" : "start"));
  });
  groups.forEach(([low, high], i) => parts.push(line(`${at(low) - 3},${TOP + 8 + 7 * i} ${at(high) + 3},${TOP + 8 + 7 * i}`, "bar")));
  const words = order.map((m) => `${names[m]} ${c.mean_ranks[m]!.toFixed(2)}`).join(", ");
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", class: "cd-picture", "aria-label": `Mean ranks, the best first: ${words}. Critical difference ${c.critical_difference.toFixed(2)}.` }, ...parts);
}
