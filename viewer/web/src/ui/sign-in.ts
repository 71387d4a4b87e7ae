/** Who are you? For servers with accounts. */

import { fetchOk, ServerError } from "../core/source";
import { h } from "./dom";

/** Whether an error says that nobody is signed in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ServerError && error.status === 401;
}

/** A form that signs in, and then shows the page anew: the browser keeps the sign-in. */
export function signInForm(api: string): HTMLElement {
  const name = h("input", { type: "text", name: "username", autocomplete: "username", required: true, "aria-label": "Name", placeholder: "Name" });
  const password = h("input", { type: "password", name: "password", autocomplete: "current-password", required: true, "aria-label": "Password", placeholder: "Password" });
  const status = h("p", { class: "status error", role: "alert" });
  const submit = h("button", { type: "submit", class: "primary" }, "Sign in");
  const form = h("form", { class: "sign-in" }, name, password, submit, status);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit.disabled = true;
    status.textContent = "";
    const body = JSON.stringify({ name: name.value, password: password.value });
    fetchOk(`${api}/sign-in`, { method: "POST", headers: { "content-type": "application/json" }, body }).then(
      () => location.reload(),
      (error: Error) => {
        status.textContent = error.message;
        submit.disabled = false;
        password.select();
      },
    );
  });
  return form;
}
