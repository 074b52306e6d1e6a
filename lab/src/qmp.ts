/** QEMU Machine Protocol: one JSON object per line (QEMU docs, interop/qmp-spec). */
import { connect, type Socket } from "node:net";

export interface QmpEvent {
  event: string;
  data?: Record<string, unknown>;
}

interface Reply {
  return?: unknown;
  error?: { class: string; desc: string };
  id?: number;
  event?: string;
  data?: Record<string, unknown>;
}

/** How long a QEMU that works may take to answer; a loaded host is slow. */
const REPLY_MS = 10_000;

export class Qmp {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #lastId = 0;
  /** Fulfilled when QEMU has closed the connection and every event before that was handed on. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket;
    socket.on("error", () => {}); // "close" follows, and says all there is to say
    socket.setEncoding("utf8");
    let rest = "";
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#receive(JSON.parse(line) as Reply, onEvent);
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        for (const answer of this.#waiting.values()) answer({ error: { class: "Closed", desc: "QEMU ended" } });
        resolve();
      });
    });
  }

  #receive(message: Reply, onEvent: (event: QmpEvent) => void): void {
    if (message.event !== undefined) onEvent({ event: message.event, data: message.data ?? {} });
    else if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
  }

  /** @throws the socket's error while QEMU does not listen there yet */
  static async connect(path: string, onEvent: (event: QmpEvent) => void): Promise<Qmp> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const attempt = connect(path, () => resolve(attempt.off("error", reject)));
      attempt.once("error", reject);
    });
    const qmp = new Qmp(socket, onEvent);
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  /** @throws Error with QEMU's own words when it refuses */
  execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => answer({ error: { class: "Timeout", desc: `no answer in ${REPLY_MS / 1000} s` } }),
        REPLY_MS,
      );
      const answer = (reply: Reply) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (reply.error) reject(new Error(`QEMU did not do ${command}: ${reply.error.desc}`));
        else resolve(reply.return);
      };
      this.#waiting.set(id, answer);
      if (!this.#socket.writable) return answer({ error: { class: "Closed", desc: "QEMU ended" } });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
