/** The list of experiments, and the form that starts one. */

import { time } from "../core/format";
import { button, field, h, select } from "../ui/dom";
import { ago } from "./home";
import { beginOf, duration, type Experiment, type GadDataset, isOver, memory, type Method, stateTag } from "./gad";
import { failure, type Shell } from "./shell";
import { ListTable } from "./table";

interface List {
  experiments: Experiment[];
  n_unreadable: number;
  may_run: boolean;
}

export async function experiments(shell: Shell): Promise<void> {
  shell.title("Experiments");
  const query = new URLSearchParams(location.search);
  const state = select([["", "All states"], ["active", "Running"], ["completed", "Completed"], ["bad", "Failed"], ["stopped", "Stopped"]], query.get("state") ?? "", (value) => {
    const url = new URL(location.href);
    if (value) url.searchParams.set("state", value);
    else url.searchParams.delete("state");
    history.replaceState(history.state, "", url);
    table.draw();
  });
  state.setAttribute("aria-label", "State");
  const start = button("New experiment", () => void startDialog(shell), { class: "primary", hidden: true });
  const note = h("p", { class: "quiet" });
  const table = new ListTable<Experiment>({
    name: "experiments", sort: "began", descending: true, empty: "No experiments yet: graphlume run leaves them here.",
    columns: [
      { key: "state", label: "State", value: (e) => e.status.status, cell: (e) => stateTag(e.status.status) },
      { key: "method", label: "Method", value: (e) => e.method, cell: (e) => shell.link(`/experiments/${encodeURIComponent(e.name)}`, e.method, { class: "strong" }) },
      { key: "dataset", label: "Dataset", value: (e) => e.dataset },
      { key: "began", label: "Began", isMinor: true, value: (e) => beginOf(e.time) ?? e.time, cell: (e) => {
        const at = beginOf(e.time);
        return at === null ? e.time : h("time", { title: `${time(at)} UTC`, dateTime: new Date(at).toISOString() }, ago(at));
      } },
      { key: "took", label: "Took", isNumber: true, value: (e) => e.status.exec_time_ms ?? null, cell: (e) => (e.status.exec_time_ms ? duration(e.status.exec_time_ms) : "–") },
      { key: "memory", label: "Memory", isNumber: true, isMinor: true, value: (e) => e.status.resources?.peak_memory_mb ?? null, cell: (e) => (e.status.resources?.peak_memory_mb ? memory(e.status.resources.peak_memory_mb) : "–") },
      { key: "evaluated", label: "Evaluated", isMinor: true, value: (e) => (e.has_evaluation ? "yes" : e.has_results ? "not yet" : "no results") },
    ],
    text: (e) => `${e.name} ${e.method} ${e.dataset} ${e.status.status}`,
    keep: (e) => {
      const s = e.status.status;
      switch (state.value) {
        case "active": return !isOver(s);
        case "bad": return s === "failed" || s === "timeout" || s === "oom" || s === "unknown";
        case "": return true;
        default: return s === state.value;
      }
    },
    tools: [state, h("span", { class: "grow" }), start],
  });
  shell.main.append(h("div", { class: "page-body" }, h("h1", {}, "Experiments"), table.element, note));
  let last = "";
  shell.poll(async () => {
    try {
      const list = await shell.get<List>("/experiments");
      const text = JSON.stringify(list);
      if (text !== last) {
        last = text;
        start.hidden = !list.may_run;
        note.textContent = list.n_unreadable > 0 ? `${list.n_unreadable} more cannot be read: the server's log says why.` : "";
        table.set(list.experiments);
      }
      return list.experiments.some((e) => !isOver(e.status.status)) ? 2500 : 12_000;
    } catch (error) {
      if (last === "") shell.main.replaceChildren(failure(error));
      return 15_000;
    }
  });
  if (query.get("new") !== null) void startDialog(shell, query.get("new") || undefined, query.get("dataset") || undefined);
}

/** Asks what to run on what, and goes to the page of that. */
export async function startDialog(shell: Shell, method?: string, dataset?: string): Promise<void> {
  await shell.attempt("what can be run", async () => {
    const [{ methods }, { datasets }] = await Promise.all([shell.get<{ methods: Method[] }>("/gad/methods"), shell.get<{ datasets: GadDataset[] }>("/gad/datasets")]);
    const parameters = h("div", { class: "parameters" });
    const about = h("p", { class: "quiet" });
    const inputs = new Map<string, HTMLInputElement>();
    const choose = (name: string): void => {
      const chosen = methods.find((m) => m.name === name);
      inputs.clear();
      about.textContent = chosen?.description ?? "";
      parameters.replaceChildren(...(chosen?.parameters ?? []).filter((p) => p.name !== "seed").map((p) => {
        const input = h("input", { type: "text", placeholder: typeof p.default === "string" ? p.default : JSON.stringify(p.default) });
        inputs.set(p.name, input);
        return field(p.name, input);
      }));
    };
    const which = select(methods.map((m) => [m.name, m.name] as const), method && methods.some((m) => m.name === method) ? method : (methods[0]?.name ?? ""), choose);
    const on = select(datasets.map((d) => [d.name, d.name] as const), dataset && datasets.some((d) => d.name === dataset) ? dataset : (datasets[0]?.name ?? ""), () => undefined);
    const seed = h("input", { type: "number", min: "0", step: "1", placeholder: "the method's own" });
    const timeout = h("input", { type: "number", min: "1", step: "1", placeholder: "none" });
    const problem = h("p", { class: "error", role: "alert" });
    const submit = h("button", { type: "submit", class: "primary" }, "Start");
    const form = h("form", { class: "stack" }, field("Method", which), about, field("Dataset", on), parameters,
      h("div", { class: "row" }, field("Seed", seed), field("Seconds at most", timeout)), problem,
      h("div", { class: "row actions" }, button("Cancel", () => dialog.close()), submit));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit.disabled = true;
      problem.textContent = "";
      const given = [...inputs].filter(([, input]) => input.value.trim() !== "").map(([name, input]) => [name, input.value.trim()]);
      const run = {
        method: which.value, dataset: on.value, parameters: Object.fromEntries(given) as Record<string, string>,
        ...(seed.value ? { seed: Number(seed.value) } : {}), ...(timeout.value ? { timeout_secs: Number(timeout.value) } : {}),
      };
      shell.send<{ name: string }>("POST", "/experiments", run).then(
        ({ name }) => {
          dialog.close();
          shell.where.go(`/experiments/${encodeURIComponent(name)}`);
        },
        (error: Error) => {
          problem.textContent = error.message;
          submit.disabled = false;
        },
      );
    });
    const dialog = shell.dialog("New experiment", form);
    choose(which.value);
  });
}
