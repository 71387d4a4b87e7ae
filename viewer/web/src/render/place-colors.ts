/**
 * Colors of nodes that have none: hue is the direction from the middle, chroma the distance from it.
 *
 * Layouts put what belongs together in one place, so neighbors look alike. The same as in pictures
 * (viewer/src/encode/default.rs), but that distances are ranked in classes instead of one by one.
 */

const LIGHTNESS = 0.74;
const CHROMA = 0.165;
/** Angle of the hue that lies to the right. */
const START = 0.9;
const CLASSES = 512;

/** Colors, [n, 4], of nodes at `x` and `y`. Nodes that are nowhere are gray. O(n) time. */
export function colorsByPlace(n: number, x: (u: number) => number, y: (u: number) => number): Uint8Array {
  let [sx, sy, count] = [0, 0, 0];
  for (let u = 0; u < n; u++) {
    const [px, py] = [x(u), y(u)];
    if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
    sx += px;
    sy += py;
    count++;
  }
  const [cx, cy] = [sx / Math.max(1, count), sy / Math.max(1, count)];
  let most = 0;
  for (let u = 0; u < n; u++) {
    const d = Math.hypot(x(u) - cx, y(u) - cy);
    if (d > most) most = d; // false for what is not finite
  }
  // Classes of the root of the distance: fine where most nodes are.
  const of = (d: number): number => Math.min(CLASSES - 1, Math.floor(CLASSES * Math.sqrt(d / (most || 1))));
  const below = new Uint32Array(CLASSES + 1);
  for (let u = 0; u < n; u++) {
    const d = Math.hypot(x(u) - cx, y(u) - cy);
    if (Number.isFinite(d)) below[of(d) + 1]!++;
  }
  for (let c = 0; c < CLASSES; c++) below[c + 1]! += below[c]!;
  const colors = new Uint8Array(4 * n);
  for (let u = 0; u < n; u++) {
    const [dx, dy] = [x(u) - cx, y(u) - cy];
    const d = Math.hypot(dx, dy);
    // A hue for the middle too, but a paler one: gray would look like a missing value.
    const chroma = Number.isFinite(d) ? CHROMA * (0.45 + 0.55 * Math.sqrt(below[of(d) + 1]! / Math.max(1, count))) : 0;
    const angle = Number.isFinite(d) ? Math.atan2(dy, dx) + START : 0;
    put(colors, u, chroma * Math.cos(angle), chroma * Math.sin(angle));
  }
  return colors;
}

/** Writes an Oklab color as sRGB. */
function put(colors: Uint8Array, u: number, a: number, b: number): void {
  const l = (LIGHTNESS + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (LIGHTNESS - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (LIGHTNESS - 0.0894841775 * a - 1.291485548 * b) ** 3;
  colors[4 * u] = gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
  colors[4 * u + 1] = gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
  colors[4 * u + 2] = gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s);
  colors[4 * u + 3] = 255;
}

function gamma(v: number): number {
  const c = Math.min(1, Math.max(0, v));
  return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
}
