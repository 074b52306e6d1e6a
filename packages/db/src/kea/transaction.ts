import type { ClientBase } from "pg";

/**
 * One at a time of those that take the same lock. Durable even where the role's leases are not (`asyncLeases`).
 * @param lock letters and blanks
 */
export async function inTransaction<T>(client: ClientBase, lock: string, work: () => Promise<T>): Promise<T> {
  await client.query(
    `begin; set local synchronous_commit = on; select pg_advisory_xact_lock(hashtext('rackwright ${lock}'))`,
  );
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
