/**
 * node upload.mjs GRAPHLUME FILE [--out FILE] [--bundle FILE]
 *
 * Starts the server (the program GRAPHLUME), drops FILE on its page in Chromium, and says what passes between the end
 * of the upload and the first picture.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: given, positionals: [program, file] } = parseArgs({ allowPositionals: true, options: { out: { type: "string" }, bundle: { type: "string" } } });
if (!file) throw new Error("usage: node upload.mjs GRAPHLUME FILE [--out FILE] [--bundle FILE]");
const data = mkdtempSync(join(tmpdir(), "graphlume-bench-"));
const port = 8971;
const server = spawn(program, ["-q", "serve", "--bind", `127.0.0.1:${port}`, "--data", data], { stdio: ["ignore", "ignore", "inherit"] });
const address = `http://127.0.0.1:${port}`;
for (let i = 0; i < 100; i++) {
  if (await fetch(`${address}/health`).then((r) => r.ok, () => false)) break;
  await new Promise((done) => setTimeout(done, 100));
}
const executablePath = [process.env.GRAPHLUME_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(120_000);
page.on("pageerror", (error) => console.error(error.message));
if (given.bundle) await page.route("**/graphlume.js", (route) => route.fulfill({ path: given.bundle, contentType: "text/javascript" }));
await page.addInitScript(() => {
  const marks = (globalThis.marks = {});
  const mark = (name) => (marks[name] ??= performance.timeOrigin + performance.now());
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...body) {
    this.upload.addEventListener("load", () => mark("sent"));
    this.addEventListener("load", () => mark("answered"));
    return send.apply(this, body);
  };
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    const isScene = String(request[0]?.url ?? request[0]).includes("/scene");
    if (isScene) mark("scene asked");
    const response = await fetch(...request);
    if (isScene) {
      mark("scene begins");
      const { arrayBuffer } = response;
      response.arrayBuffer = async () => {
        const bytes = await arrayBuffer.call(response);
        mark("scene read");
        marks.sceneBytes ??= bytes.byteLength;
        return bytes;
      };
    }
    return response;
  };
  const listen = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage");
  Object.defineProperty(WebSocket.prototype, "onmessage", {
    ...listen,
    set(tell) {
      listen.set.call(this, (event) => {
        if (typeof event.data !== "string") mark("first positions");
        tell(event);
      });
    },
  });
  const draw = WebGL2RenderingContext.prototype.drawArrays;
  WebGL2RenderingContext.prototype.drawArrays = function (kind, first, count) {
    draw.call(this, kind, first, count);
    // Nodes are drawn last. One pixel read is a picture done.
    if (kind !== this.POINTS || count < 1000 || ("first positions" in marks ? "picture of the layout" : "first picture") in marks) return;
    const frame = this.getParameter(this.FRAMEBUFFER_BINDING);
    if (frame !== null) return;
    this.readPixels(0, 0, 1, 1, this.RGBA, this.UNSIGNED_BYTE, new Uint8Array(4));
    mark("first picture");
    if ("first positions" in marks) mark("picture of the layout");
  };
});
try {
  await page.goto(address);
  const input = page.locator("input[type=file]").first();
  await input.waitFor({ state: "attached" });
  const started = Date.now();
  await input.setInputFiles(file);
  await page.waitForFunction(() => "picture of the layout" in globalThis.marks, null, { polling: 100 });
  const marks = await page.evaluate(() => globalThis.marks);
  const result = { file: basename(file), bytes: statSync(file).size, sceneBytes: marks.sceneBytes, sending: marks.sent - started };
  for (const [name, at] of Object.entries(marks)) if (name !== "sent" && name !== "sceneBytes") result[name] = Math.round(at - marks.sent);
  console.log(JSON.stringify(result, null, 1));
  if (given.out) appendFileSync(given.out, `${JSON.stringify(result)}\n`);
  await page.screenshot({ timeout: 60_000, path: new URL(`out/upload-${basename(file)}.png`, import.meta.url).pathname });
} finally {
  await browser.close();
  server.kill();
  rmSync(data, { recursive: true, force: true });
}
