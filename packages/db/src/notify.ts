import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientConfig } from "pg";
import { parseConnection } from "./connect.ts";

export interface NotifyHub {
  /**
   * Call `onPayload` for every NOTIFY on `channel` from now on: once this resolves, LISTEN is in force. Whatever was
   * notified while the connection was broken is lost; `onReconnect` is then called so that the user reads again.
   * @returns a function that ends the subscription
   */
  listen(channel: string, onPayload: (payload: string) => void, onReconnect?: () => void): Promise<() => void>;
  close(): Promise<void>;
}

interface Subscription {
  channel: string;
  onPayload: (payload: string) => void;
  onReconnect: () => void;
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
/** A connection that died silently (a firewall, a lost host) shows only when it is used. */
const CHECK_EVERY_MS = 10_000;

/** One connection, apart from the pool, that listens for all of this process. It connects when first needed. */
export function notifyHub(options: { connection: string | ClientConfig; log?: (message: string) => void }): NotifyHub {
  const log = options.log ?? (() => {});
  const subscriptions = new Set<Subscription>();
  const closing = new AbortController();
  let client: Promise<Client> | undefined;

  /** Connect, trying until it succeeds or the hub is closed, and listen on every channel that is subscribed to. */
  async function connect(again: boolean): Promise<Client> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      closing.signal.throwIfAborted();
      const next = new Client({
        ...parseConnection(options.connection),
        application_name: "rackwright listen",
        keepAlive: true,
        connectionTimeoutMillis: 10_000,
        query_timeout: CHECK_EVERY_MS,
      });
      next.on("error", () => {}); // always followed by "end"
      try {
        await next.connect();
        for (const channel of new Set([...subscriptions].map((s) => s.channel))) await listenOn(next, channel);
      } catch (error) {
        await next.end().catch(() => {});
        log(`cannot listen for database notifications (${String(error)}): trying again`);
        await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal: closing.signal });
        continue;
      }
      watch(next);
      if (again) for (const subscription of subscriptions) subscription.onReconnect();
      return next;
    }
  }

  function watch(current: Client): void {
    current.on("notification", ({ channel, payload }) => {
      for (const s of subscriptions) if (s.channel === channel) s.onPayload(payload ?? "");
    });
    const check = setInterval(() => {
      // Ending it raises "end", which reconnects.
      current.query("select 1").catch(() => void current.end().catch(() => {}));
    }, CHECK_EVERY_MS);
    check.unref();
    current.once("end", () => {
      clearInterval(check);
      if (closing.signal.aborted) return;
      log("the connection for database notifications broke: reconnecting");
      client = connect(true);
      client.catch(() => {}); // only close() makes it fail
    });
  }

  return {
    async listen(channel, onPayload, onReconnect = () => {}) {
      const subscription: Subscription = { channel, onPayload, onReconnect };
      subscriptions.add(subscription);
      for (;;) {
        client ??= connect(false);
        try {
          await listenOn(await client, channel);
          break;
        } catch (error) {
          closing.signal.throwIfAborted();
          if (error instanceof Error && "code" in error && error.code) throw error; // refused by PostgreSQL
          await sleep(FIRST_PAUSE_MS, undefined, { signal: closing.signal }); // broke meanwhile; the next one is on its way
        }
      }
      // UNLISTEN is not worth its races with a listen that begins: payloads without a subscriber are dropped.
      return () => void subscriptions.delete(subscription);
    },
    async close() {
      closing.abort(new Error("the notification hub is closed"));
      subscriptions.clear();
      const last = await client?.catch(() => undefined);
      await last?.end().catch(() => {});
    },
  };
}

async function listenOn(client: Client, channel: string): Promise<void> {
  await client.query(`listen ${client.escapeIdentifier(channel)}`);
}
