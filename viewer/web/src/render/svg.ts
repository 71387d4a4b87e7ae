/** The picture as a drawing: SVG of what is seen. */

import { toHex } from "../core/color";
import type { KeyPart } from "../core/key";
import { easierOn, FACE, RING, svgFace } from "./badges";
import { inksOf, layKey, svgKey } from "./key";
import { HIDDEN } from "./look";
import type { View } from "./view";

/** Edges above which a drawing is too heavy for any program that would open it. */
const MOST_EDGES = 200_000;

/** Radius of nodes from which on their icons are seen, CSS pixels; as the renderer has it. */
const LEAST_WITH_ICON = 5;

/** A text in XML, which has no control characters and no halves of letters. */
const escape = (text: string): string => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu, "").replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
const n2 = (v: number): string => String(Math.round(v * 100) / 100);

/** `key` is a legend, which is drawn in the upper right corner. */
export function toSvg(view: View, key: readonly KeyPart[] = []): string {
  const { scene, camera, renderer } = view;
  if (!scene) throw new Error("there is no graph to draw");
  const { width, height } = camera;
  const { look } = renderer;
  const { nodeFlags, edgeFlags } = renderer.data;
  const sx = (u: number): number => camera.toScreenX(view.x(u));
  const sy = (u: number): number => camera.toScreenY(view.y(u));
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n2(width)}" height="${n2(height)}" viewBox="0 0 ${n2(width)} ${n2(height)}">`,
    scene.title ? `<title>${escape(scene.title)}</title>` : "",
    `<rect width="100%" height="100%" fill="${toHex(look.background)}"/>`,
  ];
  const radius = (u: number): number => renderer.programs.radius(u, camera);
  const edges: number[] = [];
  if (look.edges) {
    for (let e = 0; e < scene.n_edges; e++) {
      const [s, t] = [scene.edges[2 * e]!, scene.edges[2 * e + 1]!];
      if (((edgeFlags[e]! | nodeFlags[s]! | nodeFlags[t]!) & HIDDEN) !== 0) continue;
      const [x0, y0, x1, y1] = [sx(s), sy(s), sx(t), sy(t)];
      if (Math.max(x0, x1) < 0 || Math.min(x0, x1) > width || Math.max(y0, y1) < 0 || Math.min(y0, y1) > height) continue;
      edges.push(e);
    }
  }
  if (edges.length > MOST_EDGES) {
    throw new Error(`${edges.length.toLocaleString("en-US")} edges are in sight, and a drawing takes at most ${MOST_EDGES.toLocaleString("en-US")}: zoom in, filter, or export PNG`);
  }
  // One opacity for all, as a drawing has no layers to count.
  const opacity = Math.min(0.7, Math.max(0.04, 9 / Math.sqrt(edges.length + 1))) * Math.min(1, look.edgeOpacity);
  out.push(`<g fill="none" stroke-width="${n2(Math.max(0.6, look.edgeWidth * 0.8))}" stroke-opacity="${n2(opacity)}">`);
  const heads: string[] = [];
  for (const e of edges) {
    const [s, t] = [scene.edges[2 * e]!, scene.edges[2 * e + 1]!];
    const [x0, y0, x1, y1] = [sx(s), sy(s), sx(t), sy(t)];
    const color = scene.edge_color ? toHex([0, 1, 2].map((i) => scene.edge_color![4 * e + i]! / 255) as [number, number, number]) : mean(renderer.data.colorOf(s), renderer.data.colorOf(t));
    const bow = look.curvature * 0.45;
    const loop = 2.2 * radius(s) + 6;
    const d = s === t ? `M${n2(x0)} ${n2(y0)}C${n2(x0 - 1.1 * loop)} ${n2(y0 - 1.6 * loop)} ${n2(x0 + 1.1 * loop)} ${n2(y0 - 1.6 * loop)} ${n2(x0)} ${n2(y0)}` : bow === 0 ? `M${n2(x0)} ${n2(y0)}L${n2(x1)} ${n2(y1)}`
      : `M${n2(x0)} ${n2(y0)}C${[0.3, 0.7].map((k) => `${n2(x0 + (x1 - x0) * k - (y1 - y0) * bow)} ${n2(y0 + (y1 - y0) * k + (x1 - x0) * bow)}`).join(" ")} ${n2(x1)} ${n2(y1)}`;
    out.push(`<path d="${d}" stroke="${color}"/>`);
    if (s !== t && look.arrows) heads.push(head([x0, y0], [x1, y1], bow, radius(t), look.edgeWidth, color));
  }
  out.push("</g>");
  if (heads.length > 0) out.push(`<g opacity="${n2(Math.min(1, 2 * opacity))}">${heads.join("")}</g>`);
  out.push(`<g stroke="${toHex(look.border)}">`);
  const icons: string[] = [];
  for (const u of Array.from({ length: scene.n_nodes }, (_, i) => i).sort((a, b) => renderer.data.sizeOf(a) - renderer.data.sizeOf(b))) {
    if ((nodeFlags[u]! & HIDDEN) !== 0) continue;
    const r = radius(u);
    const [x, y] = [sx(u), sy(u)];
    if (x < -r || y < -r || x > width + r || y > height + r) continue;
    const [red, green, blue] = renderer.data.colorOf(u);
    out.push(`<circle cx="${n2(x)}" cy="${n2(y)}" r="${n2(r)}" fill="${toHex([red / 255, green / 255, blue / 255])}" stroke-width="${n2(Math.min(0.16 * r, 1.25) * look.pointBorder)}"${look.pointOpacity < 1 ? ` opacity="${n2(look.pointOpacity)}"` : ""}/>`);
    const icon = scene.node_icon?.[u] ? scene.icons[scene.node_icon[u] - 1]! : "";
    const ink = easierOn(toHex([red / 255, green / 255, blue / 255]));
    if (icon && r >= LEAST_WITH_ICON) icons.push(svgFace(icon, scene.icons_as_text === true, x, y, FACE * r, ink, escape));
  }
  const badges = view.placedBadges().map(({ x, y, radius, disc, rim, icon, asText, color }) =>
    (disc ? `<circle cx="${n2(x)}" cy="${n2(y)}" r="${n2(radius)}" fill="${disc}"${rim ? ` stroke="${rim}" stroke-width="${n2(RING * radius)}"` : ""}/>` : "") + svgFace(icon, asText, x, y, FACE * radius, color, escape));
  if (icons.length + badges.length > 0) out.push(`</g><g font-family="Inter, system-ui, sans-serif">${icons.join("")}${badges.join("")}`);
  out.push(`</g><g font-family="Inter, system-ui, sans-serif" font-weight="500" fill="${view.labelStyle.color.replace(/rgb\((\d+) (\d+) (\d+)\)/, "rgb($1,$2,$3)")}" stroke="${toHex(look.background)}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">`);
  for (const { text, left, top, font } of view.placedLabels()) out.push(`<text x="${n2(left)}" y="${n2(top + font)}" font-size="${font}">${escape(text)}</text>`);
  out.push("</g>");
  const legend = layKey(key, height - 24);
  if (legend && width > 2 * legend.width) out.push(svgKey(legend, width - legend.width - 12, 12, inksOf(look.isDark, toHex(look.background)), escape));
  out.push("</svg>");
  return out.join("\n");
}

