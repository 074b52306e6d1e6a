/** Settings, and the short lists that everybody reads: zones, pools, version. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const get = (name: string) => t.request(t.user, "GET", "/maas/", { query: { op: "get_config", name } });
const set = (form: Record<string, string>, who = t.admin) =>
  t.request(who, "POST", "/maas/", { query: { op: "set_config" }, form });

test("a setting is a bare JSON value, changed by administrators, with an audit event", async () => {
  const before = await get("default_dns_ttl");
  assert.deepEqual([before.text, before.headers["content-type"]], ["30", "application/json"]);
  const changed = await set({ name: "default_dns_ttl", value: "60" });
  assert.deepEqual([changed.status, changed.text], [200, "OK"]);
  assert.equal((await get("default_dns_ttl")).text, "60");
  assert.equal((await get("kernel_opts")).text, "null");
  assert.equal((await set({ name: "node-timeout", value: "45" })).status, 200, "a hyphen is an underscore");
  assert.equal((await get("node_timeout")).text, "45");
  const { rows } = await t.db.pool.query<{ username: string; description: string }>(
    "select * from event where level = 0",
  );
  assert.deepEqual(rows[0] && [rows[0].username, rows[0].description], [
    "admin",
    "Updated configuration setting 'default_dns_ttl'.",
  ]);
});

test("unknown names, values that do not fit and missing ones are 400", async () => {
  for (const reply of [
    await get("no_such"),
    await get(""),
    await get("constructor"),
    await set({ name: "no_such", value: "1" }),
    await set({ name: "default_dns_ttl", value: "soon" }),
    await set({ name: "default_dns_ttl" }),
    await set({ value: "1" }),
  ])
    assert.equal(reply.status, 400, reply.text);
});

test("a secret is told to administrators alone", async () => {
  for (const name of ["vcenter_password", "maas_auto_ipmi_k_g_bmc_key", "maas-auto-ipmi-k-g-bmc-key"]) {
    assert.equal((await set({ name, value: "0123456789abcdefghij" })).status, 200);
    const refused = await get(name);
    assert.equal(refused.status, 403, name);
    assert.ok(!refused.text.includes("0123456789abcdefghij"));
    const told = await t.request(t.admin, "GET", "/maas/", { query: { op: "get_config", name } });
    assert.equal(told.json, "0123456789abcdefghij", name);
  }
});

test("zones and pools have the items' addresses", async () => {
  assert.deepEqual((await t.request(t.user, "GET", "/zones/")).json, [
    { name: "default", description: "", id: 1, resource_uri: "/MAAS/api/2.0/zones/default/" },
  ]);
  assert.deepEqual((await t.request(t.user, "GET", "/resourcepools/")).json, [
    { name: "default", description: "Default pool", id: 0, resource_uri: "/MAAS/api/2.0/resourcepool/0/" },
  ]);
});

test("version names what clients look for", async () => {
  const reply = (await t.request(null, "GET", "/version/")).json as { capabilities: string[]; version: string };
  assert.equal(reply.version, "0.1.0-test");
  for (const name of ["networks-management", "authenticate-api"]) assert.ok(reply.capabilities.includes(name), name);
});
