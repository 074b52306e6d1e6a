/** Deployments that end in a VM host, seen from the machine: what it is told, and what its word makes of it. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { DomainError } from "@rackwright/domain/errors";
import { until } from "@rackwright/testkit/until";
import { parse } from "yaml";
import type { Token } from "../auth/tokens.ts";
import { type Caller, caller, type Json, refused } from "../testing/api-calls.ts";
import { deployable } from "../testing/deployable.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type AddedMachine, addImage, addMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { addVmHost, type FakeVmHost, vmFacts } from "../testing/vm-hosts.ts";
import { startVmHostWorkflow } from "../workflows/vm-host.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
let host: FakeVmHost;
let rackId: number;
const { preseed, report, signal } = machineSide(() => t);
before(async () => {
  t = await testRegion();
  await addImage(t);
  admin = caller(t, t.admin);
  user = caller(t, t.user);
  rackId = (await addMachine(t, "new", { node_type: 2 })).id;
  await startVmHostWorkflow(t.region, { patienceMs: 1000 });
});
beforeEach(() => {
  host = addVmHost(t, rackId);
});
after(() => t?.close());

const machine = async (m: AddedMachine): Promise<Json> => (await admin.get(`/machines/${m.systemId}/`)).json;
const hostsOf = async (m: AddedMachine): Promise<Json[]> =>
  (await admin.get("/vm-hosts/")).json.filter((one: Json) => one.host?.system_id === m.systemId);
/** All parts, one after the other. */
const vendorData = async (token: Token, tree = ""): Promise<string> => {
  const { text } = await t.request(token, "GET", at(`${tree}latest/meta-data/vendor-data`));
  return [parse(text)["cloud-init"]].flat().join("\n");
};
const finish = (name: string, result = "SUCCESS") => ({
  event_type: "finish",
  origin: "cloudinit",
  name,
  description: `running ${name}`,
  result,
  timestamp: 1,
});
const reaches = (m: AddedMachine, status: string) =>
  until(async () => (await statusOf(t, m.systemId)) === status, { what: `${m.hostname} to be ${status}` });
const asked = () => t.racks.calls.filter(({ method }) => method === "vmHostDiscover");

/** Asked to become a VM host, and as far as its installed system. */
async function installed(fields: Record<string, string> = { install_kvm: "True" }) {
  const m = await deployable(t, "allocated", { owner_id: t.admin.id });
  await admin.made(`/machines/${m.systemId}/?op=deploy`, fields);
  const { secret } = await netboot(t, m.mac);
  const token = credentialsIn((await preseed(m.systemId, secret)).text);
  assert.doesNotMatch(await vendorData(token, "curtin/"), /chpasswd/, "the installing system needs none of it");
  await t.request(token, "POST", at(`latest/by-id/${m.systemId}/`), { form: { op: "netboot_off" } });
  // The installing system's own end.
  await report(token, m.systemId, finish("modules-final"));
  return { ...m, token };
}

/** The installed system has fetched all it gets. */
async function settingUp(fields?: Record<string, string>) {
  const m = await installed(fields);
  const script = await vendorData(m.token);
  await t.request(m.token, "GET", at("latest/user-data"));
  assert.equal(await statusOf(t, m.systemId), "deploying");
  assert.equal((await machineRow(t, m.systemId)).waiting_for, "vm_host_setup");
  return { ...m, script, password: /^virsh:([\w-]{32})$/m.exec(script)?.[1] ?? "" };
}

