/** Where data comes from: a server or, in offline pages and notebooks, the scene alone, of which scene-source.ts tells. */

import type { Members } from "./collections";
import { Computing, type Told } from "./computing";
import { quoteName } from "./expression";
import type { Across, Conditions } from "./left";
import type { Dataset, Encodings, Histogram, Rows, Table } from "./types";

export interface RowsQuery extends Across {
  table: Table;
  columns?: string[];
  sort?: string;
  descending?: boolean;
  filter?: string;
  search?: string;
  offset?: number;
  limit?: number;
  /** Only these rows, in this order. */
  index?: ArrayLike<number>;
}

/** What else a histogram is told. */
export type Bars = Across & { scale?: "log" };

/** Letters of an address: longer ones do not pass everywhere, so that what they say goes in the body of a POST. */
const LONGEST = 6000;

export interface Mask {
  bits: Uint8Array;
  count: number;
}

export interface Source {
  readonly isLive: boolean;
  /** Measures that are computed before a question that needs them is answered. */
  readonly computing?: Computing;
  dataset(): Promise<Dataset>;
  measures(): Promise<string[]>;
  scene(encodings: Encodings, buffers?: string[]): Promise<ArrayBuffer>;
  histogram(table: Table, column: string, bins: number, filter?: string, bars?: Bars): Promise<Histogram>;
  rows(query: RowsQuery, signal?: AbortSignal): Promise<Rows>;
  mask(table: Table, filter: string, search?: string): Promise<Mask>;
  /** Means of columns of numbers; null of those without a value. */
  means(table: Table, columns: readonly string[]): Promise<(number | null)[]>;
  /** What a query in GFQL finds. */
  members(query: unknown): Promise<Members>;
  /** Address of a file, or the file where an address would be too long; null where there is no server. */
  file(table: Table, format: string, what: Conditions & { columns?: string }): Promise<string | Blob | null>;
  stream(): string | null;
}

export interface Measure {
  name: string;
  columns?: { name: string; over: string }[];
  options?: Record<string, unknown>;
}

/** What measures of nodes are called where one number a node is wanted: by the measure, or of several columns by each. */
export function measureNames(measures: readonly Measure[]): string[] {
  const names = measures.flatMap(({ name, columns, options }) => {
    // Those that begin at nodes somebody has to name are no way to see a whole graph.
    if (options && "sources" in options) return [];
    const nodes = (columns ?? []).filter((c) => c.over === "nodes").map((c) => c.name);
    return nodes.length === 1 ? [name] : nodes;
  });
  return [...new Set(names)];
}

/** An answer that is an error, in the server's words. */
export class ServerError extends Error {
  override name = "ServerError";
  constructor(message: string, readonly status: number, readonly code: string) {
    super(message);
  }
}

/** Fetches, and makes an error of every answer that is one. */
export async function fetchOk(url: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ServerError(`the server at ${new URL(url, location.href).host} cannot be reached`, 0, "unreachable");
  }
  if (response.ok) return response;
  const text = await response.text();
  let message = text.slice(0, 300) || response.statusText;
  let code = String(response.status);
  try {
    const body = JSON.parse(text) as { error?: { message?: string; code?: string } | string; detail?: string };
    if (typeof body.error === "string") message = body.error;
    else if (body.error?.message) {
      message = body.error.message;
      code = body.error.code ?? code;
    }
  } catch {
    // Words of a proxy, as they are.
  }
  throw new ServerError(message, response.status, code);
}

