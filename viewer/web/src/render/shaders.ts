/**
 * The programs of the graphics processor.
 *
 * Positions, colors, sizes and flags of nodes lie in textures, one texel a node, and edges fetch what they need of
 * their ends: a step of the layout is one upload, whatever the number of edges.
 */

/** Texels in a row of every texture: a power of two, so that places are shifts and masks. */
export const ROW_BITS = 11;

const COMMON = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp sampler2D;
#define ROW_BITS ${ROW_BITS}u
#define HIDDEN 1u
#define SELECTED 2u
#define NEAR 4u
#define PINNED 8u
ivec2 texel(uint i) { return ivec2(int(i & ((1u << ROW_BITS) - 1u)), int(i >> ROW_BITS)); }
`;

const NODE_DATA = `
#ifdef GRID
uniform usampler2D uFrom;
uniform usampler2D uTo;
#else
uniform sampler2D uFrom;
uniform sampler2D uTo;
#endif
uniform vec3 uFromGrid;   // low x, low y, layout units per place
uniform vec3 uToGrid;
uniform float uTime;      // 0: at uFrom, 1: at uTo
uniform vec4 uView;       // center x, y; clip units per layout unit x, y
uniform sampler2D uColor;
uniform sampler2D uSize;
uniform usampler2D uFlags;
uniform vec2 uRadius;     // device pixels per unit of size; smallest radius
vec2 place(uint i) {
  ivec2 t = texel(i);
  vec2 to = uToGrid.xy + vec2(texelFetch(uTo, t, 0).xy) * uToGrid.z;
  if (uTime >= 1.0) return to;
  return mix(uFromGrid.xy + vec2(texelFetch(uFrom, t, 0).xy) * uFromGrid.z, to, uTime);
}
vec2 clip(vec2 p) { return (p - uView.xy) * uView.zw; }
uint flagsOf(uint i) { return texelFetch(uFlags, texel(i), 0).r; }
float radiusOf(uint i) { return max(uRadius.y, texelFetch(uSize, texel(i), 0).r * uRadius.x); }
`;

export const NODE_VERTEX = (defines: string): string => `${COMMON}${defines}${NODE_DATA}
layout(location = 0) in uint aNode;
uniform float uDim;       // opacity of what is neither selected nor near, when something is
uniform float uOpacity;
uniform uint uOnly;       // draw only nodes with one of these flags; 0: all
out vec4 vColor;
flat out float vRadius;
flat out uint vFlags;
flat out uint vNode;
void main() {
  uint f = flagsOf(aNode);
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  vNode = aNode; vFlags = f; vRadius = 0.0; vColor = vec4(0.0);
  if ((f & HIDDEN) != 0u || (uOnly != 0u && (f & uOnly) == 0u)) return;
  float r = radiusOf(aNode);
#ifdef PICK
  r = max(r, uOpacity) + 1.0;
#endif
  vRadius = r;
  vColor = texelFetch(uColor, texel(aNode), 0);
  vColor.a *= uOpacity;
  if ((f & (SELECTED | NEAR)) == 0u) vColor.a *= uDim;
  gl_Position = vec4(clip(place(aNode)), 0.0, 1.0);
  float ring = (f & SELECTED) != 0u ? 4.0 + r * 0.15 : 0.0;
  gl_PointSize = 2.0 * (r + ring) + 3.0;
}`;

export const NODE_FRAGMENT = (defines: string): string => `${COMMON}${defines}
in vec4 vColor;
flat in float vRadius;
flat in uint vFlags;
flat in uint vNode;
#ifdef PICK
layout(location = 0) out uint oId;
void main() {
  float ring = (vFlags & SELECTED) != 0u ? 4.0 + vRadius * 0.15 : 0.0;
  vec2 d = (gl_PointCoord - 0.5) * (2.0 * (vRadius + ring) + 3.0);
  if (dot(d, d) > vRadius * vRadius) discard;
  oId = vNode + 1u;
}
#else
uniform vec3 uBorder;     // color of outlines
uniform vec3 uRing;       // color of the ring of selected nodes
uniform vec2 uOutline;    // share of the radius; most, device pixels
out vec4 oColor;
void main() {
  float ring = (vFlags & SELECTED) != 0u ? 4.0 + vRadius * 0.15 : 0.0;
  float d = length((gl_PointCoord - 0.5) * (2.0 * (vRadius + ring) + 3.0));
  float inside = clamp(vRadius + 0.5 - d, 0.0, 1.0);
  float line = min(vRadius * uOutline.x, uOutline.y);
  float core = line < 0.35 ? inside : clamp(vRadius - line + 0.5 - d, 0.0, 1.0);
  // A breath of light from above makes discs lie on the edges instead of in them.
  vec3 lit = vColor.rgb * (1.0 + 0.07 * (0.5 - gl_PointCoord.y));
  vec3 rgb = mix(uBorder, lit, core);
  float a = inside * vColor.a;
  if (ring > 0.0) {
    float width = 1.5 + vRadius * 0.06;
    float band = clamp(width * 0.5 + 0.5 - abs(d - vRadius - 1.5 - width * 0.5), 0.0, 1.0);
    rgb = mix(rgb, uRing, band * (1.0 - inside));
    a = max(a, band * vColor.a);
  }
  if (a <= 0.002) discard;
  oColor = vec4(rgb * a, a);
}
#endif`;

