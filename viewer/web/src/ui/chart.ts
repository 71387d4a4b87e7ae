/** Bars of a histogram, with a brush: drag over bars, or write the bounds. */

import { count, numbersBetween, time } from "../core/format";
import { quoteName, quoteTime, quoteValue } from "../core/expression";
import { ends, isEach, placeOf, snap, valueAt, type Range } from "../core/bins";
import type { Histogram } from "../core/types";
import { factorOf } from "../core/times";
import { h, svg } from "./dom";

export type { Range } from "../core/bins";

/** The condition that a value lies in a range; the last bin has its upper bound inside, and a range of whole numbers both. */
export function rangeExpression(histogram: Histogram, [low, high]: Range, whole = false): string {
  const name = quoteName(histogram.column);
  const value = histogram.type === "time" ? (v: number): string => quoteTime(Math.round(v)) : (v: number): string => quoteValue(Number(v.toPrecision(whole || histogram.unit ? 16 : 12)));
  const last = histogram.edges![histogram.edges!.length - 1]!;
  return `${name} >= ${value(low)} AND ${name} ${whole || high >= last ? "<=" : "<"} ${value(high)}`;
}

/** The range that such a condition was made of; null of any other. */
export function rangeOf(histogram: Histogram, expression: string): Range | null {
  const name = quoteName(histogram.column);
  const [begin, middle] = [`${name} >= `, ` AND ${name} <`];
  const at = expression.indexOf(middle);
  if (!expression.startsWith(begin) || at < 0) return null;
  const read = (text: string): number => {
    const moment = /^TIMESTAMP '([^']+)'$/.exec(text)?.[1];
    if ((moment !== undefined) !== (histogram.type === "time")) return NaN;
    return moment !== undefined ? Date.parse(moment.replace(" ", "T")) : /^-?[\d.]+(e[+-]?\d+)?$/.test(text) ? Number(text) : NaN;
  };
  const low = read(expression.slice(begin.length, at));
  const high = read(expression.slice(at + middle.length).replace(/^=/, "").trim());
  return low <= high ? [low, high] : null;
}

export function rangeWords(histogram: Histogram, [low, high]: Range, whole = false): string {
  const factor = factorOf(histogram);
  const words = factor !== null ? (v: number): string => time(v * factor, (high - low) * factor) : numbersBetween(low, high);
  return whole && low === high ? words(low) : `${words(low)} – ${words(high)}`;
}

/** Pixels from which on a chart has room for the ends of its axis beside the bounds. */
const ROOMY = 480;

let gestures = 0;

/** A histogram of numbers or times. */
export class BrushChart {
  readonly element: HTMLElement;
  /** Of whole numbers the first and the last that are in. */
  range: Range | null = null;
  private whole = false;
  private histogram: Histogram | null = null;
  private part: number[] | null = null;
  private readonly picture: SVGElement;
  private readonly bars: SVGElement;
  private readonly brush: SVGElement;
  private readonly low: HTMLInputElement;
  private readonly high: HTMLInputElement;
  private readonly words: HTMLElement;
  private width = 260;

  constructor(private readonly label: string, private readonly height: number, private readonly onRange: (range: Range | null, gesture: string) => void) {
    this.bars = svg("g");
    this.brush = svg("rect", { class: "brush", x: 0, y: 0, width: 0, height });
    this.picture = svg("svg", { class: "bars", height, width: "100%", preserveAspectRatio: "none", role: "img" }, this.bars, this.brush);
    this.picture.addEventListener("pointerdown", this.onDown as EventListener);
    this.low = h("input", { type: "text", class: "bound", "aria-label": `${label} from`, onchange: () => this.written() });
    this.high = h("input", { type: "text", class: "bound", "aria-label": `${label} to`, onchange: () => this.written() });
    this.words = h("span", { class: "quiet" });
    this.element = h("div", { class: "chart" }, this.picture as unknown as HTMLElement, h("div", { class: "bounds" }, this.low, this.words, this.high));
    new ResizeObserver(([entry]) => {
      const width = Math.round(entry!.contentRect.width);
      if (width > 0 && width !== this.width) {
        this.width = width;
        this.draw();
      }
    }).observe(this.picture);
  }

  /** `part`: how many of each bin other filters leave. */
  set(histogram: Histogram, part: number[] | null, whole = false): void {
    this.histogram = histogram;
    this.whole = whole;
    this.part = part;
    const total = histogram.counts.reduce((a, b) => a + b, 0);
    const [low, high] = ends(histogram, whole);
    this.picture.setAttribute("aria-label", `${this.label}: ${count(total)} values from ${this.format(low)} to ${this.format(high)}`);
    this.draw();
  }

