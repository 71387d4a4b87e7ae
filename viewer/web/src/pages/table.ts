/** A table that is searched and sorted in the page, with both in the address. */

import { count, plural } from "../core/format";
import { button, debounce, h } from "../ui/dom";

type Value = string | number | null;

export interface Column<T> {
  key: string;
  label: string;
  value(row: T): Value;
  /** What is shown, if not the value. */
  cell?(row: T): Node | string;
  isNumber?: boolean;
  /** Left out where there is little room. */
  isMinor?: boolean;
}

/** Rows that are drawn at first, and more at a time. */
const STEP = 100;

export class ListTable<T> {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement;
  private rows: readonly T[] = [];
  private sort: string;
  private descending: boolean;
  private shown = STEP;
  private readonly head: HTMLTableRowElement;
  private readonly body: HTMLElement;
  private readonly foot = h("p", { class: "quiet", "aria-live": "polite" });
  private readonly more: HTMLButtonElement;

  constructor(private readonly options: {
    /** What the rows are, in the plural, for whoever does not see the table. */
    name: string;
    columns: readonly Column<T>[];
    sort: string;
    descending?: boolean;
    /** What search looks at. */
    text(row: T): string;
    /** Further conditions that rows must meet. */
    keep?(row: T): boolean;
    empty: string;
    tools?: Node[];
  }) {
    const query = new URLSearchParams(location.search);
    const sort = query.get("sort") ?? "";
    const known = options.columns.some((c) => c.key === sort.replace(/^-/, ""));
    this.sort = known ? sort.replace(/^-/, "") : options.sort;
    this.descending = known ? sort.startsWith("-") : options.descending === true;
    this.search = h("input", { type: "search", placeholder: "Search", "aria-label": `Search ${options.name}`, value: query.get("q") ?? "", autocomplete: "off" });
    const typed = debounce(() => {
      this.shown = STEP;
      this.keep();
      this.draw();
    }, 120);
    this.search.addEventListener("input", typed);
    this.head = h("tr", {});
    this.body = h("tbody", {});
    this.more = button("Show more", () => {
      this.shown += STEP;
      this.draw();
    }, { hidden: true });
    this.element = h("div", { class: "list" },
      h("div", { class: "row list-tools" }, this.search, ...(options.tools ?? [])),
      h("div", { class: "table-box", tabIndex: 0, role: "region", "aria-label": options.name }, h("table", { class: "rows" }, h("thead", {}, this.head), this.body)),
      h("div", { class: "row" }, this.foot, this.more));
    this.drawHead();
  }

  set(rows: readonly T[]): void {
    this.rows = rows;
    this.draw();
  }

  /** Draws anew, when what `keep` says has changed. */
  draw(): void {
    const { columns, text, keep, empty, name } = this.options;
    const words = this.search.value.toLowerCase().split(/\s+/).filter((w) => w !== "");
    const found = this.rows.filter((row) => {
      if (keep && !keep(row)) return false;
      const all = text(row).toLowerCase();
      return words.every((w) => all.includes(w));
    });
    const column = columns.find((c) => c.key === this.sort)!;
    const sorted = [...found].sort((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      // What has no value is last in either direction.
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      const by = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
      return this.descending ? -by : by;
    });
    this.body.replaceChildren(...sorted.slice(0, this.shown).map((row) => h("tr", {}, ...columns.map((c) => {
      const cell = c.cell?.(row) ?? c.value(row);
      return h("td", { class: classOf(c) }, cell === null ? h("span", { class: "quiet" }, "–") : cell);
    }))));
    if (sorted.length === 0) {
      const why = this.rows.length === 0 ? empty : `None of ${plural(this.rows.length, name.replace(/s$/, ""))} is like that.`;
      this.body.replaceChildren(h("tr", {}, h("td", { colSpan: columns.length, class: "nothing quiet" }, why)));
    }
    this.foot.textContent = this.rows.length === 0 ? "" : found.length < this.rows.length ? `${count(found.length)} of ${count(this.rows.length)} ${name}` : plural(this.rows.length, name.replace(/s$/, ""));
    this.more.hidden = sorted.length <= this.shown;
  }

  private drawHead(): void {
    this.head.replaceChildren(...this.options.columns.map((c) => {
      const is = c.key === this.sort;
      return h("th", { class: classOf(c), scope: "col", "aria-sort": is ? (this.descending ? "descending" : "ascending") : "none" },
        h("button", { type: "button", class: "column", onclick: () => {
          this.descending = is ? !this.descending : c.isNumber === true;
          this.sort = c.key;
          this.keep();
          this.drawHead();
          this.draw();
        } }, c.label, h("span", { class: "arrow", "aria-hidden": "true" }, is ? (this.descending ? " ↓" : " ↑") : "")));
    }));
  }

  /** Search and order are in the address, so that a link or a way back shows the same. */
  private keep(): void {
    const url = new URL(location.href);
    const put = (key: string, value: string, usual: string): void => (value === usual ? url.searchParams.delete(key) : url.searchParams.set(key, value));
    put("q", this.search.value.trim(), "");
    put("sort", `${this.descending ? "-" : ""}${this.sort}`, `${this.options.descending ? "-" : ""}${this.options.sort}`);
    history.replaceState(history.state, "", url);
  }
}

const classOf = <T>(c: Column<T>): string => `${c.isNumber ? "right" : ""}${c.isMinor ? " minor" : ""}`;
