/** So many at once; the others wait in line. */
export class Gate {
  readonly #places: number;
  readonly #line: (() => void)[] = [];
  #inside = 0;

  constructor(places: number) {
    this.#places = places;
  }

  get inside(): number {
    return this.#inside;
  }

  /** @throws the signal's reason when it is aborted in line */
  async pass<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#inside >= this.#places) await new Promise<void>((resolve) => this.#line.push(resolve));
    else this.#inside++;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      // The place goes to the next in line, or is free.
      const next = this.#line.shift();
      if (next) next();
      else this.#inside--;
    }
  }
}