test("a machine becomes a VM host, and is Deployed when that was spoken to", async () => {
  host.facts.machines = [vmFacts("old", { interfaces: [{ mac: "52:54:00:99:00:01", attachedTo: "maas" }] })];
  const m = await settingUp();
  assert.match(m.script, /^#cloud-config\n[\s\S]*^#!\/bin\/sh$/m);
  assert.match(m.script, /apt-get .*install[\s\S]*libvirt-daemon-system/);
  assert.equal(m.password.length, 32);
  assert.equal((await machineRow(t, m.systemId)).agent_name, "maas-kvm-pod");
  assert.deepEqual(asked(), [], "it is not done yet");

  assert.equal((await report(m.token, m.systemId, finish("modules-final"))).status, 204);
  await reaches(m, "deployed");
  const [made, ...more] = await hostsOf(m);
  assert.deepEqual([more, made.type, made.name, made.total.cores], [[], "virsh", m.hostname, 8]);
  const { ip_addresses: addresses, zone, pool } = await machine(m);
  assert.deepEqual((await admin.get(`/vm-hosts/${made.id}/?op=parameters`)).json, {
    power_address: `qemu+ssh://virsh@${addresses[0]}/system`,
    power_pass: m.password,
  });
  assert.deepEqual([made.zone.name, made.pool.name], [zone.name, pool.name]);
  assert.equal((asked().at(-1) as Json).params.installedAnew, true);
  assert.equal((await admin.get(`/machines/?pod=${m.hostname}`)).json[0].hostname, "old");

  // It says so again, and starts again: nothing more comes of it.
  await report(m.token, m.systemId, finish("modules-final"));
  await t.request(m.token, "GET", at("latest/user-data"));
  assert.equal((await hostsOf(m)).length, 1);
  assert.equal(await statusOf(t, m.systemId), "deployed");
  assert.doesNotMatch(await vendorData(m.token), /virsh/, "once it is set up nobody is told the password");
  assert.equal((await machineRow(t, m.systemId)).vm_host_password, null);

  const { rows } = await t.db.pool.query("select coalesce(jsonb_agg(e), '[]')::text as text from event e");
  assert.match(rows[0].text, new RegExp(`Added VM host '${m.hostname}'`));
  for (const table of ["event", "evidence", "change", "node", "vm_host"]) {
    const all = await t.db.pool.query(`select * from ${table} r where r::text like '%' || $1 || '%'`, [m.password]);
    assert.equal(all.rows.length, 0, `the password is in ${table}`);
  }

  // Given back, it is none any more; that has to be said.
  const kept = await admin.post(`/machines/${m.systemId}/?op=release`);
  assert.deepEqual([kept.status, kept.json.includes?.(m.hostname)], [400, true]);
  const many = await admin.post("/machines/?op=release", { machines: m.systemId });
  assert.equal(many.status, 400);
  assert.equal(await statusOf(t, m.systemId), "deployed");
  await admin.made(`/machines/${m.systemId}/?op=release`, { force: "true" });
  assert.deepEqual([await hostsOf(m), (await machineRow(t, m.systemId)).install_kvm], [[], false]);
  assert.equal((await admin.get("/machines/?hostname=old")).json.length, 0, "its machines went with it");
});

test("it waits for a rack and for the host, and takes no harm from being asked twice", async () => {
  t.racks.disconnect(rackId);
  const m = await settingUp();
  await Promise.all([1, 2, 3].map(() => report(m.token, m.systemId, finish("modules-final"))));
  assert.equal((await machineRow(t, m.systemId)).waiting_for, "vm_host");
  assert.deepEqual(await hostsOf(m), []);
  host = addVmHost(t, rackId);
  await reaches(m, "deployed");
  assert.equal((await hostsOf(m)).length, 1);
});

test("what goes wrong is a failed deployment that names the step, and no VM host", async () => {
  const errorOf = async (m: AddedMachine) => (await machineRow(t, m.systemId)).error_description;
  const script = await settingUp();
  await report(script.token, script.systemId, finish("modules-final", "FAIL"));
  assert.equal(await statusOf(t, script.systemId), "failed_deployment");
  assert.match(await errorOf(script), /Setting up the VM host failed: cloudinit ended modules-final/);

  const told = await settingUp();
  await signal(told.token, { status: "FAILED", error: "no room" });
  assert.equal(await statusOf(t, told.systemId), "failed_deployment");

  const reason = "permission denied: check the user";
  t.racks.answer("vmHostDiscover", () => {
    throw new DomainError("power_failed", reason);
  });
  const unreachable = await settingUp();
  await report(unreachable.token, unreachable.systemId, finish("modules-final"));
  await reaches(unreachable, "failed_deployment");
  assert.match(await errorOf(unreachable), /Registering it as a VM host failed: .*permission denied/);
  assert.doesNotMatch(JSON.stringify(await machine(unreachable)), new RegExp(unreachable.password));
  for (const m of [script, told, unreachable]) assert.deepEqual(await hostsOf(m), []);

  // Given back and deployed again, it has another password.
  host = addVmHost(t, rackId);
  await admin.made(`/machines/${unreachable.systemId}/?op=release`);
  assert.equal((await machineRow(t, unreachable.systemId)).vm_host_password, null);

  const aborted = await settingUp();
  t.racks.disconnect(rackId);
  await report(aborted.token, aborted.systemId, finish("modules-final"));
  await admin.made(`/machines/${aborted.systemId}/?op=abort`);
  addVmHost(t, rackId);
  const next = await settingUp();
  await report(next.token, next.systemId, finish("modules-final"));
  await reaches(next, "deployed");
  assert.deepEqual([await statusOf(t, aborted.systemId), await hostsOf(aborted)], ["allocated", []]);
});

test("one that is not asked to become a VM host, and anybody else's word, make none", async () => {
  const plain = await installed({});
  assert.doesNotMatch(await vendorData(plain.token), /virsh/);
  await t.request(plain.token, "GET", at("latest/user-data"));
  assert.equal(await statusOf(t, plain.systemId), "deployed");
  await report(plain.token, plain.systemId, finish("modules-final"));
  await signal(plain.token, { status: "WORKING", power_type: "virsh", power_parameters: '{"power_pass":"mine"}' });
  assert.deepEqual(await hostsOf(plain), []);

  const m = await settingUp();
  const wrong = { ...m.token, tokenSecret: "guessed" };
  assert.equal((await report(null, m.systemId, finish("modules-final"))).status, 401);
  for (const token of [wrong, plain.token, await t.addToken(t.admin)])
    assert.equal((await report(token, m.systemId, finish("modules-final"))).status, 204);
  assert.equal((await machineRow(t, m.systemId)).waiting_for, "vm_host_setup", "dropped, whoever said it");
  assert.equal((await t.request(null, "GET", at("latest/meta-data/vendor-data"))).status, 401);
  assert.equal((await t.request(wrong, "GET", at("latest/meta-data/vendor-data"))).status, 403);
  assert.doesNotMatch(await vendorData(plain.token), /virsh/, "another machine is told its own");
});

test("administrators alone may ask for it, for what can be done", async () => {
  const mine = await deployable(t, "allocated", { owner_id: t.user.id });
  for (const op of ["deploy", "power_on"])
    for (const field of ["install_kvm", "register_vmhost"])
      assert.equal((await user.post(`/machines/${mine.systemId}/?op=${op}`, { [field]: "true" })).status, 403);
  for (const op of ["deploy", "power_on"]) {
    const path = `/machines/${mine.systemId}/?op=${op}`;
    assert.deepEqual(await refused(admin.post(path, { register_vmhost: "true" })), ["register_vmhost"]);
  }
  assert.equal(await statusOf(t, mine.systemId), "allocated");
  const ephemeral = await admin.post(`/machines/${mine.systemId}/?op=deploy`, {
    install_kvm: "true",
    ephemeral_deploy: "true",
  });
  assert.equal(ephemeral.status, 400);
  for (const word of ["True", "true", "1"]) {
    const m = await deployable(t, "ready");
    await admin.made(`/machines/${m.systemId}/?op=deploy`, { install_kvm: word });
    assert.equal((await machineRow(t, m.systemId)).install_kvm, true);
    const nics: Json[] = (await machine(m)).interface_set;
    assert.ok(
      nics.some((nic) => nic.type === "bridge"),
      "its machines get to its own wire by bridges",
    );
  }
  const on = await deployable(t, "allocated", { owner_id: t.admin.id });
  await admin.made(`/machines/${on.systemId}/?op=power_on`, { install_kvm: "true" });
  assert.deepEqual(
    [await statusOf(t, on.systemId), (await machineRow(t, on.systemId)).install_kvm],
    ["deploying", true],
  );
});
