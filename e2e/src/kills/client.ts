/** Somebody's program that uses the API and does not give up: what got no answer is asked again where that is safe. */
import { setTimeout as sleep } from "node:timers/promises";
import { authorization } from "@rackwright/testkit/fleet/signing";

export interface MachineView {
  system_id: string;
  status_name: string;
  status_since: string;
  status_message: string | null;
  error_description: string;
  waiting_for: string | null;
  ip_addresses: string[];
  boot_interface: { mac_address: string } | null;
}

export class Refused extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const ANSWER_MS = 30_000;
const PAUSE_MS = 250;

export class Client {
  readonly #root: string;
  readonly #key: { consumerKey: string; tokenKey: string; tokenSecret: string };
  readonly #signal: AbortSignal;
  /** Requests that had no answer, or one that says that the server is broken. */
  unanswered = 0;
  /** Answers of a server that is there and broken, with how often: by the first words. */
  readonly broken = new Map<string, number>();

  constructor(url: string, apiKey: string, signal: AbortSignal) {
    this.#root = `${url.replace(/\/+$/, "")}/api/2.0/`;
    const [consumerKey = "", tokenKey = "", tokenSecret = ""] = apiKey.split(":");
    this.#key = { consumerKey, tokenKey, tokenSecret };
    this.#signal = signal;
  }

  /** One try; undefined when it had no answer of a working server. @throws Refused */
  async once(method: "GET" | "POST" | "PUT", path: string, form: Record<string, string> = {}): Promise<unknown> {
    this.#signal.throwIfAborted();
    try {
      const reply = await fetch(`${this.#root}${path}`, {
        method,
        headers: { authorization: authorization(this.#key, Date.now() / 1000) },
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS)]),
        ...(method === "GET" ? {} : { body: new URLSearchParams(form) }),
      });
      const text = await reply.text();
      const isJson = reply.headers.get("content-type")?.startsWith("application/json") === true;
      if (reply.ok) return isJson ? (JSON.parse(text) as unknown) : text;
      const said = `${method} ${path}: ${reply.status} ${text.slice(0, 300)}`;
      if (reply.status < 500 && reply.status !== 429) throw new Refused(said, reply.status);
      const kind = `${reply.status} ${text.slice(0, 120)}`.replace(/ req-\w+/, "");
      this.broken.set(kind, (this.broken.get(kind) ?? 0) + 1);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof Refused) throw error;
    }
    this.unanswered++;
    return undefined;
  }

  /** For what can be asked twice: until there is an answer. @throws Refused */
  async ask<T>(method: "GET" | "PUT" | "POST", path: string, form?: Record<string, string>): Promise<T> {
    for (;;) {
      const answer = await this.once(method, path, form);
      if (answer !== undefined) return answer as T;
      await sleep(PAUSE_MS, undefined, { signal: this.#signal });
    }
  }

  /** Its newest items, oldest first. */
  async timeline(id: string): Promise<{ at: string; source: string; text: string }[]> {
    const path = `machines/${id}/?op=timeline&limit=100`;
    return (await this.ask<{ items: { at: string; source: string; text: string }[] }>("GET", path)).items;
  }

  machine(id: string): Promise<MachineView> {
    return this.ask<MachineView>("GET", `machines/${id}/`);
  }

  /** For what must be asked once: whether it was done shows by the machine, before it is asked again. @throws Refused */
  async act(id: string, path: string, form?: Record<string, string>): Promise<void> {
    const before = await this.machine(id);
    for (;;) {
      let refused: Refused | undefined;
      try {
        if ((await this.once("POST", path, form)) !== undefined) return;
      } catch (error) {
        if (!(error instanceof Refused && error.status === 409)) throw error;
        refused = error;
      }
      const now = await this.machine(id);
      if (now.status_name !== before.status_name || now.status_since !== before.status_since) return;
      if (refused) throw refused;
    }
  }
}
