/** What scripts printed in the current runs of nodes, for whoever reads that of many. */
import { unfinishedStatuses } from "@rackwright/domain/scripts/status";
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

export interface NodeResult {
  id: number;
  systemId: string;
  name: string;
  resultType: number;
  exitStatus: number | null;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * Finished results of the nodes' current runs, by node and name, without what they printed.
 * @param filter.viewer sees machines that are theirs or nobody's; null: all
 */
export async function currentResults(
  db: Kysely<Schema>,
  filter: { viewer: number | null; systemIds: readonly string[]; names: readonly string[]; type: number | undefined },
): Promise<NodeResult[]> {
  const { viewer, systemIds, names, type } = filter;
  const { rows } = await sql<NodeResult>`
    select r.id, n.system_id as "systemId", r.name, s.result_type as "resultType", r.exit_status as "exitStatus",
      r.created_at as "createdAt", r.updated_at as "updatedAt"
    from node n
    join script_set s on s.node_id = n.id
      and s.id in (n.commissioning_set_id, n.installation_set_id, n.testing_set_id, n.release_set_id)
    join script_result r on r.set_id = s.id
    where r.status <> all(${unfinishedStatuses}::int[])
      and (${viewer}::bigint is null or n.node_type <> 0 or n.owner_id is null or n.owner_id = ${viewer}::bigint)
      and (${systemIds.length} = 0 or n.system_id = any(${systemIds}::text[]))
      and (${names.length} = 0 or r.name = any(${names}::text[]))
      and (${type ?? null}::int is null or s.result_type = ${type ?? null}::int)
    order by n.id, r.name, r.id`.execute(db);
  return rows;
}
