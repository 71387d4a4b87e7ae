/** Which columns of a table of text are the ends of edges, looked at before it is sent. */

import type { Entities } from "./events";

/** Pairs of names that the server knows: `END_NAMES` of graph-core/src/ingest/columns.rs. */
const ENDS: readonly (readonly [string, string])[] = [
  ["source", "target"], ["src", "dst"], ["src", "dest"], ["from", "to"], ["s", "d"], ["s", "t"], ["sourceid", "targetid"], ["srcid", "dstid"],
  ["fromid", "toid"], ["sourcenode", "targetnode"], ["fromnode", "tonode"], ["sourcenodeid", "targetnodeid"], ["fromnodeid", "tonodeid"],
  ["start", "end"], ["startid", "endid"], ["startnode", "endnode"], ["origin", "destination"], ["sender", "receiver"], ["node1", "node2"], ["u", "v"],
];

/** How much of a file is looked at. */
const BEGIN = 65_536;

/** Rows that columns are judged by. */
const ROWS = 500;

export interface Head {
  names: string[];
  rows: string[][];
}

/** What becomes of the columns of a file; what is absent the server finds. */
export interface Roles {
  source?: string;
  target?: string;
  weight?: string;
  unweighted?: boolean;
  directed?: boolean;
  drop_null?: boolean;
  /** Rows are events: all else is nothing to them. */
  entities?: Entities;
}

export interface Guess {
  source: string;
  target: string;
  weight: string | null;
  /** Whether names say it, or there is nothing else to take. */
  isClear: boolean;
}

/** Names and first rows of a file, if it is a table of text with names. */
export async function headOf(file: File): Promise<Head | null> {
  if (!/\.(csv|tsv|tab|txt|edges|edgelist)$/i.test(file.name)) return null;
  const bytes = new Uint8Array(await file.slice(0, BEGIN).arrayBuffer());
  // Neither compressed nor anything else that is no text.
  if (bytes.includes(0) || (bytes[0] === 0x1f && bytes[1] === 0x8b)) return null;
  return readHead(new TextDecoder().decode(bytes), file.size <= BEGIN);
}

/** The same of a text, which may end within a row. */
export function readHead(text: string, isWhole = true): Head | null {
  const lines = text.replace(/^\uFEFF/, "").split("\n").map((line) => line.replace(/\r$/, ""));
  if (!isWhole) lines.pop();
  const rows = lines.filter((line) => line.trim() !== "" && !/^[#%]/.test(line)).slice(0, ROWS + 1);
  const first = rows[0];
  if (first === undefined) return null;
  const separator = [",", "\t", ";", "|"].map((c) => [c, cells(first, c).length] as const).reduce((a, b) => (b[1] > a[1] ? b : a));
  if (separator[1] < 2) return null;
  const [names, ...rest] = rows.map((row) => cells(row, separator[0]).map((cell) => cell.trim()));
  // The server finds the columns of tables without names, or with names that are none, by itself.
  if (names!.some((name) => name === "" || isNumber(name) || isMoment(name) || /^(true|false)$/i.test(name))) return null;
  if (new Set(names).size < names!.length) return null;
  return { names: names!, rows: rest };
}

/** The cells of a line. Quotes may hold separators; line ends in them are too rare for a look. */
function cells(line: string, separator: string): string[] {
  const found: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const c = line[at]!;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (line[at + 1] === '"') cell += line[++at]!;
      else quoted = false;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === separator) {
      found.push(cell);
      cell = "";
    } else cell += c;
  }
  found.push(cell);
  return found;
}

const plain = (name: string): string => name.replace(/[_\-: .]/g, "").toLowerCase();
const isNumber = (text: string): boolean => text !== "" && Number.isFinite(Number(text));
const isMoment = (text: string): boolean => /^\d{4}-\d\d?-\d\d?([T ]\d|$)|^\d\d?[/.]\d\d?[/.]\d{4}\b|^\d\d?:\d\d(:\d\d)?$/.test(text);
/** Seconds, milliseconds, microseconds or nanoseconds since 1970, of the years that people keep data of. */
const isEpoch = (text: string): boolean => /^\d+(\.\d+)?$/.test(text) && [1, 1e3, 1e6, 1e9].some((unit) => Number(text) >= 6e8 * unit && Number(text) < 2.6e9 * unit);

/** Whether a column is of times, by its name or by what is in it. */
export function isTime(head: Head, at: number): boolean {
  const words = head.names[at]!.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/);
  if (words.some((word) => /^(time|times|timestamp|timestamps|ts|date|datetime|day|month|year|hour|when|epoch)$/.test(word))) return true;
  const values = head.rows.map((row) => row[at] ?? "").filter((value) => value !== "");
  return values.length > 0 && (values.every(isMoment) || values.every(isEpoch));
}

/** What the server would take, but never a time where there is something else. */
export function guess(head: Head): Guess {
  const { names } = head;
  const short = names.map(plain);
  const weightAt = names.findIndex((name, at) => name.toLowerCase() === "weight" && head.rows.every((row) => isNumber(row[at] ?? "") || !row[at]));
  const weightOf = (source: string, target: string): string | null => {
    const name = weightAt < 0 ? null : names[weightAt]!;
    return name === source || name === target ? null : name;
  };
  const known = ENDS.find(([source, target]) => short.includes(source) && short.includes(target));
  if (known) {
    const [source, target] = known.map((name) => names[short.indexOf(name)]!) as [string, string];
    return { source, target, weight: weightOf(source, target), isClear: true };
  }
  const order = names.map((name, at) => ({ name, worth: at === weightAt ? 2 : isTime(head, at) ? 1 : 0 }));
  const [source, target] = [...order].sort((a, b) => a.worth - b.worth).map((one) => one.name) as [string, string];
  return { source, target, weight: weightOf(source, target), isClear: names.length === 2 };
}

/** Words in the address of an upload. */
export function toQuery({ entities: _, ...roles }: Roles): [string, string][] {
  return Object.entries(roles).filter(([, value]) => value !== undefined && value !== false && value !== "").map(([key, value]) => [key, String(value)]);
}
