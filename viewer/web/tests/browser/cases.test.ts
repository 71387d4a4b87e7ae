import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { Case, Run, StepReport } from "../../src/cases/types";
import { planted } from "../mock/graphs";
import { Mock } from "../mock/server";
import { executable, launch } from "./browser";

const require = createRequire(import.meta.url);
const dist = new URL("../../dist/", import.meta.url);

const TEXT = "title = 'Around'\n";
const STEPS = `# What the case is for
title = 'Around'

[[step]] # where it begins
name = "logins"
verb = "source"
from = "$logins"

# Who is near
[[step]]
name = "around"
verb = "expand"
from = "logins"
start = ["$account"]   # of the link
hops = 2

[view]
color_by = "type"
`;

const CASE: Case = {
  id: "c1", title: "Around an account", mode: "private", text: TEXT, is_own: true,
  info: {
    title: "Around an account", notes: "Who **else**?\n\n- one\n- `two`\n\n<img src=x onerror=\"globalThis.hurt = 1\"> [bad](javascript:alert(1)) [good](https://example.org/)", result: "around", gives: "graph",
    parameters: [
      { name: "logins", type: "source", description: "The logins", default: "logins.csv", choices: [], min: null, max: null },
      { name: "account", type: "text", description: "The account to begin with", default: null, choices: [], min: null, max: null },
      { name: "hops", type: "integer", description: "How far", default: 2, choices: [], min: 1, max: 6 },
      { name: "direction", type: "text", description: "Which way", default: "both", choices: ["both", "forward"], min: null, max: null },
    ],
    steps: [
      { name: "logins", line: 3, verb: "source", does: "logins.csv", from: [], enabled: true, gives: "table", note: "" },
      { name: "unused", line: 8, verb: "limit", does: "5", from: ["logins"], enabled: false, gives: "table", note: "" },
      { name: "around", line: 12, verb: "expand", does: "2 hops", from: ["logins"], enabled: true, gives: "graph", note: "Through *devices*." },
    ],
  },
};

const LOGINS: StepReport = { name: "logins", place: "logins.csv", rows_in: null, rows: 11, nodes: null, gives: "table", columns: ["time", "account"], warnings: [], kept: false, duration_secs: 0.0123, head: [["2026-10-01", "ann"], ["2026-10-02", "<b>bob</b>"]] };
const AROUND: StepReport = { name: "around", place: "processor", rows_in: 11, rows: 6, nodes: 5, gives: "graph", columns: ["id", "hops"], warnings: ["no node to start from was found"], kept: false, duration_secs: 1.5, head: [["ann", 0]] };
const BEGUN: Run = { id: "r1", status: "running", current: null, steps: [], n_steps: 0, dataset: null, file: null, error: null };

