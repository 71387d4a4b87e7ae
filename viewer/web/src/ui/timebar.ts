/** The time bar: what happened when, a window over it, and play. */

import type { Column, Histogram, Table } from "../core/types";
import { quoteName } from "../core/expression";
import { BrushChart, rangeExpression, rangeOf, rangeWords, type Range } from "./chart";
import { button, debounce, h, icon, iconButton, select, throttle, toggle } from "./dom";
import type { Viewer } from "./viewer";

const ID = "time";
const BINS = 120;
/** Milliseconds between steps of play, and the share of the whole that a step goes on. */
const STEP = 120;
const SHARE = 1 / 160;
/** How many times as fast play can be. */
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const;

/** Where a window begins after a step of play; null where play ends. */
export function nextStart(start: number, span: number, [low, high]: Range, speed: number, loops: boolean): number | null {
  if (start + span >= high) return loops ? low : null;
  return Math.min(high - span, start + (high - low) * SHARE * speed);
}

export class TimeBar {
  readonly element: HTMLElement;
  private chart: BrushChart | null = null;
  private histogram: Histogram | null = null;
  private at: { table: Table; column: Column } | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly body: HTMLElement;
  private readonly chooser: HTMLElement;
  private readonly play: HTMLButtonElement;
  private readonly reset: HTMLButtonElement;
  private readonly asDates: ReturnType<typeof toggle>;
  private speed = 1;
  private loops = false;
  /** For the rail: opens the bar and closes it. */
  readonly toggleButton: HTMLButtonElement;

  /** `opens`: whether the bar is there as soon as there are times. */
  constructor(private readonly viewer: Viewer, opens = true) {
    this.body = h("div", { class: "time-body" });
    this.chooser = h("span", {});
    this.play = iconButton("play", "Play time", () => this.toggle());
    this.reset = button("show all", () => this.apply(null, ""), { class: "link", "aria-label": "Show all times" });
    const speed = select(SPEEDS.map((v) => [String(v), `${v} ×`] as const), "1", (v) => void (this.speed = Number(v)));
    speed.setAttribute("aria-label", "Speed of time");
    const loop = iconButton("loop", "Repeat: begin again at the end", () => {
      this.loops = !this.loops;
      loop.setAttribute("aria-pressed", String(this.loops));
    }, { "aria-pressed": "false" });
    this.asDates = toggle("dates", true, (on) => this.at && viewer.dates.set(this.at.table, this.at.column.name, on));
    this.asDates.title = "Write these numbers as dates";
    this.reset.style.visibility = "hidden"; // and not gone: bars keep their width while somebody drags
    this.element = h("section", { class: "timebar", "aria-label": "Time", hidden: true },
      h("div", { class: "time-side" },
        h("div", { class: "row" }, this.play, this.chooser, this.reset),
        h("div", { class: "row" }, loop, speed, this.asDates)),
      this.body,
      iconButton("close", "Close the time bar", () => {
        this.show(false);
        this.toggleButton.focus();
      }));
    this.toggleButton = iconButton("time", "Time bar (T)", () => this.show(this.element.hidden === true), { hidden: true, "aria-pressed": "false" });
    viewer.on("open", () => this.open(opens));
    viewer.on("dates", (isNew) => {
      this.open(opens && isNew && !this.hasTimes);
      if (!isNew) this.relabel();
    });
    const part = debounce(() => void this.part(), 150);
    viewer.on("hidden", part);
    viewer.on("state", (state) => {
      const isSet = state.filters.some((f) => f.id === ID);
      this.reset.style.visibility = isSet ? "" : "hidden";
      this.follow();
    });
  }

  /** Shows the window that the filter has, where another than this bar has set it: undo, or a link. */
  private follow(): void {
    const filter = this.viewer.state.filters.find((f) => f.id === ID);
    if (filter?.expression === this.said && filter) return;
    this.stop();
    if (!this.chart || !this.histogram) return;
    this.said = filter?.expression;
    this.chart.setRange(filter && filter.table === this.at?.table ? rangeOf(this.histogram, filter.expression) : null);
  }
  private said: string | undefined;

  /** Whether there are times to show. */
  get hasTimes(): boolean {
    return !this.toggleButton.hidden;
  }

  /** Opens or closes the bar. With the bar its window goes: nothing filters that is not seen. */
  show(visible: boolean): void {
    this.element.hidden = !visible || !this.hasTimes;
    this.toggleButton.setAttribute("aria-pressed", String(!this.element.hidden));
    if (this.element.hidden) {
      this.stop();
      this.viewer.removeFilter(ID);
    }
  }

