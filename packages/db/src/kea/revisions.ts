import type { ClientBase } from "pg";

/** A Kea that has lost its database gives up and starts anew after 14 hours (`max-reconnect-tries` of its file), and reads everything then. */
const KEPT = "2 days";

/**
 * What was changed long ago, and every Kea has read: else each change, and each look for changes, takes longer than the one before. The
 * newest stays, from which a starting Kea knows where it stands.
 */
export async function forgetRevisions(client: ClientBase): Promise<void> {
  await client.query(
    `with old as materialized (
       select id from dhcp4_audit_revision
       where modification_ts < now() - interval '${KEPT}' and id < (select max(revision_id) from dhcp4_audit)),
     gone as (delete from dhcp4_audit where revision_id in (select id from old))
     delete from dhcp4_audit_revision where id in (select id from old)`,
  );
}
