/** A server for tests, with the contract of docs/stream.md and no more sense than tests need. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

import { binOf, logEdges } from "../../src/core/bins";
import { parse, type Row, type Value } from "../../src/core/expression";
import { encodeFrame } from "../../src/core/frame";
import { leftBy } from "../../src/core/left";
import { encodeScene, type Scene, type SceneColumn, type SceneTables } from "../../src/core/scene";
import type { LegendPart } from "../../src/core/types";
import * as gad from "./gad";
import { fromCsv, planted, type Cell, type Data } from "./graphs";
import { Layout } from "./layout";

const DIST = new URL("../../dist/", import.meta.url);
const PALETTE = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442", "#9c1850", "#2ee6c8", "#8c74f8", "#5440d4", "#a4bc98"];
const VIRIDIS = ["#440154", "#472c7a", "#3b518b", "#2c718e", "#21908d", "#27ad81", "#5cc863", "#aadc32", "#fde725"];

class Session {
  readonly id: string;
  readonly layout: Layout;
  state: "running" | "paused" | "settled" | "stopped" = "running";
  sequence = 0;
  private last: { grid: Uint16Array; sequence: number } | null = null;
  private readonly frames = new Map<number, ArrayBuffer>();
  readonly sockets = new Map<WebSocket, { at: number; unacknowledged: number }>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private place: { sequence: number; lowX: number; lowY: number; scale: number; iteration: number; movement: number; state: number } | null = null;

  constructor(readonly data: Data, run: string, readonly positions: boolean) {
    const n = data.nodes.get("id")!.length;
    this.id = `${run}-${n}`;
    this.layout = new Layout(n, data.sources, data.targets, 1, data.start);
    // Large ones would take a minute to unfold.
    const before = n > 30_000 ? 60 : 0;
    for (let i = 0; i < before; i++) this.layout.step();
  }

  start(): void {
    this.tick();
  }

  private tick = (): void => {
    if (this.state === "running" && this.sockets.size > 0) {
      const start = Date.now();
      do this.layout.step();
      while (Date.now() - start < 25);
      if (this.layout.isSettled) {
        this.state = "settled";
        this.tell({ type: "state", state: "settled", reason: "settled" });
      }
      this.broadcast();
    }
    this.timer = setTimeout(this.tick, 45);
  };

  stop(): void {
    clearTimeout(this.timer);
    for (const socket of this.sockets.keys()) socket.terminate();
  }

  tell(message: Record<string, unknown>): void {
    for (const socket of this.sockets.keys()) socket.send(JSON.stringify(message));
  }

  broadcast(): void {
    const { x, y, n } = this.layout;
    let [lx, ly, hx, hy] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let u = 0; u < n; u++) {
      lx = Math.min(lx, x[u]!); hx = Math.max(hx, x[u]!);
      ly = Math.min(ly, y[u]!); hy = Math.max(hy, y[u]!);
    }
    const scale = 60000 / Math.max(hx - lx, hy - ly, 1e-3);
    const grid = new Uint16Array(2 * n);
    for (let u = 0; u < n; u++) {
      grid[2 * u] = (x[u]! - lx) * scale;
      grid[2 * u + 1] = (y[u]! - ly) * scale;
    }
    this.sequence++;
    this.place = {
      sequence: this.sequence, lowX: lx, lowY: ly, scale, iteration: this.layout.iteration, movement: this.layout.movement,
      state: ["running", "paused", "settled", "stopped"].indexOf(this.state),
    };
    const change = this.last ? encodeFrame(grid, this.last, this.place, this.sequence % 2 === 0) : encodeFrame(grid, null, this.place);
    this.frames.set(this.sequence, change);
    this.frames.delete(this.sequence - 50);
    this.last = { grid, sequence: this.sequence };
    for (const [socket, client] of this.sockets) {
      if (client.unacknowledged >= 2) continue;
      if (client.at === this.sequence - 1 && client.at > 0) this.send(socket, change);
      else this.key(socket);
    }
  }

  key(socket: WebSocket): void {
    if (!this.last || !this.place) {
      this.broadcast();
      return;
    }
    this.send(socket, encodeFrame(this.last.grid, null, { ...this.place, state: ["running", "paused", "settled", "stopped"].indexOf(this.state) }));
  }

  private send(socket: WebSocket, frame: ArrayBuffer): void {
    const client = this.sockets.get(socket)!;
    client.at = this.sequence;
    client.unacknowledged++;
    socket.send(frame);
  }

  add(socket: WebSocket, resume: number): void {
    const client = { at: resume, unacknowledged: 0 };
    this.sockets.set(socket, client);
    socket.send(JSON.stringify({
      type: "hello", version: 1, session: this.id, n_nodes: this.layout.n, state: this.state, iteration: this.layout.iteration,
      options: this.layout.options, pinned: [...this.layout.pinned],
    }));
    let at = resume;
    while (at > 0 && at < this.sequence && this.frames.has(at + 1)) this.send(socket, this.frames.get(++at)!);
    client.at = at;
    if (at !== this.sequence || at === 0) this.key(socket);
    socket.on("message", (raw: Buffer) => {
      const message = JSON.parse(raw.toString()) as Record<string, unknown>;
      const nodes = (message.nodes ?? []) as number[];
      switch (message.type) {
        case "ack": client.unacknowledged = 0; break;
        case "key": this.key(socket); break;
        case "play": this.state = "running"; this.layout.warm(); this.tell({ type: "state", state: this.state }); break;
        case "pause": this.state = "paused"; this.tell({ type: "state", state: this.state }); break;
        case "step": this.layout.warm(); this.layout.step(); this.broadcast(); break;
        case "restart": this.layout.restart(Number(message.seed ?? 1)); this.state = "running"; this.tell({ type: "state", state: this.state }); break;
        case "options":
          for (const key of Object.keys(message.options as object)) {
            if (!(key in this.layout.options)) {
              socket.send(JSON.stringify({ type: "error", message: `there is no option ${key}` }));
              return;
            }
          }
          Object.assign(this.layout.options, message.options);
          this.layout.warm();
          if (this.state === "settled") this.state = "running";
          this.tell({ type: "options", options: this.layout.options });
          break;
        case "pin": nodes.forEach((u) => this.layout.pinned.add(u)); this.tell({ type: "pinned", nodes: [...this.layout.pinned] }); break;
        case "unpin": nodes.forEach((u) => this.layout.pinned.delete(u)); this.tell({ type: "pinned", nodes: [...this.layout.pinned] }); break;
        case "move":
          nodes.forEach((u, i) => {
            this.layout.x[u] = (message.x as number[])[i]!;
            this.layout.y[u] = (message.y as number[])[i]!;
          });
          this.layout.warm();
          if (this.state === "settled") this.state = "running";
          if (this.state !== "running") this.broadcast();
          break;
        default: socket.send(JSON.stringify({ type: "error", message: `there is no message ${String(message.type)}` }));
      }
    });
    socket.on("close", () => this.sockets.delete(socket));
  }
}

export class Mock {
  readonly server: Server;
  readonly datasets = new Map<string, Data>();
  readonly sessions = new Map<string, Session>();
  private readonly sockets: WebSocketServer;
  private readonly run = Math.random().toString(36).slice(2);
  requests: string[] = [];
  lastUpload = "";
  readonly files = new Map<string, string>();
  keys: { id: string; name: string; created_at: number }[] = [];
  readonly views = new Map<string, { id: string; name: string; state: unknown; picture?: string }[]>();
  readonly modes = new Map<string, string>();
  readonly shares: Record<string, unknown>[] = [];
  readonly experiments = gad.experiments();
  log = "epoch 1: loss 0.91\nepoch 2: loss 0.73\n";
  /** Whether there are accounts, experiments, and the right to run some. */
  has = { accounts: false, experiments: true, runs: true };

  constructor(datasets: Record<string, Data>, private readonly withPositions = false) {
    for (const [id, data] of Object.entries(datasets)) this.datasets.set(id, data);
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: Error) => fail(response, 400, "bad_request", error.message));
    });
    this.sockets = new WebSocketServer({ noServer: true });
    this.server.on("upgrade", (request, socket, head) => {
      const url = new URL(request.url!, "http://x");
      const id = /^\/api\/v1\/datasets\/([^/]+)\/stream$/.exec(url.pathname)?.[1];
      const session = id && this.session(id);
      if (!session) return void socket.destroy();
      this.sockets.handleUpgrade(request, socket, head, (ws) => {
        const known = url.searchParams.get("session") === session.id;
        session.add(ws, known ? Number(url.searchParams.get("resume") ?? 0) : 0);
      });
    });
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((done) => this.server.listen(port, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) session.stop();
    this.sockets.close();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  session(id: string): Session | null {
    const data = this.datasets.get(id);
    if (!data) return null;
    let session = this.sessions.get(id);
    if (!session) {
      session = new Session(data, this.run, this.withPositions);
      session.start();
      this.sessions.set(id, session);
    }
    return session;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://x");
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    const q = url.searchParams;
    const api = /^\/api\/v1\/datasets(?:\/([^/]+)(?:\/(.*))?)?$/.exec(url.pathname);
    if (!api) {
      const rest = /^\/api\/v1(\/.*)$/.exec(url.pathname)?.[1];
      return rest === undefined ? page(url.pathname, response) : this.other(rest, request, q, response);
    }
    const [, id, what] = api;
    if (id === undefined) {
      if (request.method === "POST") {
        const name = q.get("name") ?? "upload";
        const made = `up${this.datasets.size + 1}`;
        this.lastUpload = (await body(request)).toString();
        this.datasets.set(made, fromCsv(name, this.lastUpload));
        return json(response, { id: made, ...this.describe(made), source_column: q.get("source") ?? "source", target_column: q.get("target") ?? "target" }, 201);
      }
      const search = (q.get("search") ?? "").toLowerCase();
      const sort = q.get("sort") ?? "created_at";
      const sign = q.get("descending") === "true" ? -1 : 1;
      const found = [...this.datasets.keys()].map((key) => this.describe(key)).filter((d) => String(d.name).toLowerCase().includes(search))
        .sort((a, b) => sign * (typeof a[sort] === "number" ? Number(a[sort]) - Number(b[sort]) : String(a[sort]).localeCompare(String(b[sort]))));
      const offset = Number(q.get("offset") ?? 0);
      return json(response, { datasets: found.slice(offset, offset + Number(q.get("limit") ?? 100)), total: found.length });
    }
    const data = this.datasets.get(id);
    if (!data) return fail(response, 404, "no_dataset", `there is no dataset ${id}`);
    // What is too long for an address is in a body.
    if (request.method === "POST" && ["rows", "mask", "histogram", "download"].includes(what ?? "")) {
      for (const [name, value] of Object.entries(JSON.parse((await body(request)).toString()) as object)) q.set(name, String(value));
    }
    const table = (q.get("table") ?? "nodes") as "nodes" | "edges";
    switch (what) {
      case undefined:
        if (request.method === "DELETE") {
          this.datasets.delete(id);
          response.writeHead(204).end();
          return;
        }
        if (request.method === "PATCH") {
          const change = JSON.parse((await body(request)).toString()) as { name?: string; mode?: string };
          if (change.name !== undefined) data.name = change.name;
          if (change.mode !== undefined) this.modes.set(id, change.mode);
        }
        return json(response, this.describe(id));
      case "shares": {
        if (request.method === "POST") {
          const share = { token: `t${this.shares.length}`, created_at: 0, email: null, expires_at: null, can_edit: false, ...(JSON.parse((await body(request)).toString()) as object) };
          this.shares.push(share);
          return json(response, { ...share, secret: "s3cret", url: `/graph/graph.html?dataset=${id}&share=s3cret` }, 201);
        }
        return json(response, this.shares);
      }
      case "members": {
        const { query } = JSON.parse((await body(request)).toString()) as { query: { filter_dict?: Record<string, string> }[] };
        const wanted = Object.entries(query[0]?.filter_dict ?? {})[0];
        if (!wanted) return fail(response, 400, "invalid", "the first step is no condition on nodes");
        const rows = this.matching(data, "nodes", `${wanted[0]} = '${wanted[1]}'`);
        const bits = new Uint8Array(Math.ceil(count(data, "nodes") / 8));
        for (const i of rows) bits[i >> 3]! |= 1 << (i & 7);
        const inside = new Set(rows);
        const edges = new Uint8Array(Math.ceil(count(data, "edges") / 8));
        let n_edges = 0;
        data.sources.forEach((u, e) => {
          if (!inside.has(u) || !inside.has(data.targets[e]!)) return;
          edges[e >> 3]! |= 1 << (e & 7);
          n_edges++;
        });
        return json(response, { nodes: Buffer.from(bits).toString("base64"), edges: Buffer.from(edges).toString("base64"), n_nodes: rows.length, n_edges, warnings: [] });
      }
      case "scene": {
        const scene = Buffer.from(encodeScene(this.scene(id, q)));
        response.writeHead(200, { "content-type": "application/vnd.graphlume.scene" });
        response.end(scene);
        return;
      }
      case "computations": {
        const { measure } = JSON.parse((await body(request)).toString()) as { measure: string };
        return json(response, { id: measure, measure, status: "running", stage: null, done: null, total: null, error: null }, 202);
      }
      case "computations/betweenness":
        // It goes on until somebody stops it.
        if (request.method === "DELETE") return void response.writeHead(204).end();
        return json(response, { id: "betweenness", measure: "betweenness", status: "running", stage: "sources", done: 120, total: 300, error: null });
      case "histogram": return json(response, this.histogram(data, table, q));
      case "rows": return json(response, this.rows(data, table, q));
      case "mask": {
        const n = count(data, table);
        const bits = new Uint8Array(Math.ceil(n / 8));
        const found = this.left(data, table, q);
        for (const i of found) bits[i >> 3]! |= 1 << (i & 7);
        response.writeHead(200, { "content-type": "application/octet-stream", "x-graphlume-selected": String(found.length) });
        response.end(Buffer.from(bits));
        return;
      }
      case "transform": {
        // Means alone: of SQL it knows no more than what the page asks.
        const { sql } = JSON.parse((await body(request)).toString()) as { sql: string };
        const of = sql.endsWith("FROM nodes") ? "nodes" : "edges";
        const mean = (name: string): number => this.matching(data, of, null).reduce((sum, i) => sum + Number(cell(data, of, name, i)), 0) / count(data, of);
        return json(response, [Object.fromEntries([...sql.matchAll(/AVG\("?([^")]+)"?\) AS (c\d+)/g)].map(([, name, as]) => [as, mean(name!)]))]);
      }
      case "download": {
        const names = columns(data, table);
        const lines = this.left(data, table, q).map((i) => names.map((c) => String(cell(data, table, c, i) ?? "")).join(","));
        response.writeHead(200, { "content-type": "text/csv" });
        response.end([names.join(","), ...lines].join("\n"));
        return;
      }
      default: return this.view(id, what!, request, response);
    }
  }

  /** Views that are kept. */
  private async view(id: string, what: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, one, part] = /^views(?:\/([^/]+)(\/picture)?)?$/.exec(what) ?? [];
    if (!/^views/.test(what)) return fail(response, 404, "no_page", `there is nothing at ${what}`);
    const views = this.views.get(id) ?? [];
    this.views.set(id, views);
    const told = (v: (typeof views)[number]): object => ({ id: v.id, name: v.name, state: v.state, has_picture: v.picture !== undefined });
    if (one === undefined) {
      if (request.method !== "POST") return json(response, { views: views.map(told), may_write: true });
      const view = { id: `v${views.length + 1}`, ...(JSON.parse((await body(request)).toString()) as { name: string; state: unknown; picture?: string }) };
      views.push(view);
      return json(response, told(view), 201);
    }
    const view = views.find((v) => v.id === one);
    if (!view) return fail(response, 404, "not_found", `there is no view \`${one}\``);
    if (part) {
      response.writeHead(200, { "content-type": "image/jpeg" }).end(Buffer.from(view.picture ?? "", "base64"));
      return;
    }
    if (request.method === "DELETE") {
      views.splice(views.indexOf(view), 1);
      response.writeHead(204).end();
      return;
    }
    if (request.method === "PATCH") view.name = (JSON.parse((await body(request)).toString()) as { name: string }).name;
    return json(response, told(view));
  }

  /** Tables that are kept for a while, and the graphs of what their rows name. */
  private async file(path: string, request: IncomingMessage, q: URLSearchParams, response: ServerResponse): Promise<void> {
    const [, id, what] = /^\/files(?:\/([^/]+))?(\/hypergraph)?$/.exec(path) ?? [];
    if (id === undefined) {
      const made = `f${this.files.size + 1}`;
      this.files.set(made, (await body(request)).toString());
      return json(response, { id: made, name: q.get("name") }, 201);
    }
    const text = this.files.get(id);
    if (text === undefined) return fail(response, 404, "not_found", `there is no file ${id}`);
    if (what === undefined) {
      this.files.delete(id);
      return void response.writeHead(204).end();
    }
    const { options, name } = JSON.parse((await body(request)).toString()) as { options: { entity_types: string[]; direct: boolean }; name: string };
    const [head, ...lines] = text.trim().split("\n").map((line) => line.split(","));
    const [a, b] = options.entity_types.map((one) => head!.indexOf(one)) as [number, number];
    const data = fromCsv(name, ["src,dst", ...lines.map((line) => `${line[a]},${line[b]}`)].join("\n"));
    const n = data.nodes.get("id")!.length;
    data.nodes.set("nodeTitle", data.nodes.get("id")!).set("category", Array.from({ length: n }, (_, u) => (data.sources.includes(u) ? options.entity_types[0]! : options.entity_types[1]!)));
    const made = `up${this.datasets.size + 1}`;
    this.datasets.set(made, data);
    return json(response, { dataset: { id: made, ...this.describe(made) } }, 201);
  }

  /** What is not about graphs. */
  private async other(path: string, request: IncomingMessage, q: URLSearchParams, response: ServerResponse): Promise<void> {
    if (path === "/me") return json(response, { user: { id: "ann", name: "ann", is_admin: true }, organization: null, organizations: [{ slug: "lab", name: "Lab" }], has_accounts: this.has.accounts });
    if (path === "/keys" && request.method === "POST") {
      const key = { id: `k${this.keys.length + 1}`, name: (JSON.parse((await body(request)).toString()) as { name: string }).name, created_at: Date.now() };
      this.keys.push(key);
      return json(response, { ...key, secret: "s3cret" }, 201);
    }
    if (path.startsWith("/keys/") && request.method === "DELETE") {
      this.keys = this.keys.filter((key) => key.id !== path.slice(6));
      return void response.writeHead(204).end();
    }
    if (path === "/keys") return json(response, this.keys);
    if (path === "/me/password") {
      const { old } = JSON.parse((await body(request)).toString()) as { old: string };
      return old === "wrong" ? fail(response, 400, "invalid", "the old password is another") : json(response, {});
    }
    if (path === "/organizations/lab/members") return json(response, [{ name: "ann", is_admin: true }, { name: "bob", is_admin: false }]);
    if (path.startsWith("/files")) return this.file(path, request, q, response);
    if (path === "/measures") return json(response, ["degree", "betweenness"].map((name) => ({ name, columns: [{ name, over: "nodes" }] })));
    if (!this.has.experiments) return fail(response, 404, "not_found", "there is no folder of experiments ``");
    const [, name, part] = /^\/experiments\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    if (name !== undefined) {
      const one = this.experiments.find((e) => e.name === name);
      if (!one) return fail(response, 404, "not_found", `there is no experiment \`${name}\``);
      if (part === undefined) return json(response, { ...one, run: gad.ran(one) });
      if (part === "log") {
        const all = Buffer.from(this.log);
        const from = Number(q.get("offset") ?? Math.max(0, all.length - Number(q.get("limit") ?? 65536)));
        response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "x-graphlume-size": String(all.length) }).end(all.subarray(from));
        return;
      }
      if (part === "evaluation" && request.method === "GET") return json(response, gad.evaluation);
      if (part === "evaluation") {
        one.has_evaluation = true;
        return json(response, { files: ["evaluation.json"] });
      }
      if (part === "stop") {
        one.status = { ...one.status, status: "stopped" };
        return json(response, one.status);
      }
      if (part === "graph") return json(response, { ...this.describe("small") }, 201);
      if (part === "plots") return json(response, { files: ["evaluation.json", "roc_curve.svg", "roc_curve.png", "score_distribution.svg", "report.html"] });
      if (part.startsWith("plots/")) {
        response.writeHead(200, { "content-type": "image/svg+xml", "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox" }).end(gad.plot(part.slice(6)));
        return;
      }
    }
    if (path === "/experiments" && request.method === "POST") {
      const run = JSON.parse((await body(request)).toString()) as { method: string; dataset: string };
      const made = { name: `exp__${run.method}__new__20261122_000000`, method: run.method, dataset: "new", time: "20261122_000000", status: { status: "running" }, has_results: false, has_evaluation: false };
      this.experiments.unshift(made);
      return json(response, { name: made.name }, 202);
    }
    if (path === "/experiments") return json(response, { experiments: this.experiments, n_unreadable: 0, may_run: this.has.runs });
    if (path === "/gad/methods") return json(response, gad.methods());
    if (path === "/gad/datasets") return json(response, gad.datasets());
    if (path.startsWith("/gad/datasets/")) return json(response, gad.facts);
    if (path === "/leaderboard") return json(response, gad.board(q.get("metric") ?? "roc_auc"));
    return fail(response, 404, "no_page", `there is nothing at ${path}`);
  }

  private describe(id: string): Record<string, unknown> {
    const data = this.datasets.get(id)!;
    const describe = (table: "nodes" | "edges"): object => ({
      n_rows: count(data, table),
      columns: columns(data, table).map((name) => {
        const value = cell(data, table, name, 0);
        const isTime = data.times.has(name);
        return { name, type: isTime ? "timestamp[ms]" : typeof value === "number" ? "float64" : "text", is_numeric: typeof value === "number" && !isTime, is_time: isTime };
      }),
    });
    return {
      id, name: data.name, description: "", n_nodes: count(data, "nodes"), n_edges: count(data, "edges"), is_directed: data.directed,
      created_at: Date.now() - 3_600_000 * (1 + [...this.datasets.keys()].indexOf(id)), updated_at: Date.now(), owner: "ann", mode: this.modes.get(id) ?? "private", organization: null,
      node_id_column: "id", tables: { nodes: describe("nodes"), edges: describe("edges") }, url_params: {},
    };
  }

  private scene(id: string, q: URLSearchParams): Scene {
    const data = this.datasets.get(id)!;
    const n = count(data, "nodes");
    const m = count(data, "edges");
    const edges = new Uint32Array(2 * m);
    for (let e = 0; e < m; e++) {
      edges[2 * e] = data.sources[e]!;
      edges[2 * e + 1] = data.targets[e]!;
    }
    const legend: LegendPart[] = [];
    const by = q.get("node_color") ?? (data.nodes.has("community") ? "community" : "degree");
    if (by !== "degree" && !data.nodes.has(by)) throw new Error(`there is no column ${by}`);
    const node_color = colors(data, by, legend);
    const degree = degrees(data);
    const sizeBy = q.get("node_size") ?? "degree";
    const values = Array.from({ length: n }, (_, u) => Number(sizeBy === "degree" ? degree[u] : cell(data, "nodes", sizeBy, u)) || 0);
    const most = Math.max(1e-9, ...values.slice(0, 100_000));
    const node_size = Float32Array.from(values, (v) => 2.4 + 12 * Math.sqrt(Math.min(1, v / most)));
    const top = Array.from(degree.keys()).sort((a, b) => degree[b]! - degree[a]!).slice(0, 200);
    const icon = q.get("node_icon");
    const names = icon ? [...new Set(data.nodes.get(icon)!.map(String))] : [];
    const wanted = q.get("buffers")?.split(",");
    const scene: Scene = {
      n_nodes: n, n_edges: m, is_directed: data.directed, title: data.name, edges, node_color, node_size, settings: {}, legend,
      labels: { index: top, text: top.map((u) => String(data.nodes.get(q.get("node_label") ?? "id")![u])) }, icons: names,
    };
    if (icon) scene.node_icon = Uint16Array.from(data.nodes.get(icon)!, (v) => names.indexOf(String(v)) + 1);
    const badge = q.get("node_badge");
    if (badge) {
      const of = data.nodes.get(badge)!.map(String);
      const fills: LegendPart[] = [];
      const fill = colors(data, badge, fills);
      const hex = (u: number): string => `#${[0, 1, 2].map((i) => fill[4 * u + i]!.toString(16).padStart(2, "0")).join("")}`;
      scene.badges = [{ position: "TopRight", index: top, icon: top.map((u) => of[u]!), color: top.map(() => ""), background: top.map(hex) }];
      const { entries } = fills[0]!;
      legend.push({ channel: "badge_top_right_icon", column: badge, kind: "categories", entries: entries!.map(({ name, count }) => ({ name, count, icon: name })) },
        { channel: "badge_top_right_background", column: badge, kind: "categories", entries: entries! });
    }
    if (wanted?.includes("tables")) scene.tables = tables(data);
    if (wanted && !wanted.includes("edges")) delete (scene as Partial<Scene>).edges;
    if (this.withPositions) {
      const { layout } = this.session(id)!;
      scene.positions = Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? layout.x[i >> 1]! : layout.y[i >> 1]!));
    }
    return scene;
  }

  private matching(data: Data, table: "nodes" | "edges", filter: string | null, search?: string | null): number[] {
    const names = columns(data, table);
    const test = filter ? parse(filter, names) : () => true;
    const part = search?.toLowerCase();
    const found: number[] = [];
    for (let i = 0; i < count(data, table); i++) {
      const row = Object.fromEntries(names.map((c) => [c, cell(data, table, c, i) as Value])) as Row;
      if (part && !names.some((c) => String(row[c]).toLowerCase().includes(part))) continue;
      if (test(row) === true) found.push(i);
    }
    return found;
  }

  /** Rows that are left by what an address says of both tables. */
  private left(data: Data, table: "nodes" | "edges", q: URLSearchParams): number[] {
    const text = (name: string): Record<string, string> => (q.get(name) ? { [name]: q.get(name)! } : {});
    const across = { ...text("nodes"), ...text("edges"), ...text("hidden"), prune: q.get("prune") === "true" };
    const ends = Uint32Array.from({ length: 2 * count(data, "edges") }, (_, i) => (i % 2 === 0 ? data.sources : data.targets)[i >> 1]!);
    const isLeft = leftBy(across, table, count(data, "nodes"), ends, (of, expression) => this.matching(data, of, expression));
    return this.matching(data, table, q.get("filter"), q.get("search")).filter(isLeft);
  }

  private rows(data: Data, table: "nodes" | "edges", q: URLSearchParams): object {
    const names = q.get("columns")?.split(",") ?? columns(data, table);
    for (const name of names) if (!columns(data, table).includes(name)) throw new Error(`there is no column ${name}`);
    const given = q.get("index");
    let found = given ? given.split(",").map(Number) : this.left(data, table, q);
    const sort = q.get("sort");
    if (sort && !given) {
      const sign = q.get("descending") === "true" ? -1 : 1;
      found = found.sort((a, b) => {
        const [x, y] = [cell(data, table, sort, a), cell(data, table, sort, b)];
        return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
      });
    }
    const offset = Number(q.get("offset") ?? 0);
    const index = given ? found : found.slice(offset, offset + Number(q.get("limit") ?? 100));
    const show = (name: string, value: Cell): Cell => (data.times.has(name) && typeof value === "number" ? new Date(value).toISOString() : value);
    return { total: found.length, offset, columns: names, index, rows: index.map((i) => names.map((c) => show(c, cell(data, table, c, i)))) };
  }

  private histogram(data: Data, table: "nodes" | "edges", q: URLSearchParams): object {
    const [column, bins] = [q.get("column")!, Number(q.get("bins") ?? 32)];
    if (!columns(data, table).includes(column)) throw new Error(`there is no column ${column}`);
    const values = this.left(data, table, q).map((i) => cell(data, table, column, i));
    const all = Array.from({ length: count(data, table) }, (_, i) => cell(data, table, column, i));
    if (typeof all[0] === "number") {
      const numbers = all as number[];
      const low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
      const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
      if (q.get("scale") === "log" && high > 0) {
        const edges = logEdges(low, high, Math.min(...numbers.filter((v) => v > 0)), bins, numbers.every(Number.isInteger));
        const counts = new Array<number>(edges.length - 1).fill(0);
        for (const v of values as number[]) counts[binOf(edges, v)]!++;
        return { column, type: "numeric", edges, counts, n_null: 0 };
      }
      const width = (high - low || 1) / bins;
      const counts = new Array<number>(bins).fill(0);
      for (const v of values as number[]) counts[Math.min(bins - 1, Math.floor((v - low) / width))]!++;
      return { column, type: data.times.has(column) ? "time" : "numeric", edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width), counts, n_null: 0 };
    }
    const tally = new Map<string, number>();
    for (const v of values) tally.set(String(v), (tally.get(String(v)) ?? 0) + 1);
    const sorted = [...tally].sort((a, b) => b[1] - a[1]);
    return {
      column, type: "category", values: sorted.slice(0, bins).map((e) => e[0]), counts: sorted.slice(0, bins).map((e) => e[1]),
      n_other: sorted.slice(bins).reduce((s, e) => s + e[1], 0), n_null: 0,
    };
  }
}

