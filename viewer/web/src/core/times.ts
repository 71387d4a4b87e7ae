/** Numbers that are times: seconds or milliseconds since 1970. */

import { time } from "./format";
import type { Histogram, LegendPart } from "./types";

export type Unit = "s" | "ms";

const MS: Record<Unit, number> = { s: 1000, ms: 1 };

/** Years that times are of if numbers may be times at all, and if their range alone says it. */
const POSSIBLE = [1971, 2200] as const;
const USUAL = [1990, 2100] as const;

/** A time in ms since 1970. */
export const toMs = (v: number, unit: Unit): number => v * MS[unit];

const within = (low: number, high: number, [first, last]: readonly [number, number], unit: Unit): boolean =>
  toMs(low, unit) >= Date.UTC(first, 0) && toMs(high, unit) < Date.UTC(last, 0);

/** In what numbers from `low` to `high` may be times; null if they cannot. */
export function unitOf(low: number, high: number): Unit | null {
  return (["s", "ms"] as const).find((unit) => within(low, high, POSSIBLE, unit)) ?? null;
}

/** The words of a name: created_at, createdAt, "created at". */
export function wordsOf(name: string): string[] {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/).filter((word) => word !== "");
}

const TIME = /^(time|times|timestamp|timestamps|ts|date|dates|datetime|day|when|epoch|unix|utc|created|updated|modified|started|ended|seen|expires)$/;
const NUMBERED = /^(id|ids|key|code|no|num|number|phone|tel|mobile|hash|account|card|zip|isbn|ip|serial|sku)$/;

/** Whether the name of a column says that it is of times. */
export const isTimeName = (name: string): boolean => wordsOf(name).some((word) => TIME.test(word));

/** Whether numbers are plainly times: the name says it, or they are all of usual years and the name does not say that they number things. */
export function isPlain(name: string, low: number, high: number, isWhole: boolean): boolean {
  const unit = unitOf(low, high);
  if (unit === null) return false;
  if (isTimeName(name)) return true;
  return isWhole && low < high && within(low, high, USUAL, unit) && !wordsOf(name).some((word) => NUMBERED.test(word) || /.id$/.test(word));
}

/** What a number of a histogram is in ms since 1970, as a factor; null if it is no time. */
export function factorOf({ type, unit }: Histogram): number | null {
  return type === "time" ? 1 : unit ? MS[unit] : null;
}

/** Ticks of numbers as dates, as fine as their span needs. */
export function datesOf(ticks: NonNullable<LegendPart["ticks"]>, unit: Unit): NonNullable<LegendPart["ticks"]> {
  const moments = ticks.map(({ label }) => toMs(Number(label), unit));
  const span = Math.max(...moments) - Math.min(...moments);
  return ticks.map((tick, i) => (Number.isFinite(moments[i]!) ? { ...tick, label: time(moments[i]!, span) } : tick));
}
