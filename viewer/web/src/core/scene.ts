/** The scene file: everything that a picture shows, in dense buffers. docs/stream.md says its bytes. */

import type { LegendPart, Settings, Table } from "./types";

export interface Scene {
  n_nodes: number;
  n_edges: number;
  is_directed: boolean;
  title: string;
  /** Source and target of each edge, [m, 2]. */
  edges: Uint32Array;
  /** x to the right, y up, layout units, [n, 2]. */
  positions?: Float32Array;
  /** RGBA, [n, 4]. */
  node_color?: Uint8Array;
  /** Radius in CSS pixels at point size 1, [n]. */
  node_size?: Float32Array;
  /** Place in `icons` plus 1, or 0, [n]. */
  node_icon?: Uint16Array;
  /** RGBA, [m, 4]. */
  edge_color?: Uint8Array;
  /** CSS pixels, [m]. */
  edge_width?: Float32Array;
  settings: Settings;
  legend: LegendPart[];
  /** Names of the most important nodes. */
  labels: { index: number[]; text: string[] };
  icons: string[];
  /** Whether icons are texts to be drawn, and not names of glyphs. */
  icons_as_text?: boolean;
  /** Badges of the largest nodes. */
  badges?: Badge[];
  /** What nodes and edges are, where there is no server to ask. */
  tables?: SceneTables;
}

export interface SceneTables {
  /** What the ends of edges are called. */
  ends: [string, string];
  /** The column that nodes are known by; absent if there was no room for it. */
  id?: string;
  columns: SceneColumn[];
  /** Names of columns for which there was no room. */
  left_out?: string[];
}

export interface SceneColumn {
  of: Table;
  name: string;
  /** Times are in milliseconds since 1970. */
  type: "integer" | "number" | "time" | "boolean" | "text";
  texts: string[];
  /** Numbers, NaN where there is none; of texts the place in `texts` plus 1, or 0. */
  values: Float64Array | Uint32Array;
}

/** One badge, with the nodes that have it. */
export interface Badge {
  /** TopRight, Bottom, Cover and so on. */
  position: string;
  as_text?: boolean;
  index: number[];
  /** Name of a picture, or a text; empty for a mere disc. */
  icon: string[];
  /** Of the icon; empty where it is whatever is easier to see. */
  color: string[];
  /** Of the disc behind it; empty where it is that of the ground. */
  background: string[];
}

/** What is wrong with a file, in words for who opened it. */
export class SceneError extends Error {
  override name = "SceneError";
}

const MAGIC = 0x43534c47; // "GLSC"
const VERSION = 1;

type Kind = "u8" | "u16" | "u32" | "f32" | "f64";
const ARRAYS = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array } as const;
type Numbers = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

/** Where a buffer is. */
interface Place {
  offset: number;
  length: number;
  type: Kind;
}

/** Type of each buffer, of how many rows it is, and numbers in a row. */
const BUFFERS: Record<string, readonly [Kind, "nodes" | "edges", number]> = {
  edges: ["u32", "edges", 2],
  positions: ["f32", "nodes", 2],
  node_color: ["u8", "nodes", 4],
  node_size: ["f32", "nodes", 1],
  node_icon: ["u16", "nodes", 1],
  edge_color: ["u8", "edges", 4],
  edge_width: ["f32", "edges", 1],
};

/** Reads a scene without copying its buffers. `known` gives the buffers that the file leaves out. */
export function decodeScene(file: ArrayBuffer, known?: Scene): Scene {
  if (file.byteLength < 12) throw new SceneError(`a scene has at least 12 bytes; this has ${file.byteLength}`);
  const view = new DataView(file);
  if (view.getUint32(0, true) !== MAGIC) throw new SceneError("this is no scene: it does not begin with GLSC");
  const version = view.getUint32(4, true);
  if (version !== VERSION) throw new SceneError(`the scene has version ${version}; this viewer reads version ${VERSION}`);
  const bytes = view.getUint32(8, true);
  if (12 + bytes > file.byteLength) throw new SceneError(`the scene's header ends after the file: ${bytes} of ${file.byteLength - 12} bytes`);
  let header: Partial<Scene> & { buffers?: Record<string, Place> };
  try {
    header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 12, bytes)));
  } catch (error) {
    throw new SceneError(`the scene's header is no JSON: ${(error as Error).message}`);
  }
  const n_nodes = count(header.n_nodes, "n_nodes");
  const n_edges = count(header.n_edges, "n_edges");
  const scene: Scene = {
    n_nodes,
    n_edges,
    is_directed: header.is_directed === true,
    title: String(header.title ?? ""),
    edges: known?.edges ?? new Uint32Array(0),
    settings: header.settings ?? {},
    legend: Array.isArray(header.legend) ? header.legend : [],
    labels: labels(header.labels),
    icons: Array.isArray(header.icons) ? header.icons.map(String) : [],
  };
  if (header.icons_as_text === true) scene.icons_as_text = true;
  const badges = readBadges(header.badges, n_nodes);
  if (badges.length > 0) scene.badges = badges;
  for (const [name, [type, of, columns]] of Object.entries(BUFFERS)) {
    const found = header.buffers?.[name];
    if (!found) continue;
    const rows = of === "nodes" ? n_nodes : n_edges;
    (scene as unknown as Record<string, unknown>)[name] = numbers(file, name, found, type, rows * columns);
  }
  if (header.tables) scene.tables = readTables(file, header.tables, header.buffers ?? {}, { nodes: n_nodes, edges: n_edges });
  if (scene.edges.length !== 2 * n_edges) {
    throw new SceneError(`the scene has ${n_edges} edges, but the ends of ${scene.edges.length / 2}`);
  }
  if (scene.edges !== known?.edges) checkEnds(scene.edges, n_nodes);
  return scene;
}

