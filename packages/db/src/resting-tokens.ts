/** Credentials of installed systems whose machine runs another one: out of force, and not forgotten. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** Put the node's credentials aside. Those that are aside already stay: what it has had since is of a system that ran in between. */
export async function restToken(tx: Tx, nodeId: number): Promise<void> {
  await sql`
    insert into resting_token (node_id, token_key, consumer_key, secret, name)
    select node_id, token_key, consumer_key, secret, name from oauth_token where node_id = ${nodeId}
    on conflict (node_id) do nothing`.execute(tx);
}

/** Give the node back what was put aside, in place of what it has; nothing happens where nothing was. */
export async function restoreToken(tx: Tx, nodeId: number): Promise<void> {
  const rested = await tx.deleteFrom("resting_token").where("node_id", "=", nodeId).returningAll().executeTakeFirst();
  if (!rested) return;
  await tx.deleteFrom("oauth_token").where("node_id", "=", nodeId).execute();
  await tx.insertInto("oauth_token").values(rested).execute();
}

export async function dropRestingToken(db: Kysely<Schema>, nodeId: number): Promise<void> {
  await db.deleteFrom("resting_token").where("node_id", "=", nodeId).execute();
}
