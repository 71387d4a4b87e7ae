/** Files on their way to the server, with progress. */

import type { Roles } from "./columns";

/** Of several files, those that look like tables of nodes; never all of them. */
export function nodesOf(files: readonly File[]): File[] {
  if (files.length < 2) return [];
  const nodes = files.filter((f) => /(^|[-_. ])(nodes?|vertices|points?)([-_. ]|$)/i.test(f.name));
  return nodes.length === files.length ? nodes.slice(1) : nodes;
}

/** What becomes of one upload: a dataset of one table of edges. */
export interface Job {
  edges: File;
  nodes: File | null;
}

/** Files as datasets, one for each table of edges; or why that cannot be said. */
export function jobsOf(files: readonly File[]): Job[] | string {
  const nodes = nodesOf(files);
  const edges = files.filter((f) => !nodes.includes(f));
  if (nodes.length === 0) return edges.map((file) => ({ edges: file, nodes: null }));
  const names = (of: readonly File[]): string => of.map((f) => f.name).join(" and ");
  if (edges.length > 1) return `${names(nodes)} could belong to ${edges.map((f) => f.name).join(" or ")}: drop each table of edges with its nodes by itself`;
  if (nodes.length > 1) return `${names(nodes)} look like tables of nodes, of which ${edges[0]!.name} can have one`;
  return [{ edges: edges[0]!, nodes: nodes[0]! }];
}

/** What can be done about a refusal: words for a button, and what the next try says. */
export function remedies(message: string): { words: string; verb: string; roles: Roles }[] {
  if (/weights must be|weight column/i.test(message) && !/drop_null/.test(message)) return [{ words: message, verb: "Ignore the weights", roles: { unweighted: true } }];
  const asked = message.indexOf(", or upload with `?drop_null=true`");
  if (asked < 0) return [];
  const words = message.slice(0, asked).replace(/; drop such rows or fill them$/, "");
  const leave = { words, verb: "Leave such rows out", roles: { drop_null: true } };
  return /in weight column/.test(message) ? [leave, { words, verb: "Ignore the weights", roles: { unweighted: true } }] : [leave];
}

/** Posts with progress, which fetch does not tell. */
export function send(address: string, body: XMLHttpRequestBodyInit, progress: (sent: number) => void, signal: AbortSignal): Promise<Record<string, unknown>> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    if (body instanceof File) request.setRequestHeader("content-type", body.type || "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onerror = () => fail(new Error("the server cannot be reached"));
    request.onabort = () => fail(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.onload = () => {
      let answer: { error?: { message?: string } | string } & Record<string, unknown> = {};
      try {
        answer = JSON.parse(request.responseText) as typeof answer;
      } catch {
        if (request.status < 400) return fail(new Error("the server's answer is no JSON"));
      }
      if (request.status >= 400) {
        const words = typeof answer.error === "string" ? answer.error : answer.error?.message;
        return fail(new Error(words ?? `the server refused it (${request.status} ${request.statusText})`));
      }
      done(answer);
    };
    request.send(body);
  });
}
