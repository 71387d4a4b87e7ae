/** Puts a viewer into any element of any page: pages, frames, notebooks. */

import { readParams, type Params } from "./core/params";
import { storedTheme } from "./core/theme";
import { decodeScene, encodeScene, type Scene } from "./core/scene";
import { SceneSource } from "./core/scene-source";
import { ServerSource, type Source } from "./core/source";
import { readView, type SavedView } from "./core/state";
import { Places } from "./core/frame";
import type { Wire } from "./core/stream";
import type { Encodings, Filter, Settings } from "./core/types";
import { App, type AppOptions } from "./ui/app";
import { keyIn, offlinePage, png, presentScene } from "./ui/export";
import { toSvg } from "./render/svg";
import style from "./ui/style.css?inline";

export interface MountOptions extends AppOptions {
  /** Words as in addresses: `{ pointSize: 2, bg: "#fff" }`. */
  params?: Record<string, unknown>;
}

export interface HandleEvents {
  ready: { n_nodes: number; n_edges: number };
  /** Dense numbers of the selected nodes, ascending. */
  selection: number[];
  hover: { node?: number; edge?: number };
  error: string;
}

/** What a page can do with a viewer. */
export interface Handle {
  readonly ready: Promise<void>;
  on<K extends keyof HandleEvents>(name: K, listener: (event: HandleEvents[K]) => void): () => void;
  setScene(scene: ArrayBuffer): void;
  /** Takes a frame of the stream, as a server would send it. */
  frame(frame: ArrayBuffer): void;
  /** Follows a layout that moves, which speaks docs/stream.md through `wire`. */
  connect(wire: () => Wire): void;
  select(nodes: ArrayLike<number>): void;
  set(settings: Settings): void;
  encode(encodings: Encodings): void;
  filter(filters: Filter[]): void;
  fit(): void;
  zoomTo(nodes: ArrayLike<number>): void;
  play(): void;
  pause(): void;
  view(): SavedView;
  restore(view: unknown): void;
  png(scale?: number): Promise<Blob>;
  svg(): string;
  html(code: string, css?: string): string;
  destroy(): void;
  /** For tests and extensions: no promise is made about what is in it. */
  readonly app: App;
}

let sheet: CSSStyleSheet | undefined;

/** A root with our styles, in which those of the page do not count. */
export function styledRoot(element: HTMLElement): ShadowRoot {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
  }
  root.adoptedStyleSheets = [sheet];
  root.replaceChildren();
  return root;
}

/**
 * Shows a graph in an element, which must have a height. `source` is a scene (bytes), or the address of a dataset of
 * a server's API, or of a scene file.
 */
export function mount(element: HTMLElement, source: ArrayBuffer | Uint8Array | DataView | string, options: MountOptions = {}): Handle {
  const root = styledRoot(element);
  const app = new App(options);
  root.append(app.element);
  const { viewer } = app;
  const listeners = new Map<string, Set<(event: never) => void>>();
  const tell = (name: string, event: unknown): void => listeners.get(name)?.forEach((l) => (l as (event: unknown) => void)(event));
  viewer.on("selection", (nodes) => tell("selection", Array.from(nodes)));
  viewer.on("hover", ({ node, edge }) => tell("hover", { ...(node !== undefined ? { node } : {}), ...(edge !== undefined ? { edge } : {}) }));
  viewer.on("message", ({ text, kind }) => kind === "error" && tell("error", text));
  viewer.on("open", () => tell("ready", { n_nodes: viewer.scene!.n_nodes, n_edges: viewer.scene!.n_edges }));
  const params = readParams(options.params ?? {});
  let places: Places | null = null;
  const show = async (what: typeof source): Promise<void> => {
    places = null;
    try {
      await app.load(await sourceOf(what), params);
    } catch (error) {
      app.toast((error as Error).message, "error");
      tell("error", (error as Error).message);
    }
  };
  const ready = show(source);
  return {
    app, ready,
    on(name, listener) {
      let set = listeners.get(name);
      if (!set) listeners.set(name, (set = new Set()));
      set.add(listener as (event: never) => void);
      return () => set.delete(listener as (event: never) => void);
    },
    setScene: (scene) => void show(scene),
    frame(frame) {
      if (!viewer.scene) return;
      places ??= new Places(viewer.scene.n_nodes);
      if (places.apply(frame)) viewer.view.frame(places);
      else tell("error", "a frame changes one that was not seen");
    },
    connect: (wire) => void (viewer.scene && viewer.connect(wire)),
    select: (nodes) => viewer.select(Uint32Array.from(Array.from(nodes)).filter((u) => u < (viewer.scene?.n_nodes ?? 0))),
    set: (settings) => viewer.set(settings),
    encode: (encodings) => viewer.update({ encodings: { ...viewer.state.encodings, ...encodings } }),
    filter: (filters) => viewer.update({ filters: readView({ version: 1, filters })?.filters ?? [] }),
    fit: () => viewer.view.fit(),
    zoomTo: (nodes) => viewer.view.zoomTo(nodes),
    play: () => void viewer.stream?.send({ type: "play" }),
    pause: () => void viewer.stream?.send({ type: "pause" }),
    view: () => viewer.saved(),
    restore(view) {
      const saved = readView(view);
      if (!saved) throw new Error("this is no saved view");
      viewer.restore(saved);
    },
    png: (scale = 1) => png(viewer, scale),
    svg: () => toSvg(viewer.view, keyIn(viewer)),
    html: (code, css = "") => offlinePage(presentScene(viewer), code, css),
    destroy() {
      app.destroy();
      root.replaceChildren();
    },
  };
}

async function sourceOf(what: ArrayBuffer | Uint8Array | DataView | string): Promise<Source> {
  if (typeof what === "string") {
    const dataset = /^(.*)\/datasets\/([^/?#]+)\/?$/.exec(what);
    if (dataset) return new ServerSource(dataset[1]!, decodeURIComponent(dataset[2]!));
    const response = await fetch(what);
    if (!response.ok) throw new Error(`${what} cannot be read (${response.status})`);
    return fileSource(await response.arrayBuffer());
  }
  // Views may begin anywhere in their buffer, and a scene's numbers must not.
  return fileSource(what instanceof ArrayBuffer ? what : (what.buffer.slice(what.byteOffset, what.byteOffset + what.byteLength) as ArrayBuffer));
}

function fileSource(file: ArrayBuffer): Source {
  const scene: Scene = decodeScene(file);
  return new SceneSource(scene, () => (file.byteLength > 0 ? file : encodeScene(scene)));
}

/** The page of one graph of a server, over the whole element. */
export function page(element: HTMLElement, where: { api: string; dataset: string; params: Params; home: () => void }): { app: App; destroy(): void } {
  const root = styledRoot(element);
  const { params } = where;
  const embed = params.embed === true || params.menu === false;
  const app = new App({ menu: !embed, address: true, wholePage: true, ...(embed ? {} : { onHome: where.home }) });
  root.append(app.element);
  const theme = storedTheme();
  const wanted = theme && !params.settings.theme && !embed ? { ...params, settings: { ...params.settings, theme } } : params;
  void app.load(new ServerSource(where.api, where.dataset, new URLSearchParams(location.search).get("share")), wanted);
  return { app, destroy: () => app.destroy() };
}
