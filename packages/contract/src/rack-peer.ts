/**
 * One end of the link between region and rack: calls that go out and wait, calls that come in and are answered. The same at both ends; the
 * socket is the caller's.
 */
import { DomainError } from "@rackwright/domain/errors";
import { type MethodSchemas, messageSchema } from "./rack-schemas.ts";

type AsMethods<M> = { [K in keyof M]: { params: unknown; result: unknown } };

/** What a handler is given besides its parameters: `signal` ends when the caller gives up or the link breaks. */
export interface Served {
  signal: AbortSignal;
}

export type Handlers<M extends AsMethods<M>> = {
  [K in keyof M]: (params: M[K]["params"], served: Served) => Promise<M[K]["result"]>;
};

export interface PeerOptions<In extends AsMethods<In>, Out extends AsMethods<Out>> {
  serves: MethodSchemas<In>;
  handlers: Handlers<In>;
  calls: MethodSchemas<Out>;
  /** Time limit of each call, unless the caller names one. */
  timeoutsMs: Readonly<Record<keyof Out, number>>;
  send(text: string): void;
  /** The other side broke the protocol: end the connection. */
  broken(reason: string): void;
  /** Words for an error of a handler that the other side may see; undefined for a bug. */
  errorOf?(error: unknown): { kind: string; message: string } | undefined;
  /** A handler failed with a bug. */
  onBug(method: string, error: unknown): void;
}

export interface CallOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface Peer<Out extends AsMethods<Out>> {
  call<M extends keyof Out>(method: M, params: Out[M]["params"], options?: CallOptions): Promise<Out[M]["result"]>;
  receive(text: string): void;
  /** The link is gone: all that waits fails with this, all that runs is told to stop. */
  end(reason: Error): void;
}

/** The other side answered with an error. */
export class RemoteError extends Error {
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(message);
    this.name = "RemoteError";
    this.kind = kind;
  }
}

/** No answer in time. */
export class CallTimeout extends Error {
  constructor(method: string, timeoutMs: number) {
    super(`${method} was not answered within ${timeoutMs / 1000} s`);
    this.name = "CallTimeout";
  }
}

interface Waiting {
  method: string;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export function createPeer<In extends AsMethods<In>, Out extends AsMethods<Out>>(
  options: PeerOptions<In, Out>,
): Peer<Out> {
  const waiting = new Map<number, Waiting>();
  const running = new Map<number, AbortController>();
  let lastId = 0;
  let ended: Error | undefined;

  const send = (message: object) => {
    if (!ended) options.send(JSON.stringify(message));
  };
  const broken = (reason: string) => {
    if (!ended) options.broken(reason);
  };

  const serve = async (id: number, method: string, given: unknown) => {
    if (!Object.hasOwn(options.serves.params, method)) {
      broken(`unknown method ${method}`);
      return;
    }
    const name = method as keyof In;
    const parsed = options.serves.params[name].safeParse(given);
    if (!parsed.success) {
      broken(`${method}: ${summary(parsed.error.issues)}`);
      return;
    }
    if (running.has(id)) {
      broken(`two calls have the id ${id}`);
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const result = await options.handlers[name](parsed.data, { signal: controller.signal });
      send({ id, result });
    } catch (error) {
      const known =
        options.errorOf?.(error) ??
        (error instanceof DomainError ? { kind: error.code, message: error.message } : undefined);
      if (!known && !controller.signal.aborted) options.onBug(method, error);
      send({
        id,
        error: known ?? { kind: "internal", message: `${method} failed: the log of the other controller says why` },
      });
    } finally {
      running.delete(id);
    }
  };

  const settle = (id: number, how: (call: Waiting) => void) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (call) how(call); // else: it was given up, and the answer crossed the cancellation
  };

  return {
    async call(method, params, { timeoutMs: given, signal } = {}) {
      const timeoutMs = given ?? options.timeoutsMs[method];
      signal?.throwIfAborted();
      if (ended) throw ended;
      const id = ++lastId;
      const name = String(method);
      const answer = Promise.withResolvers<unknown>();
      const giveUp = (error: unknown) => {
        if (!waiting.delete(id)) return;
        send({ cancel: id });
        answer.reject(error);
      };
      const timer = setTimeout(() => giveUp(new CallTimeout(name, timeoutMs)), timeoutMs);
      const aborted = () => giveUp(signal?.reason);
      signal?.addEventListener("abort", aborted, { once: true });
      waiting.set(id, { method: name, resolve: answer.resolve, reject: answer.reject });
      send({ id, method: name, params });
      try {
        const result = options.calls.results[method].safeParse(await answer.promise);
        if (result.success) return result.data;
        const reason = `answer to ${name}: ${summary(result.error.issues)}`;
        broken(reason);
        throw new Error(reason);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
      }
    },

    receive(text) {
      if (ended) return;
      const message = messageSchema.safeParse(parseJson(text));
      if (!message.success) broken("a message that is none of the protocol");
      else if ("cancel" in message.data)
        running.get(message.data.cancel)?.abort(new Error("the other controller gave the call up"));
      else if ("method" in message.data) void serve(message.data.id, message.data.method, message.data.params);
      else if ("error" in message.data) {
        const { id, error } = message.data;
        settle(id, (call) => call.reject(new RemoteError(error.kind, error.message)));
      } else {
        const { id, result } = message.data;
        settle(id, (call) => call.resolve(result));
      }
    },

    end(reason) {
      if (ended) return;
      ended = reason;
      for (const call of waiting.values()) call.reject(reason);
      waiting.clear();
      for (const controller of running.values()) controller.abort(reason);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where it is wrong, without the values: they may be secrets. */
function summary(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join(".") || "value"}: ${message}`)
    .join("; ");
}
