/** commissioning-scripts/, installation-results/ and a node's devices: what older clients and inventories read. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { until } from "@rackwright/testkit/until";
import { runHook } from "../hooks/index.ts";
import { addMachine, type AddedMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const content = "#!/bin/sh\necho hello\n";

test("commissioning scripts are made, listed, read, replaced and deleted by name", async () => {
  const form = { name: "90-hello", content, title: "Hello", tags: "a,b", timeout: "60" };
  const made = await t.request(t.admin, "POST", "/commissioning-scripts/", { form });
  assert.equal(made.status, 200, made.text);
  const script = made.json as Json;
  assert.deepEqual(Object.keys(script), ["name", "content", "deprecated", "resource_uri"]);
  assert.equal(Buffer.from(script.content, "base64").toString(), content);
  const names = (await t.request(t.admin, "GET", "/commissioning-scripts/")).json as string[];
  assert.ok(names.includes("90-hello"));
  const same = (await t.request(t.admin, "GET", "/scripts/90-hello")).json as Json;
  assert.deepEqual([same.type_name, same.title, same.timeout], ["Commissioning script", "Hello", "0:01:00"]);
  const path = script.resource_uri;
  assert.equal((await t.request(t.admin, "GET", path)).text, content);
  const other = content.replace("hello", "bye");
  const put = await t.request(t.admin, "PUT", path, { form: { content: other } });
  assert.deepEqual([put.status, put.text], [200, "OK"]);
  assert.equal((await t.request(t.admin, "GET", path)).text, other);
  for (const method of ["PUT", "POST"]) {
    const reply = await t.request(t.admin, method, method === "PUT" ? path : "/commissioning-scripts/", {
      form: { name: "x" },
    });
    assert.deepEqual([reply.status, Object.keys(reply.json as Json)], [400, ["content"]]);
  }
  const bad = await t.request(t.admin, "PUT", path, { form: { content: "no shebang" } });
  assert.deepEqual([bad.status, Object.keys(bad.json as Json)], [400, ["content"]], bad.text);
  for (const method of ["GET", "PUT", "DELETE"])
    assert.equal((await t.request(t.user, method, path, method === "PUT" ? { form: { content } } : {})).status, 403);
  assert.equal((await t.request(t.admin, "DELETE", path)).status, 204);
  assert.equal((await t.request(t.admin, "DELETE", path)).status, 404);
  // A testing script is none of these.
  const testing =
    "#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: probe\n# script_type: testing\n# --- End MAAS 1.0 script metadata ---\n";
  assert.equal((await t.request(t.admin, "POST", "/scripts/", { form: { script: testing } })).status, 200);
  assert.equal((await t.request(t.admin, "GET", "/commissioning-scripts/probe")).status, 404);
});

async function withResults(machine: AddedMachine, column: string, type: number): Promise<void> {
  const { rows } = await t.db.pool.query("insert into script_set (node_id, result_type) values ($1, $2) returning id", [
    machine.id,
    type,
  ]);
  await t.db.pool.query(`update node set ${column} = $2 where id = $1`, [machine.id, rows[0].id]);
  await t.db.pool.query(
    `insert into script_result (set_id, name, status, exit_status, stdout, stderr) values
      ($1, 'first', 2, 0, 'out', ''), ($1, 'second', 3, 4, 'more', 'went wrong'), ($1, 'third', 0, null, '', '')`,
    [rows[0].id],
  );
}

test("what scripts printed is read of all nodes that one may see, by either path", async () => {
  const mine = await addMachine(t, "deployed", { owner_id: t.user.id });
  const others = await addMachine(t, "deployed", { owner_id: t.other.id });
  await withResults(mine, "commissioning_set_id", 0);
  await withResults(mine, "installation_set_id", 1);
  await withResults(others, "installation_set_id", 1);
  const read = async (query: Record<string, string | string[]>, who = t.user, path = "/installation-results/") =>
    ((await t.request(who, "GET", path, { query })).json as Json[]).map((r) => [
      r.node.system_id,
      r.name,
      r.script_result,
      r.result_type,
      Buffer.from(r.data, "base64").toString(),
    ]);
  assert.deepEqual(await read({ result_type: "1" }), [
    [mine.systemId, "first", 0, 1, "out"],
    [mine.systemId, "second", 4, 1, "more"],
    [mine.systemId, "second.err", 4, 1, "went wrong"],
  ]);
  assert.equal((await read({})).length, 6);
  assert.equal((await read({}, t.admin)).length, 9);
  assert.equal(
    (await read({ system_id: [mine.systemId, others.systemId] }, t.admin, "/commissioning-results/")).length,
    9,
  );
  assert.deepEqual(await read({ system_id: others.systemId, name: "second.err" }, t.admin), [
    [others.systemId, "second.err", 4, 1, "went wrong"],
  ]);
  assert.deepEqual(await read({ name: "nothing" }), []);
  assert.equal((await t.request(t.user, "GET", "/installation-results/", { query: { result_type: "9" } })).status, 400);
  const [first] = (await t.request(t.user, "GET", "/installation-results/")).json as Json[];
  assert.equal(
    Object.keys(first).join(" "),
    "created updated id name script_result result_type node data resource_uri",
  );
});

test("a node's devices: with the card and the disk that they are, filtered, by any of their names, forgotten", async () => {
  const m = await addMachine(t, "commissioning");
  const report = readFileSync(
    new URL("../../../../packages/domain/src/hardware/fixtures/qemu-virtio.json", import.meta.url),
    "utf8",
  );
  const outcome = await transaction(t.db, (tx) => runHook(t.admin.ctx, tx, m.id, "50-maas-01-commissioning", report));
  assert.deepEqual(outcome, { ran: true });
  const list = async (query: Record<string, string> = {}) =>
    (await t.request(t.user, "GET", `/nodes/${m.systemId}/devices/`, { query })).json as Json[];
  const all = await list();
  assert.equal(all.length, 6);
  const disk = all.find((d) => d.pci_address === "0000:00:05.0");
  assert.deepEqual(
    [disk.bus, disk.bus_name, disk.hardware_type_name, disk.physical_blockdevice.name, disk.physical_interface],
    [1, "PCIE", "Storage", "vda", null],
  );
  assert.deepEqual([disk.bus_number, disk.device_number, disk.commissioning_driver], [0, 5, "virtio-pci"]);
  const card = all.find((d) => d.pci_address === "0000:00:02.0");
  assert.equal(card.physical_interface.mac_address, "52:54:00:4d:00:01");
  const usb = await list({ bus: "usb" });
  assert.deepEqual(
    usb.map((d) => [d.bus, d.pci_address, `${d.bus_number}:${d.device_number}`]),
    [[2, null, "1:2"]],
  );
  assert.equal((await list({ hardware_type: "network" })).length, 2);
  assert.equal((await list({ hardware_type: "network", vendor_name: "RED HAT, INC." })).length, 2);
  assert.equal((await list({ product_id: "ffff" })).length, 0);
  const status = async (id: string, method = "GET", who: typeof t.admin | null = t.admin) =>
    (await t.request(who, method, `/nodes/${m.systemId}/devices/${id}/`)).status;
  for (const id of [String(disk.id), "0000:00:05.0", "1:2"]) assert.equal(await status(id), 200, id);
  for (const method of ["GET", "DELETE"]) {
    const path = `/nodes/${m.systemId}/devices/sda/`;
    const reply = await t.request(t.admin, method, path);
    assert.deepEqual(
      [reply.status, reply.text],
      [400, '"sda" is neither a device\'s id nor BUS:DEVICE nor a PCI address.'],
    );
    assert.equal(await status("999999", method), 404);
  }
  assert.equal(await status(String(disk.id), "DELETE", t.user), 403);
  assert.equal(await status(String(disk.id), "DELETE", null), 401);
  assert.equal(await status("1:2", "DELETE"), 204);
  assert.equal(await status("1:2"), 404);
  assert.equal((await list()).length, 5);
  assert.equal((await t.request(t.admin, "GET", "/nodes/nosuch/devices/")).status, 404);
  assert.equal(
    (await t.request(t.admin, "GET", `/nodes/${m.systemId}/devices/`, { query: { bus: "isa" } })).status,
    400,
  );
});

test("the serial number of all zones is set, and the record says so", async () => {
  const set = (serial: string, who: typeof t.admin | null = t.admin) =>
    t.request(who, "POST", "/domains/", { query: { op: "set_serial" }, form: { serial } });
  const reply = await set("2026112101");
  assert.deepEqual([reply.status, reply.json], [200, null]);
  await set("4294967295");
  const { rows } = await t.db.pool.query("select serial from dns_serial");
  assert.deepEqual(rows, [{ serial: 4_294_967_295 }]);
  const recorded = async () =>
    ((await t.request(t.admin, "GET", "/changes/", { query: { after: "0:0", limit: "1000" } })).json as Json).changes
      .filter((change: Json) => change.entity_id === "serial")
      .map((change: Json) => change.payload.serial);
  // Held back while an older transaction is open on this server.
  await until(async () => (await recorded()).length === 2, { what: "the change record to show both" });
  assert.deepEqual(await recorded(), [2_026_112_101, 4_294_967_295]);
  for (const wrong of ["", "0", "4294967296", "x"]) {
    const refused = await set(wrong);
    assert.deepEqual([refused.status, Object.keys(refused.json as Json)], [400, ["serial"]]);
  }
  assert.equal((await set("1", t.user)).status, 403);
  assert.equal((await set("1", null)).status, 401);
});

test("a user is made with an SSH key, or not at all", async () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4 me";
  const create = (username: string, more: Record<string, string>) =>
    t.request(t.admin, "POST", "/users/", {
      form: { username, email: "a@example.com", password: "a password", is_superuser: "0", ...more },
    });
  const refused = await create("keyless", { key: "no key" });
  assert.deepEqual([refused.status, Object.keys(refused.json as Json)], [400, ["key"]]);
  assert.equal((await t.request(t.admin, "GET", "/users/keyless/")).status, 404);
  assert.equal((await create("keyed", { key })).status, 200);
  const { rows } = await t.db.pool.query(
    "select k.key from ssh_key k join app_user u on u.id = k.user_id where u.username = 'keyed'",
  );
  assert.deepEqual(rows, [{ key }]);
});
