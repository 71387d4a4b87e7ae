/** Filters as masks: which nodes and edges are hidden. */

import type { Mask, Source } from "./source";
import type { Filter, Table } from "./types";

export interface Hidden {
  nodes: Uint8Array | null;
  edges: Uint8Array | null;
  n_nodes: number;
  n_edges: number;
  /** What went wrong, by filter. */
  errors: Map<string, string>;
}

/** Masks of expressions, the last few kept. */
export class Masks {
  private readonly kept = new Map<string, Promise<Mask>>();

  constructor(private readonly source: Source) {}

  private mask(table: Table, expression: string): Promise<Mask> {
    const key = `${table} ${expression}`;
    let mask = this.kept.get(key);
    if (mask) this.kept.delete(key); // to the end of the order
    else mask = this.source.mask(table, expression);
    this.kept.set(key, mask);
    mask.catch(() => this.kept.delete(key));
    if (this.kept.size > 48) this.kept.delete(this.kept.keys().next().value!);
    return mask;
  }

  /**
   * Applies filters and what is hidden by hand. An edge without one of its ends is not counted either; with
   * `prune` nodes without an edge are hidden too. A filter that fails hides nothing, and is named in `errors`.
   */
  async hidden(filters: readonly Filter[], byHand: Uint32Array, edges: Uint32Array, n: number, prune: boolean): Promise<Hidden> {
    const m = edges.length / 2;
    const errors = new Map<string, string>();
    const active = filters.filter((f) => f.enabled && f.expression.trim() !== "");
    const masks = await Promise.all(
      active.map((f) =>
        this.mask(f.table, f.expression).catch((error: Error) => {
          errors.set(f.id, error.message);
          return null;
        }),
      ),
    );
    let nodes: Uint8Array | null = byHand.length > 0 || prune ? new Uint8Array(n) : null;
    let hiddenEdges: Uint8Array | null = null;
    active.forEach((filter, i) => {
      const mask = masks[i];
      if (!mask) return;
      const rows = filter.table === "nodes" ? n : m;
      const hidden = filter.table === "nodes" ? (nodes ??= new Uint8Array(n)) : (hiddenEdges ??= new Uint8Array(m));
      if (mask.bits.length < Math.ceil(rows / 8)) {
        errors.set(filter.id, `the server's mask has ${mask.bits.length} bytes for ${rows} rows`);
        return;
      }
      const hide = filter.exclude ? 1 : 0;
      for (let r = 0; r < rows; r++) if (((mask.bits[r >> 3]! >> (r & 7)) & 1) === hide) hidden[r] = 1;
    });
    for (const u of byHand) if (u < n) nodes![u] = 1;
    const h = nodes as Uint8Array | null;
    const he = hiddenEdges as Uint8Array | null;
    let n_edges = 0;
    const touched = prune ? new Uint8Array(n) : null;
    for (let e = 0; e < m; e++) {
      const [s, t] = [edges[2 * e]!, edges[2 * e + 1]!];
      if (he?.[e] || h?.[s] || h?.[t]) continue;
      n_edges++;
      if (touched) touched[s] = touched[t] = 1;
    }
    let n_nodes = n;
    if (h) {
      n_nodes = 0;
      for (let u = 0; u < n; u++) {
        if (touched && !touched[u]) h[u] = 1;
        if (!h[u]) n_nodes++;
      }
    }
    return { nodes: h, edges: he, n_nodes, n_edges, errors };
  }
}

/** What all filters of a table say together, or undefined. Rows of which an exclusion is unknown stay. */
export function conjunction(filters: readonly Filter[], table: Table, except: string): string | undefined {
  const parts = filters
    .filter((f) => f.enabled && f.table === table && f.id !== except && f.expression.trim() !== "")
    .map((f) => (f.exclude ? `(${f.expression}) IS NOT TRUE` : `(${f.expression})`));
  return parts.length > 0 ? parts.join(" AND ") : undefined;
}
