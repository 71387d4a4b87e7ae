/** Colors as CSS writes them. */

export type Rgb = [number, number, number];

/** Parts from 0 to 1 of `#rgb`, `#rrggbb`, `#rrggbbaa`, with or without the sign, `rgb(…)` or a CSS name; null if it is none of them. */
export function parseColor(text: string): Rgb | null {
  const hex = /^#?([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(text.trim())?.[1];
  if (hex) {
    const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
    return [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16) / 255) as Rgb;
  }
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/i.exec(text.trim());
  if (rgb) return rgb.slice(1, 4).map((v) => Math.min(1, Number(v) / 255)) as Rgb;
  if (typeof document !== "undefined" && /^[a-z]+$/i.test(text.trim()) && CSS.supports("color", text)) {
    const context = document.createElement("canvas").getContext("2d")!;
    context.fillStyle = text;
    return parseColor(context.fillStyle);
  }
  return null;
}

export const toHex = ([r, g, b]: Rgb): string => `#${[r, g, b].map((v) => Math.round(255 * v).toString(16).padStart(2, "0")).join("")}`;

/** Relative luminance, WCAG 2. */
export function luminance([r, g, b]: Rgb): number {
  const linear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}