  setRange(range: Range | null): void {
    this.range = range;
    this.drawBrush();
  }

  private format(v: number): string {
    const edges = this.histogram!.edges!;
    const factor = factorOf(this.histogram!);
    const [low, high] = [edges[0]!, edges[edges.length - 1]!];
    return factor !== null ? time(v * factor, (high - low) * factor) : numbersBetween(low, high)(v);
  }

  /** A range as it lies on the axis: a number with a bin of its own takes all of it. */
  private onAxis([low, high]: Range): Range {
    return this.whole && isEach(this.histogram!) ? [low, high + 1] : [low, high];
  }

  private draw(): void {
    const { histogram } = this;
    if (!histogram?.edges) return;
    const bins = histogram.counts.length;
    const most = Math.max(1, ...histogram.counts);
    // Long tails are seen too: heights are square roots where one bin towers over the rest.
    const sorted = [...histogram.counts].sort((a, b) => b - a);
    const steep = most > 12 * (sorted[Math.floor(bins / 2)] || 1);
    const up = (c: number): number => (c === 0 ? 0 : Math.max(1.5, (steep ? Math.sqrt(c / most) : c / most) * (this.height - 3)));
    const w = this.width / bins;
    this.picture.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    const rect = (i: number, c: number, kind: string): SVGElement => {
      const tall = up(c);
      const bar = svg("rect", { class: kind, x: (i * w + 0.5).toFixed(2), width: Math.max(0.5, w - 1).toFixed(2), y: (this.height - tall).toFixed(2), height: tall.toFixed(2), rx: Math.min(2, w / 4) });
      const title = svg("title");
      const [from, to] = [this.format(histogram.edges![i]!), this.format(histogram.edges![i + 1]!)];
      title.textContent = `${this.whole && isEach(histogram) ? from : `${from} – ${to}`}: ${count(c)}`;
      bar.append(title);
      return bar;
    };
    this.bars.replaceChildren(
      ...histogram.counts.map((c, i) => rect(i, c, this.part ? "bin faint" : "bin")),
      ...(this.part ?? []).map((c, i) => rect(i, Math.min(c, histogram.counts[i]!), "bin")),
    );
    this.drawBrush();
  }

  private drawBrush(): void {
    const { histogram, range } = this;
    if (!histogram?.edges) return;
    const [low, high] = ends(histogram, this.whole);
    const [a, b] = range ?? [low, high];
    const [from, to] = this.onAxis([a, b]).map((v) => placeOf(histogram.edges!, v) * this.width) as [number, number];
    this.brush.setAttribute("x", String(from));
    // One number of many is as wide as can be seen.
    this.brush.setAttribute("width", String(range ? Math.max(range[0] === range[1] ? 2 : 0, to - from) : 0));
    this.element.classList.toggle("brushed", range !== null);
    this.low.value = this.format(range ? a : low);
    this.high.value = this.format(range ? b : high);
    // Where there is room, what the axis shows stands beside what is chosen of it.
    this.words.textContent = range && this.width > ROOMY ? `to · all: ${this.format(low)} – ${this.format(high)}` : "to";
  }

  /** A bound without the last digits, which say nothing: whole numbers stay whole. */
  private near(v: number): number {
    const round = Math.round(v);
    return Math.abs(v - round) < 1e-9 * Math.max(1, Math.abs(v)) ? round : v;
  }

  private written(): void {
    const { histogram } = this;
    if (!histogram?.edges) return;
    const factor = factorOf(histogram);
    const read = (text: string): number => (factor !== null ? Date.parse(`${text.trim().replace(" ", "T")}${/T/.test(text.trim().replace(" ", "T")) ? "Z" : ""}`) / factor : Number(text.replaceAll(",", "")));
    // A bound that nobody changed stays as it is, and not as it is rounded for the eye.
    const [a, b] = this.range ?? ends(histogram, this.whole);
    const bound = (input: HTMLInputElement, now: number): number => (input.value === this.format(now) ? now : read(input.value));
    const [low, high] = [bound(this.low, a), bound(this.high, b)];
    if (Number.isNaN(low) || Number.isNaN(high) || low > high) {
      this.drawBrush();
      return;
    }
    this.range = this.whole ? [Math.ceil(low), Math.floor(high)] : [low, high];
    if (this.range[0] > this.range[1]) this.range = [Math.round(low), Math.round(low)];
    this.drawBrush();
    this.onRange(this.range, "");
  }

