/** One experiment: how far it is, what it prints, what it is worth, and its scores in the graph. */

import { number, time } from "../core/format";
import { fetchOk } from "../core/source";
import { button, h, select } from "../ui/dom";
import { startDialog } from "./experiments";
import { bare, beginOf, duration, type Experiment, isOver, memory, type Ran, scored, stateTag } from "./gad";
import { failure, type Shell } from "./shell";

interface Evaluation {
  result_type: string;
  metadata: Record<string, unknown>;
  metrics: {
    n_samples?: number;
    n_positives?: number;
    ranking?: {
      roc_auc: number;
      average_precision: number;
      best_f1: number;
      best_f1_threshold: number;
      ndcg: number;
      at_k: { k: number; precision: number; recall: number; f1: number }[];
      partial_roc_auc?: [number, number][];
      tpr_at_fpr?: [number, number][];
      fpr_at_tpr?: [number, number][];
    } | null;
    intervals?: Record<string, { low: number; high: number }> | null;
    undefined?: { metric: string; reason: string }[];
    warnings?: string[];
    [graflag: string]: unknown;
  };
}

/** Plots by the beginnings of their names, in the order in which they say most. */
const PLOTS: readonly (readonly [string, string])[] = [
  ["roc_curve", "Receiver operating characteristic"], ["pr_curve", "Precision and recall"], ["score_distribution", "Scores"],
  ["temporal", "Over time"], ["snapshots", "Snapshots"], ["kinds", "Kinds of anomalies"], ["calibration", "Calibration"], ["resources_curves", "What it took"],
];

