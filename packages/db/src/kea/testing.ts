import { Client, escapeIdentifier, type ClientConfig } from "pg";
import { identify } from "../postgres/process.ts";
import { connectTestServer } from "../testing/server.ts";
import { ensureKeaDatabase } from "./schema.ts";

export interface KeaTestDatabase {
  /** As Kea's own role, over the unix socket. */
  connection: ClientConfig & { host: string; port: number; user: string; password: string; database: string };
  /** How `ensureKeaDatabase` was called, to call it again. */
  options: Parameters<typeof ensureKeaDatabase>[0];
  admin: Client;
  /** A connected client as Kea's role; ended by `close`. */
  client: Client;
  /** Another client; whoever asks for it ends it. */
  connect: () => Promise<Client>;
  close(): Promise<void>;
}

/** A Kea database of its own on the shared test server. Needs package kea-admin. The name lets `testDatabase` drop what a killed run left. */
export async function keaTestDatabase(): Promise<KeaTestDatabase> {
  const admin = await connectTestServer();
  const own = identify(process.pid);
  const name = `test_${process.pid}_${own?.startTicks}_kea`;
  const server = { host: admin.host, port: admin.port };
  const options = {
    admin: {
      ...server,
      ...(admin.user ? { user: admin.user } : {}),
      ...(admin.password ? { password: admin.password } : {}),
      database: "postgres",
    },
    role: name,
    database: name,
    password: "it-needs/No=quotes",
  };
  const drop = async () => {
    await admin.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
    await admin.query(`drop role if exists ${escapeIdentifier(name)}`);
    await admin.end();
  };
  try {
    await ensureKeaDatabase(options);
    const connection = { ...server, user: name, password: options.password, database: name };
    const connect = async () => {
      const another = new Client(connection);
      await another.connect();
      return another;
    };
    const client = await connect();
    return {
      connection,
      options,
      admin,
      client,
      connect,
      close: async () => {
        await client.end();
        await drop();
      },
    };
  } catch (error) {
    await drop();
    throw error;
  }
}