  /** Offers the columns of times; `show` opens the bar if there are some. */
  private open(show: boolean): void {
    const columns: { table: Table; column: Column }[] = [];
    for (const table of ["edges", "nodes"] as const) {
      const about = this.viewer.dataset?.tables?.[table];
      if (!about?.n_rows) continue;
      for (const column of [...about.columns.filter((c) => c.is_time), ...this.viewer.dates.columns(table)]) columns.push({ table, column });
    }
    this.toggleButton.hidden = columns.length === 0;
    if (show) this.element.hidden = columns.length === 0;
    this.toggleButton.setAttribute("aria-pressed", String(!this.element.hidden));
    if (columns.length === 0) {
      this.stop();
      this.at = this.chart = null;
      return;
    }
    const key = (c: { table: Table; column: Column }): string => `${c.table}:${c.column.name}`;
    // What is shown stays when there is more to choose from.
    const present = !show && this.chart && this.at ? columns.find((c) => key(c) === key(this.at!)) : undefined;
    const window = this.viewer.state.filters.find((f) => f.id === ID);
    const first = columns.find((c) => window?.table === c.table && window.expression.startsWith(`${quoteName(c.column.name)} >= `)) ?? columns[0]!;
    const menu = select(columns.map((c) => [key(c), `${c.column.name} (${c.table})`] as const), key(present ?? first), (value) => {
      this.stop();
      this.apply(null, "");
      void this.load(columns.find((c) => key(c) === value)!);
    });
    menu.setAttribute("aria-label", "Column of times");
    this.chooser.replaceChildren(menu);
    if (present) return;
    this.stop();
    // A window over a column that is none of times any more.
    if (!show && this.at && !columns.some((c) => key(c) === key(this.at!))) this.viewer.removeFilter(ID);
    void this.load(first);
  }

  /** Numbers have become dates, or dates numbers. */
  private relabel(): void {
    const { at, chart, histogram } = this;
    if (!at || !chart || !histogram) return;
    const { unit: _, ...plain } = histogram;
    this.histogram = this.viewer.dates.mark(at.table, plain);
    this.asDates.set(this.histogram.unit !== undefined);
    chart.set(this.histogram, null);
    this.shown = undefined;
    void this.part();
  }

  private async load(at: { table: Table; column: Column }): Promise<void> {
    this.at = at;
    this.chart = null;
    this.asDates.hidden = at.column.is_time;
    try {
      const found = await this.viewer.source!.histogram(at.table, at.column.name, BINS);
      // Another column was chosen meanwhile.
      if (this.at !== at) return;
      this.histogram = this.viewer.dates.mark(at.table, found);
      this.asDates.set(this.histogram.unit !== undefined);
    } catch (error) {
      this.body.replaceChildren(h("p", { class: "error" }, `${at.column.name}: ${(error as Error).message}`));
      return;
    }
    if (!this.histogram.edges || this.histogram.counts.every((c) => c === 0)) {
      // A column without a value has no first and last moment.
      this.chart = null;
      this.body.replaceChildren(h("p", { class: "quiet" }, `${at.column.name} has no times`));
      return;
    }
    this.chart = new BrushChart(`time, ${at.column.name}`, 46, (range, gesture) => {
      this.stop();
      this.apply(range, gesture);
    });
    this.body.replaceChildren(this.chart.element);
    this.chart.set(this.histogram, null);
    this.said = undefined;
    this.follow();
    this.shown = undefined;
    await this.part();
  }

  /** Bars of what the other filters leave, before those of all. */
  private async part(): Promise<void> {
    const { at, chart, histogram } = this;
    const { source } = this.viewer;
    if (!at || !chart || !histogram || !source) return;
    const { filters, hidden } = this.viewer.state;
    const { prune_orphans } = this.viewer.settings;
    const others = JSON.stringify([prune_orphans, ...filters.filter((f) => f.id !== ID)]);
    // A window that moves over time changes nothing here.
    if (others === this.shown && hidden === this.byHand) return;
    this.shown = others;
    this.byHand = hidden;
    try {
      const part = await this.viewer.left.counts(at.table, histogram, BINS, ID);
      if (others === this.shown && hidden === this.byHand && chart === this.chart) chart.set(histogram, part);
    } catch {
      // A filter that is wrong hides nothing, and the panel of filters says so.
      if (chart === this.chart) chart.set(histogram, null);
    }
  }
  private shown: string | undefined;
  private byHand: Uint32Array | undefined;

  private readonly apply = throttle((range: Range | null, gesture: string) => {
    if (!range || !this.at || !this.histogram) {
      this.viewer.removeFilter(ID);
      return;
    }
    const { table, column } = this.at;
    const expression = rangeExpression(this.histogram, range);
    this.said = expression;
    this.viewer.setFilter({ id: ID, table, expression, exclude: false, enabled: true, label: `${column.name}: ${rangeWords(this.histogram, range)}` }, gesture);
  }, 80);

  private toggle(): void {
    if (this.timer !== undefined) this.stop();
    else this.start();
  }

  private start(): void {
    const edges = this.histogram?.edges;
    if (!this.chart || !edges) return;
    const [low, high] = [edges[0]!, edges[edges.length - 1]!];
    const range = this.chart.range ?? [low, low + (high - low) / 8];
    const span = range[1] - range[0];
    let start = range[1] >= high ? low : range[0];
    this.set(true);
    const played = `gesture play ${Date.now()}`;
    this.timer = setInterval(() => {
      const next = nextStart(start, span, [low, high], this.speed, this.loops);
      if (next === null) {
        this.stop();
        return;
      }
      start = next;
      this.chart!.setRange([start, start + span]);
      this.apply([start, start + span], played);
    }, STEP);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.set(false);
  }

  private set(playing: boolean): void {
    this.play.replaceChildren(icon(playing ? "pause" : "play"));
    const words = playing ? "Stop time" : "Play time";
    this.play.title = words;
    this.play.setAttribute("aria-label", words);
  }

  destroy(): void {
    this.stop();
  }
}
