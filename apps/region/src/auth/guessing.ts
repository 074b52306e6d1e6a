/** Against guessing passwords: after a few failures the next attempts are refused unread, for longer each time. */

/** Failures of one user from one address before the first pause; a person mistypes that often. */
const FREE_FAILURES = 5;
/** Of one address, whatever the users: many behind one proxy still get by. */
const FREE_FAILURES_OF_ADDRESS = 30;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** A row of failures is forgotten after this much quiet. */
const FORGET_MS = 60 * 60_000;
const MAX_KEPT = 10_000;

interface Row {
  failures: number;
  lastAt: number;
  /** Nothing is read before. */
  blockedUntil: number;
}

export class GuessingGuard {
  readonly #rows = new Map<string, Row>();

  /**
   * Count an attempt before it is checked, so that many at once do not slip through together.
   * @returns milliseconds to wait before it will be read; 0: now
   */
  begin(address: string, username: string, nowMs: number): number {
    const keys = [
      { key: `${address} ${username}`, free: FREE_FAILURES },
      { key: address, free: FREE_FAILURES_OF_ADDRESS },
    ];
    const rows = keys.map(({ key, free }) => ({ row: this.#row(key, nowMs), free }));
    const wait = Math.max(...rows.map(({ row }) => row.blockedUntil - nowMs));
    if (wait > 0) return wait;
    for (const { row, free } of rows) {
      row.failures += 1;
      row.lastAt = nowMs;
      const beyond = row.failures - free;
      if (beyond >= 0) row.blockedUntil = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** beyond, LONGEST_PAUSE_MS);
    }
    return 0;
  }

  /** The password was right: this user's failures from there are forgotten, and this attempt was none. */
  succeeded(address: string, username: string): void {
    this.#rows.delete(`${address} ${username}`);
    const row = this.#rows.get(address);
    if (!row) return;
    row.failures -= 1;
    if (row.failures < FREE_FAILURES_OF_ADDRESS) row.blockedUntil = 0;
  }

  #row(key: string, nowMs: number): Row {
    const known = this.#rows.get(key);
    if (known && known.lastAt > nowMs - FORGET_MS) return known;
    if (this.#rows.size >= MAX_KEPT) this.#forget(nowMs);
    const row = { failures: 0, lastAt: nowMs, blockedUntil: 0 };
    this.#rows.set(key, row);
    return row;
  }

  /** The quiet ones first; when all are busy, the oldest half: memory has an end. */
  #forget(nowMs: number): void {
    for (const [key, row] of this.#rows) if (row.lastAt < nowMs - FORGET_MS) this.#rows.delete(key);
    if (this.#rows.size < MAX_KEPT) return;
    for (const key of [...this.#rows.keys()].slice(0, MAX_KEPT / 2)) this.#rows.delete(key);
  }
}
