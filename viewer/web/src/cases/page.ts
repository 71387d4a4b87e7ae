/** The page of a case: what it asks, its steps and what each of them made, and the graph beside it. */

import { storedTheme } from "../core/theme";
import { count, plural, time as moment } from "../core/format";
import { fetchOk } from "../core/source";
import { type Me, Shell } from "../pages/shell";
import { button, h, iconButton, select } from "../ui/dom";
import { isSignedOut, signInForm } from "../ui/sign-in";
import { Editor } from "./editor";
import { Form, labelled } from "./form";
import { markdown } from "./markdown";
import type { Case, Entry, Info, Run, Step, StepReport, Template } from "./types";

/** Milliseconds between two looks at a run. */
const PAUSE = 400;

/** A case to begin with, which reads one table. */
const EMPTY = `title = "A new case"
notes = "What does it look for?"

[parameters.table]
type = "source"
description = "The table to begin with"

[[step]]
name = "table"
verb = "source"
from = "$table"
`;

const JSON_BODY = { "content-type": "application/json" };

export class CasePage {
  readonly element: HTMLElement;
  private readonly side: HTMLElement;
  private readonly stage: HTMLElement;
  private shown: Case | null = null;
  private form: Form | null = null;
  private run: Run | null = null;
  private timer = 0;
  private isEditing = false;
  private readonly status = h("p", { class: "status", role: "status" });
  private readonly steps = h("ol", { class: "steps", "aria-label": "Steps" });
  private readonly start = h("button", { type: "submit", class: "primary" }, "Run");
  private readonly stop = button("Stop", () => void this.end(), { hidden: true });
  private readonly shell: Shell;
  /** Names of what sources can be, by their values. */
  private readonly names = new Map<string, string>();

  constructor(private readonly base: string) {
    this.side = h("div", { class: "side" });
    this.stage = h("section", { class: "beside", "aria-label": "Graph" });
    this.shell = new Shell({
      api: `${base}/api/v1`, base, go: (path) => location.assign(`${base}${path}`),
      themed: (isLight) => document.documentElement.classList.toggle("light", isLight),
    }, "/case/");
    this.element = this.shell.element;
    this.element.classList.add("cases");
    this.shell.main.classList.add("columns");
    this.shell.main.append(this.side, this.stage);
    this.empty("The graph appears here when the case has run.");
  }

  private api(path: string): string {
    return `${this.base}/api/v1/${path}`;
  }

  private async json<T>(path: string, init?: RequestInit): Promise<T> {
    return (await fetchOk(this.api(path), init)).json() as Promise<T>;
  }

  private send<T>(method: string, path: string, body: unknown): Promise<T> {
    return this.json(path, { method, headers: JSON_BODY, body: JSON.stringify(body) });
  }

  /** Shows the case of this id, or all there are. */
  async open(id: string | null, values: URLSearchParams): Promise<void> {
    try {
      if (id === null) await this.list();
      else {
        this.show(await this.json<Case>(`cases/${encodeURIComponent(id)}`), await this.sources(), values);
        if (values.get("run") === "1" && this.form?.isValid()) await this.begin();
      }
    } catch (error) {
      if (isSignedOut(error)) this.side.replaceChildren(h("h1", {}, "Sign in"), signInForm(`${this.base}/api/v1`));
      else this.side.replaceChildren(h("h1", {}, "Case"), h("p", { class: "error", role: "alert" }, (error as Error).message));
    }
  }

  private async list(): Promise<void> {
    document.title = "Cases – graphlume";
    const [{ cases }, templates, me] = await Promise.all([this.json<{ cases: Entry[] }>("cases"), this.json<Template[]>("case-templates"), this.shell.me]);
    const offer = (template: Template): HTMLElement =>
      h("li", {}, h("div", { class: "grow" }, h("strong", {}, template.name), h("div", { class: "quiet" }, template.purpose)),
        button("Use", () => void this.create({ template: template.name }), { "aria-label": `Use ${template.name}` }));
    const file = h("input", { type: "file", accept: ".toml,text/plain", class: "away", tabIndex: -1, "aria-label": "Open a file", onchange: () => {
      const chosen = file.files?.[0];
      file.value = "";
      if (chosen) void chosen.text().then((text) => this.create({ text }), (error: Error) => this.say(error.message, true));
    } });
    this.side.replaceChildren(
      h("h1", {}, "Cases"),
      h("div", { class: "row" }, button("New case", () => void this.create({ text: EMPTY })), button("Open a file", () => file.click(), { title: "A case as a file in TOML" }), file),
      this.status,
      cases.length > 0 ? h("ul", { class: "entries", "aria-label": "Cases" }, ...cases.map((entry) => this.entry(entry, me))) : h("p", { class: "quiet" }, "No case is saved yet. Begin with a template:"),
      h("h2", {}, "Templates"), h("ul", { class: "entries", "aria-label": "Templates" }, ...templates.map(offer)),
    );
    this.empty("A case is a file of steps: sources, queries, neighborhoods. Choose one, give it values, and run it.");
  }

