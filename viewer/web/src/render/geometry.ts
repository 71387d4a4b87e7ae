/** Places and shapes of the plane. */

/** Whether a point is inside a polygon, by the even-odd rule. */
export function isInside(polygon: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i]!;
    const [xj, yj] = polygon[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** Nodes on a disc, evenly, for graphs without positions: nothing lies on anything else. */
export function onSpiral(n: number): Float32Array {
  const positions = new Float32Array(2 * n);
  for (let u = 0; u < n; u++) {
    const r = 10 * Math.sqrt(u + 0.5);
    const a = u * Math.PI * (3 - Math.sqrt(5));
    positions[2 * u] = r * Math.cos(a);
    positions[2 * u + 1] = r * Math.sin(a);
  }
  return positions;
}
