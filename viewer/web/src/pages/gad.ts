/** What the pages of anomaly detection share: what the API tells, and how it is written. */

import { number } from "../core/format";
import { h } from "../ui/dom";

export type State = "building" | "running" | "completed" | "failed" | "stopped" | "timeout" | "oom" | "unknown";

export interface Experiment {
  name: string;
  method: string;
  dataset: string;
  time: string;
  status: {
    status: State;
    timestamp: string;
    exec_time_ms?: number | null;
    exit_code?: number | null;
    error?: string | null;
    resources?: { peak_memory_mb?: number | null; peak_gpu_mb?: number | null; cpu_secs?: number | null } | null;
  };
  has_results: boolean;
  has_evaluation: boolean;
  /** What was run; not in lists, and not told by older servers. */
  run?: Ran | null;
}

export interface Ran {
  method: string;
  dataset: string;
  parameters: Record<string, string>;
  all_parameters: Record<string, string>;
  seed: number | null;
  timeout_secs: number | null;
  version: string | null;
  executor: string | null;
  image: string | null;
}

export interface Facts {
  n_nodes: number;
  n_edges: number;
  n_features: number;
  labelled_nodes: [number, number] | null;
  labelled_edges: [number, number] | null;
  kinds: string[];
  span: [number, number] | null;
}

export interface Method {
  name: string;
  from: "bundled" | "folder";
  description: string;
  source: string;
  result_type: string | null;
  needs: string[];
  datasets: string[];
  parameters: { name: string; default: unknown }[];
}

export interface GadDataset {
  name: string;
  from: "bundled" | "folder";
  description: string;
  source: string;
  licence: string;
  bytes: number | null;
  is_native: boolean;
}

const NEEDS: Record<string, string> = { times: "times of edges", features: "features of nodes" };

/** The name of a dataset without where it comes from. */
export const bare = (dataset: string): string => dataset.replace(/^bundled:/, "");

/** Why a method cannot be run on a dataset, as far as that is known; `facts` are what is in it. */
export function misfit(method: Method, dataset: GadDataset, facts: Facts | null | undefined): string {
  const name = bare(dataset.name);
  if (method.datasets.length > 0 && !method.datasets.some((pattern) => matches(pattern, name))) return `${method.name} reads ${method.datasets.join(", ")} alone`;
  if (method.from === "bundled" && !dataset.is_native) return `${name} can be read by methods with a reader of their own alone`;
  if (!facts) return "";
  const has: Record<string, boolean> = { times: facts.span !== null, features: facts.n_features > 0 };
  const lacks = method.needs.filter((need) => has[need] === false).map((need) => NEEDS[need] ?? need);
  return lacks.length > 0 ? `${method.name} needs ${lacks.join(" and ")}, which ${name} has not` : "";
}

/** Patterns of names as shells have them, whatever the capitals. */
function matches(pattern: string, name: string): boolean {
  const words = pattern.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".").replaceAll("[!", "[^");
  try {
    return new RegExp(`^${words}$`, "i").test(name);
  } catch {
    return true; // the server knows better
  }
}

export const isOver = (state: State): boolean => state !== "building" && state !== "running";

/** A state as a colored word with a shape of its own, for whoever sees no colors. */
export function stateTag(state: State): HTMLElement {
  const mark = { building: "◌", running: "●", completed: "✓", failed: "✕", stopped: "■", timeout: "◷", oom: "✕", unknown: "?" }[state] ?? "?";
  const words = state === "oom" ? "out of memory" : state;
  return h("span", { class: `state state-${state}` }, h("span", { "aria-hidden": "true" }, mark), words);
}

/** YYYYMMDD_HHMMSS, as names of experiments have it, in UTC. */
export function beginOf(time: string): number | null {
  const m = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(time);
  return m ? Date.UTC(+m[1]!, +m[2]! - 1, +m[3]!, +m[4]!, +m[5]!, +m[6]!) : null;
}

/** A duration in the words of its size. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${number(ms / 1000)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes} min ${Math.round((ms % 60_000) / 1000)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const memory = (mb: number): string => (mb < 1024 ? `${number(mb)} MiB` : `${number(mb / 1024)} GiB`);

/** NODE_ANOMALY_SCORES as people say it. */
export function scored(type: string | null | undefined): string {
  if (!type) return "";
  return type.toLowerCase().replace("_anomaly_scores", "").replace("temporal_node", "nodes over time").replace("temporal_edge", "edges over time").replace("temporal_graph", "graphs over time")
    .replace("node_stream", "a stream of nodes").replace("edge_stream", "a stream of edges").replace("graph_stream", "windows of a stream").replace(/^node$/, "nodes").replace(/^edge$/, "edges").replace(/^graph$/, "graphs");
}

/** Words in which addresses are links. */
export function linked(text: string): (Node | string)[] {
  return text.split(/(https?:\/\/[^\s,;)]+|(?:github\.com|doi\.org)\/[^\s,;)]+|\b10\.\d{4,9}\/[^\s,;)]+)/).map((part, i) => {
    if (i % 2 === 0) return part;
    const href = part.startsWith("http") ? part : part.startsWith("10.") ? `https://doi.org/${part}` : `https://${part}`;
    return h("a", { href, class: "inline", rel: "noopener noreferrer", target: "_blank" }, part);
  });
}
