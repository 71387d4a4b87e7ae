import { describe, expect, it } from "vitest";

import { isMember, paint, readCollections, resolveCollections, type Members } from "../../src/core/collections";
import { readParams } from "../../src/core/params";
import { decodeScene } from "../../src/core/scene";
import { SceneSource } from "../../src/core/scene-source";
import { encodeScene } from "../../src/core/scene";
import { BrowserViews } from "../../src/core/views";
import { beginOf, duration, type Facts, type GadDataset, linked, type Method, misfit, scored } from "../../src/pages/gad";
import { ago, plain } from "../../src/pages/home";
import { datasetNames } from "../../src/pages/leaderboard";
import { guess, isTime, readHead, toQuery } from "../../src/pages/columns";
import { alike, areEvents, entitiesOf, hypergraphOptions } from "../../src/pages/events";
import { jobsOf, nodesOf, remedies } from "../../src/pages/upload";

const members = (nodes: number, edges: number): Members => ({ nodes: Uint8Array.of(nodes), edges: Uint8Array.of(edges), n_nodes: 0, n_edges: 0 });
const chain = (n: number): unknown => ({ type: "gfql_chain", gfql: [n] });

describe("collections", () => {
  it("are read as PyGraphistry writes them, and what is none is left out", () => {
    const specs = readCollections([
      { type: "set", id: "a", name: "Red ones", node_color: "#ff0000", expr: chain(1) },
      { type: "set", id: "b", edge_color: "00ff00", expr: chain(2) },
      { type: "set", expr: chain(3) },
      { type: "intersection", id: "c", expr: { type: "intersection", sets: ["a", "b"] } },
      { type: "intersection", id: "d", expr: { type: "intersection", sets: [] } },
      { type: "set", id: "e" }, null, "x", 3,
    ]);
    expect(specs.map((s) => s.id)).toEqual(["a", "b", "collection 3", "c"]);
    expect(specs[0]).toMatchObject({ name: "Red ones", nodeColor: [1, 0, 0], edgeColor: null, query: [1], sets: [] });
    expect(specs[1]).toMatchObject({ name: "b", nodeColor: null, edgeColor: [0, 1, 0] });
    // Those that name no color have one all the same.
    expect(specs[2]!.nodeColor).not.toBeNull();
    expect(specs[3]).toMatchObject({ query: null, sets: ["a", "b"] });
    expect(readCollections({ type: "set" })).toEqual([]);
    expect(readCollections(Array.from({ length: 99 }, (_, i) => ({ type: "set", id: i, expr: chain(i) })))).toHaveLength(30);
  });

  it("are found one by one, and an intersection is what is in all of its sets", async () => {
    const specs = readCollections([
      { type: "set", id: "a", expr: chain(1) }, { type: "set", id: "b", expr: chain(2) }, { type: "set", id: "bad", expr: chain(3) },
      { type: "intersection", id: "both", expr: { sets: ["a", "b"] } }, { type: "intersection", id: "none", expr: { sets: ["a", "bad"] } }, { type: "intersection", id: "lost", expr: { sets: ["zz"] } },
    ]);
    const found = await resolveCollections(specs, (query) => {
      const n = (query as number[])[0];
      return n === 3 ? Promise.reject(new Error("no such column")) : Promise.resolve(n === 1 ? members(0b0111, 0b01) : members(0b1110, 0b11));
    });
    const by = new Map(found.map((c) => [c.id, c]));
    expect(by.get("both")!.members).toEqual({ nodes: Uint8Array.of(0b0110), edges: Uint8Array.of(0b01), n_nodes: 2, n_edges: 1 });
    expect(by.get("bad")!.error).toBe("no such column");
    expect(by.get("none")!.error).toBe("bad has no members that are known");
    expect(by.get("lost")!.error).toBe("there is no collection zz");
  });

  it("color what is in them, the first before the others, and leave the rest", () => {
    const [a, b] = readCollections([{ type: "set", id: "a", node_color: "#ff0000", expr: chain(1) }, { type: "set", id: "b", node_color: "#0000ff", edge_color: "#00ff00", expr: chain(2) }]).map((s, i) => ({ ...s, error: "", members: i === 0 ? members(0b001, 0) : members(0b011, 0b01) }));
    const scene = { n_nodes: 3, n_edges: 2, edges: Uint32Array.of(0, 1, 1, 2), node_color: Uint8Array.from([1, 2, 3, 255, 4, 5, 6, 128, 7, 8, 9, 255]) };
    const painted = paint(scene, [a!, b!], null, null);
    expect([...painted.node_color]).toEqual([255, 0, 0, 255, 0, 0, 255, 128, 7, 8, 9, 255]);
    // An edge without a color of its own is between its ends.
    expect([...painted.edge_color!]).toEqual([0, 255, 0, 255, 3, 4, 132, 255]);
    const grounded = paint({ ...scene, node_color: undefined }, [a!], [1, 1, 1], null);
    expect([...grounded.node_color.subarray(4)]).toEqual([255, 255, 255, 255, 255, 255, 255, 255]);
    expect(grounded.edge_color).toBeUndefined();
    expect([0, 1, 2, 9].map((u) => isMember(Uint8Array.of(0b101), u))).toEqual([true, false, true, false]);
  });
});

