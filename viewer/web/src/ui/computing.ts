/** Measures that the server computes, with how far they are and a way to stop them. */

import type { Job } from "../core/computing";
import { button, h } from "./dom";
import type { Viewer } from "./viewer";

/** What a job is doing, in words. */
export function jobWords({ stage, done, total }: Job): string {
  if (stage === null || done === null) return "waiting";
  const number = (n: number): string => n.toLocaleString("en");
  if (stage === "stopping") return stage;
  return total === null ? `${number(done)} ${stage}` : `${number(done)} of ${number(total)} ${stage}`;
}

export function computing(viewer: Viewer): HTMLElement {
  const element = h("div", { class: "computing", role: "group", "aria-label": "Measures that are computed", hidden: true });
  const rows = new Map<Job, { row: HTMLElement; words: HTMLElement; bar: HTMLProgressElement }>();
  viewer.on("computing", (jobs) => {
    for (const [job, { row }] of rows) {
      if (jobs.includes(job)) continue;
      row.remove();
      rows.delete(job);
    }
    for (const job of jobs) {
      let known = rows.get(job);
      if (!known) {
        const words = h("span", { class: "quiet" });
        const bar = h("progress", { "aria-label": `Progress of ${job.name}` });
        const stop = button("Stop", () => {
          stop.disabled = true;
          job.stop();
        }, { "aria-label": `Stop ${job.name}` });
        known = { row: h("div", {}, h("strong", {}, job.name.replaceAll("_", " ")), bar, words, stop), words, bar };
        rows.set(job, known);
        element.append(known.row);
      }
      known.words.textContent = jobWords(job);
      if (job.total !== null && job.done !== null) [known.bar.max, known.bar.value] = [job.total, job.done];
      else known.bar.removeAttribute("value");
    }
    element.hidden = jobs.length === 0;
  });
  return element;
}
