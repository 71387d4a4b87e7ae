/** The list of experiments, and the form that starts one. */

import { time } from "../core/format";
import { button, field, h, select } from "../ui/dom";
import { ago } from "./home";
import { bare, beginOf, duration, type Experiment, type Facts, type GadDataset, isOver, memory, type Method, misfit, stateTag } from "./gad";
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
  if (query.get("new") !== null) void startDialog(shell, { method: query.get("new") || undefined, dataset: query.get("dataset") || undefined });
}

/** What a form is filled with. */
export interface Wish {
  method?: string | undefined;
  dataset?: string | undefined;
  parameters?: Record<string, string>;
  seed?: number | null;
  timeout_secs?: number | null;
}

/** Facts of datasets that were asked for; none of those that cannot be read. */
const known = new Map<string, Facts | null>();

async function factsOf(shell: Shell, dataset: GadDataset): Promise<Facts | null> {
  if (!dataset.is_native) return null;
  const { name } = dataset;
  if (!known.has(name)) known.set(name, await shell.get<Facts>(`/gad/datasets/${encodeURIComponent(name)}`).catch(() => null));
  return known.get(name)!;
}

/** What a parameter is without a word of ours, in a field that is empty; of what is nothing, nothing. */
const usual = (value: unknown): string => (value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** Asks what to run on what, and goes to the page of that. */
export async function startDialog(shell: Shell, wish: Wish = {}): Promise<void> {
  await shell.attempt("what can be run", async () => {
    const [{ methods }, { datasets }] = await Promise.all([shell.get<{ methods: Method[] }>("/gad/methods"), shell.get<{ datasets: GadDataset[] }>("/gad/datasets")]);
    const parameters = h("div", { class: "parameters" });
    const about = h("p", { class: "quiet" });
    const warning = h("p", { class: "warning", role: "status" });
    const inputs = new Map<string, HTMLInputElement>();
    const method = (): Method | undefined => methods.find((m) => m.name === which.value);
    const fits = (d: GadDataset): string => {
      const chosen = method();
      return chosen ? misfit(chosen, d, known.get(d.name)) : "";
    };
    let isChosen = wish.dataset !== undefined;
    /** Says what of the datasets cannot be taken; of those that come with the program, all are looked at. */
    const check = async (): Promise<void> => {
      const chosen = method();
      const draw = (): void => {
        for (const [i, d] of datasets.entries()) {
          const option = on.options[i]!;
          const why = fits(d);
          option.disabled = why !== "" && !option.selected;
          option.textContent = bare(d.name) + (why ? " (does not fit)" : "");
          option.title = why;
        }
        // Whoever has not chosen one gets one that fits.
        if (!isChosen && on.selectedIndex >= 0 && fits(datasets[on.selectedIndex]!)) {
          const able = datasets.filter((d) => !fits(d));
          const better = datasets.indexOf(able.find((d) => known.get(d.name)) ?? able[0]!);
          if (better >= 0) {
            on.selectedIndex = better;
            return draw();
          }
        }
        const now = datasets[on.selectedIndex];
        warning.textContent = now ? fits(now) : "";
        submit.disabled = warning.textContent !== "";
      };
      for (;;) {
        draw();
        const asked = datasets.filter((d, i) => d.is_native && !known.has(d.name) && (d.from === "bundled" || i === on.selectedIndex));
        if (!chosen || chosen.needs.length === 0 || asked.length === 0) return;
        await Promise.all(asked.map((d) => factsOf(shell, d)));
        // Another one was chosen meanwhile.
        if (method() !== chosen) return;
      }
    };
    const choose = (): void => {
      const chosen = method();
      inputs.clear();
      about.textContent = chosen?.description ?? "";
      parameters.replaceChildren(...(chosen?.parameters ?? []).filter((p) => p.name !== "seed").map((p) => {
        const given = chosen?.name === wish.method ? wish.parameters?.[p.name] : undefined;
        const input = h("input", { type: "text", placeholder: usual(p.default), value: given ?? "" });
        inputs.set(p.name, input);
        return field(p.name, input);
      }));
      void check();
    };
    const named = (name: string): number => Math.max(datasets.findIndex((d) => d.name === name), datasets.findIndex((d) => bare(d.name) === bare(name)), 0);
    const which = select(methods.map((m) => [m.name, m.name] as const), wish.method && methods.some((m) => m.name === wish.method) ? wish.method : (methods[0]?.name ?? ""), choose);
    const on = select(datasets.map((d) => [d.name, bare(d.name)] as const), datasets[wish.dataset ? named(wish.dataset) : 0]?.name ?? "", () => {
      isChosen = true;
      void check();
    });
    const seed = h("input", { type: "number", min: "0", step: "1", placeholder: "the method's own", value: wish.seed === null || wish.seed === undefined ? "" : String(wish.seed) });
    const timeout = h("input", { type: "number", min: "1", step: "1", placeholder: "none", value: wish.timeout_secs ? String(Math.ceil(wish.timeout_secs)) : "" });
    const problem = h("p", { class: "error", role: "alert" });
    const submit = h("button", { type: "submit", class: "primary" }, "Start");
    const form = h("form", { class: "stack" }, field("Method", which), about, field("Dataset", on), warning, parameters,
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
    choose();
  });
}
