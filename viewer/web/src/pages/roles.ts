/** The form that asks what the rows of a table are: edges between two columns, or events that link what several name. */

import { button, field, h, newId, select, toggle } from "../ui/dom";
import { guess, type Head, type Roles } from "./columns";
import { alike, areEvents, entitiesOf } from "./events";

/** Rows of the table that are shown. */
const SHOWN = 3;

/** Asks; `done` gets what was chosen, or nothing. `mayBeEvents` unless there is a table of nodes beside it. */
export function rolesForm(name: string, head: Head, before: Roles, mayBeEvents: boolean, done: (roles: Roles | null) => void): HTMLElement {
  const found = guess(head);
  const things = entitiesOf(head);
  // Of a table whose names say no ends those are likely that name something.
  const [first, second] = !found.isClear && things.length > 1 ? things : [found.source, found.target];
  const columns = head.names.map((column) => [column, column] as const);
  const chosen: Roles = {
    drop_null: before.drop_null ?? false, directed: before.directed ?? false,
    source: before.source ?? first!, target: before.target ?? second!,
  };
  let isEvents = mayBeEvents && (before.entities !== undefined || (before.source === undefined && !found.isClear && areEvents(head)));
  const entities = new Set(before.entities?.columns ?? things);
  let asNodes = before.entities?.asNodes ?? false;
  let together = before.entities ? before.entities.together.length > 0 : true;
  const weight = before.unweighted ? "" : (before.weight ?? (found.weight === first || found.weight === second ? "" : (found.weight ?? "")));
  const problem = h("p", { class: "error", role: "alert" });
  const submit = h("button", { type: "submit", class: "primary" }, "Make the graph");
  const source = select(columns, chosen.source!, () => check());
  const target = select(columns, chosen.target!, () => check());
  const weights = select([["", "none"], ...columns], weight, () => check());
  const table = h("table", { class: "rows peek" });
  const title = h("h2", {});
  const same = h("div", {});
  const groups = (): string[][] => alike(head, head.names.filter((column) => entities.has(column)));
  const check = (): boolean => {
    title.textContent = mayBeEvents ? `What is a row of ${name}?` : `What is an edge in ${name}?`;
    const roles = isEvents ? new Map([...entities].map((column) => [column, "linked"])) : new Map([[weights.value, "weight"], [target.value, "to"], [source.value, "from"]]);
    const twice = !isEvents && (source.value === target.value || weights.value === source.value || weights.value === target.value);
    const few = isEvents && entities.size < (asNodes ? 1 : 2);
    problem.textContent = twice ? "one column cannot be two of these" : few ? `an event links ${asNodes ? "one column" : "two columns"} at least` : "";
    submit.disabled = twice || few;
    const label = (column: string): HTMLElement => h("th", { scope: "col", class: roles.has(column) ? "chosen" : "" }, column, roles.has(column) ? h("small", {}, ` ${roles.get(column)!}`) : null);
    table.replaceChildren(
      h("thead", {}, h("tr", {}, ...head.names.map(label))),
      h("tbody", {}, ...head.rows.slice(0, SHOWN).map((row) => h("tr", {}, ...head.names.map((column, at) => h("td", { class: roles.has(column) ? "chosen" : "" }, row[at] ?? ""))))));
    const common = groups();
    same.replaceChildren(...(common.length > 0 ? [toggle(`Equal values of ${common.map((names) => names.join(" and ")).join(", and of ")} are one node`, together, (on) => void (together = on))] : []));
    same.hidden = common.length === 0;
    edges.hidden = isEvents;
    events.hidden = !isEvents;
    return !submit.disabled;
  };
  const edges = h("div", { class: "stack" },
    h("div", { class: "row" }, field("From", source), field("To", target), field("Weight", weights)),
    toggle("Edges have a direction", chosen.directed!, (value) => void (chosen.directed = value)),
    toggle("Leave out rows without ends", chosen.drop_null!, (value) => void (chosen.drop_null = value)));
  const box = (column: string): HTMLElement => toggle(column, entities.has(column), (on) => {
    if (on) entities.add(column);
    else entities.delete(column);
    check();
  });
  const events = h("div", { class: "stack" },
    h("div", { class: "row entities", role: "group", "aria-label": "Linked columns" }, ...head.names.map(box)),
    same,
    toggle("Each event is a node, too", asNodes, (on) => {
      asNodes = on;
      check();
    }));
  const group = newId("row");
  const kind = (label: string, events: boolean): HTMLElement => {
    const radio = h("input", { type: "radio", name: group, checked: isEvents === events, onchange: () => {
      isEvents = events;
      check();
    } });
    return h("label", { class: "toggle" }, radio, h("span", {}, label));
  };
  const form = h("form", { class: "stack roles", "aria-label": "Columns", onsubmit: (event: Event) => {
    event.preventDefault();
    if (!check()) return;
    if (isEvents) {
      const names = head.names.filter((column) => entities.has(column));
      done({ entities: { columns: names, together: together ? groups() : [], asNodes } });
      return;
    }
    const { directed, drop_null } = chosen;
    // No weights are said only where the server would take some.
    done({ source: source.value, target: target.value, ...(weights.value ? { weight: weights.value } : found.weight ? { unweighted: true } : {}), ...(directed ? { directed } : {}), ...(drop_null ? { drop_null } : {}) });
  } },
    title,
    mayBeEvents ? h("div", { class: "stack kinds", role: "radiogroup", "aria-label": "A row is" }, kind("an edge between two columns", false), kind("an event that links the entities in these columns", true)) : null,
    edges, events,
    h("div", { class: "peek-box", tabIndex: 0, role: "region", "aria-label": "First rows" }, table),
    problem,
    h("div", { class: "row actions" }, button("Cancel", () => done(null)), submit));
  check();
  return form;
}
