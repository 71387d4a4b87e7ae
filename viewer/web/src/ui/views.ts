/** The panel of saved views: what is seen now is kept under a name, and shown again. */

import { ServerSource } from "../core/source";
import { BrowserViews, type KeptView, ServerViews, type ViewStore } from "../core/views";
import { button, field, h, iconButton } from "./dom";
import { base64, fileName, save } from "./export";
import type { Viewer } from "./viewer";

export interface ViewActions {
  /** Whether addresses are ours to make. */
  hasAddress: boolean;
  copyLink(frame: boolean): void;
  /** Copies an address that shows a view which the server keeps. */
  copyView(id: string): void;
}

/** Pixels of a picture's longer side, and the largest graph of which one is made. */
const SIDE = 300;
const MOST_EDGES = 2_000_000;

export function viewsPanel(viewer: Viewer, actions: ViewActions): HTMLElement {
  const list = h("ul", { class: "views", "aria-label": "Saved views" });
  const name = h("input", { type: "text", placeholder: "Name of the view", maxLength: 200 });
  const note = h("p", { class: "quiet" });
  let stores: ViewStore[] = [];
  let run = 0;

  const attempt = async (what: string, f: () => Promise<void>): Promise<void> => {
    try {
      await f();
    } catch (error) {
      viewer.fail(what, error);
    }
    await fill();
  };
  const fill = async (): Promise<void> => {
    const mine = ++run;
    const found: { store: ViewStore; view: KeptView; mayWrite: boolean }[] = [];
    let where: ViewStore | null = null;
    for (const store of stores) {
      try {
        const { views, mayWrite } = await store.list();
        if (mayWrite) where ??= store;
        found.push(...views.map((view) => ({ store, view, mayWrite })));
      } catch (error) {
        // A server that keeps no views leaves those of the browser.
        if (!store.isShared) viewer.fail("saved views", error);
      }
    }
    if (mine !== run) return;
    target = where;
    note.textContent = where?.isShared ? "Views are kept with the graph, for all who see it." : "Views are kept in this browser.";
    list.replaceChildren(...found.map(({ store, view, mayWrite }) => row(store, view, mayWrite)));
    if (found.length === 0) list.replaceChildren(h("li", { class: "quiet" }, "No views are saved yet."));
  };
  let target: ViewStore | null = null;

  const row = (store: ViewStore, view: KeptView, mayWrite: boolean): HTMLElement => {
    const words = view.name || "View";
    const open = h("button", { type: "button", class: "view-open", title: `Show ${words}`, onclick: () => viewer.restore(view.view) },
      view.picture ? h("img", { src: view.picture, alt: "", loading: "lazy" }) : h("span", { class: "no-picture", "aria-hidden": "true" }),
      h("span", { class: "clip" }, words), store.isShared ? null : h("span", { class: "tag plain" }, "this browser"));
    const tools = h("span", { class: "view-tools" },
      ...(store.isShared && actions.hasAddress ? [iconButton("share", `Copy a link to ${words}`, () => actions.copyView(view.id))] : []),
      ...(mayWrite ? [
        iconButton("edit", `Rename ${words}`, () => rename(store, view, element)),
        iconButton("trash", `Delete view ${words}`, () => void attempt("deleting the view", () => store.remove(view.id))),
      ] : []));
    const element = h("li", {}, open, tools);
    return element;
  };
  const rename = (store: ViewStore, view: KeptView, element: HTMLElement): void => {
    const input = h("input", { type: "text", value: view.name, maxLength: 200, "aria-label": "New name" });
    let done = false;
    const end = (keep: boolean): void => {
      if (done) return;
      done = true;
      const words = input.value.trim();
      if (keep && words && words !== view.name) void attempt("renaming the view", () => store.rename(view.id, words));
      else void fill();
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true);
      else if (event.key === "Escape") end(false);
    });
    input.addEventListener("blur", () => end(true));
    element.replaceChildren(input);
    input.select();
  };
  const keep = (): void => {
    const to = target;
    if (!to) return;
    void attempt("saving the view", async () => {
      const words = name.value.trim() || `View ${list.querySelectorAll(".view-open").length + 1}`;
      await to.save(words, viewer.saved(), await thumbnail(viewer));
      name.value = "";
      viewer.emit("announce", `view ${words} is saved`);
    });
  };
  name.addEventListener("keydown", (event) => event.key === "Enter" && keep());
  viewer.on("open", () => {
    const { source } = viewer;
    const local = new BrowserViews(viewer.dataset?.id || viewer.scene?.title || "");
    stores = source instanceof ServerSource ? [new ServerViews(source), local] : [local];
    void fill();
  });
  return h("div", { class: "panel-body" }, h("div", { class: "stack" }, field("Keep what is seen now", name),
    h("div", { class: "row" }, button("Save", keep, { class: "primary" }),
      ...(actions.hasAddress ? [button("Copy link", () => actions.copyLink(false)), button("Copy frame", () => actions.copyLink(true))] : []),
      button("Download", () => save(fileName(viewer, "view.json"), new Blob([JSON.stringify(viewer.saved(), null, 1)], { type: "application/json" })))),
    note, list));
}

/** What is seen, small, in Base64; null where that would take long, or the browser makes none. */
async function thumbnail(viewer: Viewer): Promise<string | null> {
  if (!viewer.scene || viewer.scene.n_edges > MOST_EDGES) return null;
  const { camera } = viewer.view;
  const blob = await new Promise<Blob | null>((done) => {
    try {
      viewer.view.picture(SIDE / Math.max(camera.width, camera.height), false).toBlob(done, "image/jpeg", 0.8);
    } catch {
      done(null); // a picture is no reason to keep no view
    }
  });
  return blob && blob.size < 60_000 ? base64(await blob.arrayBuffer()) : null;
}
