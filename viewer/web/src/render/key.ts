/** The legend in pictures and drawings: as marks, which a canvas or SVG shows. */

import { count } from "../core/format";
import type { KeyPart } from "../core/key";
import { easierOn, safe } from "./badges";
import { glyph, initials } from "./icons";

/** Of what is below, CSS pixels. */
const WIDE = 190;
const PAD = 10;
const LINE = 17;
const BAR = 9;

type Mark =
  | { kind: "text"; x: number; y: number; text: string; size: number; weight: number; tone: "ink" | "quiet"; color?: string; anchor: "start" | "middle" | "end"; most: number }
  | { kind: "disc"; x: number; y: number; radius: number; color: string }
  | { kind: "glyph"; x: number; y: number; size: number; paths: readonly string[]; color: string }
  | { kind: "ramp"; x: number; y: number; width: number; height: number; colors: readonly string[] }
  | { kind: "wedge"; x: number; y: number; width: number; height: number };

export interface Key {
  width: number;
  height: number;
  marks: Mark[];
}

/** Where everything of a legend goes; parts that have no room in `height` are left out. Null where nothing is left. */
export function layKey(parts: readonly KeyPart[], height: number): Key | null {
  const marks: Mark[] = [];
  const inner = WIDE - 2 * PAD;
  let y = PAD;
  for (const part of parts) {
    const [own, below] = lay(part, y + (marks.length > 0 ? PAD : 0), inner);
    if (below + PAD > height) continue;
    marks.push(...own);
    y = below;
  }
  return marks.length > 0 ? { width: WIDE, height: y + PAD, marks } : null;
}

/** The marks of one part, and where it ends. */
function lay(part: KeyPart, top: number, inner: number): [Mark[], number] {
  const text = (x: number, y: number, text: string, more: Partial<Extract<Mark, { kind: "text" }>> = {}): Mark =>
    ({ kind: "text", x, y, text, size: 12, weight: 400, tone: "ink", anchor: "start", most: inner, ...more });
  const marks: Mark[] = [text(PAD, top + 10, part.words ? `${part.column} ${part.words}` : part.column, { weight: 600 })];
  let y = top + LINE;
  if (part.ramp) {
    const at = { x: PAD, y: y + 2, width: inner, height: BAR };
    marks.push(part.ramp.length > 0 ? { kind: "ramp", ...at, colors: part.ramp } : { kind: "wedge", ...at });
    y += BAR + 6;
    // The ends alone: what is between them is read off.
    const ends = part.ticks.length > 1 ? [part.ticks[0]!, part.ticks[part.ticks.length - 1]!] : part.ticks;
    ends.forEach(({ label }, i) => marks.push(text(i === 0 ? PAD : PAD + inner, y + 10, label, { size: 11, tone: "quiet", anchor: i === 0 ? "start" : "end", most: inner / 2 })));
    y += 15;
    if (part.missing > 0) marks.push(text(PAD, (y += LINE) - 5, `${count(part.missing)} without a value`, { size: 11, tone: "quiet" }));
    return [marks, y];
  }
  for (const entry of part.entries) {
    const middle = y + LINE / 2;
    const color = safe(entry.color);
    const paths = entry.icon === undefined ? undefined : glyph(entry.icon);
    // What is in a badge stands on its color.
    const isBadge = entry.icon !== undefined && color !== null;
    if (isBadge) marks.push({ kind: "disc", x: PAD + 5, y: middle, radius: 8, color });
    const size = isBadge ? 10 : 12;
    if (paths) marks.push({ kind: "glyph", x: PAD + 5 - size / 2, y: middle - size / 2, size, paths, color: isBadge ? easierOn(color) : "" });
    else if (entry.icon !== undefined) marks.push(text(PAD + 5, middle + 3, initials(entry.icon), { size: 9, weight: 600, anchor: "middle", most: 16, ...(isBadge ? { color: easierOn(color) } : {}) }));
    else marks.push({ kind: "disc", x: PAD + 5, y: middle, radius: entry.number === undefined ? 5 : Math.min(7, Math.max(1.5, (5 * entry.number) / 12)), color: color ?? "#8a919e" });
    const number = count(entry.seen ?? entry.count);
    marks.push(text(PAD + 18, middle + 4, entry.name, { most: inner - 26 - 6.4 * number.length }), text(PAD + inner, middle + 4, number, { size: 11, tone: "quiet", anchor: "end" }));
    y += LINE;
  }
  if (part.more > 0) marks.push(text(PAD, (y += LINE) - 5, `and ${part.more} more`, { size: 11, tone: "quiet" }));
  return [marks, y];
}

/** Colors that a legend is drawn with. */
export interface Inks {
  paper: string;
  ink: string;
  quiet: string;
  line: string;
}

