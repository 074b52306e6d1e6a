/** DHCP servers on our VLANs that are nobody of ours. */
import { sql } from "kysely";
import type { Tx } from "./connect.ts";

export interface ForeignDhcp {
  vlanId: number;
  /** What was known before; null: none. */
  before: string | null;
  /** The first of those that answered and are no controller of ours; null: there is none. */
  now: string | null;
}

/**
 * What answered on a controller's interface, kept with the VLAN of it.
 * @returns undefined when nobody knows what VLAN that is
 */
export async function storeDhcpServers(
  tx: Tx,
  rackNodeId: number,
  interfaceName: string,
  servers: readonly string[],
): Promise<ForeignDhcp | undefined> {
  const { rows } = await sql<ForeignDhcp>`
    with found as (
      select v.id, host(v.external_dhcp) as before, (
        select host(s.address) from unnest(${servers}::inet[]) as s (address)
        where not exists (
          select from ip_address a join interface i on i.id = a.interface_id join node n on n.id = i.node_id
          where a.ip = s.address and n.node_type in (2, 3, 4))
        order by s.address limit 1) as now
      from interface i join vlan v on v.id = i.vlan_id
      where i.node_id = ${rackNodeId} and i.name = ${interfaceName}
      for no key update of v
    ), changed as (
      update vlan set external_dhcp = found.now::inet from found
      where vlan.id = found.id and found.before is distinct from found.now
    )
    select id as "vlanId", before, now from found`.execute(tx);
  return rows[0];
}
