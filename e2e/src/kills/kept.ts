/** A process that is kept running, as systemd would with Restart=always: whenever it has ended, it is started again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "@rackwright/controller/up-process";

/** Before it is started again. */
const RESTART_MS = 100;
/** The controller gives its parts 15 s and PostgreSQL 75 s. */
const STOP_MS = 100_000;
const TAIL = { lines: 20, columns: 500 };

export interface Ending {
  at: number;
  /** Undefined: a signal ended it. */
  code: number | undefined;
  said: string;
}

export class Kept {
  readonly #start: () => Running;
  readonly #onEnd: (ending: Ending) => void;
  #stopping = false;
  #loop: Promise<void>;
  current: Running;
  starts = 0;

  constructor(start: () => Running, onEnd: (ending: Ending) => void) {
    this.#start = start;
    this.#onEnd = onEnd;
    this.current = this.#begin();
    this.#loop = this.#keep();
  }

  kill(): void {
    this.current.child.kill("SIGKILL");
  }

  /** In order, or else by force. @returns what was not in order about it */
  async stop(): Promise<string | undefined> {
    this.#stopping = true;
    const { child } = this.current;
    child.kill("SIGTERM");
    let forced = false;
    const force = setTimeout(() => (forced = child.kill("SIGKILL")), STOP_MS);
    await this.#loop;
    const code = await this.current.ended;
    clearTimeout(force);
    this.#onEnd({ at: performance.now(), code, said: this.current.stderr() });
    if (forced) return `did not end within ${STOP_MS} ms of SIGTERM, and was killed`;
    return code === 0 ? undefined : `ended with ${code ?? "a signal"}`;
  }

  /** What it said last. */
  tail(): string {
    const isOver = this.current.child.exitCode !== null || this.current.child.signalCode !== null;
    const lines = this.current
      .stderr()
      .trimEnd()
      .split("\n")
      .slice(-TAIL.lines)
      .map((line) => line.slice(0, TAIL.columns));
    return [
      `pid ${this.current.pid}, start ${this.starts}${isOver ? ", has ended" : ""}; it said last:`,
      ...lines,
    ].join("\n");
  }

  #begin(): Running {
    this.starts++;
    return this.#start();
  }

  async #keep(): Promise<void> {
    for (;;) {
      const code = await this.current.ended;
      if (this.#stopping) return;
      this.#onEnd({ at: performance.now(), code, said: this.current.stderr() });
      await sleep(RESTART_MS);
      if (this.#stopping) return;
      this.current = this.#begin();
    }
  }
}
