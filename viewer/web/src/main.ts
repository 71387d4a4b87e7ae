/** The bundle: starts by itself on pages that have a place for it, and gives `mount` and a notebook's widget to others. */

import "./page.css";
import { listen } from "./embed";
import type { Wire } from "./core/stream";
import { mergeParams, readParams } from "./core/params";
import { mount, page, type Handle } from "./mount";
import type { Notice } from "./pages/shell";
import { button, h, iconButton } from "./ui/dom";

export { decodeScene, encodeScene } from "./core/scene";
export { mount } from "./mount";
export type { Handle, MountOptions } from "./mount";

const SCENE = 'script[type="application/vnd.graphlume.scene;base64"]';

/** Pages that are no graph. */
const PAGE = /^\/(account|datasets|methods|leaderboard|experiments(\/[^/]+)?)\/?$/;

/** What all addresses of a server's pages begin with, and what is behind it. */
function splitAddress(pathname: string): { base: string; path: string } {
  // /graph/graph.html is where PyGraphistry points; all else hangs below the same root.
  const at = /\/(graph\/graph\.html|graph\/?|view\/[^/]*|index\.html|account\/?|datasets\/?|methods\/?|leaderboard\/?|experiments(\/[^/]*)?\/?|)$/.exec(pathname);
  return at ? { base: pathname.slice(0, at.index), path: pathname.slice(at.index) } : { base: "", path: pathname };
}

function start(element: HTMLElement): void {
  const params = readParams(new URLSearchParams(location.search));
  const scene = document.querySelector(SCENE);
  if (scene) {
    const bytes = Uint8Array.from(atob((scene.textContent ?? "").trim()), (c) => c.charCodeAt(0));
    expose(mount(element, bytes, { params: Object.fromEntries(new URLSearchParams(location.search)), address: location.protocol !== "file:", wholePage: true }).app);
    return;
  }
  const { base } = splitAddress(location.pathname);
  const api = document.querySelector<HTMLMetaElement>('meta[name="graphlume-api"]')?.content || `${base}/api/v1`;
  let take: (() => void) | null = null;
  let run = 0;
  const go = (to: string, notice?: Notice): void => {
    history.pushState(null, "", `${base}${to}`);
    show(notice);
  };
  const show = (notice?: Notice): void => {
    const mine = ++run;
    take?.();
    take = null;
    const query = new URLSearchParams(location.search);
    const here = splitAddress(location.pathname).path;
    const dataset = query.get("dataset") ?? /^\/view\/([^/]+)$/.exec(here)?.[1] ?? null;
    if (dataset !== null && !PAGE.test(here)) {
      const shown = page(element, { api, dataset, params: mergeParams(params, readParams(query)), home: () => go("/") });
      if (notice) tell(element, notice);
      const end = parent !== window ? listen(shown.app) : null;
      take = () => {
        end?.();
        shown.destroy();
      };
      expose(shown.app);
    } else {
      // Whoever looks at graphs alone need not load the other pages.
      import("./pages/pages").then(
        ({ openPage }) => void (mine === run && (take = openPage(element, PAGE.test(here) ? here.replace(/\/$/, "") : "/", { api, base, go }))),
        (error: Error) => element.replaceChildren(`this page cannot be loaded: ${error.message}`),
      );
    }
    const icon = params.favicon;
    if (icon) {
      const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]') ?? document.head.appendChild(Object.assign(document.createElement("link"), { rel: "icon" }));
      link.href = icon;
    }
  };
  addEventListener("popstate", () => show());
  show();
}

/** Says something over the graph that was opened, for as long as one may need to read it and to act. */
function tell(element: HTMLElement, { text, verb, act }: Notice): void {
  const close = (): void => toast.remove();
  const toast = h("div", { class: "toast info", role: "status" }, h("span", {}, text), button(verb, () => {
    close();
    act();
  }, { class: "link" }), iconButton("close", "Dismiss", close));
  element.shadowRoot?.querySelector(".toasts")?.append(toast);
  setTimeout(close, 20_000);
}

/** For the console and for tests. */
function expose(app: Handle["app"]): void {
  (globalThis as { graphlume?: unknown }).graphlume = app;
}

if (typeof document !== "undefined") {
  let element = document.getElementById("graphlume");
  // Pages of one file may bring the scene and the program alone.
  if (!element && document.querySelector(SCENE)) {
    element = document.createElement("div");
    element.id = "graphlume";
    document.body.append(element);
  }
  if (element) start(element);
}

interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: (...args: never[]) => void): void;
  off(event: string, listener: (...args: never[]) => void): void;
  send(content: unknown): void;
}

/** A layout in a notebook's kernel: the stream of docs/stream.md, in messages of the widget. */
class KernelWire implements Wire {
  binaryType: BinaryType = "arraybuffer";
  readyState: number = WebSocket.OPEN;
  onopen: Wire["onopen"] = null;
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;

  constructor(private readonly model: Model) {}

  receive(data: string | ArrayBuffer): void {
    if (this.readyState === WebSocket.OPEN) this.onmessage?.(new MessageEvent("message", { data }));
  }

  send(text: string): void {
    this.model.send({ type: "stream", text });
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
  }
}

/**
 * A widget for notebooks (anywidget): traits scene (bytes), selection, params, height. A kernel that is there answers
 * `open` with the greeting of a stream; where none is, as in a page that was exported, the picture stands still.
 */
function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const box = document.createElement("div");
  box.style.height = `${Number(model.get("height") ?? 560)}px`;
  el.append(box);
  const handle = mount(box, model.get("scene") as DataView, { params: (model.get("params") as Record<string, unknown>) ?? {}, address: false });
  let wire: KernelWire | null = null;
  handle.on("ready", () => {
    wire = null;
    const selected = (model.get("selection") as number[]) ?? [];
    if (selected.length > 0) handle.select(selected);
    model.send({ type: "open" });
  });
  let own = false;
  handle.on("selection", (nodes) => {
    own = true;
    model.set("selection", nodes);
    model.save_changes();
    own = false;
  });
  const bytes = (view: DataView): ArrayBuffer => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;
  const onScene = (): void => handle.setScene(bytes(model.get("scene") as DataView));
  const onSelection = (): void => void (!own && handle.select((model.get("selection") as number[]) ?? []));
  const onMessage = (content: { type?: string; text?: string }, buffers: DataView[]): void => {
    if (content.type === "fit") handle.fit();
    else if (content.type === "frame" && buffers[0]) wire?.receive(bytes(buffers[0]));
    else if (content.type === "stream" && content.text !== undefined) {
      if (!wire && content.text.includes('"hello"')) {
        const fresh = (wire = new KernelWire(model));
        handle.connect(() => fresh);
      }
      wire?.receive(content.text);
    }
  };
  model.on("change:scene", onScene);
  model.on("change:selection", onSelection);
  model.on("msg:custom", onMessage as (...args: never[]) => void);
  return () => {
    model.off("change:scene", onScene);
    model.off("change:selection", onSelection);
    model.off("msg:custom", onMessage as (...args: never[]) => void);
    handle.destroy();
  };
}

export default { render };
