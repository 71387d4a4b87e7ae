/** Badges: small discs at the rim of large nodes, or over the whole of them, with an icon or a few letters. */

import type { Badge } from "../core/scene";
import { luminance, parseColor } from "../core/color";
import { glyph, initials } from "./icons";

/** Radius of a node below which its badges could not be told apart, CSS pixels. */
const LEAST = 5;
/** Radius of the smallest badges, which are a color alone, and of those from which on what is in them can be read. */
const SMALLEST = 3.2;
const READ = 4.5;
const SLANT = Math.SQRT1_2;
/** Half the side of what is in a badge, as a share of its radius. */
export const FACE = 0.66;
/** Width of the line around a badge, as a share of its radius. */
export const RING = 0.14;

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

/** A badge where it is seen, CSS pixels. */
export interface PlacedBadge {
  node: number;
  x: number;
  y: number;
  radius: number;
  /** Color of the disc behind it; null where there is none. */
  disc: string | null;
  /** Color of the ring that keeps it apart from a node of the same color; null over a whole node. */
  rim: string | null;
  icon: string;
  asText: boolean;
  color: string;
}

/** All badges of nodes that are seen and large enough, the largest last. */
export function placeBadges(badges: readonly Badge[], ground: Ground): PlacedBadge[] {
  return badges.flatMap((badge) => {
    const place = PLACES[badge.position];
    if (!place) return [];
    const isCover = badge.position === "Cover";
    const placed: PlacedBadge[] = [];
    for (let i = badge.index.length - 1; i >= 0; i--) {
      const node = badge.index[i]!;
      if (ground.isHidden(node)) continue;
      const { x, y, radius } = ground.at(node);
      if (radius < LEAST || !(x > -radius && y > -radius && x < ground.width + radius && y < ground.height + radius)) continue;
      const background = safe(badge.background[i]) ?? (isCover && !badge.background[i] ? null : ground.paper);
      placed.push({
        node, x: x + 0.85 * radius * place[0], y: y + 0.85 * radius * place[1], radius: isCover ? radius : Math.max(SMALLEST, 0.42 * radius), disc: background, rim: isCover ? null : ground.paper,
        icon: (isCover ? radius : 0.42 * radius) < READ ? "" : badge.icon[i]!, asText: badge.as_text === true, color: safe(badge.color[i]) ?? easierOn(background ?? ground.paper),
      });
    }
    return placed;
  });
}

/** Draws badges into any context. */
export function drawBadges(context: CanvasRenderingContext2D, badges: readonly Badge[], ground: Ground): void {
  for (const { node, x, y, radius, disc, rim, icon, asText, color } of placeBadges(badges, ground)) {
    context.globalAlpha = ground.isLit(node) ? 1 : ground.dim;
    if (disc) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = disc;
      context.fill();
      if (rim) {
        context.lineWidth = RING * radius;
        context.strokeStyle = rim;
        context.stroke();
      }
    }
    face(context, icon, asText, x, y, FACE * radius, color);
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

/** Paths of an icon, on a square of 24 units; a picture by address is one of its kind. */
const pathsOf = (name: string): readonly string[] | undefined => glyph(name) ?? (/^(https?:|data:)/.test(name) ? glyph("image") : undefined);

/** The letters that stand for an icon without paths, and how large they are. */
function lettersOf(name: string, asText: boolean, half: number): { text: string; size: number } {
  const text = asText ? [...name.trim()].slice(0, 4).join("") : initials(name);
  return { text, size: Math.max(5, (text.length > 2 ? 1.05 : 1.5) * half) };
}

/** An icon as an element of a drawing. */
export function svgFace(name: string, asText: boolean, x: number, y: number, half: number, color: string, escape: (text: string) => string): string {
  const paths = asText ? undefined : pathsOf(name);
  const n2 = (v: number): number => Math.round(100 * v) / 100;
  if (paths) return `<g transform="translate(${n2(x - half)} ${n2(y - half)}) scale(${n2(half / 12)})" fill="${color}" fill-rule="evenodd">${paths.map((d) => `<path d="${d}"/>`).join("")}</g>`;
  const { text, size } = lettersOf(name, asText, half);
  return text ? `<text x="${n2(x)}" y="${n2(y + 0.36 * size)}" font-size="${n2(size)}" font-weight="600" text-anchor="middle" fill="${color}">${escape(text)}</text>` : "";
}

function face(context: CanvasRenderingContext2D, name: string, asText: boolean, x: number, y: number, half: number, color: string): void {
  if (name === "") return;
  context.fillStyle = color;
  let paths = asText ? undefined : shapes.get(name);
  if (!asText && !paths) {
    const layers = pathsOf(name);
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
  const { text, size } = lettersOf(name, asText, half);
  context.font = `600 ${size}px Inter, system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x, y, 2.2 * half);
}
