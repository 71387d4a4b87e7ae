import { describe, expect, it } from "vitest";

import { binConditions, condition, crosses, hiddenRows, orderOf, recordsLeft, rowsLeft } from "../../src/core/left";
import { Masks } from "../../src/core/masks";
import type { Scene } from "../../src/core/scene";
import { SceneSource } from "../../src/core/source";
import type { Filter, Table } from "../../src/core/types";
import { Left } from "../../src/ui/left";
import type { Viewer } from "../../src/ui/viewer";

const filter = (table: Table, expression: string, id = expression): Filter => ({ id, table, expression, exclude: false, enabled: true });

/** A path of 40 nodes with a hub, node 0, that all others hang on. */
const n = 40;
const ends = Array.from({ length: n - 1 }, (_, i) => [i, i + 1]).concat(Array.from({ length: n - 3 }, (_, i) => [0, i + 3]));
const scene: Scene = {
  n_nodes: n, n_edges: ends.length, is_directed: true, title: "", edges: Uint32Array.from(ends.flat()), settings: {}, legend: [],
  labels: { index: [0, 1, 2], text: ["hub", "it's", "two"] }, icons: [],
};

/** As much of a viewer as is asked. */
function viewer(filters: Filter[], byHand: number[] = []): Viewer & { asked: number } {
  const source = new SceneSource(scene, () => new ArrayBuffer(0));
  const masks = new Masks(source);
  const state = { filters, hidden: Uint32Array.from(byHand) };
  const all = {
    scene, source, state, settings: {}, hidden: null, asked: 0, on: () => undefined,
    dataset: { node_id_column: "name", source_column: "source", target_column: "target" },
    hiddenWithout: (except: string) => masks.hidden(filters.filter((f) => f.id !== except), state.hidden, scene.edges, n, false),
  };
  const { mask } = source;
  source.mask = (...about) => (all.asked++, mask.apply(source, about));
  return all as unknown as Viewer & { asked: number };
}

const signal = new AbortController().signal;

