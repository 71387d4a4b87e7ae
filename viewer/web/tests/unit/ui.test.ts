import { describe, expect, it } from "vitest";

import type { Settings } from "../../src/core/types";
import { roomLeft } from "../../src/ui/app";
import { shown } from "../../src/core/key";
import { datesOf } from "../../src/core/times";
import { lookOf, settingsOf } from "../../src/ui/look";
import { placeTicks } from "../../src/ui/legend";
import { misplaced } from "../../src/ui/panels";
import { best, hit, idConditions } from "../../src/ui/search";

describe("the picture's room", () => {
  it("is beside panel and legend, and above a sheet on narrow pages", () => {
    expect(roomLeft(1280, 700, 0, null)).toEqual({ left: 60, right: 56, top: 8, bottom: 58 });
    expect(roomLeft(1280, 700, 190, null).right).toBe(214);
    expect(roomLeft(1280, 700, 190, 600)).toMatchObject({ left: 364, right: 214, bottom: 58 });
    expect(roomLeft(760, 700, 190, 600).right).toBe(56);
    expect(roomLeft(390, 800, 0, 360)).toMatchObject({ left: 60, right: 56, bottom: 438 });
    expect(roomLeft(800, 500, 190, null, false)).toMatchObject({ left: 8, right: 214 });
  });
});

describe("light and dark", () => {
  it("are those that somebody asks for, but on a ground that was chosen", () => {
    const isDark = (scene: Settings, own: Settings): boolean => lookOf(settingsOf(scene, own)).isDark;
    const dark = { theme: "dark", background: "#0d1017" } as const;
    expect([isDark(dark, {}), isDark(dark, { theme: "light" }), isDark({ theme: "light", background: "#fff" }, { theme: "dark" })]).toEqual([true, false, true]);
    expect(isDark({ theme: "dark", background: "#203040" }, { theme: "light" })).toBe(true);
    expect(isDark(dark, { theme: "light", background: "#000" })).toBe(true);
    expect(settingsOf({ point_size: 2, edge_width: 3 }, { point_size: 4 })).toMatchObject({ point_size: 4, edge_width: 3, show_labels: true });
  });
});

describe("search", () => {
  const rows = (...list: [number, ...unknown[]][]): Parameters<typeof best>[0][0] => ({ total: 500, offset: 0, columns: ["kind", "id"], index: list.map(([u]) => u), rows: list.map(([, ...values]) => values) });

  it("puts the very id first, then ids that begin so, then other texts", () => {
    const found = best([rows([9, "ip", "U1"]), rows([2, "ip", "xu1"], [3, "u1", "b"], [4, "ip", "u10"], [5, "u1x", "c"], [6, "ip", "yu1"])], 1, "u1");
    expect(found.index).toEqual([9, 4, 3, 5, 2, 6]);
    expect(found.rows[0]).toEqual(["ip", "U1"]);
    expect([found.total, best([rows(...Array.from({ length: 40 }, (_, u): [number, string, string] => [u, "", `u1${u}`]))], 1, "u1").index.length]).toEqual([500, 12]);
    // A pattern's sign is no letter.
    expect(best([rows([1, "ip", "axb"]), rows([2, "ip", "a_b"])], 1, "a_b").index).toEqual([2]);
  });

  it("shows beside an id where the text was found, or else words and no coordinates", () => {
    const of = (text: string, values: unknown[]): unknown => hit(values, ["id", "x", "kind"], 0, new Set(["x"]), text);
    expect(of("u1", ["u1", 12.5, "ip"])).toEqual({ name: "u1", where: "ip" });
    expect(of("12.5", ["u1", 12.5, "ip"])).toEqual({ name: "u1", where: "12.5" });
    expect(of("u1", ["u1", 12.5, null])).toEqual({ name: "u1", where: "" });
  });

  it("asks for ids as expressions write them", () => {
    const column = (is_numeric: boolean): Parameters<typeof idConditions>[0] => ({ name: "Id", type: "", is_numeric, is_time: false });
    expect(idConditions(column(false), "it's")).toEqual([`"Id" = 'it''s'`, `"Id" ILIKE 'it''s%'`]);
    expect(idConditions(column(true), "12")).toEqual(['"Id" = 12']);
    expect(idConditions(column(true), "12 OR TRUE")).toEqual([]);
  });
});

describe("wrong filters", () => {
  it("tell a name of the other table", () => {
    const run = (expression: string, error: string): string | null => misplaced(expression, error, ["source", "amount"], ["id", "degree", "odd name"]);
    expect(run("degree > 3", "there is no column degree")).toBe("degree");
    expect(run('"odd name" = 1', "there is no column “odd name”")).toBe("odd name");
    expect(run("amount > 3", "amount is text")).toBeNull();
    expect(run("source = 'degree'", "there is no column degree")).toBeNull();
    expect(run("degree > ", "expected a value")).toBeNull();
  });
});

describe("legends", () => {
  it("write numbers at the colors they have", () => {
    const [a, b, c, d] = placeTicks([{ place: 0.25, label: "0" }, { place: 0.5, label: "0.0003" }, { place: 0.75, label: "0.03719" }, { place: 1, label: "0.996" }], 168);
    expect([a!.at, b!.at, c!.at, d!.at]).toEqual([42, 84, 126, 168]);
    // Nothing goes over the sides, and what would touch its neighbor goes to the second line.
    expect(d!.left + 5 * 6.6).toBeCloseTo(168);
    expect([a!.line, b!.line, c!.line, d!.line]).toEqual([0, 0, 1, 0]);
    expect(placeTicks([0, 0.01, 0.02, 1].map((place) => ({ place, label: "123456" }))).map((t) => t.line)).toEqual([0, 1, -1, 0]);
  });

  it("never cut what stands for the rest", () => {
    const entries = [...Array.from({ length: 20 }, (_, i) => ({ name: `v${i}`, count: 1 })), { name: "other (11)", count: 489 }, { name: "no value", count: 3 }];
    expect(shown(entries).map((e) => e.name).slice(12)).toEqual(["v12", "v13", "other (11)", "no value"]);
    expect(shown(entries.slice(0, 3))).toHaveLength(3);
  });
});

describe("legends", () => {
  it("write seconds as dates, as fine as their span needs", () => {
    const ticks = (...labels: string[]): { place: number; label: string }[] => labels.map((label, place) => ({ place, label }));
    expect(datesOf(ticks("1704067200", "1704070800"), "s").map((t) => t.label)).toEqual(["2024-01-01 00:00", "2024-01-01 01:00"]);
    expect(datesOf(ticks("1704067200", "1735689600"), "s").map((t) => t.label)).toEqual(["2024-01-01", "2025-01-01"]);
  });
});