  /** A case in the list: who may see it, and how it goes away. */
  private entry(entry: Entry, me: Me | null): HTMLElement {
    const link = h("div", { class: "grow" }, h("a", { href: `${this.base}/case/${entry.id}` }, h("strong", {}, entry.title)),
      entry.updated_at > 0 ? h("div", { class: "quiet" }, h("time", { dateTime: new Date(entry.updated_at).toISOString(), title: `changed ${moment(entry.updated_at)} UTC` }, moment(entry.updated_at, 200_000))) : null);
    if (!entry.is_own) return h("li", {}, link, h("span", { class: "quiet" }, "shared"));
    const modes = [["private", "only me"], ...((me?.organization ?? null) !== null || entry.mode === "organization" ? [["organization", "my organization"] as const] : []), ["public", "public"]] as const;
    const share = me?.has_accounts ? select(modes, entry.mode, (mode) => void this.shell.attempt("changing who may see it", async () => {
      await this.send("PUT", `cases/${entry.id}`, { mode });
      entry.mode = mode;
    }).then((worked) => void (worked || (share!.value = entry.mode)))) : null;
    share?.setAttribute("aria-label", `Who may see ${entry.title}`);
    return h("li", {}, link, h("span", { class: "row" }, share, iconButton("trash", `Delete ${entry.title}`, () => void this.remove(entry))));
  }

  private async remove(entry: Entry): Promise<void> {
    if (!(await this.shell.confirm(`Delete ${entry.title}?`, "The case will be gone; graphs and tables that it made stay. This cannot be undone.", "Delete"))) return;
    await this.shell.attempt("deleting", async () => {
      await fetchOk(this.api(`cases/${entry.id}`), { method: "DELETE" });
      await this.list();
      this.say(`${entry.title} is deleted.`);
    });
  }

  private async create(body: { text?: string; template?: string }): Promise<void> {
    try {
      const made = await this.send<Case>("POST", "cases", body);
      location.href = `${this.base}/case/${made.id}`;
    } catch (error) {
      this.say((error as Error).message, true);
    }
  }

  /** What a source can be: datasets and tables of the user. */
  private async sources(): Promise<{ value: string; label: string }[]> {
    type Named = { id: string; name: string };
    const [datasets, files] = await Promise.all([
      this.json<{ datasets: Named[] }>("datasets").then((body) => body.datasets, () => []),
      this.json<{ files: Named[] }>("files").then((body) => body.files, () => []),
    ]);
    const named = (kind: string) => (one: Named) => ({ value: `${kind}:${one.id}`, label: one.name });
    const all = labelled([...files.map(named("upload")), ...datasets.map(named("dataset"))]);
    for (const one of all) this.names.set(one.value, one.label);
    return all;
  }

  private show(shown: Case, sources: { value: string; label: string }[], values: URLSearchParams, isEditing = false): void {
    this.shown = shown;
    this.isEditing = isEditing;
    const { info } = shown;
    document.title = `${shown.title} – graphlume`;
    this.form = new Form(info.parameters, sources, values, () => void this.begin());
    // Outside of its form, so that what a run says is beside it.
    this.start.setAttribute("form", this.form.element.id);
    const link = button("Copy link", () => void this.copy());
    const upload = h("input", { type: "file", class: "away", "aria-label": "Upload a table", onchange: () => void this.upload(upload.files?.[0]) });
    this.side.replaceChildren(
      h("h1", {}, shown.title), info.notes ? markdown(info.notes) : "",
      info.parameters.length > 0 ? h("h2", {}, "Parameters") : "", this.form.element,
      h("div", { class: "row" }, this.start, this.stop, link, info.parameters.some((one) => one.type === "source") ? button("Upload a table", () => upload.click()) : null, upload),
      this.status, h("h2", {}, "Steps"), this.steps, this.editor(shown),
    );
    this.draw(info);
  }

