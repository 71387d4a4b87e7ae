/** Everything around the picture: bars, panels, keys, and what stays in the address. */

import { count, plural } from "../core/format";
import type { Params } from "../core/params";
import { ServerSource, type Source } from "../core/source";
import { packView, unpackView, type SavedView } from "../core/state";
import { storeTheme } from "../core/theme";
import { ServerViews } from "../core/views";
import type { Mode } from "../render/view";
import { hoverCard } from "./card";
import { computing } from "./computing";
import { button, debounce, h, iconButton, type IconName } from "./dom";
import { isSignedOut, signInForm } from "./sign-in";
import { exportMenu } from "./export-menu";
import { Histograms } from "./histograms";
import { Inspector } from "./inspector";
import { legend } from "./legend";
import { filterPanel, layoutPanel, lookPanel } from "./panels";
import { player } from "./player";
import { Search } from "./search";
import { selectionPanel } from "./selected";
import { TimeBar } from "./timebar";
import { Viewer } from "./viewer";
import { viewsPanel } from "./views";
import { Walk } from "./walk";

export interface AppOptions {
  /** Bars and panels; without them only the picture, its legend and its tools. */
  menu?: boolean;
  /** Whether the page is ours: keys count everywhere. */
  wholePage?: boolean;
  /** Whether the view is kept in the address. */
  address?: boolean;
  onHome?: () => void;
}

type PanelName = "layout" | "look" | "filter" | "bars" | "select" | "views";

const PANELS: readonly (readonly [PanelName, IconName, string, string])[] = [
  ["layout", "layout", "Layout", "1"],
  ["look", "look", "Appearance", "2"],
  ["filter", "filter", "Filters", "3"],
  ["bars", "bars", "Histograms", "4"],
  ["select", "select", "Selection", "5"],
  ["views", "views", "Saved views", "6"],
];

const KEYS: readonly (readonly [string, string])[] = [
  ["drag", "move the picture; a node: move the node"],
  ["wheel, pinch, + −", "zoom"],
  ["arrows", "move the picture"],
  ["F, double click", "show all"],
  ["click, Shift click", "select; add to the selection"],
  ["Shift drag, B, L, V", "box; box, lasso and hand as tools"],
  ["Space", "play or pause the layout"],
  ["N, P", "next, previous node by importance"],
  ["] , [", "next, previous neighbor"],
  ["} , {", "next, previous edge of the node"],
  ["Enter", "select what is pointed at"],
  ["E", "extend the selection by neighbors"],
  ["Delete", "hide the selection"],
  ["Esc", "clear the selection"],
  ["Ctrl Z, Ctrl Y", "undo, redo"],
  ["/", "search"],
  ["I, T", "inspector, time bar"],
  ["1 – 6", "panels"],
  ["?", "this help"],
];

/** Keys of the picture that count in bars and panels too, where none of them has another meaning. */
const EVERYWHERE = new Set("vblfFenp][}{0");

/** Pixels below the picture that the player takes. */
const BOTTOM = 58;

/** What panel and legend take at the sides. On narrow pages a panel is a sheet at the bottom; `panel` is its height, null where none is open. */
export function roomLeft(width: number, height: number, legend: number, panel: number | null, menu = true): { left: number; right: number; top: number; bottom: number } {
  const isSheet = panel !== null && width <= 720;
  const left = !menu ? 8 : panel !== null && !isSheet ? 364 : 60;
  return {
    left, top: 8,
    // Beside the legend where that leaves room enough.
    right: legend > 0 && width - left - legend > 360 ? Math.max(56, legend + 24) : 56,
    bottom: isSheet ? Math.min(height * 0.7, panel + 20 + BOTTOM) : BOTTOM,
  };
}