/** Icons: a second pass over nodes that have one and are large enough to show it. */
export const ICON_VERTEX = (defines: string): string => `${COMMON}${defines}${NODE_DATA}
layout(location = 0) in uint aNode;
uniform usampler2D uIcon;
uniform float uDim;
uniform float uLeast;     // radius from which on icons are seen, device pixels
uniform vec3 uAtlas;      // cells in a row, cells in a column, 0
out vec4 vColor;
flat out vec2 vCell;
void main() {
  uint f = flagsOf(aNode);
  uint icon = texelFetch(uIcon, texel(aNode), 0).r;
  float r = radiusOf(aNode);
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  vColor = vec4(0.0); vCell = vec2(0.0);
  if (icon == 0u || (f & HIDDEN) != 0u || r < uLeast) return;
  uint columns = uint(uAtlas.x);
  vCell = vec2(float((icon - 1u) % columns), float((icon - 1u) / columns));
  vec3 c = texelFetch(uColor, texel(aNode), 0).rgb;
  // Dark on light and light on dark, whichever is easier to see.
  float light = dot(c * c, vec3(0.3, 0.59, 0.11));
  float a = smoothstep(uLeast, uLeast * 1.4, r);
  if ((f & (SELECTED | NEAR)) == 0u) a *= uDim;
  vColor = light > 0.34 ? vec4(0.04, 0.05, 0.08, 0.88 * a) : vec4(1.0, 1.0, 1.0, 0.95 * a);
  gl_Position = vec4(clip(place(aNode)), 0.0, 1.0);
  gl_PointSize = 1.36 * r;
}`;

export const ICON_FRAGMENT = `${COMMON}
in vec4 vColor;
flat in vec2 vCell;
uniform sampler2D uGlyphs;
uniform vec3 uAtlas;
out vec4 oColor;
void main() {
  vec4 g = texture(uGlyphs, (vCell + gl_PointCoord) / uAtlas.xy);
  // Cells with colors of their own (pictures, emoji) have blue where masks have none.
  float isPicture = step(0.5, uAtlas.z) * step(0.02, g.b + g.r);
  float a = g.a * vColor.a;
  if (a < 0.01) discard;
  oColor = isPicture > 0.0 ? vec4(g.rgb * vColor.a, a) : vec4(vColor.rgb * a, a);
}`;

