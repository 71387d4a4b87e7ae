/**
 * The animals of WordNet as a graph: what is a kind of what, with the class that each is in. The file is `data.noun` of
 * WordNet 3.0 (Debian: package wordnet-base, /usr/share/wordnet/data.noun), whose license allows any use.
 */
import { readFileSync } from "node:fs";

const ROOT = "00015388";
/** Synsets below which all is of one class; what is in none of them is another animal. */
const CLASSES = ["bird", "mammal", "fish", "reptile", "amphibian", "insect", "crustacean", "mollusk", "arachnid", "worm"];

export function animals(path) {
  const synsets = new Map();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (!/^\d{8} /.test(line)) continue;
    const [head, gloss = ""] = line.split(" | ");
    const fields = head.split(" ");
    const n = parseInt(fields[3], 16);
    const words = Array.from({ length: n }, (_, i) => fields[4 + 2 * i].replaceAll("_", " "));
    const kinds = [];
    for (let at = 5 + 2 * n; at + 3 < fields.length; at += 4) if (fields[at] === "~" && fields[at + 2] === "n") kinds.push(fields[at + 1]);
    synsets.set(fields[0], { words, kinds, gloss: gloss.trim() });
  }
  const order = [ROOT];
  const found = new Map([[ROOT, { depth: 0, kind: "other", u: 0 }]]);
  const [sources, targets] = [[], []];
  for (let i = 0; i < order.length; i++) {
    const { kinds } = synsets.get(order[i]);
    const from = found.get(order[i]);
    for (const kind of kinds) {
      if (!found.has(kind)) {
        found.set(kind, { depth: from.depth + 1, kind: "other", u: order.length });
        order.push(kind);
      }
      sources.push(found.get(kind).u);
      targets.push(i);
    }
  }
  // A dog is a pet first, and a mammal all the same.
  const mark = (offset, kind) => {
    if (found.get(offset).kind !== "other") return;
    found.get(offset).kind = kind;
    for (const below of synsets.get(offset).kinds) mark(below, kind);
  };
  for (const kind of CLASSES) mark(order.find((offset) => synsets.get(offset).words[0] === kind), kind);
  // One name for each: that of another meaning gets a number.
  const names = new Map();
  const id = order.map((offset) => {
    const [word] = synsets.get(offset).words;
    const k = (names.get(word) ?? 0) + 1;
    names.set(word, k);
    return k === 1 ? word : `${word} (${k})`;
  });
  const all = order.map((offset) => ({ ...synsets.get(offset), ...found.get(offset) }));
  return {
    name: "animals of WordNet",
    directed: true,
    sources: Uint32Array.from(sources),
    targets: Uint32Array.from(targets),
    nodes: new Map([
      ["id", id],
      ["class", all.map((one) => one.kind)],
      ["depth", all.map((one) => one.depth)],
      ["names", all.map((one) => one.words.length)],
      ["gloss", all.map((one) => one.gloss)],
    ]),
    edges: new Map([["relation", sources.map(() => "is a")]]),
    times: new Set(),
    start: rings(sources, targets, order.length),
  };
}

/** A tree from its root outwards: each branch has as much of the circle as it has leaves. */
function rings(sources, targets, n) {
  const below = Array.from({ length: n }, () => []);
  const seen = new Set([0]);
  sources.forEach((u, e) => {
    if (!seen.has(u)) below[targets[e]].push(u);
    seen.add(u);
  });
  const leaves = (u) => (below[u].length === 0 ? 1 : below[u].reduce((sum, v) => sum + leaves(v), 0));
  const start = new Float64Array(2 * n);
  const step = 6 * Math.sqrt(n);
  const place = (u, from, to, depth) => {
    const middle = (from + to) / 2;
    start[2 * u] = step * Math.sqrt(depth) * Math.cos(middle);
    start[2 * u + 1] = step * Math.sqrt(depth) * Math.sin(middle);
    const all = leaves(u);
    let at = from;
    for (const v of below[u]) {
      const part = ((to - from) * leaves(v)) / all;
      place(v, at, at + part, depth + 1);
      at += part;
    }
  };
  place(0, 0, 2 * Math.PI, 0);
  return start;
}
