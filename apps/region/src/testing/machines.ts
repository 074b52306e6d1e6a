/** Machines in any state, and what they boot from, for tests on a real region. */
import { randomBytes } from "node:crypto";
import { statusCode, type MachineStatus } from "@rackwright/domain/machine/status";
import type { BootRequest } from "@rackwright/contract/rack-protocol";
import { bootScript } from "../app/boot.ts";
import type { TestRegion } from "./region.ts";

/** An image that machines can boot and be given, without its bytes. */
export async function addImage(t: TestRegion, name = "debian/bookworm"): Promise<void> {
  const { kysely } = t.db;
  const [osystem = "", series = ""] = name.split("/");
  const image = await kysely
    .insertInto("boot_resource")
    .values({ rtype: 0, name, architecture: "amd64/generic" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const set = await kysely
    .insertInto("boot_resource_set")
    .values({ resource_id: image.id, version: "20260101", label: "stable" })
    .returning("id")
    .executeTakeFirstOrThrow();
  await kysely
    .insertInto("boot_resource_file")
    .values(
      ["boot-kernel", "boot-initrd", "squashfs"].map((filetype) => ({
        set_id: set.id,
        filename: filetype,
        filetype,
        sha256: randomBytes(32).toString("hex"),
        size_bytes: 10,
        received_bytes: 10,
        complete: true,
      })),
    )
    .execute();
  for (const [item, value] of Object.entries({
    commissioning_osystem: osystem,
    commissioning_distro_series: series,
    default_osystem: osystem,
    default_distro_series: series,
  }))
    await kysely
      .insertInto("config")
      .values({ name: item, value: JSON.stringify(value) })
      .onConflict((c) => c.column("name").doUpdateSet({ value: JSON.stringify(value) }))
      .execute();
}

export interface AddedMachine {
  id: number;
  systemId: string;
  hostname: string;
  mac: string;
}

let added = 0;

/** @param columns of its row, by their names in the database */
export async function addMachine(
  t: TestRegion,
  status: MachineStatus,
  columns: Record<string, unknown> = {},
): Promise<AddedMachine> {
  added += 1;
  const hex = added.toString(16).padStart(4, "0");
  const mac = `52:54:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`;
  const systemId = `m${String(added).padStart(5, "0")}`;
  const hostname = `machine-${added}`;
  const { id } = await t.db.kysely
    .insertInto("node")
    .values({
      system_id: systemId,
      hostname,
      status: statusCode[status],
      status_since: t.clock.now(),
      architecture: "amd64/generic",
      power_type: "manual",
      ...columns,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await t.db.kysely.insertInto("interface").values({ node_id: id, name: "eth0", mac, vlan_id: 1 }).execute();
  return { id, systemId, hostname, mac };
}

/** The columns of a machine that tests look at. */
export function machineRow(t: TestRegion, systemId: string) {
  return t.db.kysely.selectFrom("node").selectAll().where("system_id", "=", systemId).executeTakeFirstOrThrow();
}

/** Host name of the status: `commissioning`. */
export async function statusOf(t: TestRegion, systemId: string): Promise<MachineStatus | undefined> {
  const { status } = await machineRow(t, systemId);
  return (Object.keys(statusCode) as MachineStatus[]).find((name) => statusCode[name] === status);
}

/** A machine at `address` asks for its boot script, as racks pass it on. @returns the script, and the secret in it */
export async function netboot(
  t: TestRegion,
  mac: string,
  options: { address?: string; lease?: string | null | undefined; more?: Partial<BootRequest> } = {},
): Promise<{ script: string; secret: string | undefined }> {
  const address = options.address ?? "127.0.0.1";
  const rack = await rackNode(t);
  const script = await bootScript(
    t.region,
    { nodeId: rack, hostname: "rack" },
    {
      mac,
      remoteAddress: address,
      localAddress: "10.0.0.1",
      buildArch: "x86_64",
      platform: "pcbios",
      ...options.more,
    } as BootRequest,
    { leaseOf: async () => ("lease" in options ? options.lease : address) },
  );
  return { script, secret: /secret=([A-Za-z0-9]+)/.exec(script)?.[1] };
}

async function rackNode(t: TestRegion): Promise<number> {
  const found = await t.db.kysely.selectFrom("node").select("id").where("node_type", "=", 2).executeTakeFirst();
  if (found) return found.id;
  const row = { system_id: "rack01", hostname: "rack", node_type: 2, status: statusCode.deployed };
  return (await t.db.kysely.insertInto("node").values(row).returning("id").executeTakeFirstOrThrow()).id;
}
