/** Walks over nodes and edges by keys, and tells in words where one is. */

import { plural } from "../core/format";
import { HIDDEN } from "../render/look";
import type { Viewer } from "./viewer";

export class Walk {
  private cursor = -1;
  private neighborCursor = -1;
  /** Of which node edges are gone through, and which of them was the last. */
  private edgesOf: number | undefined;
  private edgeCursor = -1;

  constructor(private readonly viewer: Viewer, private readonly say: (words: string) => void) {
    viewer.on("open", () => {
      this.cursor = -1;
      this.edgesOf = undefined;
    });
  }

  /** The next node by importance that is seen. */
  node(by: number): void {
    const { view } = this.viewer;
    const order = view.order;
    if (order.length === 0) return;
    for (let tries = 0; tries < order.length; tries++) {
      this.cursor = (this.cursor + by + order.length) % order.length;
      if (!view.isHidden(order[this.cursor]!)) break;
    }
    this.neighborCursor = -1;
    this.tell(order[this.cursor]!, `${this.cursor + 1} of ${order.length}`);
  }

  neighbor(by: number): void {
    const { view, state } = this.viewer;
    const from = state.selection[0] ?? view.pointed.node;
    if (from === undefined) return;
    const near: number[] = [];
    view.graph.forEach(from, "both", (v) => void (!view.isHidden(v) && v !== from && near.push(v)));
    if (near.length === 0) return;
    this.neighborCursor = (this.neighborCursor + by + near.length) % near.length;
    this.tell(near[this.neighborCursor]!, `neighbor ${this.neighborCursor + 1} of ${near.length}`);
  }

  /** The next edge of the node that was selected or pointed at last. */
  edge(by: number): void {
    const { viewer } = this;
    const { view, state, scene } = viewer;
    if (!scene) return;
    const from = state.selection[0] ?? view.pointed.node ?? this.edgesOf ?? scene.edges[2 * (state.edges[0] ?? view.pointed.edge ?? -1)];
    if (from === undefined) return;
    // An edge from a node to itself is there once.
    const edges = new Set<number>();
    view.graph.forEach(from, "both", (v, e) => void (!view.isHidden(v) && (view.renderer.data.edgeFlags[e]! & HIDDEN) === 0 && edges.add(e)));
    if (edges.size === 0) return;
    this.edgeCursor = this.edgesOf === from ? (this.edgeCursor + by + edges.size) % edges.size : by > 0 ? 0 : edges.size - 1;
    this.edgesOf = from;
    const edge = [...edges][this.edgeCursor]!;
    view.point({ edge });
    this.inSight(Array.from(scene.edges.subarray(2 * edge, 2 * edge + 2)));
    this.say(`${viewer.selection.nameOf(edge)}, edge ${this.edgeCursor + 1} of ${edges.size}`);
  }

  private tell(u: number, where: string): void {
    const { view } = this.viewer;
    view.point({ node: u });
    this.edgesOf = undefined;
    this.inSight([u]);
    this.say(`${this.viewer.name(u)}, ${plural(view.graph.degree(u), "edge")}, ${where}`);
  }

  private inSight(nodes: number[]): void {
    const { view } = this.viewer;
    const { camera } = view;
    const isOut = (u: number): boolean => {
      const [x, y] = [camera.toScreenX(view.x(u)), camera.toScreenY(view.y(u))];
      return x < 60 || y < 20 || x > camera.width - 20 || y > camera.height - 20;
    };
    if (nodes.some(isOut)) view.zoomTo(nodes);
  }
}
