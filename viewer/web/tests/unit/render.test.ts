import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { Camera, bounds } from "../../src/render/camera";
import { glyph, initials } from "../../src/render/icons";
import { shorten } from "../../src/render/labels";
import { leastHead, leastWithIcon, orderBySize, roomOf, withIcons } from "../../src/render/sizes";
import { whitePoint } from "../../src/render/white";
import type { Badge } from "../../src/core/scene";
import { drawBadges, type Ground } from "../../src/render/badges";
import { isInside } from "../../src/render/geometry";
import { csv, offlinePage } from "../../src/ui/export";
import { cell, number, numbersBetween } from "../../src/core/format";
import { placeLabels, type LabelAt, type Rect } from "../../src/render/labels";
import { rangeExpression } from "../../src/ui/chart";
// @ts-expect-error a script without types
import { translate } from "../../scripts/glyphs.mjs";

describe("camera", () => {
  const camera = Object.assign(new Camera(), { width: 800, height: 600, x: 3, y: -2, scale: 7 });

  it("goes to the screen and back", () => {
    expect(camera.toPlaneX(camera.toScreenX(12.5))).toBeCloseTo(12.5);
    expect(camera.toPlaneY(camera.toScreenY(-4.25))).toBeCloseTo(-4.25);
    expect(camera.toScreenY(0)).toBeLessThan(camera.toScreenY(-1));
  });

  it("keeps what is under the pointer there", () => {
    const x = camera.toPlaneX(100);
    const y = camera.toPlaneY(50);
    camera.zoomAt(1.7, 100, 50);
    expect(camera.toPlaneX(100)).toBeCloseTo(x);
    expect(camera.toPlaneY(50)).toBeCloseTo(y);
  });

  it("fits a box beside panels", () => {
    const to = camera.fit({ left: 0, right: 10, bottom: 0, top: 10 }, { left: 300, top: 0, right: 0, bottom: 0 });
    Object.assign(camera, to);
    expect(camera.toScreenX(0)).toBeGreaterThan(300);
    expect(camera.toScreenX(10)).toBeLessThan(800);
    expect(camera.toScreenY(10)).toBeGreaterThan(0);
    expect(camera.toScreenY(0)).toBeLessThan(600);
  });

  it("leaves strays out, but not where there are few nodes", () => {
    const x = (u: number): number => (u === 0 ? 1e6 : u % 100);
    const y = (u: number): number => u % 37;
    expect(bounds(1000, x, y, () => true)!.right).toBeLessThan(120);
    expect(bounds(100, x, y, () => true)!.right).toBe(1e6);
    expect(bounds(1000, x, y, (u) => u !== 0)!.right).toBe(99);
    expect(bounds(3, () => NaN, y, () => true)).toBeNull();
  });
});