const known = new WeakMap<Data, Uint32Array>();
function degrees(data: Data): Uint32Array {
  let d = known.get(data);
  if (!d) {
    d = new Uint32Array(count(data, "nodes"));
    for (const u of data.sources) d[u]!++;
    for (const u of data.targets) d[u]!++;
    known.set(data, d);
  }
  return d;
}

function count(data: Data, table: "nodes" | "edges"): number {
  return table === "nodes" ? data.nodes.get("id")!.length : data.sources.length;
}

function columns(data: Data, table: "nodes" | "edges"): string[] {
  return table === "nodes" ? [...data.nodes.keys(), "degree"] : ["source", "target", ...data.edges.keys()];
}

function cell(data: Data, table: "nodes" | "edges", column: string, i: number): Cell {
  if (table === "nodes") return column === "degree" ? degrees(data)[i]! : data.nodes.get(column)?.[i] ?? null;
  if (column === "source") return data.nodes.get("id")![data.sources[i]!]!;
  if (column === "target") return data.nodes.get("id")![data.targets[i]!]!;
  return data.edges.get(column)?.[i] ?? null;
}

function tables(data: Data): SceneTables {
  const columns = (["nodes", "edges"] as const).flatMap((of) => [...data[of]].map(([name, values]): SceneColumn => {
    if (values.every((v) => typeof v !== "string")) {
      const isWhole = values.every((v) => v === null || Number.isInteger(v));
      return { of, name, type: data.times.has(name) ? "time" : isWhole ? "integer" : "number", texts: [], values: Float64Array.from(values, (v) => (v === null ? NaN : Number(v))) };
    }
    const texts = [...new Set(values.filter((v) => v !== null).map(String))];
    return { of, name, type: "text", texts, values: Uint32Array.from(values, (v) => (v === null ? 0 : texts.indexOf(String(v)) + 1)) };
  }));
  return { ends: ["source", "target"], id: "id", columns };
}