const EDGE_DATA = `
uniform usampler2D uEdges;
#ifdef EDGE_FLAGS
uniform usampler2D uEdgeFlags;
#endif
#ifdef EDGE_COLOR
uniform sampler2D uEdgeColor;
#endif
uniform uvec2 uPart;      // draws edges uPart.x + k * uPart.y
uniform float uWeight;    // edges that each stands for
uniform vec2 uHalf;       // half of the viewport, device pixels
uniform vec2 uFade;       // length from which on edges fade, device pixels; how far down
float fade(float pixels) { return uFade.y + (1.0 - uFade.y) * min(1.0, uFade.x / max(pixels, 1.0)); }
bool isHidden(uint e, uint fs, uint ft) {
#ifdef EDGE_FLAGS
  if ((texelFetch(uEdgeFlags, texel(e), 0).r & HIDDEN) != 0u) return true;
#endif
  return ((fs | ft) & HIDDEN) != 0u;
}
vec4 edgeColor(uint e, uint node) {
#ifdef EDGE_COLOR
  return texelFetch(uEdgeColor, texel(e), 0);
#else
  return vec4(texelFetch(uColor, texel(node), 0).rgb, 1.0);
#endif
}
`;

/** Thin lines, two vertices an edge, no attributes at all. */
export const LINE_VERTEX = (defines: string): string => `${COMMON}${defines}${NODE_DATA}${EDGE_DATA}
flat out uint vEdge;
out vec4 vColor;
void main() {
  uint e = uPart.x + (uint(gl_VertexID) >> 1u) * uPart.y;
  uvec2 ends = texelFetch(uEdges, texel(e), 0).xy;
  bool first = (gl_VertexID & 1) == 0;
  uint me = first ? ends.x : ends.y;
  uint other = first ? ends.y : ends.x;
  vEdge = e;
  vColor = vec4(0.0);
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  if (ends.x == ends.y || isHidden(e, flagsOf(me), flagsOf(other))) return;
  vec2 a = clip(place(me)), b = clip(place(other));
  gl_Position = vec4(a, 0.0, 1.0);
  vec4 c = edgeColor(e, me);
  vColor = vec4(c.rgb, c.a * uWeight * fade(length((b - a) * uHalf)));
}`;

/** Bands with smooth sides: for widths, curves and arrows. One instance an edge. */
export const BAND_VERTEX = (defines: string): string => `${COMMON}${defines}${NODE_DATA}${EDGE_DATA}
#ifdef LIST
layout(location = 0) in uint aEdge;
#endif
#ifdef EDGE_WIDTH
uniform sampler2D uEdgeWidth;
#endif
uniform vec4 uBand;       // device pixels: width per unit, least half width; curvature; least length of heads, 0 without
uniform float uSegments;
flat out uint vEdge;
out vec4 vColor;
out vec2 vAcross;         // distance from the middle, half width
void main() {
#ifdef LIST
  uint e = aEdge;
#else
  uint e = uPart.x + uint(gl_InstanceID) * uPart.y;
#endif
  uvec2 ends = texelFetch(uEdges, texel(e), 0).xy;
  vEdge = e;
  vColor = vec4(0.0); vAcross = vec2(0.0, 1.0);
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  if (isHidden(e, flagsOf(ends.x), flagsOf(ends.y))) return;
  vec2 a = clip(place(ends.x)) * uHalf, b = clip(place(ends.y)) * uHalf;
  float width = uBand.x;
#ifdef EDGE_WIDTH
  width *= texelFetch(uEdgeWidth, texel(e), 0).r;
#endif
  float hw = max(uBand.y, 0.5 * width);
  float rs = radiusOf(ends.x), rt = radiusOf(ends.y);
  vec2 c0, c1, c2, c3;    // a cubic curve
  vec2 ab = b - a;
  float len = length(ab);
  bool loop = ends.x == ends.y;
  if (loop) {
    float s = 2.2 * rs + 6.0;
    c0 = a; c3 = a;
    c1 = a + vec2(-1.1, 1.6) * s; c2 = a + vec2(1.1, 1.6) * s;
    len = 3.0 * s;
  } else {
    if (len < 0.01) return;
    vec2 side = vec2(ab.y, -ab.x) * uBand.z;
    c0 = a; c3 = b;
    c1 = a + ab * 0.3 + side; c2 = b - ab * 0.3 + side;
  }
  float t0 = 0.0, t1 = 1.0;
  float head = uBand.w > 0.0 ? max(5.0 * hw + 4.0, uBand.w) : 0.0;
  if (loop) head = 0.0;
  // Room for the head, but never more than half of the edge.
  if (head > 0.0) {
    head = min(head, 0.5 * max(len - rt, 0.0));
    t1 = 1.0 - min(0.9, (rt + head * 0.9) / len);
  }
  float t; float v;
#ifdef ARROW
  if (head < 2.0) return;
  // The head: corners 0 and 1 at its back, 2 its tip.
  float tip = 1.0 - min(0.95, (rt + 0.5) / len);
  t = gl_VertexID == 2 ? tip : 1.0 - min(0.95, (rt + head) / len);
  v = gl_VertexID == 2 ? 0.0 : (gl_VertexID == 0 ? -1.0 : 1.0);
  hw = gl_VertexID == 2 ? 0.0 : head * 0.36;
#else
  float k = float(gl_VertexID >> 1);
  t = mix(t0, t1, k / uSegments);
  v = (gl_VertexID & 1) == 0 ? -1.0 : 1.0;
#endif
  float s = 1.0 - t;
  vec2 p = s*s*s*c0 + 3.0*s*s*t*c1 + 3.0*s*t*t*c2 + t*t*t*c3;
  vec2 d = 3.0*s*s*(c1-c0) + 6.0*s*t*(c2-c1) + 3.0*t*t*(c3-c2);
  vec2 normal = normalize(vec2(-d.y, d.x) + vec2(1e-6, 0.0));
#ifdef ARROW
  vAcross = vec2(0.0, 1.0);
  p += normal * v * hw;
#else
  float reach = hw + 0.75;
  vAcross = vec2(v * reach, hw);
  p += normal * v * reach;
#endif
  gl_Position = vec4(p / uHalf, 0.0, 1.0);
  vec4 from = edgeColor(e, ends.x), to = edgeColor(e, ends.y);
  vec4 c = mix(from, to, t);
  vColor = vec4(c.rgb, c.a * uWeight * fade(len));
#ifdef ARROW
  vColor.a *= 2.0;
#endif
}`;