/** The head of an arrow, before the rim of the node that it points at. */
function head([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number], bow: number, rim: number, wide: number, color: string): string {
  // Along the line or, of a curve, as it comes in.
  const [fx, fy] = bow === 0 ? [x0, y0] : [x0 + (x1 - x0) * 0.7 - (y1 - y0) * bow, y0 + (y1 - y0) * 0.7 + (x1 - x0) * bow];
  const far = Math.hypot(x1 - fx, y1 - fy);
  const long = Math.min(5 + 2 * wide, 0.5 * Math.max(0, far - rim));
  if (long < 2) return "";
  const [ux, uy] = [(x1 - fx) / far, (y1 - fy) / far];
  const [tx, ty] = [x1 - ux * (rim + 0.5), y1 - uy * (rim + 0.5)];
  const [bx, by] = [tx - ux * long, ty - uy * long];
  const half = 0.36 * long;
  return `<path d="M${n2(tx)} ${n2(ty)}L${n2(bx - uy * half)} ${n2(by + ux * half)}L${n2(bx + uy * half)} ${n2(by - ux * half)}Z" fill="${color}"/>`;
}

function mean(a: readonly number[], b: readonly number[]): string {
  return toHex(a.map((v, i) => (v + b[i]!) / 510) as [number, number, number]);
}
