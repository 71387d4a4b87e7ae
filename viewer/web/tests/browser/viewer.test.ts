import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { fromCsv, planted } from "../mock/graphs";
import { Mock } from "../mock/server";
import { executable, get, INK, launch, open, placeOf, still, until } from "./browser";

const require = createRequire(import.meta.url);

describe.skipIf(!executable)("the viewer in a browser", { timeout: 120_000 }, () => {
  let browser: Browser;
  let mock: Mock;
  let at: string;

  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    mock = new Mock({ small: planted(300, 700) });
    at = await mock.listen();
  });
  // Pages that nobody looks at would draw on.
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await mock.close();
  });

  const small = (more = ""): string => `${at}/?dataset=small${more}`;

  it("takes a file that is dropped, shows it, and it moves", async () => {
    const page = await open(browser, `${at}/`);
    const folder = await mkdtemp(join(tmpdir(), "graphlume-"));
    const edges = Array.from({ length: 90 }, (_, i) => `a${i % 30},a${(i * 7 + 1) % 30},${i}`);
    await writeFile(join(folder, "calls.csv"), ["from,to,weight", ...edges].join("\n"));
    await writeFile(join(folder, "bad.csv"), "only one column\n1\n");
    const input = page.locator("input[type=file]");
    await input.setInputFiles(join(folder, "bad.csv"));
    await page.getByText("bad.csv has one column", { exact: false }).waitFor();
    // As a real drop does it: the files come with the event.
    await page.evaluate((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], "calls.csv", { type: "text/csv" }));
      document.querySelector("#graphlume")!.shadowRoot!.querySelector(".home")!.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, ["from,to,weight", ...edges].join("\n"));
    await until(page, "app?.viewer.scene?.n_nodes === 30", "thirty nodes");
    await until(page, "app.viewer.iteration > 3", "the layout runs");
    const before = await get<number[]>(page, "Array.from(app.viewer.view.positions().slice(0, 8))");
    await until(page, `app.viewer.view.positions().slice(0, 8).some((v, i) => Math.abs(v - ${JSON.stringify(before)}[i]) > 1e-3)`, "nodes move");
    await expect.poll(() => get<number>(page, INK), { timeout: 15_000 }).toBeGreaterThan(0.005);
    expect(page.url()).toContain("?dataset=up");
    // Chromium tells of the refused upload by itself.
    expect(page.problems.filter((p) => !p.includes("400"))).toEqual([]);
  });

  it("finds exactly the node under the pointer, and drags it", async () => {
    const page = await open(browser, small("&showLabels=false"));
    await until(page, "app?.viewer.stream?.state === 'settled'", "the layout settles", 60_000);
    await still(page);
    const found = await get<{ wrong: number[]; seen: number }>(page, `(() => {
      const v = app.viewer.view; const wrong = []; let seen = 0;
      const order = [...v.order]; const over = new Map(order.map((u, i) => [u, i]));
      for (let u = 0; u < v.scene.n_nodes; u++) {
        const x = v.camera.toScreenX(v.x(u)), y = v.camera.toScreenY(v.y(u));
        // Its middle is covered by no larger node.
        const covered = order.some((w) => w !== u && Math.hypot(v.camera.toScreenX(v.x(w)) - x, v.camera.toScreenY(v.y(w)) - y) < v.renderer.programs.radius(w, v.camera) + 4);
        if (covered) continue;
        seen++;
        // From the picture that is kept, and from the few pixels that are drawn after a change.
        if (v.pickAt({ x, y }).node !== u || v.pickAt({ x, y }).node !== u) wrong.push(u);
        v.renderer.invalidate();
        if (v.pickAt({ x, y }).node !== u) wrong.push(u);
      }
      return { wrong, seen };
    })()`);
    expect(found.seen).toBeGreaterThan(50);
    expect(found.wrong).toEqual([]);
    // What is kept is forgotten when something is hidden or the camera moves; edges are found where no node is.
    const after = await get<unknown[]>(page, `(() => {
      const v = app.viewer.view; const u = v.order[0];
      const at = () => ({ x: v.camera.toScreenX(v.x(u)), y: v.camera.toScreenY(v.y(u)) });
      const twice = (p) => [v.pickAt(p), v.pickAt(p), v.pickAt(p)].map((hit) => hit.node);
      const first = twice(at());
      const hidden = new Uint8Array(v.scene.n_nodes); hidden[u] = 1;
      v.setHidden(hidden, null);
      const gone = twice(at()).some((node) => node === u);
      v.setHidden(null, null);
      twice(at());
      v.pan(40, 25);
      const moved = twice(at());
      v.pan(-40, -25);
      const es = Array.from({ length: v.scene.n_edges }, (_, e) => e);
      const lone = es.filter((e) => {
        const [a, b] = [v.scene.edges[2 * e], v.scene.edges[2 * e + 1]];
        const p = { x: (v.camera.toScreenX(v.x(a)) + v.camera.toScreenX(v.x(b))) / 2, y: (v.camera.toScreenY(v.y(a)) + v.camera.toScreenY(v.y(b))) / 2 };
        v.renderer.invalidate();
        return v.pickAt(p).edge === e && v.pickAt(p).edge === e;
      });
      return [first.every((node) => node === u), gone, moved.every((node) => node === u), lone.length > 0];
    })()`);
    expect(after).toEqual([true, false, true, true]);
    expect(await get(page, "Object.keys(app.viewer.view.pickAt({ x: 3, y: 3 })).length")).toBe(0);

    const hub = await get<number>(page, "app.viewer.view.order[0]");
    const from = await placeOf(page, hub);
    await page.mouse.move(from.x, from.y);
    await until(page, `app.viewer.view.pointed.node === ${hub}`, "pointing lights the node");
    await page.mouse.down();
    await page.mouse.move(from.x - 60, from.y + 50, { steps: 6 });
    const held = await placeOf(page, hub);
    expect(Math.hypot(held.x - from.x + 60, held.y - from.y - 50)).toBeLessThan(1.5);
    await until(page, "app.viewer.stream.state === 'running'", "dragging wakes the layout");
    await page.mouse.up();
    // The server has it where it was dropped, or where the layout pulled it from there since.
    const { layout } = mock.sessions.get("small")!;
    const target = await get<{ x: number; y: number; scale: number }>(page, `({ x: app.viewer.view.x(${hub}), y: app.viewer.view.y(${hub}), scale: app.viewer.view.camera.scale })`);
    expect(Math.hypot(layout.x[hub]! - target.x, layout.y[hub]! - target.y) * target.scale).toBeLessThan(80);
    expect(page.problems).toEqual([]);
  });

  it("filters by brushing a histogram, and takes it back", async () => {
    const page = await open(browser, small());
    await until(page, "app?.viewer.iteration > 1");
    await page.getByRole("button", { name: "Histograms" }).click();
    const bars = page.locator("[data-column='nodes:score'] svg.bars");
    await bars.waitFor();
    const box = (await bars.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 2, box.y + 20, { steps: 8 });
    await page.mouse.up();
    await until(page, "app.viewer.hidden && app.viewer.hidden.n_nodes < 300", "nodes are hidden");
    await page.waitForTimeout(400);
    const seen = await get<number>(page, "app.viewer.hidden.n_nodes");
    const [low, high] = await get<[number, number]>(page, "/>= ([\\d.]+) AND score <=? ([\\d.]+)/.exec(app.viewer.state.filters[0].expression).slice(1).map(Number)");
    const scores = mock.datasets.get("small")!.nodes.get("score") as number[];
    expect(seen).toBe(scores.filter((s) => s >= low && s <= high).length);
    await page.getByText(`${seen} of 300 nodes`).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Undo/ }).click();
    await until(page, "app.viewer.hidden.n_nodes === 300", "undo shows all");
    // A name in a list of categories.
    await page.locator("[data-column='nodes:kind'] button.category").first().click();
    await until(page, "app.viewer.state.filters[0]?.expression.startsWith('kind IN')");
    await until(page, "app.viewer.hidden.n_nodes < 300");
    expect(page.problems).toEqual([]);
  });

  it("filters by expressions, and says what is wrong with one", async () => {
    const page = await open(browser, small());
    await until(page, "app?.viewer.scene");
    await page.getByRole("button", { name: "Filters" }).click();
    const input = page.getByLabel("Expression", { exact: true }).first();
    await input.fill("degree > 10");
    await page.getByRole("button", { name: "Without" }).click();
    await until(page, "app.viewer.hidden?.n_nodes < 300");
    await input.fill("nonsense > 3");
    await page.getByRole("button", { name: "Only these" }).click();
    await page.locator(".filters .error").getByText("there is no column", { exact: false }).waitFor();
    expect(page.problems.filter((p) => !p.includes("400"))).toEqual([]);
  });

  it("goes through time", async () => {
    const page = await open(browser, small());
    await until(page, "app?.viewer.scene");
    const bar = page.locator(".timebar svg.bars");
    await bar.waitFor();
    const box = (await bar.boundingBox())!;
    await page.mouse.move(box.x + 10, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.3, box.y + 20, { steps: 5 });
    await page.mouse.up();
    await until(page, "app.viewer.hidden && app.viewer.hidden.n_edges < 700", "edges are hidden");
    // The filter follows the drag a little later.
    const end = await page.getByLabel("time, seen_at to", { exact: true }).inputValue();
    await until(page, `app.viewer.state.filters[0].expression.includes("< TIMESTAMP '${end}")`, "the filter is where the drag ended");
    const first = await get<string>(page, "app.viewer.state.filters[0].expression");
    expect(first).toMatch(/^seen_at >= TIMESTAMP '2026-01-/);
    await page.getByRole("button", { name: "Play time" }).click();
    await until(page, `app.viewer.state.filters[0].expression !== ${JSON.stringify(first)}`, "the window goes on");
    await page.getByRole("button", { name: "Stop time" }).click();
    // A link shows the same window; undo takes it back, and the bar with it.
    const bounds = (of: typeof page): Promise<string[]> => Promise.all(["from", "to"].map((side) => of.getByLabel(`time, seen_at ${side}`, { exact: true }).inputValue()));
    const brushed = await bounds(page);
    // The filter follows the window a little later, also where it stops.
    await until(page, `app.viewer.state.filters[0].expression.includes(">= TIMESTAMP '${brushed[0]}")`, "the filter is where the window stopped");
    const other = await open(browser, await get<string>(page, "app.link()"));
    await other.locator(".timebar .brushed").waitFor();
    expect(await bounds(other)).toEqual(brushed);
    await other.close();
    const played = await get<string>(page, "app.viewer.state.filters[0].expression");
    await get(page, "app.viewer.undo()");
    const before = await get<string>(page, "app.viewer.state.filters[0].expression");
    expect(before).not.toBe(played);
    // What the bar says is what the filter has.
    const days = [...before.matchAll(/TIMESTAMP '([\d-]+)/g)].map((found) => found[1]);
    expect(await bounds(page)).toEqual(days);
    await page.getByRole("button", { name: "Show all times" }).click();
    await until(page, "app.viewer.hidden.n_edges === 700", "all edges again");
    expect(page.problems).toEqual([]);
  });

  it("reads seconds since 1970 as times, and lets them be numbers", async () => {
    const start = Date.UTC(2024, 0, 1) / 1000;
    const rows = Array.from({ length: 200 }, (_, i) => `a${i % 40},a${(i * 7 + 1) % 40},${start + i * 3600},${1_200_000_000 + i * i},${i}`);
    mock.datasets.set("calls", fromCsv("calls", ["from,to,created,phone,n", ...rows].join("\n")));
    const page = await open(browser, `${at}/?dataset=calls`, { width: 1280, height: 800 });
    const bar = page.getByRole("region", { name: "Time" });
    await bar.getByLabel("time, created from", { exact: true }).waitFor();
    expect(await bar.getByLabel("Column of times").locator("option").allTextContents()).toEqual(["created (edges)"]);
    expect(await bar.getByLabel("time, created from", { exact: true }).inputValue()).toBe("2024-01-01");
    // Bounds are written as dates, and asked for as numbers.
    await bar.getByLabel("time, created from", { exact: true }).fill("2024-01-03");
    await bar.getByLabel("time, created from", { exact: true }).press("Enter");
    await until(page, `app.viewer.hidden?.n_edges === ${200 - 48}`, "two days are left out");
    expect(await get(page, "app.viewer.state.filters[0].expression")).toMatch(new RegExp(`^created >= ${start + 2 * 86_400} AND created <= ${start + 199 * 3600}$`));
    // The window goes to the end and begins again.
    await bar.getByLabel("Speed of time").selectOption("8");
    await bar.getByRole("button", { name: /^Repeat/ }).click();
    await bar.getByLabel("time, created to", { exact: true }).fill("2024-01-06");
    await bar.getByLabel("time, created to", { exact: true }).press("Enter");
    await bar.getByRole("button", { name: "Play time" }).click();
    await until(page, `Number(/>= (\\d+)/.exec(app.viewer.state.filters[0].expression)[1]) < ${start + 2 * 86_400}`, "it begins again");
    await bar.getByRole("button", { name: "Stop time" }).click();
    await bar.getByRole("button", { name: "Show all times" }).click();
    await page.keyboard.press("i");
    await page.getByRole("tab", { name: "Edges" }).click();
    const first = page.locator(".inspector tbody tr").first().locator("td");
    await until(page, `document.querySelector("#graphlume").shadowRoot.querySelector(".inspector tbody tr td:nth-child(3)")?.textContent === "2024-01-01 00:00:00"`, "a date");
    // What numbers things is left as it is, until somebody says otherwise.
    expect(await first.nth(3).textContent()).toBe("1200000000");
    await page.getByRole("button", { name: "phone as dates" }).click();
    await until(page, `document.querySelector("#graphlume").shadowRoot.querySelector(".inspector tbody tr td:nth-child(4)").textContent === "2008-01-10 21:20:00"`, "a date by will");
    expect(await bar.getByLabel("Column of times").locator("option").allTextContents()).toEqual(["created (edges)", "phone (edges)"]);
    await bar.getByLabel("dates", { exact: true }).uncheck();
    await until(page, `document.querySelector("#graphlume").shadowRoot.querySelector(".inspector tbody tr td:nth-child(3)").textContent === "${start}"`, "numbers again");
    expect(await page.getByRole("button", { name: "n as dates" }).count()).toBe(0);
    expect(page.problems).toEqual([]);
  });

  it("inspects tables, and searches", async () => {
    const page = await open(browser, small());
    await until(page, "app?.viewer.scene");
    await page.keyboard.press("i");
    const rows = page.locator(".inspector tbody tr");
    await rows.first().waitFor();
    await page.getByText("1 – 100 of 300").waitFor();
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByText("101 – 200 of 300").waitFor();
    const column = page.locator(".inspector th button", { hasText: "degree" });
    await column.click();
    await page.locator("th[aria-sort=ascending]").waitFor();
    await column.click();
    await page.locator("th[aria-sort=descending]").waitFor();
    await until(page, `Number(document.querySelector("#graphlume").shadowRoot.querySelector(".inspector tbody tr td:last-child").textContent) > 10`, "the largest first");
    await rows.first().click();
    expect(await get(page, "app.viewer.state.selection.length")).toBe(1);
    expect(await get(page, "app.viewer.state.selection[0]")).toBe(Number(await rows.first().getAttribute("data-row")));
    await page.getByRole("tab", { name: "Edges" }).click();
    await page.getByText("1 – 100 of 700").waitFor();
    const search = page.getByRole("combobox", { name: "Search nodes" });
    await search.fill("-123");
    await page.getByRole("option").first().waitFor();
    await search.press("Enter");
    await until(page, "app.viewer.state.selection[0] === 123", "the found node is selected");
    expect(page.problems).toEqual([]);
  });

  it("selects by box, by neighbors and by keys, and tells it in words", async () => {
    const page = await open(browser, small("&play=0"));
    // A layout that is paused at once may have made no step at all.
    await until(page, "app?.viewer.stream?.state === 'paused'");
    await still(page);
    await page.locator(".picture").focus();
    await page.keyboard.press("b");
    const box = (await page.locator(".picture").boundingBox())!;
    await page.mouse.move(box.x + 80, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 20, box.y + box.height - 20, { steps: 4 });
    await page.mouse.up();
    await until(page, "app.viewer.state.selection.length > 250", "nearly all are in the box");
    await page.locator(".picture").focus();
    await page.keyboard.press("Escape");
    await until(page, "app.viewer.state.selection.length === 0");
    await page.keyboard.press("n");
    await page.keyboard.press("Enter");
    await until(page, "app.viewer.state.selection.length === 1 && app.viewer.state.selection[0] === app.viewer.view.order[0]", "the most important one");
    await page.keyboard.press("e");
    const degree = await get<number>(page, "new Set((() => { const s = []; app.viewer.view.graph.forEach(app.viewer.view.order[0], 'both', (v) => s.push(v)); return s; })()).size");
    await until(page, `app.viewer.state.selection.length === ${degree + 1}`, "and its neighbors");
    await page.getByText(`${degree + 1} nodes selected`).first().waitFor({ state: "attached" });
    await page.keyboard.press("Delete");
    await until(page, `app.viewer.hidden?.n_nodes === ${300 - degree - 1}`, "they are hidden");
    expect(page.problems).toEqual([]);
  });

  it("picks edges where they are drawn, and shows what is selected beside the whole", async () => {
    const page = await open(browser, small("&play=0&showLabels=false&edgeCurvature=0.5"), { width: 1280, height: 800 });
    await until(page, "app?.viewer.stream?.state === 'paused'");
    await still(page);
    // Curves lie beside the straight line between their ends: there, and not on that line, they are found.
    const spot = await get<{ x: number; y: number; edge: number; straight: number[] } | null>(page, `(() => {
      const v = app.viewer.view; const b = v.canvas.getBoundingClientRect(); const at = (u) => [v.camera.toScreenX(v.x(u)), v.camera.toScreenY(v.y(u))];
      const long = Array.from({ length: v.scene.n_edges }, (_, e) => e).map((e) => { const [a, c] = [at(v.scene.edges[2 * e]), at(v.scene.edges[2 * e + 1])]; return { e, a, c, far: Math.hypot(a[0] - c[0], a[1] - c[1]) }; })
        .filter(({ far }) => far > 120).sort((p, q) => q.far - p.far);
      for (const { e, a, c } of long) {
        // The middle of the curve: its corners are 0.45 of the curvature aside, of which three quarters are left there.
        const [dx, dy] = [c[0] - a[0], c[1] - a[1]]; const side = 0.75 * 0.45 * 0.5;
        const p = { x: (a[0] + c[0]) / 2 - dy * side, y: (a[1] + c[1]) / 2 + dx * side };
        v.renderer.invalidate();
        if (v.pickAt(p).edge === e && v.pickAt(p).edge === e) return { x: b.left + p.x, y: b.top + p.y, edge: e, straight: [v.scene.edges[2 * e], v.scene.edges[2 * e + 1]] };
      }
      return null;
    })()`);
    expect(spot).not.toBeNull();
    await page.mouse.move(spot!.x, spot!.y);
    await until(page, `app.viewer.view.pointed.edge === ${spot!.edge}`, "the edge lights up");
    await page.mouse.click(spot!.x, spot!.y);
    await until(page, `app.viewer.state.edges.length === 1 && app.viewer.state.edges[0] === ${spot!.edge} && app.viewer.state.selection.length === 0`, "the edge is selected, and no node");
    const panel = page.getByRole("complementary", { name: "Selection" });
    await panel.getByText("Other edges between them").waitFor();
    await panel.getByText("seen_at").waitFor();
    // Its row, and no other.
    await panel.getByRole("button", { name: "Rows" }).click();
    await page.getByText("1 – 1 of 1").waitFor();
    expect(await page.locator(".inspector tr[aria-current=true]").getAttribute("data-row")).toBe(String(spot!.edge));
    // The focus is in the panel: keys for tools count there as well, and Escape takes nothing away.
    await page.keyboard.press("l");
    expect(await get(page, "app.viewer.view.mode")).toBe("lasso");
    await page.keyboard.press("v");
    await page.keyboard.press("Escape");
    await panel.getByRole("button", { name: "Select its ends" }).click();
    await until(page, `app.viewer.state.edges.length === 0 && [...app.viewer.state.selection].sort().join() === ${JSON.stringify([...spot!.straight].sort())}.join()`, "its ends");
    await get(page, "app.viewer.undo()");
    await until(page, `app.viewer.state.edges[0] === ${spot!.edge}`, "the edge again");
    // By keys: the edges of the most important node.
    await page.locator(".picture").focus();
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    await page.keyboard.press("}");
    await page.keyboard.press("}");
    const pointed = await get<number>(page, "app.viewer.view.pointed.edge");
    await page.getByText(", edge 2 of ").waitFor({ state: "attached" });
    await page.keyboard.press("Enter");
    await until(page, `app.viewer.state.edges.length === 1 && app.viewer.state.edges[0] === ${pointed}`);
    // A group: what it has more of than the whole. Of one kind of node it is all.
    const kind = await get<number[]>(page, "app.viewer.source.rows({ table: 'nodes', filter: \"kind = 'ip'\", limit: 1000 }).then((rows) => rows.index)");
    await get(page, `app.viewer.select(Uint32Array.from(${JSON.stringify(kind)}))`);
    const row = panel.locator("table.beside tr", { has: page.getByRole("rowheader", { name: "ip", exact: true }) });
    await row.waitFor();
    const percent = Math.round((100 * kind.length) / 300);
    expect(await row.locator("td").allTextContents()).toEqual(["100 %", `${percent} %`]);
    const score = panel.locator("table.beside tr", { has: page.getByRole("rowheader", { name: "score, mean" }) });
    expect((await score.locator("td").allTextContents()).every((text) => Number(text) > 0)).toBe(true);
    // A link keeps selected edges.
    await get(page, "app.viewer.select(new Uint32Array(0), Uint32Array.of(5, 9))");
    const link = await get<string>(page, "app.link()");
    const other = await open(browser, link);
    await until(other, "app?.viewer.scene && app.viewer.state.edges.join() === '5,9'", "the edges are selected there");
    expect([...page.problems, ...other.problems]).toEqual([]);
    await other.close();
  });

  it("encodes columns, and undoes it", async () => {
    const page = await open(browser, small());
    await until(page, "app?.viewer.scene");
    await page.getByRole("button", { name: "Appearance" }).click();
    await page.getByLabel("Color by").first().selectOption("kind");
    await page.locator(".legend h3", { hasText: "kind" }).waitFor();
    await page.getByLabel("Icon by").first().selectOption("icon");
    await until(page, "app.viewer.scene.node_icon && app.viewer.scene.icons.includes('globe')", "icons are there");
    await page.getByLabel("Badge by").first().selectOption("kind");
    await page.locator(".legend h3", { hasText: "kind badge" }).waitFor();
    expect(await get<string[]>(page, "[...new Set(app.viewer.scene.badges[0].icon)].sort()")).toEqual(await get<string[]>(page, "app.viewer.key().find((p) => p.words === 'badge').entries.map((e) => e.icon).sort()"));
    await page.getByLabel("Label by").first().selectOption("community");
    await until(page, "app.viewer.view.names.get(app.viewer.view.order[0])?.startsWith('group')", "labels are");
    await page.locator(".picture").focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("Control+z");
    await page.locator(".legend h3", { hasText: "community" }).waitFor();
    await until(page, "app.viewer.scene.badges === undefined", "the badges are gone");
    // Only what changed was sent.
    expect(mock.requests.some((r) => r.includes("buffers=node_color") && r.includes("node_color=kind"))).toBe(true);
    expect(page.problems).toEqual([]);
  });

  it("tells how far a measure is that takes long, and stops it", async () => {
    const page = await open(browser, small());
    await until(page, "app?.viewer.dataset?.measures?.includes('betweenness')");
    await page.getByRole("button", { name: "Appearance" }).click();
    const color = page.getByLabel("Color by").first();
    const before = await color.inputValue();
    await color.selectOption("betweenness");
    await page.getByText("120 of 300 sources").waitFor();
    expect(await page.getByRole("progressbar", { name: "Progress of betweenness" }).evaluate((bar) => (bar as HTMLProgressElement).position)).toBeCloseTo(0.4);
    await page.getByRole("button", { name: "Stop betweenness" }).click();
    await page.getByText("betweenness was stopped").waitFor();
    await page.locator(".computing").waitFor({ state: "hidden" });
    expect(mock.requests.some((r) => r.startsWith("DELETE") && r.includes("computations/betweenness"))).toBe(true);
    expect(mock.requests.some((r) => r.includes("node_color=betweenness"))).toBe(false);
    await expect.poll(() => color.inputValue()).toBe(before);
  });

  it("shares a view that a second browser opens", async () => {
    const page = await open(browser, small());
    await until(page, "app?.viewer.scene");
    await get(page, "app.viewer.setFilter({ id: 'f1', table: 'nodes', expression: 'degree > 4', exclude: false, enabled: true })");
    await get(page, "app.viewer.set({ theme: 'light', point_size: 1.5 })");
    await until(page, "app.viewer.hidden?.n_nodes < 300");
    await get(page, "app.viewer.select(Uint32Array.of(3, 5))");
    await get(page, "app.viewer.view.setCamera({ x: 10, y: 20, scale: 0.5 }, false)");
    await page.getByRole("button", { name: "Copy a link to this view" }).click();
    await page.getByText("the link is copied").waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const other = await open(browser, link);
    await until(other, "app?.viewer.hidden?.n_nodes < 300", "the filter is there");
    expect(await get(other, "app.viewer.hidden.n_nodes")).toBe(await get(page, "app.viewer.hidden.n_nodes"));
    expect(await get(other, "Array.from(app.viewer.state.selection)")).toEqual([3, 5]);
    expect(await get(other, "[app.viewer.view.camera.x, app.viewer.view.camera.y, app.viewer.settings.point_size, app.viewer.isDark]")).toEqual([10, 20, 1.5, false]);
    expect(other.problems).toEqual([]);
  });

  it("goes on after the server has been away", async () => {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const first = new Mock({ small: planted(200, 400) });
    const address = await first.listen(port);
    const page = await open(browser, `${address}/?dataset=small`);
    await until(page, "app?.viewer.iteration > 3");
    await first.close();
    await page.getByText(/no connection; next try in/).waitFor();
    const second = new Mock({ small: planted(200, 400) });
    await second.listen(port);
    try {
      await until(page, "app.viewer.stream.isOpen && app.viewer.stream.places.sequence > 0 && app.viewer.iteration > 3", "frames come again", 40_000);
      await page.getByText(/running · |settled · /).waitFor();
    } finally {
      await second.close();
    }
    expect(page.problems.filter((p) => !/WebSocket|ERR_CONNECTION/.test(p))).toEqual([]);
  });

  it("is embedded in a page, and talks with it", async () => {
    const page = await open(browser, `${at}/`);
    await page.evaluate((src) => {
      const w = window as unknown as { said: unknown[] };
      w.said = [];
      addEventListener("message", (event) => w.said.push(event.data));
      const frame = document.createElement("iframe");
      frame.src = src;
      frame.style.cssText = "width:800px;height:500px";
      document.body.replaceChildren(frame);
    }, small("&menu=False&bg=%23ffffff"));
    await expect.poll(() => page.frames().length, { timeout: 10_000 }).toBe(2);
    const frame = page.frames()[1]!;
    await until(frame, "app?.viewer.scene", "the frame shows a graph");
    const selected = async (): Promise<unknown[]> => page.evaluate(() => (window as unknown as { said: unknown[] }).said);
    await expect.poll(selected, { timeout: 10_000 }).toContainEqual({ graphlume: 1, event: "ready", n_nodes: 300, n_edges: 700 });
    expect(await frame.locator(".bar").count()).toBe(0);
    const send = (message: object): Promise<void> => page.evaluate((m) => document.querySelector("iframe")!.contentWindow!.postMessage({ graphlume: 1, ...m }, "*"), message);
    await send({ id: 0, command: "select", nodes: [7, 99999] });
    await expect.poll(async () => JSON.stringify(await selected()), { timeout: 10_000 }).toMatch(/"id":0,"ok":false,"error":"there is no node 99999: there are 300/);
    await send({ id: 1, command: "select", nodes: [7, 2] });
    await expect.poll(selected, { timeout: 10_000 }).toContainEqual({ graphlume: 1, event: "selection", nodes: [2, 7] });
    await send({ id: 2, command: "filter", filters: [{ id: "a", table: "nodes", expression: "degree > 4" }] });
    await expect.poll(async () => JSON.stringify(await selected()), { timeout: 10_000 }).toMatch(/"id":2,"ok":true/);
    // What is wrong is said, and taken back.
    await send({ id: 5, command: "filter", filters: [{ id: "b", table: "nodes", expression: "nope >" }] });
    await expect.poll(async () => JSON.stringify(await selected()), { timeout: 10_000 }).toMatch(/"id":5,"ok":false,"error":"[^"]+/);
    expect(await frame.evaluate("globalThis.graphlume.viewer.state.filters.map((f) => f.id)")).toEqual(["a"]);
    await send({ id: 6, command: "encode", encodings: { node_color: "nope" } });
    await expect.poll(async () => JSON.stringify(await selected()), { timeout: 10_000 }).toMatch(/"id":6,"ok":false,"error":"[^"]*nope/);
    expect(await frame.evaluate("globalThis.graphlume.viewer.state.encodings")).toEqual({});
    await send({ id: 3, command: "constructor" });
    await expect.poll(async () => JSON.stringify(await selected()), { timeout: 10_000 }).toMatch(/"id":3,"ok":false,"error":"there is no command constructor/);
    await send({ id: 4, command: "svg" });
    await expect.poll(async () => JSON.stringify(await selected()), { timeout: 10_000 }).toMatch(/"id":4,"ok":true,"result":"<svg/);
  });

  it("exports pictures, drawings and a page that works without a server", async () => {
    const page = await open(browser, small("&play=1500"));
    await until(page, "app?.viewer.stream?.state === 'paused'");
    await still(page);
    const download = async (name: string): Promise<Buffer> => {
      await page.getByRole("button", { name: "Export" }).click();
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name, exact: true }).click()]);
      return readFile(await file.path());
    };
    const png = await download("Picture, PNG");
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect(png.length).toBeGreaterThan(10_000);
    const svg = (await download("Drawing, SVG")).toString();
    // The legend, as the page has it.
    const legend = await page.locator(".legend .name").allTextContents();
    expect(legend.length).toBeGreaterThan(2);
    for (const name of legend) expect(svg).toContain(`>${name}</text>`);
    // Strays may lie outside.
    expect(svg.match(/<circle/g)!.length).toBeGreaterThan(290);
    expect(svg).toContain("<text");
    // Icons, badges and heads of arrows are drawn as well.
    await get(page, "app.viewer.update({ encodings: { node_icon: 'icon', node_badge: 'kind' }, settings: { show_arrows: false, point_size: 4 } })");
    await until(page, "app.viewer.scene.badges && app.viewer.scene.node_icon", "icons and badges");
    const full = (await download("Drawing, SVG")).toString();
    const closed = (text: string): number => text.match(/<path d="M[^"C]*Z" fill="#[0-9a-f]{6}"\/>/g)?.length ?? 0;
    expect([closed(svg) > 100, closed(full)]).toEqual([true, 0]);
    expect(full.match(/fill-rule="evenodd"/g)!.length).toBeGreaterThan(100);
    expect(await get<boolean>(page, "!new DOMParser().parseFromString(" + JSON.stringify(full) + ", 'image/svg+xml').querySelector('parsererror')")).toBe(true);
    await get(page, "app.viewer.update({ encodings: {}, settings: {} })");
    await until(page, "app.viewer.scene.badges === undefined");
    const csv = (await download("Nodes, CSV")).toString();
    expect(csv.trim().split("\n")).toHaveLength(301);
    await get(page, "app.viewer.setFilter({ id: 'f1', table: 'nodes', expression: 'degree > 4', exclude: false, enabled: true })");
    await until(page, "app.viewer.hidden?.n_nodes < 300");
    const kept = await get<number>(page, "app.viewer.hidden.n_nodes");
    // The legend counts what is seen.
    const counted = async (of: Page): Promise<number> => (await of.locator(".legend .number").allTextContents()).reduce((sum, text) => sum + Number(text), 0);
    await expect.poll(() => counted(page)).toBe(kept);
    const html = await download("Page that works offline, HTML");
    // Nothing is told of what was filtered out.
    const bytes = Buffer.from(/scene;base64">([^<]+)</.exec(html.toString())![1]!, "base64").toString("latin1");
    const ids = await get<[string, boolean][]>(page, "app.viewer.left.all('nodes').then((kept) => app.viewer.source.rows({ table: 'nodes', columns: ['id'], limit: 300 }).then((all) => all.rows.map((row, i) => [row[0], kept.index.includes(all.index[i])])))");
    for (const [id, isKept] of ids) expect([id, bytes.includes(`"${id}"`)]).toEqual([id, isKept]);
    const folder = await mkdtemp(join(tmpdir(), "graphlume-"));
    const file = join(folder, "graph.html");
    await writeFile(file, html);
    const offline = await open(browser, `file://${file}`);
    await until(offline, `app?.viewer.scene?.n_nodes === ${kept}`, "the filtered graph");
    expect(await get<number>(offline, INK)).toBeGreaterThan(0.003);
    await offline.keyboard.press("i");
    await offline.locator(".inspector tbody tr").first().waitFor();
    await offline.keyboard.press("3");
    await offline.getByLabel("Expression", { exact: true }).first().fill("degree >= 3");
    await offline.keyboard.press("Enter");
    await until(offline, `app.viewer.hidden?.n_nodes < ${kept}`, "filters work offline");
    // It has the columns of the tables, and what is made of them: the time bar, histograms, filters of texts, the legend.
    await get(offline, "app.viewer.update({ filters: [] })");
    await expect.poll(() => counted(offline)).toBe(kept);
    await offline.locator(".timebar .time-body svg").waitFor();
    expect(await get<string[]>(offline, "app.viewer.dataset.tables.nodes.columns.map((c) => c.name)")).toEqual(["id", "kind", "community", "score", "icon", "degree", "in_degree", "out_degree"]);
    await get(offline, "app.viewer.setFilter({ id: 'k', table: 'nodes', expression: \"kind = 'ip'\", exclude: false, enabled: true })");
    await until(offline, `app.viewer.hidden?.errors.size === 0 && app.viewer.hidden.n_nodes > 0 && app.viewer.hidden.n_nodes < ${kept}`, "texts are filtered offline");
    expect([...offline.problems, ...page.problems]).toEqual([]);
  });

  it("mounts in any element, with events both ways", async () => {
    const page = await open(browser, `${at}/`);
    // Written as text: what tests are compiled with has an import of its own.
    await page.evaluate('window.bundle = import("/graphlume.js"); 0');
    const result = await page.evaluate(async () => {
      const { mount, encodeScene } = await (window as unknown as { bundle: Promise<typeof import("../../src/main")> }).bundle;
      const box = document.createElement("div");
      box.style.cssText = "width:600px;height:400px";
      document.body.replaceChildren(box);
      const scene = encodeScene({ n_nodes: 3, n_edges: 2, is_directed: false, title: "three", edges: Uint32Array.of(0, 1, 1, 2), positions: Float32Array.of(0, 0, 5, 5, 9, 0), settings: {}, legend: [], labels: { index: [0], text: ["<img src=x onerror=alert(1)>"] }, icons: [] });
      const handle = mount(box, new Uint8Array(scene));
      await handle.ready;
      const said: number[][] = [];
      handle.on("selection", (nodes) => said.push(nodes));
      handle.select([2, 1, 77]);
      const view = handle.view();
      const svg = handle.svg();
      const errors: string[] = [];
      handle.on("error", (text) => errors.push(text));
      handle.setScene(new ArrayBuffer(3));
      await new Promise((done) => setTimeout(done, 100));
      const empty = document.createElement("div");
      empty.style.cssText = "width:300px;height:200px";
      document.body.append(empty);
      const none = mount(empty, encodeScene({ n_nodes: 0, n_edges: 0, is_directed: false, title: "", edges: new Uint32Array(0), settings: {}, legend: [], labels: { index: [], text: [] }, icons: [] }));
      await none.ready;
      await new Promise((done) => setTimeout(done, 200));
      none.destroy();
      handle.destroy();
      return { said, view, svg, errors, left: box.shadowRoot!.childElementCount };
    });
    expect(result.said).toEqual([[1, 2]]);
    expect(result.view.selection).toEqual([1, 2]);
    expect(result.svg).toContain("&lt;img src=x");
    expect(result.errors.join()).toContain("at least 12 bytes; this has 3");
    expect(result.left).toBe(0);
    expect(page.problems).toEqual([]);
  });

  it("comes back when the graphics driver is reset", async () => {
    const page = await open(browser, small("&play=800"));
    await until(page, "app?.viewer.iteration > 5 && app.viewer.stream.state === 'paused'");
    await still(page);
    const before = await get<number>(page, INK);
    await get(page, "(() => { const gl = app.viewer.view.renderer.gl; const e = gl.getExtension('WEBGL_lose_context'); e.loseContext(); setTimeout(() => e.restoreContext(), 300); })()");
    await page.getByText("the graphics driver was reset; the picture is back").first().waitFor();
    await still(page);
    const after = await get<number>(page, INK);
    expect(after).toBeGreaterThan(before * 0.9);
    expect(after).toBeLessThan(before * 1.1);
  });

  it("ends with all nodes in sight, and says how many steps that took", async () => {
    const page = await open(browser, small("&play=700"));
    await until(page, "app?.viewer.stream?.state === 'paused' && app.viewer.view.renderer.data.time >= 1");
    await still(page);
    const outside = await get<number>(page, `(() => { const v = app.viewer.view; const { camera: c, inset: i } = v; let n = 0;
      for (let u = 0; u < 300; u++) { const x = c.toScreenX(v.x(u)), y = c.toScreenY(v.y(u)); if (x < i.left || y < i.top || x > c.width - i.right || y > c.height - i.bottom) n++; }
      return n; })()`);
    // A few strays may be left out, where they would make all others small.
    expect(outside).toBeLessThan(8);
    const wide = await get<number>(page, "(() => { const v = app.viewer.view; const xs = Array.from({ length: 300 }, (_, u) => v.camera.toScreenX(v.x(u))).sort((a, b) => a - b); const ys = Array.from({ length: 300 }, (_, u) => v.camera.toScreenY(v.y(u))).sort((a, b) => a - b); return Math.max((xs[295] - xs[4]) / v.camera.width, (ys[295] - ys[4]) / v.camera.height); })()");
    expect(wide).toBeGreaterThan(0.4);
    // A panel takes its room, and the camera keeps to what is left.
    await page.getByRole("button", { name: /^Filters/ }).click();
    await still(page);
    expect(await get<number>(page, "(() => { const v = app.viewer.view; return Array.from({ length: 300 }, (_, u) => v.camera.toScreenX(v.x(u))).filter((x) => x < v.inset.left).length; })()")).toBeLessThan(8);
    // The layout knows better than the last frame that came.
    mock.sessions.get("small")!.tell({ type: "state", state: "settled", reason: "settled", iteration: 12345 });
    await page.getByText("settled · 12,345 steps").waitFor();
  });

  it("draws edges coarser while frames take long, and finely at rest", async () => {
    const page = await open(browser, small("&play=0"));
    await until(page, "app?.viewer.scene");
    await still(page);
    const parts = await get<number[]>(page, `(() => {
      const { view } = app.viewer;
      const r = view.renderer;
      const { pace } = r.edges;
      Object.assign(pace, { wasMoving: true, detail: 0 });
      return [1, 2, 3].map(() => {
        r.invalidate();
        pace.last = performance.now() - 300;
        r.render(view.camera, { moving: true, dim: 1 });
        return r.edges.layer.width / r.canvas.width;
      });
    })()`);
    expect(parts[0]).toBe(1);
    expect(parts[1]).toBeCloseTo(0.5, 2);
    expect(parts[2]).toBeCloseTo(0.5, 2);
    await get(page, "app.viewer.view.changed(false)");
    await until(page, "(() => { const r = app.viewer.view.renderer; return r.edges.layer.width === r.canvas.width && r.stats.edges === r.stats.of; })()", "all edges, finely");
    expect(await get<number>(page, INK)).toBeGreaterThan(0.01);
    expect(page.problems).toEqual([]);
  });

  it("says in words why a graph cannot be shown", async () => {
    const page = await open(browser, `${at}/?dataset=nowhere`);
    await page.getByRole("heading", { name: "This graph cannot be shown" }).waitFor();
    await page.getByText("there is no dataset nowhere").waitFor();
    // Tools of a picture that is not there.
    for (const gone of [".tools", ".rail", ".player", ".search"]) expect(await page.locator(gone).isVisible(), gone).toBe(false);
    await page.getByRole("button", { name: "All graphs" }).click();
    await page.getByRole("heading", { name: "Drop a graph here" }).waitFor();
  });

  it("can be used without seeing or a mouse, as far as a program can tell", async () => {
    const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
    const check = async (page: Awaited<ReturnType<typeof open>>, where: string): Promise<void> => {
      const violations = await page.evaluate(async () => {
        const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> } };
        return (await axe.run()).violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")}`);
      });
      expect(violations, where).toEqual([]);
    };
    const home = await open(browser, `${at}/`);
    await home.getByRole("heading", { name: "Drop a graph here" }).waitFor();
    // Not as a script of the page, whose policy lets no foreign one in.
    await home.evaluate(axe);
    await check(home, "home");
    await home.close();
    for (const theme of ["dark", "light"]) {
      const page = await open(browser, small(`&theme=${theme}&play=300`));
      await until(page, "app?.viewer.stream?.state === 'paused'");
      await page.evaluate(axe);
      for (const panel of ["Layout", "Appearance", "Filters", "Histograms", "Saved views", "Selection"]) {
        await page.getByRole("button", { name: new RegExp(`^${panel} `) }).click();
        if (panel === "Histograms") await page.locator("svg.bars").nth(1).waitFor();
        if (panel === "Selection") {
          await page.getByRole("button", { name: /^Inspector/ }).click();
          await get(page, "app.viewer.select(Uint32Array.of(1, 2, 3))");
          await page.locator(".inspector tbody tr").first().waitFor();
        }
        await check(page, `${panel}, ${theme}`);
        if (panel === "Selection") {
          await get(page, "app.viewer.select(Uint32Array.of(1, 2, 3), Uint32Array.of(4))");
          await page.getByRole("region", { name: "Selected edges" }).waitFor();
          await check(page, `Selection with an edge, ${theme}`);
        }
      }
      await page.close();
    }
  });
});
