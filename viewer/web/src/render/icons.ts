/** The sheet of icons: glyphs of our own by Font Awesome's names, texts, and pictures by address. */

import { GLYPHS } from "./glyphs";

const CELL = 64;

const byName = new Map<string, readonly string[]>();
for (const [names, layers] of GLYPHS) for (const name of names.split(" ")) byName.set(name, layers);

/** Paths of a glyph, on a square of 24 units. */
export function glyph(name: string): readonly string[] | undefined {
  // `fa-solid fa-user`, `fas fa-user` and `fa-user` are all `user`.
  const word = (name.toLowerCase().trim().split(/\s+/).pop() ?? "").replace(/^fa-/, "");
  const found = byName.get(word);
  if (found) return found;
  for (const suffix of ["-alt", "-o", "-square", "-circle", "-solid"]) {
    if (word.endsWith(suffix)) return byName.get(word.slice(0, -suffix.length));
  }
  return undefined;
}

const isAddress = (name: string): boolean => /^(https?:\/\/|data:image\/)/.test(name);

/** Letters that stand for a name without a glyph; emoji and short texts as they are. */
export function initials(name: string): string {
  const text = name.trim();
  if (/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(text)) return [...text].slice(0, 4).join("");
  if (text.length <= 3) return text.toUpperCase();
  return text.split(/[^\p{L}\p{N}]+/u).filter(Boolean).map((w) => [...w][0]!.toUpperCase()).slice(0, 2).join("");
}

export interface Sheet {
  canvas: HTMLCanvasElement;
  columns: number;
  rows: number;
  pictures: boolean;
}

/** Draws a cell for each icon. Pictures come later; `onPicture` is called for each that has come. */
export function drawSheet(icons: readonly string[], asText: boolean, onPicture: () => void): Sheet {
  const columns = Math.min(32, Math.max(1, Math.ceil(Math.sqrt(icons.length))));
  const rows = Math.max(1, Math.ceil(icons.length / columns));
  const canvas = document.createElement("canvas");
  canvas.width = columns * CELL;
  canvas.height = rows * CELL;
  const context = canvas.getContext("2d")!;
  const sheet = { canvas, columns, rows, pictures: false };
  icons.forEach((name, i) => {
    const x = (i % columns) * CELL;
    const y = Math.floor(i / columns) * CELL;
    if (isAddress(name)) {
      sheet.pictures = true;
      const image = new Image();
      image.crossOrigin = "anonymous"; // else the sheet could not be uploaded
      image.onload = () => {
        context.clearRect(x, y, CELL, CELL);
        context.save();
        context.beginPath();
        context.arc(x + CELL / 2, y + CELL / 2, CELL / 2 - 1, 0, 2 * Math.PI);
        context.clip();
        const scale = Math.max(CELL / image.width, CELL / image.height);
        context.drawImage(image, x + (CELL - image.width * scale) / 2, y + (CELL - image.height * scale) / 2, image.width * scale, image.height * scale);
        context.restore();
        onPicture();
      };
      image.onerror = () => {
        drawGlyph(context, glyph("image")!, x, y);
        onPicture();
      };
      image.src = name;
      return;
    }
    const layers = asText ? undefined : glyph(name);
    if (layers) {
      drawGlyph(context, layers, x, y);
      return;
    }
    const text = asText ? [...name.trim()].slice(0, 4).join("") : initials(name);
    if (!text) return;
    if (/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(text)) sheet.pictures = true;
    context.fillStyle = "#000";
    context.font = `600 ${text.length > 2 ? 26 : 36}px Inter, system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, x + CELL / 2, y + CELL / 2 + 2, CELL - 4);
  });
  return sheet;
}

function drawGlyph(context: CanvasRenderingContext2D, layers: readonly string[], x: number, y: number): void {
  context.save();
  context.translate(x + 4, y + 4);
  context.scale((CELL - 8) / 24, (CELL - 8) / 24);
  context.fillStyle = "#000";
  for (const layer of layers) context.fill(new Path2D(layer), "evenodd");
  context.restore();
}
