/** The inspector: tables of nodes and edges, paged, sorted and searched by the server. */

import { cell, count } from "../core/format";
import type { Rows, Table } from "../core/types";
import { button, debounce, h, iconButton, toggle } from "./dom";
import type { Viewer } from "./viewer";

const PAGE = 100;
/** Selected rows that are asked for by number. */
const MOST_SELECTED = 1000;

export class Inspector {
  readonly element: HTMLElement;
  private table: Table = "nodes";
  private sort: string | null = null;
  private descending = false;
  private offset = 0;
  private search = "";
  private onlySelected = false;
  private readonly selectedBox: ReturnType<typeof toggle>;
  private onlySeen = true;
  private run = 0;
  private abort: AbortController | null = null;
  private readonly head: HTMLElement;
  private readonly rows: HTMLElement;
  private readonly status: HTMLElement;
  private readonly tabs: Record<Table, HTMLButtonElement>;
  private readonly pages: { back: HTMLButtonElement; on: HTMLButtonElement };

  constructor(private readonly viewer: Viewer, onClose: () => void) {
    this.head = h("tr");
    this.rows = h("tbody");
    this.status = h("span", { class: "quiet", "aria-live": "polite" });
    const tab = (table: Table, label: string): HTMLButtonElement => button(label, () => this.turn(table), { role: "tab", class: "tab" });
    this.tabs = { nodes: tab("nodes", "Nodes"), edges: tab("edges", "Edges") };
    this.pages = {
      back: button("‹", () => this.page(-1), { "aria-label": "Page before", class: "page" }),
      on: button("›", () => this.page(1), { "aria-label": "Next page", class: "page" }),
    };
    this.selectedBox = toggle("selected", false, (on) => {
      this.onlySelected = on;
      this.offset = 0;
      void this.load();
    });
    const find = debounce((text: string) => {
      this.search = text;
      this.offset = 0;
      void this.load();
    }, 250);
    const input = h("input", { type: "search", placeholder: "Search the table", "aria-label": "Search the table", oninput: () => find(input.value) });
    this.element = h("section", { class: "inspector", "aria-label": "Inspector", hidden: true },
      h("header", {},
        h("div", { role: "tablist", "aria-label": "Table" }, this.tabs.nodes, this.tabs.edges), input,
        toggle("filtered", true, (on) => {
          this.onlySeen = on;
          this.offset = 0;
          void this.load();
        }),
        this.selectedBox,
        h("span", { class: "grow" }), this.status, this.pages.back, this.pages.on, iconButton("close", "Close the inspector", onClose)),
      h("div", { class: "table", role: "region", "aria-label": "Rows", tabIndex: 0 }, h("table", {}, h("thead", {}, this.head), this.rows)));
    const again = debounce(() => {
      if (!this.element.hidden) void this.load();
    }, 150);
    viewer.on("open", () => {
      this.offset = 0;
      this.sort = null;
      again();
    });
    viewer.on("hidden", () => {
      this.offset = 0;
      if (this.onlySeen) again();
    });
    viewer.on("dates", again);
    viewer.on("legend", again);
    viewer.on("selection", () => {
      const { state } = viewer;
      // A click on an edge asks for its row.
      const now = state.edges.length > 0 ? "edges" : "nodes";
      if (this.onlySelected) {
        if (state.edges.length > 0 !== state.selection.length > 0 && now !== this.table) this.turn(now, false);
        this.offset = 0;
        again();
      } else this.mark();
    });
    this.turn("nodes");
  }

  show(visible: boolean): void {
    this.element.hidden = !visible;
    if (visible) void this.load();
  }

  /** Shows what is selected of a table. */
  showSelected(table: Table): void {
    this.onlySelected = true;
    this.selectedBox.set(true);
    this.turn(table);
    this.tabs[table].focus();
  }

  /** Selected edges; where there are none, those among the selected nodes. */
  private chosenEdges(): Uint32Array {
    const { state, view } = this.viewer;
    return state.edges.length > 0 ? state.edges : view.graph.inside(new Set(state.selection));
  }

  private turn(table: Table, load = true): void {
    this.table = table;
    this.offset = 0;
    this.sort = null;
    for (const name of ["nodes", "edges"] as const) this.tabs[name].setAttribute("aria-selected", String(name === table));
    if (load && !this.element.hidden) void this.load();
  }

  private page(by: number): void {
    this.offset = Math.max(0, this.offset + by * PAGE);
    void this.load();
  }

  private order(column: string): void {
    if (this.sort === column) this.descending = !this.descending;
    else {
      this.sort = column;
      this.descending = false;
    }
    this.offset = 0;
    void this.load();
  }