describe("what filters leave", () => {
  it("goes from nodes to edges, and from the hand to both", () => {
    const nodes = [filter("nodes", "degree > 3")];
    expect([crosses(nodes, "edges", 0, false), crosses(nodes, "nodes", 0, false)]).toEqual([true, false]);
    expect([crosses([], "edges", 1, false), crosses([], "nodes", 0, true), crosses([], "edges", 0, true)]).toEqual([true, true, false]);
    expect(crosses([{ ...nodes[0]!, enabled: false }], "edges", 0, false)).toBe(false);
    expect(hiddenRows({ nodes: Uint8Array.of(0, 1, 0), edges: Uint8Array.of(0, 0, 1) }, "edges", Uint32Array.of(0, 1, 0, 2, 0, 2))).toEqual(Uint8Array.of(1, 0, 1));
    expect([...rowsLeft(Uint8Array.of(0, 1, 0, 0), 4, { bits: Uint8Array.of(0b0111), count: 3 })]).toEqual([0, 2]);
  });

  it("is in the bars of histograms, and the same as the source counts by itself", async () => {
    for (const column of ["degree", "name"]) {
      const left = new Left(viewer([filter("nodes", "degree < 3 OR name = 'hub'")], [39]));
      const source = viewer([]).source!;
      const whole = await source.histogram("nodes", column, 13);
      const told = await source.histogram("nodes", column, 13, "(degree < 3 OR name = 'hub') AND name <> '39'");
      expect(await left.counts("nodes", whole, 13, "")).toEqual(told.counts);
    }
    const seen = viewer([filter("nodes", "degree > 2"), filter("edges", "source = 'hub'", "own")]);
    const left = new Left(seen);
    const whole = await seen.source!.histogram("edges", "source", 40);
    const kept = (e: number): boolean => ends[e]!.every((u) => u !== 1 && u !== 2 && u !== 39);
    const bySource = (name: number, own: boolean): number => ends.filter(([s], e) => s === name && kept(e) && (!own || s === 0)).length;
    const at = whole.values!.map((v) => (v === "hub" ? 0 : v === "it's" ? 1 : v === "two" ? 2 : Number(v)));
    expect(await left.counts("edges", whole, 40, "")).toEqual(at.map((s) => bySource(s, true)));
    // The histogram's own filter takes nothing from it.
    expect(await left.counts("edges", whole, 40, "own")).toEqual(at.map((s) => bySource(s, false)));
    const before = seen.asked;
    await left.counts("edges", whole, 40, "own");
    expect(seen.asked).toBe(before);
  });

  it("asks for the bin of a row by few conditions", () => {
    expect(binConditions({ column: "x", type: "numeric", edges: [0, 1, 2, 3.5], counts: [1, 1, 1] })).toEqual([
      "(x >= 0 AND x < 1) OR (x >= 2 AND x <= 3.5)", "(x >= 1 AND x <= 3.5)",
    ]);
    expect(binConditions({ column: "t", type: "time", edges: [0.5, 1000], counts: [1] })).toEqual(["(t >= TIMESTAMP '1970-01-01 00:00:00.001Z' AND t <= TIMESTAMP '1970-01-01 00:00:01Z')"]);
    expect(binConditions({ column: "k", type: "category", values: ["a", true], counts: [1, 1] })).toEqual(["k IN ('a')", "k IN (TRUE)"]);
    expect(binConditions({ column: "x", type: "numeric", edges: [...Array(41).keys()], counts: Array(40).fill(0) })).toHaveLength(6);
  });

  it("is paged, searched and sorted", async () => {
    const left = new Left(viewer([filter("nodes", "name <> 'hub'")], [39]));
    const page = await left.rows({ table: "edges", offset: 1, limit: 3 }, signal);
    expect([page.total, page.index]).toEqual([37, [2, 3, 4]]);
    const sorted = await left.rows({ table: "edges", offset: 0, limit: 2, sort: "source", descending: true }, signal);
    expect(sorted.rows.map(([s]) => s)).toEqual(["two", "it's"]);
    const searched = await left.rows({ table: "edges", offset: 0, limit: 9, search: "two" }, signal);
    expect(searched.index).toEqual([1, 2]);
    expect((await new Left(viewer([filter("nodes", "name = 'x'")])).rows({ table: "edges", offset: 0, limit: 9 }, signal)).rows).toEqual([]);
    expect(orderOf([3, null, 1, 3], true)).toEqual([0, 3, 2, 1]);
    expect(orderOf(["b", null, "a"], false)).toEqual([2, 0, 1]);
    expect((await left.all("edges")).index).toHaveLength(37);
  });

  it("is in files: by names where these are few, else record by record", async () => {
    const few = viewer([filter("nodes", "name IN ('it''s', 'two')")]);
    few.source!.download = (table, format, condition) => `/${table}.${format}?${condition}`;
    expect(await new Left(few).file("edges", "arrow")).toEqual({ address: "/edges.arrow?source IN ('it''s', 'two') AND target IN ('it''s', 'two')" });
    expect(await new Left(few).file("nodes", "csv")).toEqual({ address: "/nodes.csv?(name IN ('it''s', 'two'))" });
    const without = viewer([filter("edges", "source <> 'two'")], [0]);
    without.source!.download = few.source!.download;
    expect(await new Left(without).file("edges", "csv")).toEqual({ address: "/edges.csv?(source <> 'two') AND source NOT IN ('hub') AND target NOT IN ('hub')" });
    expect(condition(["id"], [], true)).toBe("FALSE");
    const text = 'a,b\r\n1,"x\n""y"\r\n2,\r\n3,z';
    expect(recordsLeft(text, Uint8Array.of(0, 1, 0), 3)).toBe('a,b\r\n1,"x\n""y"\r\n3,z');
    expect(() => recordsLeft(text, null, 4)).toThrow("3 rows");
  });
});
