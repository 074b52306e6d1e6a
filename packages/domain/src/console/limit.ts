/** How much of a console becomes evidence: a machine that panics in a loop, or prints for ever, must not drown what else is seen of it. */
import { sameness } from "./notable.ts";

/** So many lines at once, and one more for each `REFILL_MS`. */
const BURST = 20;
const REFILL_MS = 15_000;
/** The same thing is said again when so much time has passed: once for each start of the machine. */
const REPEAT_MS = 60_000;
const REMEMBERED = 100;

/** Decides per line, by the time that is handed in. */
export class LineLimit {
  #left = BURST;
  #filledAt: number | undefined;
  readonly #said = new Map<string, number>();
  #leftOut = 0;

  /** Whether this line is said now. */
  takes(text: string, nowMs: number): boolean {
    const key = sameness(text);
    const last = this.#said.get(key);
    if (last !== undefined && nowMs - last < REPEAT_MS) return false;
    this.#refill(nowMs);
    if (this.#left < 1) {
      this.#leftOut += 1;
      return false;
    }
    this.#left -= 1;
    this.#said.delete(key); // to its end: the map is in the order of last use
    this.#said.set(key, nowMs);
    for (const oldest of this.#said.keys()) {
      if (this.#said.size <= REMEMBERED) break;
      this.#said.delete(oldest);
    }
    return true;
  }

  /** How many lines of note were left out since the last one that was taken; asked once. */
  leftOut(): number {
    const count = this.#leftOut;
    this.#leftOut = 0;
    return count;
  }

  #refill(nowMs: number): void {
    this.#filledAt ??= nowMs;
    const more = Math.floor((nowMs - this.#filledAt) / REFILL_MS);
    if (more <= 0) return;
    this.#left = Math.min(BURST, this.#left + more);
    this.#filledAt += more * REFILL_MS;
  }
}
