/**
 * node run.mjs [--nodes 20000] [--edges 40000] [--libraries graphlume,sigma,…] [--repetitions 1] [--shift 0]
 *              [--stages pan,zoom,move,point] [--ms 4000] [--frames 6] [--longest 60] [--silent 120] [--out FILE]
 *
 * Draws one graph with several libraries, one after another, each in a Chromium of its own without a graphics card, and
 * appends a line of JSON for each to FILE. Each stage takes --ms milliseconds, or --frames frames if those take longer,
 * but no frame begins after --longest seconds. A library that draws nothing for --silent seconds is ended, and that is
 * written down with what was measured before. Pictures go to out/. GRAPHLUME_CHROMIUM names the browser.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
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
    longest: { type: "string", default: "60" },
    silent: { type: "string", default: "120" },
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
/** Processor time that a process and all below it have taken, ms; 0 where there is no /proc. */
function cpuOf(root) {
  if (!existsSync("/proc/self/stat")) return 0;
  const all = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // The name of a program may hold anything, and ends with the last parenthesis.
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      all.set(Number(pid), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (pid) => {
    for (let at = pid; at > 1; at = all.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  let ticks = 0;
  for (const [pid, one] of all) if (isBelow(pid)) ticks += one.ticks;
  return 10 * ticks;
}

const silent = 1000 * Number(given.silent);
const version = (name) => JSON.parse(readFileSync(`${here}node_modules/${name}/package.json`, "utf8")).version;
const versions = { sigma: version("sigma"), cosmos: version("@cosmos.gl/graph"), deck: version("@deck.gl/core"), chromium: "" };
/** A page that has drawn nothing for too long. */
class Silent extends Error {}
const n = Number(given.nodes);
const m = Number(given.edges);
let failed = 0;

for (let k = 0; k < Number(given.repetitions); k++) {
  // Each time another one begins: none always has the quietest or warmest moment.
  const shift = (k + Number(given.shift)) % libraries.length;
  for (const name of [...libraries.slice(shift), ...libraries.slice(0, shift)]) {
    const host = await chromium.launchServer({
      executablePath,
      args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
    });
    const browser = await chromium.connect(host.wsEndpoint());
    versions.chromium = browser.version();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 });
    const page = await context.newPage();
    page.setDefaultTimeout(0);
    page.on("pageerror", (error) => console.error(`${name}: ${error.message}`));
    let told = Date.now();
    let stage = "first";
    let known = { name, n, m };
    await page.exposeBinding("tellBench", (_, what) => {
      told = Date.now();
      stage = what.stage ?? stage;
      known = what.result ?? known;
      return what.cpu ? cpuOf(host.process().pid) : 0;
    });
    let silence;
    const tooLong = new Promise((_, fail) => {
      silence = setInterval(() => {
        if (Date.now() - told > silent) fail(new Silent());
      }, 500);
    });
    tooLong.catch(() => {});
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
      told = Date.now();
      const measured = page.evaluate((settings) => window.measure(settings), {
        n, m, radius: 2, stages: given.stages.split(",").filter(Boolean),
        limits: { warm: 1, least: Number(given.frames), most: 60, points: 3, ms: Number(given.ms), longest: 1000 * Number(given.longest), silent },
      });
      measured.catch(() => {});
      let result;
      try {
        result = await Promise.race([measured, tooLong]);
        const after = await heap();
        // The graph itself, that the page holds for all libraries alike, is in both of heap and buffers.
        Object.assign(result, { heap: after.heap - before.heap, buffers: after.buffers - before.buffers });
        await page.screenshot({ path: `${out}${name}-${n}.png` });
      } catch (error) {
        if (!(error instanceof Silent)) throw error;
        result = { ...known, over: stage, silent: silent / 1000 };
      }
      Object.assign(result, { versions, cores: cpus().length });
      appendFileSync(given.out, `${JSON.stringify(result)}\n`);
      const ms = (key) => (result.over === key ? `> ${given.silent} s` : result[key] ? `${result[key].median.toFixed(1)} (${result[key].p95.toFixed(1)}, cpu ${result[key].cpu?.toFixed(0) ?? "-"}, ${result[key].frames ?? result[key].of} frames${result[key].edges ? `, ${result[key].edges} edges` : ""})` : "-");
      const first = result.over === "first" ? `> ${given.silent} s` : result.first?.toFixed(0);
      console.log(`${result.name}: first ${first}, pan ${ms("pan")}, zoom ${ms("zoom")}, move ${ms("move")}, point ${ms("point")} ms, ${((result.heap + result.buffers) / 2 ** 20).toFixed(1)} MiB, ink ${result.ink?.toFixed(3)}`);
    } catch (error) {
      failed++;
      console.error(`${name}: ${stage}: ${error.message.split("\n")[0]}`);
    }
    clearInterval(silence);
    // A page that draws for minutes does not close.
    await host.kill();
  }
}
server.close();
process.exitCode = failed > 0 ? 1 : 0;