export async function experiment(shell: Shell, name: string): Promise<void> {
  shell.title(name);
  const { api } = shell.where;
  const path = `/experiments/${encodeURIComponent(name)}`;
  const heading = h("h1", {}, name);
  const state = h("span", {});
  const facts = h("dl", { class: "facts-row" });
  const ran = h("section", { class: "card-wide", hidden: true, "aria-label": "What was run" });
  const error = h("pre", { class: "problem", hidden: true });
  const stop = button("Stop", () => void halt(), { class: "danger", hidden: true });
  const evaluate = button("Evaluate", () => void judge(), { hidden: true });
  const open = button("Open in the graph view", () => void show(), { class: "primary", hidden: true });
  const again = button("Run again", () => undefined, { hidden: true });
  const worth = h("section", { class: "card-wide", hidden: true, "aria-label": "Evaluation" });
  const plots = h("section", { class: "plots", hidden: true, "aria-label": "Plots" });
  const log = new Log(shell, `${api}${path}/log`);
  shell.main.append(h("div", { class: "page-body" },
    h("nav", { class: "crumbs", "aria-label": "Where this is" }, shell.link("/experiments", "Experiments"), h("span", { "aria-hidden": "true" }, "›"), h("span", { "aria-current": "page" }, name)),
    h("div", { class: "row title-row" }, heading, state, h("span", { class: "grow" }), stop, again, evaluate, open),
    facts, error, ran, worth, plots, log.element));

  let may_run = false;
  void shell.get<{ may_run: boolean }>("/experiments").then((list) => {
    may_run = list.may_run;
    if (now) draw(now);
  }, () => undefined);
  let now: Experiment | null = null;
  let evaluated = false;

  const halt = async (): Promise<void> => {
    if (!(await shell.confirm("Stop this experiment?", "What it has found until now is lost, unless it was written.", "Stop it"))) return;
    stop.disabled = true;
    await shell.attempt("stopping", async () => {
      await shell.send("POST", `${path}/stop`);
      await look();
    });
    stop.disabled = false;
  };
  const judge = async (): Promise<void> => {
    evaluate.disabled = true;
    shell.say("evaluating");
    await shell.attempt("evaluating", async () => {
      await shell.send("POST", `${path}/evaluation`);
      evaluated = false;
      await look();
    });
    evaluate.disabled = false;
  };
  const show = async (): Promise<void> => {
    open.disabled = true;
    const before = open.textContent;
    open.textContent = "Putting scores into the graph…";
    await shell.attempt("the graph", async () => {
      const { id } = await shell.send<{ id: string }>("POST", `${path}/graph`);
      shell.where.go(`/?dataset=${encodeURIComponent(id)}`);
    });
    open.textContent = before;
    open.disabled = false;
  };

  const draw = (e: Experiment): void => {
    const { status } = e;
    heading.replaceChildren(e.method, h("span", { class: "quiet" }, " on "), e.dataset);
    state.replaceChildren(stateTag(status.status));
    shell.title(`${e.method} on ${e.dataset}`);
    const began = beginOf(e.time);
    const said: [string, string | null][] = [
      ["Began", began === null ? e.time : `${time(began)} UTC`],
      ["Took", status.exec_time_ms ? duration(status.exec_time_ms) : !isOver(status.status) && began !== null ? `${duration(Date.now() - began)} so far` : null],
      ["Processor", status.resources?.cpu_secs ? duration(1000 * status.resources.cpu_secs) : null],
      ["Memory", status.resources?.peak_memory_mb ? memory(status.resources.peak_memory_mb) : null],
      ["GPU memory", status.resources?.peak_gpu_mb ? memory(status.resources.peak_gpu_mb) : null],
      ["Exit code", typeof status.exit_code === "number" && status.exit_code !== 0 ? String(status.exit_code) : null],
    ];
    facts.replaceChildren(...said.flatMap(([k, v]) => (v === null ? [] : [h("div", {}, h("dt", {}, k), h("dd", {}, v))])));
    error.hidden = !status.error;
    error.textContent = status.error ?? "";
    stop.hidden = !may_run || isOver(status.status);
    again.hidden = !may_run || !isOver(status.status);
    again.onclick = () => void startDialog(shell, e.run ?? { method: e.method, dataset: e.dataset });
    const told = JSON.stringify(e.run ?? null);
    if (ran.dataset.told !== told) {
      ran.dataset.told = told;
      ran.hidden = !e.run;
      if (e.run) ran.replaceChildren(...setUp(e.run));
    }
    evaluate.hidden = !may_run || !e.has_results || !isOver(status.status);
    evaluate.textContent = e.has_evaluation ? "Evaluate again" : "Evaluate";
    open.hidden = !e.has_results || !isOver(status.status);
  };

  const look = async (): Promise<number> => {
    try {
      const e = await shell.get<Experiment>(path);
      if (now && isOver(e.status.status) && !isOver(now.status.status)) shell.say(`the experiment is ${e.status.status}`);
      now = e;
      draw(e);
      if (e.has_evaluation && !evaluated) {
        evaluated = true;
        void evaluation(shell, path, worth);
        void pictures(shell, path, plots);
      }
      await log.more();
      return isOver(e.status.status) ? 20_000 : 1200;
    } catch (problem) {
      if (!now) shell.main.replaceChildren(failure(problem));
      return 10_000;
    }
  };
  shell.poll(look);
}

/** What was run, as a section tells it: what was given first, then what the method has of itself. */
function setUp(run: Ran): HTMLElement[] {
  const rows = (of: [string, string | null][]): HTMLElement[] => of.flatMap(([k, v]) => (v === null ? [] : [h("div", {}, h("dt", {}, k), h("dd", {}, v))]));
  const names = Object.keys(run.all_parameters).sort();
  const own = names.filter((name) => !(name in run.parameters) && !(name === "seed" && run.seed !== null));
  return [
    h("h2", {}, "What was run"),
    h("dl", { class: "facts-row" }, ...rows([
      ["Method", run.method], ["Dataset", bare(run.dataset)], ["Seed", run.seed === null ? "the method's own" : String(run.seed)],
      ...Object.entries(run.parameters), ["Seconds at most", run.timeout_secs === null ? null : String(run.timeout_secs)],
      ["Version", run.version ? `graphlume ${run.version}` : "GraFlag"], ["Ran by", run.executor], ["Image", run.image],
    ])),
    ...(own.length > 0 ? [h("details", {}, h("summary", {}, Object.keys(run.parameters).length > 0 ? "All other parameters" : "Parameters: the method's own"), h("dl", { class: "facts" }, ...own.flatMap((name) => [h("dt", {}, name), h("dd", {}, run.all_parameters[name]!)])))] : []),
  ];
}

