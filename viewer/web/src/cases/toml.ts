/** Where the parts of a TOML text are, so that a form can change one of them and leave all else as it was written. */

export interface Entry {
  key: string;
  /** Of the whole line or lines. */
  start: number;
  end: number;
  /** The value as it is written. */
  raw: string;
}

export interface Part {
  /** What stands in the brackets; the head of the file has none. */
  name: string;
  /** Its comments are part of it. */
  start: number;
  end: number;
  /** Behind its header. */
  body: number;
  entries: Entry[];
}

export type Plain = string | number | boolean | string[];

/** The tables of a text in order, the head of the file first; null if it is not TOML that can be followed. */
export function parts(text: string): Part[] | null {
  const found: Part[] = [{ name: "", start: 0, end: text.length, body: 0, entries: [] }];
  /** Where comments begin that lead to what comes. */
  let lead = -1;
  /** Whether what comes is in a table of a step. */
  let isInner = false;
  let at = 0;
  while (at < text.length) {
    const stop = text.indexOf("\n", at);
    const next = stop < 0 ? text.length : stop + 1;
    const line = text.slice(at, next).trim();
    if (line === "" || line[0] === "#") {
      lead = line === "" ? -1 : lead < 0 ? at : lead;
      at = next;
      continue;
    }
    const start = lead < 0 ? at : lead;
    lead = -1;
    if (line[0] === "[") {
      const header = /^(\[{1,2})\s*([\w."' -]+?)\s*\]{1,2}\s*(?:#.*)?$/.exec(line);
      if (!header) return null;
      const name = header[2]!;
      const last = found[found.length - 1]!;
      at = next;
      // Tables in a step belong to it.
      isInner = name.startsWith("step.") && last.name === "step";
      if (isInner) continue;
      last.end = start;
      found.push({ name, start, end: text.length, body: next, entries: [] });
      continue;
    }
    const key = /^\s*(?:([\w-]+)|"([^"\n]*)"|'([^'\n]*)')((?:\s*\.\s*[\w-]+)*)\s*=[ \t]*/.exec(text.slice(at));
    if (!key) return null;
    const from = at + key[0].length;
    const to = valueEnd(text, from);
    if (to < 0) return null;
    const lineEnd = text.indexOf("\n", to);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    if (!isInner) found[found.length - 1]!.entries.push({ key: (key[1] ?? key[2] ?? key[3])! + key[4]!, start, end, raw: text.slice(from, to).trimEnd() });
    at = end;
  }
  return found;
}

/** Where a value ends: at its line's end or comment, outside of strings and brackets; -1 if it does not. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"' || c === "'") {
      const mark = text.startsWith(c.repeat(3), i) ? c.repeat(3) : c;
      for (i += mark.length; !text.startsWith(mark, i); i++) {
        if (i >= text.length || (mark.length === 1 && text[i] === "\n")) return -1;
        if (c === '"' && text[i] === "\\") i++;
      }
      i += mark.length - 1;
    } else if (c === "[" || c === "{") depth++;
    else if (c === "]" || c === "}") depth--;
    else if (c === "#" && depth === 0) return i;
    else if (c === "#") i = Math.max(i, text.indexOf("\n", i) - 1);
    else if (c === "\n" && depth === 0) return i;
  }
  return depth === 0 ? text.length : -1;
}

/** What a written value means; undefined if a line of a form cannot show it. */
export function plain(raw: string): Plain | undefined {
  if (raw === "true" || raw === "false") return raw === "true";
  if (/^[+-]?\d[\d_]*(\.\d[\d_]*)?$/.test(raw)) return Number(raw.replaceAll("_", ""));
  for (const mark of ['"""', "'''"]) {
    if (!raw.startsWith(mark)) continue;
    const inner = raw.slice(3, -3).replace(/^\r?\n/, "");
    return mark[0] === '"' && inner.includes("\\") ? undefined : inner;
  }
  if (raw[0] === "'") return raw.slice(1, -1);
  if (raw[0] === '"') {
    try {
      return JSON.parse(raw) as string;
    } catch {
      return undefined;
    }
  }
  if (raw[0] !== "[") return undefined;
  const items: string[] = [];
  for (let rest = raw.slice(1, -1).trim(); rest !== ""; ) {
    const item = /^("(?:[^"\\\n]|\\.)*"|'[^'\n]*')\s*(?:,\s*|$)/.exec(rest);
    const value = item && plain(item[1]!);
    if (typeof value !== "string") return undefined;
    items.push(value);
    rest = rest.slice(item![0].length);
  }
  return items;
}

/** A value as TOML writes it. */
export function written(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  if (value.includes("\n") && !value.includes("'''")) return `'''\n${value}'''`;
  // What JSON writes of a text TOML reads.
  return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
}

/** The text with another value of `key` in a part; null takes it out. */
export function withValue(text: string, part: Part, key: string, raw: string | null): string {
  const found = part.entries.find((entry) => entry.key === key);
  if (found) {
    if (raw === null) return text.slice(0, found.start) + text.slice(found.end);
    const line = text.slice(found.start, found.end);
    const at = found.start + line.indexOf(found.raw, line.indexOf("="));
    return text.slice(0, at) + raw + text.slice(at + found.raw.length);
  }
  if (raw === null) return text;
  const last = part.entries[part.entries.length - 1];
  const at = last ? last.end : part.body;
  const gap = at > 0 && text[at - 1] !== "\n" ? "\n" : "";
  return `${text.slice(0, at)}${gap}${key} = ${raw}\n${text.slice(at)}`;
}

/** The text in which two parts, one after another in it, have changed places. */
export function swapped(text: string, first: Part, second: Part): string {
  const whole = (part: Part): string => {
    const own = text.slice(part.start, part.end);
    return own.endsWith("\n") ? own : `${own}\n`;
  };
  return text.slice(0, first.start) + whole(second) + text.slice(first.end, second.start) + whole(first) + text.slice(second.end);
}
