/** The first page: drop files, or choose one of the graphs that are there. */

import { bytes, count, plural, time } from "../core/format";
import { fetchOk } from "../core/source";
import type { Dataset } from "../core/types";
import { button, debounce, field, h, iconButton, select } from "../ui/dom";
import { isSignedOut, signInForm } from "../ui/sign-in";
import { shareDialog } from "./share";
import type { Me, Shell } from "./shell";
import { guess, headOf, type Head, type Roles, toQuery } from "./columns";
import { type Entities, hypergraphOptions, VIEW } from "./events";
import { rolesForm } from "./roles";
import { type Job, jobsOf, remedies, send } from "./upload";

export interface Listed extends Omit<Dataset, "created_at"> {
  owner: string;
  mode: "private" | "organization" | "public";
  organization: string | null;
  created_at: number;
}

/** Graphs on a page. */
const PAGE = 20;

const ORDERS = [
  ["created_at", "Newest first"], ["-created_at", "Oldest first"], ["updated_at", "Changed last"],
  ["name", "By name"], ["n_edges", "Largest first"], ["-n_edges", "Smallest first"],
] as const;

const MODES = { private: "private", organization: "organization", public: "public" } as const;

/** A dataset that was made, and of what. */
interface Made {
  job: Job;
  roles: Roles;
  head: Head | null;
  id: string;
  /** Words on its edges. */
  edges: string;
}

/** The upload whose columns are to be chosen anew, when this page is open again. */
let changed: Made | null = null;