export const inksOf = (isDark: boolean, paper: string): Inks =>
  isDark ? { paper, ink: "#f2f4f8", quiet: "#a9b1bf", line: "#2b3240" } : { paper, ink: "#161a22", quiet: "#596170", line: "#d8dce3" };

const FONT = "Inter, system-ui, sans-serif";

/** Draws a legend with its left upper corner at a place. */
export function drawKey(context: CanvasRenderingContext2D, key: Key, left: number, top: number, inks: Inks): void {
  context.save();
  context.translate(left, top);
  context.beginPath();
  context.roundRect(0.5, 0.5, key.width - 1, key.height - 1, 10);
  context.globalAlpha = 0.9;
  context.fillStyle = inks.paper;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = inks.line;
  context.lineWidth = 1;
  context.stroke();
  context.textBaseline = "alphabetic";
  for (const mark of key.marks) {
    if (mark.kind === "text") {
      context.font = `${mark.weight} ${mark.size}px ${FONT}`;
      context.textAlign = mark.anchor === "middle" ? "center" : mark.anchor;
      context.fillStyle = mark.color ?? inks[mark.tone];
      context.fillText(cut(mark.text, mark.most, (text) => context.measureText(text).width), mark.x, mark.y);
    } else if (mark.kind === "disc") {
      context.beginPath();
      context.arc(mark.x, mark.y, mark.radius, 0, 2 * Math.PI);
      context.fillStyle = mark.color;
      context.fill();
    } else if (mark.kind === "ramp") {
      const ramp = context.createLinearGradient(mark.x, 0, mark.x + mark.width, 0);
      mark.colors.forEach((color, i) => ramp.addColorStop(i / (mark.colors.length - 1), color));
      context.fillStyle = ramp;
      context.fillRect(mark.x, mark.y, mark.width, mark.height);
    } else if (mark.kind === "wedge") {
      context.fillStyle = inks.quiet;
      context.fill(new Path2D(wedge(mark)));
    } else {
      context.save();
      context.translate(mark.x, mark.y);
      context.scale(mark.size / 24, mark.size / 24);
      context.fillStyle = mark.color || inks.ink;
      for (const d of mark.paths) context.fill(new Path2D(d), "evenodd");
      context.restore();
    }
  }
  context.restore();
}

const wedge = ({ x, y, width, height }: { x: number; y: number; width: number; height: number }): string => `M${x} ${y + height}L${x + width} ${y}V${y + height}Z`;

/** A text that is no wider than it may be. */
function cut(text: string, most: number, wide: (text: string) => number): string {
  // More have no room whatever they are.
  const letters = [...text.slice(0, 400)].slice(0, 100);
  if (letters.join("") === text && wide(text) <= most) return text;
  let [low, high] = [1, letters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (wide(`${letters.slice(0, middle).join("")}…`) <= most) low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join("")}…`;
}

/** A legend as the elements of a drawing. */
export function svgKey(key: Key, left: number, top: number, inks: Inks, escape: (text: string) => string): string {
  const out = [`<g transform="translate(${left} ${top})" font-family="${FONT}"><rect x="0.5" y="0.5" width="${key.width - 1}" height="${key.height - 1}" rx="10" fill="${inks.paper}" fill-opacity="0.9" stroke="${inks.line}"/>`];
  let ramps = 0;
  for (const mark of key.marks) {
    if (mark.kind === "text") {
      // Readers have fonts of their own: a letter is taken for as wide as most are.
      const text = cut(mark.text, mark.most, (t) => 0.56 * mark.size * [...t].length);
      out.push(`<text x="${mark.x}" y="${mark.y}" font-size="${mark.size}" font-weight="${mark.weight}" fill="${mark.color ?? inks[mark.tone]}" text-anchor="${mark.anchor}">${escape(text)}</text>`);
    } else if (mark.kind === "disc") out.push(`<circle cx="${mark.x}" cy="${mark.y}" r="${mark.radius}" fill="${mark.color}"/>`);
    else if (mark.kind === "wedge") out.push(`<path d="${wedge(mark)}" fill="${inks.quiet}"/>`);
    else if (mark.kind === "ramp") {
      const id = `ramp${ramps++}`;
      const stops = mark.colors.map((color, i) => `<stop offset="${Math.round((1000 * i) / (mark.colors.length - 1)) / 1000}" stop-color="${color}"/>`).join("");
      out.push(`<linearGradient id="${id}">${stops}</linearGradient><rect x="${mark.x}" y="${mark.y}" width="${mark.width}" height="${mark.height}" fill="url(#${id})"/>`);
    } else out.push(`<g transform="translate(${mark.x} ${mark.y}) scale(${mark.size / 24})" fill="${mark.color || inks.ink}" fill-rule="evenodd">${mark.paths.map((d) => `<path d="${d}"/>`).join("")}</g>`);
  }
  return `${out.join("")}</g>`;
}
