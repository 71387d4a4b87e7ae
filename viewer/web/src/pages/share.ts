/** Who may see a graph: its mode, and links for those who have no account. */

import { time } from "../core/format";
import { button, field, h, iconButton, select, toggle } from "../ui/dom";
import type { Listed } from "./home";
import type { Me, Shell } from "./shell";

interface Link {
  token: string;
  email: string | null;
  can_edit: boolean;
  created_at: number;
  expires_at: number | null;
}

const DAY = 86_400_000;

export async function shareDialog(shell: Shell, dataset: Listed, me: Me, changed: () => void): Promise<void> {
  const path = `/datasets/${encodeURIComponent(dataset.id)}`;
  const who = select([
    ["private", "Only me, and whoever has a link"],
    ...(me.organizations.length > 0 ? me.organizations.map((o) => [`organization:${o.slug}`, `Members of ${o.name}`] as const) : []),
    ["public", "Whoever knows the address"],
  ], dataset.mode === "organization" ? `organization:${dataset.organization}` : dataset.mode, (value) => {
    const [mode, organization] = value.split(":");
    void shell.attempt("changing who may see it", async () => {
      await shell.send("PATCH", path, { mode, ...(organization ? { organization } : {}) });
      changed();
    });
  });
  const list = h("ul", { class: "stack" });
  const made = h("div", { class: "stack", "aria-live": "polite" });
  const load = async (): Promise<void> => {
    const links = await shell.get<Link[]>(`${path}/shares`);
    list.replaceChildren(...links.map((link) => h("li", { class: "row" },
      h("span", { class: "grow" }, link.email || "a link", h("span", { class: "quiet" }, ` · ${link.can_edit ? "may change it" : "may see it"} · ${link.expires_at ? `until ${time(link.expires_at, Infinity)}` : "without an end"}`)),
      iconButton("trash", `Take back the link for ${link.email || "nobody in particular"}`, () => void shell.attempt("taking the link back", async () => {
        await shell.send("DELETE", `${path}/shares/${encodeURIComponent(link.token)}`);
        await load();
      })))));
    if (links.length === 0) list.replaceChildren(h("li", { class: "quiet" }, "There are no links."));
  };
  const note = h("input", { type: "text", placeholder: "ann@example.org", maxLength: 200 });
  const ends = select([["", "never"], ["1", "in a day"], ["7", "in a week"], ["30", "in 30 days"]], "30", () => undefined);
  let canEdit = false;
  const form = h("form", { class: "stack" },
    field("For whom, as a note", note), field("Ends", ends), toggle("May change the graph too", false, (v) => void (canEdit = v)),
    h("div", { class: "row actions" }, h("button", { type: "submit", class: "primary" }, "Make a link")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void shell.attempt("making a link", async () => {
      const link = await shell.send<{ url: string }>("POST", `${path}/shares`, {
        can_edit: canEdit, ...(note.value.trim() ? { email: note.value.trim() } : {}), ...(ends.value ? { expires_at: Date.now() + Number(ends.value) * DAY } : {}),
      });
      const address = new URL(`${shell.where.base}${link.url}`, location.href).href;
      const text = h("input", { type: "text", readOnly: true, value: address, "aria-label": "The link" });
      made.replaceChildren(h("p", {}, "This link is shown once:"), h("div", { class: "row" }, h("span", { class: "grow" }, text), button("Copy", () => {
        void navigator.clipboard.writeText(address).then(() => shell.toast("the link is copied"), () => text.select());
      })));
      text.select();
      await load();
    });
  });
  shell.dialog(`Share ${dataset.name || dataset.id}`, h("div", { class: "stack" }, field("Who may see it", who), h("section", { class: "stack" }, h("h3", {}, "Links"), list, made, form)));
  await shell.attempt("the links", load);
}
