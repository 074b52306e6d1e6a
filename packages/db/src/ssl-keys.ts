/** X.509 certificates of users. */
import type { Kysely } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface SslKey {
  id: number;
  userId: number;
  key: string;
}

const columns = ["id", "user_id as userId", "key"] as const;

export function sslKeysOf(db: Kysely<Schema>, userId: number): Promise<SslKey[]> {
  return db.selectFrom("ssl_key").select(columns).where("user_id", "=", userId).orderBy("id").execute();
}

export function sslKeyById(db: Kysely<Schema>, id: number): Promise<SslKey | undefined> {
  return db.selectFrom("ssl_key").select(columns).where("id", "=", id).executeTakeFirst();
}

/** @returns undefined when the user has it already */
export function insertSslKey(tx: Tx, userId: number, key: string): Promise<SslKey | undefined> {
  return tx
    .insertInto("ssl_key")
    .values({ user_id: userId, key })
    .onConflict((c) => c.doNothing())
    .returning(columns)
    .executeTakeFirst();
}

export async function deleteSslKeyRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("ssl_key").where("id", "=", id).execute();
}
