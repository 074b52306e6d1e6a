/** Credentials of several machines at once, still sealed; also those that are not in force now. */
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

export interface NodeTokenRow {
  nodeId: number | null;
  tokenKey: string;
  consumerKey: string;
  secret: Buffer;
  name: string;
}

export function tokensOfNodes(db: Kysely<Schema>, nodeIds: readonly number[]): Promise<NodeTokenRow[]> {
  const columns = [
    "node_id as nodeId",
    "token_key as tokenKey",
    "consumer_key as consumerKey",
    "secret",
    "name",
  ] as const;
  const those = sql<number>`any(${nodeIds}::bigint[])`;
  return db
    .selectFrom("oauth_token")
    .select(columns)
    .where("node_id", "=", those)
    .unionAll(db.selectFrom("resting_token").select(columns).where("node_id", "=", those))
    .execute();
}
