import { describe, expect, it } from "vitest";

import { parseColor, toHex } from "../../src/core/color";
import { colorsByPlace } from "../../src/render/place-colors";
import { parse, quoteName, quoteTime, quoteValue } from "../../src/core/expression";
import { Graph } from "../../src/core/graph";
import { conjunction, Masks } from "../../src/core/masks";
import { readParams } from "../../src/core/params";
import { EMPTY, History, packView, readView, saveView, unpackView } from "../../src/core/state";
import { SceneSource } from "../../src/core/scene-source";
import { measureNames, type Source } from "../../src/core/source";
import type { Filter } from "../../src/core/types";
import type { Scene } from "../../src/core/scene";
import { planted } from "../mock/graphs";

describe("expressions", () => {
  it("looks at each of many conditions once", () => {
    let looks = 0;
    const row = { get x() { looks++; return 1; } };
    const many = Array.from({ length: 200 }, (_, i) => `(x > ${i + 1} AND x < 0)`).join(" OR ");
    expect(parse(many, ["x"])(row)).toBe(false);
    expect(looks).toBeLessThanOrEqual(400);
  });

  const row = { degree: 4, kind: "ip", "odd name": null, ok: true };
  const run = (source: string): unknown => parse(source, Object.keys(row))(row);

  it("mean what SQL means", () => {
    for (const [source, value] of [
      ["degree > 3 AND kind = 'ip'", true],
      ["degree + 1 * 2 = 6", true],
      ["(degree + 1) * 2 = 10", true],
      ["NOT degree <> 4", true],
      ["kind IN ('user', 'ip')", true],
      ["kind NOT IN ('user', 'ip')", false],
      ["degree BETWEEN 1 AND 4 AND ok", true],
      ["kind LIKE 'I%'", false],
      ["kind ILIKE 'I_'", true],
      ['"odd name" IS NULL', true],
      ['("odd name" > 1) IS NOT TRUE', true],
      ['("odd name" > 1) IS TRUE', false],
      ['"odd name" > 3', null],
      ['"odd name" > 3 OR degree = 4', true],
      ['"odd name" > 3 AND degree = 5', false],
      ["-degree < 0", true],
      ["degree / 0 = 1", null],
      ["'it''s' = 'it''s'", true],
      ["DEGREE >= 4", true],
    ] as const) {
      expect(run(source), source).toBe(value);
    }
  });

  it("are refused with words", () => {
    for (const [source, words] of [
      ["degre > 3", "no column “degre”"],
      ["degree >", "found “the end”"],
      ["degree > 3 kind", "expected the end and found “kind”"],
      ["sqrt(degree) > 1", "function sqrt needs a server"],
      ["degree > 'a'", "a number cannot be compared with a string"],
      ["degree ; drop", "cannot read the expression at “; drop”"],
      ["degree NOT 3", "after NOT"],
    ] as const) {
      expect(() => run(source), source).toThrow(words);
    }
  });

  it("are written so that nothing in data is read as code", () => {
    const name = 'a"b; --';
    const value = "x' OR 'a' = 'a";
    expect(parse(`${quoteName(name)} = ${quoteValue(value)}`, [name])({ [name]: value })).toBe(true);
    expect(parse(`${quoteName(name)} = ${quoteValue(value)}`, [name])({ [name]: "x" })).toBe(false);
    expect(quoteName("select")).toBe('"select"');
    expect(quoteName("Degree")).toBe('"Degree"');
    expect(quoteTime(Date.UTC(2026, 10, 21, 12))).toBe("TIMESTAMP '2026-11-21 12:00:00Z'");
  });
});

