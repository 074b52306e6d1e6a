/**
 * What belongs to somebody: its owner, another user and an administrator at every action on one object that is open to users. Who may do
 * what is in one list; an action that is in none of it fails here by its name.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import type { Action } from "@rackwright/contract/action";
import { allActions } from "@rackwright/contract/table";
import { statusCode } from "@rackwright/domain/machine/status";
import { caller } from "../testing/api-calls.ts";
import { changed, stateOf, tablesOf } from "../testing/fuzz/state.ts";
import { addMachine, type AddedMachine } from "../testing/machines.ts";
import { partsOf, type PathValues } from "../testing/one-of-each.ts";
import { type TestRegion, testRegion, type TestUser } from "../testing/region.ts";

let t: TestRegion;
let machine: AddedMachine;
/** Values for the parameters of a path, by the resource's name. */
let paths: PathValues;

/** Of a user's machine: whoever has it, and administrators. Everybody else is refused, reading too. */
const OWNERS = `
  Bcache BcacheCacheSet BcacheCacheSets Bcaches BlockDevice BlockDevices Partition Partitions Raid Raids VmfsDatastore VmfsDatastores
  VolumeGroup VolumeGroups Machine Node NodeScriptResult NodeScriptResults NodeDevice NodeDevices Interfaces.read Interface.read
  File SSHKey SSLKey IPRange.update IPRange.delete
  Device
`;
/** How a machine is wired is for administrators, whoever has it; how a device is, for its owner. Notifications are each user's own. */
const ADMINISTRATORS = `
  Interfaces.create_physical Interface.update Interface.delete Interface.add_tag Interface.remove_tag Interface.link_subnet
  Interface.unlink_subnet Interface.disconnect Interface.set_default_gateway
  RackController.power_on RackController.power_off RackController.abort
`;
/** Everybody who has a key: what machines are in, what is installed on them, and which devices are there. */
const EVERYBODY = `
  BootResource DHCPSnippet Discovery DNSResource DNSResourceRecord Domain Fabric IPRange.read Network NodeScript PackageRepository Pod
  ReservedIp ResourcePool Space StaticRoute Subnet Tag User VirtualMachine Vlan Vlans VmCluster VmHost Zone
  RackController.read RackController.details RackController.query_power_state RegionController
  Device.read Device.details
`;
/** That a machine is broken is said by whoever has it; administrators have other means. */
const OWNERS_ALONE = "Machine.mark_broken";
/** Looked at elsewhere, or the same whoever asks. */
const APART = `
  Notification AgentConfig
`;
const words = (text: string) => new Set(text.trim().split(/\s+/));
const kinds = {
  owners: words(OWNERS),
  administrators: words(ADMINISTRATORS),
  everybody: words(EVERYBODY),
  apart: words(APART),
};

const keyOf = (action: Action) => `${action.resource.name}.${action.name}`;
const isOf = (kind: keyof typeof kinds) => (action: Action) =>
  kinds[kind].has(keyOf(action)) ||
  (kinds[kind].has(action.resource.name) && !Object.values(kinds).some((names) => names.has(keyOf(action))));
const open = allActions().filter((action) => action.access === "user" && action.resource.path.includes("{"));

before(async () => {
  t = await testRegion();
  machine = await addMachine(t, "ready");
  paths = await partsOf(t, machine);
  await own();
});
after(() => t?.close());

/** As it was before anybody did anything to it. */
const own = () =>
  t.db.kysely
    .updateTable("node")
    .set({ status: statusCode.allocated, owner_id: t.user.id, locked: false })
    .where("id", "=", machine.id)
    .execute();

const sample: Record<string, string> = {
  fstype: "ext4",
  mount_point: "/x",
  mac_address: "52:54:03:00:00:01",
  tag: "a-tag",
  id: "1",
  mode: "LINK_UP",
};

function visit(who: TestUser | null, action: Action, headers?: Record<string, string>) {
  const values: Record<string, string | number> = { system_id: machine.systemId, ...paths[action.resource.name] };
  const path = action.resource.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "1"));
  const needed = Object.entries(action.params).filter(([name, param]) => param.required || name === "mode");
  const fields = Object.fromEntries(needed.map(([name]) => [name, sample[name] ?? "1"]));
  const inQuery = action.method === "GET" || action.method === "DELETE";
  const op = action.op === null ? {} : { op: action.op };
  return t.request(who, action.method, path, {
    query: inQuery ? { ...fields, ...op } : op,
    ...(inQuery ? {} : { form: fields }),
    ...(headers ? { headers } : {}),
  });
}

/** Ask one after the other, and name those that answer otherwise. What deletes comes last. */
async function each(actions: readonly Action[], who: TestUser, wanted: (status: number) => boolean): Promise<void> {
  const wrong: string[] = [];
  for (const action of actions.toSorted((a, b) => rank(a) - rank(b))) {
    await own();
    const { status, text } = await visit(who, action);
    if (!wanted(status)) wrong.push(`${who.username} ${keyOf(action)}: ${status} ${text.slice(0, 120)}`);
  }
  assert.deepEqual(wrong, []);
}

const rank = (action: Action) => Number(action.method === "DELETE" || action.name === "delete");
const isRefused = (status: number) => status === 403 || status === 404;
const isTaken = (status: number) => status !== 401 && status !== 403 && status !== 404 && status < 500;

