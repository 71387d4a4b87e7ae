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

/** Least radius of nodes with an icon: in small graphs icons are seen at once, in large ones when one comes near. */
export function leastWithIcon(n: number): number {
  return n === 0 ? 0 : 8 * Math.min(1, Math.sqrt(150 / n));
}

/** Sizes with room for icons. */
export function withIcons(sizes: Float32Array, icons: Uint16Array): Float32Array {
  const least = leastWithIcon(sizes.length);
  return sizes.map((s, u) => (icons[u] ? Math.max(s, least) : s));
}

/** Least length of an arrow's head in CSS pixels, for so many edges. */
export function leastHead(m: number): number {
  return Math.max(4, 11 * Math.min(1, Math.sqrt(300 / Math.max(1, m))));
}

/** Side of the square that a node has to itself, pixels: `cell`, and up to twice that where few nodes are on so many pixels. */
export function roomOf(nodes: number, pixels: number, cell: number): number {
  return Math.min(2 * cell, Math.max(cell, 0.5 * Math.sqrt(pixels / Math.max(1, nodes))));
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
