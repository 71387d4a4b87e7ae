import Graph from "graphology";
import { Sigma } from "sigma";
import { EdgeLineProgram, NodePointProgram } from "sigma/rendering";
import { bench } from "../harness.js";

// The programs of sigma that draw points and lines of one pixel: the fastest it has.
bench("sigma", async (element, data, base) => {
  const { n, m, edges, positions, colors, radius, side, height } = data;
  const hex = (u) => "#" + [0, 1, 2].map((k) => colors[3 * u + k].toString(16).padStart(2, "0")).join("");
  const faint = (u) => `rgba(${colors[3 * u]}, ${colors[3 * u + 1]}, ${colors[3 * u + 2]}, 0.3)`;
  const graph = new Graph({ multi: true, type: "undirected" });
  for (let u = 0; u < n; u++) graph.addNode(u, { x: positions[2 * u], y: positions[2 * u + 1], size: radius, color: hex(u) });
  for (let e = 0; e < m; e++) graph.addEdge(edges[2 * e], edges[2 * e + 1], { color: faint(edges[2 * e]), size: 1 });
  const sigma = new Sigma(graph, element, {
    renderLabels: false,
    stagePadding: 0,
    zoomToSizeRatioFunction: () => 1,
    defaultNodeType: "point",
    nodeProgramClasses: { point: NodePointProgram },
    defaultEdgeType: "line",
    edgeProgramClasses: { line: EdgeLineProgram },
    minCameraRatio: null,
    maxCameraRatio: null,
  });
  sigma.setCustomBBox({ x: [0, side], y: [0, side] });
  const camera = ({ x, y, scale }) => sigma.getCamera().setState({ x: x / side, y: y / side, ratio: height / (side * scale) });
  camera(base);
  return {
    camera,
    move(p) {
      graph.updateEachNodeAttributes((node, attributes) => {
        attributes.x = p[2 * node];
        attributes.y = p[2 * node + 1];
        return attributes;
      }, { attributes: ["x", "y"] });
    },
    target: () => element.querySelector("canvas.sigma-mouse"),
    onPoint: (tell) => sigma.on("enterNode", ({ node }) => tell(Number(node))),
  };
});