/** The numbers of a buffer, where they lie. */
function numbers(file: ArrayBuffer, name: string, { offset, length, type }: Place, wanted: Kind, n: number): Numbers {
  if (type !== wanted) throw new SceneError(`buffer ${name} is of type ${type}, and should be of ${wanted}`);
  const Type = ARRAYS[wanted];
  const bytes = n * Type.BYTES_PER_ELEMENT;
  if (length !== bytes) throw new SceneError(`buffer ${name} has ${length} bytes, and should have ${bytes}`);
  if (!(offset >= 0) || offset + length > file.byteLength) {
    throw new SceneError(`buffer ${name} ends at byte ${offset + length} of a file of ${file.byteLength}`);
  }
  return offset % Type.BYTES_PER_ELEMENT === 0 ? new Type(file, offset, n) : new Type(file.slice(offset, offset + length));
}

/** The tables, as far as they are what this page knows. */
function readTables(file: ArrayBuffer, tables: SceneTables, buffers: Record<string, Place>, rows: Record<Table, number>): SceneTables {
  const all = Array.isArray(tables.columns) ? tables.columns : [];
  const columns = all.flatMap(({ of, name, type, texts }, i) => {
    const place = buffers[`column_${i}`];
    if (!place || rows[of] === undefined || !["integer", "number", "time", "boolean", "text"].includes(type)) return [];
    const values = numbers(file, `column_${i}`, place, type === "text" ? "u32" : "f64", rows[of]) as Float64Array | Uint32Array;
    return [{ of, name: String(name), type, texts: Array.isArray(texts) ? texts.map(String) : [], values }];
  });
  const [source, target] = Array.isArray(tables.ends) ? tables.ends : [];
  const id = typeof tables.id === "string" ? { id: tables.id } : {};
  return { ends: [String(source ?? "source"), String(target ?? "target")], ...id, columns, left_out: Array.isArray(tables.left_out) ? tables.left_out.map(String) : [] };
}

function checkEnds(edges: Uint32Array, n: number): void {
  for (let i = 0; i < edges.length; i++) {
    if (edges[i]! >= n) throw new SceneError(`edge ${i >> 1} names node ${edges[i]}, but there are only ${n} nodes`);
  }
}

function count(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new SceneError(`${name} of the scene is ${JSON.stringify(value)}, and should be a number of things`);
  }
  return value;
}

function labels(value: unknown): Scene["labels"] {
  const found = value as Scene["labels"] | undefined;
  if (!found || !Array.isArray(found.index) || !Array.isArray(found.text)) return { index: [], text: [] };
  const length = Math.min(found.index.length, found.text.length);
  return { index: found.index.slice(0, length).map(Number), text: found.text.slice(0, length).map(String) };
}

function readBadges(value: unknown, n: number): Badge[] {
  if (!Array.isArray(value)) return [];
  return (value as (Partial<Badge> | null)[]).flatMap((badge) => {
    const { index, icon, color, background } = badge ?? {};
    if (!Array.isArray(index) || !Array.isArray(icon)) return [];
    const rows = index.map((u, i) => ({ u: Number(u), i })).filter(({ u, i }) => Number.isInteger(u) && u >= 0 && u < n && i < icon.length);
    const texts = (list: unknown): string[] => rows.map(({ i }) => String((Array.isArray(list) ? list[i] : undefined) ?? ""));
    return [{ position: String(badge!.position ?? ""), as_text: badge!.as_text === true, index: rows.map(({ u }) => u), icon: texts(icon), color: texts(color), background: texts(background) }];
  });
}

/** Writes a scene. */
export function encodeScene(scene: Scene): ArrayBuffer {
  const parts: { name: string; array: Numbers; type: Kind; columns: number }[] = [];
  for (const [name, [type, , columns]] of Object.entries(BUFFERS)) {
    const array = (scene as unknown as Record<string, Float32Array | undefined>)[name];
    if (array) parts.push({ name, array, type, columns });
  }
  scene.tables?.columns.forEach(({ type, values }, i) => parts.push({ name: `column_${i}`, array: values, type: type === "text" ? "u32" : "f64", columns: 1 }));
  const head = (start: number): { text: Uint8Array; total: number } => {
    let at = start;
    const buffers: Record<string, unknown> = {};
    for (const { name, array, type, columns } of parts) {
      const rows = columns ? array.length / columns : 0;
      buffers[name] = { offset: at, length: array.byteLength, type, shape: columns > 1 ? [rows, columns] : [rows] };
      at += up8(array.byteLength);
    }
    const { n_nodes, n_edges, is_directed, title, settings, legend, labels, icons, icons_as_text, badges } = scene;
    const tables = scene.tables && { ...scene.tables, columns: scene.tables.columns.map(({ values: _, ...column }) => column) };
    const header = { n_nodes, n_edges, is_directed, title, buffers, settings, legend, labels, icons, ...(icons_as_text ? { icons_as_text } : {}), ...(badges ? { badges } : {}), ...(tables ? { tables } : {}) };
    return { text: new TextEncoder().encode(JSON.stringify(header)), total: at };
  };
  // Offsets are numbers of unknown length in the header: room for the longest is left.
  const start = up8(12 + head(0xffffffff).text.length + 8 * parts.length);
  const { text, total } = head(start);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, start - 12, true);
  file.fill(0x20, 12, start);
  file.set(text, 12);
  let at = start;
  for (const { array } of parts) {
    file.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += up8(array.byteLength);
  }
  return file.buffer;
}

const up8 = (bytes: number): number => (bytes + 7) & ~7;
