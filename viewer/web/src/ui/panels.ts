/** The panels at the side: layout, look, filters, selection, views. */

import { count, number, plural } from "../core/format";
import type { Filter, Table } from "../core/types";
import { isStopped } from "../core/computing";
import { add, button, debounce, field, h, iconButton, newId, select, slider, toggle } from "./dom";
import type { Viewer } from "./viewer";

/** Words and ranges of the layout's options; others that the server has are shown by their names. */
const OPTIONS: Record<string, { label: string; min?: number; max?: number; step?: number; log?: boolean; hint?: string }> = {
  scaling: { label: "Scaling", min: 0.1, max: 100, log: true, hint: "more pushes nodes apart" },
  scaling_ratio: { label: "Scaling", min: 0.1, max: 100, log: true },
  gravity: { label: "Gravity", min: 0, max: 10, step: 0.1, hint: "more pulls all to the middle" },
  edge_weight_influence: { label: "Influence of edge weights", min: 0, max: 2, step: 0.05 },
  edge_influence: { label: "Influence of edge weights", min: 0, max: 2, step: 0.05 },
  jitter_tolerance: { label: "Speed over precision", min: 0.05, max: 10, log: true },
  theta: { label: "Coarseness", min: 0, max: 0.9, step: 0.05 },
  lin_log: { label: "LinLog: tighter groups" },
  strong_gravity: { label: "Strong gravity" },
  dissuade_hubs: { label: "Hubs to the rim" },
  adjust_sizes: { label: "No overlap" },
  prevent_overlap: { label: "No overlap" },
  tolerance: { label: "Rests below this movement" },
  lock_x: { label: "Lock x" },
  lock_y: { label: "Lock y" },
  lock_r: { label: "Lock radius" },
  normalize_weights: { label: "Weights from 0 to 1" },
  invert_weights: { label: "Weights are distances" },
};

/** The seed stands beside the button that begins with it. */
const isAsked = (name: string): boolean => name !== "seed";

export function layoutPanel(viewer: Viewer): HTMLElement {
  const body = h("div", { class: "stack" });
  const controls = new Map<string, { set(value: never): void }>();
  const fill = (): void => {
    const { stream } = viewer;
    body.replaceChildren();
    controls.clear();
    if (!stream) {
      body.append(h("p", { class: "quiet" }, "This graph has no live layout: its positions are as they were saved."));
      return;
    }
    const known = Object.keys(OPTIONS);
    if (!stream.maySteer) body.append(h("p", { class: "quiet" }, "You may look at this layout, and its owner may change it."));
    const names = Object.keys(stream.options).filter(isAsked).sort((a, b) => (known.indexOf(a) + 100) % 100 - (known.indexOf(b) + 100) % 100);
    for (const name of names) {
      const value = stream.options[name];
      const about = OPTIONS[name] ?? { label: name.replaceAll("_", " ") };
      if (typeof value === "boolean") {
        const control = toggle(about.label, value, (v) => viewer.setOption(name, v));
        controls.set(name, control as { set(value: never): void });
        body.append(control);
      } else if (typeof value === "number" && about.min !== undefined) {
        // Factors are equal steps where a range spans several tens.
        const to = about.log ? Math.log10 : (v: number): number => v;
        const from = about.log ? (v: number): number => Number(Math.pow(10, v).toPrecision(3)) : (v: number): number => v;
        const send = debounce((v: number) => viewer.setOption(name, v), 60);
        const input = h("input", { type: "range", min: String(to(about.min)), max: String(to(about.max!)), step: String(about.log ? 0.01 : about.step), id: newId("option") });
        input.value = String(to(value));
        const output = h("output", {}, number(value));
        input.addEventListener("input", () => {
          const v = from(Number(input.value));
          output.textContent = number(v);
          send(v);
        });
        controls.set(name, { set: (v: never) => {
          input.value = String(to(v as number));
          output.textContent = number(v as number);
        } });
        body.append(h("div", { class: "slider", title: about.hint }, h("label", { for: input.id }, about.label), output, input));
      } else if (typeof value === "number") {
        const input = h("input", { type: "number", step: "any", value: String(value), onchange: () => viewer.setOption(name, Number(input.value)) });
        controls.set(name, { set: (v: never) => void (input.value = String(v)) });
        body.append(field(about.label, input));
      }
    }
    const seed = h("input", { type: "number", value: "1", min: "0", step: "1" });
    body.append(
      toggle("Dragged nodes stay pinned", viewer.settings.pin_on_drag === true, (v) => viewer.set({ pin_on_drag: v })),
      h("div", { class: "row" },
        button("Pin selected", () => viewer.pin(viewer.state.selection, true)),
        button("Unpin all", () => viewer.pin(viewer.pinned, false))),
      h("div", { class: "row" }, field("Seed", seed), button("Start again", () => viewer.stream?.send({ type: "restart", seed: Number(seed.value) || 0 }))),
    );
  };
  viewer.on("open", fill);
  viewer.on("stream", (stream) => {
    fill();
    stream.on("options", (options) => {
      const names = Object.keys(options).filter(isAsked);
      if (names.some((name) => !controls.has(name) && ["boolean", "number"].includes(typeof options[name]))) fill();
      else for (const name of names) if (!body.matches(":focus-within")) controls.get(name)?.set(options[name] as never);
    });
  });
  fill();
  return h("div", { class: "panel-body" }, body);
}

