import { describe, expect, it } from "vitest";

import { percent, sample, summarize, wholeOf } from "../../src/core/summary";
import { SceneSource } from "../../src/core/scene-source";

describe("what is selected", () => {
  it("is beside the whole: means, shares, first and last", () => {
    expect(summarize("size", [1, null, 4, 7], { mean: 2.5 })).toEqual({ kind: "mean", column: "size", here: 4, low: 1, high: 7, all: 2.5 });
    expect(summarize("size", [1], {})).toMatchObject({ here: 1, all: null });
    const whole = wholeOf({ column: "kind", type: "category", values: ["a", "b"], counts: [6, 2], n_other: 2 });
    expect(summarize("kind", ["b", "b", "c", "b", undefined], whole)).toEqual({
      kind: "shares", column: "kind", others: 0,
      values: [{ value: "b", count: 3, here: 0.75, all: 0.2 }, { value: "c", count: 1, here: 0.25, all: null }],
    });
    const times = wholeOf({ column: "at", type: "time", edges: [0, 500, 1000], counts: [1, 1] });
    expect(summarize("at", ["1970-01-01T00:00:00.200Z", "?", "1970-01-01T00:00:00.100Z"], times, (v) => Date.parse(String(v)))).toEqual({ kind: "times", column: "at", here: [100, 200], all: [0, 1000] });
    expect(percent(0.004)).toBe("< 1 %");
    expect([percent(0), percent(0.625), percent(1)]).toEqual(["0 %", "63 %", "100 %"]);
  });

  it("leaves out what says nothing: names that all differ, and columns without a value", () => {
    expect(summarize("id", Array.from({ length: 20 }, (_, i) => `n${i}`), {})).toBeNull();
    expect(summarize("none", [null, undefined], {})).toBeNull();
    // Eight texts or fewer are a list that one reads.
    const few = summarize("id", ["a", "b", "c", "d", "e"], {});
    expect(few).toMatchObject({ kind: "shares", others: 1 });
  });

  it("is looked at all over, where it is long", () => {
    expect([...sample(Uint32Array.from({ length: 10 }, (_, i) => i), 5)]).toEqual([0, 2, 4, 6, 8]);
    expect(sample(Uint32Array.of(3, 5), 5)).toEqual(Uint32Array.of(3, 5));
  });

  it("has the whole's means without a server, too", async () => {
    const scene = { n_nodes: 3, n_edges: 2, is_directed: true, title: "", edges: Uint32Array.of(0, 1, 1, 2), settings: {}, legend: [], labels: { index: [], text: [] }, icons: [] };
    const source = new SceneSource(scene, () => new ArrayBuffer(0));
    expect(await source.means("nodes", ["degree", "in_degree", "name"])).toEqual([4 / 3, 2 / 3, 1]);
    expect(await source.means("edges", ["source"])).toEqual([0.5]);
  });
});
