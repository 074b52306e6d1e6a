/** Machines that lack nothing to be deployed: a root disk, and a link. */
import type { MachineStatus } from "@rackwright/domain/machine/status";
import { type AddedMachine, addMachine } from "./machines.ts";
import type { TestRegion } from "./region.ts";

/** @param subnet CIDR of its link's subnet, which is made */
export async function deployable(
  t: TestRegion,
  status: MachineStatus,
  { subnet, ...columns }: Record<string, unknown> & { subnet?: string } = {},
): Promise<AddedMachine> {
  const { kysely } = t.db;
  const m = await addMachine(t, status, columns);
  const disk = await kysely
    .insertInto("block_device")
    .values({
      node_id: m.id,
      name: "vda",
      serial: "DISK0",
      id_path: "/dev/disk/by-id/virtio-DISK0",
      size_bytes: 20_000_000_000,
      block_size_bytes: 512,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const root = { fstype: "ext4", mount_point: "/", uuid: "6c1cbb6c-5fc5-4a3c-8d87-2f6a4b9b1a11", node_id: m.id };
  const acquired = [false, ...(status === "allocated" ? [true] : [])];
  await kysely
    .insertInto("filesystem")
    .values(acquired.map((one) => ({ ...root, block_device_id: disk.id, acquired: one })))
    .execute();
  const { id: subnetId } = await kysely
    .insertInto("subnet")
    .values({ name: m.hostname, cidr: subnet ?? `10.${m.id % 200}.0.0/24`, vlan_id: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const nic = await kysely.selectFrom("interface").select("id").where("node_id", "=", m.id).executeTakeFirstOrThrow();
  await kysely.insertInto("ip_address").values({ alloc_type: 0, interface_id: nic.id, subnet_id: subnetId }).execute();
  return m;
}
