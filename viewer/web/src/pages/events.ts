/** Tables of events: each row names several things, and links them. */

import { wordsOf } from "../core/times";
import { isTime, type Head } from "./columns";

/** What becomes of a table of events. */
export interface Entities {
  /** Columns of the things that rows name. */
  columns: string[];
  /** Columns whose equal values are one thing. */
  together: string[][];
  /** Whether each row is a node, too, with an edge to each of its things. */
  asNodes: boolean;
}

const NAMED = new Set((
  "id ids uid guid uuid user users username login account customer client employee person people name email mail ip ipaddr address host hostname device machine " +
  "computer server domain url phone tel card merchant vendor supplier product item sku order session file process hash actor author owner sender receiver recipient " +
  "group team org organization company node source target src dst from to"
).split(" "));
/** Names of what numbers rows, together with a number or a name that says so. */
const ROWS = /^(event|row|log|record|entry|line|message|msg|request|trace|span|transaction|trans|tx|txn|index|no|nr|number)$/;

const NUMBERS = /^(no|nr|num|number|key|code)$/;
/** Rows in which a column that links something says one thing twice. */
const MANY = 100;

/** Words written as one: userid, clientip, hostname. */
const isNamed = (words: readonly string[]): boolean => words.some((word) => NAMED.has(word) || NAMED.has(/^(.{3,})(?:id|ip|name)$/.exec(word)?.[1] ?? ""));

/** Whether a column names things that rows have in common. */
function isEntity(head: Head, at: number): boolean {
  if (isTime(head, at)) return false;
  const values = head.rows.map((row) => row[at] ?? "").filter((value) => value !== "");
  if (values.length === 0) return false;
  const name = head.names[at]!;
  const words = wordsOf(name);
  const distinct = new Set(values).size;
  const numbers = values.map(Number);
  const isNumeric = numbers.every(Number.isFinite);
  // One number a row, or numbers in order: that is the row, and nothing that it names.
  if (distinct === values.length && values.length > 2 && (words.some((word) => ROWS.test(word)) || name.toLowerCase() === "id")) return false;
  if (isNumeric && values.length > 2 && numbers.every((v, i) => i === 0 || v > numbers[i - 1]!)) return false;
  // What is never the same in many rows links nothing.
  if (distinct === values.length && distinct >= MANY) return false;
  // The last word says what a number counts: card_no, and not id_port.
  const last = words.slice(-1);
  if (isNumeric) return numbers.every(Number.isInteger) && (isNamed(last) || (NUMBERS.test(last[0] ?? "") && isNamed(words)));
  if (values.every((value) => /^(true|false|yes|no|[tfyn])$/i.test(value))) return false;
  // Sentences.
  const letters = values.reduce((sum, value) => sum + value.length, 0) / values.length;
  const blanks = values.reduce((sum, value) => sum + value.split(" ").length - 1, 0) / values.length;
  if (letters > 60 || blanks > 4) return false;
  if (isNamed(words)) return true;
  // A few words again and again are kinds, and words that are never the same link nothing.
  const kinds = values.length >= 20 ? 5 : 2;
  return distinct > kinds && (distinct < values.length || values.length < 10);
}

/** The columns that name things. */
export function entitiesOf(head: Head): string[] {
  return head.names.filter((_, at) => isEntity(head, at));
}

/** Whether rows are plainly events: they name three things or more. */
export const areEvents = (head: Head): boolean => entitiesOf(head).length >= 3;

/** Columns among these that have values in common, by what is seen of them. */
export function alike(head: Head, columns: readonly string[]): string[][] {
  const sets = columns.map((name) => {
    const at = head.names.indexOf(name);
    return new Set(head.rows.map((row) => row[at] ?? "").filter((value) => value !== ""));
  });
  /** Small numbers are equal by chance: of columns of these the names say whether they number the same. */
  const mayBe = (i: number, j: number): boolean => {
    const all = [...sets[i]!, ...sets[j]!];
    if (!all.every((value) => /^\d{1,5}$/.test(value))) return true;
    const of = wordsOf(columns[j]!).filter((word) => word !== "id" && word !== "no" && word !== "key");
    return wordsOf(columns[i]!).some((word) => of.includes(word));
  };
  const group = columns.map((_, i) => i);
  for (let i = 0; i < columns.length; i++) {
    for (let j = i + 1; j < columns.length; j++) {
      const common = [...sets[i]!].filter((value) => sets[j]!.has(value)).length;
      if (mayBe(i, j) && common >= 2 && common >= 0.2 * Math.min(sets[i]!.size, sets[j]!.size)) {
        const [from, to] = [group[j]!, group[i]!];
        group.forEach((g, k) => void (g === from && (group[k] = to)));
      }
    }
  }
  return columns.map((_, i) => columns.filter((__, j) => group[j] === i)).filter((names) => names.length > 1);
}

/** What the server is asked for, in the words of `hypergraph()` of PyGraphistry. */
export function hypergraphOptions({ columns, together, asNodes }: Entities): Record<string, unknown> {
  const categories = together.map((names) => names.filter((name) => columns.includes(name))).filter((names) => names.length > 1);
  return {
    entity_types: columns, direct: !asNodes,
    ...(categories.length > 0 ? { opts: { CATEGORIES: Object.fromEntries(categories.map((names) => [names.join(" or "), names])) } } : {}),
  };
}

/** Settings of the page with which such a graph is seen at first: the kinds of things in colors, by their values. */
export const VIEW = { node_color: "category", node_label: "nodeTitle" };
