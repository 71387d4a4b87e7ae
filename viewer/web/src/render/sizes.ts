/** Colors and sizes of nodes that have none of their own, and the order in which nodes are drawn. */

import type { Scene } from "../core/scene";

/** Sky blue, the first of the palette. */
export function plainColors(n: number): Uint8Array {
  const colors = new Uint8Array(4 * n);
  new Uint32Array(colors.buffer).fill(0xffe9b456);
  return colors;
}

/** Radii that grow with the square root of the degree. */
export function sizesByDegree(scene: Scene): Float32Array {
  const degree = new Uint32Array(scene.n_nodes);
  for (const u of scene.edges) degree[u] = degree[u]! + 1;
  let most = 1;
  for (const d of degree) if (d > most) most = d;
  return Float32Array.from(degree, (d) => 2.2 + 11 * Math.sqrt(d / most));
}

/** Rows by size, the smallest first. */
export function orderBySize(sizes: Float32Array): Uint32Array {
  const n = sizes.length;
  // Sizes are few enough pixels that 4096 classes order them well: one counting sort.
  let most = 0;
  for (const s of sizes) if (s > most && s < Infinity) most = s;
  const classes = 4096;
  const to = most > 0 ? (classes - 1) / most : 0;
  const start = new Uint32Array(classes + 1);
  const of = (s: number): number => Math.min(classes - 1, Math.max(0, Math.floor(s * to) || 0));
  for (const s of sizes) start[of(s) + 1]!++;
  for (let c = 0; c < classes; c++) start[c + 1]! += start[c]!;
  const order = new Uint32Array(n);
  for (let u = 0; u < n; u++) order[start[of(sizes[u]!)]!++] = u;
  return order;
}
