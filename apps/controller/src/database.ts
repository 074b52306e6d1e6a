/** The databases that the controller works on: ours and Kea's, on the embedded server or on one that is named. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureKeaDatabase } from "@rackwright/db/kea/schema";
import { ensureDatabase } from "@rackwright/db/postgres/ensure-database";
import { startPostgres } from "@rackwright/db/postgres/start";
import type { KeaDatabase } from "@rackwright/region/region";
import type { Database } from "@rackwright/db/connect";

export interface Databases {
  connection: Database["connection"];
  kea: KeaDatabase | null;
  stop(): Promise<void>;
}

const DATABASE = "rackwright";
const KEA = { name: "kea", user: "kea" };

/** Kea's password: made once, letters and digits only, since Kea takes no others. */
async function keaPassword(dataDir: string): Promise<string> {
  const file = join(dataDir, "kea-password");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const password = randomBytes(24).toString("hex");
  await writeFile(file, `${password}\n`, { mode: 0o600, flag: "wx" });
  return password;
}

export async function openDatabases(options: {
  dataDir: string;
  uri: string | undefined;
  dhcp: boolean;
  log: (line: string) => void;
  onExit: (reason: string) => void;
}): Promise<Databases> {
  if (options.uri !== undefined) {
    // Somebody else's server: Kea's database is made on it too, when its user may.
    const connection: Database["connection"] = { connectionString: options.uri };
    const url = new URL(options.uri);
    const host = url.searchParams.get("host") ?? decodeURIComponent(url.hostname);
    const kea = options.dhcp ? await openKea(options.dataDir, connection, host, Number(url.port || 5432)) : null;
    return { connection, kea, stop: async () => {} };
  }
  const server = await startPostgres({
    dataDir: join(options.dataDir, "postgres"),
    log: options.log,
    onExit: options.onExit,
  });
  try {
    const admin = server.connection("postgres");
    await ensureDatabase(admin, DATABASE);
    const kea = options.dhcp ? await openKea(options.dataDir, admin, server.socketDir, server.port) : null;
    return { connection: server.connection(DATABASE), kea, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function openKea(
  dataDir: string,
  admin: Database["connection"],
  host: string,
  port: number,
): Promise<KeaDatabase> {
  const password = await keaPassword(dataDir);
  await ensureKeaDatabase({ admin, password, role: KEA.user, database: KEA.name });
  return { ...KEA, host, port, password };
}