describe("neighbors", () => {
  const graph = new Graph(6, Uint32Array.of(0, 1, 1, 2, 2, 3, 4, 1, 1, 1));
  const sorted = (a: Uint32Array): number[] => Array.from(a).sort((x, y) => x - y);

  it("are found in either direction", () => {
    expect(sorted(graph.within([1], 1, "out").nodes)).toEqual([1, 2]);
    expect(sorted(graph.within([1], 1, "in").nodes)).toEqual([0, 1, 4]);
    expect(sorted(graph.within([0], 2, "both").nodes)).toEqual([0, 1, 2, 4]);
    expect(sorted(graph.within([5], 3, "both").nodes)).toEqual([5]);
    expect(graph.degree(1)).toBe(5);
  });

  it("agree with a walk over all edges", () => {
    const { sources, targets, nodes } = planted(200, 500, 4);
    const n = nodes.get("id")!.length;
    const edges = Uint32Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? sources[i >> 1]! : targets[i >> 1]!));
    const fast = new Graph(n, edges);
    for (const seed of [0, 7, 120]) {
      const near = new Set([seed]);
      for (let hop = 0; hop < 3; hop++) {
        const front = new Set(near);
        for (let e = 0; e < 500; e++) {
          if (front.has(sources[e]!)) near.add(targets[e]!);
          if (front.has(targets[e]!)) near.add(sources[e]!);
        }
      }
      expect(sorted(fast.within([seed], 3, "both").nodes)).toEqual([...near].sort((a, b) => a - b));
      expect(fast.inside(near).length).toBe(Array.from(sources).filter((s, e) => near.has(s) && near.has(targets[e]!)).length);
    }
  });
});

describe("filters", () => {
  const scene: Scene = {
    n_nodes: 4, n_edges: 3, is_directed: false, title: "", edges: Uint32Array.of(0, 1, 1, 2, 2, 3), settings: {}, legend: [],
    labels: { index: [0, 1], text: ["a", "b"] }, icons: [],
  };
  const filter = (expression: string, more: Partial<Filter> = {}): Filter => ({ id: "f", table: "nodes", expression, exclude: false, enabled: true, ...more });
  const masks = new Masks(new SceneSource(scene, () => new ArrayBuffer(0)));
  const run = async (filters: Filter[], byHand: number[] = [], prune = false): Promise<unknown> => {
    const h = await masks.hidden(filters, Uint32Array.from(byHand), scene.edges, 4, prune);
    return { nodes: h.nodes && [...h.nodes], n_nodes: h.n_nodes, n_edges: h.n_edges, errors: [...h.errors.values()] };
  };

  it("hide what is not let through, and edges without an end", async () => {
    expect(await run([])).toEqual({ nodes: null, n_nodes: 4, n_edges: 3, errors: [] });
    expect(await run([filter("degree = 2")])).toEqual({ nodes: [1, 0, 0, 1], n_nodes: 2, n_edges: 1, errors: [] });
    expect(await run([filter("degree = 2", { exclude: true })])).toEqual({ nodes: [0, 1, 1, 0], n_nodes: 2, n_edges: 0, errors: [] });
    expect(await run([filter("degree = 2", { enabled: false })], [0])).toEqual({ nodes: [1, 0, 0, 0], n_nodes: 3, n_edges: 2, errors: [] });
    expect(await run([filter("source = 'a'", { table: "edges" })], [], true)).toEqual({ nodes: [0, 0, 1, 1], n_nodes: 2, n_edges: 1, errors: [] });
  });

  it("that fail hide nothing, and are named", async () => {
    const found = (await run([filter("degre = 2")])) as { n_nodes: number; errors: string[] };
    expect(found.n_nodes).toBe(4);
    expect(found.errors[0]).toContain("no column “degre”");
  });

  it("are asked for once", async () => {
    let asked = 0;
    const source = { mask: () => (asked++, Promise.resolve({ bits: Uint8Array.of(15), count: 4 })) } as unknown as Source;
    const kept = new Masks(source);
    for (let i = 0; i < 3; i++) await kept.hidden([filter("degree = 2")], new Uint32Array(0), scene.edges, 4, false);
    expect(asked).toBe(1);
  });

  it("make one condition", () => {
    expect(conjunction([filter("a > 1"), filter("b = 2 OR c", { id: "g", exclude: true }), filter("d", { id: "h", table: "edges" })], "nodes", "x")).toBe("(a > 1) AND (b = 2 OR c) IS NOT TRUE");
    expect(conjunction([filter("a > 1")], "nodes", "f")).toBeUndefined();
  });
});

