/** The way to Kea's database: made when first needed. */
import { Client, type ClientBase, Pool, type ClientConfig } from "pg";
import type { Database } from "./connect.ts";
import { leaseFor } from "./kea/leases.ts";
import { ensureKeaDatabase } from "./kea/schema.ts";
import { NamingClient } from "./naming-client.ts";

/** How racks and we reach Kea's database. */
export interface KeaDatabase {
  /** Host name, address, or directory of the unix socket. */
  host: string;
  port: number;
  name: string;
  user: string;
  /** Without blanks and quotes. */
  password: string;
}

export interface KeaAccess {
  readonly database: KeaDatabase;
  /** Whether the database is there. It is made by the first `use`. */
  exists(): Promise<boolean>;
  /** Make the database and its tables if they are missing, and work on a connection that is kept open for the next piece of work. */
  use<T>(work: (client: ClientBase) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * @param db ours, on the same server
 * @param admin as whom roles and databases may be created there; default: as `db`
 */
export function keaAccess(options: {
  db: Database;
  database: KeaDatabase;
  admin?: ClientConfig;
  schemaFile?: string;
}): KeaAccess {
  const { database } = options;
  let made: Promise<unknown> | undefined;
  const pool = new Pool({
    ...clientConfig(database),
    Client: NamingClient,
    max: 2,
    idleTimeoutMillis: 0,
    allowExitOnIdle: true,
  });
  pool.on("error", () => {}); // an idle connection broke; the next piece of work makes another

  const ensure = async (): Promise<void> => {
    made ??= ensureKeaDatabase({
      admin: adminParts(options.admin ?? options.db.connection),
      role: database.user,
      password: database.password,
      database: database.name,
      ...(options.schemaFile === undefined ? {} : { schemaFile: options.schemaFile }),
    });
    try {
      await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };

  return {
    database,
    async exists() {
      const { rowCount } = await options.db.pool.query("select from pg_database where datname = $1", [database.name]);
      return (rowCount ?? 0) > 0;
    },
    async use(work) {
      await ensure();
      const client = await pool.connect();
      let failed: Error | undefined;
      try {
        return await work(client);
      } catch (error) {
        failed = error as Error;
        throw error;
      } finally {
        client.release(failed); // after a failure nobody knows what it is in the middle of
      }
    },
    close: () => pool.end(),
  };
}

/** A connected client that the caller ends. */
export async function connectKea(database: KeaDatabase): Promise<Client> {
  const client = new Client(clientConfig(database));
  client.on("error", () => {}); // the query under way fails with it
  await client.connect();
  return client;
}

/** Reads current leases, often and from several places at once. */
export interface LeaseReader {
  /** Address of the newest active lease of a MAC. */
  leaseOf(mac: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export function leaseReader(database: KeaDatabase): LeaseReader {
  const pool = new Pool({ ...clientConfig(database), max: 4, allowExitOnIdle: true });
  pool.on("error", () => {}); // an idle connection broke; the next query makes another
  return {
    async leaseOf(mac) {
      const client = await pool.connect();
      try {
        return (await leaseFor(client, mac))?.ip;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

const clientConfig = ({ host, port, user, password, name }: KeaDatabase): ClientConfig => ({
  host,
  port,
  user,
  password,
  database: name,
  application_name: "rackwright dhcp",
  connectionTimeoutMillis: 10_000,
});

/** In parts: user and database of a connection string would win over those that are set beside it. */
function adminParts(connection: ClientConfig): ClientConfig {
  const { host, port, user, password, database } = new Client(connection);
  return {
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password ? { password } : {}),
    ...(database === undefined ? {} : { database }),
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl }),
  };
}
