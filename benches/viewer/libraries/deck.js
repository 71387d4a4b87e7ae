import { Deck, OrthographicView } from "@deck.gl/core";
import { LineLayer, ScatterplotLayer } from "@deck.gl/layers";
import { bench } from "../harness.js";

// Binary attributes, deck.gl's fastest way in. Lines have ends of their own, which are gathered when points move.
bench("deck.gl", async (element, data, base) => {
  const { n, m, edges, positions, colors, radius } = data;
  let tell = () => {};
  const rgba = new Uint8Array(4 * n);
  for (let u = 0; u < n; u++) rgba.set([colors[3 * u], colors[3 * u + 1], colors[3 * u + 2], 255], 4 * u);
  const lines = new Uint8Array(4 * m);
  for (let e = 0; e < m; e++) {
    const u = edges[2 * e];
    lines.set([colors[3 * u], colors[3 * u + 1], colors[3 * u + 2], 77], 4 * e);
  }
  const layers = (p) => {
    const sources = new Float32Array(2 * m);
    const targets = new Float32Array(2 * m);
    for (let e = 0; e < m; e++) {
      const u = edges[2 * e];
      const v = edges[2 * e + 1];
      sources[2 * e] = p[2 * u];
      sources[2 * e + 1] = p[2 * u + 1];
      targets[2 * e] = p[2 * v];
      targets[2 * e + 1] = p[2 * v + 1];
    }
    return [
      new LineLayer({
        id: "edges",
        data: { length: m, attributes: { getSourcePosition: { value: sources, size: 2 }, getTargetPosition: { value: targets, size: 2 }, getColor: { value: lines, size: 4 } } },
        positionFormat: "XY",
        getWidth: 1,
        widthUnits: "pixels",
      }),
      new ScatterplotLayer({
        id: "nodes",
        data: { length: n, attributes: { getPosition: { value: p, size: 2 }, getFillColor: { value: rgba, size: 4 } } },
        positionFormat: "XY",
        getRadius: radius,
        radiusUnits: "pixels",
        pickable: true,
        onHover: ({ index }) => index >= 0 && tell(index),
      }),
    ];
  };
  const state = ({ x, y, scale }) => ({ target: [x, y, 0], zoom: Math.log2(scale), minZoom: -20, maxZoom: 20 });
  const deck = await new Promise((done) => {
    const made = new Deck({
      parent: element,
      views: new OrthographicView({ flipY: false, controller: false }),
      viewState: state(base),
      layers: layers(positions),
      useDevicePixels: 1,
      parameters: { depthCompare: "always", depthWriteEnabled: false },
      onDeviceInitialized: () => done(made),
    });
  });
  return {
    camera: (to) => deck.setProps({ viewState: state(to) }),
    move: (p) => deck.setProps({ layers: layers(p) }),
    target: () => element.querySelector("canvas"),
    onPoint: (to) => (tell = to),
  };
});
