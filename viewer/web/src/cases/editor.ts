/** The case as text, and a form over its steps that changes that text: what is saved is the text. */

import { button, debounce, field, h, iconButton, newId, select } from "../ui/dom";
import { parts, plain, swapped, withValue, written, type Part, type Plain } from "./toml";

export interface Actions {
  /** Says what was found. */
  check(text: string): Promise<string>;
  copy(text: string): Promise<void>;
  /** Null where the case is somebody else's. */
  save: ((text: string, run: boolean) => Promise<void>) | null;
}

/** Kinds of fields: text, long text, number, flag, lines of a list, names of steps, TOML, or choices. */
const STEP = "from:steps";
const FIELDS: Record<string, string> = {
  source: "from:text records:text",
  http: "url:text path:lines query:toml records:text timeout_secs:number",
  sql: `${STEP} query:long`,
  filter: `${STEP} where:long nodes:long edges:long isolated:flag`,
  select: `${STEP} columns:lines`, with: `${STEP} columns:lines`, drop: `${STEP} columns:lines`, rename: `${STEP} columns:lines`,
  sort: `${STEP} by:lines`, top: `${STEP} n:number by:lines`, limit: `${STEP} n:number offset:number`,
  unique: `${STEP} by:lines which:first|last|any|none`,
  group: `${STEP} by:lines aggregate:lines`,
  join: `${STEP} with:steps on:lines how:inner|left|full|semi|anti|cross suffix:text`,
  sample: `${STEP} n:number fraction:number seed:number`,
  bin: `${STEP} column:text into:text bins:number scale:linear|log|quantile every:text`,
  graph: `${STEP} with:steps source:text target:text weight:text id:text directed:flag`,
  hypergraph: `${STEP} entity_types:lines direct:flag opts:toml`,
  expand: `${STEP} in:steps seeds:long start:lines hops:number direction:both|forward|reverse max_degree:number nodes:long edges:long column:text`,
  merge: STEP, gfql: `${STEP} query:toml`, largest_component: STEP, reverse: STEP, drop_self_loops: STEP,
  page_rank: STEP, degree: STEP, louvain: STEP, betweenness: STEP, components: STEP, nodes: STEP, edges: STEP,
};
const LINKS = ["from", "with", "in", "seeds_from"];

export class Editor {
  readonly element: HTMLDetailsElement;
  private readonly text: HTMLTextAreaElement;
  private readonly list = h("ol", { class: "forms", "aria-label": "Steps, as forms" });
  private readonly said = h("p", { class: "status", role: "status" });
  private readonly steps = h("datalist", { id: newId("steps") });

  constructor(text: string, actions: Actions, isOpen: boolean) {
    this.text = h("textarea", { value: text, spellcheck: false, rows: 18, "aria-label": "The case in TOML", oninput: debounce(() => this.draw(), 300) });
    const verb = select(Object.keys(FIELDS).map((name) => [name, name] as const), "filter", () => {});
    verb.setAttribute("aria-label", "Verb of the new step");
    const add = h("div", { class: "row" }, verb, button("Add a step", () => this.add(verb.value)));
    const { save } = actions;
    const act = (f: (text: string) => Promise<string | void>) => () => void f(this.text.value).then((words) => words && this.tell(words, false), (error: Error) => this.tell(error.message, true));
    const buttons = h("div", { class: "row" },
      button("Check", act(async (now) => `No mistakes found: ${await actions.check(now)}.`)),
      save && button("Save", act((now) => save(now, false))),
      save && button("Save and run", act((now) => save(now, true)), { class: "primary", title: "Steps that have not changed are not done again" }),
      button("Save a copy", act((now) => actions.copy(now))));
    this.element = h("details", { class: "editor", open: isOpen }, h("summary", {}, "Edit the case"), this.steps, this.list, add,
      h("details", { open: true }, h("summary", {}, "As text"), this.text), buttons, this.said);
    this.draw();
  }

  private tell(message: string, isError: boolean): void {
    this.said.textContent = message;
    this.said.classList.toggle("error", isError);
  }

  /** The steps of the text as it is now. */
  private parts(): Part[] | null {
    return parts(this.text.value)?.filter((part) => part.name === "step") ?? null;
  }

