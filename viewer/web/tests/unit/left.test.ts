import { afterEach, describe, expect, it, vi } from "vitest";

import { conditions, leftBy, ranges } from "../../src/core/left";
import { Masks } from "../../src/core/masks";
import type { Scene } from "../../src/core/scene";
import { SceneSource } from "../../src/core/scene-source";
import { ServerSource } from "../../src/core/source";
import type { Filter, Table } from "../../src/core/types";
import { Left } from "../../src/ui/left";
import type { Viewer } from "../../src/ui/viewer";

const filter = (table: Table, expression: string, id = expression, exclude = false): Filter => ({ id, table, expression, exclude, enabled: true });

/** A path of 40 nodes with a hub, node 0, that all others hang on. */
const n = 40;
const ends = Array.from({ length: n - 1 }, (_, i) => [i, i + 1]).concat(Array.from({ length: n - 3 }, (_, i) => [0, i + 3]));
const scene: Scene = {
  n_nodes: n, n_edges: ends.length, is_directed: true, title: "", edges: Uint32Array.from(ends.flat()), settings: {}, legend: [],
  labels: { index: [0, 1, 2], text: ["hub", "it's", "two"] }, icons: [],
};
const offline = (): SceneSource => new SceneSource(scene, () => new ArrayBuffer(0));

/** As much of a viewer as is asked. */
function viewer(filters: Filter[], byHand: number[] = [], prune = false): Viewer {
  const state = { filters, hidden: Uint32Array.from(byHand) };
  return { scene, source: offline(), state, settings: { prune_orphans: prune }, hidden: null } as unknown as Viewer;
}

const signal = new AbortController().signal;
const none = new Uint32Array();

