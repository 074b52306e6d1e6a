/** Block devices, partitions and filesystems over the real API. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { GIB, machineWithDisks, MIB } from "../testing/storage.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

suite("block devices", () => {
  test("added, changed, tagged, deleted", async () => {
    const m = await machineWithDisks(t, 20);
    const form = { name: "nvme0n1", model: "M", serial: "S", size: "10G", block_size: "4096", numa_node: 0 };
    const made = await m.ask("POST", "blockdevices/", form);
    assert.equal(made.status, 200, made.text);
    assert.deepEqual(
      [made.json.name, made.json.size, made.json.block_size, made.json.model, made.json.serial, made.json.type],
      ["nvme0n1", 10_000_000_000, 4096, "M", "S", "physical"],
    );
    const changed = await m.ask("PUT", "blockdevices/nvme0n1/", { name: "fast", size: String(5 * GIB) });
    assert.deepEqual([changed.status, changed.json.id, changed.json.size], [200, made.json.id, 5 * GIB], changed.text);
    for (const tag of ["ssd", "ssd", "big"]) await m.ask("POST", "blockdevices/fast/?op=add_tag", { tag });
    await m.ask("POST", "blockdevices/fast/?op=remove_tag", { tag: "big" });
    assert.deepEqual((await m.ask("GET", "blockdevices/fast/")).json.tags, ["ssd"]);
    assert.equal((await m.ask("DELETE", "blockdevices/fast/")).status, 204);
    assert.equal((await m.ask("GET", "blockdevices/fast/")).status, 404);
    assert.equal((await m.ask("GET", "blockdevices/")).json.length, 1);
  });

  test("what cannot be is refused by its field", async () => {
    const m = await machineWithDisks(t, 20);
    const good = { name: "sdz", id_path: "/dev/disk/by-id/z", size: "10G", block_size: "512" };
    const cases: [Record<string, string>, string][] = [
      [{ ...good, name: "sda" }, "name"],
      [{ ...good, name: "" }, "name"],
      [{ ...good, name: "a b" }, "name"],
      [{ ...good, id_path: "" }, "id_path"],
      [{ ...good, id_path: "", model: "M" }, "serial"],
      [{ ...good, id_path: "", serial: "S" }, "model"],
      [{ ...good, size: "1M" }, "size"],
      [{ ...good, size: "50%" }, "size"],
      [{ ...good, block_size: "100" }, "block_size"],
      [{ ...good, numa_node: "-1" }, "numa_node"],
    ];
    for (const [form, field] of cases) {
      const reply = await m.ask("POST", "blockdevices/", form);
      assert.deepEqual([reply.status, Object.keys(reply.json)], [400, [field]], JSON.stringify(form) + reply.text);
    }
    assert.equal((await m.ask("POST", "blockdevices/sda/?op=add_tag", {})).status, 400);
    assert.equal((await m.ask("POST", "blockdevices/sda/?op=remove_tag", { tag: "a,b" })).status, 400);
  });

  test("the boot disk is chosen: its filesystem goes", async () => {
    const m = await machineWithDisks(t, 20, 30);
    await m.ask("POST", "blockdevices/sdb/?op=format", { fstype: "ext4" });
    const chosen = await m.ask("POST", "blockdevices/sdb/?op=set_boot_disk");
    assert.deepEqual([chosen.status, chosen.text], [200, "OK"]);
    const machine = await t.request(t.admin, "GET", `/machines/${m.systemId}/`);
    // oxlint-disable-next-line typescript/no-explicit-any
    const { boot_disk } = machine.json as any;
    assert.deepEqual([boot_disk.id, boot_disk.filesystem], [m.disks["sdb"], null]);
    assert.equal((await m.ask("POST", "blockdevices/sdb/?op=format", { fstype: "ext4" })).status, 400);
    assert.equal((await m.ask("POST", "blockdevices/sda/?op=format", { fstype: "ext4" })).status, 200);
  });

  test("of a deployed machine only names change", async () => {
    const m = await machineWithDisks(t, 20);
    await m.become("deployed", t.user);
    const reply = await m.ask("PUT", "blockdevices/sda/", { name: "root", size: "1G", serial: "S", model: "M" });
    assert.deepEqual([reply.status, reply.json.name, reply.json.size], [200, "root", 20 * GIB], reply.text);
    assert.equal((await m.ask("DELETE", "blockdevices/root/")).status, 409);
  });
});

suite("partitions", () => {
  test("one behind the other, the rest, and renumbered when one goes", async () => {
    const m = await machineWithDisks(t, 20);
    const first = await m.ask("POST", "blockdevices/sda/partitions/", { size: String(GIB + 1), bootable: true });
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(
      [first.json.size, first.json.bootable, first.json.path],
      [GIB, true, "/dev/disk/by-dname/sda-part1"],
    );
    await m.ask("POST", "blockdevices/sda/partitions/", { size: "2G" });
    const rest = await m.ask("POST", "blockdevices/sda/partitions/");
    const all = await m.ask("GET", "blockdevices/sda/partitions/");
    assert.equal(all.json.length, 3);
    const sum = all.json.reduce((bytes: number, p: { size: number }) => bytes + p.size, 0);
    assert.equal(sum, Math.floor((20 * GIB - 5 * MIB) / (4 * MIB)) * 4 * MIB);
    assert.equal((await m.ask("POST", "blockdevices/sda/partitions/")).status, 400, "nothing is left");
    assert.equal((await m.ask("DELETE", `blockdevices/sda/partition/${first.json.id}`)).status, 204);
    const last = await m.ask("GET", `blockdevices/sda/partitions/${rest.json.id}`);
    assert.equal(last.json.path, "/dev/disk/by-dname/sda-part2");
    assert.equal((await m.ask("GET", `blockdevices/sda/partition/${first.json.id}`)).status, 404);
    for (const { id } of all.json.slice(1)) await m.ask("DELETE", `blockdevices/sda/partition/${id}`);
    assert.equal((await m.ask("GET", "blockdevices/sda/")).json.partition_table_type, null);
  });

  test("MBR leaves number 4 out; a table is not changed below partitions", async () => {
    const m = await machineWithDisks(t, 20);
    await m.ask("PUT", "blockdevices/sda/", { partition_table_type: "MBR" });
    for (let i = 0; i < 4; i += 1) await m.ask("POST", "blockdevices/sda/partitions/", { size: "1G" });
    const all = await m.ask("GET", "blockdevices/sda/partitions/");
    assert.deepEqual(
      all.json.map((p: { path: string }) => p.path.slice(-1)),
      ["1", "2", "3", "5"],
    );
    await m.ask("DELETE", `blockdevices/sda/partition/${all.json[1].id}`);
    const left = await m.ask("GET", "blockdevices/sda/partitions/");
    assert.deepEqual(
      left.json.map((p: { path: string }) => p.path.slice(-1)),
      ["1", "2", "3"],
    );
    const refused = await m.ask("PUT", "blockdevices/sda/", { partition_table_type: "GPT" });
    assert.deepEqual([refused.status, Object.keys(refused.json)], [400, ["partition_table_type"]]);
  });

  test("size, uuid, and what the device carries otherwise", async () => {
    const m = await machineWithDisks(t, 20, 10);
    for (const [form, field] of [
      [{ size: "1" }, "size"],
      [{ size: "1T" }, "size"],
      [{ uuid: "x" }, "uuid"],
    ] as const) {
      const reply = await m.ask("POST", "blockdevices/sda/partitions/", form);
      assert.deepEqual([reply.status, Object.keys(reply.json)], [400, [field]], reply.text);
    }
    assert.deepEqual((await m.ask("GET", "blockdevices/sdb/partitions/")).json, []);
    await m.ask("POST", "blockdevices/sdb/?op=format", { fstype: "xfs" });
    assert.equal((await m.ask("POST", "blockdevices/sdb/partitions/")).status, 400);
    assert.equal((await m.ask("POST", "blockdevices/sdx/partitions/")).status, 404);
  });

  test("tags in any status", async () => {
    const m = await machineWithDisks(t, 20);
    const { id } = (await m.ask("POST", "blockdevices/sda/partitions/")).json;
    await m.become("deployed", t.user);
    const path = `blockdevices/sda/partition/${id}`;
    assert.deepEqual((await m.ask("POST", `${path}?op=add_tag`, { tag: "data" })).json.tags, ["data"]);
    assert.deepEqual((await m.ask("POST", `${path}?op=remove_tag`, { tag: "data" })).json.tags, []);
    for (const op of ["add_tag", "remove_tag"]) {
      const nothing = await m.ask("POST", `${path}?op=${op}`, {});
      assert.deepEqual([nothing.status, nothing.json], [400, { tag: ["This field is required."] }], op);
      assert.equal((await m.ask("POST", `${path}?op=${op}`, { tag: "x" }, t.user)).status, 403, op);
    }
    await m.ask("POST", `${path}?op=add_tag`, { tag: "kept" });
    assert.deepEqual((await m.ask("GET", path)).json.tags, ["kept"]);
  });
});

suite("filesystems", () => {
  test("formatted, mounted, unmounted, unformatted: partition and whole disk", async () => {
    const m = await machineWithDisks(t, 20, 10);
    const { id } = (await m.ask("POST", "blockdevices/sda/partitions/")).json;
    const uuid = "12345678-1234-4234-8234-123456789abc";
    for (const path of [`blockdevices/sda/partition/${id}`, "blockdevices/sdb/"]) {
      const form = { fstype: "ext4", label: "data", ...(path.includes("sda") ? { uuid } : {}) };
      const formatted = await m.ask("POST", `${path}?op=format`, form);
      assert.equal(formatted.status, 200, formatted.text);
      assert.equal(formatted.json.filesystem.label, "data");
      const mountPoint = path.includes("sda") ? "/srv/" : "/";
      const mounted = await m.ask("POST", `${path}?op=mount`, { mount_point: mountPoint, mount_options: "noatime" });
      assert.equal(mounted.status, 200, mounted.text);
      assert.deepEqual(
        [mounted.json.filesystem.mount_point, mounted.json.filesystem.mount_options, mounted.json.used_for],
        [
          mountPoint === "/" ? "/" : "/srv",
          "noatime",
          `ext4 formatted filesystem mounted at ${mountPoint === "/" ? "/" : "/srv"}`,
        ],
      );
      assert.equal((await m.ask("POST", `${path}?op=unformat`)).status, 400, "mounted");
      const unmounted = await m.ask("POST", `${path}?op=unmount`);
      assert.equal(unmounted.json.filesystem.mount_point, null);
      assert.equal((await m.ask("POST", `${path}?op=unmount`)).status, 400);
      assert.equal((await m.ask("POST", `${path}?op=unformat`)).json.filesystem, null);
      assert.equal((await m.ask("POST", `${path}?op=unformat`)).status, 400);
      assert.equal((await m.ask("POST", `${path}?op=mount`, { mount_point: "/x" })).status, 400);
    }
  });

  test("a type that is none, or is missing, is refused, of disk and partition; what is there stays", async () => {
    const m = await machineWithDisks(t, 20, 10);
    const { id } = (await m.ask("POST", "blockdevices/sda/partitions/")).json;
    for (const path of ["blockdevices/sdb/", `blockdevices/sda/partition/${id}`]) {
      assert.equal((await m.ask("POST", `${path}?op=format`, { fstype: "ext4" })).status, 200);
      const reply = await m.ask("POST", `${path}?op=format`, { fstype: "nofs" });
      assert.deepEqual([reply.status, /'nofs' is no filesystem: choose ext2/.test(reply.json.fstype[0])], [400, true]);
      assert.deepEqual((await m.ask("POST", `${path}?op=format`, {})).json, { fstype: ["This field is required."] });
      assert.equal((await m.ask("GET", path)).json.filesystem.fstype, "ext4");
    }
  });

  test("swap is mounted at none; paths and types are checked", async () => {
    const m = await machineWithDisks(t, 20, 10, 10);
    await m.ask("POST", "blockdevices/sdb/?op=format", { fstype: "swap" });
    assert.equal((await m.ask("POST", "blockdevices/sdb/?op=mount")).json.filesystem.mount_point, "none");
    await m.ask("POST", "blockdevices/sdc/?op=format", { fstype: "btrfs" });
    for (const mount_point of ["", "relative", "/a b", "/a/../b", `/${"x".repeat(300)}`]) {
      const reply = await m.ask("POST", "blockdevices/sdc/?op=mount", { mount_point });
      assert.deepEqual([reply.status, Object.keys(reply.json)], [400, ["mount_point"]], mount_point);
    }
    for (const [op, form, field] of [
      ["format", { fstype: "xfs", label: "thirteen-long" }, "label"],
      ["mount", { mount_point: "/it's" }, "mount_point"],
      ["mount", { mount_point: "/x", mount_options: 'context="a"' }, "mount_options"],
    ] as const) {
      const reply = await m.ask("POST", `blockdevices/sdc/?op=${op}`, form);
      assert.deepEqual([reply.status, Object.keys(reply.json)], [400, [field]], field);
    }
    for (const fstype of ["", "ntfs", "tmpfs", "raid"]) {
      const reply = await m.ask("POST", "blockdevices/sdc/?op=format", { fstype });
      assert.deepEqual([reply.status, Object.keys(reply.json)], [400, ["fstype"]], fstype);
    }
    await m.ask("POST", "blockdevices/sdc/?op=mount", { mount_point: "/srv" });
    await m.ask("POST", "blockdevices/sdb/?op=format", { fstype: "xfs" });
    const taken = await m.ask("POST", "blockdevices/sdb/?op=mount", { mount_point: "/srv" });
    assert.match(taken.text, /sdc.*mounted at \/srv already/);
  });

  test("in memory", async () => {
    const m = await machineWithDisks(t, 20);
    const special = (op: string, form: Record<string, string>, who = t.admin) =>
      t.request(who, "POST", `/machines/${m.systemId}/`, { query: { op }, form });
    const mounted = await special("mount_special", {
      fstype: "tmpfs",
      mount_point: "/scratch",
      mount_options: "size=1g",
    });
    assert.equal(mounted.status, 200, mounted.text);
    // oxlint-disable-next-line typescript/no-explicit-any
    const [filesystem] = (mounted.json as any).special_filesystems;
    assert.deepEqual(
      [filesystem.fstype, filesystem.mount_point, filesystem.mount_options],
      ["tmpfs", "/scratch", "size=1g"],
    );
    assert.equal((await special("mount_special", { fstype: "ext4", mount_point: "/x" })).status, 400);
    assert.equal((await special("mount_special", { fstype: "ramfs", mount_point: "/scratch" })).status, 400);
    assert.equal((await special("unmount_special", { mount_point: "/other" })).status, 400);
    await m.become("allocated", t.user);
    assert.equal((await special("unmount_special", { mount_point: "/scratch" }, t.other)).status, 403);
    assert.equal((await special("mount_special", { fstype: "ramfs", mount_point: "/theirs" }, t.other)).status, 403);
    const gone = await special("unmount_special", { mount_point: "/scratch" }, t.user);
    // oxlint-disable-next-line typescript/no-explicit-any
    assert.deepEqual((gone.json as any).special_filesystems, []);
    await m.become("deployed", t.user);
    assert.equal((await special("mount_special", { fstype: "tmpfs", mount_point: "/y" }, t.user)).status, 409);
    const late = await special("unmount_special", { mount_point: "/scratch" }, t.user);
    assert.deepEqual(
      [late.status, /it is Deployed, and unmount_special starts from Ready/.test(late.text)],
      [409, true],
    );
  });
});

suite("who and when", () => {
  test("whoever holds the machine formats a copy of his own, and partitions nothing", async () => {
    const m = await machineWithDisks(t, 20, 10);
    const { id } = (await m.ask("POST", "blockdevices/sda/partitions/")).json;
    const path = `blockdevices/sda/partition/${id}`;
    await m.ask("POST", `${path}?op=format`, { fstype: "ext4" });
    await m.ask("POST", `${path}?op=mount`, { mount_point: "/" });
    await m.become("allocated", t.user);
    assert.equal((await m.ask("POST", `${path}?op=unmount`, {}, t.other)).status, 403);
    assert.equal((await m.ask("POST", `${path}?op=unmount`, {}, t.user)).status, 200);
    assert.equal((await m.ask("POST", `${path}?op=format`, { fstype: "xfs" }, t.user)).status, 200);
    assert.equal((await m.ask("POST", "blockdevices/sdb/?op=format", { fstype: "ext4" }, t.user)).status, 200);
    assert.equal((await m.ask("GET", path, undefined, t.user)).json.filesystem.fstype, "xfs");
    assert.equal((await m.ask("POST", "blockdevices/sdb/partitions/", {}, t.user)).status, 403);
    assert.equal((await m.ask("POST", "blockdevices/sdb/partitions/")).status, 409);
    // Released: what was planned before comes back.
    await t.db.kysely.deleteFrom("filesystem").where("acquired", "=", true).execute();
    await m.become("ready");
    const back = await m.ask("GET", path);
    assert.deepEqual([back.json.filesystem.fstype, back.json.filesystem.mount_point], ["ext4", "/"]);
    assert.equal((await m.ask("GET", "blockdevices/sdb/")).json.filesystem, null);
  });

  test("every change asks who it is, and in which status", async () => {
    const m = await machineWithDisks(t, 20, 10);
    const { id } = (await m.ask("POST", "blockdevices/sda/partitions/")).json;
    const admins: [string, string, Record<string, string>][] = [
      ["POST", "blockdevices/", { name: "sdz", id_path: "/dev/z", size: "1G", block_size: "512" }],
      ["PUT", "blockdevices/sdb/", { name: "x" }],
      ["DELETE", "blockdevices/sdb/", {}],
      ["POST", "blockdevices/sdb/?op=add_tag", { tag: "x" }],
      ["POST", "blockdevices/sdb/?op=remove_tag", { tag: "x" }],
      ["POST", "blockdevices/sdb/?op=set_boot_disk", {}],
      ["POST", "blockdevices/sdb/partitions/", {}],
      ["DELETE", `blockdevices/sda/partition/${id}`, {}],
    ];
    const holders = ["blockdevices/sdb/", `blockdevices/sda/partition/${id}`].flatMap((item): typeof admins => [
      ["POST", `${item}?op=format`, { fstype: "ext4" }],
      ["POST", `${item}?op=mount`, { mount_point: "/" }],
      ["POST", `${item}?op=unmount`, {}],
      ["POST", `${item}?op=unformat`, {}],
    ]);
    for (const [method, path, form] of [...admins, ...holders]) {
      const said = `${method} ${path}`;
      await m.become("ready");
      assert.equal((await m.ask(method, path, form, null)).status, 401, said);
      assert.equal((await m.ask(method, path, form, t.user)).status, 403, said);
      await m.become("new");
      const now = await m.ask(method, path, form);
      assert.deepEqual(
        [now.status, /: it is New, and \w+ starts from Ready/.test(now.text)],
        [409, true],
        `${said} ${now.text}`,
      );
    }
    await m.become("allocated", t.user);
    for (const [method, path, form] of admins)
      assert.equal((await m.ask(method, path, form, t.user)).status, 403, path);
    assert.equal((await m.ask("GET", "blockdevices/", undefined, t.other)).status, 403);
    assert.equal((await m.ask("GET", "blockdevices/sda/partitions/", undefined, t.other)).status, 403);
  });
});