describe("views that a browser keeps", () => {
  const storage = (): Pick<Storage, "getItem" | "setItem"> & { kept: Map<string, string> } => {
    const kept = new Map<string, string>();
    return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
  };

  it("are saved, named anew and deleted, each graph's by themselves", async () => {
    const box = storage();
    const views = new BrowserViews("g", () => box);
    await views.save("one", { version: 1, settings: { point_size: 2 } }, "/9j/AA");
    await views.save("two", { version: 1 }, null);
    await views.save("two", { version: 1, hidden: [3] }, null);
    expect((await views.list()).views.map((v) => [v.name, v.picture, v.view.hidden])).toEqual([["one", "data:image/jpeg;base64,/9j/AA", undefined], ["two", null, [3]]]);
    await expect(views.rename("one", "two")).rejects.toThrow("there is a view two already");
    await views.rename("one", "first");
    await views.remove("two");
    expect((await views.list()).views.map((v) => v.name)).toEqual(["first"]);
    expect((await new BrowserViews("h", () => box).list()).views).toEqual([]);
  });

  it("are none where somebody else wrote, or nothing is kept", async () => {
    const box = storage();
    box.kept.set("graphlume.views.g", JSON.stringify([{ name: "x", view: { version: 9 } }, { name: "ok", view: { version: 1 }, picture: "javascript:alert(1)" }, 3, null]));
    expect((await new BrowserViews("g", () => box).list()).views).toEqual([{ id: "ok", name: "ok", view: { version: 1 }, picture: null }]);
    box.kept.set("graphlume.views.g", "{");
    expect((await new BrowserViews("g", () => box).list()).views).toEqual([]);
    const none = new BrowserViews("g", () => { throw new Error("no storage"); });
    expect((await none.list()).views).toEqual([]);
    await expect(none.save("x", { version: 1 }, null)).rejects.toThrow("no storage");
  });
});

describe("words of addresses", () => {
  it("say what part of the plane is seen, whichever way y goes", () => {
    expect(readParams({ left: "-1", right: 2, top: 5, bottom: -5 }).box).toEqual({ left: -1, right: 2, top: 5, bottom: -5 });
    expect(readParams({ left: -1, right: 2, top: -5, bottom: 5 }).box).toEqual({ left: -1, right: 2, top: 5, bottom: -5 });
    expect(readParams({ left: 2, right: 2, top: 1, bottom: 0 }).box).toBeUndefined();
    expect(readParams({ left: 1, right: 2, top: 1 }).box).toBeUndefined();
  });

  it("are acted on, all of PyGraphistry's", () => {
    const words = "play lockedX lockedY lockedR left right top bottom linLog strongGravity dissuadeHubs edgeInfluence precisionVsSpeed gravity scalingRatio bg pointSize pointOpacity pointStrokeWidth edgeCurvature edgeOpacity showArrows neighborhoodHighlight neighborhoodHighlightHops showLabels showLabelOnHover showLabelPropertiesOnHover shortenLabels labelColor labelBackground labelOpacity showPointsOfInterest showPointsOfInterestLabel pointsOfInterestMax menu info showActions showHistograms showInspector showCollections collections collectionsGlobalNodeColor collectionsGlobalEdgeColor pageTitle favicon logoUrl logoPosition logoMaxWidth logoMaxHeight logoAutoInvert".split(" ");
    const text = (word: string): string => (/color|bg|background/i.test(word) ? "#112233" : word === "collections" ? '[{"type":"set"}]' : /favicon|logoUrl/.test(word) ? "/x.png" : "1");
    const sides = { left: "0", right: "1", top: "1", bottom: "0" };
    for (const word of words) {
      const more = word in sides ? sides : word.startsWith("logo") ? { logoUrl: "/x.png" } : {};
      const without = { ...more } as Record<string, string>;
      delete without[word];
      expect(readParams({ ...without, [word]: (more as Record<string, string>)[word] ?? text(word) }), word).not.toEqual(readParams(without));
    }
  });
});

