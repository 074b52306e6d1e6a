import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { type Tx, transaction } from "@rackwright/db/connect";
import { loadMachineViews, type MachineView } from "@rackwright/db/machine-views";
import { type TestDatabase, testDatabase } from "@rackwright/db/testing/database";
import { type Ctx, systemActor } from "../context.ts";
import { runHook } from "./index.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
const fixture = readFileSync(
  new URL("../../../../packages/domain/src/hardware/fixtures/qemu-virtio.json", import.meta.url),
  "utf8",
);
const NEW = 0;
const COMMISSIONING = 1;
const DEPLOYED = 6;

suite("hooks of commissioning scripts", () => {
  const ran = { ran: true };
  let database: TestDatabase;
  let ctx: Ctx;
  before(async () => {
    database = await testDatabase();
    ctx = { region: { db: database.db } as Ctx["region"], actor: systemActor, tokenKey: null };
  });
  after(() => database?.close());

  let count = 0;
  async function machine(columns: Record<string, unknown> = {}, macs: string[] = []): Promise<number> {
    const { kysely } = database.db;
    const name = `m${(count += 1)}`;
    const values = { system_id: name, hostname: name, status: COMMISSIONING, ...columns };
    const { id } = await kysely.insertInto("node").values(values).returning("id").executeTakeFirstOrThrow();
    for (const [i, mac] of macs.entries()) {
      const nic = { node_id: id, name: `eth${i}`, mac, vlan_id: 1, tags: ["mine"] };
      await kysely.insertInto("interface").values(nic).execute();
    }
    return id;
  }

  const run = (id: number, stdout: string, script = "50-maas-01-commissioning") =>
    transaction(database.db, (tx: Tx) => runHook(ctx, tx, id, script, Buffer.from(stdout)));

  /** The fixture for a machine of its own: addresses and serials with its number. */
  function report(n: number, change: (report: Json) => void = () => {}): string {
    const two = n.toString(16).padStart(2, "0");
    const text = fixture.replaceAll("52:54:00:4d:00", `52:54:00:4d:${two}`).replaceAll("1d0001", `1d00${two}`);
    const parsed: Json = JSON.parse(text);
    change(parsed);
    return JSON.stringify(parsed);
  }

  async function view(id: number): Promise<MachineView> {
    const [found] = await loadMachineViews(database.db.kysely, [id]);
    assert.ok(found);
    return found;
  }

  const nics = (v: MachineView) =>
    v.interfaces.map((i) => [i.name, i.mac, i.vlan_id === null ? null : v.vlans.get(i.vlan_id)?.fabricName]);
  const addresses = (v: MachineView) =>
    v.interfaces.flatMap((i) =>
      (v.links.get(i.id) ?? []).map((l) => [
        i.name,
        l.allocType,
        l.ip,
        l.subnetId === null ? null : v.subnets.get(l.subnetId)?.cidr,
      ]),
    );

  test("a first report, and a second one with a changed disk and other names of cards", async () => {
    const { kysely } = database.db;
    const fabric = await kysely.insertInto("fabric").values({ name: "lab" }).returning("id").executeTakeFirstOrThrow();
    const vlan = await kysely
      .insertInto("vlan")
      .values({ fabric_id: fabric.id, vid: 0 })
      .returning("id")
      .executeTakeFirstOrThrow();
    await kysely.insertInto("subnet").values({ name: "lab", cidr: "10.77.0.0/24", vlan_id: vlan.id }).execute();
    const id = await machine({ architecture: "amd64/special" }, ["52:54:00:4d:01:01", "52:54:00:4d:01:77"]);
    const [boot] = (await view(id)).interfaces;

    assert.deepEqual(await run(id, report(1)), ran);
    assert.deepEqual(await run(id, "quiet BOOTIF=01-52-54-00-4D-01-01", "maas-kernel-cmdline"), ran);
    const first = await view(id);
    const { row } = first;
    assert.deepEqual(
      [row.architecture, row.cpu_count, row.cpu_speed, row.memory_mib],
      ["amd64/special", 2, 2600, 2048],
    );
    assert.equal(row.hardware_uuid, "6f9ee0a6-96a4-4b6e-8d3c-6c0a0c1d0001");
    assert.equal(first.metadata.get("system_vendor"), "QEMU");
    assert.deepEqual(first.tags, ["virtual"]);
    assert.deepEqual(first.numaNodes, [{ node_id: id, index: 0, memory_mib: 1966, cores: [0, 1], hugepages: [] }]);
    // The boot card keeps its row under its new name and moves to where its address says; the unknown one is gone.
    assert.equal(row.boot_interface_id, boot?.id);
    assert.deepEqual(first.interfaces[0]?.tags, ["mine"]);
    assert.equal(first.interfaces[0]?.product, "Virtio network device");
    const [, second] = nics(first);
    assert.deepEqual(nics(first), [
      ["enp0s2", "52:54:00:4d:01:01", "lab"],
      ["enp0s3", "52:54:00:4d:01:02", second?.[2]],
      ["enp0s4", "52:54:00:4d:01:03", null],
    ]);
    assert.deepEqual(addresses(first), [
      ["enp0s2", 6, "10.77.0.101", "10.77.0.0/24"],
      ["enp0s3", 6, "2001:db8:7::9", "2001:db8:7::/64"],
    ]);
    const made = [...first.subnets.values()].find((subnet) => subnet.cidr === "2001:db8:7::/64");
    assert.deepEqual([made?.name, made?.vlan_id], ["2001:db8:7::/64", first.interfaces[1]?.vlan_id]);
    assert.deepEqual(
      first.blockDevices.map((d) => [
        d.name,
        d.serial,
        d.id_path,
        d.size_bytes,
        d.block_size_bytes,
        d.tags,
        d.numa_node,
      ]),
      [
        ["vda", "DISK0", "/dev/disk/by-id/virtio-DISK0", 8589934592, 512, ["rotary", "1rpm"], 0],
        ["vdb", "DISK1", "/dev/disk/by-id/virtio-DISK1", 10737418240, 512, ["rotary", "1rpm"], 0],
      ],
    );
    const devices = await kysely.selectFrom("node_device").selectAll().where("node_id", "=", id).execute();
    assert.equal(devices.length, 6);
    assert.deepEqual(
      devices.filter((d) => d.bus === "usb").map((d) => [d.vendor_id, d.product_name, d.bus_number, d.device_number]),
      [["0627", "QEMU Tablet", 1, 2]],
    );

    const disks = first.blockDevices.map((d) => d.id);
    await kysely
      .updateTable("block_device")
      .set({ tags: ["mine", "rotary"] })
      .where("id", "=", disks[0] ?? 0)
      .execute();
    await kysely
      .updateTable("node")
      .set({ boot_disk_id: disks[1] ?? 0 })
      .where("id", "=", id)
      .execute();
    const outcome = await run(
      id,
      report(1, (r) => {
        // Cards have changed names with each other, the first disk too, and the second was replaced by another.
        const [a, b] = r.resources.network.cards;
        a.ports[0].id = "enp0s3";
        b.ports[0].id = "enp0s2";
        [r.networks.enp0s2, r.networks.enp0s3] = [r.networks.enp0s3, r.networks.enp0s2];
        r.networks.enp0s2.addresses = [];
        const [, disk0, disk1] = r.resources.storage.disks;
        disk0.id = "vdb";
        Object.assign(disk1, { id: "vda", serial: "DISK2", device_id: "virtio-DISK2" });
        r.resources.system.type = "physical";
        r.resources.system.vendor = "";
      }),
    );
    assert.deepEqual(outcome, ran);
    const again = await view(id);
    assert.equal(again.row.boot_interface_id, boot?.id);
    assert.equal(again.interfaces.find((i) => i.id === boot?.id)?.name, "enp0s3");
    assert.deepEqual(addresses(again), [["enp0s3", 6, "10.77.0.101", "10.77.0.0/24"]]);
    // It stays in the network that it was found in before.
    assert.equal(again.interfaces[1]?.vlan_id, first.interfaces[1]?.vlan_id);
    assert.deepEqual(
      again.blockDevices.map((d) => [d.id === disks[0], d.name, d.serial, d.tags]),
      [
        [true, "vdb", "DISK0", ["mine", "rotary", "1rpm"]],
        [false, "vda", "DISK2", ["rotary", "1rpm"]],
      ],
    );
    assert.equal(again.row.boot_disk_id, null);
    assert.deepEqual(again.tags, []);
    assert.equal(again.metadata.has("system_vendor"), false);
  });

  test("a card that is plugged into another machine moves there, with nothing left behind", async () => {
    const { kysely } = database.db;
    const mac = "52:54:00:4d:02:02";
    const from = await machine({ status: NEW }, [mac]);
    const [card] = (await view(from)).interfaces;
    assert.ok(card);
    await kysely.updateTable("node").set({ boot_interface_id: card.id }).where("id", "=", from).execute();
    const bond = await kysely
      .insertInto("interface")
      .values({ node_id: from, name: "bond0", type: "bond", mac })
      .returning("id")
      .executeTakeFirstOrThrow();
    await kysely.insertInto("interface_parent").values({ child_id: bond.id, parent_id: card.id }).execute();
    await kysely.insertInto("ip_address").values({ alloc_type: 1, interface_id: bond.id, ip: "10.77.0.55" }).execute();
    const to = await machine();
    assert.deepEqual(await run(to, report(2)), ran);
    assert.ok((await view(to)).interfaces.some((i) => i.mac === mac && i.id !== card.id));
    const left = await view(from);
    assert.deepEqual([left.interfaces, left.row.boot_interface_id], [[], null]);
    const changes = await kysely
      .selectFrom("change")
      .select("entity_id")
      .where("entity", "=", "machine")
      .orderBy("id", "desc")
      .limit(2)
      .execute();
    assert.deepEqual(
      changes.map((c) => c.entity_id).sort(),
      [left.row.system_id, (await view(to)).row.system_id].sort(),
    );
  });

  test("a controller's card stays, and the report fails with nothing written", async () => {
    const rack = await machine({ node_type: 2 }, ["52:54:00:4d:03:02"]);
    const id = await machine();
    const outcome = await run(id, report(3));
    assert.match(outcome.failed ?? "", /52:54:00:4d:03:02 belongs to controller/);
    const later = await view(id);
    assert.deepEqual([later.row.cpu_count, later.interfaces, later.metadata.size], [0, [], 0]);
    assert.equal((await view(rack)).interfaces.length, 1);
  });

  test("networking and storage that are to be kept are not touched", async () => {
    const id = await machine({ skip_networking: true, skip_storage: true }, ["52:54:00:4d:04:09"]);
    await database.db.kysely
      .insertInto("block_device")
      .values({ node_id: id, name: "sda", size_bytes: 1e9, block_size_bytes: 512 })
      .execute();
    const earlier = await view(id);
    assert.deepEqual(await run(id, report(4)), ran);
    const later = await view(id);
    assert.deepEqual([later.interfaces, later.blockDevices], [earlier.interfaces, earlier.blockDevices]);
    assert.equal(later.row.cpu_count, 2);
    // The flags are the lifecycle's to reset.
    assert.equal(later.row.skip_storage, true);
  });

  test("garbage changes nothing and says what is wrong", async () => {
    const id = await machine({}, ["52:54:00:4d:05:01"]);
    const earlier = await view(id);
    for (const [text, message] of [
      ["", /is empty/],
      ["\u0000\ufffd{", /is no JSON/],
      [report(5, (r) => delete r.networks), /networks is missing/],
    ] as const) {
      assert.match((await run(id, text)).failed ?? "", message);
    }
    assert.deepEqual(await view(id), earlier);
    assert.deepEqual(await run(id, "anything", "maas-serial-ports"), { ran: false });
    assert.deepEqual(await run(id, "anything", "constructor"), { ran: false });
    assert.deepEqual(await run(id, "BOOTIF=01-52-54-00-99-99-99", "maas-kernel-cmdline"), ran);
    assert.equal((await view(id)).row.boot_interface_id, null);
  });

  test("a UUID that two machines report names neither", async () => {
    const [a, b] = [await machine(), await machine()];
    const same = (r: Json) => (r.resources.system.uuid = "AAAAAAAA-0000-0000-0000-000000000006");
    await run(a, report(6, same));
    assert.equal((await view(a)).row.hardware_uuid, "aaaaaaaa-0000-0000-0000-000000000006");
    await run(b, report(7, same));
    assert.deepEqual([(await view(a)).row.hardware_uuid, (await view(b)).row.hardware_uuid], [null, null]);
  });

  test("machines that report at once, with one UUID and one card, end up as if one after the other", async () => {
    const machines = await Promise.all([machine(), machine(), machine()]);
    const same = (r: Json) => (r.resources.system.uuid = "bbbbbbbb-0000-0000-0000-00000000000a");
    for (let round = 0; round < 2; round += 1) {
      const locked = machines.map((id) =>
        transaction(database.db, async (tx) => {
          await tx.selectFrom("node").select("id").where("id", "=", id).forUpdate().execute();
          return runHook(ctx, tx, id, "50-maas-01-commissioning", report(10, same));
        }),
      );
      assert.deepEqual(await Promise.all(locked), [ran, ran, ran]);
      const views = await Promise.all(machines.map(view));
      assert.deepEqual(
        views.map((v) => v.interfaces.length).sort((a, b) => a - b),
        [0, 0, 3],
      );
      assert.ok(views.filter((v) => v.row.hardware_uuid !== null).length <= 1);
    }
  });

  test("a machine in use keeps its links; what it has beyond them becomes its own", async () => {
    const { kysely } = database.db;
    const id = await machine({ status: DEPLOYED }, ["52:54:00:4d:08:01"]);
    const [nic] = (await view(id)).interfaces;
    const link = { alloc_type: 0, interface_id: nic?.id ?? 0, ip: "10.77.0.101" };
    await kysely.insertInto("ip_address").values(link).execute();
    const more = (r: Json) => {
      r.networks.enp0s2.addresses.push({ family: "inet", address: "10.77.0.102", netmask: "32", scope: "global" });
    };
    for (let i = 0; i < 2; i += 1) await run(id, report(8, more));
    assert.deepEqual(
      addresses(await view(id)).filter(([name]) => name === "enp0s2"),
      [
        ["enp0s2", 0, "10.77.0.101", null],
        ["enp0s2", 1, "10.77.0.102", "10.77.0.0/24"],
      ],
    );
  });

  test("bonds, bridges and tagged VLANs", async () => {
    const id = await machine();
    const mac = "52:54:00:4d:09:01";
    const stacked = report(9, (r) => {
      const network = (more: object) => ({ type: "broadcast", hwaddr: mac, state: "up", addresses: [], ...more });
      r.networks.bond0 = network({ bond: { mode: "active-backup", lower_devices: ["enp0s2", "enp0s3"] } });
      r.networks["bond0.42"] = network({ vlan: { lower_device: "bond0", vid: 42 } });
    });
    for (let i = 0; i < 2; i += 1) assert.deepEqual(await run(id, stacked), ran);
    const v = await view(id);
    const named = (name: string) => v.interfaces.find((i) => i.name === name);
    const [bond, tagged] = [named("bond0"), named("bond0.42")];
    assert.deepEqual(v.parents.get(bond?.id ?? 0), [named("enp0s2")?.id, named("enp0s3")?.id]);
    assert.equal((bond?.params as Json)?.bond_mode, "active-backup");
    const vlan = v.vlans.get(tagged?.vlan_id ?? 0);
    assert.deepEqual([vlan?.vid, vlan?.fabricId], [42, v.vlans.get(bond?.vlan_id ?? 0)?.fabricId]);
    // Gone from the report, gone from the record.
    await run(id, report(9));
    assert.deepEqual(
      (await view(id)).interfaces.map((i) => i.name),
      ["enp0s2", "enp0s3", "enp0s4"],
    );
  });

  test("a card that is linked slower than it can be is warned of", async () => {
    const id = await machine();
    const slow = (found: Json) =>
      Object.assign(found.resources.network.cards[0].ports[0], {
        link_detected: true,
        link_speed: 100,
        supported_modes: ["100baseT/Full", "1000baseT/Full"],
      });
    assert.deepEqual(await run(id, report(90, slow)), ran);
    const { interfaces } = await view(id);
    const nic = interfaces[0];
    const { rows } = await database.db.pool.query<{ description: string }>(
      "select description from event where node_id = $1 and level = 30",
      [id],
    );
    assert.deepEqual([nic?.link_speed, nic?.interface_speed], [100, 1000]);
    assert.equal(rows.length, 1);
    assert.match(rows[0]?.description ?? "", new RegExp(`slower.*: ${nic?.name} at 100 Mbit/s, and it can do 1000`));
  });
});