const CHANNELS = [
  ["node_color", "Color", "nodes"], ["node_size", "Size", "nodes"], ["node_label", "Label", "nodes"], ["node_icon", "Icon", "nodes"], ["node_badge", "Badge", "nodes"], ["node_opacity", "Opacity", "nodes"],
  ["edge_color", "Color", "edges"], ["edge_width", "Width", "edges"], ["edge_opacity", "Opacity", "edges"],
] as const;

export function lookPanel(viewer: Viewer): HTMLElement {
  const body = h("div", { class: "stack" });
  const fill = (): void => {
    const { settings } = viewer;
    const range = (label: string, name: string, min: number, max: number, step: number): HTMLElement =>
      slider(label, Number(settings[name]), { min, max, step }, (v) => viewer.set({ [name]: v }));
    const flag = (label: string, name: string): HTMLElement => toggle(label, settings[name] === true, (v) => viewer.set({ [name]: v }));
    body.replaceChildren();
    for (const table of ["nodes", "edges"] as const) {
      const title = table === "nodes" ? "Nodes" : "Edges";
      const group = h("section", { class: "stack" }, h("h3", {}, title));
      if (viewer.source?.isLive) {
        for (const [channel, label, of] of CHANNELS) if (of === table) group.append(field(`${label} by`, columnMenu(viewer, table, channel), channel === "node_badge" ? "seen on large nodes: zoom in" : undefined));
      }
      add(group, table === "nodes"
        ? [range("Size", "point_size", 0.2, 4, 0.05), range("Opacity", "point_opacity", 0.05, 1, 0.05), range("Outline", "point_border", 0, 3, 0.1)]
        : [flag("Show edges", "show_edges"), range("Strength", "edge_opacity", 0.05, 3, 0.05), range("Width", "edge_width", 0.3, 6, 0.1), range("Curvature", "edge_curvature", -1, 1, 0.05), range("Fade long edges", "fade_long_edges", 0, 1, 0.05), flag("Arrows", "show_arrows")]);
      body.append(group);
    }
    const ground = h("input", { type: "color", value: String(settings.background ?? (viewer.isDark ? "#0d1017" : "#ffffff")), onchange: () => viewer.set({ background: ground.value }) });
    body.append(
      h("section", { class: "stack" }, h("h3", {}, "Labels"), flag("Show labels", "show_labels"), range("Size of text", "label_size", 8, 24, 1), range("At most", "max_labels", 0, 300, 5)),
      h("section", { class: "stack" }, h("h3", {}, "Pointing"),
        field("Light up", select([["both", "neighbors"], ["incoming", "incoming edges"], ["outgoing", "outgoing edges"], ["node", "the node alone"], ["none", "nothing"]], String(settings.highlight), (v) => viewer.set({ highlight: v as "both" }))),
        range("Hops", "highlight_hops", 1, 4, 1)),
      h("section", { class: "stack" }, h("h3", {}, "Scene"), field("Background", ground), flag("Legend in pictures", "legend_in_pictures"),
        h("div", { class: "row" }, button("Default look", () => viewer.update({ settings: {}, encodings: {} })))),
    );
  };
  viewer.on("open", fill);
  viewer.on("theme", fill);
  viewer.on("state", () => {
    if (!body.matches(":focus-within")) fill();
  });
  return h("div", { class: "panel-body" }, body);
}

