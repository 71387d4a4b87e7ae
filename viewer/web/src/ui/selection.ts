/** What is selected: nodes, and edges. Clicks, boxes, keys and panels go through here. */

import type { Direction } from "../core/graph";
import { HIDDEN } from "../render/look";
import type { ViewEvents } from "../render/view";
import type { Viewer } from "./viewer";

const NONE = new Uint32Array(0);

export class Selection {
  constructor(private readonly viewer: Viewer) {
    viewer.view.on("click", (click) => this.onClick(click));
    viewer.view.on("doubleclick", ({ node, edge }) => {
      if (node !== undefined) this.neighbors(1, Uint32Array.of(node));
      else if (edge !== undefined) viewer.view.zoomTo(this.endsOf(Uint32Array.of(edge)));
      else viewer.view.fit();
    });
    viewer.view.on("region", ({ nodes, mode }) => {
      const { selection, edges } = viewer.state;
      if (mode === "replace") this.choose(nodes, NONE);
      else if (mode === "add") this.choose(union(selection, nodes), edges);
      else {
        const without = new Set(nodes);
        this.choose(selection.filter((u) => !without.has(u)), edges);
      }
    });
  }

  private onClick({ node, edge, add }: ViewEvents["click"]): void {
    const { selection, edges } = this.viewer.state;
    if (node !== undefined) this.choose(add ? toggled(selection, node) : Uint32Array.of(node), add ? edges : NONE);
    else if (edge !== undefined) this.choose(add ? selection : NONE, add ? toggled(edges, edge) : Uint32Array.of(edge));
    else if (!add) this.choose(NONE, NONE);
  }

  /** Selects nodes and edges, and nothing else. */
  choose(nodes: Uint32Array, edges: Uint32Array): void {
    const { state } = this.viewer;
    const [selection, chosen] = [nodes.slice().sort(), edges.slice().sort()];
    if (isSame(selection, state.selection) && isSame(chosen, state.edges)) return;
    // What stays keeps its array: by that the page sees what has changed.
    this.viewer.update({ selection: isSame(selection, state.selection) ? state.selection : selection, edges: isSame(chosen, state.edges) ? state.edges : chosen });
  }

  /** The nodes at the ends of edges. */
  endsOf(edges: Uint32Array): Uint32Array {
    const ends = this.viewer.scene!.edges;
    const nodes = new Set<number>();
    for (const e of edges) nodes.add(ends[2 * e]!).add(ends[2 * e + 1]!);
    return Uint32Array.from(nodes);
  }

  /** The selected nodes, and those at the ends of the selected edges. */
  get all(): Uint32Array {
    const { selection, edges } = this.viewer.state;
    return edges.length > 0 ? union(selection, this.endsOf(edges)) : selection;
  }

  /** Selects what is at most `hops` edges away. */
  neighbors(hops: number, seeds = this.all, direction: Direction = "both"): void {
    const { view } = this.viewer;
    const { edgeFlags } = view.renderer.data;
    this.choose(view.graph.within(seeds, hops, direction, (v, e) => !view.isHidden(v) && (edgeFlags[e]! & HIDDEN) === 0).nodes, NONE);
  }

  /** Selects all nodes that are seen and not selected. */
  invert(): void {
    const { state, scene, view } = this.viewer;
    const chosen = new Set(state.selection);
    const rest: number[] = [];
    for (let u = 0; u < scene!.n_nodes; u++) if (!chosen.has(u) && !view.isHidden(u)) rest.push(u);
    this.choose(Uint32Array.from(rest), NONE);
  }

  /** Hides the selected nodes, or all others; the ends of selected edges are not hidden with these. */
  hide(others: boolean): void {
    const { viewer } = this;
    const { state, scene } = viewer;
    const chosen = new Set(others ? this.all : state.selection);
    if (chosen.size === 0) {
      if (state.edges.length > 0) viewer.emit("message", { text: "an edge is hidden with its ends, or by a filter of edges", kind: "info" });
      return;
    }
    const hidden = new Set(state.hidden);
    for (let u = 0; u < scene!.n_nodes; u++) if (chosen.has(u) !== others) hidden.add(u);
    viewer.update({ hidden: Uint32Array.from(hidden).sort(), ...(others ? {} : { selection: NONE }) });
  }

  /** An edge in words: its ends. */
  nameOf(edge: number): string {
    const { scene } = this.viewer;
    return `${this.viewer.name(scene!.edges[2 * edge]!)} ${scene!.is_directed ? "→" : "–"} ${this.viewer.name(scene!.edges[2 * edge + 1]!)}`;
  }
}

const isSame = (a: Uint32Array, b: Uint32Array): boolean => a.length === b.length && a.every((u, i) => u === b[i]);

function toggled(list: Uint32Array, u: number): Uint32Array {
  const set = new Set(list);
  if (!set.delete(u)) set.add(u);
  return Uint32Array.from(set);
}

function union(a: Uint32Array, b: Uint32Array): Uint32Array {
  return Uint32Array.from(new Set([...a, ...b]));
}
