import type { Socket } from "node:net";

/** Connections per address, so that one machine cannot take them all; one too many is reset. */
export class ConnectionCounter {
  readonly #open = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  admit(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const count = this.#open.get(address) ?? 0;
    if (count >= this.#limit) {
      socket.resetAndDestroy();
      return;
    }
    this.#open.set(address, count + 1);
    socket.once("close", () => {
      const left = (this.#open.get(address) ?? 1) - 1;
      if (left > 0) this.#open.set(address, left);
      else this.#open.delete(address);
    });
  }
}
