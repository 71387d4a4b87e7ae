/** Measures that the server computes before something is asked that needs them: how far they are, and a way to stop them. */

/** A measure while it is computed. */
export interface Job {
  name: string;
  /** What is being counted, how many of these are done, and how many there are. */
  stage: string | null;
  done: number | null;
  total: number | null;
  stop(): void;
}

/** What a server tells of a computation. */
export interface Told {
  id: string;
  status: "running" | "done" | "failed" | "stopped";
  stage: string | null;
  done: number | null;
  total: number | null;
  error: string | null;
}

/** How the server is asked. Null: it knows no computations, or this one no more. */
export interface Computer {
  start(measure: string): Promise<Told | null>;
  look(id: string): Promise<Told | null>;
  stop(id: string): Promise<void>;
}

/** Somebody stopped a measure that a question needs. */
export class Stopped extends Error {
  override name = "Stopped";

  constructor(measure: string) {
    super(`${measure}${WAS_STOPPED}`);
  }
}

const WAS_STOPPED = " was stopped";

/** Whether a message is about such a measure. */
export const isStopped = (message: string): boolean => message.endsWith(WAS_STOPPED);

/** They are there before anybody could stop them. */
const QUICK = ["degree", "in_degree", "out_degree"];

export class Computing {
  /** Called whenever a job begins, goes on or ends. */
  onChange: (jobs: readonly Job[]) => void = () => undefined;
  private readonly ready = new Set(QUICK);
  private readonly running = new Map<string, Promise<void>>();
  private readonly jobs: Job[] = [];

  constructor(private readonly computer: Computer, private readonly wait: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms))) {}

  /** Comes back when all measures of `names` that the texts name are there. */
  async before(texts: readonly unknown[], names: ReadonlySet<string>): Promise<void> {
    // Names are in quotes of two kinds; what is in single ones is text.
    const words = texts.flatMap((text) => (typeof text === "string" ? text.replace(/'(?:[^']|'')*'/g, "").match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? [] : []));
    const asked = [...new Set(words)].filter((word) => names.has(word) && !this.ready.has(word));
    await Promise.all(asked.map((name) => this.once(name)));
  }

  private once(name: string): Promise<void> {
    let run = this.running.get(name);
    if (!run) {
      run = this.compute(name).finally(() => this.running.delete(name));
      this.running.set(name, run);
    }
    return run;
  }

  private async compute(name: string): Promise<void> {
    const begun = await this.computer.start(name);
    let told = begun;
    if (begun && begun.status === "running") {
      let isStopped = false;
      const job: Job = {
        name, stage: begun.stage, done: begun.done, total: begun.total,
        stop: () => {
          isStopped = true;
          job.stage = "stopping";
          this.onChange(this.jobs);
          void this.computer.stop(begun.id).catch(() => undefined);
        },
      };
      this.jobs.push(job);
      try {
        while (told?.status === "running" && !isStopped) {
          this.onChange(this.jobs);
          await this.wait(400);
          told = await this.computer.look(begun.id);
          if (told && !isStopped) [job.stage, job.done, job.total] = [told.stage, told.done, told.total];
        }
      } finally {
        this.jobs.splice(this.jobs.indexOf(job), 1);
        this.onChange(this.jobs);
      }
      if (isStopped || told?.status === "stopped") throw new Stopped(name);
    }
    if (told?.status === "failed") throw new Error(told.error ?? `${name} cannot be computed`);
    // Where a server knows nothing of it, the question itself computes it.
    this.ready.add(name);
  }
}
