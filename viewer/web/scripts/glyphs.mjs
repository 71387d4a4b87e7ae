// Makes src/render/glyphs.ts of the glyphs that pictures have: ../src/image/glyphs.rs.
// node scripts/glyphs.mjs [--check]
import { readFileSync, writeFileSync } from "node:fs";

const from = new URL("../../src/image/glyphs.rs", import.meta.url);
const to = new URL("../src/render/glyphs.ts", import.meta.url);

/** The text of the TypeScript file. */
export function translate(rust) {
  const source = rust.split("#[cfg(test)]")[0];
  const shapes = new Map();
  for (const [, name, body] of source.matchAll(/const ([A-Z_]+): Glyph\s*=\s*(&\[[\s\S]*?);\n/g)) {
    // Rust's literal is JSON but for `&`, tuples and the names of parts.
    const json = body
      .replace(/&/g, "")
      .replace(/(Block|Oval)\(([^()]*)\)/g, '["$1",$2]')
      .replace(/Shape\(\[([\s\S]*?)\]\)/g, (_, points) => `["Shape",${points.replace(/\(/g, "[").replace(/\)/g, "]")}]`)
      .replace(/,\s*([\]])/g, "$1")
      .replace(/(\d)\.0\b/g, "$1");
    shapes.set(name, JSON.parse(json).map((layer) => layer.map(path).join("")));
  }
  const names = [...source.matchAll(/\(\s*&\[([\s\S]*?)\],\s*([A-Z_]+),?\s*\)/g)].map(([, list, name]) => {
    if (!shapes.has(name)) throw new Error(`glyph ${name} has no shape`);
    return [[...list.matchAll(/"(.*?)"/g)].map((m) => m[1]).join(" "), shapes.get(name)];
  });
  if (names.length < 30) throw new Error(`only ${names.length} glyphs were found`);
  const lines = names.map(([list, layers]) => `  [${JSON.stringify(list)}, ${JSON.stringify(layers)}],`);
  return (
    "// Made by scripts/glyphs.mjs of viewer/src/image/glyphs.rs: change that.\n\n" +
    "/** Names of each glyph, and its layers as paths on a square of 24 units, each filled by the even-odd rule. */\n" +
    `export const GLYPHS: readonly (readonly [string, readonly string[]])[] = [\n${lines.join("\n")}\n];\n`
  );
}

function path([kind, ...v]) {
  if (kind === "Block") return `M${v[0]} ${v[1]}H${v[2]}V${v[3]}H${v[0]}Z`;
  if (kind === "Oval") {
    const [x, y, rx, ry] = v;
    return `M${x - rx} ${y}A${rx} ${ry} 0 1 0 ${x + rx} ${y}A${rx} ${ry} 0 1 0 ${x - rx} ${y}Z`.replace(/\d+\.\d{6,}/g, (n) => String(+(+n).toFixed(3)));
  }
  return `M${v.map((p) => p.join(" ")).join("L")}Z`;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const text = translate(readFileSync(from, "utf8"));
  if (process.argv[2] === "--check") {
    if (readFileSync(to, "utf8") !== text) throw new Error("src/render/glyphs.ts is not what scripts/glyphs.mjs makes");
  } else writeFileSync(to, text);
}
