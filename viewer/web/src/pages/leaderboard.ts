/** What methods reach on datasets: a table for each kind of scores, and which differences count. */

import { number, plural } from "../core/format";
import { h, select } from "../ui/dom";
import { criticalDifference } from "./cd";
import { memory, scored } from "./gad";
import { failure, type Shell } from "./shell";

interface Spread {
  mean: number;
  std: number | null;
  n: number;
  interval: [number, number] | null;
}

interface Cell {
  settings: string;
  n_settings: number;
  n_runs: number;
  failed: Record<string, number>;
  error: string | null;
  roc_auc: Spread | null;
  average_precision: Spread | null;
  undefined: string | null;
  n_samples: number;
  n_positives: number;
  wall_secs: number | null;
  peak_memory_mb: number | null;
}

export interface Track {
  result_type: string;
  datasets: string[];
  rows: { method: string; cells: (Cell | null)[]; mean_rank: number | null; n_ranked: number }[];
  compared: number[];
  comparison: { mean_ranks: number[]; n_datasets: number; friedman_p: number; iman_davenport_p: number; alpha: number; critical_difference: number; nemenyi_groups: number[][] } | null;
  no_comparison: string | null;
}

interface Board {
  metric: Metric;
  tracks: Track[];
  ignored: string[];
}

type Metric = "roc_auc" | "average_precision";

const METRICS: readonly (readonly [Metric, string])[] = [["roc_auc", "Area under the ROC"], ["average_precision", "Average precision"]];

export async function leaderboard(shell: Shell): Promise<void> {
  shell.title("Leaderboard");
  const wanted = new URLSearchParams(location.search).get("metric");
  const metric = select(METRICS, wanted === "average_precision" ? wanted : "roc_auc", (value) => {
    const url = new URL(location.href);
    url.searchParams.set("metric", value);
    history.replaceState(history.state, "", url);
    void load();
  });
  metric.setAttribute("aria-label", "Metric");
  const whole = h("a", { class: "button", href: "#", target: "_blank", rel: "noopener" }, "As one page");
  const body = h("div", { class: "stack wide" });
  shell.main.append(h("div", { class: "page-body" }, h("div", { class: "row title-row" }, h("h1", { class: "grow" }, "Leaderboard"), metric, whole), body));
  let run = 0;
  const load = async (): Promise<void> => {
    const mine = ++run;
    whole.href = `${shell.where.api}/leaderboard.html?metric=${metric.value}`;
    body.setAttribute("aria-busy", "true");
    if (body.childElementCount === 0) {
      // Scores of all experiments are read, and resampled for intervals.
      const words = h("p", { class: "quiet", role: "status" }, "Evaluating all experiments. This may take a minute.");
      body.append(h("progress", { "aria-label": "Evaluation" }), words);
      void shell.get<{ experiments: unknown[] }>("/experiments").then(({ experiments: all }) => {
        words.textContent = `Evaluating ${plural(all.length, "experiment")}: scores are read and resampled for intervals. This may take a minute.`;
      }, () => undefined);
    }
    try {
      const board = await shell.get<Board>(`/leaderboard?metric=${metric.value}`);
      if (mine !== run) return;
      body.replaceChildren(...board.tracks.map((t) => track(t, metric.value as Metric)));
      if (board.tracks.length === 0) body.replaceChildren(h("div", { class: "empty" }, h("h2", {}, "Nothing to rank yet"), h("p", { class: "quiet" }, "Experiments with results and labels are ranked here.")));
      if (board.ignored.length > 0) body.append(h("details", {}, h("summary", {}, `${plural(board.ignored.length, "experiment")} not counted`), h("ul", { class: "lines" }, ...board.ignored.map((text) => h("li", {}, text)))));
    } catch (error) {
      if (mine === run) body.replaceChildren(failure(error));
    } finally {
      body.removeAttribute("aria-busy");
    }
  };
  await load();
}

/** Names of datasets without the hashes that tell their states apart: numbers do, where there are several of one name. */
export function datasetNames(datasets: readonly string[]): { name: string; state: string | null }[] {
  const split = datasets.map((dataset) => {
    const found = /^(.+)@([0-9a-f]{4,})$/.exec(dataset);
    return { name: found?.[1] ?? dataset, state: found?.[2] ?? null };
  });
  return split.map(({ name, state }, i) => {
    const alike = split.map((other, at) => (other.name === name ? at : -1)).filter((at) => at >= 0);
    return { name: alike.length > 1 ? `${name} (${alike.indexOf(i) + 1})` : name, state };
  });
}