describe("what filters leave", () => {
  it("is said by conditions of both tables", () => {
    const both = [filter("nodes", "degree > 3"), filter("nodes", "name = 'x'", "x", true), filter("edges", "source = 'hub'")];
    const nodes = "(degree > 3) AND (name = 'x') IS NOT TRUE";
    expect(conditions(both, "edges", "", Uint32Array.of(7, 9, 8, 3), false)).toEqual({ filter: "(source = 'hub')", nodes, hidden: "3,7-9" });
    expect(conditions(both, "nodes", "", none, false)).toEqual({ filter: nodes });
    expect(conditions(both, "nodes", "", none, true)).toEqual({ nodes, edges: "(source = 'hub')", prune: true });
    expect(conditions(both, "edges", "source = 'hub'", none, true)).toEqual({ nodes });
    expect(conditions([{ ...both[0]!, enabled: false }], "edges", "", none, false)).toBeNull();
    expect(conditions([], "edges", "", none, true)).toBeNull();
  });

  it("goes with ends, and with the last edge", () => {
    expect([ranges(Uint32Array.of(5, 1, 2, 2, 3)), ranges(none)]).toEqual(["1-3,5", ""]);
    // A triangle, a node that hangs on it, and one by itself.
    const edges = Uint32Array.of(0, 1, 1, 2, 2, 0, 2, 3);
    const left = (across: Parameters<typeof leftBy>[0], table: Table): number[] =>
      [...Array(table === "nodes" ? 5 : 4).keys()].filter(leftBy(across, table, 5, edges, (of) => (of === "nodes" ? [0, 1, 2, 4] : [3])));
    expect(left({}, "edges")).toEqual([0, 1, 2, 3]);
    expect(left({ nodes: "some" }, "edges")).toEqual([0, 1, 2]);
    expect(left({ hidden: "1,3-4" }, "edges")).toEqual([2]);
    expect(left({ hidden: "1,3-4" }, "nodes")).toEqual([0, 2]);
    expect(left({ prune: true }, "nodes")).toEqual([0, 1, 2, 3]);
    expect(left({ prune: true, edges: "some" }, "nodes")).toEqual([2, 3]);
    expect(left({ prune: true, edges: "some", nodes: "some" }, "nodes")).toEqual([]);
  });

  it("is in the bars of histograms, and what masks hide", async () => {
    const filters = [filter("nodes", "degree > 2"), filter("edges", "source = 'hub'", "own"), filter("nodes", "name = 'two'", "two", true)];
    const all = viewer(filters, [39], true);
    const left = new Left(all);
    for (const except of ["", "own", "two"]) {
      const hidden = await new Masks(all.source!).hidden(filters.filter((f) => f.id !== except), Uint32Array.of(39), scene.edges, n, true);
      for (const table of ["nodes", "edges"] as const) {
        const whole = await all.source!.histogram(table, table === "nodes" ? "name" : "source", 40);
        const counts = await left.counts(table, whole, 40, except);
        expect(counts!.reduce((a, b) => a + b, 0)).toBe(table === "nodes" ? hidden.n_nodes : hidden.n_edges);
      }
    }
    const whole = await all.source!.histogram("edges", "source", 40);
    expect(await new Left(viewer([])).counts("edges", whole, 40, "")).toBeNull();
    const kept = ends.filter(([s, t]) => s === 0 && t! > 2 && t !== 39).length;
    const at = whole.values!.indexOf("hub");
    expect((await left.counts("edges", whole, 40, ""))![at]).toBe(kept);
  });

  it("has bins by logarithm", async () => {
    const left = new Left(viewer([filter("nodes", "name <> 'hub'")]));
    const whole = await offline().histogram("nodes", "degree", 40);
    const log = await left.byLog("nodes", whole, 5);
    expect(log.edges).toEqual([2, 4, 7, 12, 22, 38]);
    expect(log.counts.reduce((a, b) => a + b, 0)).toBe(n);
    expect((await left.counts("nodes", log, 5, "", true))!.reduce((a, b) => a + b, 0)).toBe(n - 1);
  });

  it("is paged, searched and sorted", async () => {
    const left = new Left(viewer([filter("nodes", "name <> 'hub'")], [39]));
    const page = await left.rows({ table: "edges", offset: 1, limit: 3 }, signal);
    expect([page.total, page.index]).toEqual([37, [2, 3, 4]]);
    const sorted = await left.rows({ table: "edges", offset: 0, limit: 2, sort: "source", descending: true }, signal);
    expect(sorted.rows.map(([s]) => s)).toEqual(["two", "it's"]);
    expect((await left.rows({ table: "edges", offset: 0, limit: 9, search: "two" }, signal)).index).toEqual([1, 2]);
    expect((await new Left(viewer([filter("nodes", "name = 'x'")])).rows({ table: "edges", offset: 0, limit: 9 }, signal)).rows).toEqual([]);
    expect((await left.all("edges")).index).toHaveLength(37);
    expect(await left.file("edges", "csv")).toBeNull();
  });
});

describe("a server", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("is asked by addresses, and in bodies where these would be too long", async () => {
    const asked: [string, RequestInit][] = [];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      if (url.endsWith("/measures")) return Promise.resolve(new Response("[]", { status: 200 }));
      asked.push([url, init]);
      return Promise.resolve(new Response("{}", { status: 200 }));
    });
    const source = new ServerSource("/api/v1", "d", "s3cret");
    await source.rows({ table: "edges", nodes: "age > 3", hidden: "1-2", offset: 0, limit: 9 });
    expect(asked[0]![0]).toBe("/api/v1/datasets/d/rows?table=edges&nodes=age+%3E+3&hidden=1-2&offset=0&limit=9&share=s3cret");
    const hidden = ranges(Uint32Array.from({ length: 2000 }, (_, i) => 2 * i));
    await source.histogram("edges", "kind", 40, "a", { hidden, scale: "log" });
    expect([asked[1]![0], asked[1]![1].method]).toEqual(["/api/v1/datasets/d/histogram?share=s3cret", "POST"]);
    expect(JSON.parse(asked[1]![1].body as string)).toEqual({ table: "edges", column: "kind", bins: 40, filter: "a", hidden, scale: "log" });
    expect(await source.file("nodes", "arrow", { filter: "a" })).toBe("/api/v1/datasets/d/download?table=nodes&format=arrow&filter=a&share=s3cret");
    expect(await source.file("nodes", "arrow", { hidden })).toBeInstanceOf(Blob);
    expect(asked).toHaveLength(3);
  });
});
