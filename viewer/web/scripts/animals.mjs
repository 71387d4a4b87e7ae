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
  };
}
