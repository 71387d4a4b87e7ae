import { Graph } from "@cosmos.gl/graph";
import { bench } from "../harness.js";

bench("cosmos.gl", async (element, data, base) => {
  const { n, m, edges, positions, colors, radius, side } = data;
  let tell = () => {};
  const graph = new Graph(element, {
    enableSimulation: false,
    rescalePositions: false,
    spaceSize: side,
    fitViewOnInit: false,
    transitionDuration: 0,
    pixelRatio: 1,
    backgroundColor: "#0d1017",
    scalePointsOnZoom: false,
    linkDefaultWidth: 1,
    onPointMouseOver: (u) => tell(u),
  });
  graph.setPointPositions(positions);
  const points = new Float32Array(4 * n);
  for (let u = 0; u < n; u++) points.set([colors[3 * u] / 255, colors[3 * u + 1] / 255, colors[3 * u + 2] / 255, 1], 4 * u);
  graph.setPointColors(points);
  graph.setPointSizes(new Float32Array(n).fill(2 * radius));
  graph.setLinks(Float32Array.from(edges));
  const links = new Float32Array(4 * m);
  for (let e = 0; e < m; e++) {
    const u = edges[2 * e];
    links.set([colors[3 * u] / 255, colors[3 * u + 1] / 255, colors[3 * u + 2] / 255, 0.3], 4 * e);
  }
  graph.setLinkColors(links);
  graph.render();
  await graph.ready;
  const center = new Float32Array(2);
  // Pixels of a unit of space at zoom 1.
  const perUnit = (graph.spaceToScreenPosition([1000, 0])[0] - graph.spaceToScreenPosition([0, 0])[0]) / 1000 / graph.getZoomLevel();
  const camera = ({ x, y, scale }) => {
    center.set([x, y]);
    graph.setZoomTransformByPointPositions(center, 0, scale / perUnit, 0, false);
  };
  camera(base);
  return {
    camera,
    move(p) {
      graph.setPointPositions(p, true);
      graph.render();
    },
    onPoint: (to) => (tell = to),
  };
});