export class App {
  readonly element: HTMLElement;
  readonly viewer: Viewer;
  private readonly stage: HTMLElement;
  private readonly panel: HTMLElement;
  private readonly rail = new Map<PanelName, HTMLButtonElement>();
  private readonly panels: Record<PanelName, HTMLElement>;
  private readonly histograms: Histograms;
  private readonly inspector: Inspector;
  private readonly timebar: TimeBar;
  private readonly search: Search;
  private readonly toasts: HTMLElement;
  private readonly live: HTMLElement;
  private open: PanelName | null = null;
  private hasInspector = false;
  private readonly modes = new Map<Mode, HTMLButtonElement>();
  private readonly inspectorButton: HTMLButtonElement;
  private params: Params = { settings: {}, layout: {}, encodings: {} };
  private readonly walk: Walk;

  constructor(private readonly options: AppOptions = {}) {
    this.stage = h("main", { class: "stage" });
    const picture = h("div", { class: "picture", tabIndex: 0, role: "application", "aria-label": "Graph", "aria-roledescription": "graph" });
    this.stage.append(picture);
    this.viewer = new Viewer(picture);
    const { viewer } = this;
    viewer.view.canvas.setAttribute("aria-hidden", "true");
    // The canvas would take the focus of keys from the element that has words.
    viewer.view.canvas.focus = (o) => picture.focus(o);
    picture.addEventListener("keydown", (event) => this.onPictureKey(event));

    this.live = h("div", { class: "away", role: "status", "aria-live": "polite" });
    this.walk = new Walk(viewer, (words) => void (this.live.textContent = words));
    this.toasts = h("div", { class: "toasts" });
    this.histograms = new Histograms(viewer);
    this.inspector = new Inspector(viewer, () => this.showInspector(false));
    this.timebar = new TimeBar(viewer, options.menu !== false);
    this.search = new Search(viewer);
    this.panels = {
      layout: layoutPanel(viewer), look: lookPanel(viewer), filter: filterPanel(viewer),
      bars: this.histograms.element, select: selectionPanel(viewer, (table) => {
        this.showInspector(true);
        this.inspector.showSelected(table);
      }),
      views: viewsPanel(viewer, { hasAddress: options.address === true, copyLink: (frame) => void this.share(frame), copyView: (id) => void this.copy(this.viewLink(id), "the link to the view is copied") }),
    };
    this.panel = h("aside", { class: "panel", hidden: true });
    const rail = h("nav", { class: "rail", "aria-label": "Panels" });
    for (const [name, glyph, label, key] of PANELS) {
      const tab = iconButton(glyph, `${label} (${key})`, () => this.show(this.open === name ? null : name), { "aria-pressed": "false", "data-panel": name });
      this.rail.set(name, tab);
      rail.append(tab);
    }
    this.inspectorButton = iconButton("table", "Inspector (I)", () => this.showInspector(!this.hasInspector), { "aria-pressed": "false" });
    rail.append(this.inspectorButton, this.timebar.toggleButton, h("span", { class: "grow" }), iconButton("help", "Keys (?)", () => this.help()));

    const menu = options.menu !== false;
    viewer.view.inset = { left: menu ? 60 : 8, top: 8, right: 56, bottom: BOTTOM };
    this.stage.append(
      ...(menu ? [rail, this.panel] : []),
      this.tools(), player(viewer), legend(viewer), hoverCard(viewer), this.toasts, this.live, this.busy(), computing(viewer),
    );
    this.element = h("div", { class: "app" }, ...(menu ? [this.bar()] : []), this.stage, this.timebar.element, ...(menu ? [this.inspector.element] : []));
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    if (!menu) {
      const heading = h("h1", { class: "away" });
      viewer.on("open", () => void (heading.textContent = viewer.dataset?.name || viewer.scene?.title || "graph"));
      this.stage.prepend(heading);
    }
    // On a page of our own, keys count wherever nothing else takes them.
    if (options.wholePage) document.addEventListener("keydown", this.onDocumentKey);

    viewer.on("message", ({ text, kind, again }) => this.toast(text, kind, again));
    viewer.on("announce", (text) => void (this.live.textContent = text));
    viewer.on("theme", () => this.theme());
    viewer.on("state", () => this.keep());
    viewer.view.on("camera", () => this.keep());
    viewer.on("selection", (nodes) => {
      const { edges } = viewer.state;
      const one = nodes.length + edges.length === 1;
      const parts = [...(nodes.length > 0 ? [plural(nodes.length, "node")] : []), ...(edges.length > 0 ? [plural(edges.length, "edge")] : [])];
      this.live.textContent = parts.length === 0 ? "selection cleared" : one ? `selected ${edges.length > 0 ? `edge ${viewer.selection.nameOf(edges[0]!)}` : viewer.name(nodes[0]!)}` : `${parts.join(" and ")} selected`;
      if (parts.length > 0 && this.open === null && menu && !this.wasShown) {
        // Once: later it is the user who says which panel is there.
        this.wasShown = true;
        this.show("select", false);
      }
    });
    viewer.on("open", () => {
      this.openedAt = performance.now();
      picture.setAttribute("aria-label", `Graph ${viewer.dataset?.name ?? viewer.scene?.title ?? ""}: ${plural(viewer.scene!.n_nodes, "node")}, ${plural(viewer.scene!.n_edges, "edge")}`);
    });
    // After the legend has been filled: what it covers is no place for nodes.
    viewer.on("legend", () => this.room());
    new ResizeObserver(() => this.room()).observe(this.stage);
    this.theme();
  }
  private openedAt = 0;
  private wasShown = false;

