import { encodeFrame, Places } from "../../../viewer/web/src/core/frame.ts";
import { View } from "../../../viewer/web/src/render/view.ts";
import { bench } from "../harness.js";

// "whole" draws every edge in every frame, and takes positions as floats, as the other libraries do. Without it, the
// viewer is as people have it: a moving picture shows as many edges as fit into a frame, and positions come in frames
// of the server's stream.
const isWhole = new URLSearchParams(location.search).has("whole");

bench(isWhole ? "graphlume, all edges" : "graphlume", async (element, graph, base) => {
  const { n, m, edges, positions, colors, radius, side } = graph;
  const look = {
    background: [0.05, 0.06, 0.09], border: [0.05, 0.06, 0.09], ring: [1, 1, 1],
    pointSize: 1, pointOpacity: 1, pointBorder: 0, edgeOpacity: 1, edgeWidth: 1, curvature: 0, arrows: false, edges: true, fade: 0, isDark: true,
  };
  const view = new View(element, look);
  view.showLabels = view.hoverLabels = false;
  view.highlight = "none";
  const rgba = new Uint8Array(4 * n);
  for (let u = 0; u < n; u++) rgba.set([colors[3 * u], colors[3 * u + 1], colors[3 * u + 2], 255], 4 * u);
  view.setScene({
    n_nodes: n, n_edges: m, is_directed: false, title: "", edges, positions, node_color: rgba,
    node_size: new Float32Array(n).fill(radius), settings: {}, legend: [], labels: { index: [], text: [] }, icons: [],
  });
  const camera = (to) => {
    // Radii that stay, as those of the others do: ours grow when one zooms in.
    view.camera.fitScale = to.scale;
    view.setCamera(to, false);
  };
  view.renderer.programs.crowd = 1;
  if (isWhole) Object.assign(view.renderer.edges.pace, { budget: 1e15, adapt() {} });
  camera(base);
  const places = new Places(n);
  let sequence = 0;
  let ready = [];
  return {
    camera,
    /** What the server would have sent. */
    prepare(phases) {
      const low = -64;
      const scale = 65535 / (side + 128);
      ready = phases.map((p) => {
        const grid = Uint16Array.from(p, (x) => (x - low) * scale);
        return encodeFrame(grid, null, { sequence: 1, lowX: low, lowY: low, scale, iteration: 0, movement: 1, state: 0 });
      });
    },
    move(p, i) {
      if (isWhole || i < 0) {
        view.renderer.data.setFloats(p);
        view.changed();
        return;
      }
      const frame = ready[i];
      new DataView(frame).setUint32(4, ++sequence, true);
      places.apply(frame);
      view.frame(places);
    },
    /** Edges in the last picture. */
    edges: () => view.renderer.stats.edges,
    onPoint(tell) {
      view.on("hover", ({ node }) => node !== undefined && tell(node));
    },
  };
});
