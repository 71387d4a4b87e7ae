/** What a legend tells, whoever draws it: the page, a picture or a drawing. */

import { parseColor } from "./color";
import type { Hidden } from "./masks";
import type { Scene } from "./scene";
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
      const colors = part.stops.flatMap((s) => (s.color ? [s.color] : []));
      const numbers = part.stops.filter((s) => s.number !== undefined);
      if (colors.length < 2 && numbers.length < 2) return [];
      return [{ ...made, ramp: colors.length > 1 ? colors.filter((c) => /^#[0-9a-f]{6,8}$/i.test(c)) : [] }];
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

/** The legend of what is not hidden, as far as the picture itself tells. */
export function legendLeft(scene: Scene, hidden: Pick<Hidden, "nodes" | "edges">): LegendPart[] {
  return scene.legend.map((part) => {
    const seen = seenOf(scene, part, hidden);
    if (!seen || !part.entries) return part;
    return { ...part, entries: part.entries.map((entry) => ({ ...entry, count: seen.get(entry.name) ?? entry.count })).filter((entry) => entry.count > 0) };
  });
}

/** How many rows of each entry are not hidden, by what the picture itself has; null where all are seen or it cannot tell. */
function seenOf(scene: Scene, part: LegendPart, hidden: Pick<Hidden, "nodes" | "edges"> | null): Map<string, number> | null {
  const isEdge = part.channel === "edge_color";
  const flags = isEdge ? hidden?.edges : hidden?.nodes;
  if (!flags) return null;
  const n = isEdge ? scene.n_edges : scene.n_nodes;
  const counts = new Map<number, number>();
  const add = (key: number): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  let keyOfEntry: (entry: Swatch) => number | null;
  const colors = part.channel === "node_color" ? scene.node_color : isEdge ? scene.edge_color : undefined;
  if (colors) {
    for (let i = 0; i < n; i++) if (!flags[i]) add((colors[4 * i]! << 16) | (colors[4 * i + 1]! << 8) | colors[4 * i + 2]!);
    keyOfEntry = ({ color }) => {
      const rgb = parseColor((color ?? "").slice(0, 7));
      return rgb ? rgb.reduce((all, v) => (all << 8) | Math.round(255 * v), 0) : null;
    };
  } else if (part.channel === "node_icon" && scene.node_icon) {
    for (let i = 0; i < n; i++) if (!flags[i]) add(scene.node_icon[i]!);
    keyOfEntry = ({ icon }) => (icon === undefined ? null : scene.icons.indexOf(icon) + 1);
  } else return null;
  const entries = (part.entries ?? []).map((entry) => ({ name: entry.name, key: keyOfEntry(entry) }));
  const times = new Map<number | null, number>();
  for (const { key } of entries) times.set(key, (times.get(key) ?? 0) + 1);
  // Entries that share a color cannot be told apart by it.
  return new Map(entries.flatMap(({ name, key }) => (key !== null && times.get(key) === 1 ? [[name, counts.get(key) ?? 0] as const] : [])));
}