/** A description without the marks of Markdown, which cases write, for one line. */
export function plain(text: string): string {
  return text.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/(\*\*|__|`)(.+?)\1/g, "$2").replace(/^#+\s+/gm, "").replace(/\s+/g, " ").trim();
}

export async function home(shell: Shell): Promise<void> {
  shell.title("Graphs");
  const page = new Home(shell);
  shell.main.append(page.element);
  const before = changed;
  changed = null;
  if (before?.head) void page.change(before);
  await page.load();
}

class Home {
  readonly element: HTMLElement;
  private readonly status = h("p", { class: "status", role: "status" });
  private readonly progress = h("progress", { max: 1, hidden: true, "aria-label": "Upload" });
  /** What is asked before or after an upload. */
  private readonly asked = h("div", { class: "asked" });
  private answer: ((roles: Roles | null) => void) | null = null;
  private readonly cancel = button("Cancel", () => this.sending?.abort(), { class: "link", hidden: true });
  private readonly zone: HTMLElement;
  private readonly list = h("ul", { class: "graphs" });
  private readonly tools: HTMLElement;
  private readonly pager = h("div", { class: "row pager" });
  private readonly search: HTMLInputElement;
  private readonly order: HTMLSelectElement;
  private me: Me | null = null;
  private offset = 0;
  private total = 0;
  private run = 0;
  private sending: AbortController | null = null;
  private uploads = 0;

  constructor(private readonly shell: Shell) {
    const input = h("input", { type: "file", multiple: true, class: "away", tabIndex: -1, "aria-label": "Choose files", onchange: () => {
      const files = [...(input.files ?? [])];
      input.value = "";
      void this.upload(files);
    } });
    this.zone = h("section", { class: "drop", "aria-label": "Upload" },
      h("h1", {}, "Drop a graph here"),
      h("p", { class: "quiet" }, "CSV, Parquet, Arrow, JSON, GraphML, GEXF, GML, Matrix Market or METIS: a table of edges and, if you like, one of nodes; or a table of events."),
      button("Choose files", () => input.click(), { class: "primary large" }), input, this.progress,
      h("div", { class: "row" }, this.status, this.cancel), this.asked);
    const query = new URLSearchParams(location.search);
    this.search = h("input", { type: "search", placeholder: "Search graphs", "aria-label": "Search graphs", value: query.get("q") ?? "" });
    const again = (): void => {
      this.offset = 0;
      this.keep();
      void this.load();
    };
    this.search.addEventListener("input", debounce(again, 200));
    this.order = select(ORDERS, ORDERS.some(([v]) => v === query.get("sort")) ? query.get("sort")! : "created_at", again);
    this.order.setAttribute("aria-label", "Order");
    this.offset = Math.max(0, Number(query.get("offset")) || 0);
    this.tools = h("div", { class: "row list-tools", hidden: true }, h("h2", { class: "grow" }, "Graphs"), this.search, this.order);
    this.element = h("div", { class: "home" }, this.zone, h("section", { class: "datasets", "aria-label": "Graphs" }, this.tools, this.list, this.pager));
    // Wherever on the page something is dropped, it is meant.
    const { element } = this;
    for (const name of ["dragenter", "dragover"]) element.addEventListener(name, (event) => this.onDrag(event as DragEvent, true));
    element.addEventListener("dragleave", (event) => !element.contains((event as DragEvent).relatedTarget as Node | null) && this.onDrag(event as DragEvent, false));
    element.addEventListener("drop", (event) => {
      this.onDrag(event as DragEvent, false);
      void this.upload([...((event as DragEvent).dataTransfer?.files ?? [])]);
    });
    shell.onEnd(() => this.sending?.abort());
  }

  private onDrag(event: DragEvent, over: boolean): void {
    event.preventDefault();
    this.zone.classList.toggle("over", over);
  }

  private keep(): void {
    const url = new URL(location.href);
    const put = (key: string, value: string, usual: string): void => (value === usual ? url.searchParams.delete(key) : url.searchParams.set(key, value));
    put("q", this.search.value.trim(), "");
    put("sort", this.order.value, "created_at");
    put("offset", String(this.offset), "0");
    history.replaceState(history.state, "", url);
  }

  async load(): Promise<void> {
    const run = ++this.run;
    const order = this.order.value.replace(/^-/, "");
    // Times and sizes begin with the largest, names with the first.
    const descending = (order === "name") === this.order.value.startsWith("-");
    const query = new URLSearchParams({ offset: String(this.offset), limit: String(PAGE), search: this.search.value.trim(), sort: order, descending: String(descending) });
    try {
      const [{ datasets, total }, me] = await Promise.all([this.shell.get<{ datasets: Listed[]; total: number }>(`/datasets?${query}`), this.shell.me]);
      if (run !== this.run) return;
      this.me = me;
      this.total = total;
      if (datasets.length === 0 && this.offset > 0) {
        // What was on the last page has gone.
        this.offset = Math.max(0, Math.floor((total - 1) / PAGE) * PAGE);
        this.keep();
        return await this.load();
      }
      this.draw(datasets);
    } catch (error) {
      if (run !== this.run) return;
      if (isSignedOut(error)) {
        // Nothing can be dropped here before.
        this.zone.replaceChildren(h("h1", {}, "Sign in"), signInForm(this.shell.where.api));
        return;
      }
      this.say((error as Error).message, true);
    }
  }

  private draw(datasets: readonly Listed[]): void {
    const isSearched = this.search.value.trim() !== "";
    this.tools.hidden = this.total === 0 && !isSearched;
    this.list.replaceChildren(...datasets.map((d) => this.row(d)));
    if (datasets.length === 0) this.list.replaceChildren(h("li", { class: "quiet nothing" }, isSearched ? "No graph is called so." : "No graphs yet: what you drop above is kept here."));
    const last = Math.min(this.offset + PAGE, this.total);
    const turn = (by: number) => (): void => {
      this.offset = Math.max(0, this.offset + by);
      this.keep();
      void this.load().then(() => this.list.querySelector<HTMLElement>("a")?.focus());
    };
    this.pager.replaceChildren(...(this.total > PAGE ? [
      button("Previous", turn(-PAGE), { disabled: this.offset === 0 }),
      h("span", { class: "quiet grow center", "aria-live": "polite" }, `${count(this.offset + 1)} – ${count(last)} of ${plural(this.total, "graph")}`),
      button("Next", turn(PAGE), { disabled: last >= this.total }),
    ] : []));
  }

  private row(d: Listed): HTMLElement {
    const { shell } = this;
    const name = d.name || d.id;
    const size = typeof d.n_edges === "number" ? `${plural(d.n_nodes, "node")}, ${plural(d.n_edges, "edge")}` : "not read yet";
    const owns = !this.me?.has_accounts || this.me.user?.is_admin === true || d.owner === this.me.user?.id;
    const link = h("a", { class: "graph-link", href: `${shell.where.base}/?dataset=${encodeURIComponent(d.id)}`, onclick: (event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      shell.where.go(`/?dataset=${encodeURIComponent(d.id)}`);
    } }, h("strong", { class: "clip" }, name), h("span", { class: "quiet clip" }, d.description ? plain(d.description) : size), d.description ? h("span", { class: "quiet minor size" }, size) : null);
    const made = h("time", { class: "quiet minor", dateTime: new Date(d.created_at).toISOString(), title: `made ${time(d.created_at)} UTC` }, ago(d.created_at));
    const mode = this.me?.has_accounts ? h("span", { class: `tag mode-${d.mode}` }, MODES[d.mode]) : null;
    return h("li", { class: "graph-row" }, link, mode, made, ...(owns ? [
      h("span", { class: "row-tools" },
        iconButton("edit", `Rename ${name}`, () => this.rename(d)),
        ...(this.me?.has_accounts ? [iconButton("share", `Share ${name}`, () => void shareDialog(shell, d, this.me!, () => void this.load()))] : []),
        iconButton("trash", `Delete ${name}`, () => void this.remove(d))),
    ] : []));
  }

  private rename(d: Listed): void {
    const name = h("input", { type: "text", value: d.name, maxLength: 200, required: true });
    const about = h("textarea", { rows: 3, maxLength: 2000, value: d.description ?? "" });
    const form = h("form", { class: "stack" }, field("Name", name), field("Description", about),
      h("div", { class: "row actions" }, button("Cancel", () => dialog.close()), h("button", { type: "submit", class: "primary" }, "Save")));
    const dialog = this.shell.dialog(`Rename ${d.name || d.id}`, form);
    name.select();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.shell.attempt("renaming", async () => {
        await this.shell.send("PATCH", `/datasets/${encodeURIComponent(d.id)}`, { name: name.value.trim(), description: about.value.trim() });
        dialog.close();
        await this.load();
      });
    });
  }

  private async remove(d: Listed): Promise<void> {
    const name = d.name || d.id;
    if (!(await this.shell.confirm(`Delete ${name}?`, "The graph, its saved views and all links to it will be gone. This cannot be undone.", "Delete"))) return;
    await this.shell.attempt("deleting", async () => {
      await this.shell.send("DELETE", `/datasets/${encodeURIComponent(d.id)}`);
      this.shell.say(`${name} is deleted`);
      await this.load();
    });
  }

  private say(text: string, isError = false): void {
    this.status.textContent = text;
    this.status.classList.toggle("error", isError);
  }

  /** Makes a dataset of each table of edges, and opens it if it is the only one. */
  async upload(files: File[]): Promise<void> {
    if (files.length === 0) return;
    if (this.sending) {
      this.say("one upload after the other, please", true);
      return;
    }
    // What was asked about files before is not asked any more.
    this.answer?.(null);
    const jobs = jobsOf(files);
    if (typeof jobs === "string") {
      this.say(jobs, true);
      return;
    }
    const made: Made[] = [];
    let failed = "";
    for (const job of jobs) {
      const run = ++this.uploads;
      const head = await headOf(job.edges).catch(() => null);
      const roles = head && !guess(head).isClear ? await this.ask(job, head, {}) : {};
      const done = roles && (await this.make(job, head, roles));
      if (done) made.push(done);
      else failed ||= this.status.textContent ?? "";
      // Other files were dropped meanwhile.
      if (run !== this.uploads) return;
    }
    if (jobs.length > 1) {
      const words = made.map((one) => `${one.job.edges.name}${one.edges && ` (${one.edges})`}`).join(", ");
      this.say([made.length > 0 ? `${plural(made.length, "graph")} made: ${words}.` : "", failed].filter((text) => text !== "").join(" "), failed !== "");
      this.offset = 0;
      await this.load();
    } else if (made.length > 0) this.show(made[0]!);
  }

  /** Chooses the columns of an upload anew, which takes the place of what was made of it. */
  async change(before: Made): Promise<void> {
    const roles = await this.ask(before.job, before.head!, before.roles);
    const made = roles && (await this.make(before.job, before.head, roles));
    if (!made) return;
    await this.shell.attempt("deleting the graph of other columns", () => this.shell.send("DELETE", `/datasets/${encodeURIComponent(before.id)}`));
    this.show(made);
  }

  private show(made: Made): void {
    const { shell } = this;
    const notice = made.head && made.edges ? { text: `${made.job.edges.name}: ${made.edges}`, verb: "Change", act: () => {
      changed = made;
      shell.where.go("/");
    } } : undefined;
    shell.where.go(`/?dataset=${encodeURIComponent(made.id)}`, notice);
  }

  private ask(job: Job, head: Head, roles: Roles): Promise<Roles | null> {
    return this.wait((done) => [rolesForm(job.edges.name, head, roles, job.nodes === null, done)]);
  }

  /** Shows a question until it has an answer. */
  private wait(question: (done: (roles: Roles | null) => void) => HTMLElement[]): Promise<Roles | null> {
    return new Promise((answered) => {
      const done = (roles: Roles | null): void => {
        this.answer = null;
        this.asked.replaceChildren();
        this.zone.classList.remove("asking");
        this.say("");
        answered(roles);
      };
      this.answer = done;
      this.asked.replaceChildren(...question(done));
      this.zone.classList.add("asking");
      this.asked.querySelector<HTMLElement>("input:checked, select, button")?.focus();
    });
  }

  /** Uploads until it works or nobody wants it any more. */
  private async make(job: Job, head: Head | null, given: Roles): Promise<Made | null> {
    let roles = given;
    for (;;) {
      try {
        const made = roles.entities ? await this.sendEvents(job.edges, roles.entities) : await this.send(job, roles, head);
        return { ...made, job, roles, head };
      } catch (error) {
        if ((error as Error).name === "AbortError") {
          this.say("cancelled");
          return null;
        }
        const message = (error as Error).message;
        const ways = remedies(message);
        const words = `${job.nodes ? `${job.edges.name}, ${job.nodes.name}` : job.edges.name}: ${ways[0]?.words ?? message}`;
        this.say(words, true);
        if (ways.length === 0 && !head) return null;
        const next = await this.wait((done) => [h("div", { class: "row center ways" },
          ...ways.map((way, i) => button(way.verb, () => {
            const { weight, ...others } = roles;
            done({ ...others, ...(weight && !way.roles.unweighted ? { weight } : {}), ...way.roles });
          }, { class: i === 0 ? "primary" : "" })),
          head ? button("Choose columns", () => void this.ask(job, head, roles).then(done)) : null,
          button("Leave it", () => done(null), { class: "link" }))]);
        if (!next) {
          this.say(words, true);
          return null;
        }
        roles = next;
      }
    }
  }

  /** Sends a table of edges as it is, or with one of nodes as parts. */
  private async send(job: Job, roles: Roles, head: Head | null): Promise<{ id: string; edges: string }> {
    const files = job.nodes ? [job.nodes, job.edges] : [job.edges];
    const query = new URLSearchParams([["name", job.edges.name], ...toQuery(roles)]);
    let body: XMLHttpRequestBodyInit = job.edges;
    if (job.nodes) {
      body = new FormData();
      body.append("nodes", job.nodes, job.nodes.name);
      body.append("edges", job.edges, job.edges.name);
    }
    return this.sends(async (signal) => {
      const answer = await this.post(`datasets?${query}`, body, files, "reading the graph…", signal);
      if (typeof answer.id !== "string") throw new Error("the server took the file, but named no dataset");
      const [source, target] = [answer.source_column, answer.target_column];
      return { id: answer.id, edges: head && typeof source === "string" && typeof target === "string" ? `edges from ${source} to ${target}${job.nodes ? `, nodes of ${job.nodes.name}` : ""}` : "" };
    });
  }

  /** Sends a table of events, and has a graph made of what its rows name. */
  private async sendEvents(file: File, entities: Entities): Promise<{ id: string; edges: string }> {
    const { shell } = this;
    return this.sends(async (signal) => {
      const { id: table } = await this.post(`files?${new URLSearchParams({ name: file.name })}`, file, [file], "reading the events…", signal);
      if (typeof table !== "string") throw new Error("the server took the file, but did not name it");
      try {
        this.say("linking what the rows name…");
        const ask = { options: hypergraphOptions(entities), name: file.name.replace(/\.[^.]*$/, "") };
        const made = (await (await fetchOk(`${shell.where.api}/files/${encodeURIComponent(table)}/hypergraph`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(ask), signal })).json()) as { dataset?: { id?: string } };
        const id = made.dataset?.id;
        if (typeof id !== "string") throw new Error("the server made a graph, but named no dataset");
        // Whoever opens it later sees the same; without, it is a graph all the same.
        await shell.send("PATCH", `/datasets/${encodeURIComponent(id)}`, { url_params: VIEW }).catch(() => undefined);
        const names = entities.columns;
        return { id, edges: names.length > 1 ? `each row links ${names.slice(0, -1).join(", ")} and ${names[names.length - 1]!}` : `each row has ${names[0]!}` };
      } finally {
        // The graph has all of it.
        await shell.send("DELETE", `/files/${encodeURIComponent(table)}`).catch(() => undefined);
      }
    });
  }

  /** Posts files, and tells how far they are. */
  private post(path: string, body: XMLHttpRequestBodyInit, files: readonly File[], then: string, signal: AbortSignal): Promise<Record<string, unknown>> {
    const total = files.reduce((sum, f) => sum + f.size, 0);
    this.say(`sending ${bytes(total)}…`);
    return send(`${this.shell.where.api}/${path}`, body, (sent) => {
      this.progress.value = total > 0 ? Math.min(1, sent / total) : 1;
      // How long reading takes nobody knows.
      if (sent >= total) this.progress.removeAttribute("value");
      this.say(sent < total ? `sent ${bytes(sent)} of ${bytes(total)}` : then);
    }, signal);
  }

  /** Shows progress, and the way to end it, while something is sent. */
  private async sends<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.sending = new AbortController();
    this.progress.hidden = this.cancel.hidden = false;
    this.progress.value = 0;
    try {
      return await work(this.sending.signal);
    } finally {
      this.sending = null;
      this.progress.hidden = this.cancel.hidden = true;
    }
  }
}

/** How long ago something was, in words. */
export function ago(ms: number, now = Date.now()): string {
  const minutes = Math.floor((now - ms) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  if (minutes < 14 * 24 * 60) return plural(Math.floor(minutes / 1440), "day") + " ago";
  return time(ms, Infinity);
}
