/** The first page: drop files, or choose a graph. */

import { bytes, count, plural } from "../core/format";
import { fetchOk } from "../core/source";
import type { Dataset } from "../core/types";
import { button, h } from "./dom";
import { isSignedOut, signInForm } from "./sign-in";

export class Home {
  readonly element: HTMLElement;
  private readonly status: HTMLElement;
  private readonly list: HTMLElement;
  private readonly zone: HTMLElement;

  constructor(private readonly api: string, private readonly onOpen: (id: string) => void) {
    const input = h("input", { type: "file", multiple: true, class: "away", "aria-label": "Choose files", onchange: () => void this.upload([...(input.files ?? [])]) });
    this.status = h("p", { class: "status", role: "status" });
    this.zone = h("div", { class: "drop" },
      h("h1", {}, "Drop a graph here"),
      h("p", { class: "quiet" }, "CSV, Parquet, Arrow, JSON, GraphML, GEXF, GML, Matrix Market or METIS: a table of edges, and if you like one of nodes."),
      button("Choose files", () => input.click(), { class: "primary large" }), input, this.status);
    this.list = h("div", { class: "datasets" });
    this.element = h("main", { class: "home" }, this.zone, this.list);
    for (const name of ["dragenter", "dragover"]) this.element.addEventListener(name, (event) => this.onDrag(event as DragEvent, true));
    this.element.addEventListener("dragleave", (event) => event.target === this.element && this.onDrag(event as DragEvent, false));
    this.element.addEventListener("drop", (event) => {
      this.onDrag(event as DragEvent, false);
      void this.upload([...((event as DragEvent).dataTransfer?.files ?? [])]);
    });
    void this.load();
  }

  private onDrag(event: DragEvent, over: boolean): void {
    event.preventDefault();
    this.zone.classList.toggle("over", over);
  }

  private async load(): Promise<void> {
    try {
      const body = (await (await fetchOk(`${this.api}/datasets`)).json()) as Dataset[] | { datasets?: Dataset[]; results?: Dataset[] };
      const datasets = Array.isArray(body) ? body : body.datasets ?? body.results ?? [];
      if (datasets.length === 0) return;
      this.list.replaceChildren(h("h2", {}, "Graphs"), h("ul", {}, ...datasets.map((d) =>
        h("li", {}, h("a", { href: `?dataset=${encodeURIComponent(d.id)}`, onclick: (event: MouseEvent) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
          event.preventDefault();
          this.onOpen(d.id);
        } }, h("strong", {}, d.name || d.id), h("span", { class: "quiet" }, typeof d.n_edges === "number" ? `${plural(d.n_nodes, "node")}, ${plural(d.n_edges, "edge")}` : ""))))));
    } catch (error) {
      if (isSignedOut(error)) {
        // Nothing can be dropped here before.
        this.zone.replaceChildren(h("h1", {}, "Sign in"), signInForm(this.api));
        return;
      }
      this.say((error as Error).message, true);
    }
  }

  private say(text: string, isError = false): void {
    this.status.textContent = text;
    this.status.classList.toggle("error", isError);
  }

  /** Sends files: one as it is, several as parts, of which the one that is called after nodes has those. */
  async upload(files: File[]): Promise<void> {
    if (files.length === 0) return;
    const total = files.reduce((sum, f) => sum + f.size, 0);
    const isNodes = (f: File): boolean => /(^|[-_. ])(nodes?|vertices|points?)([-_. ]|$)/i.test(f.name);
    let nodes = files.length > 1 ? files.filter(isNodes) : [];
    if (nodes.length === files.length) nodes = nodes.slice(1);
    let body: XMLHttpRequestBodyInit = files[0]!;
    const named = files.find((f) => !nodes.includes(f))!;
    const address = `${this.api}/datasets?name=${encodeURIComponent(named.name)}`;
    if (files.length > 1) {
      const form = new FormData();
      for (const f of files) form.append(nodes.includes(f) ? "nodes" : "edges", f, f.name);
      body = form;
    }
    this.say(`sending ${bytes(total)}…`);
    try {
      const answer = await send(address, body, (sent) => this.say(sent < total ? `sent ${bytes(sent)} of ${bytes(total)}` : "reading the graph…"));
      const dataset = (answer.data ?? answer) as Partial<Dataset> & { dataset_id?: string };
      const id = dataset.id ?? dataset.dataset_id;
      if (!id) throw new Error("the server took the file, but named no dataset");
      this.say(dataset.n_edges === undefined ? "" : `${count(dataset.n_nodes ?? 0)} nodes, ${count(dataset.n_edges)} edges`);
      this.onOpen(id);
    } catch (error) {
      this.say(`${files.map((f) => f.name).join(", ")}: ${(error as Error).message}`, true);
    }
  }
}

/** Posts with progress, which fetch does not tell. */
function send(address: string, body: XMLHttpRequestBodyInit, progress: (sent: number) => void): Promise<Record<string, unknown>> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    if (body instanceof File) request.setRequestHeader("content-type", body.type || "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onerror = () => fail(new Error("the server cannot be reached"));
    request.onload = () => {
      let answer: { error?: { message?: string } | string } & Record<string, unknown> = {};
      try {
        answer = JSON.parse(request.responseText) as typeof answer;
      } catch {
        if (request.status < 400) return fail(new Error("the server's answer is no JSON"));
      }
      if (request.status >= 400) {
        const words = typeof answer.error === "string" ? answer.error : answer.error?.message;
        return fail(new Error(words ?? `the server refused it (${request.status} ${request.statusText})`));
      }
      done(answer);
    };
    request.send(body);
  });
}