export const EDGE_FRAGMENT = (defines: string): string => `${COMMON}${defines}
flat in uint vEdge;
in vec4 vColor;
#ifdef BAND
in vec2 vAcross;
#endif
#ifdef PICK
layout(location = 0) out uint oId;
void main() { oId = vEdge | 0x80000000u; }
#else
uniform float uStrength;
#ifdef LIST
uniform vec4 uTint;       // a color over that of the edge, and how much of it
#endif
out vec4 oColor;
void main() {
  float w = vColor.a * uStrength;
  vec3 rgb = vColor.rgb;
#ifdef LIST
  w = mix(w, uStrength * step(0.001, vColor.a), uTint.a);
  rgb = mix(rgb, uTint.rgb, uTint.a);
#endif
#ifdef BAND
  w *= clamp(vAcross.y + 0.5 - abs(vAcross.x), 0.0, 1.0);
#endif
  oColor = vec4(rgb * w, w);
}
#endif`;

/** One triangle over the whole target. */
export const COVER_VERTEX = `${COMMON}
out vec2 vAt;
void main() {
  vec2 p = vec2(float((gl_VertexID & 1) << 2), float((gl_VertexID & 2) << 1)) - 1.0;
  vAt = p * 0.5 + 0.5;
  gl_Position = vec4(p, 0.0, 1.0);
}`;

/**
 * From the layers of edges on a pixel to their color: opacity grows with the logarithm of their number, as in
 * pictures (viewer/src/image/tone.rs), and where they lie densest they glow, or on a light ground gather ink.
 */
export const COMPOSE_FRAGMENT = `${COMMON}
in vec2 vAt;
uniform sampler2D uLayers;
uniform vec4 uTone;       // opacity per logarithm; highest; factor of lightness; glow
uniform float uDimEdges;
uniform float uIsLogarithmic;
out vec4 oColor;
void main() {
  vec4 layers = texture(uLayers, vAt);
  if (layers.a <= 0.0) discard;
  vec3 rgb = layers.rgb / layers.a;
  float a = uIsLogarithmic > 0.5 ? min(uTone.y, uTone.x * log(1.0 + 4.0 * layers.a)) : layers.a;
  rgb = clamp(rgb * uTone.z + uTone.w * a * a, 0.0, 1.0);
  a *= uDimEdges;
  oColor = vec4(rgb * a, a);
}`;
