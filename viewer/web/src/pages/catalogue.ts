/** Methods, and the datasets that they are run on. */

import { bytes, count } from "../core/format";
import { button, h, select } from "../ui/dom";
import { startDialog } from "./experiments";
import { type Experiment, type Facts, type GadDataset, linked, type Method, scored } from "./gad";
import { failure, type Shell } from "./shell";
import { ListTable } from "./table";

/** How many experiments there are of each, and whether more can be started. */
async function known(shell: Shell): Promise<{ may_run: boolean; of: (key: "method" | "dataset", name: string) => number }> {
  const list = await shell.get<{ experiments: Experiment[]; may_run: boolean }>("/experiments").catch(() => ({ experiments: [] as Experiment[], may_run: false }));
  const tally = new Map<string, number>();
  for (const e of list.experiments) for (const key of [`method ${e.method}`, `dataset ${e.dataset}`]) tally.set(key, (tally.get(key) ?? 0) + 1);
  return { may_run: list.may_run, of: (key, name) => tally.get(`${key} ${name.replace(/^bundled:/, "").toLowerCase()}`) ?? 0 };
}

const origin = (from: string): HTMLElement => h("span", { class: `tag ${from === "folder" ? "in" : "plain"}` }, from === "folder" ? "yours" : "built in");

export async function methods(shell: Shell): Promise<void> {
  shell.title("Methods");
  let list: { methods: Method[]; n_unreadable: number };
  let runs: Awaited<ReturnType<typeof known>>;
  try {
    [list, runs] = await Promise.all([shell.get<typeof list>("/gad/methods"), known(shell)]);
  } catch (error) {
    shell.main.append(failure(error));
    return;
  }
  const kinds = [...new Set(list.methods.map((m) => m.result_type))].sort();
  const kind = select([["", "Any scores"], ...kinds.map((k) => [k ?? "?", k ? `Scores ${scored(k)}` : "Unknown"] as const)], "", () => table.draw());
  kind.setAttribute("aria-label", "Scores");
  const table = new ListTable<Method>({
    name: "methods", sort: "name", empty: "No methods.",
    columns: [
      { key: "name", label: "Name", value: (m) => m.name, cell: (m) => h("span", { class: "row nowrap" }, h("strong", {}, m.name), origin(m.from)) },
      { key: "description", label: "What it does", value: (m) => m.description, cell: (m) => h("div", { class: "long" }, m.description, m.source ? h("p", { class: "quiet" }, ...linked(m.source)) : null, parameters(m)) },
      { key: "scores", label: "Scores", isMinor: true, value: (m) => scored(m.result_type) || null },
      { key: "needs", label: "Needs", isMinor: true, value: (m) => [...m.needs, ...(m.datasets.length > 0 ? [m.datasets.join(", ")] : [])].join(", ") || null },
      { key: "runs", label: "Experiments", isNumber: true, value: (m) => runs.of("method", m.name), cell: (m) => experimentsOf(shell, runs.of("method", m.name), m.name) },
      ...(runs.may_run ? [{ key: "run", label: "Run", value: () => null, cell: (m: Method) => button("Run", () => void startDialog(shell, { method: m.name }), { "aria-label": `Run ${m.name}` }) }] : []),
    ],
    text: (m) => `${m.name} ${m.description} ${m.source} ${scored(m.result_type)} ${m.needs.join(" ")}`,
    keep: (m) => kind.value === "" || (m.result_type ?? "?") === kind.value,
    tools: [kind],
  });
  shell.main.append(h("div", { class: "page-body" }, h("h1", {}, "Methods"), table.element,
    list.n_unreadable > 0 ? h("p", { class: "quiet" }, `${list.n_unreadable} folders are no methods: the server's log says why.`) : ""));
  table.set(list.methods);
}

function parameters(m: Method): HTMLElement | null {
  if (m.parameters.length === 0) return null;
  return h("details", {}, h("summary", {}, m.parameters.length === 1 ? "1 parameter" : `${m.parameters.length} parameters`),
    h("dl", { class: "facts left" }, ...m.parameters.flatMap((p) => [h("dt", {}, p.name), h("dd", {}, typeof p.default === "string" ? p.default : JSON.stringify(p.default))])));
}