  private async load(): Promise<void> {
    const { viewer, table } = this;
    const { source } = viewer;
    if (!source) return;
    const run = ++this.run;
    this.abort?.abort();
    this.abort = new AbortController();
    this.status.textContent = "reading…";
    try {
      let found: Rows;
      if (this.onlySelected) {
        const all = table === "nodes" ? viewer.state.selection : this.chosenEdges();
        const part = all.subarray(0, MOST_SELECTED).subarray(this.offset, this.offset + PAGE);
        found = part.length > 0
          ? { ...(await source.rows({ table, index: part }, this.abort.signal)), total: all.length, offset: this.offset }
          : { total: all.length, offset: this.offset, columns: [], index: [], rows: [] };
      } else {
        const query = {
          table, offset: this.offset, limit: PAGE, descending: this.descending,
          ...(this.sort ? { sort: this.sort } : {}), ...(this.search ? { search: this.search } : {}),
        };
        found = await (this.onlySeen ? viewer.left.rows(query, this.abort.signal) : source.rows(query, this.abort.signal));
      }
      if (run === this.run) this.fill(found);
    } catch (error) {
      if (run !== this.run || (error as Error).name === "AbortError") return;
      this.status.textContent = "";
      this.rows.replaceChildren(h("tr", {}, h("td", { class: "error" }, (error as Error).message)));
    }
  }

  private fill(found: Rows): void {
    const numeric = new Set(this.viewer.dataset?.tables?.[this.table].columns.filter((c) => c.is_numeric).map((c) => c.name));
    this.head.replaceChildren(
      ...found.columns.map((name) => {
        const sorted = this.sort === name ? (this.descending ? "descending" : "ascending") : "none";
        const words = sorted === "none" ? name : `${name} ${this.descending ? "↓" : "↑"}`;
        return h("th", { scope: "col", "aria-sort": sorted, class: numeric.has(name) ? "right" : "" }, this.dateButton(name), button(words, () => this.order(name), { class: "column", title: `Sort by ${name}` }));
      }),
    );
    this.rows.replaceChildren(
      ...found.rows.map((values, i) => {
        const row = found.index[i]!;
        return h("tr", { "data-row": row, tabIndex: 0, onclick: (event: MouseEvent) => this.pick(row, event.shiftKey || event.ctrlKey || event.metaKey), onkeydown: (event: KeyboardEvent) => this.onKey(event, row) },
          ...values.map((value, c) => h("td", { class: numeric.has(found.columns[c]!) ? "right" : "", title: cell(value) }, this.viewer.dates.text(this.table, found.columns[c]!, value))));
      }),
    );
    const last = found.offset + found.rows.length;
    this.status.textContent = found.total === 0 ? "no rows" : `${count(found.offset + 1)} – ${count(last)} of ${count(found.total)}`;
    this.pages.back.disabled = found.offset === 0;
    this.pages.on.disabled = last >= Math.min(found.total, this.onlySelected ? MOST_SELECTED : Infinity);
    this.mark();
  }

  /** Writes numbers that may be times as dates, and back. */
  private dateButton(name: string): HTMLElement | null {
    const { dates } = this.viewer;
    if (!dates.may(this.table, name)) return null;
    const isDate = dates.unit(this.table, name) !== null;
    return iconButton("time", `${name} as dates`, () => dates.set(this.table, name, !isDate), { "aria-pressed": String(isDate), class: "icon small" });
  }

  private onKey(event: KeyboardEvent, row: number): void {
    const target = event.currentTarget as HTMLElement;
    const next = event.key === "ArrowDown" ? target.nextElementSibling : event.key === "ArrowUp" ? target.previousElementSibling : null;
    if (next) (next as HTMLElement).focus();
    else if (event.key === "Enter" || event.key === " ") this.pick(row, event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A row of the table becomes what is selected and seen. */
  private pick(row: number, add: boolean): void {
    const { viewer } = this;
    const { selection, edges } = viewer.state;
    const list = (old: Uint32Array, isOf: boolean): Uint32Array => Uint32Array.from(new Set([...(add ? old : []), ...(isOf ? [row] : [])]));
    viewer.select(list(selection, this.table === "nodes"), list(edges, this.table === "edges"));
    viewer.view.zoomTo(this.table === "nodes" ? [row] : viewer.selection.endsOf(Uint32Array.of(row)));
  }

  private mark(): void {
    const { selection, edges } = this.viewer.state;
    const chosen = new Set(this.table === "nodes" ? selection : edges);
    let first: HTMLElement | null = null;
    for (const row of this.rows.querySelectorAll<HTMLElement>("tr[data-row]")) {
      const u = Number(row.dataset.row);
      const isChosen = chosen.has(u);
      row.classList.toggle("chosen", isChosen);
      if (isChosen) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      if (isChosen) first ??= row;
    }
    if (!this.onlySelected && first && !this.rows.matches(":focus-within")) first.scrollIntoView({ block: "nearest" });
  }
}
