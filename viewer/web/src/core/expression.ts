/**
 * Expressions: writing them for the server, and reading the part of the language that makes sense without one.
 *
 * The language is that of docs/transform.md. Offline there are comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE,
 * IS NULL, IS TRUE and arithmetic; all else is refused with words.
 */

export type Value = number | string | boolean | null;
export type Row = Record<string, Value>;
type Test = (row: Row) => Value;

/** The name of a column as expressions write it. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A value as expressions write it. */
export function quoteValue(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return `'${String(value).replaceAll("'", "''")}'`;
}

/** A time, in ms since 1970, as expressions write it. */
export function quoteTime(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().replace("T", " ").replace(".000Z", "Z")}'`;
}

const KEYWORDS = new Set(
  "and or not in between like ilike is null true false case when then else end cast as date timestamp interval select from where group order by".split(" "),
);

/** Those of them that can be no name here. */
const WORDS = new Set("and or not in between like ilike is null true false".split(" "));

export class ExpressionError extends Error {
  override name = "ExpressionError";
}

type Token = { kind: "name" | "text" | "number" | "sign" | "word" | "end"; text: string; at: number };

function tokens(source: string): Token[] {
  const found: Token[] = [];
  const pattern = /\s*(?:("(?:[^"]|"")*")|('(?:[^']|'')*')|(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|(<>|!=|<=|>=|==|[-=<>()+*/%,]))/y;
  let at = 0;
  while (source.slice(at).trim() !== "") {
    pattern.lastIndex = at;
    const m = pattern.exec(source);
    if (!m) throw new ExpressionError(`cannot read the expression at “${source.slice(at).trim().slice(0, 20)}”`);
    at = pattern.lastIndex;
    if (m[1] !== undefined) found.push({ kind: "name", text: m[1].slice(1, -1).replaceAll('""', '"'), at });
    else if (m[2] !== undefined) found.push({ kind: "text", text: m[2].slice(1, -1).replaceAll("''", "'"), at });
    else if (m[3] !== undefined) found.push({ kind: "number", text: m[3], at });
    // DATE and TIMESTAMP are words before a text alone; columns have these names, too.
    else if (m[4] !== undefined) found.push({ kind: WORDS.has(m[4].toLowerCase()) ? "word" : "name", text: m[4], at });
    else found.push({ kind: "sign", text: m[5]!, at });
  }
  found.push({ kind: "end", text: "the end", at });
  return found;
}