  private draw(): void {
    const found = this.parts();
    const open = [...this.list.querySelectorAll("details")].map((one) => one.open);
    if (!found) {
      this.list.replaceChildren(h("li", { class: "quiet" }, "The text cannot be read, and so not shown as a form: Check says where."));
      return;
    }
    const names = found.map((part, i) => nameOf(part, i));
    this.steps.replaceChildren(...names.map((value) => h("option", { value })));
    this.list.replaceChildren(...found.map((part, i) => this.step(part, i, found.length, open[i] ?? false)));
  }

  private step(part: Part, i: number, n: number, isOpen: boolean): HTMLElement {
    const value = (key: string): Plain | undefined => {
      const entry = part.entries.find((one) => one.key === key);
      return entry && plain(entry.raw);
    };
    const verb = String(value("verb") ?? "");
    const name = nameOf(part, i);
    const move = (label: string, by: -1 | 1): HTMLElement => iconButton(by < 0 ? "up" : "down", `${label} ${name}`, () => this.move(i, by), { disabled: i + by < 0 || i + by >= n });
    const kinds = new Map((FIELDS[verb] ?? STEP).split(" ").map((one) => one.split(":") as [string, string]));
    // What the file says beyond that is shown as it is written.
    for (const { key } of part.entries) if (!kinds.has(key) && !["name", "verb", "enabled", "note"].includes(key)) kinds.set(key, "toml");
    const verbs = h("input", { value: verb, spellcheck: false, onchange: () => this.change(i, "verb", written(verbs.value), true) });
    const called = h("input", { value: name, onchange: () => this.rename(i, name, called.value.trim()) });
    const isOn = h("input", { type: "checkbox", checked: value("enabled") !== false, onchange: () => this.change(i, "enabled", isOn.checked ? null : "false", true) });
    const body = h("div", { class: "parameters" }, field("Name", called), field("Verb", verbs),
      ...[...kinds].map(([key, kind]) => this.field(part, i, key, kind)), this.field(part, i, "note", "long"),
      h("label", { class: "check" }, isOn, " on"));
    const head = h("div", { class: "head" }, h("span", { class: "grow" }, h("strong", {}, name), " ", h("span", { class: "quiet" }, verb, isOn.checked ? "" : ", off")));
    return h("li", {}, h("details", { open: isOpen }, h("summary", {}, head), body),
      h("div", { class: "tools" }, move("Earlier:", -1), move("Later:", 1), iconButton("trash", `Remove ${name}`, () => this.remove(i))));
  }

  private field(part: Part, i: number, key: string, kind: string): HTMLElement {
    const entry = part.entries.find((one) => one.key === key);
    let now = entry ? plain(entry.raw) : "";
    // A list of one may be written as its text.
    if (typeof now === "string" && (kind === "steps" || kind === "lines") && entry) now = now === "" ? "" : [now];
    const fits = kind === "lines" || kind === "steps" ? Array.isArray(now) || now === "" : now !== undefined && !Array.isArray(now);
    const set = (raw: string | null): void => this.change(i, key, raw, false);
    if (kind === "toml" || !fits) {
      const area = h("textarea", { class: "code", rows: 2, value: entry?.raw ?? "", spellcheck: false, onchange: () => {
        const raw = area.value.trim();
        const read = parts(`x = ${raw}`);
        if (raw !== "" && (raw[0] === "#" || read?.length !== 1 || read[0]!.entries.length !== 1)) this.tell(`${key}: this is no value of TOML, and is not taken over.`, true);
        else set(raw === "" ? null : raw);
      } });
      return field(key, area, "as TOML");
    }
    if (kind === "lines") {
      const area = h("textarea", { class: "code", rows: Math.min(6, Math.max(1, Array.isArray(now) ? now.length : 1)), value: Array.isArray(now) ? now.join("\n") : "", spellcheck: false, onchange: () => {
        const items = area.value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
        set(items.length === 0 ? null : written(items));
      } });
      return field(key, area, "one a line");
    }
    if (kind === "long") {
      const area = h("textarea", { class: key === "note" ? "" : "code", rows: key === "query" ? 4 : String(now).length > 40 ? 2 : 1, spellcheck: key === "note", value: String(now), onchange: () => set(area.value.trim() === "" ? null : written(area.value)) });
      return field(key, area);
    }
    const choices = kind === "flag" ? ["true", "false"] : kind.includes("|") ? kind.split("|") : null;
    if (choices && (now === "" || choices.includes(String(now)))) {
      return field(key, select([["", "–"], ...choices.map((one) => [one, one] as const)], String(now), (value) => set(value === "" ? null : kind === "flag" ? value : written(value))));
    }
    const input = h("input", { value: Array.isArray(now) ? now.join(", ") : String(now), spellcheck: false, placeholder: kind === "steps" && key === "from" && i > 0 ? "the step before" : "", onchange: () => {
      const text = input.value.trim();
      const names = text.split(",").map((one) => one.trim()).filter((one) => one !== "");
      set(text === "" ? null : kind === "number" && /^-?\d+(\.\d+)?$/.test(text) ? text : written(kind === "steps" && names.length > 1 ? names : text));
    } });
    if (kind === "steps") input.setAttribute("list", this.steps.id);
    return field(key, input);
  }

