/** Rows S3-192 to S3-270: nodes and their MAC addresses. */
import assert from "node:assert/strict";
import { deserialize } from "bson";
import { machineRow } from "../../testing/machines.ts";
import { type Answer, type Client, is, keysOf, refuses, type Row, type World } from "./world.ts";

type Fields = Record<string, string | number | string[] | undefined>;

const at = (id: string) => `nodes/${id}/`;
const put = (w: World, id: string, fields: Fields, who: Client = w.admin) => who.put(at(id), fields);
const node = async (w: World, id: string) => is(await w.admin.get(at(id)), 200).json;
const act = (who: Client, id: string, op: string, fields: Fields = {}) => who.post(`${at(id)}?op=${op}`, fields);
const list = async (who: Client, query: Fields): Promise<string[]> =>
  (is(await who.get("nodes/", { op: "list", ...query }), 200).json as { system_id: string }[]).map((n) => n.system_id);
const ids = (answer: Answer): string[] => (is(answer, 200).json as { system_id: string }[]).map((n) => n.system_id);
const acquire = (w: World, fields: Fields, who: Client = w.user) => who.post("nodes/?op=acquire", fields);
const enlist = (w: World, fields: Fields, who: Client = w.admin) =>
  who.post("nodes/?op=new", { architecture: "amd64/generic", mac_addresses: w.mac(), ...fields });
const many = (who: Client, op: string, nodes: string[], more: Fields = {}) =>
  who.post(`nodes/?op=${op}`, { nodes, ...more });

async function acquired(w: World): Promise<{ systemId: string; hostname: string }> {
  const machine = await w.deployable();
  is(await acquire(w, { name: machine.hostname }), 200);
  return machine;
}

async function tagged(w: World, ...systemIds: string[]): Promise<string> {
  const name = w.word("tag");
  is(await w.admin.post("tags/?op=new", { name }), 200);
  is(await w.admin.post(`tags/${name}/?op=update_nodes`, { add: systemIds }), 200);
  return name;
}

/** Of two machines with a tag of their own, the one that a constraint asks for. */
const narrows = (columns: Record<string, unknown>, constraint: Fields, bad: Fields) => async (w: World) => {
  const [plain, fitting] = [await w.machine("ready"), await w.machine("ready", columns)];
  const tags = await tagged(w, plain.systemId, fitting.systemId);
  assert.equal(is(await acquire(w, { tags, ...constraint }), 200).json.system_id, fitting.systemId);
  is(await acquire(w, { tags, ...constraint }), 409);
  for (const [name, value] of Object.entries(bad)) refuses(await acquire(w, { tags, [name]: value }), name);
};

const ROUTER = "aa:bb:cc:00:11:22";

/** On one network each; the one that a word asks for. */
const byNetwork = (field: "networks" | "not_networks") => async (w: World) => {
  let tag = 3000;
  const make = async () => {
    const [name, net, vlan_tag] = [w.word("net"), w.net(), (tag += 1) + Math.floor(Math.random() * 1000)];
    is(await w.admin.post("networks/", { name, ip: `${net}.0`, netmask: "255.255.255.0", vlan_tag }), 200);
    const machine = await w.machine("ready");
    is(await w.admin.post(`networks/${name}/?op=connect_macs`, { macs: machine.mac }), 200);
    return { name, net, vlan_tag, machine };
  };
  const [a, b] = [await make(), await make()];
  const tags = await tagged(w, a.machine.systemId, b.machine.systemId);
  const wanted = field === "networks" ? a : b;
  for (const word of [a.name, `ip:${a.net}.7`, `vlan:${a.vlan_tag}`, `vlan:0x${a.vlan_tag.toString(16)}`]) {
    assert.equal(is(await acquire(w, { tags, [field]: word }), 200).json.system_id, wanted.machine.systemId, word);
    is(await act(w.user, wanted.machine.systemId, "release"), 200);
    await w.t.db.kysely
      .updateTable("node")
      .set({ status: 4, owner_id: null })
      .where("id", "=", wanted.machine.id)
      .execute();
  }
  for (const word of ["nonsense", "ip:nonsense", "vlan:4095", "vlan:0"])
    refuses(await acquire(w, { [field]: word }), field);
};

/** What only an administrator changes; others' is passed over. */
const adminField =
  (fields: Fields, shown: (json: Record<string, unknown>) => unknown, wanted: unknown, bad: Fields = {}) =>
  async (w: World) => {
    const machine = await acquired(w);
    const before = shown(await node(w, machine.systemId));
    assert.deepEqual(shown(is(await put(w, machine.systemId, fields, w.user), 200).json), before);
    assert.deepEqual(shown(is(await put(w, machine.systemId, fields), 200).json), wanted);
    for (const [name, value] of Object.entries(bad)) refuses(await put(w, machine.systemId, { [name]: value }), name);
  };

async function power(w: World, systemId: string): Promise<Record<string, string>> {
  return is(await w.admin2("GET", `machines/${systemId}/?op=power_parameters`), 200).json;
}