/** Reads an expression over `columns`. */
export function parse(source: string, columns: readonly string[]): Test {
  const list = tokens(source);
  let i = 0;
  const is = (text: string): boolean => {
    const t = list[i]!;
    return (t.kind === "word" || t.kind === "sign") && t.text.toLowerCase() === text;
  };
  const take = (text: string): boolean => (is(text) ? (i++, true) : false);
  const need = (text: string): void => {
    if (!take(text)) throw new ExpressionError(`expected ${text} and found “${list[i]!.text}”`);
  };
  const or = (): Test => {
    let left = and();
    while (take("or")) {
      const [a, b] = [left, and()];
      // Each side once: of many conditions in a row the left side is all before.
      left = (row) => {
        const x = three(a(row));
        if (x === true) return true;
        const y = three(b(row));
        return y === true ? true : x === null || y === null ? null : false;
      };
    }
    return left;
  };
  const and = (): Test => {
    let left = not();
    while (take("and")) {
      const [a, b] = [left, not()];
      left = (row) => {
        const [x, y] = [three(a(row)), three(b(row))];
        return x === false || y === false ? false : x === null || y === null ? null : true;
      };
    }
    return left;
  };
  const not = (): Test => {
    if (!take("not")) return compare();
    const a = not();
    return (row) => {
      const x = three(a(row));
      return x === null ? null : !x;
    };
  };
  const compare = (): Test => {
    const left = sum();
    const sign = list[i]!;
    if (sign.kind === "sign" && ["=", "==", "<>", "!=", "<", "<=", ">", ">="].includes(sign.text)) {
      i++;
      const right = sum();
      const order = (f: (c: number) => boolean): Test => (row) => {
        const [x, y] = [left(row), right(row)];
        return x === null || y === null ? null : f(orderOf(x, y));
      };
      switch (sign.text) {
        case "=": case "==": return order((c) => c === 0);
        case "<>": case "!=": return order((c) => c !== 0);
        case "<": return order((c) => c < 0);
        case "<=": return order((c) => c <= 0);
        case ">": return order((c) => c > 0);
        default: return order((c) => c >= 0);
      }
    }
    if (take("is")) {
      const negated = take("not");
      for (const word of ["true", "false"]) if (take(word)) return (row) => (three(left(row)) === (word === "true")) !== negated;
      need("null");
      return (row) => (left(row) === null) !== negated;
    }
    const negated = take("not");
    const flip = (test: Test): Test => (negated ? (row) => {
      const x = test(row);
      return x === null ? null : !x;
    } : test);
    if (take("in")) {
      need("(");
      const items = [sum()];
      while (take(",")) items.push(sum());
      need(")");
      return flip((row) => {
        const x = left(row);
        return x === null ? null : items.some((item) => {
          const y = item(row);
          return y !== null && orderOf(x, y) === 0;
        });
      });
    }
    if (take("between")) {
      const low = sum();
      need("and");
      const high = sum();
      return flip((row) => {
        const [x, a, b] = [left(row), low(row), high(row)];
        return x === null || a === null || b === null ? null : orderOf(x, a) >= 0 && orderOf(x, b) <= 0;
      });
    }
    for (const word of ["like", "ilike"]) {
      if (!take(word)) continue;
      const pattern = sum();
      return flip((row) => {
        const [x, p] = [left(row), pattern(row)];
        return x === null || p === null ? null : like(String(p), word === "ilike").test(String(x));
      });
    }
    if (negated) throw new ExpressionError(`expected IN, BETWEEN or LIKE after NOT and found “${list[i]!.text}”`);
    return left;
  };
  const sum = (): Test => {
    let left = product();
    for (;;) {
      const plus = take("+");
      if (!plus && !take("-")) return left;
      const [a, b] = [left, product()];
      left = (row) => arithmetic(a(row), b(row), plus ? (x, y) => x + y : (x, y) => x - y);
    }
  };
  const product = (): Test => {
    let left = unit();
    for (;;) {
      const sign = list[i]!.text;
      if (list[i]!.kind !== "sign" || !["*", "/", "%"].includes(sign)) return left;
      i++;
      const [a, b] = [left, unit()];
      left = (row) => arithmetic(a(row), b(row), (x, y) => (sign === "*" ? x * y : y === 0 ? null : sign === "/" ? x / y : x % y));
    }
  };
  const unit = (): Test => {
    const token = list[i++]!;
    if (token.kind === "number") {
      const value = Number(token.text);
      return () => value;
    }
    if (token.kind === "text") return () => token.text;
    if (token.kind === "sign" && token.text === "(") {
      const inner = or();
      need(")");
      return inner;
    }
    if (token.kind === "sign" && token.text === "-") {
      const a = unit();
      return (row) => arithmetic(0, a(row), (x, y) => x - y);
    }
    if (token.kind === "word") {
      const word = token.text.toLowerCase();
      if (word === "true") return () => true;
      if (word === "false") return () => false;
      if (word === "null") return () => null;
    }
    if (token.kind === "name" && /^(timestamp|date)$/i.test(token.text) && list[i]!.kind === "text") {
      const text = list[i++]!.text.replace(" ", "T");
      const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes("T") ? text : `${text}Z`);
      if (Number.isNaN(ms)) throw new ExpressionError(`“${text}” is no time`);
      return () => ms;
    }
    if (token.kind === "name") {
      if (list[i]!.text === "(") throw new ExpressionError(`function ${token.text} needs a server`);
      const name = columns.find((c) => c === token.text) ?? columns.find((c) => c.toLowerCase() === token.text.toLowerCase());
      if (name === undefined) throw new ExpressionError(`there is no column “${token.text}”; there are ${columns.join(", ")}`);
      return (row) => row[name] ?? null;
    }
    throw new ExpressionError(`expected a value and found “${token.text}”`);
  };
  const test = or();
  if (list[i]!.kind !== "end") throw new ExpressionError(`expected the end and found “${list[i]!.text}”`);
  return test;
}

const three = (v: Value): boolean | null => (v === null ? null : v === true);

function orderOf(a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  throw new ExpressionError(`a ${typeof a} cannot be compared with a ${typeof b}`);
}

function arithmetic(a: Value, b: Value, f: (x: number, y: number) => number | null): Value {
  if (a === null || b === null) return null;
  if (typeof a !== "number" || typeof b !== "number") throw new ExpressionError("arithmetic is for numbers");
  return f(a, b);
}

/** LIKE's pattern: % is anything, _ is one character. */
function like(pattern: string, ignoreCase: boolean): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("%", "[\\s\\S]*").replaceAll("_", "[\\s\\S]");
  return new RegExp(`^${source}$`, ignoreCase ? "iu" : "u");
}
