/** Collections: sets of nodes and edges that queries find, and what is in several of them, each with colors of its own. */

import { parseColor, type Rgb } from "./color";
import type { Scene } from "./scene";

/** What an address, or the settings of a graph, say of a collection. */
export interface CollectionSpec {
  id: string;
  name: string;
  description: string;
  nodeColor: Rgb | null;
  edgeColor: Rgb | null;
  /** A query in GFQL; of intersections null. */
  query: unknown;
  /** Ids of the collections that this is the intersection of. */
  sets: string[];
}

/** What is in a collection: a bit a row, the least significant first. */
export interface Members {
  nodes: Uint8Array;
  edges: Uint8Array;
  n_nodes: number;
  n_edges: number;
}

export interface Collection extends CollectionSpec {
  members: Members | null;
  /** Why there are none. */
  error: string;
}

/** Colors of collections that name none, in this order. */
const PALETTE: readonly Rgb[] = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2"].map((c) => parseColor(c)!);

/** Most collections of an address: each is a query. */
const MOST = 30;

/** Reads what PyGraphistry puts into `collections`; what is none is as if it were not there. */
export function readCollections(value: unknown): CollectionSpec[] {
  if (!Array.isArray(value)) return [];
  const specs: CollectionSpec[] = [];
  for (const one of value.slice(0, MOST) as unknown[]) {
    if (typeof one !== "object" || one === null) continue;
    const o = one as Record<string, unknown>;
    const expr = (typeof o.expr === "object" && o.expr !== null ? o.expr : {}) as Record<string, unknown>;
    const text = (v: unknown): string => (typeof v === "string" || typeof v === "number" ? String(v) : "");
    const sets = Array.isArray(expr.sets) ? expr.sets.map(text) : [];
    const query = expr.gfql ?? (Array.isArray(o.expr) ? o.expr : null);
    if (o.type === "intersection" ? sets.length === 0 : query === null) continue;
    const id = text(o.id) || `collection ${specs.length + 1}`;
    const color = (v: unknown): Rgb | null => (typeof v === "string" ? parseColor(v) : null);
    const nodeColor = color(o.node_color);
    const edgeColor = color(o.edge_color);
    specs.push({
      id, name: text(o.name) || id, description: text(o.description),
      nodeColor: nodeColor ?? (edgeColor ? null : PALETTE[specs.length % PALETTE.length]!), edgeColor,
      query: o.type === "intersection" ? null : query, sets: o.type === "intersection" ? sets : [],
    });
  }
  return specs;
}

/** Asks for the members of each set, and makes the intersections of them. One that fails says why, and harms no other. */
export async function resolveCollections(specs: readonly CollectionSpec[], ask: (query: unknown) => Promise<Members>): Promise<Collection[]> {
  const found = await Promise.all(specs.map(async (spec): Promise<Collection> => {
    if (spec.query === null) return { ...spec, members: null, error: "" };
    try {
      return { ...spec, members: await ask(spec.query), error: "" };
    } catch (error) {
      return { ...spec, members: null, error: (error as Error).message };
    }
  }));
  const byId = new Map(found.map((c) => [c.id, c]));
  for (const c of found) {
    if (c.query !== null) continue;
    const parts = c.sets.map((id) => byId.get(id));
    const missing = c.sets.find((id) => !byId.get(id)?.members);
    if (missing !== undefined) c.error = byId.has(missing) ? `${missing} has no members that are known` : `there is no collection ${missing}`;
    else c.members = parts.map((p) => p!.members!).reduce(both);
  }
  return found;
}

function both(a: Members, b: Members): Members {
  const and = (x: Uint8Array, y: Uint8Array): Uint8Array => x.map((byte, i) => byte & (y[i] ?? 0));
  const nodes = and(a.nodes, b.nodes);
  const edges = and(a.edges, b.edges);
  return { nodes, edges, n_nodes: bits(nodes), n_edges: bits(edges) };
}

function bits(bytes: Uint8Array): number {
  let n = 0;
  for (let b of bytes) for (; b; b &= b - 1) n++;
  return n;
}

export const isMember = (mask: Uint8Array, row: number): boolean => ((mask[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;

/** What nodes have that are in no collection of a graph without colors of its own. */
const REST: Rgb = [0.42, 0.45, 0.5];

/**
 * Colors of nodes, [n, 4], and, where an edge has one of its own, of edges, [m, 4]. Of several collections that something is
 * in, the first counts. `node` and `edge` are colors of all that is in none.
 */
export function paint(
  scene: Pick<Scene, "n_nodes" | "n_edges" | "edges" | "node_color" | "edge_color">,
  shown: readonly Collection[],
  node: Rgb | null,
  edge: Rgb | null,
): { node_color: Uint8Array; edge_color?: Uint8Array } {
  const byte = (c: Rgb): [number, number, number] => [Math.round(255 * c[0]), Math.round(255 * c[1]), Math.round(255 * c[2])];
  const node_color = new Uint8Array(4 * scene.n_nodes);
  const sets = shown.filter((c) => c.members !== null);
  const fill = (into: Uint8Array, i: number, c: readonly [number, number, number], alpha: number): void => {
    into[4 * i] = c[0];
    into[4 * i + 1] = c[1];
    into[4 * i + 2] = c[2];
    into[4 * i + 3] = alpha;
  };
  const nodeSets = sets.filter((c) => c.nodeColor).map((c) => ({ mask: c.members!.nodes, color: byte(c.nodeColor!) }));
  const ground = node ? byte(node) : scene.node_color ? null : byte(REST);
  for (let u = 0; u < scene.n_nodes; u++) {
    const alpha = scene.node_color?.[4 * u + 3] ?? 255;
    const own = nodeSets.find((s) => isMember(s.mask, u))?.color ?? ground;
    if (own) fill(node_color, u, own, alpha);
    else node_color.set(scene.node_color!.subarray(4 * u, 4 * u + 4), 4 * u);
  }
  const edgeSets = sets.filter((c) => c.edgeColor).map((c) => ({ mask: c.members!.edges, color: byte(c.edgeColor!) }));
  if (edgeSets.length === 0 && !edge) return scene.edge_color ? { node_color, edge_color: scene.edge_color } : { node_color };
  const edge_color = new Uint8Array(4 * scene.n_edges);
  const rest = edge ? byte(edge) : null;
  for (let e = 0; e < scene.n_edges; e++) {
    const alpha = scene.edge_color?.[4 * e + 3] ?? 255;
    const own = edgeSets.find((s) => isMember(s.mask, e))?.color ?? rest;
    if (own) fill(edge_color, e, own, alpha);
    else if (scene.edge_color) edge_color.set(scene.edge_color.subarray(4 * e, 4 * e + 4), 4 * e);
    else {
      // As edges without colors look: between those of their ends.
      const [s, t] = [4 * scene.edges[2 * e]!, 4 * scene.edges[2 * e + 1]!];
      fill(edge_color, e, [0, 1, 2].map((k) => (node_color[s + k]! + node_color[t + k]!) >> 1) as [number, number, number], 255);
    }
  }
  return { node_color, edge_color };
}
