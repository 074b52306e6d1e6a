/** So many attempts of one address in so much time. */
export class Throttle {
  readonly #attempts: number;
  readonly #perMs: number;
  readonly #counts = new Map<string, { count: number; until: number }>();

  constructor({ attempts, perMs }: { attempts: number; perMs: number }) {
    this.#attempts = attempts;
    this.#perMs = perMs;
  }

  /** @returns whether one more is admitted now */
  admit(address: string, now = performance.now()): boolean {
    if (this.#counts.size > 10_000)
      for (const [key, { until }] of this.#counts) if (until < now) this.#counts.delete(key);
    const entry = this.#counts.get(address);
    if (!entry || entry.until < now) {
      this.#counts.set(address, { count: 1, until: now + this.#perMs });
      return true;
    }
    entry.count += 1;
    return entry.count <= this.#attempts;
  }
}
