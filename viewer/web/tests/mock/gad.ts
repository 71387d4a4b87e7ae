/** Experiments, methods and datasets for tests, as the server tells them. */

export interface Told {
  name: string;
  method: string;
  dataset: string;
  time: string;
  status: Record<string, unknown>;
  has_results: boolean;
  has_evaluation: boolean;
}

const METHODS = ["degree", "lof", "midas", "oddball", "scan"];
const DATASETS = ["books", "disney", "enron", "hubs", "uci"];

/** How good each method is on each dataset, so that ranks differ. */
const auc = (m: number, d: number): number => Math.min(0.98, 0.42 + 0.11 * m + 0.03 * ((d * 7 + m * 3) % 5));

export function experiments(): Told[] {
  const all = METHODS.flatMap((method, m) => DATASETS.map((dataset, d): Told => ({
    name: `exp__${method}__${dataset}__202611${10 + m}_1${d}0000`, method, dataset, time: `202611${10 + m}_1${d}0000`,
    status: {
      status: "completed", timestamp: "2026-11-21T10:00:00+00:00", method_name: method, exec_time_ms: 180 * (m + 1) * (d + 1),
      resources: { peak_memory_mb: 20 + 12 * m, peak_gpu_mb: null, cpu_secs: 0.2 }, exit_code: 0,
    },
    has_results: true, has_evaluation: true,
  })));
  all[3]!.status = { status: "failed", timestamp: "2026-11-21T10:00:00+00:00", exit_code: 1, error: "the method exited with 1: KeyError: 'ts'" };
  all[3]!.has_results = all[3]!.has_evaluation = false;
  all[24]!.status = { status: "running", timestamp: "2026-11-21T10:00:00+00:00" };
  all[24]!.has_results = all[24]!.has_evaluation = false;
  return all.reverse();
}

/** What was run, of one experiment. */
export const ran = ({ method, dataset }: Told): unknown => ({
  method, dataset: dataset === "uci" ? dataset : `bundled:${dataset}`, parameters: { k: "9" }, all_parameters: { k: "9", view: "features", seed: "0" },
  seed: 5, timeout_secs: null, version: "0.1.0", executor: "local", image: null,
});

export const methods = (): unknown => ({
  n_unreadable: 0,
  methods: [
    { name: "taddy", from: "folder", description: "A transformer over dynamic graphs.", source: "https://example.org/taddy", result_type: null, needs: [], datasets: ["uci", "digg"], parameters: [{ name: "EPOCHS", default: "20" }, { name: "LR", default: "0.001" }] },
    ...METHODS.map((name, i) => ({
      name, from: "bundled", description: ["The number of neighbors.", "Local outlier factor of features or neighborhoods.", "Microclusters in a stream of edges.", "Deviation from power laws of egonets.", "Structural clusters and outliers."][i], source: "Akoglu, McGlohon, Faloutsos 2010, 10.1007/978-3-642-13672-6_40",
      result_type: name === "midas" ? "EDGE_STREAM_ANOMALY_SCORES" : "NODE_ANOMALY_SCORES", needs: name === "midas" ? ["times"] : name === "lof" ? ["features"] : [], datasets: [], parameters: [{ name: "k", default: 20 }, ...(name === "midas" ? [{ name: "start", default: null }] : []), { name: "seed", default: 0 }],
    })),
  ],
});

export const datasets = (): unknown => ({
  datasets: DATASETS.map((name, i) => ({
    name: name === "uci" ? name : `bundled:${name}`, from: name === "uci" ? "folder" : "bundled", description: ["Books bought together; outliers were tagged by customers.", "Films bought together; outliers were named by students.", "Addresses that write to each other; outliers send spam.", "A scale-free graph with stars and cliques.", "Messages of students, with times."][i],
    source: "github.com/pygod-team/data at 77976df", licence: "MIT", bytes: name === "uci" ? 1_234_567 : null, is_native: true,
  })),
});

export const facts = { n_nodes: 124, n_edges: 335, n_features: 28, labelled_nodes: [124, 6], labelled_edges: null, kinds: [], span: null, was_unsorted: false, ignored: [] };

export const evaluation = {
  experiment_name: "exp", result_type: "NODE_ANOMALY_SCORES", metadata: {},
  metrics: {
    n_samples: 124, n_positives: 6, ranking: { roc_auc: 0.7832, average_precision: 0.2291, best_f1: 0.4, best_f1_threshold: 1.2, ndcg: 0.51, at_k: [{ k: 6, precision: 0.33, recall: 0.33, f1: 0.33 }], partial_roc_auc: [[0.05, 0.6]], tpr_at_fpr: [[0.05, 0.3]], fpr_at_tpr: [[0.95, 0.9]] },
    intervals: { roc_auc: { value: 0.78, low: 0.61, high: 0.93 }, average_precision: { value: 0.23, low: 0.1, high: 0.5 } },
    undefined: [{ metric: "calibration", reason: "score 0 is 1.12, which is no probability" }], warnings: [],
  },
};

export function plot(title: string): string {
  const points = Array.from({ length: 40 }, (_, i) => `${30 + 6 * i},${190 - 160 * Math.pow(i / 39, 0.45)}`).join(" ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 220" font-family="sans-serif" font-size="10"><rect width="300" height="220" fill="#fff"/><path d="M30 20V190H270" fill="none" stroke="#333"/><polyline points="${points}" fill="none" stroke="#0072b2" stroke-width="2"/><text x="150" y="14" text-anchor="middle">${title}</text></svg>`;
}

export function board(metric: string): unknown {
  const rows = METHODS.map((method, m) => ({
    method, mean_rank: 5 - m, n_ranked: 5,
    cells: DATASETS.map((_, d) => ({
      settings: "k=20", n_settings: 1, n_runs: 2, failed: {}, error: null, seeds: [1, 2],
      roc_auc: { mean: auc(m, d), std: 0.012, n: 2, interval: [auc(m, d) - 0.08, Math.min(1, auc(m, d) + 0.07)] },
      average_precision: { mean: auc(m, d) / 3, std: 0.02, n: 2, interval: null }, undefined: null, n_samples: 124, n_positives: 6, wall_secs: 0.2, cpu_secs: 0.1, peak_memory_mb: 22, version: "0.1.0",
    })),
  }));
  const comparison = { mean_ranks: [5, 4, 3, 2, 1], n_datasets: 5, friedman: 20, friedman_p: 0.0005, iman_davenport: null, iman_davenport_p: 0.0001, alpha: 0.05, critical_difference: 2.728, pairs: [], nemenyi_groups: [[4, 3, 2], [3, 2, 1], [2, 1, 0]], holm_groups: [] };
  return { title: "Leaderboard", metric, tracks: [{ result_type: "NODE_ANOMALY_SCORES", datasets: DATASETS, rows, compared: [0, 1, 2, 3, 4], comparison, no_comparison: null }], states: {}, n_missing: 0, unfit: [], ignored: ["exp__lof__uci__1: it still runs"] };
}
