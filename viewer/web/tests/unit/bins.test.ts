import { describe, expect, it } from "vitest";

import { ends, isWhole, logEdges, mayBeLog, placeOf, snap, valueAt } from "../../src/core/bins";
import type { Column, Histogram } from "../../src/core/types";
import { rangeExpression, rangeOf, rangeWords } from "../../src/ui/chart";

const of = (edges: number[]): Histogram => ({ column: "x", type: "numeric", edges, counts: edges.slice(1).map(() => 1) });
const column = (type: string): Column => ({ name: "x", type, is_numeric: true, is_time: false });
const linear = (low: number, high: number): number[] => Array.from({ length: 41 }, (_, i) => low + ((high - low) * i) / 40);

describe("bins", () => {
  it("of whole numbers are told from others", () => {
    expect(isWhole(of([0, 1, 2]), column("UInt8"), 40)).toBe(true);
    expect(isWhole(of([0, 1, 2]), column("Float64"), 40)).toBe(false);
    expect(isWhole(of([0, 1, 2]), column("measure"), 40)).toBe(true);
    expect(isWhole(of(linear(0, 1)), column("measure"), 40)).toBe(false);
    expect(isWhole(of(linear(0, 40)), column("measure"), 40)).toBe(false);
    expect(isWhole(of(linear(1, 1870)), column("measure"), 40)).toBe(true);
  });

  it("of whole numbers are brushed by whole numbers, and end where the numbers do", () => {
    const flag = of([0, 1, 2]);
    expect([ends(flag, true), ends(flag, false)]).toEqual([[0, 1], [0, 2]]);
    expect(snap(flag, [0.2, 0.7])).toEqual([0, 0]);
    expect(snap(flag, [0.2, 1])).toEqual([0, 0]);
    expect(snap(flag, [0.9, 2])).toEqual([0, 1]);
    expect(snap(of(linear(1, 1870)), [3.2, 17.9])).toEqual([4, 17]);
    expect(snap(of(linear(1, 1870)), [3.2, 3.4])).toEqual([3, 3]);
    expect(rangeExpression(flag, [0, 0], true)).toBe("x >= 0 AND x <= 0");
    expect(rangeOf(flag, "x >= 0 AND x <= 1")).toEqual([0, 1]);
    expect([rangeWords(flag, [1, 1], true), rangeWords(flag, [0, 1], true)]).toEqual(["1", "0 – 1"]);
  });

  it("are as wide as each other, and places come back", () => {
    const edges = [0, 1e-6, 1e-3, 1];
    for (const v of [0, 5e-7, 1e-6, 0.0004, 0.3, 1]) expect(valueAt(edges, placeOf(edges, v))).toBeCloseTo(v, 12);
    expect([placeOf(edges, 1e-3), placeOf(edges, -1), placeOf(edges, 2)]).toEqual([2 / 3, 0, 1]);
  });

  it("go by logarithm, with zero apart", () => {
    const edges = logEdges(0, 1000, 0.1, 5, false);
    expect(edges).toEqual([0, 0.1, 1, 10, 100, 1000]);
    expect(logEdges(1, 10_000, 1, 4, false)).toEqual([1, 10, 100, 1000, 10_000]);
    const whole = logEdges(1, 1870, 1, 40, true);
    expect(whole.every((e, i) => Number.isInteger(e) && (i === 0 || e > whole[i - 1]!))).toBe(true);
    expect([whole[0], whole[whole.length - 1]]).toEqual([1, 1870]);
    expect(logEdges(0, 1, 1e-300, 40, false)[1]).toBe(1e-12);
    expect([mayBeLog(of(linear(0, 1))), mayBeLog(of(linear(1, 20))), mayBeLog(of(linear(-9, 0))), mayBeLog(of([0, 1, 2]))]).toEqual([true, false, false, false]);
  });
});