  /** Shows a graph, with the view of the address if there is one. */
  async load(source: Source, params: Params): Promise<void> {
    this.params = params;
    const inAddress = /(?:^#|&)view=([\w-]+)/.exec(location.hash)?.[1];
    const saved = this.options.address && inAddress ? unpackView(inAddress) : null;
    if (inAddress && this.options.address && !saved) this.toast("the view in the address cannot be read; the graph is shown as it was saved", "error");
    const kept = params.view !== undefined && !saved && source instanceof ServerSource ? await this.keptView(source, params.view) : null;
    try {
      await this.viewer.open(source, params, saved ?? kept);
    } catch (error) {
      // Bars of a picture that is not there would only say that nothing works.
      this.element.classList.add("failed");
      const form = isSignedOut(error) && source instanceof ServerSource ? signInForm(source.api) : null;
      this.stage.append(h("div", { class: "blank", role: "alert" }, h("h1", {}, "This graph cannot be shown"), h("p", {}, (error as Error).message), form,
        this.options.onHome ? button("All graphs", this.options.onHome, { class: "primary" }) : null));
      return;
    }
    const { dataset, scene } = this.viewer;
    if (scene?.n_nodes === 0) this.stage.append(h("p", { class: "blank none" }, "This graph has no nodes."));
    if (this.options.address) document.title = `${this.params.title ?? dataset?.name ?? "graph"} · graphlume`;
    const all = this.viewer.params;
    if (all.histograms) this.show("bars", false);
    if (all.inspector) this.showInspector(true);
    if (all.logo) this.stage.append(logo(all.logo, this.viewer));
    if (all.info === false) this.element.classList.add("no-info");
    if (all.actions === false) this.element.classList.add("no-actions");
    for (const words of dataset?.warnings ?? []) this.toast(words, "info");
  }

  /** A view that the server keeps; words if it has none such. */
  private async keptView(source: ServerSource, id: string): Promise<SavedView | null> {
    try {
      const kept = await new ServerViews(source).one(id);
      if (kept) return kept.view;
      this.toast("the saved view is of a later version; the graph is shown without it", "error");
    } catch (error) {
      if (!isSignedOut(error)) this.toast(`the saved view is not shown: ${(error as Error).message}`, "error");
    }
    return null;
  }

  // Bars

  private bar(): HTMLElement {
    const { viewer } = this;
    const title = h("h1", { class: "title clip" });
    const counts = h("span", { class: "quiet counts", "aria-live": "off" });
    const write = (): void => {
      const { scene, hidden, dataset } = viewer;
      if (!scene) return;
      title.textContent = dataset?.name || scene.title || "graph";
      title.title = dataset?.description ?? "";
      const of = (seen: number | undefined, all: number, word: string): string => (seen === undefined || seen === all ? plural(all, word) : `${count(seen)} of ${plural(all, word)}`);
      counts.textContent = `${of(hidden?.n_nodes, scene.n_nodes, "node")} · ${of(hidden?.n_edges, scene.n_edges, "edge")}`;
    };
    viewer.on("open", write);
    viewer.on("hidden", write);
    const undo = iconButton("undo", "Undo (Ctrl Z)", () => viewer.undo(), { disabled: true });
    const redo = iconButton("redo", "Redo (Ctrl Y)", () => viewer.redo(), { disabled: true });
    viewer.on("state", () => {
      undo.disabled = !viewer.history.canUndo;
      redo.disabled = !viewer.history.canRedo;
    });
    const logo = h("span", { class: "mark", "aria-hidden": "true" });
    const brand = this.options.onHome
      ? h("a", { class: "brand", href: location.pathname, title: "All graphs", onclick: (event: MouseEvent) => {
          event.preventDefault();
          this.options.onHome!();
        } }, logo, "graphlume")
      : h("span", { class: "brand" }, logo, "graphlume");
    return h("header", { class: "bar" }, brand, title, counts, h("span", { class: "grow" }), this.search.element,
      undo, redo,
      iconButton("theme", "Light or dark", () => {
        viewer.set({ theme: viewer.isDark ? "light" : "dark", background: "" });
        storeTheme(viewer.isDark ? "dark" : "light");
      }),
      ...(this.options.address ? [iconButton("share", "Copy a link to this view", () => void this.share())] : []),
      exportMenu(viewer));
  }

  private tools(): HTMLElement {
    const { viewer } = this;
    const mode = (name: Mode, glyph: IconName, label: string): HTMLButtonElement => {
      const b = iconButton(glyph, label, () => this.setMode(name), { "aria-pressed": String(name === "pan") });
      this.modes.set(name, b);
      return b;
    };
    return h("div", { class: "tools", role: "toolbar", "aria-label": "Picture" },
      mode("pan", "hand", "Hand (V)"), mode("box", "box", "Box (B)"), mode("lasso", "lasso", "Lasso (L)"), h("hr", {}),
      iconButton("plus", "Zoom in (+)", () => viewer.view.zoom(1.4)), iconButton("minus", "Zoom out (−)", () => viewer.view.zoom(1 / 1.4)), iconButton("fit", "Show all (F)", () => viewer.view.fit()));
  }

  private setMode(mode: Mode): void {
    this.viewer.view.mode = mode;
    for (const [name, b] of this.modes) b.setAttribute("aria-pressed", String(name === mode));
    this.viewer.view.canvas.style.cursor = mode === "pan" ? "grab" : "crosshair";
  }

  private busy(): HTMLElement {
    const element = h("div", { class: "busy", role: "progressbar", "aria-label": "Loading", hidden: true });
    this.viewer.on("busy", (busy) => void (element.hidden = !busy));
    return element;
  }

  // Panels

  show(name: PanelName | null, focus = true): void {
    this.open = name;
    for (const [n, tab] of this.rail) tab.setAttribute("aria-pressed", String(n === name));
    this.histograms.show(name === "bars");
    this.panel.hidden = name === null;
    if (name === null) {
      this.room();
      return;
    }
    const label = PANELS.find(([n]) => n === name)![2];
    this.panel.setAttribute("aria-label", label);
    this.panel.replaceChildren(h("header", {}, h("h2", {}, label), iconButton("close", `Close ${label}`, () => {
      this.show(null);
      this.rail.get(name)?.focus();
    })), this.panels[name]);
    this.room();
    if (focus) this.panel.querySelector<HTMLElement>("input:not([type=checkbox]), select, button")?.focus({ preventScroll: true });
  }

  /** Leaves the picture the room that panel and legend do not cover. */
  private room(): void {
    const { view, scene } = this.viewer;
    const { clientWidth: width, clientHeight: height } = this.stage;
    const legend = this.stage.querySelector<HTMLElement>(".legend")?.offsetWidth ?? 0;
    const next = roomLeft(width, height, legend, this.panel.hidden ? null : this.panel.offsetHeight, this.options.menu !== false);
    const at = this.stage.getBoundingClientRect();
    view.covered = [...this.stage.querySelectorAll(".legend, .panel, .rail, .tools, .player")].map((part) => part.getBoundingClientRect()).filter((box) => box.width > 0)
      .map((box) => [box.left - at.left, box.top - at.top, box.right - at.left, box.bottom - at.top] as const);
    view.changed(false);
    const isSame = (["left", "right", "top", "bottom"] as const).every((side) => view.inset[side] === next[side]);
    Object.assign(view.inset, next);
    // Whoever saw all shall see all beside them too; a picture that has just come does not move.
    if (!isSame && scene && view.pilot.follow) view.fit(performance.now() - this.openedAt > 300);
  }

  showInspector(visible: boolean): void {
    this.hasInspector = visible;
    this.inspectorButton.setAttribute("aria-pressed", String(visible));
    this.inspector.show(visible);
  }

  // Address

  link(): string {
    const url = new URL(location.href);
    // What is seen now is not what was saved any more.
    url.searchParams.delete("view");
    url.hash = `view=${packView(this.viewer.saved())}`;
    return url.href;
  }

  private readonly keep = debounce(() => {
    if (!this.options.address || !this.viewer.scene) return;
    // Only what somebody did: a fresh page keeps a short address.
    if (!this.viewer.history.canUndo && this.viewer.view.pilot.follow) return;
    history.replaceState(history.state, "", this.link());
  }, 400);

  /** The address of a view that the server keeps. */
  private viewLink(id: string): string {
    const url = new URL(location.href);
    url.hash = "";
    url.searchParams.set("view", id);
    return url.href;
  }

  private async share(frame = false): Promise<void> {
    if (!frame) return this.copy(this.link(), "the link is copied");
    const url = new URL(this.link());
    url.searchParams.set("embed", "true");
    const escaped = url.href.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    await this.copy(`<iframe src="${escaped}" width="100%" height="600" style="border:0" allow="fullscreen" title="Graph"></iframe>`, "the frame’s code is copied");
  }

  private async copy(text: string, words: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.toast(words, "info");
    } catch {
      // No right to the clipboard: the text is shown to be copied by hand.
      const input = h("input", { type: "text", value: text, readOnly: true, "aria-label": "Link" });
      this.dialog("Link to this view", input);
      input.select();
    }
  }