describe("pages", () => {
  it("take files whose names say nodes for the nodes, and never all of them", () => {
    const files = (...names: string[]): File[] => names.map((name) => new File([], name));
    expect(nodesOf(files("people-nodes.csv"))).toEqual([]);
    expect(nodesOf(files("edges.csv", "people-nodes.csv")).map((f) => f.name)).toEqual(["people-nodes.csv"]);
    expect(nodesOf(files("nodes.csv", "points.csv")).map((f) => f.name)).toEqual(["points.csv"]);
    expect(nodesOf(files("a.csv", "b.csv"))).toEqual([]);
  });

  it("say times, durations and types as people do", () => {
    const now = Date.UTC(2026, 10, 22);
    expect([30_000, 300_000, 7_200_000, 3 * 86_400_000, 40 * 86_400_000].map((ms) => ago(now - ms, now))).toEqual(["now", "5 min ago", "2 h ago", "3 days ago", "2026-10-13"]);
    expect([12, 1500, 61_000, 3_700_000].map(duration)).toEqual(["12 ms", "1.5 s", "1 min 1 s", "1 h 1 min"]);
    expect(beginOf("20261122_015001")).toBe(Date.UTC(2026, 10, 22, 1, 50, 1));
    expect(beginOf("yesterday")).toBeNull();
    expect(["NODE_ANOMALY_SCORES", "TEMPORAL_EDGE_ANOMALY_SCORES", "EDGE_STREAM_ANOMALY_SCORES", null].map(scored)).toEqual(["nodes", "edges over time", "a stream of edges", ""]);
    expect(linked("plain, without addresses")).toEqual(["plain, without addresses"]);
  });
});

describe("methods and datasets", () => {
  const method = (more: Partial<Method>): Method => ({ name: "m", from: "bundled", description: "", source: "", result_type: null, needs: [], datasets: [], parameters: [], ...more });
  const dataset = (more: Partial<GadDataset> = {}): GadDataset => ({ name: "bundled:books", from: "bundled", description: "", source: "", licence: "", bytes: null, is_native: true, ...more });
  const facts = (more: Partial<Facts> = {}): Facts => ({ n_nodes: 3, n_edges: 2, n_features: 0, labelled_nodes: null, labelled_edges: null, kinds: [], span: null, ...more });

  it("are told apart where they do not fit, as far as that is known", () => {
    const needy = method({ needs: ["times", "features"] });
    expect(misfit(needy, dataset(), null)).toBe("");
    expect(misfit(needy, dataset(), facts())).toBe("m needs times of edges and features of nodes, which books has not");
    expect(misfit(needy, dataset(), facts({ span: [0, 1], n_features: 4 }))).toBe("");
    expect(misfit(method({}), dataset({ is_native: false }), null)).toMatch(/reader of their own/);
    expect(misfit(method({ from: "folder" }), dataset({ is_native: false }), null)).toBe("");
    const picky = method({ from: "folder", datasets: ["uci", "b?ok*", "[!x]y+"] });
    expect(["uci", "bundled:books", "by+", "xy+", "uc", "disney"].map((name) => misfit(picky, dataset({ name }), null) === "")).toEqual([true, true, true, false, false, false]);
  });
});

describe("datasets of a leaderboard", () => {
  it("have names without hashes", () => {
    expect(datasetNames(["books@6cf6b3a7", "disney", "a@b.org"])).toEqual([{ name: "books", state: "6cf6b3a7" }, { name: "disney", state: null }, { name: "a@b.org", state: null }]);
    expect(datasetNames(["books@6cf6b3a7", "books@cf1d3dd6"]).map((one) => one.name)).toEqual(["books (1)", "books (2)"]);
  });
});

