/** Search: nodes by any of their texts, found by the server. */

import { quoteName, quoteValue } from "../core/expression";
import { cell } from "../core/format";
import type { Column, Rows } from "../core/types";
import { debounce, h, newId } from "./dom";
import type { Viewer } from "./viewer";

const MOST = 12;
/** Rows that are ranked: of more matches the server's first. */
const RANKED = 100;

const NO_FIT = 9;

/** How well a row fits a text: the id itself, its beginning, an attribute itself, its beginning, anything else. */
export function rankOf(values: readonly unknown[], id: number, text: string): number {
  const part = text.toLowerCase();
  let best = NO_FIT;
  values.forEach((value, i) => {
    const v = cell(value).toLowerCase();
    const rank = v === part ? 0 : v.startsWith(part) ? 1 : v.includes(part) ? 4 : NO_FIT;
    best = Math.min(best, rank < 4 && i !== id ? rank + 2 : rank);
  });
  return best;
}

/** Rows of several answers, the best first; those that fit as well as each other stay in their order. */
export function best(answers: readonly Rows[], id: number, text: string): Rows {
  const all = answers[answers.length - 1]!;
  const seen = new Set<number>();
  const rows: { u: number; values: unknown[]; rank: number }[] = [];
  for (const answer of answers) {
    answer.index.forEach((u, i) => {
      const values = answer.rows[i]!;
      const rank = rankOf(values, id, text);
      if (seen.has(u) || rank === NO_FIT) return;
      seen.add(u);
      rows.push({ u, values, rank });
    });
  }
  rows.sort((a, b) => a.rank - b.rank);
  const first = rows.slice(0, MOST);
  return { ...all, index: first.map((r) => r.u), rows: first.map((r) => r.values) };
}

/** The id of a row, and the attribute that stands beside it: the one in which the text was found, else the first in words. */
export function hit(values: readonly unknown[], columns: readonly string[], id: number, numbers: ReadonlySet<string>, text: string): { name: string; where: string } {
  const others = values.map((value, i) => ({ text: cell(value), column: columns[i]! })).filter((v, i) => i !== id && v.text !== "");
  const found = others.find((v) => v.text.toLowerCase().includes(text.toLowerCase())) ?? others.find((v) => !numbers.has(v.column));
  return { name: cell(values[id]), where: found?.text ?? "" };
}

/** Conditions for the node of an id, and for nodes whose ids begin so. */
export function idConditions({ name, is_numeric }: Column, text: string): string[] {
  const column = quoteName(name);
  if (is_numeric) return /^-?\d+(\.\d+)?$/.test(text) ? [`${column} = ${text}`] : [];
  const same = `${column} = ${quoteValue(text)}`;
  // What signs of a pattern let through beyond that is left out by its rank.
  return text.includes("\\") ? [same] : [same, `${column} ILIKE ${quoteValue(`${text}%`)}`];
}

export class Search {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  private readonly list: HTMLUListElement;
  private found: number[] = [];
  private at = -1;
  private run = 0;

  constructor(private readonly viewer: Viewer) {
    const id = newId("found");
    this.list = h("ul", { id, role: "listbox", "aria-label": "Found nodes", hidden: true, class: "found" });
    const ask = debounce(() => void this.ask(), 160);
    this.input = h("input", {
      type: "search", placeholder: "Search nodes", role: "combobox", autocomplete: "off", spellcheck: false,
      "aria-label": "Search nodes", "aria-controls": id, "aria-expanded": "false", "aria-autocomplete": "list",
      oninput: ask, onkeydown: (event: KeyboardEvent) => this.onKey(event), onblur: () => setTimeout(() => this.close(), 150),
      onfocus: () => this.input.value && void this.ask(),
    });
    this.element = h("div", { class: "search" }, this.input, this.list);
    viewer.on("open", () => {
      this.input.value = "";
      this.close();
    });
  }

  private async ask(): Promise<void> {
    const text = this.input.value.trim();
    const run = ++this.run;
    if (!text || !this.viewer.source) {
      this.close();
      return;
    }
    try {
      const rows = await this.best(text);
      if (run !== this.run) return;
      this.found = rows.index;
      this.at = rows.index.length > 0 ? 0 : -1;
      const items = rows.index.map((u, i) => {
        const { name, where } = hit(rows.rows[i]!, rows.columns, this.id(rows), this.numbers(), text);
        return h("li", { role: "option", id: `${this.list.id}-${i}`, onpointerdown: (event: Event) => {
          event.preventDefault();
          this.take(i);
        } }, h("span", {}, name || this.viewer.name(u)), h("span", { class: "quiet clip" }, where));
      });
      this.list.replaceChildren(...(items.length > 0 ? items : [h("li", { class: "quiet", role: "option", "aria-disabled": "true" }, "nothing found")]),
        ...(rows.total > MOST ? [h("li", { class: "quiet", role: "option", "aria-disabled": "true" }, `and ${rows.total - MOST} more: see the inspector`)] : []));
      this.list.hidden = false;
      this.input.setAttribute("aria-expanded", "true");
      this.mark();
    } catch (error) {
      this.viewer.fail("search", error);
    }
  }

  /** Names of the columns of numbers. */
  private numbers(): Set<string> {
    return new Set(this.viewer.dataset?.tables?.nodes.columns.flatMap((c) => (c.is_numeric ? [c.name] : [])));
  }

  /** The column of ids, among those of an answer. */
  private id(rows: Rows): number {
    return Math.max(0, rows.columns.indexOf(this.viewer.dataset?.node_id_column ?? ""));
  }

  /** What fits best. The server finds in the order of rows, so the node of that very id may be far behind: such are asked for by themselves. */
  private async best(text: string): Promise<Rows> {
    const { source, dataset } = this.viewer;
    const all = await source!.rows({ table: "nodes", search: text, limit: RANKED });
    const column = dataset?.tables?.nodes.columns.find((c) => c.name === (dataset.node_id_column ?? "name"));
    const parts = [all];
    if (column && all.total > all.index.length) {
      const filters = idConditions(column, text);
      // One that the server refuses finds nothing.
      const more = await Promise.all(filters.map((filter) => source!.rows({ table: "nodes", filter, limit: MOST }).catch(() => null)));
      parts.unshift(...more.filter((rows) => rows !== null));
    }
    return best(parts, this.id(all), text);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const n = this.found.length;
      if (n > 0) this.at = (this.at + (event.key === "ArrowDown" ? 1 : n - 1)) % n;
      this.mark();
    } else if (event.key === "Enter" && this.at >= 0 && !this.list.hidden) this.take(this.at);
    else if (event.key === "Escape") {
      this.close();
      this.input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private mark(): void {
    [...this.list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === this.at)));
    if (this.at >= 0) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
  }

  private take(i: number): void {
    const u = this.found[i];
    if (u === undefined) return;
    const { viewer } = this;
    viewer.select(Uint32Array.of(u));
    viewer.view.zoomTo([u]);
    if (viewer.view.isHidden(u)) viewer.emit("message", { text: `${viewer.name(u)} is hidden, by a filter or by hand`, kind: "info", again: { label: "Show all", run: () => viewer.unhide() } });
    this.close();
    this.input.blur();
  }

  private close(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
