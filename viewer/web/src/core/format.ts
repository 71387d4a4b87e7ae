/** Numbers and times as people read them. */

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A count of things: 12,345. */
export const count = (n: number): string => grouped.format(n);

/** One thing, or several: 1 node, 2 nodes. */
export const plural = (n: number, word: string): string => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/** A measured number in few digits. */
export function number(v: number): string {
  if (!Number.isFinite(v)) return String(v);
  const a = Math.abs(v);
  if (a !== 0 && (a < 1e-3 || a >= 1e9)) return v.toExponential(2).replace("e+", "e");
  if (Number.isInteger(v)) return a >= 10_000 ? grouped.format(v) : String(v);
  return String(Number(v.toPrecision(4)));
}

/** How numbers between two are written: with four digits, or as many more as tell the two apart. */
export function numbersBetween(low: number, high: number): (v: number) => string {
  if (low === high || number(low) !== number(high)) return number;
  for (let digits = 5; digits < 16; digits++) {
    const near = (v: number): number => Number(v.toPrecision(digits));
    if ([low, high].every((v) => Math.abs(near(v) - v) < (high - low) / 50)) return (v) => String(near(v));
  }
  return String;
}

/** A time, as fine as a span of `span` ms needs. UTC, as data is. */
export function time(ms: number, span = 0): string {
  // Beyond these no calendar goes.
  if (!(Math.abs(ms) <= 8.64e15)) return "";
  const text = new Date(ms).toISOString();
  const day = 86_400_000;
  if (span > 3 * day) return text.slice(0, 10);
  if (span > 120_000) return text.slice(0, 16).replace("T", " ");
  return text.slice(0, 19).replace("T", " ");
}

/** Any value of a table. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  // All digits that mean something: it is looked up, not read off.
  if (typeof value === "number") return String(Number.isInteger(value) ? value : Number(value.toPrecision(12)));
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

export function bytes(n: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let i = 0;
  while (n >= 1024 && i < 3) {
    n /= 1024;
    i++;
  }
  return `${i === 0 ? n : n.toFixed(1)} ${units[i]}`;
}
