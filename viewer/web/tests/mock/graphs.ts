/** Graphs for tests: made by chance that repeats, or read from CSV. */

export type Cell = string | number | null;

export interface Data {
  name: string;
  directed: boolean;
  sources: Uint32Array;
  targets: Uint32Array;
  nodes: Map<string, Cell[]>;
  edges: Map<string, Cell[]>;
  /** Columns whose numbers are ms since 1970. */
  times: Set<string>;
  /** Where the layout begins, [n, 2], if it is not by chance. */
  start?: Float64Array;
}

/** Numbers from 0 to 1 that a seed decides. */
export function chance(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const KINDS = ["ip", "user", "host", "domain", "file", "hash"];
const ICONS = ["globe", "user", "server", "cloud", "file", "key"];

/** A graph of groups, with hubs in each and few edges between them. */
export function planted(n: number, m: number, seed = 1): Data {
  const random = chance(seed);
  const groups = Math.max(3, Math.round(Math.sqrt(n) / 7));
  const group = Array.from({ length: n }, () => Math.floor(groups * Math.pow(random(), 1.4)));
  const members: number[][] = Array.from({ length: groups }, () => []);
  group.forEach((g, u) => members[g]!.push(u));
  const sources = new Uint32Array(m);
  const targets = new Uint32Array(m);
  for (let e = 0; e < m; e++) {
    // Every node has an edge at least, while there are edges enough.
    const u = e < n ? e : Math.floor(random() * n);
    const own = members[group[u]!]!;
    const inside = random() < 0.95;
    const pool = inside ? own : members[Math.floor(random() * groups)]!;
    // Early members are hubs.
    const v = pool[Math.floor(pool.length * Math.pow(random(), 3.2))] ?? u;
    sources[e] = u;
    targets[e] = v === u ? (u + 1) % n : v;
  }
  const start = Date.UTC(2026, 0, 1);
  const kinds = group.map((g, u) => KINDS[(g + (u % 5 === 0 ? 1 : 0)) % KINDS.length]!);
  return {
    name: `planted ${n}`,
    directed: true,
    sources,
    targets,
    nodes: new Map<string, Cell[]>([
      ["id", kinds.map((k, u) => `${k}-${u}`)],
      ["kind", kinds],
      ["community", group.map((g) => `group ${g + 1}`)],
      ["score", Array.from({ length: n }, () => Math.round(1e4 * Math.pow(random(), 3)) / 1e4)],
      ["icon", kinds.map((k) => ICONS[KINDS.indexOf(k)]!)],
    ]),
    edges: new Map<string, Cell[]>([
      ["bytes", Array.from({ length: m }, () => Math.round(Math.exp(4 + 8 * random())))],
      ["seen_at", Array.from({ length: m }, () => start + Math.floor(90 * 86_400_000 * Math.pow(random(), 0.7)))],
    ]),
    times: new Set(["seen_at"]),
  };
}

/** Edges from text: a header, the ends in the first two columns. */
export function fromCsv(name: string, text: string): Data {
  const lines = text.split(/\r?\n/).filter((l) => l.trim() !== "");
  if (lines.length < 2) throw new Error(`${name} has no rows`);
  const header = lines[0]!.split(",");
  if (header.length < 2) throw new Error(`${name} has one column, “${header[0]}”, and edges need two`);
  const ids = new Map<string, number>();
  const id = (key: string): number => {
    let u = ids.get(key);
    if (u === undefined) ids.set(key, (u = ids.size));
    return u;
  };
  const m = lines.length - 1;
  const sources = new Uint32Array(m);
  const targets = new Uint32Array(m);
  const edges = new Map<string, Cell[]>(header.slice(2).map((c) => [c, []]));
  lines.slice(1).forEach((line, e) => {
    const cells = line.split(",");
    if (cells.length < 2) throw new Error(`line ${e + 2} of ${name} has ${cells.length} field, and the header has ${header.length}`);
    sources[e] = id(cells[0]!);
    targets[e] = id(cells[1]!);
    header.slice(2).forEach((c, i) => {
      const cell = cells[i + 2] ?? null;
      edges.get(c)!.push(cell !== null && cell !== "" && !Number.isNaN(Number(cell)) ? Number(cell) : cell);
    });
  });
  return { name, directed: false, sources, targets, nodes: new Map([["id", [...ids.keys()]]]), edges, times: new Set() };
}
