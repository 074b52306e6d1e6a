/** Names in domains, their addresses and records. */
import { sql } from "kysely";
import type { Tx } from "./connect.ts";

/** The name has this address too. */
export async function nameAddress(
  tx: Tx,
  { name, domainId }: { name: string; domainId: number },
  addressId: number,
): Promise<void> {
  await sql`
    with named as (
      insert into dns_resource (name, domain_id) values (${name}, ${domainId})
      on conflict (domain_id, lower(name)) do update set name = dns_resource.name returning id
    )
    insert into dns_resource_address (resource_id, address_id) select id, ${addressId} from named on conflict do nothing`.execute(
    tx,
  );
}
