/** One's own account: keys for programs, the password, and the organizations that one belongs to. */

import { time } from "../core/format";
import { button, field, h, iconButton } from "../ui/dom";
import { signInForm } from "../ui/sign-in";
import type { Shell } from "./shell";

interface Key {
  id: string;
  name: string;
  created_at: number;
}

interface Organization {
  slug: string;
  name: string;
  is_admin?: boolean;
}

/** Letters that a password has at least, as the server wants it. */
const SHORTEST = 8;

export async function account(shell: Shell): Promise<void> {
  shell.title("Account");
  const me = await shell.me;
  if (!me?.has_accounts || !me.user) {
    shell.main.append(h("div", { class: "page-body" }, ...(me?.has_accounts
      ? [h("h1", {}, "Sign in"), signInForm(shell.where.api)]
      : [h("div", { class: "empty" }, h("h2", {}, "This server has no accounts"), h("p", { class: "quiet" }, "Start it with --auth, and everybody has one of their own."))])));
    return;
  }
  const { user, organizations } = me;
  shell.main.append(h("div", { class: "page-body" },
    h("div", { class: "row title-row" }, h("h1", {}, user.name), user.is_admin ? h("span", { class: "tag" }, "administrator") : null),
    keys(shell), password(shell), belongs(shell, organizations)));
}

function keys(shell: Shell): HTMLElement {
  const list = h("ul", { class: "stack" });
  const made = h("div", { class: "stack", "aria-live": "polite" });
  const load = async (): Promise<void> => {
    const all = await shell.get<Key[]>("/keys");
    list.replaceChildren(...all.map((key) => h("li", { class: "row" },
      h("span", { class: "grow" }, key.name || "without a name", h("span", { class: "quiet" }, ` · ${key.id} · made ${time(key.created_at, Infinity)}`)),
      iconButton("trash", `Delete the key ${key.name || key.id}`, () => void remove(key)))));
    if (all.length === 0) list.replaceChildren(h("li", { class: "quiet" }, "There are no keys."));
  };
  const remove = async (key: Key): Promise<void> => {
    if (!(await shell.confirm(`Delete the key ${key.name || key.id}?`, "Programs that sign in with it cannot do so any more.", "Delete"))) return;
    await shell.attempt("deleting the key", async () => {
      await shell.send("DELETE", `/keys/${encodeURIComponent(key.id)}`);
      made.replaceChildren();
      await load();
    });
  };
  const name = h("input", { type: "text", placeholder: "notebooks", maxLength: 200 });
  const form = h("form", { class: "row bottom", onsubmit: (event: Event) => {
    event.preventDefault();
    void shell.attempt("making a key", async () => {
      const key = await shell.send<Key & { secret: string }>("POST", "/keys", { name: name.value.trim() });
      name.value = "";
      const shown = (label: string, value: string): HTMLElement => {
        const text = h("input", { type: "text", readOnly: true, value, class: "grow", "aria-label": label });
        return h("div", { class: "row" }, h("span", { class: "quiet" }, label), text, button("Copy", () => {
          void navigator.clipboard.writeText(value).then(() => shell.toast("copied"), () => text.select());
        }, { "aria-label": `Copy: ${label}` }));
      };
      made.replaceChildren(h("p", {}, "The secret is shown once:"), shown("Id", key.id), shown("Secret", key.secret));
      await load();
    });
  } }, field("What it is for", name), h("button", { type: "submit", class: "primary" }, "Make a key"));
  void shell.attempt("the keys", load);
  return h("section", { class: "card-wide", "aria-label": "Keys" }, h("h2", {}, "Keys"),
    h("p", { class: "quiet" }, "With a key a program signs in for you, and your password stays yours."), list, made, form);
}

function password(shell: Shell): HTMLElement {
  const input = (autocomplete: "current-password" | "new-password"): HTMLInputElement =>
    h("input", { type: "password", required: true, autocomplete, ...(autocomplete === "new-password" ? { minLength: SHORTEST } : {}) });
  const [old, fresh, again] = [input("current-password"), input("new-password"), input("new-password")];
  const problem = h("p", { class: "error", role: "alert" });
  const submit = h("button", { type: "submit" }, "Change");
  const form = h("form", { class: "row bottom", onsubmit: (event: Event) => {
    event.preventDefault();
    problem.textContent = fresh.value === again.value ? "" : "the new passwords are not the same";
    if (problem.textContent !== "") return;
    submit.disabled = true;
    shell.send("POST", "/me/password", { old: old.value, new: fresh.value }).then(
      () => {
        form.reset();
        shell.toast("the password is changed");
      },
      (error: Error) => void (problem.textContent = error.message),
    ).finally(() => void (submit.disabled = false));
  } }, field("Password", old), field("New password", fresh), field("Once more", again), submit);
  return h("section", { class: "card-wide", "aria-label": "Password" }, h("h2", {}, "Password"),
    h("p", { class: "quiet" }, `${SHORTEST} characters or more. A new one ends all other sign-ins.`), form, problem);
}

function belongs(shell: Shell, organizations: readonly Organization[]): HTMLElement {
  const row = (one: Organization): HTMLElement => {
    const members = h("p", { class: "quiet" }, "…");
    let asked = false;
    const details = h("details", { ontoggle: () => {
      if (!details.open || asked) return;
      asked = true;
      shell.get<{ name: string; is_admin: boolean }[]>(`/organizations/${encodeURIComponent(one.slug)}/members`).then(
        (all) => void (members.textContent = all.map((m) => (m.is_admin ? `${m.name} (leads it)` : m.name)).join(", ")),
        (error: Error) => void (members.textContent = error.message),
      );
    } }, h("summary", {}, "Members"), members);
    return h("li", {}, h("div", { class: "row" }, h("strong", {}, one.name), h("span", { class: "quiet" }, one.slug), one.is_admin ? h("span", { class: "tag" }, "you lead it") : null), details);
  };
  return h("section", { class: "card-wide", "aria-label": "Organizations" }, h("h2", {}, "Organizations"),
    organizations.length > 0 ? h("ul", { class: "stack" }, ...organizations.map(row)) : h("p", { class: "quiet" }, "You belong to none."));
}
