/** A reader of the change record who resumes where it stood, however often the server goes away. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "./client.ts";

interface Page {
  changes: { id: string; entity: string; entity_id: string }[];
  next: string;
}

const LOOK_MS = 300;

export class Follower {
  readonly #client: Client;
  /** Places of what was read, in the order it came. */
  readonly read: string[] = [];
  readonly #waiting = new Map<string, () => void>();
  #anything = Promise.withResolvers<void>();
  #place = "0:0";
  #finishing = false;
  #following: Promise<void> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Until it is to finish, or the signal of the client. */
  follow(): void {
    this.#following = (async () => {
      while (!this.#finishing) if ((await this.#page()) === 0) await sleep(LOOK_MS);
    })().catch(() => undefined);
  }

  /** Read on until there is nothing more. */
  async finish(): Promise<void> {
    // One reader at a time: two of them at one place would each get what comes next.
    this.#finishing = true;
    await this.#following;
    while ((await this.#page()) > 0);
  }

  /** Something of that machine has changed, or some time is over. */
  async changed(machineId: string, limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(machineId, resolve);
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(machineId);
  }

  /** Anything has changed. */
  anything(limitMs: number): Promise<unknown> {
    return Promise.race([this.#anything.promise, sleep(limitMs, undefined, { ref: false })]);
  }

  async #page(): Promise<number> {
    const page = await this.#client.ask<Page>("GET", `changes/?after=${this.#place}&limit=1000`);
    this.#place = page.next;
    for (const change of page.changes) {
      this.read.push(change.id);
      if (change.entity === "machine") this.#waiting.get(change.entity_id)?.();
    }
    if (page.changes.length > 0) {
      this.#anything.resolve();
      this.#anything = Promise.withResolvers();
    }
    return page.changes.length;
  }
}
