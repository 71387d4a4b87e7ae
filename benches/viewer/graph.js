/** The graph that all libraries draw: groups on a plane, most edges inside of groups, as a finished layout has them. */

/** Positions lie in a square of this side. */
export const SIDE = 4096;
const PALETTE = [0x56b4e9, 0xe69f00, 0x009e73, 0xf0e442, 0xcc79a7, 0xd55e00, 0x8d99ff, 0x66d9c2];

/** Mulberry32: the same numbers in every library's page. */
function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `edges` [m, 2], `positions` [n, 2], `colors` RGB [n, 3], and `phases`: other positions, [n, 2] each. */
export function makeGraph(n, m, seed = 1) {
  const next = random(seed);
  const groups = Math.max(8, Math.round(Math.sqrt(n) / 4));
  const centers = Array.from({ length: groups }, () => {
    const r = 0.42 * SIDE * Math.sqrt(next());
    const a = 2 * Math.PI * next();
    return [SIDE / 2 + r * Math.cos(a), SIDE / 2 + r * Math.sin(a)];
  });
  const wide = (0.34 * SIDE) / Math.sqrt(groups);
  const positions = new Float32Array(2 * n);
  const colors = new Uint8Array(3 * n);
  for (let u = 0; u < n; u++) {
    const g = u % groups;
    const r = wide * Math.sqrt(-0.5 * Math.log(1 - 0.98 * next()));
    const a = 2 * Math.PI * next();
    positions[2 * u] = Math.min(SIDE, Math.max(0, centers[g][0] + r * Math.cos(a)));
    positions[2 * u + 1] = Math.min(SIDE, Math.max(0, centers[g][1] + r * Math.sin(a)));
    const color = PALETTE[g % PALETTE.length];
    colors.set([color >> 16, (color >> 8) & 255, color & 255], 3 * u);
  }
  const edges = new Uint32Array(2 * m);
  const inGroup = Math.floor(n / groups);
  for (let e = 0; e < m; e++) {
    const u = Math.floor(next() * n);
    let v = next() < 0.85 ? (u % groups) + groups * Math.floor(next() * inGroup) : Math.floor(next() * n);
    if (v >= n || v === u) v = (u + groups) % n;
    edges[2 * e] = u;
    edges[2 * e + 1] = v;
  }
  const phases = Array.from({ length: 6 }, (_, k) => {
    const t = (2 * Math.PI * k) / 6;
    const p = new Float32Array(2 * n);
    for (let u = 0; u < n; u++) {
      p[2 * u] = positions[2 * u] + 40 * Math.cos(t + u);
      p[2 * u + 1] = positions[2 * u + 1] + 40 * Math.sin(t + 2 * u);
    }
    return p;
  });
  return { n, m, edges, positions, colors, phases };
}
