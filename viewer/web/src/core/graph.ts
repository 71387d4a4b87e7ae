/** Neighbors: the edges at each node, in both directions. */

export type Direction = "both" | "out" | "in";

export class Graph {
  /** Edges out of `u`: places outOffsets[u] .. outOffsets[u + 1] of `outEdges`. */
  private readonly outOffsets: Uint32Array;
  private readonly outEdges: Uint32Array;
  private readonly inOffsets: Uint32Array;
  private readonly inEdges: Uint32Array;

  /** O(n + m) time and space. */
  constructor(readonly n: number, readonly edges: Uint32Array) {
    [this.outOffsets, this.outEdges] = sortEdges(n, edges, 0);
    [this.inOffsets, this.inEdges] = sortEdges(n, edges, 1);
  }

  degree(u: number, direction: Direction = "both"): number {
    let d = 0;
    if (direction !== "in") d += this.outOffsets[u + 1]! - this.outOffsets[u]!;
    if (direction !== "out") d += this.inOffsets[u + 1]! - this.inOffsets[u]!;
    return d;
  }

  /** Calls `visit` with each edge at `u` and the node at its other end. */
  forEach(u: number, direction: Direction, visit: (node: number, edge: number) => void): void {
    if (direction !== "in") {
      for (let k = this.outOffsets[u]!; k < this.outOffsets[u + 1]!; k++) visit(this.edges[2 * this.outEdges[k]! + 1]!, this.outEdges[k]!);
    }
    if (direction !== "out") {
      for (let k = this.inOffsets[u]!; k < this.inOffsets[u + 1]!; k++) visit(this.edges[2 * this.inEdges[k]!]!, this.inEdges[k]!);
    }
  }

  /** Nodes at most `hops` edges away, seeds included, and the edges walked. `seen` says what may be walked. */
  within(seeds: Iterable<number>, hops: number, direction: Direction, seen: (node: number, edge: number) => boolean = () => true): { nodes: Uint32Array; edges: Uint32Array } {
    const nodes = new Set<number>(seeds);
    const edges = new Set<number>();
    let front = [...nodes];
    for (let hop = 0; hop < hops && front.length > 0; hop++) {
      const next: number[] = [];
      for (const u of front) {
        this.forEach(u, direction, (v, e) => {
          if (!seen(v, e)) return;
          edges.add(e);
          if (!nodes.has(v)) {
            nodes.add(v);
            next.push(v);
          }
        });
      }
      front = next;
    }
    return { nodes: Uint32Array.from(nodes), edges: Uint32Array.from(edges) };
  }

  /** Edges with both ends in a set. */
  inside(nodes: ReadonlySet<number>): Uint32Array {
    const found: number[] = [];
    for (const u of nodes) this.forEach(u, "out", (v, e) => void (nodes.has(v) && found.push(e)));
    return Uint32Array.from(found);
  }
}

function sortEdges(n: number, edges: Uint32Array, end: 0 | 1): [Uint32Array, Uint32Array] {
  const offsets = new Uint32Array(n + 1);
  for (let i = end; i < edges.length; i += 2) offsets[edges[i]! + 1]!++;
  for (let u = 0; u < n; u++) offsets[u + 1]! += offsets[u]!;
  const next = offsets.slice();
  const sorted = new Uint32Array(edges.length / 2);
  for (let i = end; i < edges.length; i += 2) sorted[next[edges[i]!]!++] = i >> 1;
  return [offsets, sorted];
}
