/** Notes in Markdown, as elements: text stays text, whatever it holds. */

import { h } from "../ui/dom";

/** Headings, lists, paragraphs and blocks of code; within lines code, strong and emphasized words, and links. */
export function markdown(text: string): HTMLElement {
  const out = h("div", { class: "notes" });
  let words: string[] = [];
  let code: string[] | null = null;
  let isItem = false;
  const flush = (): void => {
    if (words.length > 0) out.append(h("p", {}, ...inline(words.join(" "))));
    words = [];
  };
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      flush();
      if (code) {
        out.append(h("pre", {}, code.join("\n")));
        code = null;
      } else code = [];
      continue;
    }
    if (code) {
      code.push(line);
      continue;
    }
    const heading = /^(#{1,4})\s+(.*)$/.exec(line);
    const wasItem = isItem;
    const item = /^\s*(?:[-*]|(\d+)\.)\s+(.*)$/.exec(line);
    isItem = item !== null;
    if (heading) {
      flush();
      // The page has the first two levels.
      out.append(h(heading[1]!.length > 1 ? "h4" : "h3", {}, ...inline(heading[2]!)));
    } else if (item) {
      flush();
      const tag = item[1] ? "ol" : "ul";
      const last = out.lastElementChild;
      const list = wasItem && last?.localName === tag ? last : out.appendChild(h(tag));
      list.append(h("li", {}, ...inline(item[2]!)));
    } else if (line.trim() === "") {
      flush();
    } else {
      words.push(line.trim());
    }
  }
  flush();
  if (code) out.append(h("pre", {}, code.join("\n")));
  return out;
}

const MARK = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g;

function inline(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const match of text.matchAll(MARK)) {
    parts.push(text.slice(at, match.index));
    const [all, code, strong, em, label, href] = match;
    if (code !== undefined) parts.push(h("code", {}, code));
    else if (strong !== undefined) parts.push(h("strong", {}, strong));
    else if (em !== undefined) parts.push(h("em", {}, em));
    else parts.push(h("a", { href, rel: "noopener noreferrer", target: "_blank" }, label));
    at = match.index + all.length;
  }
  parts.push(text.slice(at));
  return parts;
}
