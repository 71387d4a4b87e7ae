/** What a legend tells, whoever draws it: the page, a picture or a drawing. */

import { parseColor } from "./color";
import type { Hidden } from "./masks";
import type { Scene, SceneTables } from "./scene";
import type { LegendPart, Swatch, Table } from "./types";

export interface KeyEntry extends Swatch {
  name: string;
  /** How many there are in all. */
  count: number;
  /** How many of them are seen; undefined where that is not known. */
  seen?: number;
  /** Stands for all that has no entry of its own. */
  isRest: boolean;
}

export interface KeyPart {
  table: Table;
  channel: string;
  column: string;
  /** What of nodes and edges the column is; empty for the color of nodes. */
  words: string;
  kind: LegendPart["kind"];
  /** Of a scale: its colors from left to right; empty where it is one of numbers. */
  ramp?: string[];
  ticks: NonNullable<LegendPart["ticks"]>;
  entries: KeyEntry[];
  /** How many entries have no room. */
  more: number;
  missing: number;
}

const WORDS: Record<string, string> = { node_color: "", node_size: "size", node_icon: "icon", edge_color: "edges", edge_width: "width", edge_size: "width", node_opacity: "opacity", edge_opacity: "edges’ opacity" };
const BADGE = /^badge_.*_(icon|color|background)$/;

/** What stands for all that has no entry of its own. */
const isRest = (name: string): boolean => /^other \(\d+\)$|^no value$/.test(name);

/** Entries that the list has room for. Those that stand for the rest are always there: without them colors had no name. */
export function shown<E extends { name: string }>(entries: readonly E[], most = 14): E[] {
  const rest = entries.filter((e) => isRest(e.name));
  return [...entries.filter((e) => !isRest(e.name)).slice(0, most), ...rest];
}

