/**
 * What all filters leave of one table: conditions of both, and nodes hidden by hand.
 *
 * The server computes it. Pages without one, and tests, do so by `leftBy`.
 */

import { conjunction } from "./masks";
import type { Filter, Table } from "./types";

/** What the other table, and the hand, have to say of the rows of a table. */
export interface Across {
  /** Only nodes that this is true of, and edges both of whose ends it is true of. */
  nodes?: string;
  /** With `prune`: which edges count. */
  edges?: string;
  /** Nodes that are left out, and their edges: numbers and ranges. */
  hidden?: string;
  /** Of nodes: whether those without an edge that is left are left out. */
  prune?: boolean;
}

export type Conditions = Across & { filter?: string };

/** What filters, but for `except`, and the hand leave of a table; null if they leave all. */
export function conditions(filters: readonly Filter[], table: Table, except: string, byHand: Uint32Array, prune: boolean): Conditions | null {
  const [nodes, edges] = (["nodes", "edges"] as const).map((of) => conjunction(filters, of, except));
  const hidden = byHand.length > 0 ? ranges(byHand) : undefined;
  let all: { [K in keyof Conditions]: Conditions[K] | undefined };
  if (table === "edges") all = { filter: edges, nodes, hidden };
  else if (prune) all = { nodes, edges, hidden, prune };
  else all = { filter: nodes, hidden };
  const said = Object.entries(all).filter(([, value]) => value !== undefined);
  return said.length > 0 ? (Object.fromEntries(said) as Conditions) : null;
}

/** Numbers of rows as ranges: `3,7-9`. */
export function ranges(rows: Uint32Array): string {
  const sorted = rows.slice().sort();
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (j + 1 < sorted.length && sorted[j + 1]! <= sorted[j]! + 1) j++;
    parts.push(sorted[i] === sorted[j] ? String(sorted[i]) : `${sorted[i]}-${sorted[j]}`);
    i = j + 1;
  }
  return parts.join(",");
}

/** Whether a row of a table is left. `ends` are those of all edges, of `n` nodes; `rows` finds rows by an expression. */
export function leftBy(across: Across, table: Table, n: number, ends: Uint32Array, rows: (of: Table, expression: string) => Iterable<number>): (row: number) => boolean {
  const seen = new Uint8Array(n).fill(across.nodes ? 0 : 1);
  if (across.nodes) for (const u of rows("nodes", across.nodes)) seen[u] = 1;
  for (const part of (across.hidden ?? "").split(",").filter((p) => p !== "")) {
    const [low, high = low] = part.split("-").map(Number);
    seen.fill(0, low, high! + 1);
  }
  const isWhole = (e: number): boolean => seen[ends[2 * e]!] === 1 && seen[ends[2 * e + 1]!] === 1;
  if (table === "edges") return isWhole;
  if (!across.prune) return (u) => seen[u] === 1;
  const touched = new Uint8Array(n);
  const counted = across.edges ? rows("edges", across.edges) : new Uint32Array(ends.length / 2).map((_, e) => e);
  for (const e of counted) if (isWhole(e)) touched[ends[2 * e]!] = touched[ends[2 * e + 1]!] = 1;
  return (u) => touched[u] === 1;
}
