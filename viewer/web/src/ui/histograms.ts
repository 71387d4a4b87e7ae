/** The panel of histograms: any column, with a brush that filters. */

import { quoteName, quoteValue } from "../core/expression";
import type { Column, Histogram, Table } from "../core/types";
import { isWhole, mayBeLog } from "../core/bins";
import { BrushChart, CategoryChart, rangeExpression, rangeOf, rangeWords, type Range } from "./chart";
import { button, debounce, h, iconButton, throttle } from "./dom";
import type { Viewer } from "./viewer";

interface Card {
  table: Table;
  column: Column;
  element: HTMLElement;
  refresh(): void;
  clear(): void;
  /** Shows the range of a filter that something else has set: undo, or a link. */
  follow(expression: string): void;
}

const BINS = 40;
/** Cards that are there from the start. */
const FIRST = 5;

export class Histograms {
  readonly element: HTMLElement;
  private readonly list: HTMLElement;
  private readonly chooser: HTMLSelectElement;
  private cards = new Map<string, Card>();
  private visible = false;

  constructor(private readonly viewer: Viewer) {
    this.chooser = h("select", { "aria-label": "Add a histogram", onchange: () => this.choose() });
    this.list = h("div", { class: "cards" });
    this.element = h("div", { class: "panel-body" }, this.chooser, this.list);
    viewer.on("open", () => this.reset());
    const refresh = debounce(() => this.refresh(), 120);
    viewer.on("hidden", refresh);
    viewer.on("legend", refresh);
    viewer.on("dates", refresh);
    let known = viewer.dataset?.measures;
    viewer.on("state", () => {
      if (viewer.dataset?.measures !== known) {
        known = viewer.dataset?.measures;
        this.fillChooser();
      }
      for (const [key, card] of this.cards) {
        const filter = viewer.state.filters.find((f) => f.id === key);
        if (filter) card.follow(filter.expression);
        else card.clear();
      }
    });
  }

  /** Charts cost questions to the server: none while nobody sees them. */
  show(visible: boolean): void {
    this.visible = visible;
    if (visible && this.cards.size === 0) this.first();
    else if (visible) this.refresh();
  }

  private reset(): void {
    this.cards.clear();
    this.list.replaceChildren();
    this.fillChooser();
    if (this.visible) this.first();
  }

  private fillChooser(): void {
    const groups = (["nodes", "edges"] as const).map((table) => {
      const group = h("optgroup", { label: table === "nodes" ? "Nodes" : "Edges" });
      for (const column of this.columns(table)) group.append(h("option", { value: `${table}:${column.name}` }, column.name));
      return group;
    });
    const measures = this.measures();
    if (measures.length > 0) {
      const group = h("optgroup", { label: "Measures of nodes" });
      for (const { name } of measures) group.append(h("option", { value: `nodes:${name}` }, name.replaceAll("_", " ")));
      groups.push(group);
    }
    this.chooser.replaceChildren(h("option", { value: "" }, "Add a histogram…"), ...groups);
  }

  /** Measures that the server makes when they are asked for. */
  private measures(): Column[] {
    const names = new Set(this.columns("nodes").map((c) => c.name));
    return (this.viewer.dataset?.measures ?? []).filter((m) => !names.has(m)).map((name) => ({ name, type: "measure", is_numeric: true, is_time: false }));
  }

  private columns(table: Table): Column[] {
    return this.viewer.dataset?.tables?.[table].columns ?? [];
  }

  /** Columns that say most: no names, no ends of edges. */
  private first(): void {
    const { dataset } = this.viewer;
    const ends = new Set([dataset?.node_id_column, dataset?.source_column, dataset?.target_column, "source", "target", "id", "name"]);
    let left = FIRST;
    const degree = this.measures().find((c) => c.name === "degree");
    if (degree) this.add("nodes", degree);
    for (const table of ["nodes", "edges"] as const) {
      for (const column of this.columns(table)) {
        if (left === 0 || ends.has(column.name)) continue;
        this.add(table, column);
        left--;
      }
    }
  }

  private choose(): void {
    const [table, ...rest] = this.chooser.value.split(":");
    this.chooser.value = "";
    const column = [...this.columns(table as Table), ...(table === "nodes" ? this.measures() : [])].find((c) => c.name === rest.join(":"));
    if (column) this.add(table as Table, column);
  }

  private add(table: Table, column: Column): void {
    const key = `histogram ${table} ${column.name}`;
    const old = this.cards.get(key);
    if (old) {
      old.element.scrollIntoView({ block: "nearest" });
      return;
    }
    const card = this.card(key, table, column);
    this.cards.set(key, card);
    this.list.append(card.element);
    card.refresh();
  }

