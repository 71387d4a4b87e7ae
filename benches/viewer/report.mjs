/** node report.mjs [FILE …]: a table in Markdown of what run.mjs wrote; medians over its repetitions. */
import { readFileSync } from "node:fs";

const files = process.argv.length > 2 ? process.argv.slice(2) : [new URL("out/results.jsonl", import.meta.url).pathname];
const rows = files.flatMap((file) => readFileSync(file, "utf8").trim().split("\n")).map((line) => JSON.parse(line));
const median = (values) => {
  const sorted = values.filter((v) => v !== undefined).sort((a, b) => a - b);
  return sorted.length === 0 ? undefined : sorted[Math.floor((sorted.length - 1) / 2)];
};
const number = (x) => (x === undefined ? "–" : x < 10 ? x.toFixed(1) : x.toFixed(0));
for (const n of [...new Set(rows.map((r) => r.n))].sort((a, b) => a - b)) {
  const here = rows.filter((r) => r.n === n);
  const { m, versions } = here[0];
  console.log(`\n${n.toLocaleString("en")} nodes, ${m.toLocaleString("en")} edges; sigma ${versions.sigma}, cosmos.gl ${versions.cosmos}, deck.gl ${versions.deck}, Chromium ${versions.chromium}\n`);
  console.log("| | first picture, ms | pan, ms (p95), processor | zoom | moving | pointing | memory, MiB | repetitions |");
  console.log("|---|--:|--:|--:|--:|--:|--:|--:|");
  for (const name of [...new Set(here.map((r) => r.name))]) {
    const of = here.filter((r) => r.name === name);
    const stage = (key) => {
      const x = median(of.map((r) => r[key]?.median));
      const cpu = median(of.map((r) => r[key]?.cpu));
      const over = of.find((r) => r.over === key);
      if (x === undefined) return over ? `> ${over.silent} s` : "–";
      return `${number(x)} (${number(median(of.map((r) => r[key]?.p95)))})${cpu ? `, ${number(cpu)}` : ""}`;
    };
    const memory = median(of.map((r) => (r.heap === undefined ? undefined : (r.heap + r.buffers) / 2 ** 20)));
    const first = of.some((r) => r.over === "first") ? `> ${of.find((r) => r.over === "first").silent} s` : number(median(of.map((r) => r.first)));
    console.log(`| ${name} | ${first} | ${stage("pan")} | ${stage("zoom")} | ${stage("move")} | ${stage("point")} | ${number(memory)} | ${of.length} |`);
  }
}
