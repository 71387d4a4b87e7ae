/** What is pointed at, in words. */

import { plural } from "../core/format";
import { h } from "./dom";
import type { Viewer } from "./viewer";

/** Milliseconds that a pointer rests before attributes are asked for. */
const DWELL = 220;
const MOST = 12;

export function hoverCard(viewer: Viewer): HTMLElement {
  const element = h("div", { class: "hover-card", hidden: true, "aria-hidden": "true" });
  let key = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const kept = new Map<string, [string, string][]>();
  viewer.on("open", () => kept.clear());
  viewer.on("dates", () => kept.clear());
  viewer.on("legend", () => kept.clear());
  const hide = (): void => {
    key = "";
    clearTimeout(timer);
    element.hidden = true;
  };
  // Whoever draws a lasso, drags or clicks wants to see the picture.
  viewer.view.canvas.addEventListener("pointerdown", hide);
  viewer.on("hover", ({ node, edge, x, y }) => {
    const now = node !== undefined ? `n${node}` : edge !== undefined ? `e${edge}` : "";
    if (now === "" || viewer.settings.show_card_on_hover === false) {
      hide();
      return;
    }
    const { width, height } = viewer.view.camera;
    element.style.left = `${Math.min(x + 16, width - 280)}px`;
    element.style.top = `${Math.min(y + 14, height - 40 - Math.min(260, element.offsetHeight))}px`;
    if (now === key) return;
    key = now;
    clearTimeout(timer);
    const title = node !== undefined ? viewer.name(node) : viewer.selection.nameOf(edge!);
    const below = node !== undefined ? plural(viewer.view.graph.degree(node), "edge") : "edge";
    const write = (facts: [string, string][]): void => {
      element.replaceChildren(h("strong", {}, title), h("span", { class: "quiet" }, below),
        h("dl", { class: "facts" }, ...facts.slice(0, MOST).flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v.length > 120 ? `${v.slice(0, 119)}…` : v)])));
      element.hidden = false;
    };
    write(kept.get(now) ?? []);
    if (kept.has(now)) return;
    timer = setTimeout(() => {
      const row = node ?? edge!;
      viewer.source?.rows({ table: node !== undefined ? "nodes" : "edges", index: [row], ...viewer.left.withMeasures(node !== undefined ? "nodes" : "edges") }).then(
        (rows) => {
          const facts = rows.columns.map((c, i): [string, string] => [c, viewer.dates.text(node !== undefined ? "nodes" : "edges", c, rows.rows[0]?.[i])]).filter(([, v]) => v !== "" && v !== title);
          if (kept.size > 500) kept.clear();
          kept.set(now, facts);
          if (key === now) write(facts);
        },
        (error: Error) => key === now && write([["error", error.message]]),
      );
    }, DWELL);
  });
  return element;
}
