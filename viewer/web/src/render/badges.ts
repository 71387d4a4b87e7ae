/** Badges: small discs at the rim of large nodes, or over the whole of them, with an icon or a few letters. */

import type { Badge } from "../core/scene";
import { luminance, parseColor } from "../core/color";
import { glyph, initials } from "./icons";

/** Radius of a node below which its badges could not be told apart, CSS pixels. */
const LEAST = 9;
const SLANT = Math.SQRT1_2;

/** Where badges sit, on the unit circle, y down. */
const PLACES: Record<string, readonly [number, number]> = {
  Top: [0, -1], TopRight: [SLANT, -SLANT], Right: [1, 0], BottomRight: [SLANT, SLANT], Bottom: [0, 1], BottomLeft: [-SLANT, SLANT], Left: [-1, 0], TopLeft: [-SLANT, -SLANT], Cover: [0, 0],
};

/** What badges are drawn on. */
export interface Ground {
  width: number;
  height: number;
  /** Colors of the page. */
  paper: string;
  /** How strongly nodes are drawn that are neither selected nor near. */
  dim: number;
  at(u: number): { x: number; y: number; radius: number };
  isHidden(u: number): boolean;
  isLit(u: number): boolean;
}

const shapes = new Map<string, Path2D[]>();

/** Draws all badges of nodes that are seen and large enough, the largest last. */
export function drawBadges(context: CanvasRenderingContext2D, badges: readonly Badge[], ground: Ground): void {
  for (const badge of badges) {
    const place = PLACES[badge.position];
    if (!place) continue;
    for (let i = badge.index.length - 1; i >= 0; i--) {
      const u = badge.index[i]!;
      if (ground.isHidden(u)) continue;
      const node = ground.at(u);
      if (node.radius < LEAST || !(node.x > -node.radius && node.y > -node.radius && node.x < ground.width + node.radius && node.y < ground.height + node.radius)) continue;
      const isCover = badge.position === "Cover";
      const radius = isCover ? node.radius : 0.42 * node.radius;
      const x = node.x + 0.85 * node.radius * place[0];
      const y = node.y + 0.85 * node.radius * place[1];
      const background = badge.background[i]!;
      context.globalAlpha = ground.isLit(u) ? 1 : ground.dim;
      if (!isCover || background) {
        context.beginPath();
        context.arc(x, y, radius, 0, 2 * Math.PI);
        context.fillStyle = safe(background) ?? ground.paper;
        context.fill();
      }
      face(context, badge.icon[i]!, badge.as_text === true, x, y, 0.66 * radius, safe(badge.color[i]!) ?? easierOn(safe(background) ?? ground.paper));
    }
  }
  context.globalAlpha = 1;
}

/** A color as CSS writes it, or null: what comes with data is never trusted to be one. */
export const safe = (color: string | undefined): string | null => (color !== undefined && /^#[0-9a-f]{6}([0-9a-f]{2})?$/i.test(color) ? color : null);

/** Black or white, whichever is easier to see. */
export function easierOn(color: string): string {
  const rgb = parseColor(color);
  return rgb && luminance(rgb) > 0.34 ? "#0a0d14" : "#ffffff";
}

function face(context: CanvasRenderingContext2D, name: string, asText: boolean, x: number, y: number, half: number, color: string): void {
  if (name === "") return;
  context.fillStyle = color;
  let paths = asText ? undefined : shapes.get(name);
  if (!asText && !paths) {
    const layers = glyph(name) ?? (/^(https?:|data:)/.test(name) ? glyph("image") : undefined);
    if (layers) shapes.set(name, (paths = layers.map((d) => new Path2D(d))));
  }
  if (paths) {
    context.save();
    context.translate(x - half, y - half);
    context.scale(half / 12, half / 12);
    for (const path of paths) context.fill(path, "evenodd");
    context.restore();
    return;
  }
  const text = asText ? [...name.trim()].slice(0, 4).join("") : initials(name);
  context.font = `600 ${Math.max(5, (text.length > 2 ? 1.05 : 1.5) * half)}px Inter, system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x, y, 2.2 * half);
}
