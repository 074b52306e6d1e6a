/** The databases that the controller works on: ours and Kea's, on the embedded server or on one that is named. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectDatabase, type Database } from "@rackwright/db/connect";
import { ensureKeaDatabase } from "@rackwright/db/kea/schema";
import { ensureDatabase } from "@rackwright/db/postgres/ensure-database";
import { startPostgres } from "@rackwright/db/postgres/start";
import type { KeaDatabase } from "@rackwright/region/region";
import { databaseAddress } from "./database-address.ts";

export interface Databases {
  connection: Database["connection"];
  kea: KeaDatabase | null;
  stop(): Promise<void>;
}

/** server_version_num of PostgreSQL 14. */
const OLDEST_SERVER = 140_000;
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
    const at = databaseAddress(options.uri);
    if (!at) throw new Error("--database-uri is no address of a PostgreSQL database");
    await tryDatabase(connection, `${at.name} on ${at.host} port ${at.port}`);
    const kea = options.dhcp ? await openKea(options.dataDir, connection, at.host, at.port) : null;
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

/** @throws Error that says whose server it is: the driver's own message names none */
async function tryDatabase(connection: Database["connection"], where: string): Promise<void> {
  const db = connectDatabase({ connection, max: 1 });
  try {
    const { rows } = await db.pool.query<{ version: number }>(
      "select current_setting('server_version_num')::int as version",
    );
    const version = rows[0]?.version ?? 0;
    if (version < OLDEST_SERVER)
      throw new Error(`PostgreSQL there is version ${Math.trunc(version / 10_000)}: 14 or newer is needed`);
  } catch (cause) {
    const reasons = cause instanceof AggregateError ? cause.errors : [cause];
    const why = reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))).join("; ");
    throw new Error(`the database of --database-uri, ${where}, cannot be used: ${why}`, { cause });
  } finally {
    await db.close();
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
