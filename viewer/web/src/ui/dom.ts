/** Elements without a framework. All text goes in as text: nothing from data is ever read as HTML. */

type Child = Node | string | number | null | undefined | false;
type Props = { [name: string]: unknown; class?: string; title?: string };

/** Makes an element: `onclick` and the like are listeners, `aria-…` and `data-…` attributes, all else properties. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name === "class") element.className = String(value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else if (name.includes("-") || name === "role" || name === "for" || name === "list") element.setAttribute(name, String(value));
    else (element as unknown as Record<string, unknown>)[name] = value;
  }
  add(element, children);
  return element;
}

export function add(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag: string, attributes: Record<string, string | number> = {}, ...children: Element[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Lines on a square of 24 units. */
const ICONS = {
  play: "M7 5l12 7-12 7z",
  pause: "M8 5v14M16 5v14",
  step: "M6 5l9 7-9 7zM18 5v14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  hand: "M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3",
  lasso: "M12 4c5 0 9 2.500 9 6s-4 6-9 6-9-2.500-9-6 4-6 9-6zM7 15c-2 1-2 5 1 5",
  box: "M4 4h3M10 4h4M17 4h3v3M20 10v4M20 17v3h-3M14 20h-4M7 20H4v-3M4 14v-4M4 7V4",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 0 12h-1",
  redo: "M15 7l5 5-5 5M20 12H10a6 6 0 0 0 0 12h1",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
  share: "M10 14a5 5 0 0 0 7 0l3-3a5 5 0 0 0-7-7l-1 1M14 10a5 5 0 0 0-7 0l-3 3a5 5 0 0 0 7 7l1-1",
  export: "M12 4v11M7 11l5 5 5-5M4 20h16",
  layout: "M12 6.500a2.500 2.500 0 1 0 0-.1M5 18.500a2.500 2.500 0 1 0 0-.1M19 18.500a2.500 2.500 0 1 0 0-.1M11 9l-4.500 7M13 9l4.500 7M8 18h8",
  look: "M12 3a9 9 0 0 0 0 18c2 0 2-1.500 1-2.500-1-1.500 0-3 2-3h3a3 3 0 0 0 3-3c0-5-4-9.500-9-9.500zM7.500 12h.1M10 7.500h.1M15 7.500h.1",
  filter: "M4 5h16l-6 8v6l-4-2v-4z",
  bars: "M5 20V10M12 20V4M19 20v-7",
  select: "M5 4l14 7-6 2-2 6z",
  views: "M6 4h12v16l-6-4-6 4z",
  time: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.500 2",
  loop: "M4 12a7 7 0 0 1 7-7h8M16 2l3 3-3 3M20 12a7 7 0 0 1-7 7H5M8 22l-3-3 3-3",
  table: "M4 5h16v14H4zM4 10h16M4 15h16M10 5v14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  close: "M6 6l12 12M18 6L6 18",
  help: "M9 9a3 3 0 1 1 4 2.800c-.7.400-1 1-1 2.200M12 18h.1M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19z",
  eye: "M2 12c3-6 7-7 10-7s7 1 10 7c-3 6-7 7-10 7s-7-1-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
} as const;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName, size = 18): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", width: size, height: size, fill: name === "play" || name === "step" ? "currentColor" : "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }),
  );
}

/** A button with an icon; its words are for those who do not see it, and for the tip. */
export function iconButton(name: IconName, label: string, onclick: () => void, more: Props = {}): HTMLButtonElement {
  const button = h("button", { type: "button", class: "icon", title: label, "aria-label": label, onclick, ...more });
  button.append(icon(name));
  return button;
}

export function button(label: string, onclick: () => void, more: Props = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick, ...more }, label);
}

let ids = 0;
/** A name of its own for each element that another one points to. */
export const newId = (prefix: string): string => `gl-${prefix}-${++ids}`;

/** A label over its control. */
export function field(label: string, control: HTMLElement, note?: string): HTMLElement {
  control.id ||= newId("field");
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note ? h("small", {}, note) : null);
}

export function slider(label: string, value: number, range: { min: number; max: number; step: number }, onchange: (value: number) => void): HTMLElement & { set(value: number): void } {
  const output = h("output", {}, show(value));
  const input = h("input", { type: "range", min: String(range.min), max: String(range.max), step: String(range.step), id: newId("slider") });
  input.value = String(value);
  input.addEventListener("input", () => {
    output.textContent = show(Number(input.value));
    onchange(Number(input.value));
  });
  const element = h("div", { class: "slider" }, h("label", { for: input.id }, label), output, input);
  return Object.assign(element, {
    set(v: number): void {
      input.value = String(v);
      output.textContent = show(v);
    },
  });
}

const show = (v: number): string => String(Math.round(v * 1000) / 1000);

export function toggle(label: string, value: boolean, onchange: (value: boolean) => void): HTMLElement & { set(value: boolean): void } {
  const input = h("input", { type: "checkbox", checked: value, onchange: () => onchange(input.checked) });
  const element = h("label", { class: "toggle" }, input, h("span", {}, label));
  return Object.assign(element, {
    set(v: boolean): void {
      input.checked = v;
    },
  });
}

export function select(options: readonly (readonly [value: string, label: string])[], value: string, onchange: (value: string) => void): HTMLSelectElement {
  const element = h("select", { onchange: () => onchange(element.value) }, ...options.map(([v, label]) => h("option", { value: v }, label)));
  element.value = value;
  return element;
}

/** Calls at most once in `ms`, and always with the last arguments. */
export function throttle<A extends unknown[]>(f: (...args: A) => void, ms: number): (...args: A) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: A | undefined;
  let at = 0;
  return (...args) => {
    last = args;
    if (timer !== undefined) return;
    const wait = Math.max(0, at + ms - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      at = Date.now();
      f(...last!);
    }, wait);
  };
}

/** Calls when there have been no calls for `ms`. */
export function debounce<A extends unknown[]>(f: (...args: A) => void, ms: number): (...args: A) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
}
