import { describe, expect, it } from "vitest";

import { factorOf, isPlain, isTimeName, toMs, unitOf, wordsOf } from "../../src/core/times";
import type { Histogram } from "../../src/core/types";
import { rangeExpression, rangeOf, rangeWords } from "../../src/ui/chart";
import { nextStart } from "../../src/ui/timebar";

describe("numbers that are times", () => {
  it("are told by their years", () => {
    expect([unitOf(1_700_000_000, 1_700_900_000), unitOf(1.7e12, 1.71e12)]).toEqual(["s", "ms"]);
    // From zero on, beyond all years, microseconds.
    expect([unitOf(0, 1_700_000_000), unitOf(1, 500), unitOf(1.7e15, 1.71e15), unitOf(-5, 5)]).toEqual([null, null, null, null]);
    expect([toMs(2, "s"), toMs(2, "ms")]).toEqual([2000, 2]);
  });

  it("are plain by their name, or by usual years where they number nothing", () => {
    expect(isPlain("created_at", 1.7e9, 1.8e9, true)).toBe(true);
    expect(isPlain("lastSeen", 1.1e8, 1.8e9, false)).toBe(true);
    expect(isPlain("ts", 3, 90, true)).toBe(false);
    expect(isPlain("value", 1.2e9, 1.6e9, true)).toBe(true);
    // No whole numbers, one number alone, years before 1990, and what numbers things.
    expect(isPlain("value", 1.2e9, 1.6e9, false)).toBe(false);
    expect(isPlain("value", 1.2e9, 1.2e9, true)).toBe(false);
    expect(isPlain("value", 3e8, 1.6e9, true)).toBe(false);
    for (const name of ["userId", "user_id", "phone", "accountid", "card-no"]) expect(isPlain(name, 1.2e9, 1.6e9, true), name).toBe(false);
    expect(wordsOf("lastSeen_at 2")).toEqual(["last", "seen", "at"]);
    expect([isTimeName("event time"), isTimeName("TimeStamp"), isTimeName("times_called"), isTimeName("sometimes"), isTimeName("update")]).toEqual([true, true, true, false, false]);
  });

  it("are written as dates, and asked for as the numbers they are", () => {
    const histogram: Histogram = { column: "ts", type: "numeric", edges: [1_700_000_000, 1_700_432_000, 1_700_864_000], counts: [1, 2], unit: "s" };
    expect(factorOf(histogram)).toBe(1000);
    expect(factorOf({ ...histogram, unit: "ms" })).toBe(1);
    expect(factorOf({ column: "ts", type: "numeric", edges: [0, 1], counts: [1] })).toBeNull();
    expect(rangeWords(histogram, [1_700_000_000, 1_700_864_000])).toBe("2023-11-14 – 2023-11-24");
    expect(rangeExpression(histogram, [1_700_000_000, 1_700_432_000])).toBe("ts >= 1700000000 AND ts < 1700432000");
    // The range comes back from the condition, and from no other.
    const time: Histogram = { ...histogram, column: "Seen at", type: "time", edges: [1.7e12, 1.8e12] };
    for (const [of, range] of [[histogram, [1_700_000_000, 1_700_432_000]], [time, [1_700_000_000_123, 1.75e12]], [time, [1.71e12, 1.8e12]]] as const) expect(rangeOf(of, rangeExpression(of, range))).toEqual(range);
    for (const other of ["ts >= 5", "ts >= 1 AND ts < 2 OR TRUE", "ts >= 2 AND ts < 1", "t >= 1 AND t < 2", "ts >= TIMESTAMP '2024-01-01 00:00:00Z' AND ts < TIMESTAMP '2024-01-02 00:00:00Z'"]) expect(rangeOf(histogram, other), other).toBeNull();
    // To the millisecond.
    expect(rangeExpression({ ...histogram, unit: "ms", edges: [1_700_000_000_001, 1_700_000_000_009] }, [1_700_000_000_003, 1_700_000_000_007])).toBe("ts >= 1700000000003 AND ts < 1700000000007");
  });
});

describe("a window over time", () => {
  it("goes on as fast as is wanted, to the end or again and again", () => {
    expect(nextStart(0, 10, [0, 160], 1, false)).toBe(1);
    expect(nextStart(0, 10, [0, 160], 8, false)).toBe(8);
    expect(nextStart(148, 10, [0, 160], 4, false)).toBe(150);
    expect(nextStart(150, 10, [0, 160], 1, false)).toBeNull();
    expect(nextStart(150, 10, [0, 160], 1, true)).toBe(0);
  });
});