  private editor(shown: Case): HTMLElement {
    return new Editor(shown.text, {
      check: (text) => this.send<Info>("POST", "case-checks", { text }).then((info) => plural(info.steps.length, "step")),
      copy: (text) => this.create({ text }),
      save: shown.is_own ? async (text, run) => {
        const changed = await this.send<Case>("PUT", `cases/${shown.id}`, { text });
        this.show(changed, await this.sources(), new URLSearchParams(this.form?.values()), true);
        this.say("Saved.");
        if (run) await this.begin();
      } : null,
    }, this.isEditing).element;
  }

  private async upload(file: File | undefined): Promise<void> {
    if (!file || !this.shown) return;
    this.say(`Uploading ${file.name} …`);
    try {
      const kept = await this.json<{ id: string }>(`files?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      const values = new URLSearchParams(this.form?.values());
      const source = this.shown.info.parameters.find((one) => one.type === "source");
      if (source) values.set(source.name, `upload:${kept.id}`);
      this.show(this.shown, await this.sources(), values);
      this.say(`${file.name} is there, and is read when the case runs.`);
    } catch (error) {
      this.say((error as Error).message, true);
    }
  }

  /** A link to this page with the values that are there, which runs the case. */
  private async copy(): Promise<void> {
    const values = new URLSearchParams(this.form?.values());
    values.set("run", "1");
    const link = `${location.origin}${location.pathname}?${values}`;
    try {
      await navigator.clipboard.writeText(link);
      this.say("The link is in the clipboard.");
    } catch {
      this.say(link);
    }
  }

  /** Runs the case; with `from` what is before that step stays as it was. */
  private async begin(from?: string): Promise<void> {
    if (!this.shown || !this.form || this.run?.status === "running" || !this.form.isValid()) return;
    const values = this.form.values();
    history.replaceState(null, "", `${location.pathname}?${new URLSearchParams(values)}`);
    this.say("");
    try {
      this.follow(await this.send<Run>("POST", `cases/${this.shown.id}/runs`, { values, from }));
    } catch (error) {
      this.say((error as Error).message, true);
      this.old("This graph is of the run before: the last one did not begin.");
    }
  }

  private async end(): Promise<void> {
    if (!this.run) return;
    await fetchOk(this.api(`case-runs/${this.run.id}`), { method: "DELETE" }).catch((error: Error) => this.say(error.message, true));
  }

  /** Shows how far a run is, until it has ended. */
  private follow(run: Run): void {
    clearTimeout(this.timer);
    this.run = run;
    const isRunning = run.status === "running";
    this.start.hidden = isRunning;
    this.stop.hidden = !isRunning;
    if (this.shown) this.draw(this.shown.info);
    if (isRunning) {
      this.say(run.current ? `Step ${run.steps.length + 1} of ${run.n_steps}: ${run.current} …` : "Waiting for its turn …");
      this.timer = window.setTimeout(() => {
        this.json<Run>(`case-runs/${run.id}`).then((next) => this.follow(next), (error: Error) => {
          this.say(error.message, true);
          this.start.hidden = false;
          this.stop.hidden = true;
        });
      }, PAUSE);
      return;
    }
    if (run.status === "failed") {
      this.say(this.named(run.error ?? "It failed."), true);
      this.old("This graph is of the run before: the last one failed.");
    } else if (run.status === "stopped") {
      this.say("Stopped.");
      this.old("This graph is of the run before: the last one was stopped.");
    } else {
      const secs = run.steps.reduce((sum, step) => sum + step.duration_secs, 0);
      const kept = run.steps.filter((step) => step.kept).length;
      const last = run.steps.find((step) => step.name === this.shown?.info.result) ?? run.steps.at(-1);
      const found = last && last.rows === 0 && !(last.nodes ?? 0) ? ` Nothing was found: ${last.gives === "graph" ? "the graph is empty" : "the table has no rows"}. Try other values.` : "";
      this.say(`Done in ${time(secs)}.${found}${kept > 0 ? ` ${kept} of ${plural(run.steps.length, "step")} had not changed, and ${kept === 1 ? "was" : "were"} kept.` : ""}`);
      if (run.dataset && found) this.empty("Nothing was found with these values.");
      else if (run.dataset) this.graph(run.dataset);
      if (run.file) {
        this.empty("A table came out. Its rows are at the last step, and it is kept among your tables, for other cases to read.");
      }
    }
  }

  private graph(id: string): void {
    const url = `${this.base}/graph/graph.html?dataset=${encodeURIComponent(id)}&theme=${storedTheme() ?? "dark"}`;
    this.stage.replaceChildren(h("iframe", { src: url, title: "The graph that came out" }));
    this.status.append(" ", h("a", { href: url, target: "_blank" }, "Open the graph in a window of its own"));
  }

  /** A text with the names of sources in place of what they are kept as. */
  private named(text: string): string {
    return text.replace(/\b(?:upload|dataset):[\w-]+/g, (address) => this.names.get(address) ?? address);
  }

  /** Says of a graph that is there that it is of a run before. */
  private old(words: string | null): void {
    this.stage.querySelector(".old")?.remove();
    if (words !== null && this.stage.querySelector("iframe")) this.stage.append(h("p", { class: "old", role: "status" }, words));
  }

  private empty(text: string): void {
    this.stage.replaceChildren(h("p", { class: "empty quiet" }, text));
  }

  private say(text: string, isError = false): void {
    this.status.textContent = text;
    this.status.classList.toggle("error", isError);
  }

  private draw(info: Info): void {
    const reports = new Map(this.run?.steps.map((step) => [step.name, step]));
    const open = new Set([...this.steps.querySelectorAll<HTMLDetailsElement>("details[open]")].map((one) => one.dataset.step));
    this.steps.replaceChildren(...info.steps.map((step) => this.step(step, reports.get(step.name), open.has(step.name))));
  }

  private step(step: Step, report: StepReport | undefined, isOpen: boolean): HTMLElement {
    const run = this.run;
    const isCurrent = run?.status === "running" && run.current === step.name;
    const state = !step.enabled ? "off" : report ? "done" : isCurrent ? "running" : "waiting";
    const words = { off: "off", done: "done", running: "running", waiting: "not run yet" }[state];
    const head = h("div", { class: "head" }, h("span", { class: `dot ${state}`, role: "img", "aria-label": words }), h("strong", {}, step.name), h("span", { class: "quiet" }, step.verb), h("span", { class: "grow" }), h("span", { class: "counts" }, report ? size(report) : ""));
    const does = h("p", { class: "quiet does" }, this.named(step.does.replace(/\s+/g, " ")));
    const item = h("li", {}, head, does);
    if (step.note) item.append(markdown(step.note));
    if (!report) return item;
    if (run?.status !== "running") {
      const again = button("Run from here", () => void this.begin(step.name), { class: "small", title: "Do this step and those after it anew; what is before it stays as it was, with what hosts and databases said then" });
      again.setAttribute("aria-label", `Run from here: ${step.name}`);
      head.append(again);
    }
    for (const warning of report.warnings) item.append(h("p", { class: "warning" }, warning));
    const came = report.rows_in === null ? "" : `${count(report.rows_in)} in, `;
    const rows = h("details", { open: isOpen, "data-step": step.name }, h("summary", {}, `${came}${report.kept ? "kept from before" : time(report.duration_secs)}, ${this.named(report.place)}`), table(report));
    item.append(rows);
    return item;
  }
}

function size(report: StepReport): string {
  if (report.gives === "graph") return `${plural(report.nodes ?? 0, "node")}, ${plural(report.rows, "edge")}`;
  return plural(report.rows, "row");
}

function time(secs: number): string {
  return secs < 0.1 ? `${(secs * 1e3).toFixed(1)} ms` : `${secs.toFixed(secs < 10 ? 2 : 1)} s`;
}

/** The first rows of what a step made; of a graph, its nodes. */
function table(report: StepReport): HTMLElement {
  const head = h("tr", {}, ...report.columns.map((name) => h("th", { scope: "col" }, name)));
  const cell = (value: unknown): HTMLElement => h("td", {}, value === null ? "" : String(value));
  const body = report.head.slice(0, 20).map((row) => h("tr", {}, ...row.map(cell)));
  return h("div", { class: "rows", tabIndex: 0, role: "region", "aria-label": `First rows of ${report.name}` }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body)));
}
