/**
 * One thing at a time for each machine, within this process. The machine's row is what decides who comes first, also between processes; but
 * whoever waits for it in the database holds a connection, and a few busy machines would hold them all.
 */
export class Turns<K> {
  readonly #last = new Map<K, Promise<unknown>>();

  /** Run `work` when all that came before it for `key` has ended, however it ended. */
  async take<T>(key: K, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work, work);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
