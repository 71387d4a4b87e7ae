import { describe, expect, it } from "vitest";

import { decodeScene, encodeScene, type Scene } from "../../src/core/scene";

const scene: Scene = {
  n_nodes: 3, n_edges: 2, is_directed: true, title: "drei Knöpfe", edges: Uint32Array.of(0, 1, 1, 2),
  positions: Float32Array.of(0, 0, 1, 2, -3, 4.5), node_color: Uint8Array.from({ length: 12 }, (_, i) => i), node_size: Float32Array.of(1, 2, 3),
  node_icon: Uint16Array.of(0, 1, 0), edge_color: Uint8Array.from({ length: 8 }, (_, i) => 255 - i), edge_width: Float32Array.of(0.5, 2),
  settings: { point_size: 2 }, legend: [], labels: { index: [2], text: ["hub"] }, icons: ["user"],
};

/** The same file with other words in its header. */
function withHeader(file: ArrayBuffer, change: (header: { n_nodes: number }) => void): ArrayBuffer {
  const bytes = new Uint8Array(file.slice(0));
  const length = new DataView(bytes.buffer).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length)));
  change(header);
  const text = new TextEncoder().encode(JSON.stringify(header));
  expect(text.length).toBeLessThanOrEqual(length);
  bytes.fill(0x20, 12, 12 + length).set(text, 12);
  return bytes.buffer;
}

describe("scene", () => {
  it("comes back as it was written", () => {
    expect(decodeScene(encodeScene(scene))).toEqual(scene);
  });

  it("has badges, of nodes that there are and in as many texts", () => {
    const badge = { position: "TopRight", as_text: false, index: [2, 0], icon: ["flag", ""], color: ["", "#ff0000"], background: ["#00ff00", "#0000ff"] };
    expect(decodeScene(encodeScene({ ...scene, badges: [badge] })).badges).toEqual([badge]);
    const odd = encodeScene({ ...scene, badges: [{ ...badge, index: [2, 9, 1], icon: ["a", "b"], color: [] }, null as never] });
    expect(decodeScene(odd).badges).toEqual([{ ...badge, index: [2], icon: ["a"], color: [""], background: ["#00ff00"] }]);
  });

  it("lies on eighths, so that no buffer is copied", () => {
    const file = encodeScene(scene);
    const found = decodeScene(file);
    for (const array of [found.edges, found.positions!, found.node_size!, found.node_icon!]) {
      expect(array.buffer).toBe(file);
      expect(array.byteOffset % 8).toBe(0);
    }
  });

  it("takes what a part leaves out from the scene that is known", () => {
    const part = { ...scene, node_color: new Uint8Array(12).fill(9) } as Partial<Scene>;
    delete part.edges;
    const found = decodeScene(encodeScene(part as Scene), scene);
    expect(found.edges).toBe(scene.edges);
    expect(found.node_color![0]).toBe(9);
    expect(() => decodeScene(encodeScene(part as Scene))).toThrow("the scene has 2 edges, but the ends of 0");
  });

  it("is refused with words that name the place", () => {
    const file = encodeScene(scene);
    expect(() => decodeScene(new ArrayBuffer(4))).toThrow("at least 12 bytes; this has 4");
    expect(() => decodeScene(new ArrayBuffer(64))).toThrow("does not begin with GLSC");
    const bad = encodeScene({ ...scene, edges: Uint32Array.of(0, 1, 1, 3) });
    expect(() => decodeScene(bad)).toThrow("edge 1 names node 3, but there are only 3 nodes");
    expect(() => decodeScene(file.slice(0, file.byteLength - 24))).toThrow(/ends at byte|ends after the file/);
    const version = new Uint8Array(file.slice(0));
    version[4] = 7;
    expect(() => decodeScene(version.buffer)).toThrow("has version 7; this viewer reads version 1");
    expect(() => decodeScene(withHeader(file, (h) => (h.n_nodes = 4)))).toThrow("and should have 32");
  });

  it("may have no nodes at all", () => {
    const none: Scene = { n_nodes: 0, n_edges: 0, is_directed: false, title: "", edges: new Uint32Array(0), settings: {}, legend: [], labels: { index: [], text: [] }, icons: [] };
    expect(decodeScene(encodeScene(none))).toEqual(none);
  });
});
