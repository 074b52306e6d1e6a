/** Progress as cloud-init and the installer report it: JSON by POST, signed. What cannot be delivered is dropped. */
import type { Credentials } from "./cloud-config.ts";
import type { EmulatedMachine } from "./machine.ts";
import { RequestFailed } from "./net.ts";

interface Event {
  event_type: "start" | "finish" | "progress";
  name: string;
  description: string;
  [more: string]: unknown;
}

export class Reporter {
  readonly #machine: EmulatedMachine;
  readonly #url: string | undefined;
  readonly #credentials: Credentials;
  readonly #origin: string;

  constructor(
    machine: EmulatedMachine,
    url: string | undefined,
    credentials: Credentials,
    origin: "cloudinit" | "curtin" = "cloudinit",
  ) {
    this.#machine = machine;
    this.#url = url;
    this.#credentials = credentials;
    this.#origin = origin;
  }

  start(name: string, description: string): Promise<void> {
    return this.#post({ event_type: "start", name, description, level: "INFO" });
  }

  finish(name: string, description: string, result: "SUCCESS" | "FAIL", files?: object[]): Promise<void> {
    return this.#post({ event_type: "finish", name, description, result, level: "INFO", ...(files ? { files } : {}) });
  }

  progress(name: string, description: string, percent: number): Promise<void> {
    return this.#post({ event_type: "progress", name, description, percent, level: "DEBUG" });
  }

  async #post(event: Event): Promise<void> {
    if (this.#url === undefined) return;
    const body = Buffer.from(JSON.stringify({ origin: this.#origin, timestamp: Date.now() / 1000, ...event }));
    try {
      await this.#machine.net.ask(this.#url, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
        as: this.#credentials,
      });
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
    }
  }
}