describe("uploads", () => {
  const files = (...names: string[]): File[] => names.map((name) => new File(["x"], name));
  const head = (text: string) => readHead(text)!;

  it("make a dataset of each table of edges, and say where nodes belong to nobody knows which", () => {
    const jobs = (...names: string[]): unknown => {
      const found = jobsOf(files(...names));
      return typeof found === "string" ? found : found.map((job) => [job.edges.name, job.nodes?.name ?? null]);
    };
    expect(jobs("karate.csv")).toEqual([["karate.csv", null]]);
    expect(jobs("karate.csv", "dolphins.csv")).toEqual([["karate.csv", null], ["dolphins.csv", null]]);
    expect(jobs("karate-nodes.csv", "karate.csv")).toEqual([["karate.csv", "karate-nodes.csv"]]);
    expect(jobs("karate.csv", "dolphins.csv", "nodes.csv")).toMatch(/^nodes.csv could belong to karate.csv or dolphins.csv/);
    expect(jobs("karate.csv", "a-nodes.csv", "b-nodes.csv")).toMatch(/^a-nodes.csv and b-nodes.csv .* karate.csv can have one/);
  });

  it("find the columns that the server would, but no times", () => {
    expect(guess(head("weight,Source ID,x,target_id\n1,a,,b\n"))).toEqual({ source: "Source ID", target: "target_id", weight: "weight", isClear: true });
    expect(guess(head("who;whom\na;b\n"))).toEqual({ source: "who", target: "whom", weight: null, isClear: true });
    expect(guess(head("timestamp,who,whom\n1,a,b\n"))).toMatchObject({ source: "who", target: "whom", isClear: false });
    expect(guess(head("x,who,whom\n1700000000,a,b\n1700000001,b,c\n"))).toMatchObject({ source: "who", target: "whom" });
    expect(guess(head("x\twho\twhom\n2024-01-02 10:00\ta\tb\n"))).toMatchObject({ source: "who", target: "whom" });
    expect(guess(head("time,weight,who\n1,2,b\n"))).toMatchObject({ source: "who", target: "time", weight: "weight" });
    // Words are no numbers, so they are no weights; and a name is no time because it has one in it.
    expect(guess(head("from,to,weight\na,b,heavy\n")).weight).toBeNull();
    expect(isTime(head("sometimes,b\n1,2\n"), 0)).toBe(false);
    expect([0, 1].map((at) => isTime(head("createdDate,event_time\na,b\n"), at))).toEqual([true, true]);
  });

  it("look at names in quotes, below comments, and at no table that has none", () => {
    expect(head('\uFEFF# of a club\r\n"who, first",whom\r\n"a ""b""",c\r\n')).toEqual({ names: ["who, first", "whom"], rows: [['a "b"', "c"]] });
    for (const text of ["", "a\nb\n", "1,2\n3,4\n", "a,2024-01-01\n", "a,a\nb,c\n", "true,x\n"]) expect(readHead(text)).toBeNull();
    expect(readHead("a,b\n1,2\n3,", false)!.rows).toEqual([["1", "2"]]);
    expect(toQuery({ source: "a b", weight: "", directed: false, drop_null: true })).toEqual([["source", "a b"], ["drop_null", "true"]]);
  });

  it("tell events by several columns that name things", () => {
    const row = (i: number): string => [i + 1, 1_700_000_000 + 977 * i, `u${i % 7}`, `10.0.${i % 3}.${i % 11}`, `dev-${i % 9}`, ["login", "logout"][i % 2], (i * 7.3) % 60, i % 4 === 0 ? "yes" : "no", 40 + ((i * 13) % 30)].join(",");
    const log = head(["event_id,ts,user,ip,device,action,seconds,ok,age", ...Array.from({ length: 40 }, (_, i) => row(i))].join("\n"));
    expect(entitiesOf(log)).toEqual(["user", "ip", "device"]);
    expect(areEvents(log)).toBe(true);
    // Whole numbers only where a name says that they number things, and no sentences.
    const more = head(["customerid,amount,product_no,note,paid", ...Array.from({ length: 12 }, (_, i) => `${(i * 5) % 7},${i % 5},${(i * 3) % 4},this is what somebody has written about it ${i % 3},maybe`)].join("\n"));
    expect(entitiesOf(more)).toEqual(["customerid", "product_no"]);
    expect(areEvents(more)).toBe(false);
    expect(entitiesOf(head("who,whom,n\na,b,1\nb,c,2\n"))).toEqual([]);
    const flows = (n: number) => head(["ts,uid,id.orig_h,id.orig_p,id.resp_h,proto", ...Array.from({ length: n }, (_, i) => `${1_700_000_000 + i},C${i}x,10.0.0.${i % 7},${30_000 + ((i * 7919) % 9000)},10.0.1.${i % 5},${["tcp", "udp"][i % 2]}`)].join("\n"));
    expect([entitiesOf(flows(30)), entitiesOf(flows(200))]).toEqual([["uid", "id.orig_h", "id.resp_h"], ["id.orig_h", "id.resp_h"]]);
  });

  it("take equal values of two columns of events for one thing where they are", () => {
    const flows = head("src_ip,user,peer_ip,port\n10.0.0.1,ann,10.0.0.2,80\n10.0.0.2,bob,10.0.0.1,443\n10.0.0.3,ann,10.0.0.2,80\n");
    expect(alike(flows, ["src_ip", "user", "peer_ip"])).toEqual([["src_ip", "peer_ip"]]);
    expect(alike(flows, ["src_ip", "user"])).toEqual([]);
    const ask = { columns: ["src_ip", "user", "peer_ip"], together: [["src_ip", "peer_ip"]], asNodes: false };
    expect(hypergraphOptions(ask)).toEqual({ entity_types: ["src_ip", "user", "peer_ip"], direct: true, opts: { CATEGORIES: { "src_ip or peer_ip": ["src_ip", "peer_ip"] } } });
    const numbered = head(["account_id,merchant_id,from_card,to_card", ...Array.from({ length: 12 }, (_, i) => `${i % 5},${i % 4},${i % 7},${(i + 1) % 7}`)].join("\n"));
    expect(alike(numbered, numbered.names)).toEqual([["from_card", "to_card"]]);
    // What is not taken is in no group.
    expect(hypergraphOptions({ ...ask, columns: ["user", "peer_ip"], asNodes: true })).toEqual({ entity_types: ["user", "peer_ip"], direct: false });
    expect(toQuery({ source: "a", entities: ask })).toEqual([["source", "a"]]);
  });

  it("offer ways out of what the server refuses", () => {
    const weights = "line 3 has weight -10 in column `weight`; weights must be at least 0 and finite as f32";
    expect(remedies(weights)).toEqual([{ words: weights, verb: "Ignore the weights", roles: { unweighted: true } }]);
    const ends = "line 3 has no value in id column `target`; drop such rows or fill them, or upload with `?drop_null=true`, which drops them";
    expect(remedies(ends)).toEqual([{ words: "line 3 has no value in id column `target`", verb: "Leave such rows out", roles: { drop_null: true } }]);
    expect(remedies(ends.replace("id column", "weight column")).map((way) => way.verb)).toEqual(["Leave such rows out", "Ignore the weights"]);
    expect(remedies("the file is empty")).toEqual([]);
  });
});

describe("histograms without a server", () => {
  it("have the bins of the whole in every part", async () => {
    const scene = { n_nodes: 4, n_edges: 3, is_directed: false, title: "", edges: Uint32Array.of(0, 1, 0, 2, 0, 3), settings: {}, legend: [], labels: { index: [], text: [] }, icons: [] };
    const bytes = encodeScene(scene);
    const source = new SceneSource(decodeScene(bytes), () => bytes);
    const whole = await source.histogram("nodes", "degree", 2);
    const part = await source.histogram("nodes", "degree", 2, "degree < 2");
    expect(part.edges).toEqual(whole.edges);
    expect([whole.counts, part.counts]).toEqual([[3, 1], [3, 0]]);
    const ends = await source.histogram("edges", "target", 2, "target <> '3'");
    expect([ends.values, ends.counts, ends.n_other]).toEqual([["1", "2"], [1, 1], 0]);
  });
});

describe("descriptions", () => {
  it("lose the marks of Markdown in a line of a list", () => {
    expect(plain("# From one user\n\n**who else** used `them`, and [where](https://a.b/c)")).toBe("From one user who else used them, and where");
    expect(plain("2 * 3 * 4 and a_b_c")).toBe("2 * 3 * 4 and a_b_c");
  });
});