describe("words of addresses", () => {
  it("of PyGraphistry are all read", () => {
    // The 51 of its URL_PARAM_NAMES, with values as Python writes them.
    const query = new URLSearchParams({
      play: "0", lockedX: "True", lockedY: "true", lockedR: "False", left: "-10", right: "10", top: "5.0", bottom: "-5", linLog: "True", strongGravity: "true",
      dissuadeHubs: "True", edgeInfluence: "2.0", precisionVsSpeed: "-1.0", gravity: "3", scalingRatio: "4.5", bg: "%23ffffff", pointSize: "2", pointOpacity: "0.5",
      pointStrokeWidth: "1", edgeCurvature: "0.2", edgeOpacity: "0.3", showArrows: "False", neighborhoodHighlight: "incoming", neighborhoodHighlightHops: "2",
      showLabels: "False", showLabelOnHover: "True", showLabelPropertiesOnHover: "False", shortenLabels: "True", labelColor: "red", labelBackground: "#000", labelOpacity: "0.5",
      showPointsOfInterest: "True", showPointsOfInterestLabel: "True", pointsOfInterestMax: "7", menu: "False", info: "False", splashAfter: "1732190000", showActions: "False",
      showHistograms: "True", showInspector: "True", showCollections: "True", collections: '[{"type":"set","id":"a"}]', collectionsGlobalNodeColor: "#112233",
      collectionsGlobalEdgeColor: "#445566", pageTitle: "Fraud", favicon: "https://example.org/f.png", logoUrl: "https://example.org/l.png", logoPosition: "top left",
      logoMaxWidth: "100", logoMaxHeight: "50", logoAutoInvert: "True",
    });
    expect([...query.keys()]).toHaveLength(51);
    const p = readParams(query);
    expect(p.layout).toEqual({ lock_x: true, lock_y: true, lock_r: false, lin_log: true, strong_gravity: true, dissuade_hubs: true, edge_weight_influence: 2, jitter_tolerance: 0.5, gravity: 3, scaling: 4.5 });
    expect(p.settings).toMatchObject({
      background: "#ffffff", point_size: 2, point_opacity: 0.5, point_border: 1, edge_curvature: 0.2, edge_opacity: 0.3, show_arrows: false, highlight: "incoming",
      highlight_hops: 2, show_labels: false, show_label_on_hover: true, show_card_on_hover: false, max_labels: 7, label_background: "#000000",
    });
    expect(p).toMatchObject({ play: 0, menu: false, info: false, actions: false, histograms: true, inspector: true, title: "Fraud", favicon: "https://example.org/f.png" });
    expect(p.collections).toEqual([{ type: "set", id: "a" }]);
    expect(p.logo).toEqual({ url: "https://example.org/l.png", position: "top left", maxWidth: 100, maxHeight: 50, autoInvert: true });
  });

  it("that make no sense are as if they were not there", () => {
    expect(readParams(new URLSearchParams("pointSize=huge&gravity=&bg=nocolor&menu=None&collections={&favicon=javascript:alert(1)&logoUrl=//evil.example/x.png&what=1"))).toEqual({ settings: {}, layout: {}, encodings: {} });
    expect(readParams(new URLSearchParams("pointSize=1e9")).settings.point_size).toBe(20);
  });
});

