import type { ClientBase } from "pg";

/** Durable even where the role's leases are not (`asyncLeases`). */
export async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("begin; set local synchronous_commit = on");
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