  /** Drags a new range, the whole range, or one of its ends. */
  private readonly onDown = (event: PointerEvent): void => {
    const edges = this.histogram?.edges;
    if (!edges || event.button !== 0) return;
    event.preventDefault();
    const box = this.picture.getBoundingClientRect();
    // In shares of the axis: bins are as wide as each other, whatever they hold.
    const value = (e: PointerEvent): number => Math.min(1, Math.max(0, (e.clientX - box.left) / box.width));
    const start = value(event);
    const old = this.range && (this.onAxis(this.range).map((v) => placeOf(edges, v)) as [number, number]);
    const near = 6 / box.width;
    const grip = old && Math.abs(start - old[0]) < near ? "low" : old && Math.abs(start - old[1]) < near ? "high" : old && start > old[0] && start < old[1] ? "all" : "new";
    let moved = false;
    // All of a drag is one step for undo.
    const gesture = `gesture ${++gestures}`;
    const move = (e: PointerEvent): void => {
      if (!moved && Math.abs(e.clientX - event.clientX) < 3) return;
      moved = true;
      const now = value(e);
      let places: Range;
      if (grip === "all") {
        const span = old![1] - old![0];
        const a = Math.min(1 - span, Math.max(0, old![0] + now - start));
        places = [a, a + span];
        // Whole bins go as many on as they were.
        const bins = edges.length - 1;
        if (this.whole && isEach(this.histogram!)) places = places.map((p) => Math.round(p * bins) / bins) as [number, number];
      } else {
        const fixed = grip === "low" ? old![1] : grip === "high" ? old![0] : start;
        places = [Math.min(fixed, now), Math.max(fixed, now)];
      }
      const range: Range = [this.near(valueAt(edges, places[0])), this.near(valueAt(edges, places[1]))];
      this.range = this.whole ? snap(this.histogram!, range) : range;
      this.drawBrush();
      this.onRange(this.range, gesture);
    };
    const up = (): void => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", up);
      // A click beside the range takes it away.
      if (!moved && grip === "new") this.range = null;
      this.drawBrush();
      this.onRange(this.range, gesture);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", up);
  };
}

/** A histogram of names: bars that can be switched off and on. */
export class CategoryChart {
  readonly element: HTMLElement;
  /** Names that are let through; null: all. */
  chosen: Set<string> | null = null;
  private histogram: Histogram | null = null;

  constructor(label: string, private readonly onChosen: (chosen: Set<string> | null) => void) {
    this.element = h("div", { class: "categories", role: "group", "aria-label": label });
  }

  set(histogram: Histogram, part: Map<string, number> | null, colors: Map<string, string>): void {
    this.histogram = histogram;
    const most = Math.max(1, ...histogram.counts);
    const values = histogram.values ?? [];
    const rows = values.map((value, i) => {
      const name = String(value);
      const c = histogram.counts[i]!;
      const left = part ? (part.get(name) ?? 0) : c;
      const on = this.chosen === null || this.chosen.has(name);
      const fill = h("span", { class: "fill" });
      fill.style.width = `${(100 * left) / most}%`;
      const color = colors.get(name);
      if (color) fill.style.background = color;
      return h(
        "button",
        { type: "button", class: on ? "category" : "category off", "aria-pressed": String(on), title: `${name}: ${count(left)} of ${count(c)}`, onclick: () => this.click(name) },
        fill, h("span", { class: "name" }, name === "" ? "(empty)" : name), h("span", { class: "number" }, count(left)),
      );
    });
    const rest: string[] = [];
    if (histogram.n_other) rest.push(`${count(histogram.n_other)} with other values`);
    if (histogram.n_null) rest.push(`${count(histogram.n_null)} without a value`);
    this.element.replaceChildren(...rows, ...(rest.length > 0 ? [h("p", { class: "quiet" }, rest.join(", "))] : []));
  }

  /** The first click shows one alone; others add and take away. */
  private click(name: string): void {
    const chosen = new Set(this.chosen ?? []);
    if (!chosen.delete(name)) chosen.add(name);
    const all = this.histogram?.values?.length ?? 0;
    this.chosen = chosen.size === 0 || (chosen.size === all && !this.histogram?.n_other) ? null : chosen;
    this.onChosen(this.chosen);
  }
}