  // Keys

  private readonly onDocumentKey = (event: KeyboardEvent): void => {
    if (event.target !== document.body) return;
    this.onPictureKey(event);
    if (!event.defaultPrevented) this.onKey(event);
  };

  private onKey(event: KeyboardEvent): void {
    // What has closed a menu or a dialog has done its work.
    if (event.defaultPrevented) return;
    const target = event.composedPath()[0] as HTMLElement;
    const isText = target.matches("input:not([type=checkbox]):not([type=range]):not([type=color]), textarea, select");
    const { viewer } = this;
    if (event.ctrlKey || event.metaKey) {
      const key = event.key.toLowerCase();
      if (isText || (key !== "z" && key !== "y")) return;
      if (key === "y" || event.shiftKey) viewer.redo();
      else viewer.undo();
      event.preventDefault();
      return;
    }
    if (isText || event.altKey) return;
    const panel = PANELS.find(([, , , key]) => key === event.key);
    if (panel && this.options.menu !== false) this.show(this.open === panel[0] ? null : panel[0]);
    else if (event.key === "/") this.search.input.focus();
    else if (event.key === "?") this.help();
    else if (event.key === "i") this.showInspector(!this.hasInspector);
    else if (event.key === "t" && this.timebar.hasTimes) this.timebar.show(this.timebar.element.hidden === true);
    else if (event.key === " " && !target.matches("button, input, a, [tabindex='0'] tr")) viewer.togglePlay();
    else if (EVERYWHERE.has(event.key) && !target.closest("dialog, .menu, .chart")) return this.onPictureKey(event);
    else return;
    event.preventDefault();
  }

