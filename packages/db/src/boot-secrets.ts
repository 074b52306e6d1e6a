/** Secrets on kernel command lines: made for one machine and one boot, known here by hash only. */
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

export interface BootSecret {
  nodeId: number | null;
  mac: string;
  bootEpoch: number;
  address: string;
  endedAt: Date | null;
}

export async function insertBootSecret(
  db: Kysely<Schema>,
  secretHash: Buffer,
  s: Omit<BootSecret, "endedAt">,
): Promise<void> {
  await db
    .insertInto("boot_secret")
    .values({ secret_hash: secretHash, node_id: s.nodeId, mac: s.mac, boot_epoch: s.bootEpoch, address: s.address })
    .execute();
}

export function bootSecret(db: Kysely<Schema>, secretHash: Buffer): Promise<BootSecret | undefined> {
  return db
    .selectFrom("boot_secret")
    .select(["node_id as nodeId", "mac", "boot_epoch as bootEpoch", "address", "ended_at as endedAt"])
    .where("secret_hash", "=", secretHash)
    .executeTakeFirst();
}

/** The secret handed out for this boot of this machine, if one is in force. */
export function outstandingSecret(
  db: Kysely<Schema>,
  nodeId: number,
  bootEpoch: number,
): Promise<{ address: string; mac: string } | undefined> {
  return db
    .selectFrom("boot_secret")
    .select(["address", "mac"])
    .where("node_id", "=", nodeId)
    .where("boot_epoch", "=", bootEpoch)
    .where("ended_at", "is", null)
    .executeTakeFirst();
}

/** Whether this address booted as the machine, or as a stranger with one of these MAC addresses, and that boot goes on. */
export async function bootedFrom(
  db: Kysely<Schema>,
  boot: { nodeId: number; macs: readonly string[]; address: string },
): Promise<boolean> {
  const row = await db
    .selectFrom("boot_secret")
    .select("mac")
    .where((eb) =>
      eb.or([
        eb("node_id", "=", boot.nodeId),
        eb.and([eb("node_id", "is", null), eb("mac", "=", sql<string>`any(${boot.macs}::macaddr[])`)]),
      ]),
    )
    .where("address", "=", boot.address)
    .where("ended_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function endBootSecrets(db: Kysely<Schema>, nodeId: number, at: Date): Promise<void> {
  await db
    .updateTable("boot_secret")
    .set({ ended_at: at })
    .where("node_id", "=", nodeId)
    .where("ended_at", "is", null)
    .execute();
}

/** An unknown machine boots again: the secrets of its earlier tries are over. */
export async function endEnlistSecrets(db: Kysely<Schema>, mac: string, at: Date): Promise<void> {
  await db
    .updateTable("boot_secret")
    .set({ ended_at: at })
    .where("node_id", "is", null)
    .where("mac", "=", mac)
    .where("ended_at", "is", null)
    .execute();
}
