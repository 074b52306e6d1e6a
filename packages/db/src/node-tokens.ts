/** Credentials of several machines at once, still sealed. */
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
  return db
    .selectFrom("oauth_token")
    .select(["node_id as nodeId", "token_key as tokenKey", "consumer_key as consumerKey", "secret", "name"])
    .where("node_id", "=", sql<number>`any(${nodeIds}::bigint[])`)
    .execute();
}
