/** A control for each parameter of a case. */

import { field, h, newId } from "../ui/dom";
import type { Parameter } from "./types";

/** Sources with labels that tell them apart, from each other and from files of the server, whose names are plain. */
export function labelled(sources: readonly { value: string; label: string }[]): { value: string; label: string }[] {
  const seen = new Map<string, number>();
  return sources.map(({ value, label }) => {
    const words = `${label || value.slice(0, value.indexOf(":") + 7)} (${value.startsWith("upload:") ? "uploaded" : "graph"})`;
    const n = (seen.get(words) ?? 0) + 1;
    seen.set(words, n);
    return { value, label: n > 1 ? `${words.slice(0, -1)}, ${n})` : words };
  });
}

export class Form {
  readonly element: HTMLFormElement;
  private readonly controls = new Map<string, HTMLInputElement | HTMLSelectElement>();

  /** What a label in a field for sources stands for. */
  private readonly meant = new Map<string, Map<string, string>>();

  constructor(parameters: Parameter[], sources: { value: string; label: string }[], values: URLSearchParams, submit: () => void) {
    this.element = h("form", { id: newId("parameters"), class: "parameters", onsubmit: (event: Event) => {
      event.preventDefault();
      submit();
    } });
    for (const parameter of parameters) {
      const given = values.get(parameter.name);
      const control = this.control(parameter, sources, given ?? shown(parameter.default));
      this.controls.set(parameter.name, control);
      this.element.append(field(parameter.name, control, parameter.description));
    }
  }

  private control(parameter: Parameter, sources: { value: string; label: string }[], value: string): HTMLInputElement | HTMLSelectElement {
    const required = parameter.default === null && parameter.type !== "texts";
    if (parameter.type === "flag" || (parameter.choices.length > 0 && parameter.type !== "texts")) {
      const choices = parameter.type === "flag" ? ["true", "false"] : parameter.choices.map(shown);
      return h("select", {}, ...choices.map((choice) => h("option", { value: choice, selected: choice === value }, choice)));
    }
    const input = h("input", { required, value });
    if (parameter.type === "integer" || parameter.type === "number") {
      input.type = "number";
      input.step = parameter.type === "integer" ? "1" : "any";
      if (parameter.min !== null) input.min = String(parameter.min);
      if (parameter.max !== null) input.max = String(parameter.max);
    } else if (parameter.type === "date") input.type = "date";
    else if (parameter.type === "time") input.placeholder = "2026-11-21 12:30:00";
    else if (parameter.type === "texts") input.placeholder = "one, two, three";
    else if (parameter.type === "source") {
      const list = h("datalist", { id: newId("sources") }, ...sources.map((source) => h("option", { value: source.label })));
      this.element.append(list);
      // People know names, the server knows what they are kept as.
      this.meant.set(parameter.name, new Map(sources.map((source) => [source.label, source.value])));
      input.value = sources.find((source) => source.value === value)?.label ?? value;
      input.setAttribute("list", list.id);
      input.placeholder = "a graph, a table or a file of the server";
    }
    return input;
  }

  /** Values that were given; what is empty is left to its default, where that is not empty. */
  values(): Record<string, string> {
    const values: Record<string, string> = {};
    for (const [name, control] of this.controls) values[name] = this.meant.get(name)?.get(control.value) ?? control.value;
    return values;
  }

  /** Whether every control has what it needs; says where not. */
  isValid(): boolean {
    return this.element.reportValidity();
  }
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.map(String).join(", ") : String(value);
}
