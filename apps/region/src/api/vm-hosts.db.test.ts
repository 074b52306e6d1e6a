/** VM hosts through the API, with a host in memory. What a real one says: packages/power/src/drivers/virsh.root.test.ts. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { VM, VMHost } from "@rackwright/contract/objects/vm-host";
import { DomainError } from "@rackwright/domain/errors";
import { enlistFromChassis } from "../app/chassis-enlist.ts";
import { refreshOverdueVmHosts } from "../reconcile/vm-hosts.ts";
import { type Caller, caller, type Fields, type Json, refused } from "../testing/api-calls.ts";
import { addImage, addMachine } from "../testing/machines.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";
import { addVmHost, type FakeVmHost, vmFacts } from "../testing/vm-hosts.ts";

let t: TestRegion;
let host: FakeVmHost;
let admin: Caller;
let user: Caller;
let rackId: number;
let count = 0;
before(async () => {
  t = await testRegion();
  await addImage(t);
  admin = caller(t, t.admin);
  user = caller(t, t.user);
  rackId = (await addMachine(t, "new", { node_type: 2 })).id;
});
beforeEach(() => {
  host = addVmHost(t, rackId);
});
after(() => t?.close());

const address = () => `qemu+ssh://root@host-${++count}.example.com/system`;
const create = (fields: Fields = {}): Promise<Json> =>
  admin.made("/vm-hosts/", { type: "virsh", power_address: address(), ...fields });
const machine = async (systemId: string): Promise<Json> => (await admin.get(`/machines/${systemId}/`)).json;

test("a VM host is added with what it has, and read by both of its names", async () => {
  const made = await create({
    name: "kvm-a",
    power_pass: "hush",
    tags: "ssd,big",
    cpu_over_commit_ratio: 2.5,
    default_storage_pool: "fast",
    default_macvlan_mode: "bridge",
  });
  VMHost.parse(made);
  assert.deepEqual(
    {
      ...made,
      zone: made.zone.name,
      pool: made.pool.name,
      id: 0,
      resource_uri: made.resource_uri.replace(String(made.id), "0"),
    },
    {
      name: "kvm-a",
      version: "7.2.0",
      architectures: ["amd64/generic"],
      capabilities: ["composable", "dynamic_local_storage", "over_commit", "storage_pools"],
      pool: "default",
      zone: "default",
      tags: ["ssd", "big"],
      cpu_over_commit_ratio: 2.5,
      memory_over_commit_ratio: 1,
      default_macvlan_mode: "bridge",
      id: 0,
      type: "virsh",
      total: { cores: 8, memory: 16_384, local_storage: 200e9 },
      used: { cores: 0, memory: 0, local_storage: 0 },
      available: { cores: 8, memory: 16_384, local_storage: 200e9 },
      storage_pools: ["local", "fast"].map((name) => ({
        id: `id-${name}`,
        name,
        type: "dir",
        path: `/pools/${name}`,
        total: 100e9,
        used: 0,
        available: 100e9,
        default: name === "fast",
      })),
      host: { system_id: null, __incomplete__: true },
      resource_uri: "/MAAS/api/2.0/vm-hosts/0/",
    },
  );
  assert.deepEqual((await user.get(`/pods/${made.id}/`)).json, made);
  assert.deepEqual((await user.get("/pods/")).json, (await user.get("/vm-hosts/")).json);
  const parameters = (await admin.get(`/pods/${made.id}/?op=parameters`)).json;
  assert.equal(parameters.power_pass, "hush");
  assert.deepEqual(Object.keys(parameters).sort(), ["power_address", "power_pass"]);
  const { rows } = await t.db.pool.query("select encode(power_parameters, 'escape') as p from vm_host");
  assert.ok(!rows.some((row) => String(row.p).includes("hush")), "stored encrypted");
  const events = (await admin.get("/events/?op=query&level=AUDIT")).json.events;
  assert.ok(
    events.some((e: Json) => /Added VM host 'kvm-a'/.test(e.description)),
    JSON.stringify(events[0]),
  );
});

test("what is no VM host is refused by its field, and nothing is asked", async () => {
  const taken = address();
  await create({ name: "first", power_address: taken });
  const asked = t.racks.calls.length;
  const bad = (fields: Fields) =>
    refused(admin.post("/vm-hosts/", { type: "virsh", power_address: address(), ...fields }));
  assert.deepEqual(await bad({ type: "vmware" }), ["type"]);
  assert.deepEqual(await bad({ power_address: "10.0.0.1" }), ["power_address"]);
  assert.deepEqual(await bad({ power_address: "qemu+ssh://h/system?command=/bin/sh" }), ["power_address"]);
  assert.deepEqual(await bad({ power_user: "root" }), ["power_user"]);
  assert.deepEqual(await bad({ power_address: taken }), ["power_address"]);
  assert.deepEqual(await bad({ name: "first" }), ["name"]);
  assert.deepEqual(await bad({ zone: "nowhere" }), ["zone"]);
  assert.deepEqual(await bad({ pool: "nobody" }), ["pool"]);
  assert.deepEqual(await bad({ cpu_over_commit_ratio: 11 }), ["cpu_over_commit_ratio"]);
  assert.deepEqual(await bad({ memory_over_commit_ratio: "much" }), ["memory_over_commit_ratio"]);
  assert.deepEqual(await bad({ default_macvlan_mode: "loose" }), ["default_macvlan_mode"]);
  assert.equal(t.racks.calls.length, asked);
  assert.deepEqual(await bad({ default_storage_pool: "nowhere" }), ["default_storage_pool"]);
  assert.deepEqual(await refused(admin.post("/vm-hosts/", { type: "virsh" })), ["power_address"]);
});

test("a host that no rack reaches is not added, and says why", async () => {
  const reason = "no answer: check power_address";
  t.racks.answer("vmHostDiscover", () => {
    throw new DomainError("power_failed", reason);
  });
  const count = (await admin.get("/vm-hosts/")).json.length;
  const reply = await admin.post("/vm-hosts/", { type: "virsh", power_address: address() });
  assert.equal(reply.status, 503);
  assert.match(reply.json, /no answer: check power_address/);
  t.racks.disconnect(rackId);
  assert.equal((await admin.post("/vm-hosts/", { type: "virsh", power_address: address() })).status, 503);
  assert.equal((await admin.get("/vm-hosts/")).json.length, count);
});

test("machines that are on it are added as New, known ones by their MAC address, and followed", async () => {
  const known = await addMachine(t, "ready");
  host.facts.machines = [
    vmFacts("web", { interfaces: [{ mac: "52:54:00:77:00:01", attachedTo: "maas" }], cores: 2, pinnedCores: [3] }),
    vmFacts("known", { interfaces: [{ mac: known.mac, attachedTo: "maas" }] }),
    vmFacts("no-network"),
    vmFacts("Not a_name", { interfaces: [{ mac: "52:54:00:77:00:02", attachedTo: "maas" }] }),
  ];
  const { id, used } = await create({ name: "full" });
  assert.deepEqual(used, { cores: 5, memory: 4096, local_storage: 20e9 });
  const mine = (await admin.get("/machines/?pod=full")).json;
  assert.deepEqual(mine.length, 3);
  const web = mine.find((m: Json) => m.hostname === "web");
  assert.deepEqual(
    [web.status_name, web.power_type, web.cpu_count, web.memory, web.architecture, web.interface_set[0].mac_address],
    ["New", "virsh", 2, 1024, "amd64/generic", "52:54:00:77:00:01"],
  );
  assert.deepEqual(web.pod, { id, name: "full", resource_uri: `/MAAS/api/2.0/pods/${id}/` });
  assert.equal((await admin.get(`/machines/${web.system_id}/?op=power_parameters`)).json.power_id, "web");
  const vms = (await admin.get("/virtual-machines/")).json.filter((vm: Json) => vm.bmc_id === id);
  assert.equal(vms.length, 4);
  const vm = vms.find((one: Json) => one.identifier === "web");
  VM.parse(vm);
  assert.deepEqual([vm.pinned_cores, vm.unpinned_cores, vm.memory], [[3], 1, 1024]);
  assert.equal(web.virtualmachine_id, vm.id);
  assert.deepEqual((await user.get(`/virtual-machines/${vm.id}`)).json, vm);
  const made = await admin.post("/virtual-machines/");
  assert.deepEqual(
    [made.status, made.json],
    [405, "Virtual machines are made by their hosts: use compose on a VM host."],
  );
  assert.equal((await machine(known.systemId)).pod.name, "full");

  host.facts.machines = [vmFacts("web", { memoryMib: 2048, interfaces: host.facts.machines[0]?.interfaces ?? [] })];
  t.clock.advance(1000);
  const again = (await admin.post(`/vm-hosts/${id}/?op=refresh`)).json;
  assert.deepEqual(again.used, { cores: 1, memory: 2048, local_storage: 5e9 });
  assert.equal((await admin.get("/machines/?pod=full")).json.length, 1);
  assert.equal((await machine(known.systemId)).pod, null, "it is there, and on no host any more");
  assert.equal((await machine(web.system_id)).virtualmachine_id, vm.id);
});

test("a machine is made as it was asked for, and commissioned", async () => {
  const { id } = await create({ name: "maker" });
  await admin.made("/zones/", { name: "z1" });
  const zone = (await admin.get("/zones/z1/")).json.id;
  const made = await admin.made(`/vm-hosts/${id}/?op=compose`, {
    cores: 2,
    memory: 4096,
    storage: "root:10(fast),data:20",
    hostname: "fresh",
    zone,
  });
  assert.deepEqual(made, { system_id: made.system_id, resource_uri: `/MAAS/api/2.0/machines/${made.system_id}/` });
  const [order] = host.composed;
  assert.deepEqual(
    { ...order, uuid: "", interfaces: order?.interfaces.map((one) => one.attach) },
    {
      name: "fresh",
      uuid: "",
      architecture: "amd64/generic",
      cores: 2,
      pinnedCores: [],
      memoryMib: 4096,
      hugepages: false,
      disks: [
        { sizeBytes: 10e9, pool: "fast" },
        { sizeBytes: 20e9, pool: "local" },
      ],
      interfaces: [{ kind: "network", to: "maas" }],
    },
  );
  const fresh = await machine(made.system_id);
  assert.deepEqual(
    [fresh.hostname, fresh.status_name, fresh.zone.name, fresh.cpu_count, fresh.memory, fresh.pod.name],
    ["fresh", "Commissioning", "z1", 2, 4096, "maker"],
  );
  assert.equal(fresh.interface_set[0].mac_address, order?.interfaces[0]?.mac);
  assert.deepEqual((await admin.get(`/vm-hosts/${id}/`)).json.used, { cores: 2, memory: 4096, local_storage: 30e9 });
  t.clock.advance(1000);
  await admin.made(`/vm-hosts/${id}/?op=refresh`);
  assert.equal((await admin.get("/machines/?pod=maker")).json.length, 1, "it is known already");

  const quiet = await admin.made(`/pods/${id}/?op=compose`, { pinned_cores: "0,5", skip_commissioning: "true" });
  assert.equal((await machine(quiet.system_id)).status_name, "New");
  assert.deepEqual(host.composed[1]?.pinnedCores, [0, 5]);
});

test("what the host has not is refused by name and amount, before it is asked", async () => {
  const { id } = await create({ name: "small" });
  const compose = (fields: Fields) => admin.post(`/vm-hosts/${id}/?op=compose`, fields);
  assert.deepEqual(await refused(compose({ cores: 9, memory: 99_999, storage: "root:101" })), [
    "cores",
    "memory",
    "storage",
  ]);
  const { json } = await compose({ cores: 9 });
  assert.deepEqual(json, { cores: ["9 asked for: VM host small has 8 of cores left, of 8 with 0 in use."] });
  for (const [field, value] of Object.entries({
    architecture: "arm64",
    cpu_speed: 9000,
    hostname: "a b",
    domain: 4711,
    zone: 4711,
    pool: 4711,
    pinned_cores: "x",
    interfaces: "eth0:space=dmz",
    memory: 10,
    cores: 0,
  }))
    assert.deepEqual(await refused(compose({ [field]: value })), [field]);
  assert.deepEqual(host.composed, []);
  await admin.put(`/vm-hosts/${id}/`, { cpu_over_commit_ratio: 2 });
  assert.equal((await compose({ cores: 9, skip_commissioning: "true" })).status, 200);
});

test("two at once do not get the same memory, and a machine that was not made gives back what was set aside", async () => {
  const { id } = await create({ name: "rivals" });
  const big = { memory: 10_000, skip_commissioning: "true" };
  const replies = await Promise.all([1, 2, 3].map(() => admin.post(`/vm-hosts/${id}/?op=compose`, big)));
  assert.deepEqual(replies.map(({ status }) => String(status)).sort(), ["200", "400", "400"]);
  t.racks.answer("vmHostCompose", () => {
    throw new DomainError("power_failed", "the disk is full");
  });
  const failed = await admin.post(`/vm-hosts/${id}/?op=compose`, { memory: 2000 });
  assert.equal(failed.status, 503);
  assert.match(failed.json, /the disk is full/);
  assert.equal((await admin.get(`/vm-hosts/${id}/`)).json.used.memory, 10_000);
});

test("an order that a crash cut short is settled by the next refresh", async () => {
  const { id } = await create({ name: "crashed" });
  const pending = async (uuid: string, minutes: number) =>
    t.db.pool.query(
      `insert into virtual_machine (vm_host_id, identifier, uuid, unpinned_cores, memory_mib, composed, composing_since)
       values ($1, 'half', $2, 1, 1024, true, $3)`,
      [id, uuid, new Date(t.clock.now().getTime() - minutes * 60_000)],
    );
  const there = vmFacts("half", { interfaces: [{ mac: "52:54:00:78:00:01", attachedTo: "maas" }] });
  host.facts.machines = [there];
  await pending(there.uuid, 20);
  await pending("00000000-0000-4000-8000-0000000000aa", 20);
  await pending("00000000-0000-4000-8000-0000000000bb", 1);
  await admin.made(`/vm-hosts/${id}/?op=refresh`);
  const { rows } = await t.db.pool.query(
    "select uuid, node_id is not null as known, composing_since is null as done from virtual_machine where vm_host_id = $1 order by uuid",
    [id],
  );
  assert.deepEqual(
    rows.map((row) => [row.known, row.done]),
    [
      [false, false],
      [true, true],
    ],
    "made: a machine; not made: given back; just begun: left alone",
  );
});

test("a VM host is changed, and its machines are switched where it is now", async () => {
  host.facts.machines = [vmFacts("moved", { interfaces: [{ mac: "52:54:00:79:00:01", attachedTo: "maas" }] })];
  const { id } = await create({ name: "before" });
  const [{ system_id }] = (await admin.get("/machines/?pod=before")).json;
  const to = address();
  const after = await admin.put(`/vm-hosts/${id}/`, {
    name: "after",
    power_address: to,
    power_pass: "new",
    tags: "a,b",
    default_macvlan_mode: "vepa",
  });
  assert.deepEqual(
    [after.status, after.json.name, after.json.tags, after.json.default_macvlan_mode],
    [200, "after", ["a", "b"], "vepa"],
  );
  assert.deepEqual((await admin.get(`/machines/${system_id}/?op=power_parameters`)).json, {
    power_address: to,
    power_pass: "new",
    power_id: "moved",
  });
  assert.deepEqual((await admin.made(`/vm-hosts/${id}/?op=add_tag`, { tag: "c" })).tags, ["a", "b", "c"]);
  assert.deepEqual((await admin.made(`/pods/${id}/?op=remove_tag`, { tag: "a" })).tags, ["b", "c"]);
  assert.deepEqual(await refused(admin.post(`/vm-hosts/${id}/?op=add_tag`, { tag: "a,b" })), ["tag"]);
  assert.deepEqual(await refused(admin.put(`/vm-hosts/${id}/`, { type: "lxd" })), ["type"]);
  assert.deepEqual(await refused(admin.put(`/vm-hosts/${id}/`, { power_address: "nonsense" })), ["power_address"]);
  assert.deepEqual(await refused(admin.put(`/vm-hosts/${id}/`, { default_macvlan_mode: "loose" })), [
    "default_macvlan_mode",
  ]);
});

// Both names bring the same host, and every operation is there under both.
for (const [name, other] of [
  ["vm-hosts", "pods"],
  ["pods", "vm-hosts"],
]) {
  test(`${name}: made, changed, tagged, refreshed, and read as one of ${other}`, async () => {
    const made = await admin.made(`/${name}/`, { type: "virsh", power_address: address(), name: `of-${name}` });
    const path = `/${name}/${made.id}/`;
    const read = async () => (await user.get(`/${other}/${made.id}/`)).json;
    assert.deepEqual(await read(), made);
    assert.equal((await admin.put(path, { memory_over_commit_ratio: 3 })).status, 200);
    assert.equal((await read()).memory_over_commit_ratio, 3);
    await admin.made(`${path}?op=add_tag`, { tag: "one" });
    await admin.made(`${path}?op=add_tag`, { tag: "two" });
    await admin.made(`${path}?op=remove_tag`, { tag: "one" });
    assert.deepEqual((await read()).tags, ["two"]);
    host.facts.cores = 64;
    await admin.made(`${path}?op=refresh`);
    assert.equal((await read()).total.cores, 64);
    const { system_id } = await admin.made(`${path}?op=compose`, { cores: 3, skip_commissioning: "true" });
    assert.deepEqual([(await machine(system_id)).pod.id, (await read()).used.cores], [made.id, 3]);
    assert.equal((await admin.delete(`${path}?decompose=true`)).status, 204);
    assert.equal((await user.get(`/${other}/${made.id}/`)).status, 404);
    assert.equal((await admin.get(`/machines/${system_id}/`)).status, 404);
  });

  test(`${name}: refused by field, and with the reason of the host`, async () => {
    const fields = { type: "virsh", power_address: address() };
    assert.deepEqual(await refused(admin.post(`/${name}/`, { ...fields, type: "vmware" })), ["type"]);
    const made = await admin.made(`/${name}/`, fields);
    const path = `/${name}/${made.id}/`;
    assert.deepEqual(await refused(admin.put(path, { type: "lxd" })), ["type"]);
    assert.deepEqual(await refused(admin.put(path, { zone: "nowhere" })), ["zone"]);
    for (const op of ["add_tag", "remove_tag"])
      for (const form of op === "add_tag" ? [{}, { tag: "a,b" }] : [{}])
        assert.deepEqual(await refused(admin.post(`${path}?op=${op}`, form)), ["tag"], op);
    assert.deepEqual(await refused(admin.post(`${path}?op=compose`, { cores: 99 })), ["cores"]);
    assert.deepEqual(await refused(admin.delete(`${path}?decompose=perhaps`)), ["decompose"]);
    for (const order of ["vmHostDiscover", "vmHostCompose"] as const)
      t.racks.answer(order, () => {
        throw new DomainError("power_failed", "the hypervisor is away");
      });
    for (const reply of [
      await admin.post(`/${name}/`, { ...fields, power_address: address() }),
      await admin.post(`${path}?op=refresh`),
      await admin.post(`${path}?op=compose`, { cores: 1 }),
    ])
      assert.deepEqual([reply.status, /the hypervisor is away/.test(reply.json)], [503, true], reply.json);
    assert.deepEqual((await user.get(path)).json, made);
  });
}

test("a VM host goes with its machines, which stay on it unless it is to be emptied", async () => {
  host.facts.machines = [vmFacts("old", { interfaces: [{ mac: "52:54:00:7a:00:01", attachedTo: "maas" }] })];
  const kept = await create({ name: "kept" });
  const [{ system_id }] = (await admin.get("/machines/?pod=kept")).json;
  assert.equal((await admin.delete(`/vm-hosts/${kept.id}/?decompose=perhaps`)).status, 400);
  await admin.post(`/machines/${system_id}/?op=lock`);
  await t.db.pool.query("update node set locked = true where system_id = $1", [system_id]);
  assert.equal((await admin.delete(`/vm-hosts/${kept.id}/`)).status, 400);
  await t.db.pool.query("update node set locked = false where system_id = $1", [system_id]);
  assert.equal((await admin.delete(`/vm-hosts/${kept.id}/`)).status, 204);
  assert.equal((await admin.get(`/machines/${system_id}/`)).status, 404);
  assert.deepEqual(host.decomposed, []);

  const emptied = await create({ name: "emptied" });
  await admin.made(`/vm-hosts/${emptied.id}/?op=compose`, { skip_commissioning: "true" });
  assert.equal((await admin.delete(`/pods/${emptied.id}/?decompose=true`)).status, 204);
  assert.equal(host.decomposed.length, 2);
  assert.equal((await admin.get(`/pods/${emptied.id}/`)).status, 404);
});

test("a machine that was made is taken from its host when it is deleted; one that was there stays there", async () => {
  host.facts.machines = [vmFacts("stays", { interfaces: [{ mac: "52:54:00:7b:00:01", attachedTo: "maas" }] })];
  const { id } = await create({ name: "house" });
  const made = await admin.made(`/vm-hosts/${id}/?op=compose`, { skip_commissioning: "true" });
  const again = await admin.made(`/vm-hosts/${id}/?op=compose`, { skip_commissioning: "true" });
  assert.equal((await admin.delete(`/nodes/${again.system_id}/`)).status, 204, "by its other path too");
  for (const { system_id } of (await admin.get("/machines/?pod=house")).json)
    assert.equal((await admin.delete(`/machines/${system_id}/`)).status, 204);
  assert.deepEqual(host.decomposed, [host.composed[1]?.uuid, host.composed[0]?.uuid]);
  assert.equal((await admin.get(`/machines/${made.system_id}/`)).status, 404);
  assert.equal((await admin.get(`/vm-hosts/${id}/`)).json.used.cores, 1, "the one that stays takes what it took");
});

test("a machine that runs a VM host is known as its host, and does not go before it", async () => {
  const runs = await addMachine(t, "deployed");
  const subnet = (await admin.made("/subnets/", { cidr: "10.77.0.0/24" })).id;
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id, interface_id) select 1, '10.77.0.5', $1, id from interface where node_id = $2",
    [subnet, runs.id],
  );
  await t.db.pool.query("update interface set name = 'br0', type = 'bridge' where node_id = $1", [runs.id]);
  const made = await create({ name: "inside", power_address: "qemu+ssh://root@10.77.0.5/system" });
  assert.deepEqual(made.host, { system_id: runs.systemId, __incomplete__: true });
  const vm = await admin.made(`/vm-hosts/${made.id}/?op=compose`, {
    interfaces: `eth0:subnet_cidr=10.77.0.0/24`,
    skip_commissioning: "true",
  });
  assert.deepEqual(host.composed[0]?.interfaces[0]?.attach, { kind: "bridge", to: "br0" });
  assert.equal((await machine(vm.system_id)).parent.system_id, runs.systemId);
  const refusal = await admin.delete(`/machines/${runs.systemId}/`);
  assert.equal(refusal.status, 400);
  assert.match(refusal.json, /runs VM host inside/);
  assert.equal((await admin.delete(`/machines/${runs.systemId}/?force=true`)).status, 204);
  assert.equal((await admin.get(`/vm-hosts/${made.id}/`)).status, 404);
});

test("allocating and listing by VM host and its kind", async () => {
  const { id } = await create({ name: "lender" });
  const { system_id } = await admin.made(`/vm-hosts/${id}/?op=compose`, { skip_commissioning: "true" });
  await t.db.pool.query("update node set status = 4 where system_id = $1", [system_id]);
  const elsewhere = await addMachine(t, "ready");
  const found = async (query: string) => (await admin.get(`/machines/?${query}`)).json.map((m: Json) => m.system_id);
  assert.deepEqual(await found("pod=lender"), [system_id]);
  assert.ok((await found("pod_type=virsh")).includes(system_id));
  assert.deepEqual(await found("pod_type=lxd"), []);
  assert.ok((await found("not_pod=lender")).includes(elsewhere.systemId));
  assert.ok(!(await found("not_pod_type=virsh")).includes(system_id));
  assert.equal((await user.post("/machines/?op=allocate", { pod: "nowhere" })).status, 409);
  assert.equal((await user.made("/machines/?op=allocate", { pod: "lender" })).system_id, system_id);
});

test("LXD hosts are kept as rows, checked, and refused where they would be spoken to", async () => {
  const lxd = { type: "lxd", power_address: "https://10.0.0.1:8443", project: "maas" };
  assert.deepEqual(await refused(admin.post("/vm-hosts/", { ...lxd, project: "" })), ["project"]);
  assert.deepEqual(
    await refused(admin.post("/vm-hosts/", { ...lxd, certificate: "x" })),
    ["certificate"].map(() => "key"),
  );
  assert.deepEqual(await refused(admin.post("/vm-hosts/", { ...lxd, certificate: "x", key: "y" })), ["certificate"]);
  const asked = t.racks.calls.length;
  const { id, capabilities } = await admin.made("/vm-hosts/", { ...lxd, password: "trust" });
  assert.deepEqual(capabilities, []);
  assert.equal(t.racks.calls.length, asked);
  for (const op of ["refresh", "compose"]) {
    const { status, json } = await admin.post(`/vm-hosts/${id}/?op=${op}`);
    assert.equal(status, 503);
    assert.match(json, /type lxd, which cannot be connected/);
  }
  assert.equal((await admin.get(`/vm-hosts/${id}/?op=parameters`)).json.password, "trust");
  assert.equal((await admin.delete(`/vm-hosts/${id}/`)).status, 204);
});

test("a cluster sums up its hosts, and goes with them", async () => {
  const { id: hostId } = await create({ name: "member" });
  const { rows } = await t.db.pool.query("insert into vm_cluster (name, project) values ('c1', 'p') returning id");
  const id = Number(rows[0].id);
  await t.db.pool.query("update vm_host set cluster_id = $1 where id = $2", [id, hostId]);
  const cluster = (await user.get(`/vm-clusters/${id}`)).json;
  assert.deepEqual(
    [
      cluster.name,
      cluster.project,
      cluster.vmhost_count,
      cluster.vm_count,
      cluster.version,
      cluster.total.cores,
      cluster.resource_uri,
    ],
    ["c1", "p", 1, 0, "7.2.0", 8, `/MAAS/api/2.0/vm-clusters/${id}`],
  );
  assert.deepEqual(cluster.storage_pools.local, {
    free: 100e9,
    total: 100e9,
    allocated_tracked: 0,
    allocated_other: 0,
    path: "/pools/local",
    backend: "dir",
  });
  assert.deepEqual((await user.get("/vm-clusters/")).json, [cluster]);
  const pool = (await admin.made("/resourcepools/", { name: "vms" })).id;
  assert.equal((await admin.put(`/vm-clusters/${id}`, { name: "c2", pool })).json.name, "c2");
  assert.equal((await admin.get(`/vm-hosts/${hostId}/`)).json.pool.name, "vms");
  assert.deepEqual(await refused(admin.put(`/vm-clusters/${id}`, { zone: "nowhere" })), ["zone"]);
  assert.deepEqual(await refused(admin.delete(`/vm-clusters/${id}?decompose=perhaps`)), ["decompose"]);
  assert.equal((await user.get(`/vm-clusters/${id}`)).json.name, "c2");
  assert.equal((await admin.delete(`/vm-clusters/${id}`)).status, 204);
  assert.equal((await admin.get(`/vm-clusters/${id}`)).status, 404);
  assert.equal((await admin.get(`/vm-hosts/${hostId}/`)).status, 404);
});

test("a host is looked at every ten minutes, by one region, and a machine that was renamed there is switched by its new name", async () => {
  const nic = { mac: "52:54:00:7d:00:01", attachedTo: "maas" };
  host.facts.machines = [vmFacts("first", { interfaces: [nic] })];
  const { id } = await create({ name: "watched" });
  await admin.made("/vm-hosts/", { type: "lxd", power_address: "10.9.9.9", project: "p" });
  t.clock.advance(9 * 60_000);
  assert.ok(!(await refreshOverdueVmHosts(t.region)).includes(id));
  const uuid = host.facts.machines[0]?.uuid ?? "";
  host.facts.machines = [vmFacts("second", { uuid, interfaces: [nic] })];
  t.clock.advance(2 * 60_000);
  const asked = await Promise.all([refreshOverdueVmHosts(t.region), refreshOverdueVmHosts(t.region)]);
  assert.equal(asked.flat().filter((one) => one === id).length, 1);
  const [machine] = (await admin.get("/machines/?pod=watched")).json;
  assert.equal(machine.hostname, "first");
  assert.equal((await admin.get(`/machines/${machine.system_id}/?op=power_parameters`)).json.power_id, "second");

  t.racks.answer("vmHostDiscover", () => {
    throw new DomainError("power_failed", "no answer");
  });
  t.clock.advance(11 * 60_000);
  assert.ok((await refreshOverdueVmHosts(t.region)).includes(id), "one that does not answer is in nobody's way");
  t.clock.advance(60_000);
  assert.ok(!(await refreshOverdueVmHosts(t.region)).includes(id));
});

test("machines of a hypervisor that is no VM host are enlisted, once, by their prefix", async () => {
  const known = await addMachine(t, "ready");
  host.facts.machines = [
    vmFacts("lab-1", { interfaces: [{ mac: "52:54:00:7c:00:01", attachedTo: "maas" }] }),
    vmFacts("lab-2", { interfaces: [{ mac: known.mac, attachedTo: "maas" }] }),
    vmFacts("lab-3"),
    vmFacts("other", { interfaces: [{ mac: "52:54:00:7c:00:02", attachedTo: "maas" }] }),
  ];
  const chassis = { type: "virsh", address: address(), password: "hush", prefix: "lab-", commission: true };
  assert.equal((await enlistFromChassis(t.admin.ctx, chassis)).length, 1);
  assert.deepEqual(await enlistFromChassis(t.admin.ctx, chassis), []);
  const [found] = (await admin.get("/machines/?hostname=lab-1")).json;
  assert.deepEqual([found.power_type, found.pod, found.status_name], ["virsh", null, "Commissioning"]);
  const parameters = (await admin.get(`/machines/${found.system_id}/?op=power_parameters`)).json;
  assert.deepEqual(parameters, { power_address: chassis.address, power_pass: "hush", power_id: "lab-1" });
  await assert.rejects(
    enlistFromChassis(t.admin.ctx, { type: "virsh", address: "qemu+ext:///system?command=/bin/sh" }),
    {
      code: "invalid_fields",
    },
  );
});

test("an installation of emulated machines has no VM hosts", async () => {
  const emulated = await testRegion({ simulated: true });
  try {
    const reply = caller(emulated, emulated.admin).post("/vm-hosts/", { type: "virsh", power_address: address() });
    assert.deepEqual(await refused(reply), ["type"]);
  } finally {
    await emulated.close();
  }
});

test("what is not there is 404, also by a word", async () => {
  for (const path of ["/vm-hosts/4711/", "/pods/x/", "/vm-clusters/4711", "/virtual-machines/4711"])
    assert.equal((await admin.get(path)).status, 404, path);
  for (const op of ["refresh", "compose", "add_tag", "remove_tag"])
    assert.equal((await admin.post(`/vm-hosts/4711/?op=${op}`, { tag: "x" })).status, 404, op);
  assert.equal((await admin.delete("/vm-hosts/4711/")).status, 404);
});
