import { describe, expect, it } from "vitest";

import { encodeFrame, Places } from "../../src/core/frame";
import { chance } from "../mock/graphs";

const place = { lowX: -1.5, lowY: 2, scale: 4, iteration: 17, movement: 0.25, state: 0 };

function grids(n: number, count: number): Uint16Array[] {
  const random = chance(5);
  return Array.from({ length: count }, () => Uint16Array.from({ length: 2 * n }, () => Math.floor(65536 * random())));
}

describe("frames", () => {
  for (const variable of [false, true]) {
    it(`add up to the places that were sent, ${variable ? "with numbers of any length" : "with 16 bits each"}`, () => {
      const places = new Places(50);
      let base: { grid: Uint16Array; sequence: number } | null = null;
      grids(50, 8).forEach((grid, i) => {
        const info = places.apply(encodeFrame(grid, base, { ...place, sequence: i + 1 }, variable));
        expect(info).toEqual({ sequence: i + 1, iteration: 17, movement: 0.25, state: "running" });
        expect(places.grid).toEqual(grid);
        base = { grid, sequence: i + 1 };
      });
    });
  }

  it("give positions in layout units", () => {
    const places = new Places(1);
    places.apply(encodeFrame(Uint16Array.of(10, 65535), null, { ...place, sequence: 1 }));
    expect([places.x(0), places.y(0)]).toEqual([-1.5 + 2.5, 2 + 65535 / 4]);
  });

  it("are not applied to another base", () => {
    const [a, b] = grids(4, 2) as [Uint16Array, Uint16Array];
    const places = new Places(4);
    const change = encodeFrame(b, { grid: a, sequence: 7 }, { ...place, sequence: 8 });
    expect(places.apply(change)).toBeNull();
    places.apply(encodeFrame(a, null, { ...place, sequence: 6 }));
    expect(places.apply(change)).toBeNull();
    expect(places.grid).toEqual(a);
    expect(places.sequence).toBe(6);
  });

  it("that are broken leave the places as they were", () => {
    const [a, b] = grids(4, 2) as [Uint16Array, Uint16Array];
    const places = new Places(4);
    places.apply(encodeFrame(a, null, { ...place, sequence: 1 }));
    for (const variable of [false, true]) {
      const whole = encodeFrame(b, { grid: a, sequence: 1 }, { ...place, sequence: 2 }, variable);
      expect(() => places.apply(whole.slice(0, whole.byteLength - 2))).toThrow(/instead of/);
    }
    expect(() => places.apply(encodeFrame(b.slice(2), null, { ...place, sequence: 2 }))).toThrow("a frame of 3 nodes for a graph of 4");
    expect(() => places.apply(new ArrayBuffer(12))).toThrow("too short");
    expect(places.grid).toEqual(a);
    expect(places.sequence).toBe(1);
  });
});