function columnMenu(viewer: Viewer, table: Table, channel: string): HTMLSelectElement {
  const numeric = /size|width|opacity/.test(channel);
  const columns = (viewer.dataset?.tables?.[table].columns ?? []).filter((c) => !numeric || c.is_numeric).map((c) => c.name);
  const measures = table === "nodes" && channel !== "node_icon" ? (viewer.dataset?.measures ?? []).filter((m) => !columns.includes(m)) : [];
  const present = viewer.state.encodings[channel] ?? "";
  const menu = select([["", "default"], ...columns.map((c) => [c, c] as const)], "", (value) => viewer.encode(channel, value || undefined));
  if (measures.length > 0) {
    const group = h("optgroup", { label: "Measures" });
    for (const m of measures) group.append(h("option", { value: m }, m.replaceAll("_", " ")));
    menu.append(group);
  }
  if (present && ![...menu.options].some((o) => o.value === present)) menu.append(h("option", { value: present }, present));
  menu.value = present;
  return menu;
}

/** A name of an expression that is of the other table alone, if that is what an error is about. */
export function misplaced(expression: string, error: string, own: readonly string[], others: readonly string[]): string | null {
  const lower = new Set(own.map((name) => name.toLowerCase()));
  // Without texts, whose words are no names.
  const words = expression.replaceAll(/'(?:[^']|'')*'/g, " ").match(/"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
  const names = words.map((w) => (w.startsWith('"') ? w.slice(1, -1).replaceAll('""', '"') : w));
  return names.find((name) => !lower.has(name.toLowerCase()) && others.some((o) => o.toLowerCase() === name.toLowerCase()) && error.toLowerCase().includes(name.toLowerCase())) ?? null;
}

