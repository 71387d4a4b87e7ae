/** The pages of a server beside the graph: a file of its own, which is fetched when one of them is opened. */

import { styledRoot } from "../mount";
import { account } from "./account";
import { datasets, methods } from "./catalogue";
import { experiment } from "./experiment";
import { experiments } from "./experiments";
import { home } from "./home";
import { leaderboard } from "./leaderboard";
import { Shell, type Where } from "./shell";
import style from "./pages.css?inline";

let sheet: CSSStyleSheet | undefined;

/** Shows the page at `path`, which begins with a slash. Returns what takes it away. */
export function openPage(element: HTMLElement, path: string, where: Where): () => void {
  const root = styledRoot(element);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
  }
  root.adoptedStyleSheets.push(sheet);
  const shell = new Shell(where, path);
  root.append(shell.element);
  const one = /^\/experiments\/([^/]+)$/.exec(path)?.[1];
  const page = one !== undefined ? experiment(shell, decodeURIComponent(one))
    : path === "/experiments" ? experiments(shell)
    : path === "/leaderboard" ? leaderboard(shell)
    : path === "/methods" ? methods(shell)
    : path === "/account" ? account(shell)
    : path === "/datasets" ? datasets(shell)
    : home(shell);
  void page.catch((error: Error) => shell.toast(error.message, "error"));
  return () => {
    shell.destroy();
    root.replaceChildren();
  };
}
