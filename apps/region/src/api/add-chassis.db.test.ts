/** machines add_chassis: a rack asks the hypervisor, what it has comes up as machines. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "@rackwright/testkit/until";
import { DomainError } from "@rackwright/domain/errors";
import { startChassisWorkflow } from "../app/chassis.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { addVmHost, type FakeVmHost, vmFacts } from "../testing/vm-hosts.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
const URI = "qemu+ssh://root@10.0.0.9/system";
let t: TestRegion;
let host: FakeVmHost;
let rack: number;
before(async () => {
  t = await testRegion();
  const { rows } = await t.db.pool.query(
    "insert into node (system_id, hostname, node_type) values ('rackaa', 'rack-a', 2), ('rackbb', 'rack-b', 2) returning id",
  );
  rack = rows[0].id;
  await startChassisWorkflow(t.region);
});
after(() => t?.close());

const add = (form: Record<string, string>, who: typeof t.admin | null = t.admin) =>
  t.request(who, "POST", "/machines/", { query: { op: "add_chassis" }, form });
const machines = async (): Promise<Json[]> => (await t.request(t.admin, "GET", "/machines/")).json as Json[];

test("nobody can ask before a rack is connected, and only administrators may", async () => {
  assert.equal((await add({ chassis_type: "virsh", hostname: URI })).status, 503);
  assert.equal((await add({ chassis_type: "virsh", hostname: URI }, t.user)).status, 403);
  assert.equal((await add({ chassis_type: "virsh", hostname: URI }, null)).status, 401);
  host = addVmHost(t, rack);
  host.facts.machines = ["web-1", "web-2", "db-1"].map((name, i) =>
    vmFacts(name, { cores: 2, interfaces: [{ mac: `52:54:00:aa:00:0${i}`, attachedTo: "default" }] }),
  );
});

test("its machines come up as New, those that are known are passed over", async () => {
  const form = { chassis_type: "virsh", hostname: URI, password: "hidden secret", prefix_filter: "web-" };
  const reply = await add({ ...form, rack_controller: "rack-a" });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.text, `Asking rack-a to add machines from chassis ${URI}`);
  const found = await until(
    async () => {
      const all = await machines();
      return all.length === 2 ? all : undefined;
    },
    { what: "two machines to come up" },
  );
  assert.deepEqual(found.map((m) => `${m.hostname} ${m.status_name} ${m.power_type} ${m.cpu_count}`).sort(), [
    "web-1 New virsh 2",
    "web-2 New virsh 2",
  ]);
  const { rows } = await t.db.pool.query("select data::text as data from pgboss.job where name = 'chassis'");
  assert.ok(rows.length > 0 && !rows.some((row) => row.data.includes("hidden secret")));
  await add({ chassis_type: "powerkvm", hostname: URI, accept_all: "true" });
  await until(async () => (await machines()).length === 3, { what: "the third machine" });
});

test("servers of a UCS Manager come up with the power parameters that switch them", async () => {
  const asked: Json[] = [];
  t.racks.answer("chassisServers", (target) => {
    asked.push(target);
    const server = { name: "ucs-1", architecture: "amd64/generic", cores: 16, memoryMib: 65_536 };
    const uuid = "1b4e28ba-2fa1-11d2-0101-b9a761bde3fb";
    return { servers: [{ ...server, macs: ["00:25:b5:00:00:1a", "00:25:b5:00:00:1b"], parameters: { uuid } }] };
  });
  const form = { chassis_type: "ucsm", hostname: "ucs.example", username: "admin", password: "hidden secret" };
  assert.equal((await add(form)).status, 200);
  const made = await until(async () => (await machines()).find(({ hostname }) => hostname === "ucs-1"), {
    what: "the server to come up",
  });
  const reach = { power_address: "https://ucs.example", power_user: "admin", power_pass: "hidden secret" };
  assert.deepEqual(asked, [{ type: "ucsm", parameters: reach }]);
  assert.deepEqual([made.power_type, made.cpu_count, made.memory, made.interface_set.length], ["ucsm", 16, 65_536, 2]);
  const path = `/machines/${made.system_id}/`;
  const { json } = await t.request(t.admin, "GET", path, { query: { op: "power_parameters" } });
  assert.deepEqual(json, { ...reach, uuid: "1b4e28ba-2fa1-11d2-0101-b9a761bde3fb" });
});

test("what cannot be is refused, with the option's name", async () => {
  for (const [form, field] of [
    [{ chassis_type: "nosuch", hostname: "h" }, "chassis_type"],
    [{ hostname: "h" }, "chassis_type"],
    [{ chassis_type: "virsh" }, "hostname"],
    [{ chassis_type: "virsh", hostname: "no uri" }, "hostname"],
    [{ chassis_type: "virsh", hostname: URI, username: "root" }, "username"],
    [{ chassis_type: "ucsm", hostname: "h" }, "username"],
    [{ chassis_type: "ucsm", hostname: "h h", username: "u", password: "p" }, "hostname"],
    [{ chassis_type: "vmware", hostname: "h", username: "u", password: "p" }, "chassis_type"],
  ] as const) {
    const reply = await add(form);
    assert.deepEqual([reply.status, Object.keys((reply.json ?? {}) as Json)], [400, [field]], reply.text);
  }
  for (const more of [{ domain: "nosuch" }, { rack_controller: "nosuch" }])
    assert.equal((await add({ chassis_type: "virsh", hostname: URI, ...more })).status, 404);
  // Known, and away.
  assert.equal((await add({ chassis_type: "virsh", hostname: URI, rack_controller: "rackbb" })).status, 503);
});

test("what goes wrong afterwards is an event with the reason", async () => {
  t.racks.answer("vmHostDiscover", () => {
    throw new DomainError("power_failed", "No route to host");
  });
  const other = "qemu+ssh://root@10.0.0.10/system";
  assert.equal((await add({ chassis_type: "virsh", hostname: other })).status, 200);
  const texts = async () =>
    ((await t.request(t.admin, "GET", "/events/", { query: { op: "query", level: "AUDIT" } })).json as Json).events.map(
      (e: Json) => e.description,
    );
  await until(async () => (await texts()).some((text: string) => /10\.0\.0\.10.*No route to host/.test(text)), {
    what: "the event",
  });
});
