import { Client, type ClientConfig, escapeIdentifier } from "pg";

const DUPLICATE_DATABASE = "42P04";

/** Make a database when there is none of that name; safe when several do so at once. */
export async function ensureDatabase(admin: ClientConfig, name: string): Promise<void> {
  const client = new Client(admin);
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount === 0) await client.query(`create database ${escapeIdentifier(name)}`);
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
  } finally {
    await client.end();
  }
}
