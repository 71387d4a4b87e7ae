import { describe, expect, it } from "vitest";

import { Computing, type Computer, type Job, type Told } from "../../src/core/computing";
import { jobWords } from "../../src/ui/computing";

const told = (status: Told["status"], done: number | null = null): Told => ({ id: "c", status, stage: done === null ? null : "sources", done, total: done === null ? null : 9000, error: status === "failed" ? "no sources" : null });

/** A server that answers with these in turn. */
function server(...answers: (Told | null)[]): Computer & { asked: string[] } {
  const asked: string[] = [];
  const next = (what: string): Promise<Told | null> => (asked.push(what), Promise.resolve(answers.shift() ?? null));
  return { asked, start: (measure) => next(`start ${measure}`), look: () => next("look"), stop: () => (asked.push("stop"), Promise.resolve()) };
}

const names = new Set(["degree", "pagerank", "betweenness"]);

describe("measures", () => {
  it("are there before they are asked for, and told while they come", async () => {
    const computer = server(told("running"), told("running", 3), told("done"));
    const computing = new Computing(computer, () => Promise.resolve());
    const seen: string[] = [];
    computing.onChange = (jobs) => seen.push(jobs.map(jobWords).join());
    // Texts name nothing, and what is quick or no measure is not asked for.
    await computing.before(["kind = 'pagerank' AND degree > 3", undefined, 7, "src"], names);
    expect(computer.asked).toEqual([]);
    await Promise.all([computing.before(['"betweenness" > 3'], names), computing.before(["betweenness"], names)]);
    expect(computer.asked).toEqual(["start betweenness", "look", "look"]);
    expect(seen).toEqual(["waiting", "3 of 9,000 sources", ""]);
    await computing.before(["betweenness"], names);
    expect(computer.asked).toHaveLength(3);
  });

  it("can be stopped, and begun anew", async () => {
    const computer = server(told("running", 1), told("running", 2), told("done"));
    const computing = new Computing(computer, () => Promise.resolve());
    let jobs: Job[] = [];
    computing.onChange = (all) => {
      jobs = [...all];
      if (jobs[0] && jobs[0].stage !== "stopping") jobs[0].stop();
    };
    await expect(computing.before(["betweenness"], names)).rejects.toThrow("betweenness was stopped");
    expect([computer.asked, jobs]).toEqual([["start betweenness", "stop", "look"], []]);
    await computing.before(["betweenness"], names);
    expect(computer.asked.slice(3)).toEqual(["start betweenness"]);
  });

  it("say what is wrong, and are left to servers that know no computations", async () => {
    await expect(new Computing(server(told("failed"))).before(["pagerank"], names)).rejects.toThrow("no sources");
    const other = server(told("running"), told("stopped"));
    await expect(new Computing(other, () => Promise.resolve()).before(["pagerank"], names)).rejects.toThrow("pagerank was stopped");
    const old = server(null);
    await new Computing(old).before(["pagerank"], names);
    expect(old.asked).toEqual(["start pagerank"]);
    expect([jobWords({ name: "x", stage: "nodes", done: 12_000, total: null, stop: () => undefined })]).toEqual(["12,000 nodes"]);
  });
});
