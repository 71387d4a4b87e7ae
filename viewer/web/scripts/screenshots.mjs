// Makes the pictures of docs/viewer.md with the built page and the server of the tests, of the animals of WordNet:
// node scripts/screenshots.mjs DATA_NOUN [PICTURE …]
// With ADDRESS it takes a server that shows the built page, and uploads what it needs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { runnerImport } from "vite";
import { animals } from "./animals.mjs";
import { logins } from "./logins.mjs";

const out = new URL("../../../docs/images/viewer/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });
const [noun, ...wanted] = process.argv.slice(2);
const wants = (...names) => wanted.length === 0 || names.some((name) => wanted.includes(name));
let dataset = "animals";
/** Branches of a tree keep apart from each other. */
const layout = "&strongGravity=True&gravity=0.02";
let { ADDRESS: address } = process.env;
let mock;
if (!address) {
  const { module } = await runnerImport(new URL("../tests/mock/server.ts", import.meta.url).pathname);
  mock = new module.Mock({ animals: animals(noun), ...module.samples() });
  address = await mock.listen();
} else if (wanted.some((name) => !["time", "events"].includes(name)) || wanted.length === 0) {
  const { nodes, sources, targets, name } = animals(noun);
  const cell = (v) => (/[",\n]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : String(v));
  const ids = nodes.get("id");
  const rows = (columns) => Array.from({ length: columns[0].length }, (_, i) => columns.map((c) => cell(c[i])).join(","));
  const form = new FormData();
  form.append("nodes", new Blob([[[...nodes.keys()].join(","), ...rows([...nodes.values()])].join("\n")]), "nodes.csv");
  form.append("edges", new Blob([["source,target,relation", ...rows([[...sources].map((u) => ids[u]), [...targets].map((u) => ids[u]), [...sources].map(() => "is a")])].join("\n")]), "edges.csv");
  const made = await (await fetch(`${address}/api/v1/datasets?${new URLSearchParams({ name, directed: "true" })}`, { method: "POST", body: form })).json();
  if (!made.id) throw new Error(JSON.stringify(made));
  dataset = made.id;
}
const browser = await chromium.launch({
  executablePath: process.env.GRAPHLUME_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(120_000);
page.on("pageerror", (error) => console.error(error));
const get = (text) => page.evaluate(`(() => { const app = globalThis.graphlume; return ${text}; })()`);
const until = async (text) => {
  for (let i = 0; i < 1500 && !(await get(text)); i++) await page.waitForTimeout(100);
};
const still = async () => {
  let last;
  for (let i = 0; i < 40; i++) {
    const now = JSON.stringify(await get("[app.viewer.view.camera.x, app.viewer.view.camera.scale, app.viewer.view.renderer.data.time, app.viewer.view.x(0)]"));
    if (now === last) break;
    last = now;
    await page.waitForTimeout(500);
  }
};
// Small files of the same look: the browser writes WebP, which its screenshots are not.
const small = await browser.newPage();
const keep = async (name, png) => {
  const url = await small.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.88);
  }, png.toString("base64"));
  const bytes = Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
  writeFileSync(`${out}${name}.webp`, bytes);
  console.log(`${name}: ${Math.round(bytes.length / 1024)} KiB`);
};
const shot = async (name) => {
  if (!wants(name)) return;
  await page.mouse.move(520, 24);
  await still();
  // All edges, finely: a picture that moves shows less.
  await until("!app.viewer.view.isMoving && app.viewer.view.renderer.edges.drawn < 0 && !app.viewer.view.renderer.edges.isStale");
  await page.waitForTimeout(400);
  await keep(name, await page.screenshot());
};
const panel = (name) => page.getByRole("button", { name: new RegExp(`^${name} `) }).click();

const panels = async () => {
  await page.goto(`${address}/`);
  await page.getByRole("heading", { name: "Graphs" }).waitFor();
  await page.waitForTimeout(800);
  if (wants("home")) await keep("home", await page.screenshot());
  await page.goto(`${address}/?dataset=${dataset}&node_color=class${layout}`);
  await until("app?.viewer.stream && app.viewer.stream.state === 'settled'");
  await get("app.viewer.view.fit(false)");
  await shot("graph");
  await panel("Layout");
  await shot("layout");
  await panel("Appearance");
  await page.getByLabel("Size by").first().selectOption("names");
  await page.waitForTimeout(1500);
  await get(`app.viewer.view.zoomTo([...app.viewer.view.graph.within([${called("oscine")}], 3, 'in').nodes])`);
  await page.waitForTimeout(1500);
  await shot("appearance");
  await get("app.viewer.encode('node_size', undefined)");
  await get("app.viewer.view.fit(false)");
  await panel("Histograms");
  const bars = page.locator("[data-column='nodes:depth'] svg.bars");
  await bars.waitFor();
  await bars.scrollIntoViewIfNeeded();
  const box = await bars.boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.62, box.y + 20, { steps: 5 });
  await page.mouse.up();
  await page.waitForTimeout(1500);
  await shot("histograms");
  await panel("Filters");
  await get("app.viewer.update({ filters: [] })");
  await page.getByLabel("Expression", { exact: true }).first().fill("class IN ('bird', 'mammal') AND depth < 12");
  await page.getByRole("button", { name: "Only these" }).click();
  await page.waitForTimeout(1200);
  await shot("filters");
  await get("app.viewer.update({ filters: [] })");
  await page.getByRole("button", { name: "Close Filters" }).click();
  await get(`app.viewer.selectNeighbors(2, Uint32Array.of(${called("insect")}), "in")`);
  // The first selection of a page opens the panel by itself.
  if (!(await page.getByRole("complementary", { name: "Selection" }).isVisible())) await panel("Selection");
  await page.waitForTimeout(500);
  await page.getByRole("button", { name: "Zoom to" }).click();
  await page.waitForTimeout(1500);
  await shot("selection");
  // An edge of it, with what leads to its ends.
  await get(`app.viewer.select(new Uint32Array(0), Uint32Array.of((() => { let found = 0; app.viewer.view.graph.forEach(${called("beetle")}, "out", (_, e) => (found = e)); return found; })()))`);
  await page.waitForTimeout(500);
  await page.getByRole("button", { name: "Zoom to" }).click();
  await page.waitForTimeout(1500);
  await get("app.viewer.view.zoom(0.4)");
  await page.waitForTimeout(1500);
  await shot("edge");
  await get("app.viewer.select(new Uint32Array(0))");
  const close = page.getByRole("button", { name: "Close Selection" });
  if (await close.isVisible()) await close.click();
  await page.locator(".picture").focus();
  await page.keyboard.press("i");
  await page.locator(".inspector th button", { hasText: "names" }).click();
  await page.locator("th[aria-sort=ascending]").waitFor();
  await page.locator(".inspector th button", { hasText: "names" }).click();
  await page.locator("th[aria-sort=descending]").waitFor();
  await page.locator(".inspector tbody tr").first().waitFor();
  await get("app.viewer.view.fit(false)");
  await shot("inspector");
  await page.keyboard.press("i");
  await get("app.viewer.set({ theme: 'light' })");
  await panel("Saved views");
  await page.getByLabel("Keep what is seen now").fill("All animals, light");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator(".view-open img").waitFor();
  await get("app.viewer.view.fit(false)");
  await shot("views");
};
const called = (name) => `[...app.viewer.view.order].find((u) => app.viewer.view.names.get(u) === "${name}")`;
if (wanted.some((name) => !["collections", "time", "events", "case", "case-editor"].includes(name)) || wanted.length === 0) await panels();

// Collections, of the mock's own kinds.
if (wants("collections")) {
  const set = (name, node_color) => ({ type: "set", id: name, name: `${name}s`, node_color, expr: { type: "gfql_chain", gfql: [{ type: "Node", filter_dict: { class: name } }] } });
  const collections = JSON.stringify([set("bird", "#e69f00"), set("mammal", "#56b4e9"), set("insect", "#cc79a7")]);
  await page.goto(`${address}/?dataset=${dataset}${layout}&theme=dark&collectionsGlobalNodeColor=4a5160&collections=${encodeURIComponent(collections)}`);
  await until("app?.viewer.collections.length === 3 && app.viewer.stream?.state === 'settled'");
  await get("app.viewer.view.fit(false)");
  await shot("collections");
}

// WordNet has no times: events, dropped on the first page.
if (wants("time", "events")) {
  await page.goto(`${address}/`);
  await page.locator("input[type=file]").setInputFiles({ name: "sign-ins.csv", mimeType: "text/csv", buffer: Buffer.from(logins()) });
  await page.getByRole("form", { name: "Columns" }).waitFor();
  await page.waitForTimeout(400);
  const asked = await page.locator(".drop").boundingBox();
  if (wants("events")) await keep("events", await page.screenshot({ clip: { x: asked.x - 16, y: asked.y - 16, width: asked.width + 32, height: asked.height + 32 } }));
  await page.getByRole("button", { name: "Make the graph" }).click();
  await page.waitForURL("**/?dataset=*");
  await until("app?.viewer.stream && app.viewer.stream.state === 'settled'");
  const told = page.getByRole("button", { name: "Dismiss" });
  if (await told.isVisible()) await told.click();
  const time = page.locator(".timebar svg.bars");
  await time.waitFor();
  const bar = await time.boundingBox();
  await page.mouse.move(bar.x + bar.width * 0.84, bar.y + 20);
  await page.mouse.down();
  await page.mouse.move(bar.x + bar.width * 0.93, bar.y + 20, { steps: 5 });
  await page.mouse.up();
  await get("app.viewer.set({ prune_orphans: true, theme: 'dark' })");
  await page.waitForTimeout(1500);
  await get("app.viewer.view.fit(false)");
  await shot("time");
}

// The page of a case, whose answers are those of a server for the template `logins`.
if (!process.env.ADDRESS && wants("case", "case-editor")) {
  const { caseAnswers } = await import("./case-answers.mjs");
  const { data, answer } = caseAnswers();
  mock.datasets.set("logins", data);
  const dist = new URL("../dist/", import.meta.url);
  const types = { html: "text/html", js: "text/javascript", css: "text/css" };
  await page.route(/\/case\/[^?]*/, (route) => {
    const file = /\/case\/(cases\.(?:js|css))$/.exec(new URL(route.request().url()).pathname)?.[1] ?? "cases.html";
    return route.fulfill({ contentType: types[file.split(".")[1]], body: readFileSync(new URL(file, dist), "utf8") });
  });
  await page.route(/\/api\/v1\/(cases|case-|files)/, (route) => route.fulfill({ json: answer(new URL(route.request().url()).pathname.replace("/api/v1/", "")) }));
  await page.route(/\/graph\/graph\.html/, (route) => route.fulfill({ status: 302, headers: { location: `${address}/?dataset=logins&theme=dark&embed=true&node_color=type&showPointsOfInterest=True` } }));
  await page.setViewportSize({ width: 1280, height: 1000 });
  await page.goto(`${address}/case/logins?account=cy&since=2026-01-01&hops=4&run=1`);
  await page.getByText("Done in").waitFor();
  await page.frameLocator("iframe").getByText(/settled ·/).waitFor();
  await page.waitForTimeout(4000);
  await keep("case", await page.screenshot());
  await page.setViewportSize({ width: 1280, height: 1100 });
  await page.getByText("Edit the case").click();
  await page.locator(".forms > li").nth(3).locator("summary").click();
  await page.locator(".editor").evaluate((one) => one.scrollIntoView());
  await page.waitForTimeout(500);
  const side = await page.locator(".side").boundingBox();
  await keep("case-editor", await page.screenshot({ clip: { ...side, width: side.width } }));
  await page.setViewportSize({ width: 1280, height: 800 });
}

// Pages of anomaly detection, of a server that has some experiments: EXPERIMENT names one of them.
const { EXPERIMENT } = process.env;
if (EXPERIMENT) {
  await page.evaluate(() => localStorage.removeItem("graphlume.theme"));
  const plain = async (name, path, ready) => {
    await page.goto(`${address}${path}`);
    await page.getByText(ready, { exact: false }).first().waitFor();
    await page.waitForTimeout(900);
    await keep(name, await page.screenshot());
  };
  await plain("experiments", "/experiments", "experiments");
  await plain("experiment", `/experiments/${EXPERIMENT}`, "Area under the ROC");
  await page.goto(`${address}/leaderboard`);
  const ranked = page.locator("section.card-wide").filter({ has: page.locator("svg.cd-picture") }).first();
  await ranked.waitFor();
  await page.setViewportSize({ width: 1120, height: 1300 });
  await keep("leaderboard", await ranked.screenshot());
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${address}/experiments/${EXPERIMENT}`);
  await page.getByRole("button", { name: "Open in the graph view" }).click();
  await until("app?.viewer.stream?.state === 'settled' || app?.viewer.iteration > 300");
  await get("app.viewer.stream.send({ type: 'pause' })");
  await page.waitForTimeout(3000);
  await get("app.viewer.view.fit(false)");
  await shot("scores");
}
await browser.close();
await mock?.close();