export function filterPanel(viewer: Viewer): HTMLElement {
  const list = h("ul", { class: "filters" });
  const input = h("input", { type: "text", placeholder: "degree > 3 AND kind = 'ip'", spellcheck: false, autocomplete: "off" });
  const table = select([["nodes", "nodes"], ["edges", "edges"]], "nodes", () => names());
  const hint = h("small", {});
  table.setAttribute("aria-label", "Filter of");
  const names = (): void => {
    const columns = viewer.dataset?.tables?.[table.value as Table].columns.map((c) => c.name) ?? [];
    const measures = table.value === "nodes" ? (viewer.dataset?.measures ?? []).filter((m) => !columns.includes(m)) : [];
    hint.textContent = [columns.length > 0 ? `Columns: ${columns.join(", ")}` : "", measures.length > 0 ? `Measures: ${measures.join(", ")}` : ""].filter(Boolean).join(". ");
  };
  let next = 1;
  /** The filter that somebody has just written: whether it is wrong is not known yet. */
  let awaited = "";
  const put = (exclude: boolean): void => {
    const expression = input.value.trim();
    if (!expression) {
      input.focus();
      return;
    }
    while (viewer.state.filters.some((f) => f.id === `f${next}`)) next++;
    awaited = `f${next}`;
    viewer.setFilter({ id: `f${next}`, table: table.value as Table, expression, exclude, enabled: true }, "");
    input.value = "";
  };
  input.addEventListener("keydown", (event) => event.key === "Enter" && put(event.shiftKey));
  const found = h("p", { class: "quiet", "aria-live": "polite" });
  const prune = toggle("Hide nodes without edges", false, (v) => viewer.set({ prune_orphans: v }));
  const shown = h("div", { class: "row" });
  const fill = (): void => {
    const { state, hidden } = viewer;
    prune.set(viewer.settings.prune_orphans === true);
    list.replaceChildren(
      ...state.filters.map((f) => {
        const error = hidden?.errors.get(f.id);
        const box = h("input", { type: "checkbox", checked: f.enabled, "aria-label": `Filter ${f.label ?? f.expression} is on`, onchange: () => viewer.setFilter({ ...f, enabled: box.checked }, "") });
        const text = h("input", { type: "text", value: f.expression, spellcheck: false, "aria-label": "Expression", onchange: () => {
          // A changed expression is no longer what its histogram says.
          const { label: _, ...rest } = f;
          awaited = f.id;
          viewer.setFilter({ ...rest, expression: text.value }, "");
        } });
        return h("li", { class: error ? "bad" : "", "data-filter": f.id },
          h("div", { class: "row" }, box,
            h("span", { class: `tag ${f.exclude ? "out" : "in"}` }, `${f.exclude ? "without" : "only"} ${f.table}`), h("span", { class: "grow quiet clip", title: f.label }, f.label ?? ""),
            iconButton("close", `Remove filter ${f.label ?? f.expression}`, () => viewer.removeFilter(f.id))),
          text, error ? h("p", { class: "error" }, error, wayOut(f, error)) : null);
      }),
    );
    shown.replaceChildren();
    if (state.hidden.length > 0) add(shown, [h("span", { class: "grow" }, `${plural(state.hidden.length, "node")} hidden by hand`), button("Show", () => viewer.showAll())]);
    if (hidden && viewer.scene) {
      const { n_nodes, n_edges } = viewer.scene;
      found.textContent = `${count(hidden.n_nodes)} of ${plural(n_nodes, "node")}, ${count(hidden.n_edges)} of ${plural(n_edges, "edge")} are seen`;
    }
  };
  /** What can be done about it: a measure that was stopped is computed, and a name that only the other table has is most likely meant there. */
  const wayOut = (f: Filter, error: string): string | HTMLElement => {
    if (isStopped(error)) return h("span", {}, ". ", button("Compute it", () => viewer.setFilter({ ...f }, ""), { class: "link" }));
    const other = f.table === "nodes" ? "edges" : "nodes";
    const known = (of: Table): string[] => [...(viewer.dataset?.tables?.[of].columns ?? []).map((c) => c.name), ...(of === "nodes" ? (viewer.dataset?.measures ?? []) : [])];
    const name = misplaced(f.expression, error, known(f.table), known(other));
    if (name === null) return "";
    return h("span", {}, ` — ${other} have ${name}. `, button(`Filter ${other} instead`, () => {
      awaited = f.id;
      viewer.setFilter({ ...f, table: other }, "");
    }, { class: "link" }));
  };
  viewer.on("open", () => {
    names();
    fill();
  });
  let measures = viewer.dataset?.measures;
  viewer.on("state", () => {
    if (viewer.dataset?.measures !== measures) {
      measures = viewer.dataset?.measures;
      names();
    }
    if (!list.matches(":focus-within")) fill();
  });
  viewer.on("hidden", (hidden) => {
    fill();
    if (awaited === "") return;
    // What is wrong with it may be below what is seen of the panel.
    const error = hidden.errors.get(awaited);
    if (error !== undefined) {
      list.querySelector(`[data-filter="${awaited}"]`)?.scrollIntoView({ block: "nearest" });
      viewer.emit("announce", `the filter is wrong: ${error}`);
    }
    awaited = "";
  });
  return h("div", { class: "panel-body" },
    h("div", { class: "stack" },
      field("Expression", input),
      h("div", { class: "row" }, table, button("Only these", () => put(false), { class: "primary" }), button("Without", () => put(true))),
      hint, prune, shown, found, list));
}