/** Bytes of a log that are shown at first. */
const TAIL = 65_536;

/** The end of what an experiment prints, which grows while one looks. */
class Log {
  readonly element: HTMLElement;
  private readonly text = h("pre", { class: "log", tabIndex: 0, "aria-label": "Log" });
  private readonly note = h("span", { class: "quiet" });
  private offset: number | null = null;
  private build = false;
  private busy = false;
  private run = 0;
  private readonly decoder = { of: new TextDecoder() };

  constructor(private readonly shell: Shell, private readonly address: string) {
    const which = select([["", "What the method printed"], ["build", "What making its environment printed"]], "", (value) => {
      this.build = value === "build";
      this.run++;
      this.offset = null;
      this.busy = false;
      this.text.replaceChildren();
      void this.more();
    });
    which.setAttribute("aria-label", "Which log");
    const whole = h("a", { class: "inline", href: `${address}?offset=0&limit=1048576`, target: "_blank", rel: "noopener" }, "as a file");
    this.element = h("section", { class: "card-wide", "aria-label": "Log" }, h("div", { class: "row" }, h("h2", { class: "grow" }, "Log"), this.note, which, whole), this.text);
  }

  /** Fetches what is new. */
  async more(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    const run = this.run;
    try {
      const query = new URLSearchParams({ ...(this.offset === null ? { limit: String(TAIL) } : { offset: String(this.offset), limit: "1048576" }), ...(this.build ? { build: "true" } : {}) });
      const response = await fetchOk(`${this.address}?${query}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (run !== this.run) return;
      const size = Number(response.headers.get("x-graphlume-size") ?? 0);
      if (this.offset !== null && size < this.offset) {
        // Another run writes into the same file.
        this.offset = null;
        this.text.replaceChildren();
        return;
      }
      const first = this.offset === null;
      if (first) this.decoder.of = new TextDecoder();
      // The end of a log may have grown between the look at its size and the reading.
      this.offset = (first ? Math.max(0, size - TAIL) : this.offset!) + bytes.length;
      if (first && size > bytes.length) this.note.textContent = `the last ${Math.round(bytes.length / 1024)} KiB of ${Math.round(size / 1024)}`;
      else if (first) this.note.textContent = "";
      if (bytes.length > 0) {
        const atEnd = this.text.scrollHeight - this.text.scrollTop - this.text.clientHeight < 30;
        this.text.append(this.decoder.of.decode(bytes, { stream: true }));
        // A page that grows without end would stop to answer.
        while (this.text.childNodes.length > 1 && (this.text.textContent?.length ?? 0) > 2_000_000) this.text.firstChild!.remove();
        if (first || atEnd) this.text.scrollTop = this.text.scrollHeight;
      }
      this.text.classList.toggle("nothing", this.text.textContent === "");
    } catch (error) {
      if (run === this.run) this.shell.say((error as Error).message);
    } finally {
      if (run === this.run) this.busy = false;
    }
  }
}

async function evaluation(shell: Shell, path: string, into: HTMLElement): Promise<void> {
  let found: Evaluation;
  try {
    found = await shell.get<Evaluation>(`${path}/evaluation`);
  } catch (error) {
    into.hidden = false;
    into.replaceChildren(h("p", { class: "error" }, `The evaluation cannot be read: ${(error as Error).message}`));
    return;
  }
  const { metrics } = found;
  const r = metrics.ranking;
  const auc = r?.roc_auc ?? metrics.auc_roc;
  const ap = r?.average_precision ?? metrics.auc_pr;
  const n = metrics.n_samples ?? metrics.num_samples;
  const positives = metrics.n_positives ?? metrics.num_anomalies;
  const tile = (label: string, value: unknown, note?: string): HTMLElement | null =>
    typeof value === "number" ? h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, value.toFixed(4)), note ? h("dd", { class: "quiet" }, note) : null) : null;
  const interval = (name: string): string | undefined => {
    const i = metrics.intervals?.[name];
    return i ? `${i.low.toFixed(3)} – ${i.high.toFixed(3)}` : undefined;
  };
  const chance = typeof n === "number" && typeof positives === "number" && n > 0 ? positives / n : null;
  const rows: [string, string][] = [];
  for (const at of r?.at_k ?? []) rows.push([`Precision, recall of the top ${at.k}`, `${number(at.precision)}, ${number(at.recall)}`]);
  if (r) rows.push(["NDCG", number(r.ndcg)]);
  for (const [fpr, area] of r?.partial_roc_auc ?? []) rows.push([`Area up to a false positive rate of ${fpr}`, number(area)]);
  for (const [fpr, tpr] of r?.tpr_at_fpr ?? []) rows.push([`True positive rate at a false positive rate of ${fpr}`, number(tpr)]);
  for (const [tpr, fpr] of r?.fpr_at_tpr ?? []) rows.push([`False positive rate at a true positive rate of ${tpr}`, number(fpr)]);
  into.hidden = false;
  into.replaceChildren(
    h("div", { class: "row" }, h("h2", { class: "grow" }, "Evaluation"),
      h("span", { class: "quiet" }, [scored(found.result_type), typeof n === "number" ? `${number(n)} scored` : "", typeof positives === "number" ? `${number(positives)} anomalies` : ""].filter((t) => t !== "").join(" · "))),
    h("dl", { class: "tiles" }, tile("Area under the ROC", auc, interval("roc_auc")), tile("Average precision", ap, interval("average_precision") ?? (chance === null ? undefined : `chance: ${number(chance)}`)),
      tile("Best F1", r?.best_f1 ?? metrics.best_f1, r ? `at ${number(r.best_f1_threshold)}` : undefined)),
    ...(metrics.warnings ?? []).map((words) => h("p", { class: "warning" }, words)),
    ...(rows.length > 0 ? [h("details", {}, h("summary", {}, "All metrics"), h("dl", { class: "facts" }, ...rows.flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)])),
      ...(metrics.undefined ?? []).map((u) => h("p", { class: "quiet" }, `${u.metric}: ${u.reason}`)))] : []),
  );
}

async function pictures(shell: Shell, path: string, into: HTMLElement): Promise<void> {
  const { files } = await shell.get<{ files: string[] }>(`${path}/plots`).catch(() => ({ files: [] as string[] }));
  // Of each picture the drawing, if there is one: it is sharp at any size.
  const stems = [...new Set(files.filter((f) => /\.(svg|png)$/.test(f)).map((f) => f.replace(/\.\w+$/, "")))];
  const place = (stem: string): number => {
    const at = PLOTS.findIndex(([begin]) => stem.startsWith(begin));
    return at < 0 ? PLOTS.length : at;
  };
  stems.sort((a, b) => place(a) - place(b) || a.localeCompare(b));
  const address = (file: string): string => `${shell.where.api}${path}/plots/${encodeURIComponent(file)}`;
  into.hidden = stems.length === 0;
  into.replaceChildren(...stems.map((stem) => {
    const file = files.includes(`${stem}.svg`) ? `${stem}.svg` : `${stem}.png`;
    const label = PLOTS.find(([begin]) => stem.startsWith(begin))?.[1] ?? stem.replaceAll("_", " ");
    // Shades of a heat map mean something.
    return h("figure", { class: stem.includes("heat_map") ? "plot as-is" : "plot" }, h("a", { href: address(file), target: "_blank", rel: "noopener" }, h("img", { src: address(file), alt: label, loading: "lazy" })), h("figcaption", {}, label));
  }), ...files.filter((f) => f.endsWith(".html")).map((f) => h("p", {}, h("a", { class: "inline", href: address(f), target: "_blank", rel: "noopener" }, "The whole report"))));
}
