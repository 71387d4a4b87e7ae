/** The form that asks which columns of a table are the ends of edges. */

import { button, field, h, select, toggle } from "../ui/dom";
import { guess, type Head, type Roles } from "./columns";

/** Rows of the table that are shown. */
const SHOWN = 3;

/** Asks; `done` gets what was chosen, or nothing. */
export function rolesForm(name: string, head: Head, before: Roles, done: (roles: Roles | null) => void): HTMLElement {
  const found = guess(head);
  const columns = head.names.map((column) => [column, column] as const);
  const chosen: Roles = {
    drop_null: before.drop_null ?? false, directed: before.directed ?? false,
    source: before.source ?? found.source, target: before.target ?? found.target,
  };
  const weight = before.unweighted ? "" : (before.weight ?? found.weight ?? "");
  const problem = h("p", { class: "error", role: "alert" });
  const submit = h("button", { type: "submit", class: "primary" }, "Make the graph");
  const source = select(columns, chosen.source!, () => check());
  const target = select(columns, chosen.target!, () => check());
  const weights = select([["", "none"], ...columns], weight, () => check());
  const table = h("table", { class: "rows peek" });
  const check = (): boolean => {
    const roles = new Map([[weights.value, "weight"], [target.value, "to"], [source.value, "from"]]);
    const twice = source.value === target.value || weights.value === source.value || weights.value === target.value;
    problem.textContent = twice ? "one column cannot be two of these" : "";
    submit.disabled = twice;
    const label = (column: string): HTMLElement => h("th", { scope: "col", class: roles.has(column) ? "chosen" : "" }, column, roles.has(column) ? h("small", {}, ` ${roles.get(column)!}`) : null);
    table.replaceChildren(
      h("thead", {}, h("tr", {}, ...head.names.map(label))),
      h("tbody", {}, ...head.rows.slice(0, SHOWN).map((row) => h("tr", {}, ...head.names.map((column, at) => h("td", { class: roles.has(column) ? "chosen" : "" }, row[at] ?? ""))))));
    return !twice;
  };
  const form = h("form", { class: "stack roles", "aria-label": "Columns", onsubmit: (event: Event) => {
    event.preventDefault();
    if (!check()) return;
    const { directed, drop_null } = chosen;
    // No weights are said only where the server would take some.
    done({ source: source.value, target: target.value, ...(weights.value ? { weight: weights.value } : found.weight ? { unweighted: true } : {}), ...(directed ? { directed } : {}), ...(drop_null ? { drop_null } : {}) });
  } },
    h("h2", {}, `What is an edge in ${name}?`),
    h("div", { class: "row" }, field("From", source), field("To", target), field("Weight", weights)),
    h("div", { class: "peek-box", tabIndex: 0, role: "region", "aria-label": "First rows" }, table),
    toggle("Edges have a direction", chosen.directed!, (value) => void (chosen.directed = value)),
    toggle("Leave out rows without ends", chosen.drop_null!, (value) => void (chosen.drop_null = value)),
    problem,
    h("div", { class: "row actions" }, button("Cancel", () => done(null)), submit));
  check();
  return form;
}
