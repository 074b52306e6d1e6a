/** A process that is kept running, as systemd would with Restart=always: whenever it has ended, it is started again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "@rackwright/controller/up-process";

/** Before it is started again. */
const RESTART_MS = 100;

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

  /** In order. @returns its status */
  async stop(): Promise<number | undefined> {
    this.#stopping = true;
    this.current.child.kill("SIGTERM");
    await this.#loop;
    const code = await this.current.ended;
    this.#onEnd({ at: performance.now(), code, said: this.current.stderr() });
    return code;
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
