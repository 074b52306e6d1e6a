/**
 * The workers of one queue in this process. For a job one of them is woken, not all; whoever finds one wakes the next before it begins,
 * so that many jobs wake as many workers as there are jobs, and one job costs two looks at the table.
 */
export class JobWorkers {
  readonly #wake: (worker: string) => void;
  readonly #idle = new Set<string>();

  constructor(wake: (worker: string) => void) {
    this.#wake = wake;
  }

  add(worker: string): void {
    this.#idle.add(worker);
  }

  /** Without effect while all are at work: each looks again when it is done. */
  wakeOne(): void {
    const [worker] = this.#idle;
    if (worker !== undefined) this.#wake(worker);
  }

  async run(worker: string, work: () => Promise<void>): Promise<void> {
    this.#idle.delete(worker);
    this.wakeOne();
    try {
      await work();
    } finally {
      this.#idle.add(worker);
      this.#wake(worker);
    }
  }
}
