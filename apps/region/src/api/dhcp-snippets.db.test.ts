/** DHCP snippets: written, changed, taken back; what they reach is in reconcile/dhcp.db.test.ts. */
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { type Caller, type Json, refused, regionWithCallers } from "../testing/api-calls.ts";

const { t, admin, user } = await regionWithCallers();
before(async () => {
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, node_type) overriding system value values (900, 'rack01', 'one', 2), (910, 'mach01', 'otter', 0);
    insert into subnet (id, name, cidr, vlan_id) values (7, 'a', '10.7.0.0/24', 1)`);
});
beforeEach(() => t.db.pool.query("delete from dhcp_snippet"));

const ntp = (address: string) => `option ntp-servers ${address};`;

test("a snippet is for all, for a subnet or for a node", async () => {
  const all = await admin.made("/dhcp-snippets/", { name: "time", value: ntp("10.0.0.1"), description: "clock" });
  assert.deepEqual(
    [all.name, all.value, all.description, all.enabled, all.global_snippet, all.node, all.subnet],
    ["time", ntp("10.0.0.1"), "clock", true, true, null, null],
  );
  assert.match(all.history[0].created, /^\w{3}, \d{2} \w{3} \d{4} [\d:]{8} \+0000$/);
  const path = `/dhcp-snippets/${all.id}/`;
  const ofSubnet = (await admin.put(path, { subnet: "cidr:10.7.0.0/24", enabled: "false" })).json;
  assert.deepEqual([ofSubnet.subnet.id, ofSubnet.global_snippet, ofSubnet.enabled], [7, false, false]);
  const ofNode = (await admin.put(path, { node: "mach01" })).json;
  assert.deepEqual(
    [ofNode.subnet, ofNode.node.hostname, ofNode.node.resource_uri],
    [null, "otter", "/MAAS/api/2.0/nodes/mach01/"],
  );
  assert.equal((await admin.put(path, { name: "clocks" })).json.node.hostname, "otter", "what is not named stays");
  assert.equal((await admin.put(path, { global_snippet: "true" })).json.global_snippet, true);
  assert.deepEqual((await user.get("/dhcp-snippets/")).json, [(await user.get(path)).json]);
  assert.equal((await user.put(path, { name: "x" })).status, 403);
  assert.equal((await user.delete(path)).status, 403);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await user.get(path)).status, 404);
});

test("what cannot be served, or is for two things, is refused by its field", async () => {
  const post = (fields: Record<string, string>) =>
    admin.post("/dhcp-snippets/", { name: "x", value: ntp("10.0.0.1"), ...fields });
  assert.deepEqual(await refused(post({ value: 'class "x" { }' })), ["value"]);
  assert.match((await post({ value: 'filename "x";' })).json.value[0], /start from is decided/);
  assert.deepEqual(await refused(post({ value: "default-lease-time 60;", node: "mach01" })), ["value"]);
  assert.deepEqual(await refused(post({ node: "rack01" })), ["node"]);
  assert.deepEqual(await refused(post({ subnet: "none" })), ["subnet"]);
  assert.deepEqual(await refused(post({ node: "mach01", subnet: "7" })), ["subnet"]);
  assert.deepEqual(await refused(post({ global_snippet: "true", subnet: "7" })), ["global_snippet"]);
  assert.deepEqual(await refused(post({ iprange: "1" })), ["iprange"]);
  assert.deepEqual(await refused(admin.post("/dhcp-snippets/", {})), ["name", "value"]);
  assert.equal((await user.post("/dhcp-snippets/", { name: "x", value: ntp("10.0.0.1") })).status, 403);
  assert.deepEqual((await user.get("/dhcp-snippets/")).json, []);
});

test("what it cannot become is refused by its field, and it stays what it is", async () => {
  const made = await admin.made("/dhcp-snippets/", { name: "time", value: ntp("10.0.0.1") });
  const put = (fields: Record<string, string>) => refused(admin.put(`/dhcp-snippets/${made.id}/`, fields));
  assert.deepEqual(await put({ value: 'class "x" { }' }), ["value"]);
  assert.deepEqual(await put({ subnet: "none" }), ["subnet"]);
  assert.deepEqual(await put({ node: "rack01" }), ["node"]);
  assert.deepEqual(await put({ node: "mach01", subnet: "7" }), ["subnet"]);
  assert.deepEqual((await user.get(`/dhcp-snippets/${made.id}/`)).json, made);
});

test("what it said before can be had again", async () => {
  const { id } = await admin.made("/dhcp-snippets/", { name: "time", value: ntp("10.0.0.1") });
  const path = `/dhcp-snippets/${id}/`;
  for (const last of [2, 3]) await admin.put(path, { value: ntp(`10.0.0.${last}`) });
  const { history } = (await user.get(path)).json;
  assert.deepEqual(
    history.map((h: Json) => h.value),
    [3, 2, 1].map((n) => ntp(`10.0.0.${n}`)),
  );
  const revert = (who: Caller, to?: number | string) => who.post(`${path}?op=revert`, to === undefined ? {} : { to });
  assert.equal((await revert(user, -1)).status, 403);
  assert.deepEqual(await refused(revert(admin)), ["to"]);
  assert.deepEqual(await refused(revert(admin, 999_999)), ["to"]);
  assert.deepEqual(await refused(revert(admin, -3)), ["to"]);
  assert.equal((await revert(admin, -1)).json.value, ntp("10.0.0.2"));
  const first = (await revert(admin, history[2].id)).json;
  assert.deepEqual([first.value, first.history.length], [ntp("10.0.0.1"), 1]);
  assert.equal((await admin.post("/dhcp-snippets/9999/?op=revert", { to: 1 })).status, 404);
});
