/** Search: nodes by any of their texts, found by the server. */

import { cell } from "../core/format";
import { debounce, h, newId } from "./dom";
import type { Viewer } from "./viewer";

const MOST = 12;

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
      const rows = await this.viewer.source.rows({ table: "nodes", search: text, limit: MOST });
      if (run !== this.run) return;
      this.found = rows.index;
      this.at = rows.index.length > 0 ? 0 : -1;
      const items = rows.index.map((u, i) => {
        const values = rows.rows[i]!.map(cell);
        const [name, ...rest] = values;
        // The attribute in which the text was found stands beside the name.
        const where = rest.find((v) => v.toLowerCase().includes(text.toLowerCase())) ?? rest.find((v) => v !== "") ?? "";
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
    this.viewer.select(Uint32Array.of(u));
    this.viewer.view.zoomTo([u]);
    this.close();
    this.input.blur();
  }

  private close(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