describe("pictures", () => {
  it("draw large nodes last", () => {
    const sizes = Float32Array.from({ length: 500 }, (_, i) => (i * 7919) % 500);
    const order = orderBySize(sizes);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    for (let i = 1; i < 500; i++) expect(sizes[order[i]!]! - sizes[order[i - 1]!]!).toBeGreaterThan(-0.25);
    expect([...orderBySize(new Float32Array(3))]).toEqual([0, 1, 2]);
  });

  it("draw few nodes, their icons and arrows larger", () => {
    // An icon is seen from a radius of 5 pixels on.
    expect([...withIcons(Float32Array.of(2, 30, 2), Uint16Array.of(1, 1, 0))]).toEqual([8, 30, 2]);
    expect(leastWithIcon(77)).toBe(8);
    expect(leastWithIcon(1500)).toBeLessThan(3);
    expect([leastHead(254), leastHead(1200), leastHead(1_000_000)]).toEqual([11, 5.5, 4]);
    expect([roomOf(24, 480_000, 18), roomOf(5000, 480_000, 18), roomOf(0, 0, 18)]).toEqual([36, 18, 18]);
    expect(roomOf(300, 480_000, 18)).toBeCloseTo(20, 1);
  });

  it("find the densest pixels", () => {
    const pixels = new Float32Array(4 * 1000);
    for (let i = 0; i < 500; i++) pixels[4 * i + 3] = 1 + i / 100;
    expect(whitePoint(pixels)).toBeCloseTo(1 + 497 / 100, 1);
    expect(whitePoint(new Float32Array(40))).toBe(1);
  });

  it("know what a lasso holds", () => {
    const u = [[0, 0], [10, 0], [10, 10], [6, 10], [6, 3], [4, 3], [4, 10], [0, 10]] as const;
    expect(isInside(u, 2, 8)).toBe(true);
    expect(isInside(u, 8, 8)).toBe(true);
    expect(isInside(u, 5, 8)).toBe(false);
    expect(isInside(u, 11, 5)).toBe(false);
  });

  it("have the glyphs of viewer/src/image/glyphs.rs", () => {
    const rust = readFileSync(new URL("../../../src/image/glyphs.rs", import.meta.url), "utf8");
    expect(readFileSync(new URL("../../src/render/glyphs.ts", import.meta.url), "utf8")).toBe(translate(rust));
    expect(glyph("fa-solid fa-user")).toBe(glyph("user"));
    expect(glyph("no-such-thing")).toBeUndefined();
    expect(initials("acme holding")).toBe("AH");
  });

  it("write labels on one line", () => {
    expect(shorten("a\u202eb\n c")).toBe("a b  c");
    expect(shorten("x".repeat(50))).toHaveLength(32);
  });
});

describe("files", () => {
  it("have as many digits as tell the ends of an axis apart", () => {
    const words = numbersBetween(1e15 + 1, 1e15 + 9);
    expect([words(1e15 + 1), words(1e15 + 9)]).toEqual(["1000000000000001", "1000000000000009"]);
    expect(numbersBetween(0.12341, 0.12342)(0.12341)).toBe("0.12341");
    expect(numbersBetween(0, 1)(0.123456)).toBe(number(0.123456));
    expect(numbersBetween(7, 7)(7)).toBe("7");
  });

  it("of text are no formulas", () => {
    expect(csv(["a", 'b"'], [["=1+1", -2], ["x,y", null]])).toBe("a,\"b\"\"\"\r\n'=1+1,-2\r\n\"x,y\",\r\n");
    // Files have the digits that there are; tables those that mean something.
    expect(csv(["a"], [[0.1 + 0.2], [239.881], [6.1123456e-7]])).toBe("a\r\n0.30000000000000004\r\n239.881\r\n6.1123456e-7\r\n");
    expect([0.1 + 0.2, 239.881, 6.1123456e-7, 1e15 + 299, null].map(cell)).toEqual(["0.3", "239.881", "6.1123456e-7", "1000000000000299", ""]);
  });

  it("of pages end their scripts where they should", () => {
    const page = offlinePage({ n_nodes: 0, n_edges: 0, is_directed: false, title: "</title><script>", edges: new Uint32Array(0), settings: {}, legend: [], labels: { index: [], text: [] }, icons: [] }, 'x = "</script><!--"', "");
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).toContain("&lt;/title&gt;&lt;script&gt;");
  });

  it("of ranges hold the last value", () => {
    const histogram = { column: "When", type: "numeric" as const, edges: [0, 5, 10], counts: [1, 1] };
    expect(rangeExpression(histogram, [0, 5])).toBe('"When" >= 0 AND "When" < 5');
    expect(rangeExpression(histogram, [5, 10])).toBe('"When" >= 5 AND "When" <= 10');
    expect(rangeExpression({ ...histogram, type: "time" }, [0, 5])).toBe("\"When\" >= TIMESTAMP '1970-01-01 00:00:00Z' AND \"When\" < TIMESTAMP '1970-01-01 00:00:00.005Z'");
  });
});

