/** For tests: what lies in a database when all work is done. */
import { Client, type ClientConfig } from "pg";
import { JOBS_SCHEMA } from "../jobs-schema.ts";

export interface Survey {
  /** Places of the change record, in the order in which a reader gets them. */
  changes: string[];
  /** Jobs that wait, run, or were given up. */
  jobs: string[];
  /** Power actions that have no end. */
  powerActions: string[];
  /** Addresses and MACs that two hold. */
  duplicates: string[];
  machines: number;
}

export async function survey(connection: ClientConfig): Promise<Survey> {
  const client = new Client(connection);
  await client.connect();
  const texts = async (query: string): Promise<string[]> =>
    (await client.query<{ text: string }>(query)).rows.map((row) => row.text);
  try {
    const [machines] = await texts("select count(*)::text as text from node where node_type = 0");
    return {
      changes: await texts("select txid::text || ':' || id as text from change order by change.txid, id"),
      jobs: await texts(`
        select name || ' ' || state || ' ' || data::text || coalesce(': ' || output::text, '') as text from ${JOBS_SCHEMA}.job
        where state not in ('completed', 'cancelled') and name not like '\\_\\_pgboss%'`),
      powerActions: await texts(`
        select n.system_id || ' ' || a.action || ' of boot ' || a.boot_epoch as text
        from power_action a join node n on n.id = a.node_id
        where a.finished_at is null and a.boot_epoch = n.boot_epoch`),
      duplicates: await texts(`
        select ip::text as text from ip_address where ip is not null and alloc_type <> 6 group by ip having count(*) > 1
        union all
        select mac::text from interface where type = 'physical' and mac is not null group by mac having count(*) > 1`),
      machines: Number(machines),
    };
  } finally {
    await client.end();
  }
}
