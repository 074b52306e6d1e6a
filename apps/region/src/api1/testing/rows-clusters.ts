/** Rows S3-123 to S3-191: clusters and their interfaces. */
import assert from "node:assert/strict";
import { until } from "@rackwright/testkit/until";
import { deserialize } from "bson";
import { vmFacts } from "../../testing/vm-hosts.ts";
import { type Answer, type Client, is, keysOf, refuses, refusesInText, type Row, type World } from "./world.ts";

const op = (w: World, name: string, fields = {}, who: Client = w.admin) => who.post(`${w.cluster}?op=${name}`, fields);
const progress = (w: World, fields: Record<string, string | number>, who = w.worker) =>
  op(w, "report_download_progress", fields, who);

type Fields = Record<string, string | number | undefined>;
let nics = 0;

/** All that a managed interface needs. */
function managed(w: World, more: Fields = {}): { fields: Fields; net: string; name: string } {
  const net = w.net();
  const name = `nic${(nics += 1)}`;
  const fields = {
    ip: `${net}.2`,
    interface: name,
    management: 2,
    subnet_mask: "255.255.255.0",
    router_ip: `${net}.1`,
    ip_range_low: `${net}.100`,
    ip_range_high: `${net}.199`,
    ...more,
  };
  return { fields, net, name };
}

const addInterface = (w: World, fields: Fields, who: Client = w.admin) =>
  who.post(`${w.cluster}interfaces/?op=new`, fields);

async function made(w: World, more: Fields = {}): Promise<{ path: string; net: string; fields: Fields; name: string }> {
  const one = managed(w, more);
  is(await addInterface(w, one.fields), 200);
  return { ...one, path: `${w.cluster}interfaces/${one.name}/` };
}

/** The same field of a new interface and of one that is changed. */
const both = (check: (w: World, set: (more: (net: string) => Fields) => Promise<Answer>) => Promise<void>) => ({
  put: async (w: World) => {
    const { path, net } = await made(w, { management: 0 });
    await check(w, (more) => w.admin.put(path, more(net)));
  },
  post: (w: World) =>
    check(w, (more) => {
      const { fields, net } = managed(w);
      return addInterface(w, { ...fields, management: 0, ...more(net) });
    }),
});

const ip = both(async (_w, set) => {
  const answer = await set((net) => ({ ip: `${net}.3` }));
  assert.match(is(answer, 200).json.ip, /\.3$/);
  refuses(await set(() => ({ ip: "nonsense" })), "ip");
});
const nic = both(async (w, set) => {
  const name = w.word("eth");
  assert.equal(is(await set(() => ({ interface: name })), 200).json.interface, name);
});
const management = both(async (_w, set) => {
  for (const value of [0, 1, 2])
    assert.equal(
      is(await set((net) => ({ management: value, subnet_mask: "255.255.255.0", router_ip: `${net}.1` })), 200).json
        .management,
      value,
    );
  for (const value of [3, -1, "x"]) refuses(await set(() => ({ management: value })), "management");
});
const subnetMask = both(async (_w, set) => {
  refuses(await set(() => ({ management: 1, subnet_mask: "" })), "subnet_mask");
  refuses(await set(() => ({ management: 1, subnet_mask: "255.0.0.0" })), "subnet_mask");
  assert.equal(is(await set(() => ({ subnet_mask: "255.255.255.0" })), 200).json.subnet_mask, "255.255.255.0");
});
const broadcast = both(async (_w, set) => {
  refuses(await set(() => ({ broadcast_ip: "1.2.3.4" })), "broadcast_ip");
  assert.match(is(await set((net) => ({ broadcast_ip: `${net}.254` })), 200).json.broadcast_ip, /\.254$/);
});
const router = both(async (_w, set) => {
  refuses(await set(() => ({ management: 2, router_ip: "" })), "router_ip");
  refuses(await set(() => ({ router_ip: "1.2.3.4" })), "router_ip");
  assert.ok(!("router_ip" in is(await set((net) => ({ router_ip: `${net}.1` })), 200).json));
});
const range = (field: "ip_range_low" | "ip_range_high", last: number) =>
  both(async (_w, set) => {
    refuses(await set(() => ({ management: 1, [field]: "" })), field);
    refuses(await set(() => ({ [field]: "1.2.3.4" })), field);
    const answer = is(await set((net) => ({ [field]: `${net}.${last}` })), 200);
    assert.match(answer.json[field], new RegExp(`\\.${last}$`));
  });