test("every action on one object that is open to users is in the list, once", () => {
  const wrong = open
    .map((action) => ({
      key: keyOf(action),
      of: (Object.keys(kinds) as (keyof typeof kinds)[]).filter((kind) => isOf(kind)(action)),
    }))
    .filter(({ of }) => of.length !== 1);
  assert.deepEqual(wrong, [], "say in the list who may do it");
});

test("what belongs to somebody is nobody else's, and refusing changes nothing", async () => {
  const tables = await tablesOf(t.db);
  const state = await stateOf(t.db, tables);
  await each(open.filter(isOf("owners")), t.other, isRefused);
  await each(open.filter(isOf("administrators")), t.other, isRefused);
  assert.deepEqual(changed(state, await stateOf(t.db, tables)), []);
});

test("what is for administrators is not for owners", async () => {
  await each(open.filter(isOf("administrators")), t.user, isRefused);
});

test("what is for everybody is refused to nobody who has a key", async () => {
  await each(open.filter(isOf("everybody")), t.other, (status) => status !== 401 && status !== 403 && status < 500);
});

test("an owner is let in, and so is an administrator", async () => {
  const owners = open.filter(isOf("owners"));
  const personal = new Set(["File", "SSHKey", "SSLKey"]);
  const shared = owners.filter((action) => keyOf(action) !== OWNERS_ALONE && !personal.has(action.resource.name));
  await each(
    shared.filter((action) => rank(action) === 0),
    t.admin,
    isTaken,
  );
  await own();
  const marked = await visit(t.admin, open.find((action) => keyOf(action) === OWNERS_ALONE) as Action);
  assert.equal(marked.status, 403, marked.text);
  await each(
    open.filter((action) => isOf("administrators")(action) && rank(action) === 0),
    t.admin,
    isTaken,
  );
  await each(owners, t.user, isTaken);
});

test("a rack's credentials, and a key whose user was deactivated, open none of the API", async () => {
  const token = "t".repeat(40);
  const { id } = await t.db.kysely
    .selectFrom("node")
    .select("id")
    .where("system_id", "=", "rackid")
    .executeTakeFirstOrThrow();
  const row = { node_id: id, token_hash: createHash("sha256").update(token).digest() };
  await t.db.kysely.insertInto("rack_credential").values(row).execute();
  const former = await t.addUser("former", { superuser: true });
  await t.db.kysely.updateTable("app_user").set({ is_active: false }).where("id", "=", former.id).execute();
  const closed = allActions().filter((action) => action.access !== "anonymous");
  const wrong: string[] = [];
  for (const action of closed) {
    const asRack = await visit(null, action, { authorization: `Rack rackid:${token}` });
    if (asRack.status !== 401) wrong.push(`rack ${keyOf(action)}: ${asRack.status}`);
    const gone = await visit(former, action);
    if (gone.status !== 403) wrong.push(`deactivated ${keyOf(action)}: ${gone.status}`);
  }
  assert.deepEqual(wrong, []);
});

test("operations on many take none of somebody else", async () => {
  await own();
  const other = caller(t, t.other);
  const user = caller(t, t.user);
  const device = await user.made("/devices/", { hostname: "mine-2", mac_addresses: "52:54:02:00:00:02" });
  const theirs = await addMachine(t, "allocated", { owner_id: t.user.id });
  const subnet = (await user.get("/subnets/")).json[0];
  const reserved = await user.made("/ipaddresses/?op=reserve", { subnet: subnet.cidr, ip: "10.40.0.77" });
  const token = await user.made("/account/?op=create_authorisation_token", { name: "mine" });
  const tables = await tablesOf(t.db);
  const state = await stateOf(t.db, tables);
  const asked: Record<string, [string, Record<string, string>]> = {
    release: ["/machines/?op=release", { machines: machine.systemId }],
    allocate: ["/machines/?op=allocate", { system_id: machine.systemId }],
    clone: ["/machines/?op=clone", { source: machine.systemId, destinations: theirs.systemId, storage: "1" }],
    zone: ["/nodes/?op=set_zone", { nodes: device.system_id, zone: "default" }],
    address: ["/ipaddresses/?op=release", { ip: reserved.ip }],
    token: ["/account/?op=delete_authorisation_token", { token_key: token.token_key }],
    rename: ["/account/?op=update_token_name", { token: token.token_key, name: "theirs" }],
  };
  for (const [what, [path, form]] of Object.entries(asked)) {
    const { status } = await other.post(path, form);
    assert.ok(status >= 400 && status < 500, `${what}: ${status}`);
  }
  assert.deepEqual(changed(state, await stateOf(t.db, tables)), []);
  const ids = async (path: string) => (await other.get(path)).json.map((one: { system_id: string }) => one.system_id);
  for (const list of ["/machines/", "/nodes/", "/devices/"]) {
    const seen = await ids(list);
    for (const id of [machine.systemId, theirs.systemId]) assert.ok(!seen.includes(id), `${list} ${id}`);
  }
  for (const list of ["/files/", "/account/prefs/sshkeys/", "/account/prefs/sslkeys/"])
    assert.deepEqual((await other.get(list)).json, [], list);
  assert.deepEqual((await other.get(`/events/?op=query&id=${machine.systemId}`)).json.events, []);
});