export const nodeRows: readonly Row[] = [
  [
    "S3-192",
    "details of a node",
    "BSON",
    async (w) => {
      const answer = is(await w.user.get(`${at((await w.machine("ready")).systemId)}?op=details`), 200);
      assert.equal(answer.headers["content-type"], "application/bson");
    },
  ],
  [
    "S3-193",
    "commission from Ready, Declared, Failed tests",
    "200 each",
    async (w) => {
      for (const status of ["ready", "new", "failed_commissioning"] as const)
        assert.equal(is(await act(w.admin, (await w.machine(status)).systemId, "commission"), 200).json.status, 1);
    },
  ],
  [
    "S3-194",
    "acquire, then release",
    "Ready again, and nobody's",
    async (w) => {
      const machine = await acquired(w);
      is(await act(w.user, machine.systemId, "release"), 200);
      const after = await node(w, machine.systemId);
      assert.deepEqual([after.status, after.owner], [4, null]);
    },
  ],
  [
    "S3-195",
    "PUT of an empty power type",
    "its settings are gone",
    async (w) => {
      const { systemId } = await w.machine("ready");
      is(await put(w, systemId, { power_type: "ipmi", power_parameters_power_address: "10.0.0.1" }), 200);
      assert.equal(is(await put(w, systemId, { power_type: "" }), 200).json.power_type, "");
      assert.deepEqual(await power(w, systemId), {});
    },
  ],
  [
    "S3-196",
    "power_parameters_mac_address of ether_wake; power_address",
    "taken; 400",
    async (w) => {
      const { systemId } = await w.machine("ready");
      is(await put(w, systemId, { power_type: "ether_wake", power_parameters_mac_address: ROUTER }), 200);
      refuses(await put(w, systemId, { power_parameters_power_address: "10.0.0.1" }), "power_parameters");
    },
  ],
  [
    "S3-197",
    "DELETE of a Ready node; of one in use; by its user",
    "204; 409; 403",
    async (w) => {
      const machine = await w.machine("ready");
      is(await w.admin.del(at(machine.systemId)), 204);
      is(await w.admin.get(at(machine.systemId)), 404);
      const held = await acquired(w);
      is(await w.user.del(at(held.systemId)), 403);
      is(await w.admin.del(at(held.systemId)), 409);
      is(await w.admin2("GET", `machines/${held.systemId}/`), 200);
    },
  ],
  [
    "S3-198",
    "GET of a node: its own; another's; of one that is not there",
    "all keys; the same; 404",
    async (w) => {
      const machine = await acquired(w);
      const { json } = is(await w.other.get(at(machine.systemId)), 200);
      assert.deepEqual(keysOf(json), [
        "architecture",
        "cpu_count",
        "disable_ipv4",
        "distro_series",
        "hostname",
        "ip_addresses",
        "macaddress_set",
        "memory",
        "netboot",
        "osystem",
        "owner",
        "power_state",
        "power_type",
        "resource_uri",
        "routers",
        "status",
        "storage",
        "substatus",
        "system_id",
        "tag_names",
        "zone",
      ]);
      assert.deepEqual([json.status, json.substatus, json.owner], [6, 10, "user"]);
      assert.match(json.hostname, /\.maas$|\./);
      is(await w.user.get("nodes/nonsense/"), 404);
    },
  ],
  [
    "S3-199",
    "details of another's node",
    "just lshw and lldp",
    async (w) => {
      const { systemId } = await acquired(w);
      const answer = is(await w.other.get(`${at(systemId)}?op=details`), 200);
      assert.deepEqual(deserialize(answer.bytes), { lshw: null, lldp: null });
      is(await w.user.get("nodes/nonsense/?op=details"), 404);
    },
  ],
  [
    "S3-200",
    "commission by an administrator; by a user; of one in use",
    "status 1; 400 naming action; the same",
    async (w) => {
      const machine = await w.machine("ready");
      refuses(await act(w.user, machine.systemId, "commission"), "action");
      assert.equal(is(await act(w.admin, machine.systemId, "commission"), 200).json.status, 1);
      refuses(await act(w.admin, (await acquired(w)).systemId, "commission"), "action");
      is(await act(w.admin, "nonsense", "commission"), 404);
    },
  ],
  [
    "S3-201",
    "release: by its user, again, while commissioning, by another",
    "200; 200; 409; 403",
    async (w) => {
      const machine = await acquired(w);
      is(await act(w.other, machine.systemId, "release"), 403);
      assert.ok([4, 6].includes(is(await act(w.user, machine.systemId, "release"), 200).json.status));
      is(await act(w.admin, machine.systemId, "release"), 200);
      is(await act(w.admin, (await w.machine("commissioning")).systemId, "release"), 409);
    },
  ],
  [
    "S3-202",
    "start: by its user with data and a release, with a release that there is not, by another",
    "200 and what is installed has the data; 400 naming distro_series; 403",
    async (w) => {
      const machine = await acquired(w);
      is(await act(w.other, machine.systemId, "start"), 403);
      refuses(await act(w.user, machine.systemId, "start", { distro_series: "nonsense" }), "distro_series");
      const user_data = Buffer.from("#!/bin/sh\n").toString("base64");
      const started = is(
        await act(w.user, machine.systemId, "start", { user_data, distro_series: "bookworm" }),
        200,
      ).json;
      assert.deepEqual([started.status, started.substatus], [6, 9]);
      assert.equal((await machineRow(w.t, machine.systemId)).user_data?.toString(), "#!/bin/sh\n");
    },
  ],
  [
    "S3-203",
    "user_data: bytes with NUL; what is no base64",
    "byte for byte; 400",
    async (w) => {
      const machine = await acquired(w);
      refuses(await act(w.user, machine.systemId, "start", { user_data: "%%%" }), "user_data");
      const bytes = Buffer.from([0, 255, 0]);
      is(await act(w.user, machine.systemId, "start", { user_data: bytes.toString("base64") }), 200);
      assert.deepEqual((await machineRow(w.t, machine.systemId)).user_data, bytes);
    },
  ],
  [
    "S3-204",
    "distro_series: one that there is; another",
    "the release; 400",
    async (w) => {
      const machine = await acquired(w);
      refuses(await act(w.user, machine.systemId, "start", { distro_series: "trusty" }), "distro_series");
      assert.equal(
        is(await act(w.user, machine.systemId, "start", { distro_series: "bookworm" }), 200).json.distro_series,
        "bookworm",
      );
    },
  ],
  [
    "S3-205",
    "stop: by its user, again, by another; of a type that cannot be switched off",
    "200 and still his; 200; 403; 200",
    async (w) => {
      const machine = await acquired(w);
      for (let i = 0; i < 2; i++) assert.equal(is(await act(w.user, machine.systemId, "stop"), 200).json.owner, "user");
      is(await act(w.other, machine.systemId, "stop"), 403);
      is(await put(w, machine.systemId, { power_type: "ether_wake" }), 200);
      is(await act(w.user, machine.systemId, "stop"), 200);
    },
  ],
  [
    "S3-206",
    "PUT: hostname; a field of nobody's; no host name; power_type by its user; by another",
    "200; passed over; 400; 200 and as it was; 403",
    async (w) => {
      const machine = await acquired(w);
      const hostname = w.word("francis");
      assert.match(
        is(await put(w, machine.systemId, { hostname, nonsense: "x" }, w.user), 200).json.hostname,
        new RegExp(`^${hostname}\\.`),
      );
      refuses(await put(w, machine.systemId, { hostname: "." }), "hostname");
      assert.equal(is(await put(w, machine.systemId, { power_type: "ipmi" }, w.user), 200).json.power_type, "manual");
      is(await put(w, machine.systemId, { hostname: "x" }, w.other), 403);
      is(await put(w, (await w.machine("ready")).systemId, { hostname: w.word() }, w.user), 403);
    },
  ],
  [
    "S3-207",
    "hostname: what is none; another's",
    "400 each",
    async (w) => {
      const [one, two] = [await w.machine("ready"), await w.machine("ready")];
      for (const hostname of ["-a", "a b", "a".repeat(64), two.hostname])
        refuses(await put(w, one.systemId, { hostname }), "hostname");
    },
  ],
  [
    "S3-208",
    "architecture: one that there is; another",
    "200; 400",
    async (w) => {
      const { systemId } = await w.machine("ready");
      assert.equal(
        is(await put(w, systemId, { architecture: "arm64/generic" }), 200).json.architecture,
        "arm64/generic",
      );
      refuses(await put(w, systemId, { architecture: "vax" }), "architecture");
    },
  ],
  [
    "S3-209",
    "power_type: by an administrator; one that there is not",
    "200; 400",
    async (w) => {
      const { systemId } = await w.machine("ready");
      assert.equal(is(await put(w, systemId, { power_type: "virsh" }), 200).json.power_type, "virsh");
      refuses(await put(w, systemId, { power_type: "steam" }), "power_type");
    },
  ],
  [
    "S3-210",
    "power_parameters_X: one that the type has, another; by its user",
    "kept; 400 naming power_parameters; passed over",
    async (w) => {
      const machine = await acquired(w);
      is(await put(w, machine.systemId, { power_type: "ipmi", power_parameters_power_address: "10.0.0.1" }), 200);
      refuses(await put(w, machine.systemId, { power_parameters_nonsense: "x" }), "power_parameters");
      is(await put(w, machine.systemId, { power_parameters_power_address: "10.6.6.6" }, w.user), 200);
      assert.equal((await power(w, machine.systemId))["power_address"], "10.0.0.1");
    },
  ],
  [
    "S3-211",
    "power_parameters_skip_check: true; false",
    "anything is kept; 400",
    async (w) => {
      const { systemId } = await w.machine("ready");
      const odd = { power_type: "ipmi", power_parameters_odd: "x" };
      refuses(await put(w, systemId, { ...odd, power_parameters_skip_check: "false" }), "power_parameters");
      is(await put(w, systemId, { ...odd, power_parameters_skip_check: "true" }), 200);
      assert.equal((await power(w, systemId))["odd"], "x");
    },
  ],
  [
    "S3-212",
    "zone: by an administrator, by its user, one that there is not",
    "moved; passed over; 400",
    async (w) => {
      const zone = w.word("z");
      is(await w.admin.post("zones/", { name: zone }), 200);
      await adminField({ zone }, (json) => (json["zone"] as { name: string }).name, zone, { zone: "nonsense" })(w);
    },
  ],
  [
    "S3-213",
    "cpu_count",
    "an administrator's",
    adminField({ cpu_count: 12 }, (json) => json["cpu_count"], 12, { cpu_count: "x" }),
  ],
  [
    "S3-214",
    "memory, in MiB",
    "an administrator's",
    adminField({ memory: 2048 }, (json) => json["memory"], 2048, { memory: "x" }),
  ],
  [
    "S3-215",
    "storage, in MB, of a node whose disks are not known",
    "an administrator's",
    async (w) => {
      const { systemId } = await w.machine("new");
      assert.equal(is(await put(w, systemId, { storage: 500107 }), 200).json.storage, 500107);
      refuses(await put(w, systemId, { storage: "x" }), "storage");
      is(await put(w, systemId, { storage: 1 }, w.user), 403);
    },
  ],
  [
    "S3-216",
    "a MAC address by another node",
    "404",
    async (w) => {
      const [one, two] = [await w.machine("ready"), await w.machine("ready")];
      is(await w.user.get(`${at(one.systemId)}macs/${two.mac}/`), 404);
    },
  ],
  [
    "S3-217",
    "DELETE of a MAC address: by its node's user, what is none, another node's, by another user",
    "204; 400; 404; 403",
    async (w) => {
      const machine = await acquired(w);
      const mac = w.mac();
      is(await w.user.post(`${at(machine.systemId)}macs/`, { mac_address: mac }), 200);
      const path = `${at(machine.systemId)}macs/`;
      is(await w.user.del(`${path}nonsense/`), 400);
      is(await w.user.del(`${path}${(await w.machine("ready")).mac}/`), 404);
      is(await w.other.del(`${path}${mac}/`), 403);
      is(await w.user.del(`${path}${mac}/`), 204);
      is(await w.user.get(`${path}${mac}/`), 404);
    },
  ],
  [
    "S3-218",
    "GET of a MAC address: in any spelling; malformed; unknown",
    "its two fields; 400; 404",
    async (w) => {
      const { systemId, mac } = await w.machine("ready");
      const path = `${at(systemId)}macs/`;
      for (const word of [mac, mac.toUpperCase(), mac.replaceAll(":", "-")])
        assert.deepEqual(is(await w.other.get(`${path}${word}/`), 200).json, {
          mac_address: mac,
          resource_uri: `/MAAS/api/1.0/${path}${mac}/`,
        });
      is(await w.user.get(`${path}12/`), 400);
      is(await w.user.get(`${path}${w.mac()}/`), 404);
    },
  ],
  [
    "S3-219",
    "MAC addresses of a node that is not there",
    "404",
    async (w) => void is(await w.user.get("nodes/nonsense/macs/"), 404),
  ],
  [
    "S3-220",
    "MAC addresses of a node",
    "in the order in which they were added; by 2.0 they are interfaces",
    async (w) => {
      const machine = await w.machine("ready");
      const macs = [machine.mac, w.mac(), w.mac()];
      for (const mac_address of macs.slice(1))
        is(await w.admin.post(`${at(machine.systemId)}macs/`, { mac_address }), 200);
      const all = is(await w.user.get(`${at(machine.systemId)}macs/`), 200).json as { mac_address: string }[];
      assert.deepEqual(
        all.map((one) => one.mac_address),
        macs,
      );
      const nics = is(await w.admin2("GET", `nodes/${machine.systemId}/interfaces/`), 200).json as { name: string }[];
      assert.deepEqual(nics.map((one) => one.name).toSorted(), ["eth0", "eth1", "eth2"]);
    },
  ],
  [
    "S3-221",
    "POST of a MAC address: by the node's user, malformed, in use, by another user",
    "200; 400 naming it; 400; 403",
    async (w) => {
      const machine = await acquired(w);
      const path = `${at(machine.systemId)}macs/`;
      const mac = w.mac().toUpperCase();
      assert.equal(is(await w.user.post(path, { mac_address: mac }), 200).json.mac_address, mac.toLowerCase());
      refuses(await w.user.post(path, { mac_address: "nonsense" }), "mac_address");
      refuses(await w.user.post(path, { mac_address: mac }), "mac_address");
      is(await w.other.post(path, { mac_address: w.mac() }), 403);
    },
  ],
  [
    "S3-222",
    "mac_address: none; one of another node",
    "400 each",
    async (w) => {
      const [one, two] = [await w.machine("ready"), await w.machine("ready")];
      refuses(await w.admin.post(`${at(one.systemId)}macs/`), "mac_address");
      refuses(await w.admin.post(`${at(one.systemId)}macs/`, { mac_address: two.mac }), "mac_address");
    },
  ],
  [
    "S3-223",
    "a node that nobody, or a user, enlists",
    "status 0, until it is accepted",
    async (w) => {
      for (const who of [w.nobody, w.user]) {
        const made = is(await enlist(w, {}, who), 200).json;
        assert.equal(made.status, 0);
        is(await w.admin.put(at(made.system_id), { power_type: "manual" }), 200);
        assert.deepEqual(ids(await many(w.admin, "accept", [made.system_id])), [made.system_id]);
      }
    },
  ],
  [
    "S3-224",
    "accept of one that was accepted; of one in use; of a broken one",
    "nothing; 409; 409",
    async (w) => {
      assert.deepEqual(ids(await many(w.admin, "accept", [(await w.machine("ready")).systemId])), []);
      is(await many(w.admin, "accept", [(await acquired(w)).systemId]), 409);
      is(await many(w.admin, "accept", [(await w.machine("broken")).systemId]), 409);
    },
  ],
  [
    "S3-225",
    "what accept answers",
    "nodes, with all their keys",
    async (w) => {
      const answer = is(await many(w.admin, "accept", [(await w.machine("new")).systemId]), 200);
      assert.ok("macaddress_set" in answer.json[0]);
    },
  ],
  [
    "S3-226",
    "acquire with two constraints",
    "both hold",
    async (w) => {
      const small = await w.machine("ready", { cpu_count: 8, memory_mib: 100 });
      const large = await w.machine("ready", { cpu_count: 8, memory_mib: 4000 });
      const tags = await tagged(w, small.systemId, large.systemId);
      assert.equal(is(await acquire(w, { tags, mem: 2000 }), 200).json.system_id, large.systemId);
      is(await acquire(w, { tags, mem: 2000 }), 409);
    },
  ],
  ["S3-227", "networks by name, ip:, vlan:; vlan:4095", "found; 400", byNetwork("networks")],
  [
    "S3-228",
    "check_commissioning of a node that is late",
    "status 2",
    async (w) => {
      const { systemId } = await w.machine("new");
      is(await act(w.admin, systemId, "commission"), 200);
      await w.t.db.kysely
        .updateTable("node")
        .set({ status_deadline: new Date(w.t.clock.now().getTime() - 1000) })
        .where("system_id", "=", systemId)
        .execute();
      assert.deepEqual(ids(await w.user.post("nodes/?op=check_commissioning")), [systemId]);
      assert.equal((await node(w, systemId)).status, 2);
    },
  ],
  [
    "S3-229",
    "new with architecture and mac_addresses alone",
    "200",
    async (w) => void is(await w.admin.post("nodes/?op=new", { architecture: "amd64", mac_addresses: w.mac() }), 200),
  ],
  [
    "S3-230",
    "new by an administrator",
    "commissioning begins",
    async (w) => assert.equal(is(await enlist(w, {}), 200).json.status, 1),
  ],
  [
    "S3-231",
    "op=list: all kinds of filters; a malformed MAC address; nothing that fits",
    "those; 400; an empty list",
    async (w) => {
      const machine = await w.machine("ready", { agent_name: w.word("agent") });
      for (const query of [{ hostname: machine.hostname }, { mac_address: machine.mac }, { id: machine.systemId }])
        assert.deepEqual(await list(w.user, query), [machine.systemId]);
      refuses(await w.user.get("nodes/", { op: "list", mac_address: "x" }), "mac_address");
      assert.deepEqual(await list(w.user, { hostname: "nonsense" }), []);
      const theirs = await acquired(w);
      assert.deepEqual(await list(w.other, { id: theirs.systemId }), []);
      assert.deepEqual(await list(w.admin, { id: theirs.systemId }), [theirs.systemId]);
    },
  ],
  [
    "S3-232",
    "hostname: several; with domain",
    "all of them; none: it is the name alone",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      assert.deepEqual(await list(w.user, { hostname: [a.hostname, b.hostname] }), [a.systemId, b.systemId]);
      assert.deepEqual(await list(w.user, { hostname: (await node(w, a.systemId)).hostname }), []);
    },
  ],
  [
    "S3-233",
    "mac_address: several; one of them malformed",
    "all of them; 400 naming it",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      assert.deepEqual(await list(w.user, { mac_address: [a.mac, b.mac] }), [a.systemId, b.systemId]);
      assert.match(is(await w.user.get("nodes/", { op: "list", mac_address: [a.mac, "odd"] }), 400).text, /odd/);
    },
  ],
  [
    "S3-234",
    "id: several, one of them unknown",
    "those that there are",
    async (w) => {
      const machine = await w.machine("ready");
      assert.deepEqual(await list(w.user, { id: [machine.systemId, "nonsense"] }), [machine.systemId]);
    },
  ],
  [
    "S3-235",
    "zone",
    "those in it",
    async (w) => {
      const zone = w.word("z");
      is(await w.admin.post("zones/", { name: zone }), 200);
      const { systemId } = await w.machine("ready");
      is(await put(w, systemId, { zone }), 200);
      assert.deepEqual(await list(w.user, { zone }), [systemId]);
    },
  ],
  [
    "S3-236",
    "agent_name: one; the empty one",
    "those that have it; those that have none",
    async (w) => {
      const agent_name = w.word("agent");
      const machine = await w.machine("ready");
      is(await acquire(w, { name: machine.hostname, agent_name }), 200);
      assert.deepEqual(await list(w.user, { agent_name }), [machine.systemId]);
      assert.ok(!(await list(w.user, { agent_name: "" })).includes(machine.systemId));
    },
  ],
  [
    "S3-237",
    "list_allocated by the key that acquired, and by another of the same user",
    "the node; not the node",
    async (w) => {
      const machine = await w.machine("ready");
      is(await acquire(w, { name: machine.hostname }), 200);
      const other = w.as(await w.t.addToken(w.t.user));
      const of = async (who: Client) => ids(await who.get("nodes/?op=list_allocated"));
      assert.ok((await of(w.user)).includes(machine.systemId));
      assert.ok(!(await of(other)).includes(machine.systemId));
    },
  ],
  [
    "S3-238",
    "id of list_allocated",
    "narrows",
    async (w) => {
      const [a] = [await acquired(w), await acquired(w)];
      assert.deepEqual(ids(await w.user.get("nodes/", { op: "list_allocated", id: a.systemId })), [a.systemId]);
    },
  ],
  [
    "S3-239",
    "accept two; one that is not there; one in use; as a user; none",
    "both, status 1; 400; 409; 403; an empty list",
    async (w) => {
      const [a, b] = [await w.machine("new"), await w.machine("new")];
      const answer = await many(w.admin, "accept", [a.systemId, b.systemId]);
      assert.deepEqual(ids(answer), [a.systemId, b.systemId]);
      assert.equal(answer.json[0].status, 1);
      is(await many(w.admin, "accept", ["nonsense"]), 400);
      is(await many(w.admin, "accept", [(await acquired(w)).systemId]), 409);
      is(await many(w.user, "accept", [(await w.machine("new")).systemId]), 403);
      assert.deepEqual(ids(await many(w.admin, "accept", [])), []);
    },
  ],
  ["S3-240", "nodes of accept: none", "200", async (w) => void is(await w.admin.post("nodes/?op=accept"), 200)],
  [
    "S3-241",
    "accept_all by an administrator; by a user",
    "all that changed; an empty list",
    async (w) => {
      const { systemId } = await w.machine("new");
      assert.deepEqual(ids(await w.user.post("nodes/?op=accept_all")), []);
      assert.ok(ids(await w.admin.post("nodes/?op=accept_all")).includes(systemId));
    },
  ],
  [
    "S3-242",
    "acquire: by name; nothing fits; unknown zone, architecture, tag",
    "his, status 6; 409; 400 each",
    async (w) => {
      const machine = await w.machine("ready");
      const { json } = is(await acquire(w, { name: machine.hostname }), 200);
      assert.deepEqual([json.owner, json.status], ["user", 6]);
      is(await acquire(w, { name: machine.hostname }), 409);
      for (const [name, value] of Object.entries({ zone: "nonsense", arch: "nonsense", tags: "nonsense" }))
        refuses(await acquire(w, { [name]: value }), name);
    },
  ],
  [
    "S3-243",
    "name: with domain; unknown",
    "found; 409",
    async (w) => {
      const machine = await w.machine("ready");
      const { hostname } = await node(w, machine.systemId);
      assert.equal(is(await acquire(w, { name: hostname }), 200).json.system_id, machine.systemId);
      is(await acquire(w, { name: "nonsense" }), 409);
    },
  ],
  [
    "S3-244",
    "arch: whole, alone, arm for armhf; unknown",
    "found each; 400",
    async (w) => {
      for (const arch of ["armhf/generic", "armhf", "arm"])
        await narrows({ architecture: "armhf/generic" }, { arch }, { arch: "vax" })(w);
    },
  ],
  [
    "S3-245",
    "cpu_count: 4, 4.0; a word",
    "at least; 400",
    async (w) => {
      for (const cpu_count of ["4", "4.0"]) await narrows({ cpu_count: 4 }, { cpu_count }, { cpu_count: "many" })(w);
    },
  ],
  ["S3-246", "mem; a word", "at least; 400", narrows({ memory_mib: 4096 }, { mem: 4096 }, { mem: "much" })],
  [
    "S3-247",
    "tags: repeated, with commas, with blanks; unknown",
    "all must be there; 400 naming tags",
    async (w) => {
      const machine = await w.machine("ready");
      const [a, b] = [await tagged(w, machine.systemId), await tagged(w, machine.systemId)];
      const lonely = await tagged(w);
      for (const tags of [[a, b], `${a},${b}`, `${a} ${b}`, `${a}, ${b}`]) {
        is(await acquire(w, { tags }), 200);
        await w.t.db.kysely
          .updateTable("node")
          .set({ status: 4, owner_id: null })
          .where("id", "=", machine.id)
          .execute();
      }
      is(await acquire(w, { tags: [a, lonely] }), 409);
      refuses(await acquire(w, { tags: `${a},nonsense` }), "tags");
    },
  ],
  [
    "S3-248",
    "connected_to; malformed",
    "the routers are all there; 400",
    narrows(
      { routers: [ROUTER, "02:00:00:00:00:01"] },
      { connected_to: [ROUTER, "02-00-00-00-00-01"] },
      { connected_to: "x" },
    ),
  ],
  [
    "S3-249",
    "networks: name, ip:, vlan: in decimal and hex; unknown, vlan:4095",
    "all must match; 400",
    byNetwork("networks"),
  ],
  ["S3-250", "not_networks", "none may match; 400", byNetwork("not_networks")],
  [
    "S3-251",
    "not_connected_to",
    "the router is not there",
    async (w) => {
      const [seen, free] = [await w.machine("ready", { routers: [ROUTER] }), await w.machine("ready")];
      const tags = await tagged(w, seen.systemId, free.systemId);
      assert.equal(is(await acquire(w, { tags, not_connected_to: ROUTER }), 200).json.system_id, free.systemId);
      is(await acquire(w, { tags, not_connected_to: ROUTER }), 409);
      refuses(await acquire(w, { not_connected_to: "x" }), "not_connected_to");
    },
  ],
  [
    "S3-252",
    "zone: unknown; with nothing in it",
    "400; 409",
    async (w) => {
      const zone = w.word("z");
      is(await w.admin.post("zones/", { name: zone }), 200);
      is(await acquire(w, { zone }), 409);
      refuses(await acquire(w, { zone: "nonsense" }), "zone");
    },
  ],
  [
    "S3-253",
    "not_in_zone, several; unknown",
    "none of them; 400",
    async (w) => {
      const { systemId } = await w.machine("ready");
      const tags = await tagged(w, systemId);
      is(await acquire(w, { tags, not_in_zone: ["default"] }), 409);
      refuses(await acquire(w, { tags, not_in_zone: ["default", "nonsense"] }), "not_in_zone");
      is(await acquire(w, { tags }), 200);
    },
  ],
  [
    "S3-254",
    "agent_name of acquire",
    "kept, and nodes are listed by it",
    async (w) => {
      const machine = await w.machine("ready");
      const agent_name = w.word("juju");
      is(await acquire(w, { name: machine.hostname, agent_name }), 200);
      assert.deepEqual(await list(w.user, { agent_name }), [machine.systemId]);
    },
  ],
  [
    "S3-255",
    "check_commissioning: one that waits for 61 minutes, one that began just now",
    "the first, with status 2; the second stays",
    async (w) => {
      const { systemId } = await w.machine("ready");
      is(await act(w.admin, systemId, "commission"), 200);
      w.t.clock.advance(61 * 60_000);
      try {
        const { systemId: fresh } = await w.machine("ready");
        is(await act(w.admin, fresh, "commission"), 200);
        const failed = ids(await w.user.post("nodes/?op=check_commissioning"));
        assert.ok(failed.includes(systemId) && !failed.includes(fresh));
        assert.deepEqual([(await node(w, systemId)).status, (await node(w, fresh)).status], [2, 1]);
      } finally {
        w.t.clock.advance(-61 * 60_000);
      }
    },
  ],
  [
    "S3-256",
    "new by an administrator, a user, nobody; a MAC address in use",
    "status 1, 0, 0; 400",
    async (w) => {
      for (const [who, status] of [
        [w.admin, 1],
        [w.user, 0],
        [w.nobody, 0],
      ] as const)
        assert.equal(is(await enlist(w, {}, who), 200).json.status, status);
      refuses(await enlist(w, { mac_addresses: (await w.machine("ready")).mac }), "mac_addresses");
    },
  ],
  [
    "S3-257",
    "architecture: alone; none; unknown",
    "generic; 400; 400",
    async (w) => {
      assert.equal(is(await enlist(w, { architecture: "arm64" }), 200).json.architecture, "arm64/generic");
      refuses(await enlist(w, { architecture: undefined }), "architecture");
      refuses(await enlist(w, { architecture: "vax" }), "architecture");
    },
  ],
  [
    "S3-258",
    "mac_addresses: several; none; malformed",
    "all; 400; 400",
    async (w) => {
      const macs = [w.mac(), w.mac()];
      const made = is(await enlist(w, { mac_addresses: macs }), 200).json.macaddress_set as { mac_address: string }[];
      assert.deepEqual(
        made.map((one) => one.mac_address),
        macs,
      );
      refuses(await enlist(w, { mac_addresses: undefined }), "mac_addresses");
      refuses(await enlist(w, { mac_addresses: "nonsense" }), "mac_addresses");
    },
  ],
  [
    "S3-259",
    "hostname: none; one",
    "made up; that one",
    async (w) => {
      assert.match(is(await enlist(w, {}), 200).json.hostname, /^[a-z]+-[a-z]+\./);
      const hostname = w.word("host");
      assert.match(is(await enlist(w, { hostname }), 200).json.hostname, new RegExp(`^${hostname}\\.`));
    },
  ],
  [
    "S3-260",
    "power_type: one of the nine; unknown",
    "taken; 400",
    async (w) => {
      assert.equal(is(await enlist(w, { power_type: "ether_wake" }), 200).json.power_type, "ether_wake");
      refuses(await enlist(w, { power_type: "steam" }), "power_type");
    },
  ],
  [
    "S3-261",
    "subarchitecture: beside architecture; twice",
    "joined; 400",
    async (w) => {
      const fields = { architecture: "armhf", subarchitecture: "highbank" };
      assert.equal(is(await enlist(w, fields), 200).json.architecture, "armhf/highbank");
      is(await enlist(w, { ...fields, architecture: "armhf/generic" }), 400);
    },
  ],
  [
    "S3-262",
    "autodetect_nodegroup: given; not given",
    "200 each",
    async (w) => {
      for (const autodetect_nodegroup of ["", "1", undefined]) is(await enlist(w, { autodetect_nodegroup }), 200);
    },
  ],
  [
    "S3-263",
    "nodegroup: a cluster; one that there is not",
    "the node is in it; 400",
    async (w) => {
      const nodegroup = w.elsewhere.split("/")[1] ?? "";
      const made = is(await enlist(w, { nodegroup }), 200).json;
      // Interfaces of new nodes are on no VLAN, or on one that no rack serves: what is said counts.
      await w.t.db.pool.query(
        "update interface set vlan_id = null where node_id = (select id from node where system_id = $1)",
        [made.system_id],
      );
      assert.ok(is(await w.admin.get(`${w.elsewhere}?op=list_nodes`), 200).json.includes(made.system_id));
      refuses(await enlist(w, { nodegroup: "nonsense" }), "nodegroup");
    },
  ],
  [
    "S3-264",
    "power_parameters as one object, by an administrator and by nobody; no JSON",
    "kept; 400",
    async (w) => {
      const power_parameters = JSON.stringify({ power_address: "10.0.0.5" });
      for (const who of [w.admin, w.nobody]) {
        const made = is(await enlist(w, { power_type: "ipmi", power_parameters }, who), 200).json;
        assert.equal((await power(w, made.system_id))["power_address"], "10.0.0.5");
      }
      refuses(await enlist(w, { power_type: "ipmi", power_parameters: "nonsense" }), "power_parameters");
    },
  ],
  [
    "S3-265",
    "power_parameters_X by an administrator, and by a user",
    "kept; passed over",
    async (w) => {
      const fields = { power_type: "ipmi", power_parameters_power_address: "10.0.0.6" };
      const address = async (who: Client) =>
        (await power(w, is(await enlist(w, fields, who), 200).json.system_id))["power_address"];
      assert.deepEqual([await address(w.admin), await address(w.user)], ["10.0.0.6", undefined]);
    },
  ],
  [
    "S3-266",
    "release of two; of Ready ones; unknown; another's; one in a wrong status",
    "their ids; an empty list; 400; 403; 409",
    async (w) => {
      const [a, b] = [await acquired(w), await acquired(w)];
      assert.deepEqual(is(await many(w.user, "release", [a.systemId, b.systemId]), 200).json, [a.systemId, b.systemId]);
      assert.deepEqual(is(await many(w.admin, "release", [(await w.machine("ready")).systemId]), 200).json, []);
      is(await many(w.user, "release", ["nonsense"]), 400);
      is(await many(w.other, "release", [(await acquired(w)).systemId]), 403);
      is(await many(w.admin, "release", [(await w.machine("commissioning")).systemId]), 409);
    },
  ],
  [
    "S3-267",
    "nodes of release: none",
    "an empty list",
    async (w) => assert.deepEqual(is(await w.user.post("nodes/?op=release"), 200).json, []),
  ],
  [
    "S3-268",
    "set_zone of two nodes; unknown zone; as a user",
    "null, and both are in it; 400; 403",
    async (w) => {
      const zone = w.word("z");
      is(await w.admin.post("zones/", { name: zone }), 200);
      const nodes = [(await w.machine("ready")).systemId, (await w.machine("ready")).systemId];
      assert.equal(is(await many(w.admin, "set_zone", nodes, { zone }), 200).text, "null");
      for (const id of nodes) assert.equal((await node(w, id)).zone.name, zone);
      refuses(await many(w.admin, "set_zone", nodes, { zone: "nonsense" }), "zone");
      is(await many(w.user, "set_zone", nodes, { zone }), 403);
    },
  ],
  [
    "S3-269",
    "zone of set_zone: none",
    "the default one",
    async (w) => {
      const zone = w.word("z");
      is(await w.admin.post("zones/", { name: zone }), 200);
      const { systemId } = await w.machine("ready");
      is(await many(w.admin, "set_zone", [systemId], { zone }), 200);
      is(await many(w.admin, "set_zone", [systemId]), 200);
      assert.equal((await node(w, systemId)).zone.name, "default");
    },
  ],
  [
    "S3-270",
    "nodes of set_zone: none; unknown",
    "200; 400",
    async (w) => {
      is(await many(w.admin, "set_zone", [], { zone: "default" }), 200);
      refuses(await many(w.admin, "set_zone", ["nonsense"], { zone: "default" }), "nodes");
    },
  ],
];