function track(t: Track, metric: Metric): HTMLElement {
  const shown = datasetNames(t.datasets);
  const states = shown.filter(({ state }) => state !== null).map(({ name, state }) => `${name}: ${state!}`);
  let sort = -1; // the mean rank; then datasets by number
  const table = h("table", { class: "rows board" });
  const value = (row: Track["rows"][number]): number | null => (sort < 0 ? row.mean_rank : (row.cells[sort]?.[metric]?.mean ?? null));
  const draw = (): void => {
    const rows = [...t.rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      // The best first: the least rank, the highest metric.
      return sort < 0 ? x - y : y - x;
    });
    const header = (label: string, column: number, title = ""): HTMLElement =>
      h("th", { scope: "col", title, class: "right", "aria-sort": sort === column ? (column < 0 ? "ascending" : "descending") : "none" },
        h("button", { type: "button", class: "column", onclick: () => {
          sort = column;
          draw();
        } }, label));
    const best = t.datasets.map((_, i) => Math.max(...t.rows.map((r) => r.cells[i]?.[metric]?.mean ?? -Infinity)));
    table.replaceChildren(
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "column" }, "Method")), header("Mean rank", -1), ...shown.map(({ name }, i) => header(name, i, t.datasets[i])))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.method),
        h("td", { class: "right" }, row.mean_rank === null ? "–" : row.mean_rank.toFixed(2)),
        ...row.cells.map((cell, i) => scoreCell(cell, metric, best[i]!))))));
  };
  draw();
  const c = t.comparison;
  const names = t.compared.map((row) => t.rows[row]!.method);
  return h("section", { class: "card-wide", "aria-label": `Scores ${scored(t.result_type)}` },
    h("h2", {}, `Scores of ${scored(t.result_type)}`),
    h("div", { class: "table-box", tabIndex: 0, role: "region", "aria-label": "Table" }, table),
    states.length > 0 ? h("p", { class: "quiet" }, `Experiments were run on several states of a dataset of one name. The states here, by the hashes of their files: ${states.join(", ")}.`) : null,
    c
      ? h("figure", { class: "cd" }, criticalDifference(names, c) as unknown as HTMLElement,
          h("figcaption", { class: "quiet" }, `Mean ranks over ${c.n_datasets} datasets. Methods under one bar do not differ by Nemenyi's test at ${c.alpha}: ranks must be ${number(c.critical_difference)} apart. Friedman: p = ${number(c.friedman_p)}; Iman and Davenport: p = ${number(c.iman_davenport_p)}.`))
      : h("p", { class: "quiet" }, t.no_comparison ? `No comparison: ${t.no_comparison}` : ""));
}

function scoreCell(cell: Cell | null, metric: Metric, best: number): HTMLElement {
  if (!cell) return h("td", { class: "right quiet" }, "·");
  const spread = cell[metric];
  const failed = Object.entries(cell.failed).map(([state, n]) => `${n} ${state}`).join(", ");
  const title = [
    cell.settings, `${plural(cell.n_runs, "run")}${failed ? `, ${failed}` : ""}`,
    spread?.interval ? `95 %: ${spread.interval[0].toFixed(3)} – ${spread.interval[1].toFixed(3)}` : "",
    cell.n_samples > 0 ? `${cell.n_positives} anomalies of ${cell.n_samples}` : "",
    cell.wall_secs !== null ? `${number(cell.wall_secs)} s` : "", cell.peak_memory_mb !== null ? memory(cell.peak_memory_mb) : "",
    cell.undefined ?? "", cell.error ?? "",
  ].filter((text) => text !== "").join("\n");
  if (!spread) return h("td", { class: "right quiet", title }, failed || "–");
  const td = h("td", { class: spread.mean === best ? "right best" : "right", title }, spread.mean.toFixed(3), spread.std !== null && spread.std >= 0.0005 ? h("small", {}, ` ±${spread.std.toFixed(3)}`) : null);
  // Chance has no color, and neither has what is below it.
  const chance = metric === "roc_auc" ? 0.5 : cell.n_samples > 0 ? cell.n_positives / cell.n_samples : 0;
  td.style.setProperty("--heat", `${Math.round(46 * Math.min(1, Math.max(0, (spread.mean - chance) / (1 - chance || 1))))}%`);
  return td;
}
