/** The menu of files that a graph can be saved as. */

import { button, h, iconButton } from "./dom";
import { saveHtml, savePng, saveSvg, saveTable } from "./export";
import type { Viewer } from "./viewer";

export function exportMenu(viewer: Viewer): HTMLElement {
  const list = h("div", { class: "menu", role: "menu", hidden: true });
  const open = iconButton("export", "Export", () => {
    list.hidden = !list.hidden;
    open.setAttribute("aria-expanded", String(!list.hidden));
    if (!list.hidden) list.querySelector<HTMLElement>("button:not([hidden])")?.focus();
  }, { "aria-haspopup": "menu", "aria-expanded": "false" });
  const close = (): void => {
    list.hidden = true;
    open.setAttribute("aria-expanded", "false");
  };
  const item = (label: string, what: () => void | Promise<void>, live = false): HTMLElement =>
    button(label, () => {
      close();
      void (async () => {
        try {
          await what();
        } catch (error) {
          viewer.fail(label, error);
        }
      })();
    }, { role: "menuitem", ...(live ? { "data-live": "" } : {}) });
  list.append(
    item("Picture, PNG", () => savePng(viewer, Math.min(2, devicePixelRatio || 1))), item("Picture, PNG, 4 times as fine", () => savePng(viewer, 4)), item("Drawing, SVG", () => saveSvg(viewer)),
    item("Page that works offline, HTML", () => saveHtml(viewer)), h("hr", {}),
    item("Nodes, CSV", () => saveTable(viewer, "nodes", "csv")), item("Edges, CSV", () => saveTable(viewer, "edges", "csv")),
    item("Nodes, Arrow", () => saveTable(viewer, "nodes", "arrow"), true), item("Edges, Arrow", () => saveTable(viewer, "edges", "arrow"), true),
    item("Nodes, Parquet", () => saveTable(viewer, "nodes", "parquet"), true), item("Edges, Parquet", () => saveTable(viewer, "edges", "parquet"), true),
  );
  viewer.on("open", () => {
    for (const b of list.querySelectorAll<HTMLElement>("[data-live]")) b.hidden = !viewer.source?.isLive;
  });
  const box = h("div", { class: "drop-down", onkeydown: (event: KeyboardEvent) => {
    const items = [...list.querySelectorAll<HTMLElement>("button:not([hidden])")];
    const root = box.getRootNode() as Document | ShadowRoot;
    const at = items.indexOf(root.activeElement as HTMLElement);
    if (event.key === "Escape") {
      close();
      open.focus();
    } else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items[(at + items.length - 1) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, onfocusout: (event: FocusEvent) => {
    if (!box.contains(event.relatedTarget as Node | null)) close();
  } }, open, list);
  return box;
}
