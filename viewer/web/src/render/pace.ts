/** How much of a moving picture is drawn, so that its frames come in time. */

/** How edges of a moving picture are drawn: as at rest, as thin lines (between the two), or with half the resolution. */
const FINE = 0;
const COARSE = 2;
/** Frames of a moving picture that take longer than this, ms, are too slow; shorter than the second, fast. */
const SLOW = 26;
const FAST = 19;
/** After how long a finer way is tried again, ms: at first, and at most. */
const RETRY = 2000;
const LAST_RETRY = 64_000;
/** Fewest edges that a moving picture shows, and how many the first one does: no one should wait for more. */
const LEAST_SAMPLE = 20_000;
const FIRST_SAMPLE = 40_000;

export class Pace {
  /** Time between frames while something moves, ms, smoothed. */
  frame = 16;
  /** Edges that are drawn in one frame. */
  budget = FIRST_SAMPLE;
  private detail = FINE;
  private finerAt = 0;
  private retry = RETRY;
  private wasMoving = false;
  private last = 0;

  /** Another graph is drawn. */
  forget(): void {
    this.budget = FIRST_SAMPLE;
    this.detail = FINE;
    this.retry = RETRY;
  }

  get isFine(): boolean {
    return this.detail === FINE;
  }

  get isCoarse(): boolean {
    return this.detail === COARSE;
  }

  /** A frame of a graph with `m` edges begins. */
  begins(moving: boolean, m: number): void {
    const now = performance.now();
    // Between two frames of one movement, or rests would count.
    if (moving && this.wasMoving) {
      this.frame += 0.15 * (Math.min(400, now - this.last) - this.frame);
      this.adapt(now, m);
    }
    this.wasMoving = moving;
    this.last = now;
  }

  /** Coarser and then fewer edges in a moving picture when frames take long; more and then finer ones when they do not. */
  private adapt(now: number, m: number): void {
    const { frame } = this;
    if (frame > SLOW) {
      if (this.detail < COARSE) {
        this.detail++;
        this.finerAt = now + this.retry;
        this.retry = Math.min(LAST_RETRY, 2 * this.retry);
        // What it takes now is not known yet.
        this.frame = (SLOW + FAST) / 2;
      } else this.budget = Math.max(LEAST_SAMPLE, Math.min(this.budget, m) * Math.max(0.6, SLOW / frame));
    } else if (frame < FAST) {
      this.budget = Math.min(8_000_000, this.budget * 1.12);
      if (this.detail > FINE && this.budget >= m && now > this.finerAt) {
        this.detail--;
        this.finerAt = now + RETRY;
      }
    }
  }
}
