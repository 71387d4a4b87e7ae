/** A real browser, without a graphics card: Chromium with software WebGL2. */

import { existsSync } from "node:fs";
import { chromium, type Browser, type Frame, type Page } from "playwright-core";

export const executable = [process.env.GRAPHLUME_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executable!, args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"] });
}

/** A page that fails its test on any error of a script. */
export async function open(browser: Browser, url: string, size = { width: 960, height: 640 }): Promise<Page & { problems: string[] }> {
  const context = await browser.newContext({ viewport: size, permissions: ["clipboard-read", "clipboard-write"] });
  const page = Object.assign(await context.newPage(), { problems: [] as string[] });
  page.on("pageerror", (error) => page.problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  await page.goto(url);
  return page;
}

/** Waits until something is true in the page. `app` is the page's viewer. Not by the page's own eval, which its policy forbids. */
export async function until(page: Page | Frame, condition: string, what = condition, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  let last = "";
  while (Date.now() < end) {
    try {
      if (await page.evaluate(`(() => { const app = globalThis.graphlume; return Boolean(${condition}); })()`)) return;
      last = "";
    } catch (error) {
      last = (error as Error).message.split("\n")[0]!;
    }
    await new Promise((done) => setTimeout(done, 60));
  }
  throw new Error(`never came true: ${what}${last && ` (${last})`}`);
}

export async function get<T>(page: Page, expression: string): Promise<T> {
  return page.evaluate(`(() => { const app = globalThis.graphlume; return ${expression}; })()`) as Promise<T>;
}

/** Where a node is on the page. */
export async function placeOf(page: Page, u: number): Promise<{ x: number; y: number }> {
  return get(page, `(() => { const v = app.viewer.view; const b = v.canvas.getBoundingClientRect(); return { x: b.left + v.camera.toScreenX(v.x(${u})), y: b.top + v.camera.toScreenY(v.y(${u})) }; })()`);
}

/** Waits until neither nodes nor camera have moved for half a second. */
export async function still(page: Page): Promise<void> {
  // Of pages that are drawn: on a busy machine a frame may take longer than the pause between two looks.
  const drawn = (): Promise<unknown> => page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))");
  const where = async (): Promise<string> => {
    await drawn();
    return at();
  };
  const at = (): Promise<string> => get(page, "(() => { const v = app.viewer.view; const c = v.camera; return [c.x, c.y, c.scale, v.renderer.data.time, v.x(0), v.y(0)].join(); })()");
  let last = await where();
  for (let i = 0; i < 60; i++) {
    await page.waitForTimeout(500);
    const now = await where();
    if (now === last) return;
    last = now;
  }
  throw new Error(`the picture is never still: ${last}`);
}

/** Share of the picture's pixels that are not the ground. */
export const INK = `(() => { const c = app.viewer.view.picture(1); const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; let ink = 0; for (let i = 0; i < d.length; i += 4) if (Math.abs(d[i] - d[0]) + Math.abs(d[i + 1] - d[1]) + Math.abs(d[i + 2] - d[2]) > 24) ink++; return ink / (d.length / 4); })()`;
