/** Who works on this database now: a lock that PostgreSQL ends with its holder's connection, so that nobody dead is taken for living. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientConfig } from "pg";

const RETRY_MS = 500;

export interface Presence {
  close(): Promise<void>;
}

/**
 * Be present under `key`, also after the server was restarted.
 * @param onAlone run before anybody else can become present, when nobody else is: what was begun and not ended was begun by the dead
 * @throws Error when the database cannot be reached at first
 */
export async function bePresent(options: {
  connection: ClientConfig;
  key: number;
  onAlone: (client: Client) => Promise<void>;
  log: (message: string) => void;
}): Promise<Presence> {
  const { key, log } = options;
  const closing = new AbortController();
  let current: Client | undefined;

  const enter = async (onAlone?: (client: Client) => Promise<void>): Promise<void> => {
    const client = new Client({
      ...options.connection,
      application_name: "rackwright presence",
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    });
    client.on("error", () => {}); // always followed by "end"
    await client.connect();
    try {
      const { rows } = await client.query<{ alone: boolean }>("select pg_try_advisory_lock($1) as alone", [key]);
      if (rows[0]?.alone) await onAlone?.(client);
      await client.query("select pg_advisory_lock_shared($1)", [key]);
      if (rows[0]?.alone) await client.query("select pg_advisory_unlock($1)", [key]);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    current = client;
    client.once("end", () => {
      if (!closing.signal.aborted) void again();
    });
  };

  /** Others may have come meanwhile, and our own work goes on: nothing is taken over. */
  const again = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        return await enter();
      } catch (error) {
        log(`cannot say that this process is present (${String(error)}): trying again`);
        await sleep(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {});
      }
    }
  };

  await enter(options.onAlone);
  return {
    async close() {
      closing.abort();
      await current?.end().catch(() => {});
    },
  };
}
