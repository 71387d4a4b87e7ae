import { describe, expect, it } from "vitest";

import { decodeScene, encodeScene, type Scene, type SceneColumn } from "../../src/core/scene";
import { SceneSource } from "../../src/core/scene-source";

const NONE = NaN;
const day = 86_400_000;
const column = (of: "nodes" | "edges", name: string, type: SceneColumn["type"], values: number[], texts: string[] = []): SceneColumn =>
  ({ of, name, type, texts, values: type === "text" ? Uint32Array.from(values) : Float64Array.from(values) });

const scene: Scene = {
  n_nodes: 4, n_edges: 3, is_directed: false, title: "calls", edges: Uint32Array.of(0, 1, 1, 2, 2, 2), settings: {}, legend: [],
  labels: { index: [1, 3], text: ["Bea", "Doro…"] }, icons: [],
  tables: {
    ends: ["caller", "callee"], id: "id", left_out: ["essay"],
    columns: [
      column("nodes", "id", "integer", [7, 8, 9, 10]), column("nodes", "who", "text", [1, 2, 0, 3], ["Ann", "Bea", "Dorothea"]),
      column("nodes", "risk", "number", [0.25, NONE, 1, 0.5]), column("nodes", "vip", "boolean", [1, 0, NONE, 1]),
      column("edges", "at", "time", [day, 2 * day + 1, NONE]),
    ],
  },
};
const source = (): SceneSource => new SceneSource(decodeScene(encodeScene(scene)), () => new ArrayBuffer(0));
const rows = async (table: "nodes" | "edges", filter: string): Promise<number[]> => (await source().rows({ table, filter })).index;

describe("a page without a server", () => {
  it("has the tables of its scene, with degrees behind", async () => {
    const about = await source().dataset();
    expect(about.tables!.nodes.columns.map((c) => `${c.name} ${c.type}`)).toEqual(["id int64", "who text", "risk float64", "vip boolean", "degree int64"]);
    expect(about.tables!.edges.columns.map((c) => `${c.name} ${c.is_numeric} ${c.is_time}`)).toEqual(["caller true false", "callee true false", "at false true"]);
    expect(about).toMatchObject({ name: "calls", source_column: "caller", target_column: "callee", warnings: ["column essay is not in this page: its tables would be too large"] });
    // Names of the picture are those of this column, though some are cut.
    expect(about).toMatchObject({ node_id_column: "id", label_column: "who" });
  });

  it("filters, sorts and searches them", async () => {
    expect(await rows("nodes", "risk >= 0.5 AND vip")).toEqual([3]);
    expect(await rows("nodes", "vip IS NULL OR who = 'Bea'")).toEqual([1, 2]);
    expect(await rows("edges", "at > TIMESTAMP '1970-01-02 12:00'")).toEqual([1]);
    expect(await rows("edges", "caller = 9")).toEqual([2]);
    await expect(rows("nodes", "riks > 1")).rejects.toThrow("there is no column “riks”");
    expect((await source().rows({ table: "nodes", search: "DORO" })).index).toEqual([3]);
    expect((await source().rows({ table: "nodes", search: "9" })).index).toEqual([2]);
    const sorted = async (descending: boolean): Promise<number[]> => (await source().rows({ table: "nodes", sort: "risk", descending })).index;
    // What has no value is last, whichever way is up.
    expect(await sorted(false)).toEqual([0, 3, 2, 1]);
    expect(await sorted(true)).toEqual([2, 3, 0, 1]);
    expect((await source().rows({ table: "edges", columns: ["callee", "at"] })).rows).toEqual([[8, "1970-01-02T00:00:00"], [9, "1970-01-03T00:00:00.001"], [9, null]]);
    expect([...(await source().mask("nodes", "vip")).bits]).toEqual([0b1001]);
    await expect(source().rows({ table: "nodes", columns: ["whom"] })).rejects.toThrow("nodes have no column “whom”; they have id, who,");
  });

  it("counts them, whole and in part", async () => {
    expect(await source().histogram("nodes", "who", 2)).toEqual({ column: "who", type: "category", values: ["Ann", "Bea"], counts: [1, 1], n_other: 1, n_null: 1 });
    expect(await source().histogram("nodes", "vip", 9, "risk < 1")).toEqual({ column: "vip", type: "category", values: [true, false], counts: [2, 0], n_other: 0, n_null: 0 });
    expect(await source().histogram("nodes", "risk", 3)).toEqual({ column: "risk", type: "numeric", edges: [0.25, 0.5, 0.75, 1], counts: [1, 1, 1], n_null: 1 });
    // Whole numbers that are few have a bin each.
    expect(await source().histogram("nodes", "id", 32, "vip")).toEqual({ column: "id", type: "numeric", edges: [7, 8, 9, 10, 11], counts: [1, 0, 0, 1], n_null: 0 });
    expect(await source().histogram("edges", "at", 2, undefined, { nodes: "id < 9" })).toMatchObject({ type: "time", edges: [day, 1.5 * day + 0.5, 2 * day + 1], counts: [1, 0] });
    expect(await source().means("nodes", ["risk", "who"])).toEqual([1.75 / 3, null]);
  });

  it("does not take another column for ids that had no room", async () => {
    const { id: _, ...tables } = scene.tables!;
    const left_out = ["id", "a", "b", "c", "d", "e"];
    const bare = new SceneSource({ ...scene, tables: { ...tables, left_out, columns: tables.columns.slice(1) } }, () => new ArrayBuffer(0));
    const about = await bare.dataset();
    expect(about.tables!.nodes.columns.map((c) => c.name)).toEqual(["name", "who", "risk", "vip", "degree"]);
    expect((await bare.rows({ table: "edges", columns: ["caller", "callee"] })).rows).toEqual([["0", "Bea"], ["Bea", "2"], ["2", "2"]]);
    expect(about.warnings).toEqual(["columns id, a, b, c and 2 more are not in this page: its tables would be too large"]);
  });

  it("shows no time beyond what calendars have, and one bin of one number", async () => {
    const odd = { ...scene, tables: { ...scene.tables!, columns: [column("nodes", "id", "integer", [1, 2, 3, 4]), column("nodes", "same", "number", [0.5, 0.5, NONE, 0.5]), column("edges", "at", "time", [9e15, 0, NONE])] } };
    const of = new SceneSource(odd, () => new ArrayBuffer(0));
    expect((await of.rows({ table: "edges", columns: ["at"] })).rows).toEqual([[null], ["1970-01-01T00:00:00"], [null]]);
    expect(await of.histogram("nodes", "same", 40)).toMatchObject({ counts: [3], n_null: 1 });
  });

  it("is refused if rows are missing or of another kind", () => {
    const file = encodeScene(scene);
    const bytes = new Uint8Array(file);
    const text = new TextDecoder("latin1").decode(bytes);
    const at = text.indexOf('"type":"f64"', text.indexOf('"column_2"'));
    bytes.set(new TextEncoder().encode('"type":"f32"'), at);
    expect(() => decodeScene(file)).toThrow("buffer column_2 is of type f32, and should be of f64");
    const plain = encodeScene({ ...scene, tables: { ...scene.tables!, columns: [column("nodes", "id", "what" as "text", [1, 2, 3, 4])] } });
    expect(decodeScene(plain).tables!.columns).toEqual([]);
  });
});
