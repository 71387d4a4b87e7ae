/** Names beside the most important nodes that are seen, none over another. */

export interface LabelStyle {
  color: string;
  halo: string;
  size: number;
  /** 0 to 1. */
  opacity: number;
}

export interface LabelAt {
  node: number;
  x: number;
  y: number;
  radius: number;
  text: string;
  /** Drawn whatever lies below: what is pointed at or selected. */
  always: boolean;
}

/** Left, top, right, bottom. */
export type Rect = readonly [number, number, number, number];

/** Rectangles that are taken, in cells. */
class Taken {
  private readonly cells = new Map<number, [number, number, number, number][]>();

  private *keys(l: number, t: number, r: number, b: number): Generator<number> {
    for (let y = Math.floor(t / 64); y <= Math.floor(b / 64); y++) {
      for (let x = Math.floor(l / 64); x <= Math.floor(r / 64); x++) yield x * 4096 + y;
    }
  }

  free(l: number, t: number, r: number, b: number): boolean {
    for (const key of this.keys(l, t, r, b)) {
      for (const [L, T, R, B] of this.cells.get(key) ?? []) if (l < R && r > L && t < B && b > T) return false;
    }
    return true;
  }

  add(l: number, t: number, r: number, b: number): void {
    for (const key of this.keys(l, t, r, b)) {
      const cell = this.cells.get(key);
      if (cell) cell.push([l, t, r, b]);
      else this.cells.set(key, [[l, t, r, b]]);
    }
  }
}

const FONT = "Inter, 'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const widths = new Map<string, number>();

/** A name as it is drawn: short, on one line, and without what turns text around. */
export function shorten(text: string, most = 32): string {
  const plain = text.replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ").trim();
  const letters = [...plain];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : plain;
}

/** Places labels, the first ones first, and none where something covers it. Returns those that found room. */
export function placeLabels(context: CanvasRenderingContext2D, labels: readonly LabelAt[], style: LabelStyle, most: number, width: number, height: number, covered: readonly Rect[] = []): (LabelAt & { left: number; top: number; font: number })[] {
  const taken = new Taken();
  for (const rect of covered) taken.add(...rect);
  // Large nodes are not written over.
  for (const { x, y, radius, always } of labels) {
    if (radius > 5 && !always) taken.add(x - radius * 0.7, y - radius * 0.7, x + radius * 0.7, y + radius * 0.7);
  }
  const placed: (LabelAt & { left: number; top: number; font: number })[] = [];
  for (const label of labels) {
    if (placed.length >= most && !label.always) continue;
    const font = Math.round(Math.min(style.size * 1.5, style.size + Math.max(0, label.radius - 6) * 0.35) * (label.always ? 1.06 : 1));
    const w = measure(context, label.text, font);
    const h = font * 1.25;
    const gap = label.radius + 4;
    const spots: [number, number][] = [
      [label.x + gap, label.y - h / 2],
      [label.x - w / 2, label.y + gap - 1],
      [label.x - w / 2, label.y - gap - h + 1],
      [label.x - gap - w, label.y - h / 2],
    ];
    const spot = spots.find(([l, t]) => l > 2 && t > 2 && l + w < width - 2 && t + h < height - 2 && taken.free(l - 3, t - 1, l + w + 3, t + h + 1));
    const [left, top] = spot ?? (label.always ? spots[0]! : [NaN, NaN]);
    if (Number.isNaN(left)) continue;
    taken.add(left, top, left + w, top + h);
    placed.push({ ...label, left, top, font });
  }
  return placed;
}

function measure(context: CanvasRenderingContext2D, text: string, font: number): number {
  const key = `${font} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    context.font = `500 ${font}px ${FONT}`;
    width = context.measureText(text).width;
    if (widths.size > 20_000) widths.clear();
    widths.set(key, width);
  }
  return width;
}

/** Writes labels; a halo of the ground keeps them legible over edges. */
export function drawLabels(context: CanvasRenderingContext2D, placed: readonly (LabelAt & { left: number; top: number; font: number })[], style: LabelStyle, dimOthers: boolean): void {
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.lineJoin = "round";
  for (const { text, left, top, font, always } of [...placed].reverse()) {
    context.globalAlpha = style.opacity * (dimOthers && !always ? 0.28 : 1);
    context.font = `500 ${font}px ${FONT}`;
    const y = top + font * 0.64;
    context.strokeStyle = style.halo;
    context.lineWidth = Math.max(3, font * 0.28);
    context.strokeText(text, left, y);
    context.fillStyle = style.color;
    context.fillText(text, left, y);
  }
  context.globalAlpha = 1;
}
