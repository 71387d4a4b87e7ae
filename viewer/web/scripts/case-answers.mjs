/** What a server says of the template `logins`, run around one account: its steps are done here, over its own table. */
import { readFileSync } from "node:fs";

const file = (name) => readFileSync(new URL(`../../../etl/cases/${name}`, import.meta.url), "utf8");

export function caseAnswers(account = "cy", since = "2026-01-01") {
  const text = file("logins.toml");
  const [head, ...rows] = file("logins.csv").trim().split("\n").map((line) => line.split(","));
  const of = (row, name) => row[head.indexOf(name)];
  const later = rows.filter((row) => of(row, "time") >= since);
  const nodes = [];
  const node = (type, title) => {
    const at = nodes.findIndex((one) => one.type === type && one.title === title);
    return at >= 0 ? at : nodes.push({ type, title }) - 1;
  };
  const edges = later.flatMap((row) => ["device", "ip"].map((type) => [node("account", of(row, "account")), node(type, of(row, type))]));
  const begin = nodes.findIndex((one) => one.type === "account" && one.title === account);
  const hops = new Map([[begin, 0]]);
  for (let hop = 1; hop <= 4; hop++) {
    for (const [u, v] of edges) {
      for (const [a, b] of [[u, v], [v, u]]) if (hops.get(a) === hop - 1 && !hops.has(b)) hops.set(b, hop);
    }
  }
  const kept = [...hops.keys()];
  const inside = edges.filter(([u, v]) => hops.has(u) && hops.has(v));
  const data = {
    name: "Around an account", directed: false,
    sources: Uint32Array.from(inside, ([u]) => kept.indexOf(u)), targets: Uint32Array.from(inside, ([, v]) => kept.indexOf(v)),
    nodes: new Map([["id", kept.map((u) => nodes[u].title)], ["type", kept.map((u) => nodes[u].type)], ["hops", kept.map((u) => hops.get(u))]]),
    edges: new Map(), times: new Set(),
  };
  const table = (name, made, secs, wasKept) => ({ name, place: name === "logins" ? "logins.csv" : "processor", rows_in: name === "logins" ? null : rows.length, rows: made.length, nodes: null, gives: "table", columns: head, warnings: [], kept: wasKept, duration_secs: secs, head: made });
  const graph = (name, all, m, before, secs, more) => ({ name, place: "processor", rows_in: before, rows: m, nodes: all.length, gives: "graph", columns: ["nodeTitle", "type", ...more], warnings: [], kept: false, duration_secs: secs, head: all.map((u) => [nodes[u].title, nodes[u].type, ...(more.length > 0 ? [hops.get(u)] : [])]) });
  const steps = [
    table("logins", rows, 0, true), table("in time", later, 0, true),
    { ...graph("who with what", nodes.map((_, u) => u), edges.length, later.length, 0, []), kept: true },
    graph("around", kept, inside.length, edges.length, 0.0012, ["hops"]),
    graph("central", kept, inside.length, inside.length, 0.0009, ["hops"]),
  ];
  const parameters = [
    ["logins", "source", "The logins: a table with account, device, ip, time and success", "logins.csv"],
    ["account", "text", "The account to begin with", null],
    ["since", "time", "Logins before this are left out", "2000-01-01"],
    ["hops", "integer", "How far to go: 2 reaches other accounts that share a device or an address", 2],
    ["busiest", "integer", "Go through nodes with at most so many logins", 50],
  ].map(([name, type, description, value]) => ({ name, type, description, default: value, choices: [], min: null, max: null }));
  const does = ["logins.csv", "time >= 2026-01-01", "account, device, ip: account with device, ip", "4 hops around type = 'account' AND nodeTitle = 'cy'", "PageRank of every node"];
  const notes = { "who with what": "Every account is joined with the devices and addresses that it used.", central: "What much leads to is large." };
  const info = {
    title: data.name, notes: /notes = """\n([^]*?)"""/.exec(text)[1], parameters, result: "central", gives: "graph",
    steps: steps.map((step, i) => ({ name: step.name, line: null, verb: ["source", "filter", "hypergraph", "expand", "page_rank"][i], does: does[i], from: [], enabled: true, gives: step.gives, note: notes[step.name] ?? "" })),
  };
  const run = { id: "run", status: "done", current: null, steps, n_steps: steps.length, dataset: "logins", file: null, error: null };
  const answer = (path) =>
    path === "cases/logins" ? { id: "logins", title: data.name, mode: "private", text, is_own: true, info }
    : path === "files" ? { files: [] }
    : run;
  return { data, answer };
}
