/** What the next deploy installs: stated with it, chosen beforehand, or the default; and which kernel. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addImage, addMachine, type AddedMachine, machineRow } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t, "ubuntu/jammy");
  await addImage(t);
});
after(() => t?.close());

type Json = Record<string, unknown>;
const put = (m: { systemId: string }, form: Values, who: TestUser = t.admin) =>
  t.request(who, "PUT", `machines/${m.systemId}/`, { form });
const op = (m: { systemId: string }, name: string, form: Values = {}) =>
  t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: name }, form });

/** Ready, with a disk to install on and a link to a subnet. */
async function readyMachine(columns: Record<string, unknown> = {}): Promise<AddedMachine> {
  const { kysely } = t.db;
  const m = await addMachine(t, "ready", columns);
  const disk = { node_id: m.id, name: "sda", size_bytes: 20_000_000_000, block_size_bytes: 512 };
  const { id } = await kysely.insertInto("block_device").values(disk).returning("id").executeTakeFirstOrThrow();
  const root = { fstype: "ext4", mount_point: "/", uuid: "6c1cbb6c-5fc5-4a3c-8d87-2f6a4b9b1a11" };
  await kysely
    .insertInto("filesystem")
    .values({ ...root, node_id: m.id, block_device_id: id })
    .execute();
  const subnet = await kysely
    .insertInto("subnet")
    .values({ name: m.hostname, cidr: `10.${m.id % 200}.0.0/24`, vlan_id: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const nic = await kysely.selectFrom("interface").select("id").where("node_id", "=", m.id).executeTakeFirstOrThrow();
  await kysely.insertInto("ip_address").values({ alloc_type: 0, interface_id: nic.id, subnet_id: subnet.id }).execute();
  return m;
}

const system = (reply: { json: unknown }) => {
  const { osystem, distro_series, hwe_kernel } = reply.json as Json;
  return [osystem, distro_series, hwe_kernel];
};

/** Every image of this system comes with this kernel. */
const nameKernel = (name: string, kernel: string) =>
  t.db.kysely
    .updateTable("boot_resource")
    .set({ architecture: `amd64/${kernel}` })
    .where("name", "=", name)
    .execute();

test("what was chosen beforehand is shown, installed by the next deploy, and used up by it", async () => {
  const m = await readyMachine();
  const chosen = await put(m, { osystem: "ubuntu", distro_series: "jammy", disable_ipv4: "true" });
  assert.equal(chosen.status, 200, chosen.text);
  assert.deepEqual(system(chosen), ["ubuntu", "jammy", null]);
  assert.equal((await machineRow(t, m.systemId)).osystem, "", "nothing is installed yet");
  const deployed = await op(m, "deploy");
  assert.equal(deployed.status, 200, deployed.text);
  assert.deepEqual(system(deployed), ["ubuntu", "jammy", null]);
  assert.deepEqual((await machineRow(t, m.systemId)).deploy_preset, {});
});

test("a deploy that names a system installs that; cleared, the default is back", async () => {
  const named = await readyMachine();
  await put(named, { distro_series: "ubuntu/jammy" });
  assert.deepEqual(system(await op(named, "deploy", { distro_series: "debian/bookworm" })), [
    "debian",
    "bookworm",
    null,
  ]);
  const cleared = await readyMachine();
  await put(cleared, { distro_series: "jammy" });
  assert.deepEqual(system(await put(cleared, { osystem: "", distro_series: "" })), ["", "", null]);
  assert.deepEqual(system(await op(cleared, "deploy")), ["debian", "bookworm", null]);
});

test("what no image has is refused by name, and changes nothing", async () => {
  const m = await readyMachine();
  const before = await machineRow(t, m.systemId);
  for (const [form, field] of [
    [{ distro_series: "plan9" }, "distro_series"],
    [{ osystem: "ubuntu" }, "distro_series"],
    [{ hwe_kernel: "hwe-99.04" }, "hwe_kernel"],
  ] as [Values, string][]) {
    const reply = await put(m, form);
    assert.deepEqual([reply.status, Object.keys(reply.json as object)], [400, [field]], JSON.stringify(form));
  }
  const deploy = await op(m, "deploy", { hwe_kernel: "hwe-99.04" });
  assert.equal(deploy.status, 400);
  assert.match(String((deploy.json as Json).hwe_kernel), /hwe-99\.04.*brings its own/);
  assert.deepEqual(await machineRow(t, m.systemId), before);
});

test("a kernel is one that an image carries, and new enough for the machine", async () => {
  await nameKernel("ubuntu/jammy", "hwe-22.04");
  const m = await readyMachine({ min_hwe_kernel: "ga-22.04" });
  const refused = await op(m, "deploy", { distro_series: "jammy", hwe_kernel: "ga-22.04" });
  assert.match(String((refused.json as Json).hwe_kernel), /ga-22\.04.*choose one of hwe-22\.04/);
  assert.equal(system(await op(m, "deploy", { distro_series: "jammy" }))[2], "hwe-22.04", "new enough");
  const old = await readyMachine({ min_hwe_kernel: "hwe-24.04" });
  assert.equal((await op(old, "deploy", { distro_series: "jammy" })).status, 400);
  await nameKernel("ubuntu/jammy", "generic");
});

test("crash dumps: as asked, else as the machine or the settings have it; never where they cannot be kept", async () => {
  const kept = async (columns: Json, form: Values) => {
    const m = await readyMachine({ cpu_count: 8, memory_mib: 16384, ...columns });
    const reply = await op(m, "deploy", form);
    assert.equal(reply.status, 200, reply.text);
    return (reply.json as Json).enable_kernel_crash_dump;
  };
  assert.equal(await kept({}, {}), false);
  assert.equal(await kept({}, { enable_kernel_crash_dump: "true" }), true);
  assert.equal(await kept({ enable_kernel_crash_dump: true }, {}), true);
  assert.equal(await kept({ enable_kernel_crash_dump: true }, { enable_kernel_crash_dump: "false" }), false);
  assert.equal(await kept({ cpu_count: 2 }, { enable_kernel_crash_dump: "true" }), false);
  const query = { op: "set_config" };
  const set = (value: string) =>
    t.request(t.admin, "POST", "maas/", { query, form: { name: "enable_kernel_crash_dump", value } });
  await set("true");
  assert.equal(await kept({}, {}), true);
  await set("false");
  const m = await readyMachine();
  assert.equal(((await put(m, { enable_kernel_crash_dump: "yes" })).json as Json).enable_kernel_crash_dump, true);
});

test("a new machine may be given all of it; where it belongs is for administrators to say", async () => {
  const create = (who: TestUser | null, form: Values) =>
    t.request(who, "POST", "machines/", { form: { architecture: "amd64", ...form } });
  const mac_addresses = "52:54:00:fe:00:01";
  const rackd = await create(t.admin, { mac_addresses, install_rackd: "true" });
  assert.deepEqual([rackd.status, Object.keys(rackd.json as object)], [400, ["install_rackd"]]);
  const made = await create(t.admin, { mac_addresses, osystem: "ubuntu", distro_series: "jammy", commission: "false" });
  assert.equal(made.status, 200, made.text);
  assert.deepEqual(system(made), ["ubuntu", "jammy", null]);
  for (const name of ["zone", "pool"]) {
    const reply = await create(t.user, { mac_addresses: "52:54:00:fe:00:02", [name]: "default" });
    assert.equal(reply.status, 403, name);
    assert.match(reply.text, new RegExp(name));
  }
  await t.db.kysely.insertInto("zone").values({ name: "vault" }).execute();
  const stranger = await create(null, { mac_addresses: "52:54:00:fe:00:03", zone: "vault", osystem: "plan9" });
  assert.equal(stranger.status, 200, "its enlistment does not fail for it");
  const { system_id } = stranger.json as { system_id: string };
  assert.deepEqual([(await machineRow(t, system_id)).zone_id, (await machineRow(t, system_id)).deploy_preset], [1, {}]);
});

test("force is about machines that host virtual machines: of others nothing is forced", async () => {
  const m = await readyMachine({ status: 10, owner_id: t.user.id });
  const locked = await readyMachine({ status: 6, owner_id: t.user.id, locked: true });
  for (const [method, path] of [
    ["DELETE", `machines/${locked.systemId}/?force=true`],
    ["POST", `machines/${locked.systemId}/?op=release&force=true`],
  ] as const)
    assert.equal((await t.request(t.admin, method, path)).status, 403, `${method}: the lock holds`);
  const released = await op(m, "release", { force: "true" });
  assert.equal(released.status, 200, released.text);
  assert.equal(
    (await t.request(t.admin, "DELETE", `machines/${m.systemId}/`, { query: { force: "true" } })).status,
    204,
  );
});