  private onPictureKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { viewer } = this;
    const { view } = viewer;
    const step = event.shiftKey ? 200 : 60;
    switch (event.key) {
      case "ArrowLeft": view.pan(step, 0); break;
      case "ArrowRight": view.pan(-step, 0); break;
      case "ArrowUp": view.pan(0, step); break;
      case "ArrowDown": view.pan(0, -step); break;
      case "+": case "=": view.zoom(1.25); break;
      case "-": view.zoom(0.8); break;
      case "f": case "F": case "0": view.fit(); break;
      case "v": this.setMode("pan"); break;
      case "b": this.setMode("box"); break;
      case "l": this.setMode("lasso"); break;
      case "e": viewer.selectNeighbors(1); break;
      case "n": this.walk.node(1); break;
      case "p": this.walk.node(-1); break;
      case "]": this.walk.neighbor(1); break;
      case "[": this.walk.neighbor(-1); break;
      case "}": this.walk.edge(1); break;
      case "{": this.walk.edge(-1); break;
      case "Delete": viewer.selection.hide(false); break;
      case "Enter":
        if (view.pointed.node !== undefined) viewer.select(Uint32Array.of(view.pointed.node));
        else if (view.pointed.edge !== undefined) viewer.select(new Uint32Array(0), Uint32Array.of(view.pointed.edge));
        break;
      case "Escape":
        viewer.select(new Uint32Array(0));
        view.point({});
        break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private help(): void {
    this.dialog("Keys and gestures", h("dl", { class: "keys" }, ...KEYS.flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)])));
  }

  private dialog(title: string, body: HTMLElement): void {
    const dialog = h("dialog", { "aria-label": title, onclose: () => dialog.remove() });
    dialog.append(h("div", { class: "dialog-head" }, h("h2", {}, title), iconButton("close", "Close", () => dialog.close())), body);
    this.element.append(dialog);
    dialog.showModal();
  }

  // Words

  toast(text: string, kind: "info" | "error", again?: { label: string; run: () => void }): void {
    const same = [...this.toasts.children].find((t) => t.getAttribute("data-text") === text);
    same?.remove();
    const toast = h("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status", "data-text": text }, h("span", {}, text),
      again ? button(again.label, () => {
        toast.remove();
        again.run();
      }, { class: "link" }) : null,
      iconButton("close", "Dismiss", () => toast.remove()));
    this.toasts.append(toast);
    while (this.toasts.children.length > 4) this.toasts.firstElementChild!.remove();
    setTimeout(() => toast.remove(), kind === "error" || again ? 12_000 : 4000);
  }

  private theme(): void {
    this.element.classList.toggle("light", !this.viewer.isDark);
  }

  destroy(): void {
    document.removeEventListener("keydown", this.onDocumentKey);
    this.timebar.destroy();
    this.viewer.destroy();
    this.element.remove();
  }
}

/** A picture in a corner of the stage, as the address wants it. */
function logo(about: NonNullable<Params["logo"]>, viewer: Viewer): HTMLElement {
  const element = h("img", { class: "logo", src: about.url, alt: "" });
  element.style.maxWidth = `${Math.min(400, about.maxWidth ?? 120)}px`;
  element.style.maxHeight = `${Math.min(400, about.maxHeight ?? 60)}px`;
  const place = (about.position ?? "").toLowerCase().replace(/[^a-z]+/g, "");
  element.classList.add(place.includes("top") ? "at-top" : "at-bottom", place.includes("left") ? "at-left" : "at-right");
  if (about.autoInvert) {
    // Dark logos on a dark ground could not be seen.
    const invert = (): void => void element.classList.toggle("inverted", viewer.isDark);
    viewer.on("theme", invert);
    invert();
  }
  return element;
}