const low = range("ip_range_low", 110);
const high = range("ip_range_high", 190);

const external = async (w: World, net: string): Promise<string | null> => {
  const { vlan } = is(await w.admin2("GET", `subnets/${net}.0%2F24/`), 200).json;
  return vlan.external_dhcp;
};
const statusOf = async (w: World): Promise<number> => is(await w.admin.get(w.cluster), 200).json.status;
const elsewhereUuid = (w: World) => w.elsewhere.split("/")[1] ?? "";
const probe = (w: World, fields: Record<string, string>) => op(w, "probe_and_enlist_hardware", fields);
const HYPERVISOR = "qemu+ssh://root@10.0.0.9/system";
/** What is refused is refused for another reason than what this row asks. */
const notFor = (answer: Answer, name: string) => assert.doesNotMatch(answer.text, new RegExp(`^${name}: This field`));

export const clusterRows: readonly Row[] = [
  [
    "S3-123",
    "a cluster, by 1.0 and 2.0",
    "is a rack controller",
    async (w) => {
      const racks = is(await w.admin2("GET", "rackcontrollers/"), 200).json as unknown[];
      assert.equal(is(await w.user.get("nodegroups/?op=list"), 200).json.length, racks.length);
    },
  ],
  [
    "S3-124",
    "the UUIDs of clusters, asked twice",
    "are the same, and each its own",
    async (w) => {
      const ids = async () =>
        (is(await w.user.get("nodegroups/?op=list"), 200).json as { uuid: string }[]).map((one) => one.uuid);
      const first = await ids();
      assert.deepEqual(await ids(), first);
      assert.equal(new Set(first).size, first.length);
      for (const uuid of first) assert.match(uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    },
  ],
  [
    "S3-125",
    "details of a cluster",
    "BSON",
    async (w) => {
      const answer = is(await op(w, "details", { system_ids: [] }), 200);
      assert.equal(answer.headers["content-type"], "application/bson");
      assert.deepEqual(deserialize(answer.bytes), {});
    },
  ],
  [
    "S3-126",
    "details by another cluster's worker; of another cluster's nodes",
    "403; passed over",
    async (w) => {
      is(await op(w, "details", {}, w.stranger), 403);
      const { systemId } = await w.machine("ready", { stated_cluster_id: null });
      const other = await w.stranger.post(`${w.elsewhere}?op=details`, { system_ids: systemId });
      assert.deepEqual(deserialize(is(other, 200).bytes), {});
    },
  ],
  [
    "S3-127",
    "a download: begun, half way, done; then once more",
    "200 each; another record",
    async (w) => {
      const filename = w.word("file");
      for (const more of [{}, { bytes_downloaded: 5 }, { bytes_downloaded: 10, size: 10 }, {}])
        is(await progress(w, { filename, ...more }), 200);
      const rows = await w.t.db.kysely
        .selectFrom("cluster_download")
        .select(["bytes_downloaded", "size_bytes"])
        .where("filename", "=", filename)
        .orderBy("id")
        .execute();
      assert.deepEqual(rows, [
        { bytes_downloaded: 10, size_bytes: 10 },
        { bytes_downloaded: null, size_bytes: null },
      ]);
    },
  ],
  [
    "S3-128",
    "the same file downloaded twice",
    "two records",
    async (w) => {
      const filename = w.word("file");
      for (let i = 0; i < 2; i++) {
        is(await progress(w, { filename, size: 3 }), 200);
        is(await progress(w, { filename, bytes_downloaded: 3 }), 200);
      }
      const rows = await w.t.db.kysely
        .selectFrom("cluster_download")
        .select("id")
        .where("filename", "=", filename)
        .execute();
      assert.equal(rows.length, 2);
    },
  ],
  [
    "S3-129",
    "the same leases, twice",
    "200, and nothing changes",
    async (w) => {
      const leases = JSON.stringify({ [`${w.net()}.5`]: w.mac() });
      for (let i = 0; i < 2; i++) is(await op(w, "update_leases", { leases }, w.worker), 200);
    },
  ],
  [
    "S3-130",
    "GET of a cluster; of one that is not there; by nobody",
    "four fields; 404; 401",
    async (w) => {
      assert.deepEqual(keysOf(is(await w.user.get(w.cluster), 200).json), ["cluster_name", "name", "status", "uuid"]);
      is(await w.user.get("nodegroups/nonsense/"), 404);
      is(await w.nobody.get(w.cluster), 401);
    },
  ],
  [
    "S3-131",
    "list_nodes by an administrator, the worker, a user, another worker",
    "system ids; the same; 403; 403",
    async (w) => {
      const { systemId } = await w.machine("ready");
      const path = `${w.cluster}?op=list_nodes`;
      for (const who of [w.admin, w.worker]) assert.ok(is(await who.get(path), 200).json.includes(systemId));
      for (const who of [w.user, w.stranger]) is(await who.get(path), 403);
    },
  ],
  [
    "S3-132",
    "details by the worker: two nodes; none; by a user",
    "both, with lshw and lldp; nothing; 403",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      const set = await w.t.db.kysely
        .insertInto("script_set")
        .values({ node_id: a.id, result_type: 0 })
        .returning("id")
        .executeTakeFirstOrThrow();
      const [stdout, empty] = [Buffer.from([60, 0, 255]), Buffer.from("")];
      const result = {
        set_id: set.id,
        name: "maas-lshw",
        status: 2,
        exit_status: 0,
        stdout,
        stderr: empty,
        output: empty,
      };
      await w.t.db.kysely.insertInto("script_result").values(result).execute();
      const answer = is(await op(w, "details", { system_ids: [a.systemId, b.systemId] }, w.worker), 200);
      const found = deserialize(answer.bytes, { promoteBuffers: true });
      assert.deepEqual(found, { [a.systemId]: { lshw: stdout, lldp: null }, [b.systemId]: { lshw: null, lldp: null } });
      assert.deepEqual(deserialize(is(await op(w, "details", {}, w.worker), 200).bytes), {});
      is(await op(w, "details", {}, w.user), 403);
    },
  ],
  [
    "S3-133",
    "system_ids: repeated; as a list in JSON; of other clusters",
    "all; all; passed over",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      const json = { system_ids: [a.systemId, b.systemId, "nonsense"] };
      const answer = is(await w.worker.ask("POST", `${w.cluster}?op=details`, { json }), 200);
      assert.deepEqual(keysOf(deserialize(answer.bytes)), [a.systemId, b.systemId].toSorted());
    },
  ],
  [
    "S3-134",
    "import_boot_images of a cluster, by an administrator and a user",
    "200 in words, and its rack is told; 403",
    async (w) => {
      const before = w.t.racks.calls.length;
      assert.notEqual(is(await op(w, "import_boot_images"), 200).text, "");
      const told = w.t.racks.calls.slice(before).filter((call) => call.method === "syncImages");
      assert.deepEqual(
        told.map((call) => call.nodeId),
        [w.rack.id],
      );
      is(await op(w, "import_boot_images", {}, w.user), 403);
    },
  ],
  [
    "S3-135",
    "probe_and_enlist_hardware: a hypervisor; a model that there is not; none",
    "200 without a word, and its machines are New; 400; 400",
    async (w) => {
      const [name, mac] = [w.word("guest"), w.mac()];
      w.hypervisor.facts.machines = [vmFacts(name, { interfaces: [{ mac, attachedTo: "default" }] })];
      assert.equal(is(await probe(w, { model: "virsh", power_address: HYPERVISOR, power_pass: "p" }), 200).text, "");
      const found = await until(
        async () => is(await w.admin.get("nodes/", { op: "list", mac_address: mac }), 200).json[0],
        { what: "the hypervisor's machine" },
      );
      assert.deepEqual([found.status, found.power_type], [0, "virsh"]);
      refusesInText(await probe(w, { model: "foo" }));
      refusesInText(await probe(w, {}));
      is(await w.user.post(`${w.cluster}?op=probe_and_enlist_hardware`, { model: "virsh" }), 403);
    },
  ],
  [
    "S3-136",
    "model: seamicro15k, virsh, powerkvm; another",
    "known; 400",
    async (w) => {
      for (const model of ["seamicro15k", "virsh", "powerkvm"])
        assert.doesNotMatch((await probe(w, { model })).text, /not one of/);
      assert.match(is(await probe(w, { model: "x" }), 400).text, /not one of/);
    },
  ],
  ...(["mac", "username", "password"] as const).map(
    (name, i): Row => [
      `S3-${137 + i}`,
      `probe of seamicro15k without ${name}, and with it`,
      "400 for it; not for it",
      async (w) => {
        const all = { model: "seamicro15k", mac: w.mac(), username: "u", password: "p" };
        assert.match(is(await probe(w, { ...all, [name]: "" }), 400).text, new RegExp(`^${name}:`));
        notFor(await probe(w, all), name);
      },
    ],
  ),
  [
    "S3-140",
    "power_control: ipmi, restapi, restapi2; another",
    "not refused for it; 400",
    async (w) => {
      const all = { model: "seamicro15k", mac: w.mac(), username: "u", password: "p" };
      for (const power_control of ["ipmi", "restapi", "restapi2"])
        assert.doesNotMatch((await probe(w, { ...all, power_control })).text, /power_control/);
      assert.match(is(await probe(w, { ...all, power_control: "x" }), 400).text, /power_control/);
    },
  ],
  [
    "S3-141",
    "probe of virsh without power_address",
    "400 for it",
    async (w) => assert.match(is(await probe(w, { model: "virsh" }), 400).text, /^power_address:/),
  ],
  [
    "S3-142",
    "probe of virsh with and without power_pass",
    "200 each, and it is told to nobody",
    async (w) => {
      for (const more of [{}, { power_pass: "hidden-2" }])
        is(await probe(w, { model: "virsh", power_address: HYPERVISOR, ...more }), 200);
      assert.doesNotMatch(is(await w.admin2("GET", "events/?op=query"), 200).text, /hidden-2/);
    },
  ],
  [
    "S3-143",
    "probe_and_enlist_ucsm with all three, and without one",
    "200; 400",
    async (w) => {
      const all = { url: "http://10.0.0.1/", username: "u", password: "p" };
      for (const name of Object.keys(all)) refusesInText(await op(w, "probe_and_enlist_ucsm", { ...all, [name]: "" }));
      is(await op(w, "probe_and_enlist_ucsm", all, w.user), 403);
      assert.equal(is(await op(w, "probe_and_enlist_ucsm", all), 200).text, "");
    },
  ],
  ...(["url", "username", "password"] as const).map(
    (name, i): Row => [
      `S3-${144 + i}`,
      `probe_and_enlist_ucsm without ${name}`,
      "400 for it",
      async (w) => {
        const all = { url: "http://10.0.0.1/", username: "u", password: "p" };
        const answer = await op(w, "probe_and_enlist_ucsm", { ...all, [name]: undefined });
        assert.match(is(answer, 400).text, new RegExp(`^${name}:`));
      },
    ],
  ),
  [
    "S3-147",
    "report_download_progress: begun, half way, less than nothing, too much, never begun, by an administrator",
    "200; 200; 400; 400; 400; 403",
    async (w) => {
      const filename = w.word("file");
      is(await progress(w, { filename }), 200);
      assert.equal(is(await progress(w, { filename, bytes_downloaded: 5, size: 10 }), 200).text, "");
      for (const bytes_downloaded of [-1, 11]) refusesInText(await progress(w, { filename, bytes_downloaded }));
      refusesInText(await progress(w, { filename: w.word("file"), bytes_downloaded: 1 }));
      is(await progress(w, { filename }, w.admin), 403);
    },
  ],
  ["S3-148", "a report without filename", "400", async (w) => refusesInText(await progress(w, {}))],
  [
    "S3-149",
    "size: once, then not again; negative; another than before",
    "remembered; 400; 400",
    async (w) => {
      const filename = w.word("file");
      is(await progress(w, { filename, size: 10 }), 200);
      is(await progress(w, { filename, bytes_downloaded: 10 }), 200);
      refusesInText(await progress(w, { filename, bytes_downloaded: 11 }));
      refusesInText(await progress(w, { filename, size: -1 }));
      refusesInText(await progress(w, { filename, size: 12, bytes_downloaded: 1 }));
    },
  ],
  [
    "S3-150",
    "bytes_downloaded: absent at first, then there; negative; more than the size",
    "200; 200; 400; 400",
    async (w) => {
      const filename = w.word("file");
      is(await progress(w, { filename, size: 3 }), 200);
      is(await progress(w, { filename, bytes_downloaded: 2 }), 200);
      for (const bytes_downloaded of [-1, 4]) refusesInText(await progress(w, { filename, bytes_downloaded }));
    },
  ],
  [
    "S3-151",
    "error",
    "the download has failed, as the events of 2.0 say",
    async (w) => {
      const filename = w.word("file");
      is(await progress(w, { filename }), 200);
      is(await progress(w, { filename, bytes_downloaded: 0, error: "no route" }), 200);
      const { events } = is(await w.admin2("GET", "events/?op=query&level=AUDIT"), 200).json;
      const texts = (events as { description: string }[]).map((event) => event.description);
      assert.ok(
        texts.some((text) => text.endsWith(`failed to download '${filename}': no route.`)),
        texts.join("\n"),
      );
    },
  ],
  [
    "S3-152",
    "update_leases: one of a node; none; by an administrator; without leases",
    "the node has the address; it has none; 403; 400",
    async (w) => {
      const { net } = await made(w);
      const { mac, systemId } = await w.machine("ready");
      const addresses = async () => is(await w.admin.get(`nodes/${systemId}/`), 200).json.ip_addresses;
      is(await op(w, "update_leases", { leases: JSON.stringify({ [`${net}.105`]: mac }) }, w.worker), 200);
      assert.deepEqual(await addresses(), [`${net}.105`]);
      is(await op(w, "update_leases", { leases: "{}" }, w.worker), 200);
      assert.deepEqual(await addresses(), []);
      // What another cluster serves is not this worker's to tell of.
      const elsewhere = `${w.elsewhere}?op=update_leases`;
      is(await w.stranger.post(elsewhere, { leases: JSON.stringify({ [`${net}.106`]: mac }) }), 200);
      assert.deepEqual(await addresses(), []);
      is(await op(w, "update_leases", { leases: "{}" }), 403);
      refusesInText(await op(w, "update_leases", {}, w.worker));
    },
  ],
  [
    "S3-153",
    "leases: missing, also for a cluster that is not there; no JSON",
    "400",
    async (w) => {
      is(await w.worker.post("nodegroups/none/?op=update_leases"), 400);
      refusesInText(await op(w, "update_leases", { leases: "nonsense" }, w.worker));
    },
  ],
  [
    "S3-154",
    "PUT of a cluster: its name for people and status; its zone while nodes are in use",
    "200 with them; 400 naming name",
    async (w) => {
      const cluster_name = w.word("Cluster ");
      const changed = is(await w.admin.put(w.cluster, { cluster_name, status: 1 }), 200).json;
      assert.deepEqual([changed.cluster_name, changed.status], [cluster_name, 1]);
      const { path } = await made(w, { management: 2 });
      await w.machine("allocated", { owner_id: w.t.user.id });
      refuses(await w.admin.put(w.cluster, { name: "another.example" }), "name");
      is(await w.admin.del(path), 204);
      is(await w.user.put(w.cluster, {}), 403);
    },
  ],
  [
    "S3-155",
    "name of PUT: empty; another",
    "stays; the zone of 2.0 is called so",
    async (w) => {
      const before = is(await w.admin.get(w.elsewhere), 200).json.name;
      assert.equal(is(await w.admin.put(w.elsewhere, { name: "" }), 200).json.name, before);
      const name = w.word("zone");
      assert.equal(is(await w.admin.put(w.elsewhere, { name }), 200).json.name, name);
      const domains = is(await w.admin2("GET", "domains/"), 200).json as { name: string }[];
      assert.ok(domains.some((domain) => domain.name === name));
      is(await w.admin.put(w.elsewhere, { name: before }), 200);
    },
  ],
  [
    "S3-156",
    "cluster_name of PUT: another's; too long",
    "400 each",
    async (w) => {
      const { cluster_name } = is(await w.admin.get(w.elsewhere), 200).json;
      refuses(await w.admin.put(w.cluster, { cluster_name }), "cluster_name");
      refuses(await w.admin.put(w.cluster, { cluster_name: "x".repeat(101) }), "cluster_name");
    },
  ],
  [
    "S3-157",
    "status of PUT: 0, 1, 2; 3",
    "taken; 400",
    async (w) => {
      for (const status of [0, 2, 1])
        assert.equal(is(await w.admin.put(w.cluster, { status }), 200).json.status, status);
      refuses(await w.admin.put(w.cluster, { status: 3 }), "status");
    },
  ],
  [
    "S3-158",
    "an interface by its cluster and its name",
    "200",
    async (w) => void is(await w.admin.get((await made(w)).path), 200),
  ],
  [
    "S3-159",
    "a DHCP server that is not ours, as the worker reports it",
    "is the VLAN's external_dhcp",
    async (w) => {
      const { path, net } = await made(w);
      is(await w.worker.post(`${path}?op=report_foreign_dhcp`, { foreign_dhcp_ip: `${net}.77` }), 200);
      assert.equal(await external(w, net), `${net}.77`);
      is(await w.worker.post(`${path}?op=report_foreign_dhcp`, { foreign_dhcp_ip: "" }), 200);
    },
  ],
  [
    "S3-160",
    "DELETE of an interface",
    "204, then 404, and its range is handed out no more",
    async (w) => {
      const { path, net } = await made(w);
      is(await w.admin.del(path), 204);
      is(await w.admin.get(path), 404);
      const ranges = is(await w.admin2("GET", "ipranges/"), 200).json as { start_ip: string }[];
      assert.ok(ranges.every((one) => one.start_ip !== `${net}.100`));
    },
  ],
  [
    "S3-161",
    "GET of an interface, as an administrator and a user",
    "its fields, but not the gateway; 403",
    async (w) => {
      const { path } = await made(w);
      const { json } = is(await w.admin.get(path), 200);
      for (const key of [
        "ip",
        "management",
        "interface",
        "subnet_mask",
        "broadcast_ip",
        "ip_range_low",
        "ip_range_high",
      ])
        assert.ok(key in json, key);
      assert.ok(!("router_ip" in json));
      is(await w.user.get(path), 403);
    },
  ],
  [
    "S3-162",
    "report_foreign_dhcp: an address; empty; nothing",
    "the VLAN has it; has none; 400",
    async (w) => {
      const { path, net } = await made(w);
      const tell = (fields: Record<string, string>) => w.worker.post(`${path}?op=report_foreign_dhcp`, fields);
      is(await tell({ foreign_dhcp_ip: `${net}.9` }), 200);
      assert.equal(await external(w, net), `${net}.9`);
      is(await tell({ foreign_dhcp_ip: "" }), 200);
      assert.equal(await external(w, net), null);
      refuses(await tell({}), "foreign_dhcp_ip");
    },
  ],
  [
    "S3-163",
    "foreign_dhcp_ip: what is no address",
    "400",
    async (w) =>
      refuses(
        await w.worker.post(`${(await made(w)).path}?op=report_foreign_dhcp`, { foreign_dhcp_ip: "x" }),
        "foreign_dhcp_ip",
      ),
  ],
  [
    "S3-164",
    "PUT of an interface: the end of its range; outside of the network",
    "200, and DHCP hands out that range; 400",
    async (w) => {
      const { path, net } = await made(w);
      assert.equal(is(await w.admin.put(path, { ip_range_high: `${net}.150` }), 200).json.ip_range_high, `${net}.150`);
      const ranges = is(await w.admin2("GET", "ipranges/"), 200).json as { start_ip: string; end_ip: string }[];
      assert.equal(ranges.find((one) => one.start_ip === `${net}.100`)?.end_ip, `${net}.150`);
      refuses(await w.admin.put(path, { ip_range_high: "1.2.3.4" }), "ip_range_high");
    },
  ],
  ["S3-165", "PUT ip", "an address", ip.put],
  [
    "S3-166",
    "PUT interface: another name; another's name",
    "found under it; 400",
    async (w) => {
      const [one, two] = [await made(w), await made(w)];
      refuses(await w.admin.put(one.path, { interface: two.name }), "interface");
      const next = w.word("eth");
      is(await w.admin.put(one.path, { interface: next }), 200);
      is(await w.admin.get(`${w.cluster}interfaces/${next}/`), 200);
    },
  ],
  ["S3-167", "PUT management", "0, 1, 2", management.put],
  ["S3-168", "PUT subnet_mask", "needed when managed, and no wider than /16", subnetMask.put],
  ["S3-169", "PUT broadcast_ip", "inside the network", broadcast.put],
  ["S3-170", "PUT router_ip", "needed when managed, inside the network, never shown", router.put],
  ["S3-171", "PUT ip_range_low", "needed when managed, inside the network", low.put],
  ["S3-172", "PUT ip_range_high", "needed when managed, inside the network", high.put],
  [
    "S3-173",
    "the interfaces of a cluster",
    "all that were made, as 2.0 has changed them since, and the rack's own network cards with what is served there",
    async (w) => {
      const { name, net, path } = await made(w);
      const own = await w.t.db.kysely
        .insertInto("interface")
        .values({ node_id: w.rack.id, name: w.word("own"), vlan_id: 1 })
        .returning(["id", "name"])
        .executeTakeFirstOrThrow();
      const { id } = is(await w.admin2("GET", `subnets/${net}.0%2F24/`), 200).json;
      const link = { alloc_type: 1, ip: `${net}.3`, subnet_id: id, interface_id: own.id };
      await w.t.db.kysely.insertInto("ip_address").values(link).execute();
      const ranges = is(await w.admin2("GET", "ipranges/"), 200).json as { id: number; start_ip: string }[];
      const range = ranges.find((one) => one.start_ip === `${net}.100`);
      is(await w.admin2("PUT", `ipranges/${range?.id}/`, { form: { end_ip: `${net}.133` } }), 200);
      const all = is(await w.admin.get(`${w.cluster}interfaces/?op=list`), 200).json as {
        interface: string;
        ip: string;
        ip_range_high: string;
        management: number;
      }[];
      const seen = (word: string) => {
        const one = all.find((each) => each.interface === word);
        return [one?.ip, one?.ip_range_high, one?.management];
      };
      assert.deepEqual(seen(name), [`${net}.2`, `${net}.133`, 2]);
      assert.deepEqual(seen(own.name), [`${net}.3`, `${net}.133`, 2]);
      // It is changed as any other.
      const card = `${w.cluster}interfaces/${own.name}/`;
      assert.equal(is(await w.admin.put(card, { ip_range_high: `${net}.144` }), 200).json.ip_range_high, `${net}.144`);
      assert.equal(is(await w.admin.get(path), 200).json.ip_range_high, `${net}.144`);
    },
  ],
  [
    "S3-174",
    "op=list by an administrator, the worker, a user",
    "200; 200; 403",
    async (w) => {
      for (const who of [w.admin, w.worker]) is(await who.get(`${w.cluster}interfaces/?op=list`), 200);
      is(await w.user.get(`${w.cluster}interfaces/?op=list`), 403);
    },
  ],
  [
    "S3-175",
    "op=new with all fields; with none; managed without a gateway; by the worker",
    "200 and DHCP is on by 2.0; 400 naming ip; 400 naming router_ip; 200",
    async (w) => {
      const { net } = await made(w);
      const { vlan } = is(await w.admin2("GET", `subnets/${net}.0%2F24/`), 200).json;
      assert.deepEqual([vlan.dhcp_on, vlan.primary_rack], [true, w.rack.systemId]);
      refuses(await addInterface(w, {}), "ip");
      refuses(await addInterface(w, { ...managed(w).fields, router_ip: undefined }), "router_ip");
      is(await addInterface(w, managed(w).fields, w.worker), 200);
    },
  ],
  ["S3-176", "POST ip", "an address", ip.post],
  [
    "S3-177",
    "POST interface: a name; one that there is",
    "taken; 400",
    async (w) => {
      await nic.post(w);
      const { fields, name } = await made(w);
      refuses(
        await addInterface(w, {
          ...fields,
          ip: `${w.net()}.2`,
          interface: name,
          management: 0,
          subnet_mask: "",
          broadcast_ip: "",
          router_ip: "",
          ip_range_low: "",
          ip_range_high: "",
        }),
        "interface",
      );
    },
  ],
  ["S3-178", "POST management", "0, 1, 2", management.post],
  ["S3-179", "POST subnet_mask", "needed when managed, and no wider than /16", subnetMask.post],
  [
    "S3-180",
    "POST broadcast_ip",
    "inside the network; else the last address of it",
    async (w) => {
      await broadcast.post(w);
      const { path, net } = await made(w);
      assert.equal(is(await w.admin.get(path), 200).json.broadcast_ip, `${net}.255`);
    },
  ],
  ["S3-181", "POST router_ip", "needed when managed, inside the network, never shown", router.post],
  ["S3-182", "POST ip_range_low", "needed when managed, inside the network", low.post],
  ["S3-183", "POST ip_range_high", "needed when managed, inside the network", high.post],
  [
    "S3-184",
    "accept and reject by a user",
    "403",
    async (w) => {
      for (const name of ["accept", "reject"]) is(await w.user.post(`nodegroups/?op=${name}`, { uuid: w.uuid }), 403);
    },
  ],
  [
    "S3-185",
    "describe_power_types",
    "the nine, each with name, description, fields",
    async (w) => {
      const all = is(await w.user.get("nodegroups/?op=describe_power_types"), 200).json as { name: string }[];
      assert.deepEqual(keysOf(all[0] ?? {}), ["description", "fields", "name"]);
      for (const name of ["ether_wake", "virsh", "fence_cdu", "ipmi", "moonshot", "sm15k", "amt", "dli", "ucsm"])
        assert.equal(all.filter((type) => type.name === name).length, 1, name);
    },
  ],
  [
    "S3-186",
    "the list of clusters by an administrator, a user, nobody",
    "200 for all, with four fields each",
    async (w) => {
      for (const who of [w.admin, w.user, w.nobody])
        assert.deepEqual(keysOf(is(await who.get("nodegroups/?op=list"), 200).json[0]), [
          "cluster_name",
          "name",
          "status",
          "uuid",
        ]);
    },
  ],
  [
    "S3-187",
    "accept two clusters; one that is not there",
    "both have status 1; 404 and nothing is done",
    async (w) => {
      const uuid = [w.uuid, elsewhereUuid(w)];
      is(await w.admin.post("nodegroups/?op=reject", { uuid }), 200);
      is(await w.admin.post("nodegroups/?op=accept", { uuid: [...uuid, "none"] }), 404);
      assert.equal(await statusOf(w), 2);
      is(await w.admin.post("nodegroups/?op=accept", { uuid }), 200);
      assert.deepEqual([await statusOf(w), is(await w.admin.get(w.elsewhere), 200).json.status], [1, 1]);
    },
  ],
  [
    "S3-188",
    "uuid of accept: one; several",
    "each is accepted",
    async (w) => {
      for (const uuid of [[w.uuid], [w.uuid, elsewhereUuid(w)]])
        is(await w.admin.post("nodegroups/?op=accept", { uuid }), 200);
      assert.equal(await statusOf(w), 1);
    },
  ],
  [
    "S3-189",
    "import_boot_images with one cluster rejected",
    "200; that one is not told",
    async (w) => {
      is(await w.admin.post("nodegroups/?op=reject", { uuid: elsewhereUuid(w) }), 200);
      const before = w.t.racks.calls.length;
      is(await w.admin.post("nodegroups/?op=import_boot_images"), 200);
      const told = w.t.racks.calls.slice(before).filter((call) => call.method === "syncImages");
      assert.deepEqual(
        told.map((call) => call.nodeId),
        [w.rack.id],
      );
      is(await w.admin.post("nodegroups/?op=accept", { uuid: elsewhereUuid(w) }), 200);
      is(await w.user.post("nodegroups/?op=import_boot_images"), 403);
    },
  ],
  [
    "S3-190",
    "reject a cluster",
    "status 2; DHCP is off there, and what its worker does is refused",
    async (w) => {
      const { net } = await made(w);
      is(await w.admin.post("nodegroups/?op=reject", { uuid: w.uuid }), 200);
      assert.equal(await statusOf(w), 2);
      assert.equal(is(await w.admin2("GET", `subnets/${net}.0%2F24/`), 200).json.vlan.dhcp_on, false);
      is(await op(w, "update_leases", { leases: "{}" }, w.worker), 403);
      is(await w.admin.post("nodegroups/?op=accept", { uuid: w.uuid }), 200);
      is(await op(w, "update_leases", { leases: "{}" }, w.worker), 200);
    },
  ],
  [
    "S3-191",
    "uuid of reject: several; one that is not there",
    "each is rejected; 404",
    async (w) => {
      const uuid = [w.uuid, elsewhereUuid(w)];
      is(await w.admin.post("nodegroups/?op=reject", { uuid }), 200);
      assert.equal(is(await w.admin.get(w.elsewhere), 200).json.status, 2);
      is(await w.admin.post("nodegroups/?op=accept", { uuid }), 200);
      is(await w.admin.post("nodegroups/?op=reject", { uuid: "none" }), 404);
    },
  ],
];
