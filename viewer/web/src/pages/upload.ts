/** Files on their way to the server, with progress. */

/** Of several files, those that look like tables of nodes; never all of them. */
export function nodesOf(files: readonly File[]): File[] {
  if (files.length < 2) return [];
  const nodes = files.filter((f) => /(^|[-_. ])(nodes?|vertices|points?)([-_. ]|$)/i.test(f.name));
  return nodes.length === files.length ? nodes.slice(1) : nodes;
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
