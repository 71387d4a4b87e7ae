/** What all pages but the graph's share: the bar with its links, who is signed in, messages, dialogs. */

import { fetchOk, ServerError } from "../core/source";
import { storedTheme, storeTheme } from "../core/theme";
import { button, h, iconButton } from "../ui/dom";

/** What is said on the page that is opened, and what can be done about it. */
export interface Notice {
  text: string;
  verb: string;
  act(): void;
}

export interface Where {
  api: string;
  /** What all addresses of pages begin with. */
  base: string;
  /** Goes to another page of this server, which may have something to say then. */
  go(path: string, notice?: Notice): void;
  /** Is told when somebody wants it light or dark. */
  themed?(isLight: boolean): void;
}

export interface Me {
  user: { name: string; is_admin: boolean; id?: string } | null;
  organization: string | null;
  organizations: { slug: string; name: string }[];
  has_accounts: boolean;
}

const LINKS = [
  ["/", "Graphs"],
  // A document of its own.
  ["/case/", "Cases"],
  ["/experiments", "Experiments"],
  ["/leaderboard", "Leaderboard"],
  ["/methods", "Methods"],
  ["/datasets", "Datasets"],
] as const;

export class Shell {
  readonly element: HTMLElement;
  readonly main: HTMLElement;
  readonly me: Promise<Me | null>;
  private readonly toasts = h("div", { class: "toasts" });
  private readonly live = h("div", { class: "away", role: "status", "aria-live": "polite" });
  private readonly ends: (() => void)[] = [];
  private gone = false;

  constructor(readonly where: Where, path: string) {
    const links = LINKS.map(([to, label]) => {
      const isOwn = to === "/case/";
      const link = isOwn ? h("a", { class: "nav-link", href: `${where.base}${to}` }, label) : this.link(to, label, { class: "nav-link", hidden: to !== "/" });
      if (to === path || (to !== "/" && path.startsWith(to.replace(/\/?$/, "/")))) link.setAttribute("aria-current", "page");
      return link;
    });
    const account = h("span", { class: "row account" });
    const theme = iconButton("theme", "Light or dark", () => {
      const isLight = this.element.classList.toggle("light");
      storeTheme(isLight ? "light" : "dark");
      where.themed?.(isLight);
    });
    this.main = h("main", { class: "page-main", tabIndex: -1 });
    const brand = this.link("/", "", { class: "brand", title: "All graphs" });
    brand.append(h("span", { class: "mark", "aria-hidden": "true" }), "graphlume");
    this.element = h("div", { class: storedTheme() === "light" ? "home-root light" : "home-root" },
      h("header", { class: "bar" }, brand, h("nav", { class: "nav", "aria-label": "Pages" }, ...links), h("span", { class: "grow" }),
        h("a", { class: "nav-link minor", href: `${where.base}/api/`, title: "All that this server answers to" }, "API"), account, theme),
      this.main, this.toasts, this.live);
    this.me = this.whoAmI(account);
    // On a narrow window the page that one is on is in sight, whichever it is.
    requestAnimationFrame(() => this.element.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }));
    // Pages of experiments are there where the server has some.
    if (path !== "/" && !path.startsWith("/case/")) for (const link of links) link.hidden = false;
    else void this.get("/gad/datasets").then(() => links.forEach((link) => (link.hidden = false)), () => undefined);
  }

  /** A link within the server, which needs no page to be loaded anew. */
  link(path: string, label: string, more: Record<string, unknown> = {}): HTMLAnchorElement {
    return h("a", { href: `${this.where.base}${path}`, onclick: (event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      this.where.go(path);
    }, ...more }, label);
  }

  /** Whatever the API says at an address, as JSON. */
  async get<T>(path: string): Promise<T> {
    return (await fetchOk(`${this.where.api}${path}`)).json() as Promise<T>;
  }

  async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetchOk(`${this.where.api}${path}`, {
      method, ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    return (response.status === 204 ? null : await response.json()) as T;
  }

  private async whoAmI(into: HTMLElement): Promise<Me | null> {
    try {
      const me = await this.get<Me>("/me");
      if (me.has_accounts && me.user) {
        into.append(this.link("/account", me.user.name, { class: "nav-link", title: "Keys, password, organizations" }), button("Sign out", () => {
          void this.send("POST", "/sign-out").finally(() => location.reload());
        }, { class: "link" }));
      }
      return me;
    } catch {
      return null; // an older server
    }
  }

  /** Calls again and again while the page is open and seen; `f` says in how many ms. */
  poll(f: () => Promise<number>): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const call = async (): Promise<void> => {
      let wait = 15_000;
      if (!document.hidden) wait = await f().catch(() => 10_000);
      if (!this.gone) timer = setTimeout(() => void call(), wait);
    };
    const seen = (): void => {
      if (document.hidden) return;
      clearTimeout(timer);
      void call();
    };
    document.addEventListener("visibilitychange", seen);
    this.onEnd(() => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    });
    void call();
  }

  onEnd(f: () => void): void {
    this.ends.push(f);
  }

  title(text: string): void {
    document.title = `${text} · graphlume`;
  }

  say(text: string): void {
    this.live.textContent = text;
  }

  toast(text: string, kind: "info" | "error" = "info"): void {
    const toast = h("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status" }, h("span", {}, text), iconButton("close", "Dismiss", () => toast.remove()));
    this.toasts.append(toast);
    while (this.toasts.children.length > 4) this.toasts.firstElementChild!.remove();
    setTimeout(() => toast.remove(), kind === "error" ? 12_000 : 4000);
  }

  /** Does something, and says what went wrong if that does not work. */
  async attempt(what: string, f: () => Promise<void>): Promise<boolean> {
    try {
      await f();
      return true;
    } catch (error) {
      this.toast(`${what}: ${(error as Error).message}`, "error");
      return false;
    }
  }

  dialog(title: string, ...body: (Node | string | null)[]): HTMLDialogElement {
    const dialog = h("dialog", { "aria-label": title, onclose: () => dialog.remove() });
    const header = h("div", { class: "dialog-head" }, h("h2", {}, title), iconButton("close", "Close", () => dialog.close()));
    dialog.append(header, h("div", { class: "dialog-body" }, ...body.filter((part) => part !== null)));
    this.element.append(dialog);
    dialog.showModal();
    return dialog;
  }

  /** Asks before something that cannot be taken back. */
  confirm(title: string, words: string, verb: string): Promise<boolean> {
    return new Promise((done) => {
      let answer = false;
      const no = button("Cancel", () => dialog.close());
      const dialog = this.dialog(title, h("p", {}, words), h("div", { class: "row actions" }, no, button(verb, () => {
        answer = true;
        dialog.close();
      }, { class: "danger" })));
      dialog.addEventListener("close", () => done(answer));
      no.focus();
    });
  }

  destroy(): void {
    this.gone = true;
    for (const end of this.ends) end();
    this.element.remove();
  }
}

/** Why a page has nothing to show, in words of its own where that is known. */
export function failure(error: unknown): HTMLElement {
  const missing = error instanceof ServerError && error.status === 404 && /folder of experiments/.test(error.message);
  return h("div", { class: "empty", role: "alert" },
    h("h2", {}, missing ? "This server shows no experiments" : "This cannot be shown"),
    h("p", { class: "quiet" }, missing ? "Start it with --experiments FOLDER, where graphlume run leaves them." : (error as Error).message));
}
