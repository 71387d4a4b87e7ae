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