function colors(data: Data, by: string, legend: LegendPart[]): Uint8Array {
  const n = count(data, "nodes");
  const out = new Uint8Array(4 * n);
  const put = (u: number, hex: string): void => {
    out.set([parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16), 255], 4 * u);
  };
  const values = Array.from({ length: n }, (_, u) => cell(data, "nodes", by, u));
  if (values.every((v) => typeof v === "number")) {
    const most = (values as number[]).reduce((a, b) => Math.max(a, b), 1e-9);
    values.forEach((v, u) => put(u, VIRIDIS[Math.min(8, Math.floor((9 * Number(v)) / most))]!));
    legend.push({ channel: "node_color", column: by, kind: "scale", stops: VIRIDIS.map((color) => ({ color })), ticks: [{ place: 0, label: "0" }, { place: 1, label: String(most) }] });
    return out;
  }
  const tally = new Map<string, number>();
  for (const v of values) tally.set(String(v), (tally.get(String(v)) ?? 0) + 1);
  const names = [...tally].sort((a, b) => b[1] - a[1]).map((e) => e[0]);
  const colorOf = new Map(names.map((name, i) => [name, i < PALETTE.length ? PALETTE[i]! : "#8c8c94"]));
  values.forEach((v, u) => put(u, colorOf.get(String(v))!));
  legend.push({ channel: "node_color", column: by, kind: "categories", entries: names.slice(0, 12).map((name) => ({ name, color: colorOf.get(name)!, count: tally.get(name)! })) });
  return out;
}

async function page(path: string, response: ServerResponse): Promise<void> {
  const name = /\/(graphlume\.js|pages\.js|graphlume\.css)$/.exec(path)?.[1] ?? "index.html";
  const type = name.endsWith(".js") ? "text/javascript" : name.endsWith(".css") ? "text/css" : "text/html";
  let body: Buffer | string = await readFile(new URL(name, DIST));
  // As the server does it for pages a folder below.
  if (name === "index.html" && /^\/experiments\/./.test(path)) body = body.toString().replaceAll('"graphlume.', '"../graphlume.');
  // What a careful server would send: nothing from elsewhere, no code in the page itself.
  response.writeHead(200, {
    "content-type": `${type}; charset=utf-8`,
    ...(name === "index.html" ? { "content-security-policy": "default-src 'self'; img-src 'self' data: blob: https:; style-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'" } : {}),
  });
  response.end(body);
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  json(response, { error: { code, message } }, status);
}

/** What tests and `npm run mock` serve. */
export function samples(): Record<string, Data> {
  return { small: planted(900, 2100), medium: planted(4000, 9000, 2) };
}
