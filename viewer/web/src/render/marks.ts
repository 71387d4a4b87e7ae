/** What is said of single nodes and edges: hidden, selected, pinned, pointed at, and what is lit with these. */

import type { Graph } from "../core/graph";
import type { GraphData } from "./data";
import { HIDDEN, NEAR, PINNED, SELECTED } from "./look";
import type { Hit, View } from "./view";

/** Selected nodes that are named before others. */
const MOST_NAMED = 40;
/** Edges that are lit at most. */
const MOST_LIT = 60_000;

export class Marks {
  selected: Uint32Array = new Uint32Array(0);
  selectedEdges: Uint32Array = new Uint32Array(0);
  /** The largest of the selected nodes and of the ends of selected edges. */
  named: readonly number[] = [];
  /** What is lit with what is pointed at or selected. */
  near: readonly number[] = [];
  hit: Hit = {};

  constructor(private readonly view: View, private readonly data: GraphData) {}

  /** Another graph is shown, of which nothing is said yet. */
  forget(): void {
    this.selected = this.selectedEdges = new Uint32Array(0);
    this.named = [];
    this.near = [];
    this.hit = {};
  }

  isHidden(u: number): boolean {
    return (this.data.nodeFlags[u]! & HIDDEN) !== 0;
  }

  /** Hides nodes and edges; null shows all. */
  hide(nodes: Uint8Array | null, edges: Uint8Array | null): void {
    const set = (flags: Uint8Array, hidden: Uint8Array | null): void => {
      for (let i = 0; i < flags.length; i++) flags[i] = (flags[i]! & ~HIDDEN) | (hidden?.[i] ? HIDDEN : 0);
    };
    set(this.data.nodeFlags, nodes);
    set(this.data.edgeFlags, edges);
    this.data.flagsChanged(true);
    this.view.changed();
  }

  select(nodes: Uint32Array, edges: Uint32Array): void {
    const flags = this.data.nodeFlags;
    for (const u of this.selected) flags[u] = flags[u]! & ~SELECTED;
    this.selected = nodes;
    this.selectedEdges = edges;
    // Of very many it does not matter which.
    const all = new Set(nodes.subarray(0, 20_000));
    for (const e of edges.subarray(0, 10_000)) all.add(this.view.scene!.edges[2 * e]!).add(this.view.scene!.edges[2 * e + 1]!);
    this.named = [...all].sort((a, b) => this.data.sizeOf(b) - this.data.sizeOf(a)).slice(0, MOST_NAMED);
    for (const u of nodes) flags[u] = flags[u]! | SELECTED;
    this.light();
  }

  pin(nodes: readonly number[]): void {
    const flags = this.data.nodeFlags;
    for (let u = 0; u < flags.length; u++) flags[u] = flags[u]! & ~PINNED;
    for (const u of nodes) if (u < flags.length) flags[u] = flags[u]! | PINNED;
    this.view.changed(false);
  }

  point(hit: Hit): void {
    if (hit.node === this.hit.node && hit.edge === this.hit.edge) return;
    this.hit = hit;
    this.light();
  }

  /** Lights what is pointed at or selected, and its neighbors. */
  private light(): void {
    const { scene, highlight, highlightHops } = this.view;
    if (!scene) return;
    const flags = this.data.nodeFlags;
    for (const u of this.near) flags[u] = flags[u]! & ~NEAR;
    const near: number[] = [];
    this.near = near;
    let edges: Uint32Array = new Uint32Array(0);
    const mark = (u: number): void => {
      if ((flags[u]! & NEAR) === 0) {
        flags[u] = flags[u]! | NEAR;
        near.push(u);
      }
    };
    const seen = (v: number, e: number): boolean => !this.isHidden(v) && (this.data.edgeFlags[e]! & HIDDEN) === 0;
    const { node, edge } = this.hit;
    if (edge !== undefined) {
      mark(scene.edges[2 * edge]!);
      mark(scene.edges[2 * edge + 1]!);
      edges = Uint32Array.of(edge);
    } else if (highlight !== "none") {
      const seeds = node !== undefined ? [node] : this.selected;
      const direction = highlight === "incoming" ? "in" : highlight === "outgoing" ? "out" : "both";
      if (seeds.length > 0 && seeds.length <= 3000) {
        if (highlight === "node") for (const u of seeds) mark(u);
        else {
          const graph: Graph = this.view.graph;
          const found = graph.within(seeds, node !== undefined ? highlightHops : Math.min(1, highlightHops), direction, seen);
          for (const u of found.nodes) mark(u);
          edges = found.edges.length > MOST_LIT ? found.edges.subarray(0, MOST_LIT) : found.edges;
        }
      }
    }
    // Selected edges are lit whatever is pointed at.
    const chosen = this.selectedEdges.length > MOST_LIT ? this.selectedEdges.subarray(0, MOST_LIT) : this.selectedEdges;
    for (const e of chosen) {
      mark(scene.edges[2 * e]!);
      mark(scene.edges[2 * e + 1]!);
    }
    if (chosen.length > 0) {
      const all = new Uint32Array(chosen.length + edges.length);
      all.set(chosen);
      all.set(edges, chosen.length);
      edges = all;
    }
    this.data.setHighlight(edges, chosen.length);
    this.data.flagsChanged(false);
    this.view.changed(false);
  }

  /** How strongly what is neither selected nor near is drawn. */
  dim(): number {
    const { node, edge } = this.hit;
    if (node !== undefined || edge !== undefined) return this.view.highlight === "none" && edge === undefined ? 1 : 0.2;
    return this.selected.length > 0 || this.selectedEdges.length > 0 ? 0.3 : 1;
  }
}