describe("states", () => {
  it("are undone and redone", () => {
    const history = new History(EMPTY);
    const at = (size: number): typeof EMPTY => ({ ...EMPTY, settings: { point_size: size } });
    history.push(at(1), "size", 1000);
    history.push(at(2), "size", 1100); // a slider on its way
    history.push(at(3), "size", 9000);
    expect(history.undo()!.settings.point_size).toBe(2);
    expect(history.undo()).toBe(EMPTY);
    expect(history.undo()).toBeNull();
    expect(history.redo()!.settings.point_size).toBe(2);
    history.push(at(5), "gesture 1", 20_000);
    history.push(at(6), "gesture 1", 30_000);
    expect(history.undo()!.settings.point_size).toBe(2);
    history.push(at(9));
    expect(history.canRedo).toBe(false);
  });

  it("come back from an address", () => {
    const view = saveView({ filters: [{ id: "a", table: "nodes", expression: "name = 'Zürich 東京'", exclude: true, enabled: true }], encodings: { node_color: "kind" }, settings: { point_size: 2 }, selection: Uint32Array.of(1, 5), edges: Uint32Array.of(4, 7), hidden: new Uint32Array(0) }, { x: 1, y: 2, scale: 3, width: 800 });
    const text = packView(view);
    expect(text).toMatch(/^[\w-]+$/);
    expect(unpackView(text)).toEqual(view);
    expect(unpackView("!!")).toBeNull();
    expect(unpackView(packView({ version: 2 } as never))).toBeNull();
  });

  it("from outside hold only what a view may hold", () => {
    const view = readView({ version: 1, filters: [{ table: "x", expression: "a" }, { table: "nodes", expression: 3 }, { table: "edges", expression: "a" }], encodings: { node_color: { evil: 1 } }, settings: { point_size: {}, theme: "light" }, selection: [1, -2, "x", 3.5], camera: { x: 0, y: 0, scale: -1, width: 1 } });
    expect(view).toEqual({ version: 1, filters: [{ id: "f0", table: "edges", expression: "a", exclude: false, enabled: true }], encodings: {}, settings: { theme: "light" }, selection: [1] });
    expect(readView(null)).toBeNull();
  });
});

describe("measures", () => {
  it("are called so that one number a node is meant", () => {
    const over = (name: string, of = "nodes"): { name: string; over: string } => ({ name, over: of });
    expect(measureNames([
      { name: "degree", columns: [over("degree"), over("degree_in")] }, { name: "louvain", columns: [over("community")] },
      { name: "betweenness", columns: [over("betweenness"), over("edge_betweenness", "edges")] }, { name: "bfs", columns: [over("distance")], options: { sources: null } },
      { name: "density", columns: [] }, { name: "degrees", columns: [over("degree"), over("degree_out")] },
    ])).toEqual(["degree", "degree_in", "louvain", "betweenness", "degree_out"]);
  });
});

describe("colors", () => {
  it("of places are those of pictures", () => {
    const at = [[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0.01], [NaN, 0]] as const;
    const colors = colorsByPlace(6, (u) => at[u]![0], (u) => at[u]![1]);
    const one = (u: number): number[] => Array.from(colors.subarray(4 * u, 4 * u + 3));
    const far = (a: number[], b: number[]): number => Math.hypot(...a.map((v, i) => v - b[i]!));
    expect(far(one(0), one(4))).toBeLessThan(6);
    expect(far(one(0), one(2))).toBeGreaterThan(80);
    expect(far(one(1), one(3))).toBeGreaterThan(80);
    const [r, g, b] = one(5) as [number, number, number];
    expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThan(2);
    // Oklab of lightness 0.74 without chroma: 0.74³ linear, 0.669 in sRGB.
    expect(r).toBe(Math.round(255 * (1.055 * (0.74 ** 3) ** (1 / 2.4) - 0.055)));
  });

  it("are read as CSS writes them", () => {
    for (const text of ["#0af", "#00aaff", "00aaff", "#00aaff80", "rgb(0, 170, 255)", "rgb(0 170 255)"]) expect(toHex(parseColor(text)!), text).toBe("#00aaff");
    expect(parseColor("url(x)")).toBeNull();
  });
});