/** Tables and pictures of a server's dataset. */
export class ServerSource implements Source {
  readonly isLive = true;
  readonly computing = new Computing({
    start: (measure) => this.told("computations", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ measure }) }),
    look: (id) => this.told(`computations/${id}`),
    stop: async (id) => void (await fetchOk(this.url(`computations/${id}`, {}), { method: "DELETE" })),
  });
  private readonly base: string;
  private names: Promise<string[]> | null = null;
  private columns: ReadonlySet<string> = new Set();

  /** `share` is the secret of the link that somebody came by. */
  constructor(readonly api: string, readonly id: string, private readonly share: string | null = null) {
    this.base = `${api}/datasets/${encodeURIComponent(id)}`;
  }

  async dataset(): Promise<Dataset> {
    const dataset = (await (await fetchOk(this.url("", {}))).json()) as Dataset;
    this.columns = new Set((["nodes", "edges"] as const).flatMap((of) => dataset.tables?.[of]?.columns.map((c) => c.name) ?? []));
    return dataset;
  }

  /** What the server tells of a computation; null where it knows nothing of such. */
  private async told(what: string, init?: RequestInit): Promise<Told | null> {
    try {
      return (await (await fetchOk(this.url(what, {}), init)).json()) as Told;
    } catch (error) {
      if (error instanceof ServerError && [401, 403, 404, 405].includes(error.status)) return null;
      throw error;
    }
  }

  /** Has measures computed that these texts name. */
  private async measured(texts: readonly unknown[]): Promise<void> {
    if (!texts.some((text) => typeof text === "string" && text !== "")) return;
    const names = new Set((await this.measures()).filter((name) => !this.columns.has(name)));
    await this.computing.before(texts, names);
  }

  /** Names that encodings take beside columns: those of measures with a number for each node. */
  measures(): Promise<string[]> {
    // An older server, or one that keeps them from this page, has the degree at least.
    this.names ??= fetchOk(`${this.api}/measures`).then((answer) => answer.json() as Promise<Measure[]>).then(measureNames).catch(() => ["degree"]);
    return this.names;
  }

  async scene(encodings: Encodings, buffers?: string[]): Promise<ArrayBuffer> {
    await this.measured(Object.values(encodings));
    return (await fetchOk(this.url("scene", { ...encodings, buffers: buffers?.join(",") }))).arrayBuffer();
  }

  async histogram(table: Table, column: string, bins: number, filter?: string, bars: Bars = {}): Promise<Histogram> {
    return (await this.ask("histogram", { table, column, bins, filter, ...bars })).json() as Promise<Histogram>;
  }

  async rows(query: RowsQuery, signal?: AbortSignal): Promise<Rows> {
    const { columns, index, ...rest } = query;
    const all = { ...rest, columns: columns?.join(","), index: index ? Array.from(index).join(",") : undefined };
    return (await this.ask("rows", all, signal ? { signal } : {})).json() as Promise<Rows>;
  }

  async mask(table: Table, filter: string, search?: string): Promise<Mask> {
    const response = await this.ask("mask", { table, filter, search });
    const bits = new Uint8Array(await response.arrayBuffer());
    return { bits, count: Number(response.headers.get("x-graphlume-selected") ?? countBits(bits)) };
  }

  async means(table: Table, columns: readonly string[]): Promise<(number | null)[]> {
    const sql = `SELECT ${columns.map((name, i) => `AVG(${quoteName(name)}) AS c${i}`).join(", ")} FROM ${table}`;
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ sql, into: "json" }) };
    const [row] = (await (await fetchOk(this.url("transform", {}), init)).json()) as Record<string, unknown>[];
    return columns.map((_, i) => (typeof row?.[`c${i}`] === "number" ? (row[`c${i}`] as number) : null));
  }

  async members(query: unknown): Promise<Members> {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query }) };
    const { nodes, edges, n_nodes, n_edges } = (await (await fetchOk(this.url("members", {}), init)).json()) as { nodes: string; edges: string; n_nodes: number; n_edges: number };
    const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return { nodes: bytes(nodes), edges: bytes(edges), n_nodes, n_edges };
  }

  async file(table: Table, format: string, what: Conditions & { columns?: string }): Promise<string | Blob> {
    const all = { table, format, ...what };
    const address = this.url("download", all);
    return address.length <= LONGEST ? address : (await this.ask("download", all)).blob();
  }

  stream(): string {
    return this.url("stream", {});
  }

  /** A picture made by the server. */
  image(format: "png" | "svg", query: Record<string, unknown>): string {
    return this.url(`image.${format}`, query);
  }

  /** Any address below that of the dataset. */
  address(what: string): string {
    return this.url(what, {});
  }

  /** Asks by an address or, where that would be too long, in a body. */
  private async ask(what: string, query: Record<string, unknown>, init: RequestInit = {}): Promise<Response> {
    const { column, columns, sort, filter, nodes, edges } = query;
    await this.measured([column, columns, sort, filter, nodes, edges]);
    const address = this.url(what, query);
    if (address.length <= LONGEST) return fetchOk(address, init);
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "" && value !== false);
    return fetchOk(this.url(what, {}), { ...init, method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(Object.fromEntries(given)) });
  }

  private url(what: string, query: Record<string, unknown>): string {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined && value !== "" && value !== false) search.set(key, String(value));
    }
    if (this.share !== null) search.set("share", this.share);
    const text = search.toString();
    return `${this.base}${what ? `/${what}` : ""}${text ? `?${text}` : ""}`;
  }
}

export function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let b of bits) for (; b; b &= b - 1) count++;
  return count;
}