function experimentsOf(shell: Shell, n: number, name: string): Node | string {
  return n === 0 ? "–" : shell.link(`/experiments?q=${encodeURIComponent(name)}`, count(n), { class: "inline", "aria-label": `${n} experiments with ${name}` });
}

export async function datasets(shell: Shell): Promise<void> {
  shell.title("Datasets");
  let list: { datasets: GadDataset[] };
  let runs: Awaited<ReturnType<typeof known>>;
  try {
    [list, runs] = await Promise.all([shell.get<typeof list>("/gad/datasets"), known(shell)]);
  } catch (error) {
    shell.main.append(failure(error));
    return;
  }
  const from = select([["", "All"], ["folder", "Yours"], ["bundled", "Built in"]], "", () => table.draw());
  from.setAttribute("aria-label", "Where they are from");
  const table = new ListTable<GadDataset>({
    name: "datasets", sort: "name", empty: "No datasets.",
    columns: [
      { key: "name", label: "Name", value: (d) => d.name.replace(/^bundled:/, ""), cell: (d) => h("span", { class: "row nowrap" }, h("strong", {}, d.name.replace(/^bundled:/, "")), origin(d.from)) },
      { key: "description", label: "What it is", value: (d) => d.description, cell: (d) => h("div", { class: "long" }, d.description, d.source ? h("p", { class: "quiet" }, ...linked(d.source), d.licence ? ` · ${d.licence}` : "") : null, facts(shell, d)) },
      { key: "bytes", label: "Size", isNumber: true, isMinor: true, value: (d) => d.bytes, cell: (d) => (d.bytes === null ? "–" : bytes(d.bytes)) },
      { key: "runs", label: "Experiments", isNumber: true, value: (d) => runs.of("dataset", d.name), cell: (d) => experimentsOf(shell, runs.of("dataset", d.name), d.name.replace(/^bundled:/, "")) },
      ...(runs.may_run ? [{ key: "run", label: "Run", value: () => null, cell: (d: GadDataset) => button("Run", () => void startDialog(shell, { dataset: d.name }), { "aria-label": `Run something on ${d.name}` }) }] : []),
    ],
    text: (d) => `${d.name} ${d.description} ${d.source} ${d.licence}`,
    keep: (d) => from.value === "" || d.from === from.value,
    tools: [from],
  });
  shell.main.append(h("div", { class: "page-body" }, h("h1", {}, "Datasets"),
    h("p", { class: "quiet" }, "What methods of anomaly detection are run on. Graphs that were uploaded are on the first page."), table.element));
  table.set(list.datasets);
}

/** What is in a dataset, which is read when somebody wants to know. */
function facts(shell: Shell, d: GadDataset): HTMLElement | null {
  if (!d.is_native) return h("p", { class: "quiet" }, "Only methods with a reader of their own can use it.");
  const body = h("div", {});
  let asked = false;
  const details = h("details", { ontoggle: () => {
    if (!details.open || asked) return;
    asked = true;
    body.replaceChildren(h("p", { class: "quiet" }, "reading…"));
    shell.get<Facts>(`/gad/datasets/${encodeURIComponent(d.name)}`).then(
      (f) => {
        const labels = (of: [number, number] | null): string | null => (of === null ? null : `${count(of[0])}, ${count(of[1])} of them anomalies`);
        const rows: [string, string | null][] = [
          ["Nodes", count(f.n_nodes)], ["Edges", count(f.n_edges)], ["Features", f.n_features > 0 ? count(f.n_features) : null],
          ["Nodes with labels", labels(f.labelled_nodes)], ["Edges with labels", labels(f.labelled_edges)], ["Kinds", f.kinds.length > 0 ? f.kinds.join(", ") : null],
          ["Time", f.span ? `${f.span[0]} – ${f.span[1]}` : null],
        ];
        body.replaceChildren(h("dl", { class: "facts left" }, ...rows.flatMap(([k, v]) => (v === null ? [] : [h("dt", {}, k), h("dd", {}, v)]))));
      },
      (error: Error) => {
        asked = false;
        body.replaceChildren(h("p", { class: "error" }, error.message));
      },
    );
  } }, h("summary", {}, "What is in it"), body);
  return details;
}
