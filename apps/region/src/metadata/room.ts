/**
 * Room for what machines upload: large bodies are read a few at a time, whoever else sends one waits unread, and its machine with it. Small
 * ones pass. Without it as many machines as there are decide how much memory this process needs.
 */
import { DomainError } from "@rackwright/domain/errors";
import type { IncomingMessage } from "node:http";

/** Most bodies are smaller by far: heartbeats, and what the built-in scripts print. */
const SMALL_BYTES = 1 << 20;
/** Each is held once as it came, and once more on its way to the database. */
const PLACES = 2;
/** One that comes too slowly gives its place to others; its runner sends it again. */
const READ_MS = 120_000;

export class Room {
  #free = PLACES;
  readonly #waiting: (() => void)[] = [];
  readonly #readMs: number;

  constructor(readMs: number = READ_MS) {
    this.#readMs = readMs;
  }

  /** @returns to be called when nothing of the body is needed any more. @throws DomainError when its sender has gone meanwhile */
  async enter(request: IncomingMessage): Promise<() => void> {
    const length = Number(request.headers["content-length"] ?? (request.headers["transfer-encoding"] ? Infinity : 0));
    if (length <= SMALL_BYTES) return () => {};
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const slow = setTimeout(() => request.destroy(), this.#readMs);
    request.once("end", () => clearTimeout(slow));
    let isLeft = false;
    const leave = () => {
      if (isLeft) return;
      isLeft = true;
      clearTimeout(slow);
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
    if (request.destroyed) {
      leave();
      throw new DomainError("bad_request", "The connection ended before the body was read.");
    }
    return leave;
  }
}
