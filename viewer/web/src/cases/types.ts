/** What the server says of cases. */

export type ParameterType = "text" | "texts" | "integer" | "number" | "flag" | "date" | "time" | "source";

export interface Parameter {
  name: string;
  type: ParameterType;
  description: string;
  default: unknown;
  choices: unknown[];
  min: number | null;
  max: number | null;
}

export interface Step {
  name: string;
  line: number | null;
  verb: string;
  does: string;
  from: string[];
  enabled: boolean;
  gives: "table" | "graph";
  note: string;
}

export interface Info {
  title: string;
  notes: string;
  parameters: Parameter[];
  steps: Step[];
  result: string;
  gives: "table" | "graph";
}

export interface Case {
  id: string;
  title: string;
  mode: string;
  text: string;
  info: Info;
  is_own: boolean;
}

export interface Entry {
  id: string;
  title: string;
  mode: string;
  is_own: boolean;
  updated_at: number;
}

export interface Template {
  name: string;
  purpose: string;
  text: string;
}

export interface StepReport {
  name: string;
  place: string;
  rows_in: number | null;
  rows: number;
  nodes: number | null;
  gives: "table" | "graph";
  columns: string[];
  warnings: string[];
  /** Whether an earlier run did it. */
  kept: boolean;
  duration_secs: number;
  head: unknown[][];
}

export interface Run {
  id: string;
  status: "running" | "done" | "failed" | "stopped";
  current: string | null;
  steps: StepReport[];
  n_steps: number;
  dataset: string | null;
  file: string | null;
  error: string | null;
}
