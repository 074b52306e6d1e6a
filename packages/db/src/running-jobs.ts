/** Cancellations remembered for jobs whose handler has not begun yet (fetched, but not run): a moment's worth. */
const REMEMBERED = 1_000;

/** The handlers running in this process, and how to abort each. */
export class RunningJobs {
  #running = new Map<string, AbortController>();
  #early = new Set<string>();

  async run<T>(id: string, outer: AbortSignal, handler: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    if (this.#early.delete(id)) controller.abort(cancelled(id));
    try {
      return await handler(AbortSignal.any([outer, controller.signal]));
    } finally {
      this.#running.delete(id);
    }
  }

  abort(id: string): void {
    const controller = this.#running.get(id);
    if (controller) return controller.abort(cancelled(id));
    this.#early.add(id);
    if (this.#early.size > REMEMBERED) this.#early.delete(this.#early.values().next().value ?? "");
  }

  abortAll(reason: string): void {
    for (const [id, controller] of this.#running) controller.abort(new Error(`job ${id} was aborted: ${reason}`));
  }

  ids(): string[] {
    return [...this.#running.keys()];
  }
}

function cancelled(id: string): Error {
  return new Error(`job ${id} was cancelled`);
}
