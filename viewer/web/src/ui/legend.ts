/** What colors, sizes and icons stand for. */

import { count } from "../core/format";
import { quoteName, quoteValue } from "../core/expression";
import type { KeyPart } from "../core/key";
import type { LegendPart } from "../core/types";
import { easierOn, safe } from "../render/badges";
import { glyph, initials } from "../render/icons";
import { collectionsPart } from "./collections";
import { h, svg, throttle } from "./dom";
import type { Viewer } from "./viewer";

export function legend(viewer: Viewer): HTMLElement {
  const element = h("section", { class: "legend", "aria-label": "Legend" });
  const fill = (): void => {
    // Whoever uses keys stays where they were.
    const root = element.getRootNode() as Document | ShadowRoot;
    const at = [...element.querySelectorAll("input, button")].indexOf(root.activeElement as Element);
    const parts = [collectionsPart(viewer), ...viewer.key().map((part) => draw(viewer, part))].filter((p) => p !== null);
    element.replaceChildren(...parts);
    element.hidden = parts.length === 0;
    if (at >= 0) element.querySelectorAll<HTMLElement>("input, button")[at]?.focus();
    end();
  };
  // The lower edge fades as long as there is more below it.
  const end = (): void => void element.classList.toggle("more", element.scrollTop + element.clientHeight < element.scrollHeight - 2);
  element.addEventListener("scroll", end, { passive: true });
  new ResizeObserver(end).observe(element);
  viewer.on("legend", fill);
  viewer.on("dates", fill);
  // While time plays it changes with each frame.
  viewer.on("hidden", throttle(fill, 150));
  return element;
}

function draw(viewer: Viewer, part: KeyPart): HTMLElement {
  const { table, ramp: colors, entries } = part;
  const title = h("h3", {}, part.column, part.words ? h("span", { class: "quiet" }, ` ${part.words}`) : null);
  if (colors) {
    const ramp = h("div", { class: colors.length > 0 ? "ramp" : "wedge" });
    if (colors.length > 0) ramp.style.background = `linear-gradient(to right, ${colors.join(", ")})`;
    return h("div", { class: "legend-part" }, title, ramp, tickRow(part.ticks), part.missing > 0 ? h("p", { class: "quiet" }, `${count(part.missing)} without a value`) : null);
  }
  return h("div", { class: "legend-part" }, title,
    h("ul", {}, ...entries.map((entry) => {
      const mark = entry.icon ? iconMark(entry.icon, entry.color) : h("span", { class: "dot" });
      if (!entry.icon && entry.color) (mark as HTMLElement).style.background = entry.color;
      if (entry.number !== undefined && mark instanceof HTMLElement) mark.style.transform = `scale(${Math.min(1.4, Math.max(0.3, entry.number / 12))})`;
      const isValue = part.kind === "categories" && !entry.isRest;
      const id = `legend ${part.channel} ${part.column}`;
      const toggle = (): void => {
        const expression = `${quoteName(part.column)} = ${quoteValue(viewer.asValue(table, part.column, entry.name))}`;
        if (viewer.state.filters.some((f) => f.id === id && f.expression === expression)) viewer.removeFilter(id);
        else viewer.setFilter({ id, table, expression, exclude: false, enabled: true, label: `${part.column}: ${entry.name}` }, "");
      };
      const { seen } = entry;
      const words = `${isValue ? `Show only ${entry.name}` : entry.name}${seen !== undefined ? `: ${count(seen)} of ${count(entry.count)} are seen` : ""}`;
      const button = h("button", { type: "button", class: seen === 0 ? "gone" : "", title: words, disabled: !isValue || !viewer.canFilter(table, part.column), onclick: toggle },
        h("span", { class: "name" }, entry.name), h("span", { class: "number" }, count(seen ?? entry.count)));
      button.prepend(mark);
      return h("li", {}, button);
    })),
    part.more > 0 ? h("p", { class: "quiet" }, `and ${part.more} more`) : null);
}

/** Pixels of the ramp, of a letter below it, and between two labels. */
const WIDE = 168;
const LETTER = 6.6;
const GAP = 6;

/** Where labels of ticks are written: their left sides, in two lines where one has no room; ticks that have none in either keep their mark alone. */
export function placeTicks(ticks: NonNullable<LegendPart["ticks"]>, wide = WIDE): { at: number; left: number; line: number; label: string }[] {
  const taken: [number, number][][] = [[], []];
  const placed = ticks.map(({ place, label }) => {
    const at = Math.min(1, Math.max(0, place)) * wide;
    const width = label.length * LETTER;
    return { at, width, left: Math.max(0, Math.min(wide - width, at - width / 2)), line: -1, label };
  });
  // Both ends first: they say how far the numbers go.
  const order = placed.length > 2 ? [placed[0]!, placed[placed.length - 1]!, ...placed.slice(1, -1)] : placed;
  for (const tick of order) {
    const right = tick.left + tick.width + GAP;
    tick.line = taken.findIndex((list) => list.every(([a, b]) => right <= a || tick.left >= b));
    if (tick.line >= 0) taken[tick.line]!.push([tick.left, right]);
  }
  return placed.map(({ at, left, line, label }) => ({ at, left, line, label }));
}

function tickRow(ticks: NonNullable<LegendPart["ticks"]>): HTMLElement {
  const placed = placeTicks(ticks);
  const row = h("div", { class: "ticks" });
  for (const { at, left, line, label } of placed) {
    const mark = h("span", { class: "tick" });
    mark.style.left = `${((100 * at) / WIDE).toFixed(2)}%`;
    row.append(mark);
    if (line < 0) continue;
    const text = h("span", { class: "tick-label" }, label);
    text.style.left = `${((100 * left) / WIDE).toFixed(2)}%`;
    text.style.top = `${5 + 15 * line}px`;
    row.append(text);
  }
  row.style.height = `${22 + 15 * Math.max(0, ...placed.map((t) => t.line))}px`;
  return row;
}

/** An icon, or letters for it; of a badge on its color. */
function iconMark(name: string, color?: string): Element {
  const fill = safe(color);
  if (fill) {
    const badge = h("span", { class: "badge" }, iconMark(name));
    badge.style.background = fill;
    badge.style.color = easierOn(fill);
    return badge;
  }
  const layers = glyph(name);
  if (!layers) return h("span", { class: "icon-text" }, initials(name));
  return svg("svg", { viewBox: "0 0 24 24", width: 14, height: 14, fill: "currentColor", "fill-rule": "evenodd", "aria-hidden": "true" }, ...layers.map((d) => svg("path", { d })));
}
