/** Files of what is seen: pictures, tables, and a page that works without a server. */

import { encodeScene, type Scene, type SceneColumn } from "../core/scene";
import { cell } from "../core/format";
import { legendLeft, type KeyPart } from "../core/key";
import { toSvg } from "../render/svg";
import { collectionsKey } from "./collections";
import type { Table } from "../core/types";
import type { Viewer } from "./viewer";

export function save(name: string, body: Blob | string): void {
  const url = typeof body === "string" ? body : URL.createObjectURL(body);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.rel = "noopener";
  document.body.append(link);
  link.click();
  link.remove();
  if (typeof body !== "string") setTimeout(() => URL.revokeObjectURL(url), 30_000);
}

/** A file's name of a graph's. */
export function fileName(viewer: Viewer, suffix: string): string {
  const plain = (viewer.dataset?.name ?? "graph").replace(/\.[a-z0-9]{1,8}$/i, "").replace(/[^\p{L}\p{N}_-]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${plain || "graph"}.${suffix}`;
}

/** The legend that pictures have. */
export function keyIn(viewer: Viewer): KeyPart[] {
  if (viewer.settings.legend_in_pictures === false) return [];
  const sets = collectionsKey(viewer);
  return sets ? [sets, ...viewer.key()] : viewer.key();
}

export async function png(viewer: Viewer, scale: number): Promise<Blob> {
  const canvas = viewer.view.picture(scale, true, keyIn(viewer));
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error(`this browser makes no picture of ${canvas.width} × ${canvas.height} pixels`);
  return blob;
}

export async function savePng(viewer: Viewer, scale: number): Promise<void> {
  save(fileName(viewer, "png"), await png(viewer, scale));
}

export function saveSvg(viewer: Viewer): void {
  save(fileName(viewer, "svg"), new Blob([toSvg(viewer.view, keyIn(viewer))], { type: "image/svg+xml" }));
}

/** A table as the filters of both tables leave it: from the server, else of what the page knows. */
export async function saveTable(viewer: Viewer, table: Table, format: string): Promise<void> {
  const file = await viewer.left.file(table, format);
  if (file) {
    save(fileName(viewer, `${table}.${format}`), file);
    return;
  }
  if (format !== "csv") throw new Error(`there is no server to make ${format}; CSV works without one`);
  const rows = await viewer.left.all(table);
  save(fileName(viewer, `${table}.csv`), new Blob([csv(rows.columns, rows.rows)], { type: "text/csv" }));
}

/** Text of a table, RFC 4180. What a spreadsheet would take for a formula is made text. */
export function csv(columns: readonly string[], rows: readonly unknown[][]): string {
  const one = (value: unknown): string => {
    // A file has all digits.
    let text = typeof value === "number" ? String(value) : cell(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(one).join(",")).join("\r\n") + "\r\n";
}

/** A column of texts without those that no row has: what was filtered out is not in a file. */
function onlyUsed(column: SceneColumn): SceneColumn {
  if (column.type !== "text") return column;
  const place = new Map<number, number>([[0, 0]]);
  const texts: string[] = [];
  const values = Uint32Array.from(column.values, (code) => {
    let at = place.get(code);
    if (at === undefined) {
      texts.push(column.texts[code - 1]!);
      place.set(code, (at = texts.length));
    }
    return at;
  });
  return { ...column, texts, values };
}

/** The scene as it is seen now, without what is hidden. */
export function presentScene(viewer: Viewer, tables = viewer.scene?.tables): Scene {
  const { view } = viewer;
  // With the colors of collections, which queries found that the file cannot ask.
  const scene = { ...view.scene!, ...(tables ? { tables } : {}) };
  const settings = { ...scene.settings, ...viewer.state.settings };
  const hidden = viewer.hidden;
  const positions = view.positions();
  const names = (of: (u: number) => number | undefined): Scene["labels"] => {
    const index: number[] = [];
    const text: string[] = [];
    for (const [u, name] of view.names) {
      const v = of(u);
      if (v !== undefined && name) {
        index.push(v);
        text.push(name);
      }
    }
    return { index, text };
  };
  if (!hidden || (!hidden.nodes && !hidden.edges)) return { ...scene, settings, positions, labels: names((u) => u) };
  const nodes: number[] = [];
  const place = new Map<number, number>();
  for (let u = 0; u < scene.n_nodes; u++) {
    if (hidden.nodes?.[u]) continue;
    place.set(u, nodes.length);
    nodes.push(u);
  }
  const edges: number[] = [];
  for (let e = 0; e < scene.n_edges; e++) {
    if (!hidden.edges?.[e] && place.has(scene.edges[2 * e]!) && place.has(scene.edges[2 * e + 1]!)) edges.push(e);
  }
  const take = <A extends Float32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array>(array: A | undefined, rows: number[], parts: number): A | undefined => {
    if (!array) return undefined;
    const out = new (array.constructor as new (n: number) => A)(rows.length * parts);
    for (let i = 0; i < rows.length; i++) for (let k = 0; k < parts; k++) out[i * parts + k] = array[rows[i]! * parts + k]!;
    return out;
  };
  const part: Scene = {
    ...scene, settings, n_nodes: nodes.length, n_edges: edges.length,
    edges: Uint32Array.from(edges.flatMap((e) => [place.get(scene.edges[2 * e]!)!, place.get(scene.edges[2 * e + 1]!)!])),
    positions: take(positions, nodes, 2)!,
    labels: names((u) => place.get(u)),
    legend: viewer.scene!.legend,
  };
  if (scene.badges) {
    part.badges = scene.badges.map((badge) => {
      const rows = [...badge.index.keys()].filter((i) => place.has(badge.index[i]!));
      const of = (list: string[]): string[] => rows.map((i) => list[i]!);
      return { ...badge, index: rows.map((i) => place.get(badge.index[i]!)!), icon: of(badge.icon), color: of(badge.color), background: of(badge.background) };
    });
  }
  if (scene.tables) {
    const columns = scene.tables.columns.map((column) => onlyUsed({ ...column, values: take(column.values, column.of === "nodes" ? nodes : edges, 1)! }));
    part.tables = { ...scene.tables, columns };
  }
  part.legend = legendLeft(viewer.scene!, hidden, part.tables);
  const optional = { node_color: take(scene.node_color, nodes, 4), node_size: take(scene.node_size, nodes, 1), node_icon: take(scene.node_icon, nodes, 1), edge_color: take(scene.edge_color, edges, 4), edge_width: take(scene.edge_width, edges, 1) };
  return Object.assign(part, Object.fromEntries(Object.entries(optional).filter(([, v]) => v !== undefined)));
}

export const base64 = (buffer: ArrayBuffer): string => {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
};

/** The bundle's own text: from where it came, or out of the page that holds it. */
async function bundle(): Promise<{ code: string; css: string }> {
  const isOffline = document.querySelector('script[type^="application/vnd.graphlume.scene"]') !== null;
  const inline = isOffline ? document.querySelector("script[type=module]:not([src])") : null;
  if (inline?.textContent) return { code: inline.textContent, css: document.querySelector("style")?.textContent ?? "" };
  const address = new URL(/* @vite-ignore */ "./graphlume.js", import.meta.url);
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the viewer's own file ${address.pathname} cannot be read (${response.status})`);
  const style = await fetch(new URL(/* @vite-ignore */ "./graphlume.css", import.meta.url));
  return { code: await response.text(), css: style.ok ? await style.text() : "" };
}

/** One file that shows a scene in any browser, without a server. */
export function offlinePage(scene: Scene, code: string, css: string): string {
  const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(scene.title || "graph")}</title>
<style>${css}</style>
</head>
<body>
<div id="graphlume"></div>
<script type="application/vnd.graphlume.scene;base64">${base64(encodeScene(scene))}</script>
<script type="module">${code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--")}</script>
</body>
</html>
`;
}

export async function saveHtml(viewer: Viewer): Promise<void> {
  const [{ code, css }, tables] = await Promise.all([bundle(), viewer.tables()]);
  save(fileName(viewer, "html"), new Blob([offlinePage(presentScene(viewer, tables), code, css)], { type: "text/html" }));
}
