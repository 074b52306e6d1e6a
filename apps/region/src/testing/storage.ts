/** A machine with disks, for the tests of what is done with them. */
import { transaction } from "@rackwright/db/connect";
import { acquireFilesystems } from "../app/storage.ts";
import type { TestRegion, TestUser } from "./region.ts";
import type { RequestOptions, Response } from "./request.ts";

export const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;

const statusCodes = { new: 0, ready: 4, deployed: 6, allocated: 10 } as const;

// oxlint-disable-next-line typescript/no-explicit-any
type Answer = Response & { json: any };

export interface DiskMachine {
  systemId: string;
  id: number;
  /** By name: sda, sdb ... */
  disks: Record<string, number>;
  /** Below /nodes/SYSTEM_ID/; the answer. */
  ask(method: string, path: string, form?: RequestOptions["form"], who?: TestUser | null): Promise<Answer>;
  become(status: keyof typeof statusCodes, owner?: TestUser): Promise<void>;
}

let count = 0;

/** @param sizes of its disks in GiB */
export async function machineWithDisks(t: TestRegion, ...sizes: number[]): Promise<DiskMachine> {
  const { kysely } = t.db;
  const hostname = `disks${(count += 1)}`;
  const values = { system_id: hostname, hostname, status: 4, architecture: "amd64/generic", bios_boot_method: "uefi" };
  const { id } = await kysely.insertInto("node").values(values).returning("id").executeTakeFirstOrThrow();
  const disks: Record<string, number> = {};
  for (const [i, gib] of sizes.entries()) {
    const name = `sd${"abcdefgh"[i]}`;
    const row = await kysely
      .insertInto("block_device")
      .values({
        node_id: id,
        name,
        size_bytes: gib * GIB,
        block_size_bytes: 512,
        id_path: `/dev/disk/by-id/${name}`,
        firmware_version: "1.2",
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    disks[name] = row.id;
  }
  return {
    systemId: hostname,
    id,
    disks,
    ask(method, path, form, who = t.admin) {
      const [place = "", op] = path.split("?op=");
      const query = op === undefined ? {} : { query: { op } };
      return t.request(who, method, `/nodes/${hostname}/${place}`, {
        ...query,
        ...(form === undefined ? {} : { form }),
      });
    },
    async become(status, owner) {
      const set = { status: statusCodes[status], owner_id: owner?.id ?? null };
      await kysely.updateTable("node").set(set).where("id", "=", id).execute();
      if (status !== "allocated") return;
      await transaction(t.db, (tx) => acquireFilesystems(tx, id));
    },
  };
}
