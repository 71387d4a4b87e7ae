/** Words that several files share. */

/** How the picture looks; all optional in files and links. */
export interface Settings {
  background?: string;
  theme?: "dark" | "light";
  point_size?: number;
  point_opacity?: number;
  point_border?: number;
  edge_opacity?: number;
  edge_width?: number;
  edge_curvature?: number;
  show_arrows?: boolean;
  show_edges?: boolean;
  show_labels?: boolean;
  show_label_on_hover?: boolean;
  label_size?: number;
  max_labels?: number;
  fade_long_edges?: number;
  highlight?: "incoming" | "outgoing" | "both" | "none" | "node";
  highlight_hops?: number;
  [other: string]: unknown;
}

export type Swatch = { color?: string; number?: number; icon?: string };

/** One part of the legend, as `graph_viewer::encode::Legend` writes it. */
export interface LegendPart {
  channel: string;
  column: string;
  kind: "categories" | "scale" | "bins" | "raw";
  entries?: (Swatch & { name: string; count: number })[];
  stops?: Swatch[];
  ticks?: { place: number; label: string }[];
  missing?: Swatch & { name: string; count: number };
}

export type Table = "nodes" | "edges";

export interface Column {
  name: string;
  type: string;
  is_numeric: boolean;
  is_time: boolean;
}

export interface Dataset {
  id: string;
  name: string;
  description?: string;
  n_nodes: number;
  n_edges: number;
  is_directed: boolean;
  created_at?: string;
  node_id_column?: string;
  /** What nodes are called by, where that is another column. */
  label_column?: string;
  source_column?: string;
  target_column?: string;
  tables?: Record<Table, { n_rows: number; columns: Column[] }>;
  url_params?: Record<string, unknown>;
  /** What was odd about the upload. */
  warnings?: string[];
  /** Names that encodings take beside columns. */
  measures?: string[];
}

/** Which column or measure stands behind which channel. */
export type Encodings = Record<string, string | undefined>;

export interface Filter {
  /** Which filter this is, for the panels that made it. */
  id: string;
  table: Table;
  /** An expression of docs/transform.md. */
  expression: string;
  /** Rows for which it is true are left out, instead of being all that stays. */
  exclude: boolean;
  enabled: boolean;
  /** Words for the list; the expression where there are none. */
  label?: string;
}

export interface Histogram {
  column: string;
  type: "numeric" | "time" | "category";
  edges?: number[];
  values?: unknown[];
  counts: number[];
  /** The numbers are times since 1970, in these. */
  unit?: "s" | "ms";
  n_other?: number;
  n_null?: number;
}

export interface Rows {
  total: number;
  offset: number;
  columns: string[];
  index: number[];
  rows: unknown[][];
}

export type LayoutState = "running" | "paused" | "settled" | "stopped";