  private card(key: string, table: Table, column: Column): Card {
    const { viewer } = this;
    const body = h("div", { class: "card-body" }, h("p", { class: "quiet" }, "counting…"));
    const reset = button("reset", () => viewer.removeFilter(key), { class: "link", hidden: true });
    const tools = h("span", { class: "tools-inline" }, reset);
    if (table === "nodes" && viewer.source?.isLive) {
      tools.append(
        button("color", () => viewer.encode("node_color", column.name), { class: "link", title: `Color nodes by ${column.name}` }),
        ...(column.is_numeric ? [button("size", () => viewer.encode("node_size", column.name), { class: "link", title: `Size nodes by ${column.name}` })] : []),
      );
    }
    const close = iconButton("close", `Remove the histogram of ${column.name}`, () => {
      viewer.removeFilter(key);
      this.cards.delete(key);
      element.remove();
    });
    const element = h("section", { class: "card", "data-column": `${table}:${column.name}` },
      h("header", {}, h("h3", {}, column.name), h("span", { class: "quiet" }, table), tools, close), body);
    let brush: BrushChart | null = null;
    let categories: CategoryChart | null = null;
    let whole: Histogram | null = null;
    /** The same numbers in bins by logarithm. */
    let byLog: Histogram | null = null;
    /** Whichever of both is seen. */
    let shown: Histogram | null = null;
    let isLog = false;
    let isInt = false;
    const log = button("log", () => {
      isLog = !isLog;
      log.setAttribute("aria-pressed", String(isLog));
      void refresh();
    }, { class: "link", hidden: true, "aria-pressed": "false", title: "Bins by logarithm" });
    const date = button("date", () => viewer.dates.set(table, column.name, viewer.dates.unit(table, column.name) === null), { class: "link", hidden: true, title: `Write ${column.name} as dates` });
    tools.prepend(log, date);
    let run = 0;
    /** The condition that the brush shows. */
    let said = "";
    const follow = (expression: string): void => {
      if (expression === said || !brush || !shown) return;
      said = expression;
      brush.setRange(rangeOf(shown, expression));
    };
    const filter = throttle((range: Range | null, gesture: string) => {
      if (!range) viewer.removeFilter(key);
      else viewer.setFilter({ id: key, table, expression: (said = rangeExpression(shown!, range, isInt)), exclude: false, enabled: true, label: `${column.name}: ${rangeWords(shown!, range, isInt)}` }, gesture);
    }, 90);
    const refresh = async (): Promise<void> => {
      const { source } = viewer;
      if (!source) return;
      const mine = ++run;
      try {
        whole ??= await source.histogram(table, column.name, BINS);
        isInt = isWhole(whole, column, BINS);
        log.hidden = !mayBeLog(whole);
        if (isLog) byLog ??= await viewer.left.byLog(table, whole, BINS);
        const logs = isLog ? byLog : null;
        shown = viewer.dates.mark(table, logs ?? whole);
        date.hidden = !viewer.dates.may(table, column.name);
        date.setAttribute("aria-pressed", String(shown.unit !== undefined));
        const part = await viewer.left.counts(table, shown, BINS, key, logs !== null);
        if (mine !== run) return;
        if (whole.type === "category") {
          if (!categories) {
            categories = new CategoryChart(`${column.name} of ${table}`, (chosen) => {
              if (!chosen) viewer.removeFilter(key);
              else {
                const list = [...chosen];
                viewer.setFilter({ id: key, table, expression: `${quoteName(column.name)} IN (${list.map((name) => quoteValue(viewer.asValue(table, column.name, name))).join(", ")})`, exclude: false, enabled: true, label: `${column.name}: ${list.join(", ")}` });
              }
            });
            body.replaceChildren(categories.element);
          }
          if ((whole.values?.length ?? 0) > 12 && whole.counts.every((c) => c <= 1)) {
            // Names: forty bars of one each say nothing, and search finds them.
            body.replaceChildren(h("p", { class: "quiet" }, "every value is there once"));
            return;
          }
          const left = part && new Map((whole.values ?? []).map((v, i) => [String(v), part[i]!]));
          categories.set(whole, left, this.colors(column.name));
        } else {
          if (!brush) {
            brush = new BrushChart(`${column.name} of ${table}`, 64, filter);
            body.replaceChildren(brush.element);
          }
          if (whole.counts.every((c) => c === 0)) body.replaceChildren(h("p", { class: "quiet" }, "no values"));
          brush.set(shown, part, isInt);
          follow(viewer.state.filters.find((f) => f.id === key)?.expression ?? said);
        }
      } catch (error) {
        body.replaceChildren(h("p", { class: "error" }, (error as Error).message));
      }
      reset.hidden = !viewer.state.filters.some((f) => f.id === key);
    };
    return {
      table, column, element,
      refresh: () => void refresh(),
      follow,
      clear: () => {
        reset.hidden = true;
        said = "";
        brush?.setRange(null);
        if (categories?.chosen) {
          categories.chosen = null;
          void refresh();
        }
      },
    };
  }

  private colors(column: string): Map<string, string> {
    const part = this.viewer.scene?.legend.find((p) => p.channel === "node_color" && p.column === column);
    return new Map((part?.entries ?? []).flatMap((e) => (e.color ? [[e.name, e.color] as const] : [])));
  }

  private refresh(): void {
    if (this.visible) for (const card of this.cards.values()) card.refresh();
  }
}