/** The parts of a scene's legend that say something; of badges one says both what is in them and their color. */
export function keyOf(scene: Scene, hidden: Pick<Hidden, "nodes" | "edges"> | null): KeyPart[] {
  const icons = new Map<string, Map<string, string>>();
  const filled = new Set<string>();
  const ofBadge = (part: LegendPart, what: string): string => part.channel.replace(/_[a-z]+$/, `_${what} ${part.column}`);
  for (const part of scene.legend) {
    const what = BADGE.exec(part.channel)?.[1];
    if (what === "background") filled.add(ofBadge(part, "background"));
    if (what === "icon") icons.set(ofBadge(part, "background"), new Map((part.entries ?? []).flatMap((e) => (e.icon !== undefined ? [[e.name, e.icon] as const] : []))));
  }
  return scene.legend.flatMap((part) => {
    const what = BADGE.exec(part.channel)?.[1];
    if (what === "icon" && filled.has(ofBadge(part, "background"))) return [];
    const made = {
      table: part.channel.startsWith("edge") ? "edges" as const : "nodes" as const, channel: part.channel, column: part.column, kind: part.kind,
      words: what ? "badge" : (WORDS[part.channel] ?? part.channel.replaceAll("_", " ")),
      ticks: part.ticks ?? [], entries: [] as KeyEntry[], more: 0, missing: part.missing?.count ?? 0,
    };
    if (part.kind === "scale" && part.stops && part.stops.length > 0) {
      const colors = part.stops.flatMap((s) => (s.color && /^#[0-9a-f]{6}([0-9a-f]{2})?$/i.test(s.color) ? [s.color] : []));
      const numbers = part.stops.filter((s) => s.number !== undefined);
      if (colors.length < 2 && numbers.length < 2) return [];
      return [{ ...made, ramp: colors.length > 1 ? colors : [] }];
    }
    const all = part.entries ?? [];
    if (all.length === 0) return [];
    const seen = seenOf(scene, part, hidden);
    const names = what === "background" ? icons.get(ofBadge(part, "background")) : undefined;
    const entries = shown(all).map((entry) => {
      const icon = entry.icon ?? names?.get(entry.name);
      const now = seen?.get(entry.name);
      return { ...entry, ...(icon !== undefined ? { icon } : {}), isRest: isRest(entry.name), ...(now !== undefined ? { seen: now } : {}) };
    });
    return [{ ...made, entries, more: all.length - entries.length }];
  });
}

/** The legend of what is not hidden, as far as the picture itself or `tables`, which have only rows that are left, tell. */
export function legendLeft(scene: Scene, hidden: Pick<Hidden, "nodes" | "edges">, tables?: SceneTables): LegendPart[] {
  return scene.legend.map((part) => {
    const seen = seenOf(scene, part, hidden) ?? valuesLeft(part, tables);
    if (!seen || !part.entries) return part;
    return { ...part, entries: part.entries.map((entry) => ({ ...entry, count: seen.get(entry.name) ?? entry.count })).filter((entry) => entry.count > 0) };
  });
}

/** How many rows have each value, by a column of texts. */
function valuesLeft(part: LegendPart, tables?: SceneTables): Map<string, number> | null {
  const of = part.channel.startsWith("edge") ? "edges" : "nodes";
  const column = part.kind === "categories" ? tables?.columns.find((c) => c.of === of && c.name === part.column && c.type === "text") : undefined;
  if (!column) return null;
  const counts = new Uint32Array(column.texts.length + 1);
  for (const code of column.values) counts[code]!++;
  const all = new Map(column.texts.map((text, i) => [text, counts[i + 1]!]));
  const left = new Map((part.entries ?? []).map(({ name }) => [name, name === "no value" && !all.has(name) ? counts[0]! : (all.get(name) ?? 0)]));
  const rest = column.values.length - [...left.values()].reduce((a, b) => a + b, 0) - (left.has("no value") ? 0 : counts[0]!);
  for (const name of left.keys()) if (/^other \(\d+\)$/.test(name) && !all.has(name)) left.set(name, rest);
  return left;
}

/** How many rows of each entry are not hidden, by what the picture itself has; null where all are seen or it cannot tell. */
function seenOf(scene: Scene, part: LegendPart, hidden: Pick<Hidden, "nodes" | "edges"> | null): Map<string, number> | null {
  if (!hidden?.nodes && !(hidden?.edges && part.channel === "edge_color")) return null;
  const rows = entriesOf(scene, part);
  const { nodes, edges } = hidden;
  if (!rows) return nodes ? badgesSeen(scene, part, nodes) : null;
  const entries = part.entries ?? [];
  const counts = new Uint32Array(entries.length + 1);
  if (part.channel === "edge_color") {
    // An edge is seen if both of its ends are.
    for (let e = 0; e < rows.length; e++) if (!edges?.[e] && !(nodes && (nodes[scene.edges[2 * e]!] || nodes[scene.edges[2 * e + 1]!]))) counts[rows[e]!]!++;
  } else for (let u = 0; u < rows.length; u++) if (!nodes![u]) counts[rows[u]!]!++;
  const keys = keysOf(scene, part);
  const times = new Map<number | null, number>();
  for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1);
  // Entries that share a color cannot be told apart by it.
  return new Map(entries.flatMap(({ name }, i) => (keys[i] !== null && times.get(keys[i]!) === 1 ? [[name, counts[i + 1]!] as const] : [])));
}

/** Most nodes that have badges in a scene: of graphs with more it does not tell all. */
const MOST_BADGED = 2000;

/** How many nodes with a badge of each entry are not hidden; null where the picture does not have the badges of all. */
function badgesSeen(scene: Scene, part: LegendPart, nodes: Uint8Array): Map<string, number> | null {
  const [, position, what] = /^badge_(.*)_(background|icon)$/.exec(part.channel) ?? [];
  const badge = scene.badges?.find((b) => b.position.toLowerCase() === position?.replaceAll("_", ""));
  if (!badge || scene.n_nodes > MOST_BADGED) return null;
  const of = what === "icon" ? badge.icon : badge.background;
  const counts = new Map<string, number>();
  badge.index.forEach((u, i) => !nodes[u] && counts.set(of[i]!, (counts.get(of[i]!) ?? 0) + 1));
  const entries = part.entries ?? [];
  const keys = entries.map(({ color, icon }) => (what === "icon" ? icon : color) ?? "");
  return new Map(entries.flatMap(({ name }, i) => (keys.filter((key) => key === keys[i]).length === 1 ? [[name, counts.get(keys[i]!) ?? 0] as const] : [])));
}

/** What rows of each entry have in the picture: a color, or the place of an icon. */
function keysOf(scene: Scene, part: LegendPart): (number | null)[] {
  const icons = part.channel === "node_icon" ? new Map(scene.icons.map((icon, i) => [icon, i + 1])) : null;
  return (part.entries ?? []).map(({ color, icon }) => {
    if (icons) return icons.get(icon ?? "") ?? null;
    const rgb = parseColor((color ?? "").slice(0, 7));
    return rgb ? rgb.reduce((all, v) => (all << 8) | Math.round(255 * v), 0) : null;
  });
}

const known = new WeakMap<LegendPart, { of: ArrayLike<number>; rows: Uint16Array }>();

/** The entry of each row, counted from 1, and 0 for none; null where the picture does not have it. Found once for a picture. */
function entriesOf(scene: Scene, part: LegendPart): Uint16Array | null {
  const isEdge = part.channel === "edge_color";
  const colors = part.channel === "node_color" ? scene.node_color : isEdge ? scene.edge_color : undefined;
  const of = colors ?? (part.channel === "node_icon" ? scene.node_icon : undefined);
  if (!of) return null;
  const found = known.get(part);
  if (found?.of === of) return found.rows;
  const entry = new Map(keysOf(scene, part).map((key, i) => [key, i + 1]));
  const rows = new Uint16Array(isEdge ? scene.n_edges : scene.n_nodes);
  for (let i = 0; i < rows.length; i++) rows[i] = entry.get(colors ? (colors[4 * i]! << 16) | (colors[4 * i + 1]! << 8) | colors[4 * i + 2]! : of[i]!) ?? 0;
  known.set(part, { of, rows });
  return rows;
}
