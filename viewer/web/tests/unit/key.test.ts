import { describe, expect, it } from "vitest";

import { keyOf, legendLeft } from "../../src/core/key";
import type { Scene } from "../../src/core/scene";
import { inksOf, layKey, svgKey } from "../../src/render/key";

const rgb = (...colors: string[]): Uint8Array => Uint8Array.from(colors.flatMap((c) => [0, 2, 4].map((i) => parseInt(c.slice(i, i + 2), 16)).concat(255)));
const scene: Scene = {
  n_nodes: 5, n_edges: 1, is_directed: false, title: "", edges: Uint32Array.of(0, 1), settings: {}, labels: { index: [], text: [] }, icons: ["user", "globe"],
  node_color: rgb("ff0000", "ff0000", "00ff00", "8c8c94", "8c8c94"), node_icon: Uint16Array.of(1, 1, 2, 0, 0),
  legend: [
    { channel: "node_color", column: "kind", kind: "categories", entries: [{ name: "a", color: "#ff0000", count: 2 }, { name: "b", color: "#00ff00", count: 1 }, { name: "c", color: "#8c8c94", count: 1 }, { name: "other (1)", color: "#8c8c94", count: 1 }] },
    { channel: "node_icon", column: "what", kind: "categories", entries: [{ name: "user", icon: "user", count: 2 }, { name: "globe", icon: "globe", count: 1 }] },
    { channel: "badge_top_right_icon", column: "kind", kind: "categories", entries: [{ name: "a", icon: "flag", count: 2 }] },
    { channel: "badge_top_right_background", column: "kind", kind: "categories", entries: [{ name: "a", color: "#0000ff", count: 2 }] },
    { channel: "edge_width", column: "weight", kind: "scale", stops: [{ number: 1 }, { number: 4 }], ticks: [{ place: 0, label: "0" }, { place: 1, label: "9" }] },
    { channel: "node_size", column: "constant", kind: "raw" },
  ],
};

describe("a legend", () => {
  it("says each thing once: what is in a badge stands with its color", () => {
    const parts = keyOf(scene, null);
    expect(parts.map((p) => `${p.column} ${p.words}`.trim())).toEqual(["kind", "what icon", "kind badge", "weight width"]);
    expect(parts[2]!.entries).toEqual([{ name: "a", color: "#0000ff", icon: "flag", count: 2, isRest: false }]);
    expect(parts[3]).toMatchObject({ table: "edges", ramp: [], entries: [] });
    expect(parts[0]!.entries.map((e) => e.isRest)).toEqual([false, false, false, true]);
  });

  it("counts what is seen, where colors and icons tell it", () => {
    const hidden = { nodes: Uint8Array.of(1, 0, 1, 0, 1), edges: null };
    const [colors, icons, badges] = keyOf(scene, hidden);
    // Two entries have one color: how many of each are seen it does not tell.
    expect(colors!.entries.map((e) => e.seen)).toEqual([1, 0, undefined, undefined]);
    expect(icons!.entries.map((e) => e.seen)).toEqual([1, 0]);
    expect(badges!.entries[0]).not.toHaveProperty("seen");
    expect(legendLeft(scene, hidden)[0]!.entries!.map((e) => `${e.name} ${e.count}`)).toEqual(["a 1", "c 1", "other (1) 1"]);
    expect(keyOf(scene, { nodes: null, edges: null })[0]!.entries[0]).not.toHaveProperty("seen");
  });

  it("counts edges both of whose ends are seen", () => {
    const edges = { ...scene, n_edges: 3, edges: Uint32Array.of(0, 1, 1, 2, 3, 4), edge_color: rgb("0000ff", "0000ff", "ffff00"), legend: [
      { channel: "edge_color", column: "how", kind: "categories" as const, entries: [{ name: "x", color: "#0000ff", count: 2 }, { name: "y", color: "#ffff00", count: 1 }] },
    ] };
    const seen = (nodes: Uint8Array | null, hidden: Uint8Array | null): unknown => keyOf(edges, { nodes, edges: hidden })[0]!.entries.map((e) => e.seen);
    expect(seen(Uint8Array.of(0, 0, 1, 0, 0), null)).toEqual([1, 1]);
    expect(seen(Uint8Array.of(0, 0, 1, 0, 0), Uint8Array.of(0, 0, 1))).toEqual([1, 0]);
    expect(seen(null, Uint8Array.of(1, 0, 0))).toEqual([1, 1]);
    expect(seen(null, null)).toEqual([undefined, undefined]);
  });

  it("counts badges, and by the tables of a file what the picture does not tell", () => {
    const badges = [{ position: "TopRight", index: [0, 1, 4], icon: ["flag", "flag", "flag"], color: ["", "", ""], background: ["#0000ff", "#0000ff", "#0000ff"] }];
    const hidden = { nodes: Uint8Array.of(1, 0, 1, 0, 0), edges: null };
    expect(keyOf({ ...scene, badges }, hidden)[2]!.entries.map((e) => e.seen)).toEqual([2]);
    const tables = { ends: ["s", "t"] as [string, string], columns: [{ of: "nodes" as const, name: "kind", type: "text" as const, texts: ["a"], values: Uint32Array.of(1, 0, 1) }] };
    const many = { ...scene, legend: [{ channel: "edge_color", column: "how", kind: "categories" as const, entries: ["x", "other (2)", "no value"].map((name) => ({ name, color: "#000000", count: 9 })) }] };
    const how = { ...tables, columns: [{ of: "edges" as const, name: "how", type: "text" as const, texts: ["x", "y", "z"], values: Uint32Array.of(1, 2, 3, 0, 3, 1) }] };
    expect(legendLeft(many, hidden, how)[0]!.entries!.map((e) => e.count)).toEqual([2, 3, 1]);
    expect(legendLeft(scene, hidden, tables)[3]!.entries!.map((e) => `${e.name} ${e.count}`)).toEqual(["a 2"]);
  });

  it("is drawn as far as there is room, and nothing in it is taken for markup", () => {
    const parts = keyOf({ ...scene, legend: [{ ...scene.legend[0]!, column: "<b>" }, ...scene.legend.slice(1)] }, null);
    const whole = layKey(parts, 1000)!;
    const less = layKey(parts, whole.height - 1)!;
    expect(less.marks.length).toBeLessThan(whole.marks.length);
    expect(layKey(parts, 40)).toBeNull();
    expect(layKey([], 1000)).toBeNull();
    expect(whole.marks.every((m) => m.x >= 0 && m.x <= whole.width && m.y <= whole.height)).toBe(true);
    const svg = svgKey(whole, 3, 4, inksOf(true, "#000000"), (text) => text.replaceAll("<", "&lt;"));
    expect(svg).toContain(">&lt;b></text>");
    expect(svg).toContain('fill="#0000ff"');
    const bad = keyOf({ ...scene, legend: [{ channel: "node_color", column: "k", kind: "categories", entries: [{ name: "x", color: '"/><script>', count: 1 }] }] }, null);
    expect(svgKey(layKey(bad, 1000)!, 0, 0, inksOf(false, "#ffffff"), (text) => text)).not.toContain("script");
  });
});
