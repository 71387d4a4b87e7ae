/**
 * node run.mjs [--nodes 20000] [--edges 40000] [--libraries graphlume,sigma,…] [--repetitions 1] [--shift 0]
 *              [--stages pan,zoom,move,point] [--ms 4000] [--frames 6] [--out FILE]
 *
 * Draws one graph with several libraries, one after another in one Chromium without a graphics card, and appends a
 * line of JSON for each to FILE. Each stage takes --ms milliseconds, or --frames frames if those take longer. Pictures go to out/. GRAPHLUME_CHROMIUM names the browser.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const ALL = ["graphlume", "graphlume-whole", "sigma", "cosmos", "deck"];
const { values: given } = parseArgs({
  options: {
    nodes: { type: "string", default: "20000" },
    edges: { type: "string", default: "40000" },
    libraries: { type: "string", default: ALL.join(",") },
    repetitions: { type: "string", default: "1" },
    shift: { type: "string", default: "0" },
    stages: { type: "string", default: "pan,zoom,move,point" },
    ms: { type: "string", default: "4000" },
    frames: { type: "string", default: "6" },
    out: { type: "string", default: "out/results.jsonl" },
  },
});
const libraries = given.libraries.split(",");
for (const name of libraries) {
  if (!ALL.includes(name)) throw new Error(`there is no library ${name}: ${ALL.join(", ")}`);
}
const here = new URL(".", import.meta.url).pathname;
const out = `${here}out/`;
mkdirSync(out, { recursive: true });

const entries = [...new Set(libraries.map((name) => name.split("-")[0]))];
const built = await build({
  entryPoints: entries.map((name) => `${here}libraries/${name}.js`),
  bundle: true,
  write: false,
  outdir: out,
  format: "iife",
  minify: true,
  target: "es2022",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "error",
});
const files = new Map(built.outputFiles.map((file) => [file.path.slice(file.path.lastIndexOf("/") + 1), file.text]));

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const script = files.get(pathname.slice(1));
  response.setHeader("Content-Type", script === undefined ? "text/html" : "text/javascript");
  response.end(
    script ??
      `<!doctype html><meta charset=utf-8><title>bench</title>
       <style>html, body { margin: 0; background: #0d1017 } #graph { position: absolute; inset: 0; overflow: hidden } #graph > canvas { position: absolute; inset: 0 }</style>
       <div id=graph></div><script src="${pathname.slice(1)}.js"></script>`,
  );
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const address = `http://127.0.0.1:${server.address().port}`;

const executablePath = [process.env.GRAPHLUME_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
const version = (name) => JSON.parse(readFileSync(`${here}node_modules/${name}/package.json`, "utf8")).version;
const versions = { sigma: version("sigma"), cosmos: version("@cosmos.gl/graph"), deck: version("@deck.gl/core"), chromium: browser.version() };
const n = Number(given.nodes);
const m = Number(given.edges);
let failed = 0;

for (let k = 0; k < Number(given.repetitions); k++) {
  // Each time another one begins: none always has the quietest or warmest moment.
  const shift = (k + Number(given.shift)) % libraries.length;
  for (const name of [...libraries.slice(shift), ...libraries.slice(0, shift)]) {
    if (!browser.isConnected()) throw new Error("the browser ended");
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 });
    const page = await context.newPage();
    page.setDefaultTimeout(230_000);
    page.on("pageerror", (error) => console.error(`${name}: ${error.message}`));
    const [library, variant] = name.split("-");
    await page.goto(`${address}/${library}${variant ? `?${variant}` : ""}`);
    await page.waitForFunction(() => typeof window.measure === "function");
    const devtools = await context.newCDPSession(page);
    const heap = async () => {
      await devtools.send("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize } = await devtools.send("Runtime.getHeapUsage");
      return { heap: usedSize, buffers: backingStorageSize };
    };
    try {
      const before = await heap();
      const result = await page.evaluate((settings) => window.measure(settings), {
        n, m, radius: 2, stages: given.stages.split(",").filter(Boolean),
        limits: { warm: 1, least: Number(given.frames), most: 60, points: 3, ms: Number(given.ms) },
      });
      const after = await heap();
      // The graph itself, that the page holds for all libraries alike, is in both of heap and buffers.
      Object.assign(result, { heap: after.heap - before.heap, buffers: after.buffers - before.buffers, versions, cores: cpus().length });
      await page.screenshot({ path: `${out}${name}-${n}.png` });
      appendFileSync(given.out, `${JSON.stringify(result)}\n`);
      const ms = (x) => (x ? `${x.median.toFixed(1)} (${x.p95.toFixed(1)})` : "-");
      console.log(`${result.name}: first ${result.first.toFixed(0)}, pan ${ms(result.pan)}, zoom ${ms(result.zoom)}, move ${ms(result.move)}, point ${ms(result.point)} ms, ${((result.heap + result.buffers) / 2 ** 20).toFixed(1)} MiB, ink ${result.ink.toFixed(3)}`);
    } catch (error) {
      failed++;
      console.error(`${name}: ${error.message.split("\n")[0]}`);
      await page.screenshot({ path: `${out}${name}-${n}-failed.png` }).catch(() => {});
    }
    await context.close();
  }
}
await browser.close();
server.close();
process.exitCode = failed > 0 ? 1 : 0;