  /** Writes a value into the text; the forms are made anew if more than that field looks otherwise. */
  private change(i: number, key: string, raw: string | null, all: boolean): void {
    const part = this.parts()?.[i];
    if (!part) return;
    this.text.value = withValue(this.text.value, part, key, raw);
    this.tell("", false);
    if (all) this.draw();
  }

  /** Gives a step another name, also where others name it. */
  private rename(i: number, from: string, to: string): void {
    this.change(i, "name", to === "" ? null : written(to), false);
    if (to !== "") {
      for (let k = 0; k < (this.parts()?.length ?? 0); k++) {
        for (const key of LINKS) {
          const part = this.parts()![k]!;
          const now = plain(part.entries.find((entry) => entry.key === key)?.raw ?? "");
          // What a source reads is no step.
          if (key === "from" && /^.?(source|http).?$/.test(part.entries.find((entry) => entry.key === "verb")?.raw ?? "")) continue;
          if (now === from) this.change(k, key, written(to), false);
          else if (Array.isArray(now) && now.includes(from)) this.change(k, key, written(now.map((one) => (one === from ? to : one))), false);
        }
      }
    }
    this.draw();
  }

  private move(i: number, by: -1 | 1): void {
    const found = this.parts();
    const [first, second] = by < 0 ? [found?.[i - 1], found?.[i]] : [found?.[i], found?.[i + 1]];
    if (!first || !second) return;
    this.text.value = swapped(this.text.value, first, second);
    this.draw();
    // The step goes on under the finger of whoever moves it.
    const tools = this.list.children[i + by]?.querySelectorAll<HTMLButtonElement>(".tools button");
    const again = tools?.[by < 0 ? 0 : 1];
    (again?.disabled ? tools?.[by < 0 ? 1 : 0] : again)?.focus();
  }

  private remove(i: number): void {
    const part = this.parts()?.[i];
    if (!part) return;
    this.text.value = this.text.value.slice(0, part.start) + this.text.value.slice(part.end);
    this.draw();
  }

  private add(verb: string): void {
    const found = this.parts();
    if (!found) return this.tell("The text cannot be read: mend that first.", true);
    const taken = new Set(found.map((part, i) => nameOf(part, i)));
    let name = verb;
    for (let k = 2; taken.has(name); k++) name = `${verb} ${k}`;
    const text = this.text.value;
    const at = found[found.length - 1]?.end ?? text.length;
    const before = text.slice(0, at).replace(/\s*$/, "\n\n");
    const after = text.slice(at);
    this.text.value = `${before.trim() === "" ? "" : before}[[step]]\nname = ${written(name)}\nverb = ${written(verb)}\n${after === "" ? "" : `\n${after}`}`;
    this.draw();
    const made = this.list.lastElementChild?.querySelector("details");
    if (made) made.open = true;
    made?.querySelector("summary")?.focus();
  }
}

function nameOf(part: Part, i: number): string {
  const entry = part.entries.find((one) => one.key === "name");
  return String((entry && plain(entry.raw)) ?? `step-${i + 1}`);
}
