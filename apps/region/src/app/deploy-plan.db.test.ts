import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { type TestDatabase, testDatabase } from "@rackwright/db/testing/database";
import { planProblems } from "@rackwright/domain/deploy/problems";
import { type Ctx, type Region, systemActor } from "../context.ts";
import { deployPlan } from "./deploy-plan.ts";
import { acquireFilesystems, applyDefaultLayout } from "./storage.ts";

const token = { consumerKey: "K", tokenKey: "T", tokenSecret: "S", name: "machine" };
const urls = { rackUrl: "http://10.77.0.1:5248/" };
const sha256 = "ab".repeat(32);

suite("deploy plan of a machine in the database", () => {
  let database: TestDatabase;
  let region: Region;
  let id: number;
  before(async () => {
    database = await testDatabase();
    const { kysely } = database.db;
    region = { db: database.db } as Region;
    const node = {
      system_id: "abc123",
      hostname: "web-1",
      status: 9,
      architecture: "amd64/generic",
      bios_boot_method: "uefi",
      osystem: "debian",
      distro_series: "bookworm",
    };
    id = (await kysely.insertInto("node").values(node).returning("id").executeTakeFirstOrThrow()).id;
    const disk = {
      node_id: id,
      name: "vda",
      size_bytes: 8 * 1024 ** 3,
      block_size_bytes: 512,
      serial: "DISK0",
      id_path: "/dev/disk/by-id/virtio-DISK0",
    };
    await kysely.insertInto("block_device").values(disk).execute();
    const subnet = {
      name: "lab",
      cidr: "10.77.0.0/24",
      vlan_id: 1,
      gateway_ip: "10.77.0.254",
      dns_servers: ["10.77.0.53"],
    };
    const { id: subnetId } = await kysely.insertInto("subnet").values(subnet).returning("id").executeTakeFirstOrThrow();
    await kysely.updateTable("vlan").set({ mtu: 1400 }).where("id", "=", 1).execute();
    const nic = { node_id: id, name: "enp0s2", mac: "52:54:00:4d:00:01", vlan_id: 1 };
    const { id: nicId } = await kysely.insertInto("interface").values(nic).returning("id").executeTakeFirstOrThrow();
    await kysely
      .insertInto("ip_address")
      .values([
        { alloc_type: 6, interface_id: nicId, ip: "10.77.0.101", subnet_id: subnetId },
        { alloc_type: 0, interface_id: nicId, ip: "10.77.0.7", subnet_id: subnetId },
      ])
      .execute();
    const tag = await kysely
      .insertInto("tag")
      .values({ name: "gpu", kernel_opts: "iommu=pt  hugepages=2" })
      .returning("id")
      .executeTakeFirstOrThrow();
    await kysely.insertInto("node_tag").values({ node_id: id, tag_id: tag.id }).execute();
    await kysely.insertInto("config").values({ name: "kernel_opts", value: '"console=ttyS0"' }).execute();
    const ctx: Ctx = { region, actor: systemActor, tokenKey: null };
    await transaction(database.db, async (tx) => {
      await applyDefaultLayout(ctx, tx, id);
      await acquireFilesystems(tx, id);
    });
  });
  after(() => database?.close());

  test("without an image it says what is missing", async () => {
    await assert.rejects(deployPlan(region, id, urls, token), /no image of debian\/bookworm for amd64/);
  });

  test("image, disks, network and kernel options make one plan", async () => {
    const { kysely } = database.db;
    const resource = { rtype: 0, name: "debian/bookworm", architecture: "amd64/generic" };
    const image = await kysely.insertInto("boot_resource").values(resource).returning("id").executeTakeFirstOrThrow();
    const set = await kysely
      .insertInto("boot_resource_set")
      .values({ resource_id: image.id, version: "20261121", label: "stable" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const file = (filetype: string) => ({
      set_id: set.id,
      filename: filetype,
      filetype,
      sha256: filetype === "squashfs" ? sha256 : "cd".repeat(32),
      size_bytes: 1000,
      received_bytes: 1000,
      complete: true,
    });
    await kysely
      .insertInto("boot_resource_file")
      .values(["boot-kernel", "boot-initrd", "squashfs"].map(file))
      .execute();

    const plan = await deployPlan(region, id, urls, token);
    assert.deepEqual(planProblems(plan), []);
    assert.deepEqual(plan.source, {
      type: "squashfs",
      uri: `http://10.77.0.1:5248/images/${sha256}/squashfs`,
      sha256,
      sizeBytes: 1000,
    });
    assert.deepEqual([plan.hostname, plan.fqdn, plan.bootloader.method], ["web-1", "web-1.maas", "uefi"]);
    assert.deepEqual(plan.kernel.options, ["console=ttyS0", "iommu=pt", "hugepages=2"]);
    assert.equal(plan.netbootOff.url, "http://10.77.0.1:5248/MAAS/metadata/latest/by-id/abc123/");
    assert.deepEqual(plan.reporting, {
      endpoint: "http://10.77.0.1:5248/MAAS/metadata/status/abc123",
      consumerKey: "K",
      tokenKey: "T",
      tokenSecret: "S",
    });
    assert.deepEqual(plan.network.ethernets?.["enp0s2"], {
      match: { macaddress: "52:54:00:4d:00:01" },
      "set-name": "enp0s2",
      mtu: 1400,
      addresses: ["10.77.0.7/24"],
      routes: [{ to: "default", via: "10.77.0.254" }],
      nameservers: { addresses: ["10.77.0.53"], search: ["maas"] },
    });
    assert.deepEqual(
      plan.storage.config.filter((item) => item.type === "mount").map((item) => item.path),
      ["/", "/boot/efi"],
    );
    assert.deepEqual(await deployPlan(region, id, urls, token), plan, "asked again, it is the same");
  });

  test("what cannot be installed is refused with the reason", async () => {
    await database.db.kysely.deleteFrom("filesystem").execute();
    await assert.rejects(deployPlan(region, id, urls, token), /Cannot install web-1: .*no filesystem is mounted on \//);
    await assert.rejects(deployPlan(region, 9999, urls, token), { code: "not_found" });
  });
});
