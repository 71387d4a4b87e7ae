// Pictures of the page while a layout settles: node scripts/animation.mjs ADDRESS EDGES NODES FOLDER
// They are taken at even intervals of the layout's own time; docs/pictures/make joins them.
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [address, edges, nodes, folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node scripts/animation.mjs ADDRESS EDGES NODES FOLDER");
mkdirSync(folder, { recursive: true });
const FRAMES = 50;
/** Steps of the layout until a picture: few at first, when much happens. */
const steps = (k) => Math.round(1 + 0.7 * k + 70 * Math.pow(k / FRAMES, 3));

const browser = await chromium.launch({
  executablePath: process.env.GRAPHLUME_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
const page = await browser.newPage({ viewport: { width: 880, height: 560 } });
page.setDefaultTimeout(120_000);
page.on("pageerror", (error) => console.error(error));
const get = (text) => page.evaluate(`(() => { const app = globalThis.graphlume; return ${text}; })()`);
const until = async (text) => {
  for (let i = 0; i < 4000; i++) {
    if (await get(text)) return;
    await page.waitForTimeout(30);
  }
  throw new Error(`never came true: ${text}`);
};

// Dropped on the page, as anybody would.
await page.goto(address);
await page.locator("input[type=file]").first().setInputFiles([edges, nodes]);
await page.waitForURL(/dataset=/);
const dataset = new URL(page.url()).searchParams.get("dataset");
const words = new URLSearchParams({ dataset, menu: "False", node_color: "label", node_size: "degree", pointSize: "1.3", showLabels: "False" });
await page.goto(`${address}/graph/graph.html?${words}`);
await until("app?.viewer.scene && app.viewer.stream?.isOpen");
// Room for the picture: the tools at its side and the legend go.
await get("(() => { for (const part of app.element.querySelectorAll('.legend, .tools')) part.style.display = 'none'; app.viewer.view.inset.right = 8; })()");
// One step, so that it rests at the beginning.
await get("app.viewer.stream.send({ type: 'restart', seed: 3 }) && app.viewer.stream.send({ type: 'step', n: 1 })");
await until("app.viewer.stream.state === 'paused' && app.viewer.iteration < 20");
let camera = null;
for (let k = 0; k < FRAMES; k++) {
  const to = steps(k);
  const from = await get("app.viewer.iteration");
  if (to > from) {
    await get(`app.viewer.stream.send({ type: 'step', n: ${to - from} })`);
    await until(`app.viewer.iteration >= ${to} || app.viewer.stream.state === 'settled'`);
  }
  await until("app.viewer.stream.state !== 'running' && app.viewer.view.renderer.data.time >= 1 && !app.viewer.view.motion.isPending");
  // The camera follows, a little behind, as it does for somebody who looks.
  const goal = await get("(() => { const v = app.viewer.view; v.fit(false); return { x: v.camera.x, y: v.camera.y, scale: v.camera.scale }; })()");
  const s = 0.35;
  camera = camera
    ? { x: camera.x + s * (goal.x - camera.x), y: camera.y + s * (goal.y - camera.y), scale: camera.scale * Math.pow(goal.scale / camera.scale, s) }
    : goal;
  await get(`app.viewer.view.setCamera(${JSON.stringify(camera)}, false)`);
  // At rest every edge is drawn.
  await until("!app.viewer.view.isMoving && app.viewer.view.renderer.stats.edges === app.viewer.view.renderer.stats.of");
  await page.waitForTimeout(120);
  await page.screenshot({ path: `${folder}/${String(k).padStart(3, "0")}.png` });
}
await browser.close();