describe("badges", () => {
  /** What is drawn: discs and texts, in order. */
  function drawn(badge: Partial<Badge>, radius: number, ground: Partial<Ground> = {}): unknown[] {
    const out: unknown[] = [];
    const context = {
      fillStyle: "", globalAlpha: 1,
      beginPath: () => undefined,
      arc: (x: number, y: number, r: number) => out.push(["disc", Math.round(x), Math.round(y), Math.round(r)]),
      fill: () => out.push(["fill", context.fillStyle, context.globalAlpha]),
      stroke: () => out.push(["ring", (context as { strokeStyle?: string }).strokeStyle]),
      fillText: (text: string) => out.push(["text", text, context.fillStyle]),
    };
    const full: Badge = { position: "TopRight", as_text: true, index: [0], icon: ["DE"], color: [""], background: [""], ...badge };
    drawBadges(context as never, [full], { width: 200, height: 200, paper: "#000000", dim: 0.3, at: () => ({ x: 100, y: 100, radius }), isHidden: () => false, isLit: () => true, ...ground });
    return out;
  }

  it("sit at the rim, on the ground of the page or one of their own", () => {
    expect(drawn({}, 20)).toEqual([["disc", 112, 88, 8], ["fill", "#000000", 1], ["ring", "#000000"], ["text", "DE", "#ffffff"]]);
    expect(drawn({ position: "Bottom", background: ["#ffff00"] }, 20)).toEqual([["disc", 100, 117, 8], ["fill", "#ffff00", 1], ["ring", "#000000"], ["text", "DE", "#0a0d14"]]);
    expect(drawn({ position: "Cover", color: ["#123456"] }, 20)).toEqual([["text", "DE", "#123456"]]);
    // What is no color is not taken for one.
    expect(drawn({ color: ["url(x)"], background: ["red;"] }, 20)[1]).toEqual(["fill", "#000000", 1]);
  });

  it("are left out where they could not be seen, and dimmed with their nodes", () => {
    expect(drawn({}, 4)).toEqual([]);
    // What is in it could not be read.
    expect(drawn({ background: ["#ffff00"] }, 6)).toEqual([["disc", 104, 96, 3], ["fill", "#ffff00", 1], ["ring", "#000000"]]);
    expect(drawn({ position: "Nowhere" }, 20)).toEqual([]);
    expect(drawn({}, 20, { isHidden: () => true })).toEqual([]);
    expect(drawn({}, 20, { at: () => ({ x: 500, y: 100, radius: 20 }) })).toEqual([]);
    expect(drawn({}, 20, { isLit: () => false })[1]).toEqual(["fill", "#000000", 0.3]);
  });
});

describe("labels", () => {
  const context = { font: "", measureText: (text: string) => ({ width: 7 * text.length }) } as unknown as CanvasRenderingContext2D;
  const style = { color: "", halo: "", size: 12, opacity: 1 };
  const label = (node: number, x: number, y: number, always = false): LabelAt => ({ node, x, y, radius: 3, text: "label", always });

  it("lie neither over each other nor under what covers the picture", () => {
    const place = (labels: LabelAt[], covered: Rect[] = []): number[] => placeLabels(context, labels, style, 10, 400, 300, covered).map((p) => p.node);
    expect(place([label(1, 100, 100), label(2, 300, 100)])).toEqual([1, 2]);
    expect(place([1, 2, 3, 4, 5, 6].map((u) => label(u, 100, 100)))).toEqual([1, 2]);
    expect(place([label(1, 100, 100), label(2, 300, 100)], [[250, 0, 400, 200]])).toEqual([1]);
    // Beside what covers the rest there may be room still.
    const [left] = placeLabels(context, [label(2, 245, 100)], style, 10, 400, 300, [[250, 0, 400, 200]]);
    expect(left!.left + 35).toBeLessThanOrEqual(250);
    // What must be named is, whatever lies there.
    expect(place([label(2, 300, 100, true)], [[250, 0, 400, 200]])).toEqual([2]);
  });
});
