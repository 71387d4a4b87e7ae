import { describe, expect, it } from "vitest";

import { placeTicks, shown } from "../../src/ui/legend";

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