describe.skipIf(!executable)("the page of cases in a browser", { timeout: 120_000 }, () => {
  let browser: Browser;
  let mock: Mock;
  let at: string;
  /** What the server says of the run, look after look; the last is said again. */
  let looks: Run[];
  let text: string | undefined;
  let asked: { method: string; path: string; body: unknown }[];

  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    mock = new Mock({ small: planted(60, 120) });
    at = await mock.listen();
    looks = [{ ...BEGUN, current: "logins", n_steps: 2 }, { ...BEGUN, current: "around", n_steps: 2, steps: [LOGINS] }, { ...BEGUN, status: "done", n_steps: 2, steps: [LOGINS, AROUND], dataset: "small" }];
    asked = [];
    text = undefined;
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await mock.close();
  });

  async function answer(route: Route): Promise<void> {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace("/api/v1/", "");
    const method = request.method();
    asked.push({ method, path, body: method === "GET" ? null : (request.postDataJSON() as unknown) });
    const json = (body: unknown, status = 200): Promise<void> => route.fulfill({ status, json: body });
    if (path === "cases" && method === "GET") return json({ cases: [{ id: "c1", title: CASE.title, mode: "private", is_own: true, updated_at: 0 }] });
    if (path === "case-templates") return json([{ name: "money", purpose: "where money goes", text: TEXT }]);
    if (path === "case-checks") return json({ error: { code: "invalid", message: "line 2: step `a`: there is no verb `sorce`" } }, 400);
    if (path === "cases/c1/runs") return json(BEGUN, 202);
    if (path === "cases/c1" && method === "PUT") return json({ ...CASE, ...(request.postDataJSON() as object) });
    if (path === "cases" && method === "POST") return json(CASE, 201);
    if (path === "cases/c1" && method === "DELETE") return route.fulfill({ status: 204 });
    if (path === "cases/c1") return json({ ...CASE, text: text ?? CASE.text });
    if (path === "case-runs/r1" && method === "DELETE") {
      looks = [{ ...BEGUN, status: "stopped" }];
      return route.fulfill({ status: 204 });
    }
    if (path === "case-runs/r1") return json(looks.length > 1 ? looks.shift() : looks[0]);
    if (path === "files") return json({ files: [{ id: "f1", name: "logins.csv" }] });
    return json({ error: { code: "not_found", message: `there is no ${path}` } }, 404);
  }

  async function open(path: string, theme: "dark" | "light" = "dark"): Promise<Page & { problems: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ["clipboard-read", "clipboard-write"] });
    const page = Object.assign(await context.newPage(), { problems: [] as string[] });
    await page.addInitScript((theme) => localStorage.setItem("graphlume.theme", theme), theme);
    page.on("pageerror", (error) => page.problems.push(error.message));
    const kinds = { html: "text/html", js: "text/javascript", css: "text/css" };
    await page.route(/\/case\/[^?]*/, async (route) => {
      const file = /\/case\/(cases\.(?:js|css))$/.exec(new URL(route.request().url()).pathname)?.[1] ?? "cases.html";
      await route.fulfill({ contentType: kinds[file.split(".")[1] as keyof typeof kinds], body: await readFile(new URL(file, dist), "utf8") });
    });
    await page.route(/\/api\/v1\/(cases|case-|files)/, answer);
    await page.route(/\/graph\/graph\.html/, (route) => route.fulfill({ status: 302, headers: { location: `${at}/?dataset=small` } }));
    await page.goto(`${at}${path}`);
    return page;
  }

  it("fills in the values of a link, runs, and shows steps and graph", async () => {
    const page = await open("/case/c1?account=ann%20%26%20bob&hops=3&run=1");
    await page.getByText("Done in 1.51 s.").waitFor();
    expect(asked.find((one) => one.path === "cases/c1/runs")?.body).toEqual({ values: { logins: "logins.csv", account: "ann & bob", hops: "3", direction: "both" } });
    const steps = page.locator(".steps > li");
    expect(await steps.count()).toBe(3);
    expect(await steps.nth(0).locator(".counts").textContent()).toBe("11 rows");
    expect(await steps.nth(2).locator(".counts").textContent()).toBe("5 nodes, 6 edges");
    expect(await steps.nth(1).locator(".dot").getAttribute("aria-label")).toBe("off");
    await steps.nth(2).getByText("no node to start from was found").waitFor();
    await steps.nth(0).locator("summary").click();
    // What data holds is text.
    expect(await steps.nth(0).locator("td").allTextContents()).toEqual(["2026-10-01", "ann", "2026-10-02", "<b>bob</b>"]);
    const frame = page.frameLocator("iframe");
    await frame.locator("#graphlume").waitFor();
    expect(page.url()).toContain("account=ann+%26+bob");
    expect(page.problems).toEqual([]);
  });

  it("shows notes as text, and links that lead to the web alone", async () => {
    const page = await open("/case/c1");
    await page.locator(".notes strong").first().waitFor();
    expect(await page.locator(".side > .notes li").allTextContents()).toEqual(["one", "two"]);
    expect(await page.locator(".notes img").count()).toBe(0);
    expect(await page.locator(".notes a").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href))).toEqual(["https://example.org/"]);
    expect(await page.evaluate("globalThis.hurt")).toBeUndefined();
  });

  it("asks for what is missing, stops, and says what went wrong", async () => {
    const page = await open("/case/c1?run=1");
    await page.getByLabel("account", { exact: true }).waitFor();
    // The account is not there: the run of the link does not begin.
    expect(asked.some((one) => one.path.endsWith("runs"))).toBe(false);
    await page.getByRole("button", { name: "Run" }).click();
    expect(asked.some((one) => one.path.endsWith("runs"))).toBe(false);
    looks = [{ ...BEGUN, current: "logins", n_steps: 2 }];
    await page.getByLabel("account", { exact: true }).fill("ann");
    await page.keyboard.press("Enter");
    await page.getByText("Step 1 of 2: logins …").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped.").waitFor();
    looks = [{ ...BEGUN, status: "failed", steps: [LOGINS], n_steps: 2, error: "line 12: step `around`: there is no column `x`" }];
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByText("there is no column `x`").waitFor();
    await page.getByText("Edit the case").click();
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("there is no verb `sorce`").waitFor();
    await page.getByRole("button", { name: "Copy link" }).click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`${at}/case/c1?logins=logins.csv&account=ann&hops=2&direction=both&run=1`);
    expect(page.problems).toEqual([]);
  });

  it("lists cases with what can be done to them, below the links of all pages", async () => {
    const page = await open("/case/");
    await page.getByRole("link", { name: "Experiments" }).waitFor();
    expect(await page.getByRole("link", { name: "Cases" }).getAttribute("aria-current")).toBe("page");
    await page.getByRole("button", { name: "Light or dark" }).click();
    expect(await page.evaluate("document.documentElement.classList.contains('light')")).toBe(true);
    await page.getByRole("button", { name: `Delete ${CASE.title}` }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(asked.some((one) => one.method === "DELETE")).toBe(false);
    await page.getByRole("button", { name: `Delete ${CASE.title}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText(`${CASE.title} is deleted.`).waitFor();
    expect(asked).toContainEqual({ method: "DELETE", path: "cases/c1", body: null });
    await page.locator("input[type=file]").setInputFiles({ name: "mine.toml", mimeType: "text/plain", buffer: Buffer.from(STEPS) });
    await expect.poll(() => asked.find((one) => one.method === "POST")).toEqual({ method: "POST", path: "cases", body: { text: STEPS } });
    expect(page.problems).toEqual([]);
  });

  it("lets others see a case, where there are accounts", async () => {
    mock.has.accounts = true;
    const page = await open("/case/");
    const who = page.getByLabel(`Who may see ${CASE.title}`);
    await who.selectOption("public");
    await expect.poll(() => asked.find((one) => one.method === "PUT")).toEqual({ method: "PUT", path: "cases/c1", body: { mode: "public" } });
  });

  it("says that a graph is old, that nothing was found, and what sources are called", async () => {
    const page = await open("/case/c1?logins=upload%3Af1&account=ann&run=1");
    await page.getByText("Done in 1.51 s.").waitFor();
    expect(await page.getByLabel("logins", { exact: true }).inputValue()).toBe("logins.csv (uploaded)");
    expect(asked.find((one) => one.path === "cases/c1/runs")?.body).toMatchObject({ values: { logins: "upload:f1" } });
    looks = [{ ...BEGUN, status: "failed", steps: [], n_steps: 2, error: "step `logins`: upload:f1 cannot be read" }];
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("logins.csv (uploaded) cannot be read").waitFor();
    await page.getByText("This graph is of the run before: the last one failed.").waitFor();
    // What went wrong is above the next heading, not over it.
    const [status, heading] = await Promise.all([page.locator(".side > .status").boundingBox(), page.getByRole("heading", { name: "Steps" }).boundingBox()]);
    expect(status!.y + status!.height).toBeLessThanOrEqual(heading!.y);
    looks = [{ ...BEGUN, status: "done", n_steps: 2, steps: [LOGINS, { ...AROUND, rows: 0, nodes: 0, head: [] }], dataset: "small" }];
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("Nothing was found: the graph is empty. Try other values.").waitFor();
    expect(await page.locator("iframe").count()).toBe(0);
  });

  it("begins a run at a step, and says what was kept", async () => {
    const page = await open("/case/c1?account=ann&run=1");
    await page.getByText("Done in 1.51 s.").waitFor();
    looks = [{ ...BEGUN, status: "done", n_steps: 2, steps: [{ ...LOGINS, kept: true, duration_secs: 0 }, AROUND] }];
    await page.getByRole("button", { name: "Run from here: around" }).click();
    await page.getByText("Done in 1.50 s. 1 of 2 steps had not changed, and was kept.").waitFor();
    expect(asked.filter((one) => one.path === "cases/c1/runs")[1]?.body).toMatchObject({ from: "around", values: { account: "ann" } });
    await page.getByText("kept from before, logins.csv").waitFor();
    expect(page.problems).toEqual([]);
  });

  it("changes steps by a form, and leaves the rest of the text as it was", async () => {
    text = STEPS;
    const page = await open("/case/c1?account=ann");
    await page.getByText("Edit the case").click();
    const area = page.getByLabel("The case in TOML");
    const forms = page.locator(".forms > li");
    expect(await forms.count()).toBe(2);
    await forms.nth(1).locator("summary").click();
    await forms.nth(1).getByLabel("hops").fill("3");
    await forms.nth(1).getByLabel("direction").selectOption("forward");
    await forms.nth(1).getByLabel("seeds").fill("type = 'account' AND id = \"x\"");
    await forms.nth(1).getByLabel("start").fill("");
    await forms.nth(1).getByLabel("hops").focus();
    const changed = STEPS.replace('start = ["$account"]   # of the link\n', "").replace("hops = 2\n", 'hops = 3\ndirection = "forward"\nseeds = "type = \'account\' AND id = \\"x\\""\n');
    expect(await area.inputValue()).toBe(changed);
    // Another name goes to all who name it.
    await forms.nth(0).locator("summary").click();
    await forms.nth(0).getByLabel("Name").fill("events");
    await forms.nth(0).getByLabel("from").focus();
    expect(await area.inputValue()).toBe(changed.replace('name = "logins"', 'name = "events"').replace('from = "logins"', 'from = "events"'));
    await page.getByLabel("Verb of the new step").selectOption("limit");
    await page.getByRole("button", { name: "Add a step" }).click();
    await forms.nth(2).getByLabel("n", { exact: true }).fill("5");
    await page.getByRole("button", { name: "Earlier: limit" }).click();
    expect(await forms.locator("strong").allTextContents()).toEqual(["events", "limit", "around"]);
    expect(await page.getByRole("button", { name: "Earlier: limit" }).evaluate((button) => button === document.activeElement)).toBe(true);
    await page.getByRole("button", { name: "Remove events" }).click();
    const now = await area.inputValue();
    expect(now).toContain('[[step]]\nname = "limit"\nverb = "limit"\nn = 5\n');
    expect(now).not.toContain("events\"\nverb");
    expect(now).toContain("# Who is near\n[[step]]\nname = \"around\"");
    expect(now.startsWith("# What the case is for\ntitle = 'Around'\n")).toBe(true);
    expect(now).toContain('[view]\ncolor_by = "type"\n');
    // And the form follows the text.
    await area.fill("[[step]]\nname = 'a'\nverb = 'source'\n[[step]]\nverb = 'page_rank'\ndamping = 0.9\n");
    await page.getByText("step-2").waitFor();
    await forms.nth(1).locator("summary").click();
    expect(await forms.nth(1).getByLabel("damping").inputValue()).toBe("0.9");
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByText("Done in 1.51 s.").waitFor();
    expect(asked.find((one) => one.method === "PUT")?.body).toEqual({ text: "[[step]]\nname = 'a'\nverb = 'source'\n[[step]]\nverb = 'page_rank'\ndamping = 0.9\n" });
    expect(page.problems).toEqual([]);
  });

  it("can be used without seeing it", async () => {
    const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
    text = STEPS;
    for (const scheme of ["dark", "light"] as const) {
      looks = [{ ...BEGUN, status: "done", n_steps: 2, steps: [LOGINS, AROUND] }];
      for (const path of ["/case/", "/case/c1?account=ann&run=1"]) {
        const page = await open(path, scheme);
        await page.getByText(path === "/case/" ? "where money goes" : "Done in").first().waitFor();
        for (const details of await page.locator("summary").all()) await details.click();
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => {
          const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> } };
          return (await axe.run()).violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")}`);
        });
        expect(violations, `${path}, ${scheme}`).toEqual([]);
      }
    }
  });
});
