/** The part of the legend that lists collections: each can be switched off, and its members selected. */

import { toHex } from "../core/color";
import { count } from "../core/format";
import { isMember, type Collection } from "../core/collections";
import type { KeyPart } from "../core/key";
import { h } from "./dom";
import type { Viewer } from "./viewer";

/** The same for pictures: those that are shown. */
export function collectionsKey(viewer: Viewer): KeyPart | null {
  if (viewer.settings.show_collections === false) return null;
  const off = viewer.collectionsOff;
  const entries = viewer.collections.flatMap(({ id, name, nodeColor, edgeColor, members }) => {
    const color = nodeColor ?? edgeColor;
    if (!members || !color || off.has(id)) return [];
    return [{ name, color: toHex(color), count: nodeColor || members.n_nodes > 0 ? members.n_nodes : members.n_edges, isRest: false }];
  });
  return entries.length > 0 ? { table: "nodes", channel: "collections", column: "Collections", words: "", kind: "categories", ticks: [], entries, more: 0, missing: 0 } : null;
}

export function collectionsPart(viewer: Viewer): HTMLElement | null {
  const { collections, settings } = viewer;
  if (collections.length === 0 || settings.show_collections === false) return null;
  const off = viewer.collectionsOff;
  return h("div", { class: "legend-part", role: "group", "aria-label": "Collections" }, h("h3", {}, "Collections"),
    h("ul", {}, ...collections.map((c) => h("li", { class: "collection" }, row(viewer, c, !off.has(c.id))))));
}

function row(viewer: Viewer, c: Collection, isOn: boolean): HTMLElement {
  const color = c.nodeColor ?? c.edgeColor;
  const box = h("input", { type: "checkbox", checked: isOn && c.members !== null, disabled: c.members === null, "aria-label": `Color ${c.name}`, onchange: () => viewer.showCollection(c.id, box.checked) });
  const dot = h("span", { class: c.nodeColor ? "dot" : "dot line" });
  if (color) dot.style.background = toHex(color);
  if (!c.members) return h("div", { class: "collection-row bad", title: c.error }, box, dot, h("span", { class: "name" }, c.name), h("span", { class: "error" }, "!"));
  const { nodes, n_nodes, n_edges } = c.members;
  const what = c.nodeColor || n_nodes > 0 ? n_nodes : n_edges;
  const pick = (): void => {
    const found: number[] = [];
    for (let u = 0; u < viewer.scene!.n_nodes; u++) if (isMember(nodes, u) && !viewer.view.isHidden(u)) found.push(u);
    viewer.select(Uint32Array.from(found));
  };
  const title = `${c.description || c.name}: ${count(n_nodes)} nodes, ${count(n_edges)} edges. Click to select.`;
  return h("div", { class: isOn ? "collection-row" : "collection-row off" }, box, h("button", { type: "button", title, onclick: pick }, dot, h("span", { class: "name" }, c.name), h("span", { class: "number" }, count(what))));
}
