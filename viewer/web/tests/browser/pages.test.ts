import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { planted } from "../mock/graphs";
import { Mock } from "../mock/server";
import { executable, get, launch, open, until } from "./browser";

const require = createRequire(import.meta.url);

describe.skipIf(!executable)("the pages beside the graph", { timeout: 120_000 }, () => {
  let browser: Browser;
  let mock: Mock;
  let at: string;

  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    mock = new Mock({ small: { ...planted(300, 700), name: "small" } });
    at = await mock.listen();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await mock.close();
  });

  const names = (page: Page): Promise<string[]> => page.locator(".graph-link strong").allTextContents();

  it("list graphs by pages, search and order them, and keep that in the address", async () => {
    for (let i = 0; i < 44; i++) mock.datasets.set(`g${i}`, { ...planted(20 + i, 30, i + 1), name: `graph ${String(i).padStart(2, "0")}` });
    const page = await open(browser, `${at}/`);
    await page.getByText("1 – 20 of 45 graphs").waitFor();
    expect((await names(page)).length).toBe(20);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("21 – 40 of 45 graphs").waitFor();
    await page.getByLabel("Order").selectOption("name");
    await expect.poll(async () => (await names(page))[0]).toBe("graph 00");
    await page.getByLabel("Search graphs").fill("graph 4");
    await expect.poll(() => names(page)).toEqual(["graph 40", "graph 41", "graph 42", "graph 43"]);
    expect(page.url()).toContain("q=graph+4");
    await page.reload();
    await expect.poll(() => names(page)).toEqual(["graph 40", "graph 41", "graph 42", "graph 43"]);
    await page.getByLabel("Search graphs").fill("nothing");
    await page.getByText("No graph is called so.").waitFor();
    await page.goBack();
    expect(page.problems).toEqual([]);
  });

  it("say what to do where there is nothing", async () => {
    mock.datasets.clear();
    mock.has.experiments = false;
    const page = await open(browser, `${at}/`);
    await page.getByText("No graphs yet").waitFor();
    expect(await page.getByRole("link", { name: "Experiments" }).count()).toBe(0);
    await page.goto(`${at}/experiments`);
    await page.getByRole("heading", { name: "This server shows no experiments" }).waitFor();
  });

  it("name graphs anew, and delete them when that is meant", async () => {
    const page = await open(browser, `${at}/`);
    await page.getByRole("button", { name: "Rename small" }).click();
    const dialog = page.getByRole("dialog", { name: "Rename small" });
    await dialog.getByLabel("Name").fill("<b>large</b>");
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => names(page)).toEqual(["<b>large</b>"]);
    expect(mock.datasets.get("small")!.name).toBe("<b>large</b>");
    await page.getByRole("button", { name: "Delete <b>large</b>" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(mock.datasets.size).toBe(1);
    await page.getByRole("button", { name: "Delete <b>large</b>" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No graphs yet").waitFor();
    expect(mock.datasets.size).toBe(0);
    expect(page.problems).toEqual([]);
  });

  it("say who may see a graph, where there are accounts", async () => {
    mock.has.accounts = true;
    const page = await open(browser, `${at}/`);
    await page.getByText("ann").waitFor();
    await page.getByRole("button", { name: "Share small" }).click();
    const dialog = page.getByRole("dialog", { name: "Share small" });
    await dialog.getByText("There are no links.").waitFor();
    await dialog.getByLabel("Who may see it").selectOption("public");
    await page.locator(".mode-public").waitFor();
    expect(mock.modes.get("small")).toBe("public");
    await dialog.getByLabel("For whom, as a note").fill("bob@example.org");
    await dialog.getByRole("button", { name: "Make a link" }).click();
    expect(await dialog.getByRole("textbox", { name: "The link" }).inputValue()).toBe(`${at}/graph/graph.html?dataset=small&share=s3cret`);
    await dialog.getByText("bob@example.org").waitFor();
    expect(mock.shares[0]).toMatchObject({ email: "bob@example.org", can_edit: false });
    expect(Number(mock.shares[0]!.expires_at)).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect(page.problems).toEqual([]);
  });

  it("show one's account: keys, password, organizations", async () => {
    const page = await open(browser, `${at}/account`);
    await page.getByRole("heading", { name: "This server has no accounts" }).waitFor();
    mock.has.accounts = true;
    await page.goto(`${at}/`);
    await page.getByRole("link", { name: "ann" }).click();
    await page.getByText("There are no keys.").waitFor();
    expect(new URL(page.url()).pathname).toBe("/account");
    await page.getByLabel("What it is for").fill("notebooks");
    await page.getByRole("button", { name: "Make a key" }).click();
    expect(await page.getByRole("textbox", { name: "Secret" }).inputValue()).toBe("s3cret");
    await page.getByRole("button", { name: "Delete the key notebooks" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("There are no keys.").waitFor();
    expect(mock.keys).toEqual([]);
    const [old, fresh, again] = ["Password", "New password", "Once more"].map((label) => page.getByLabel(label, { exact: true }).and(page.locator("input"))) as [Locator, Locator, Locator];
    await old.fill("wrong");
    await fresh.fill("long enough");
    await again.fill("long enouhg");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText("the new passwords are not the same").waitFor();
    expect(mock.requests.some((r) => r.includes("/me/password"))).toBe(false);
    await again.fill("long enough");
    await old.fill("right one");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText("the password is changed").waitFor();
    await page.getByText("Members").click();
    await page.getByText("ann (leads it), bob").waitFor();
    expect(page.problems).toEqual([]);
  });

  it("take several files, of which one has the nodes", async () => {
    const page = await open(browser, `${at}/`);
    const folder = await mkdtemp(join(tmpdir(), "graphlume-"));
    await writeFile(join(folder, "calls.csv"), "source,target\na,b\nb,c\n");
    await writeFile(join(folder, "calls-nodes.csv"), "id,kind\na,x\nb,y\nc,x\n");
    const [request] = await Promise.all([
      page.waitForRequest((r) => r.method() === "POST" && r.url().includes("/datasets")),
      page.locator("input[type=file]").setInputFiles([join(folder, "calls-nodes.csv"), join(folder, "calls.csv")]),
    ]);
    expect(request.url()).toContain("name=calls.csv");
    expect(request.headers()["content-type"]).toContain("multipart/form-data");
    // The browser tells no bodies with files in them: the server of the tests has it.
    await expect.poll(() => mock.lastUpload).toMatch(/name="nodes"; filename="calls-nodes.csv"[\s\S]*name="edges"; filename="calls.csv"/);
  });

  it("ask which columns are the ends of edges, and let that be changed", async () => {
    const page = await open(browser, `${at}/`);
    const drop = (name: string, text: string): Promise<void> => page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await drop("calls.csv", "time,who,whom,weight\n1,a,b,2\n2,b,c,3\n");
    const form = page.getByRole("form", { name: "Columns" });
    const [from, to, weight] = ["From", "To", "Weight"].map((label) => form.getByLabel(label, { exact: true })) as [Locator, Locator, Locator];
    expect(await Promise.all([from, to, weight].map((one) => one.inputValue()))).toEqual(["who", "whom", "weight"]);
    await to.selectOption("who");
    await form.getByText("one column cannot be two of these").waitFor();
    await to.selectOption("time");
    await weight.selectOption("");
    await form.getByLabel("Edges have a direction").check();
    const posted = (): Promise<Request> => page.waitForRequest((r) => r.method() === "POST" && r.url().includes("/datasets?"));
    const said = (request: Request): Record<string, string> => Object.fromEntries(new URL(request.url()).searchParams);
    const [request] = await Promise.all([posted(), form.getByRole("button", { name: "Make the graph" }).click()]);
    expect(said(request)).toEqual({ name: "calls.csv", source: "who", target: "time", unweighted: "true", directed: "true" });
    await page.waitForURL("**/?dataset=*");
    const first = new URL(page.url()).searchParams.get("dataset")!;
    await page.getByText("calls.csv: edges from who to time").waitFor();
    await page.getByRole("button", { name: "Change" }).click();
    expect(await to.inputValue()).toBe("time");
    await to.selectOption("whom");
    const [again] = await Promise.all([posted(), form.getByRole("button", { name: "Make the graph" }).click()]);
    expect(said(again).target).toBe("whom");
    await page.getByText("calls.csv: edges from who to whom").waitFor();
    expect(mock.datasets.has(first)).toBe(false);
    expect(page.problems).toEqual([]);
  });

  it("take a table of events for what its rows link", async () => {
    const page = await open(browser, `${at}/`);
    const rows = Array.from({ length: 30 }, (_, i) => `${i},${1_700_000_000 + 600 * i},u${i % 7},10.0.0.${i % 9},dev-${i % 6},${["in", "out"][i % 2]}`);
    await page.locator("input[type=file]").setInputFiles({ name: "logins.csv", mimeType: "text/csv", buffer: Buffer.from(["event_id,ts,user,ip,device,action", ...rows].join("\n")) });
    const form = page.getByRole("form", { name: "Columns" });
    const events = form.getByLabel("an event that links the entities in these columns");
    expect(await events.isChecked()).toBe(true);
    const linked = form.getByRole("group", { name: "Linked columns" });
    const chosen = (): Promise<string[]> => linked.locator("label:has(input:checked)").allTextContents();
    expect(await chosen()).toEqual(["user", "ip", "device"]);
    // An edge is what it was before; of one column alone nothing is linked.
    await form.getByLabel("an edge between two columns").check();
    expect([await form.getByLabel("From", { exact: true }).inputValue(), await form.getByLabel("To", { exact: true }).inputValue()]).toEqual(["user", "ip"]);
    await events.check();
    await linked.getByLabel("ip").uncheck();
    await linked.getByLabel("device").uncheck();
    await form.getByText("an event links two columns at least").waitFor();
    expect(await form.getByRole("button", { name: "Make the graph" }).isDisabled()).toBe(true);
    await linked.getByLabel("ip").check();
    const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
    await page.evaluate(axe);
    expect(await page.evaluate(async () => (await (window as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }).axe.run()).violations.map((v) => v.id))).toEqual([]);
    const asked = (path: RegExp, method: string): Promise<Request> => page.waitForRequest((r) => r.method() === method && path.test(r.url()));
    const [link, seen, gone] = await Promise.all([asked(/files\/f1\/hypergraph$/, "POST"), asked(/datasets\/up\d+$/, "PATCH"), asked(/files\/f1$/, "DELETE"), form.getByRole("button", { name: "Make the graph" }).click()]);
    expect(link.postDataJSON()).toEqual({ options: { entity_types: ["user", "ip"], direct: true }, name: "logins" });
    expect(seen.postDataJSON()).toEqual({ url_params: { node_color: "category", node_label: "nodeTitle" } });
    await gone.response();
    expect(mock.files.size).toBe(0);
    await page.waitForURL("**/?dataset=*");
    await page.getByText("logins.csv: each row links user and ip").waitFor();
    await page.getByRole("button", { name: "Change" }).click();
    expect(await chosen()).toEqual(["user", "ip"]);
    expect(page.problems).toEqual([]);
  });

  it("make a graph of each file, and send again without what was refused", async () => {
    const page = await open(browser, `${at}/`);
    const file = (name: string): { name: string; mimeType: string; buffer: Buffer } => ({ name, mimeType: "text/csv", buffer: Buffer.from("source,target\na,b\nb,c\n") });
    await page.locator("input[type=file]").setInputFiles([file("karate.csv"), file("dolphins.csv")]);
    await page.getByText("2 graphs made: karate.csv (edges from source to target), dolphins.csv (edges from source to target).").waitFor();
    expect(await names(page)).toEqual(expect.arrayContaining(["karate.csv", "dolphins.csv"]));
    const posts: string[] = [];
    await page.route("**/api/v1/datasets?name=*", (route) => {
      posts.push(new URL(route.request().url()).search);
      const refused = (message: string): Promise<void> => route.fulfill({ status: 400, json: { error: { code: "invalid", message } } });
      if (posts.length === 1) return refused("line 3 has weight -10 in column `weight`; weights must be at least 0 and finite as f32");
      if (posts.length === 2) return refused("line 4 has no value in id column `target`; drop such rows or fill them, or upload with `?drop_null=true`, which drops them");
      return route.continue();
    });
    await page.locator("input[type=file]").setInputFiles(file("bad.csv"));
    await page.getByText("bad.csv: line 3 has weight -10").waitFor();
    await page.getByRole("button", { name: "Ignore the weights" }).click();
    await page.getByText("bad.csv: line 4 has no value in id column `target`", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Leave such rows out" }).click();
    await page.waitForURL("**/?dataset=*");
    expect(posts).toEqual(["?name=bad.csv", "?name=bad.csv&unweighted=true", "?name=bad.csv&unweighted=true&drop_null=true"]);
  });

  it("show experiments as they go on, and start and stop them", async () => {
    const page = await open(browser, `${at}/experiments`);
    await page.getByText("25 experiments").waitFor();
    await page.getByLabel("State").selectOption("active");
    await page.getByText("1 of 25 experiments").waitFor();
    await page.getByRole("link", { name: "scan" }).click();
    await page.getByText("epoch 2: loss 0.73").waitFor();
    expect(page.url()).toContain("/experiments/exp__scan__uci");
    mock.log += "epoch 3: löss 0.61\n";
    await page.getByText("epoch 3: löss 0.61").waitFor();
    // What is there is not fetched again.
    expect(await page.locator(".log").textContent()).toBe(mock.log);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Stop it" }).click();
    await page.locator(".state-stopped").waitFor();
    await page.getByRole("button", { name: "Run again" }).click();
    const dialog = page.getByRole("dialog", { name: "New experiment" });
    expect(await dialog.getByLabel("Method").inputValue()).toBe("scan");
    // It is filled with what was run.
    expect(await dialog.getByLabel("k", { exact: true }).inputValue()).toBe("9");
    expect(await dialog.getByLabel("Seed").inputValue()).toBe("5");
    expect(await dialog.getByLabel("Dataset").inputValue()).toBe("uci");
    await dialog.getByLabel("k", { exact: true }).fill("7");
    await dialog.getByLabel("Seed").fill("3");
    const [request] = await Promise.all([page.waitForRequest((r) => r.method() === "POST" && r.url().endsWith("/experiments")), dialog.getByRole("button", { name: "Start" }).click()]);
    expect(request.postDataJSON()).toEqual({ method: "scan", dataset: "uci", parameters: { k: "7" }, seed: 3 });
    await page.waitForURL("**/experiments/exp__scan__new__20261122_000000");
    expect(page.problems).toEqual([]);
  });

  it("let nothing be started that cannot work", async () => {
    const page = await open(browser, `${at}/methods`);
    await page.getByRole("button", { name: "Run midas" }).click();
    const dialog = page.getByRole("dialog", { name: "New experiment" });
    // No dataset of the tests has times.
    await dialog.getByText("midas needs times of edges, which uci has not").or(dialog.getByText("midas needs times of edges, which books has not")).waitFor();
    expect(await dialog.getByRole("button", { name: "Start" }).isDisabled()).toBe(true);
    expect(await dialog.getByLabel("start", { exact: true }).getAttribute("placeholder")).toBe("");
    await dialog.getByLabel("Method").selectOption("lof");
    await expect.poll(() => dialog.getByRole("button", { name: "Start" }).isDisabled()).toBe(false);
    expect(page.problems).toEqual([]);
  });

  it("show what an experiment is worth, and its scores in the graph", async () => {
    const page = await open(browser, `${at}/experiments/exp__lof__disney__20261111_110000`);
    await page.getByText("0.7832").waitFor();
    const plot = page.locator("figure.plot img").first();
    await expect.poll(() => plot.evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
    expect(await plot.getAttribute("alt")).toBe("Receiver operating characteristic");
    await page.getByRole("button", { name: "Open in the graph view" }).click();
    await until(page, "app?.viewer.scene?.n_nodes === 300", "the graph is shown");
    await page.goBack();
    await page.getByText("0.7832").waitFor();
    await page.goto(`${at}/experiments/exp__lof__nothing__1`);
    await page.getByRole("heading", { name: "This cannot be shown" }).waitFor();
  });

  it("rank methods, and say which differences count", async () => {
    const page = await open(browser, `${at}/leaderboard`);
    const first = (): Promise<string | null> => page.locator("table.board tbody th").first().textContent();
    await page.locator("svg.cd-picture").waitFor();
    expect(await first()).toBe("scan");
    expect(await page.locator("svg.cd-picture").getAttribute("aria-label")).toContain("scan 1.00, oddball 2.00");
    expect(await page.locator("svg.cd-picture .bar").count()).toBe(3);
    await page.getByRole("button", { name: "enron" }).click();
    expect(await page.locator("th[aria-sort=descending]").textContent()).toBe("enron");
    await page.getByLabel("Metric").selectOption("average_precision");
    await page.getByText("0.307").first().waitFor();
    expect(page.url()).toContain("metric=average_precision");
    expect(page.problems).toEqual([]);
  });

  it("list methods and datasets, with what is in them", async () => {
    const page = await open(browser, `${at}/methods`);
    await page.getByText("6 methods").waitFor();
    await page.getByLabel("Search methods").fill("stream");
    await page.getByText("1 of 6 methods").waitFor();
    await page.getByText("3 parameters").click();
    await page.getByRole("button", { name: "Run midas" }).click();
    expect(await page.getByRole("dialog").getByLabel("Method").inputValue()).toBe("midas");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    mock.requests.length = 0;
    await page.getByRole("link", { name: "Datasets" }).click();
    await page.getByText("5 datasets").waitFor();
    await page.getByText("What is in it").nth(1).click();
    await page.getByText("124, 6 of them anomalies").waitFor();
    expect(mock.requests.filter((r) => r.includes("/gad/datasets/"))).toEqual(["GET /api/v1/gad/datasets/bundled%3Adisney"]);
    await page.getByRole("button", { name: "Experiments" }).first().click();
    expect(page.problems).toEqual([]);
  });

  it("keep views on the server, with pictures, names and links", async () => {
    const page = await open(browser, `${at}/?dataset=small&play=0`);
    await until(page, "app?.viewer.scene");
    await get(page, "app.viewer.update({ filters: [{ id: 'f1', table: 'nodes', expression: 'degree > 4', exclude: false, enabled: true }] })");
    await page.getByRole("button", { name: /^Saved views/ }).click();
    await page.getByLabel("Keep what is seen now").fill("busy ones");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.locator(".view-open img").waitFor();
    expect(mock.views.get("small")![0]).toMatchObject({ name: "busy ones", state: { version: 1 } });
    expect(Buffer.from(mock.views.get("small")![0]!.picture!, "base64").subarray(0, 3).toString("hex")).toBe("ffd8ff");
    await page.locator(".views li").hover();
    await page.getByRole("button", { name: "Copy a link to busy ones" }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toContain("view=v1");
    const other = await open(browser, link);
    await until(other, "app?.viewer.state.filters[0]?.expression === 'degree > 4'", "the view is shown to somebody else");
    await page.locator(".views li").hover();
    await page.getByRole("button", { name: "Rename busy ones" }).click();
    await page.getByLabel("New name").fill("hubs");
    await page.getByLabel("New name").press("Enter");
    await page.getByRole("button", { name: "hubs", exact: true }).waitFor();
    expect(mock.views.get("small")![0]!.name).toBe("hubs");
    await page.locator(".views li").hover();
    await page.getByRole("button", { name: "Delete view hubs" }).click();
    await page.getByText("No views are saved yet.").waitFor();
    const gone = await open(browser, link);
    await gone.getByText("the saved view is not shown").waitFor();
    await until(gone, "app?.viewer.scene", "the graph is shown all the same");
    expect(page.problems).toEqual([]);
  });

  it("draw collections, switch them off, and say which are none", async () => {
    const set = (id: string, kind: string, node_color: string): object => ({ type: "set", id, name: `all ${kind}`, node_color, expr: { type: "gfql_chain", gfql: [{ type: "Node", filter_dict: { kind } }] } });
    const collections = JSON.stringify([set("ip", "ip", "#ff0000"), set("user", "user", "#00ff00"), { type: "set", id: "bad", name: "bad", expr: { type: "gfql_chain", gfql: [{ type: "Edge" }] } }]);
    const page = await open(browser, `${at}/?dataset=small&play=0&collectionsGlobalNodeColor=0000ff&collections=${encodeURIComponent(collections)}`);
    await until(page, "app?.viewer.collections.length === 3", "collections are found");
    const colors = async (): Promise<Record<string, number>> => {
      const all = await get<number[][]>(page, "Array.from({ length: 300 }, (_, u) => app.viewer.view.renderer.data.colorOf(u))");
      const tally: Record<string, number> = {};
      for (const c of all) tally[c.join()] = (tally[c.join()] ?? 0) + 1;
      return tally;
    };
    const kinds = mock.datasets.get("small")!.nodes.get("kind") as string[];
    const n = (kind: string): number => kinds.filter((k) => k === kind).length;
    expect(await colors()).toEqual({ "255,0,0": n("ip"), "0,255,0": n("user"), "0,0,255": 300 - n("ip") - n("user") });
    await page.getByText("collection bad: the first step is no condition on nodes").waitFor();
    await page.getByLabel("Color all ip").uncheck();
    await until(page, "app.viewer.collectionsOff.has('ip')");
    expect((await colors())["255,0,0"]).toBeUndefined();
    await page.getByRole("button", { name: /^all user/ }).click();
    expect(await get(page, "app.viewer.state.selection.length")).toBe(n("user"));
    await page.getByRole("button", { name: /^Undo/ }).click();
    await page.getByRole("button", { name: /^Undo/ }).click();
    expect((await colors())["255,0,0"]).toBe(n("ip"));
  });

  it("act on the words of an address", async () => {
    const page = await open(browser, `${at}/?dataset=small&play=0&left=-50&right=50&top=40&bottom=-40&info=false&showActions=false&shortenLabels=false&labelOpacity=0.5&showPointsOfInterestLabel=false&logoUrl=/graphlume.css&logoPosition=top-left&logoAutoInvert=true`);
    await until(page, "app?.viewer.scene");
    const seen = await get<number[]>(page, "(() => { const c = app.viewer.view.camera; return [c.toPlaneX(app.viewer.view.inset.left), c.toPlaneX(c.width - app.viewer.view.inset.right), c.toPlaneY(0), c.toPlaneY(c.height)]; })()");
    expect(seen[0]).toBeLessThanOrEqual(-50);
    expect(seen[1]).toBeGreaterThanOrEqual(50);
    expect(Math.max(seen[1]! - seen[0]!, seen[2]! - seen[3]!)).toBeLessThan(260);
    expect(await page.locator(".counts").isVisible()).toBe(false);
    expect(await page.locator(".tools").isVisible()).toBe(false);
    expect(await get(page, "[app.viewer.view.labelStyle.opacity, app.viewer.view.labelLength, app.viewer.view.showLabels]")).toEqual([0.5, 200, false]);
    expect(await page.locator(".logo").getAttribute("class")).toBe("logo at-top at-left inverted");
  });

  it("can be used without seeing or a mouse, as far as a program can tell, light and dark", async () => {
    mock.has.accounts = true;
    const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
    const check = async (page: Page, where: string): Promise<void> => {
      const violations = await page.evaluate(async () => {
        const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> } };
        return (await axe.run()).violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
      });
      expect(violations, where).toEqual([]);
    };
    for (const theme of ["dark", "light"] as const) {
      const page = await open(browser, `${at}/`);
      await page.evaluate((t) => localStorage.setItem("graphlume.theme", t), theme);
      for (const [path, ready] of [["/", "300 nodes"], ["/experiments", "25 experiments"], ["/experiments/exp__lof__disney__20261111_110000", "0.7832"], ["/experiments/exp__degree__hubs__20261110_130000", "KeyError"], ["/leaderboard", "CD ="], ["/account", "There are no keys."], ["/methods", "6 methods"], ["/datasets", "5 datasets"]] as const) {
        await page.goto(`${at}${path}`);
        await page.getByText(ready, { exact: false }).first().waitFor();
        // Not as a script of the page, whose policy lets no foreign one in.
        await page.evaluate(axe);
        for (const summary of await page.locator("summary").all()) await summary.click();
        await check(page, `${path}, ${theme}`);
      }
      await page.goto(`${at}/`);
      await page.getByRole("button", { name: "Share small" }).click();
      await page.getByText("There are", { exact: false }).first().waitFor();
      await page.evaluate(axe);
      await check(page, `sharing, ${theme}`);
      await page.getByRole("button", { name: "Close" }).click();
      await page.goto(`${at}/experiments?new=lof`);
      await page.getByRole("dialog").waitFor();
      await page.evaluate(axe);
      await check(page, `starting, ${theme}`);
      await page.close();
    }
  });
});
