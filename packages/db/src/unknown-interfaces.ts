/** Interfaces of nobody: addresses were reserved for their MAC addresses. */
import { sql } from "kysely";
import type { Tx } from "./connect.ts";

/** Whoever comes with such a MAC address has the addresses that were reserved for it. */
export async function adoptUnknown(tx: Tx, nodeId: number): Promise<void> {
  await sql`
    update ip_address a set interface_id = i.id from interface i, interface u
    where i.node_id = ${nodeId} and i.type = 'physical' and u.type = 'unknown' and u.mac = i.mac and a.interface_id = u.id`.execute(
    tx,
  );
  await sql`
    delete from interface u using interface i
    where i.node_id = ${nodeId} and i.type = 'physical' and u.type = 'unknown' and u.mac = i.mac`.execute(tx);
}
