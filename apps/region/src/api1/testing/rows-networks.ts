/** Rows S3-097 to S3-122: networks. */
import assert from "node:assert/strict";
import { type Answer, is, keysOf, refuses, type Row, type World } from "./world.ts";

type Fields = Record<string, string | number | undefined>;

async function add(w: World, more: Fields = {}): Promise<{ name: string; net: string; answer: Answer }> {
  const [name, net] = [w.word("net"), w.net()];
  const answer = await w.admin.post("networks/", { name, ip: `${net}.9`, netmask: "255.255.255.0", ...more });
  return { name: String(more["name"] ?? name), net, answer };
}

async function made(w: World, more: Fields = {}): Promise<{ name: string; net: string }> {
  const { answer, ...network } = await add(w, more);
  is(answer, 200);
  return network;
}

const connect = (w: World, name: string, ...macs: string[]) =>
  w.admin.post(`networks/${name}/?op=connect_macs`, { macs });
const disconnect = (w: World, name: string, ...macs: string[]) =>
  w.admin.post(`networks/${name}/?op=disconnect_macs`, { macs });
const macsOf = async (w: World, name: string, who = w.admin) =>
  (is(await who.get(`networks/${name}/?op=list_connected_macs`), 200).json as { mac_address: string }[]).map(
    (one) => one.mac_address,
  );

let tags = 100;
const tag = () => (tags += 1);

/** The same field of a new network and of one that is changed. */
const both = (check: (w: World, set: (fields: Fields) => Promise<Answer>) => Promise<void>) => ({
  put: async (w: World) => {
    const { name } = await made(w);
    let at = name;
    await check(w, async (fields) => {
      const answer = await w.admin.put(`networks/${at}/`, fields);
      if (answer.status === 200) at = answer.json.name;
      return answer;
    });
  },
  post: (w: World) => check(w, async (fields) => (await add(w, fields)).answer),
});

const name = both(async (w, set) => {
  const word = w.word("good-_");
  assert.equal(is(await set({ name: word }), 200).json.name, word);
  for (const bad of ["a b", "a.b", "ü"]) refuses(await set({ name: bad }), "name");
});
const ip = both(async (w, set) => {
  const net = w.net();
  assert.equal(is(await set({ ip: `${net}.9`, netmask: "255.255.255.0" }), 200).json.ip, `${net}.0`);
  refuses(await set({ ip: "nonsense" }), "ip");
});
const netmask = both(async (w, set) => {
  const net = w.net();
  assert.equal(is(await set({ ip: `${net}.9`, netmask: "255.255.255.128" }), 200).json.netmask, "255.255.255.128");
  for (const bad of ["255.255.255.255", "0.0.0.0", "24", "255.0.255.0"])
    refuses(await set({ netmask: bad }), "netmask");
});
const vlanTag = both(async (w, set) => {
  const vid = tag();
  assert.equal(is(await set({ vlan_tag: vid }), 200).json.vlan_tag, vid);
  assert.equal(is(await set({ vlan_tag: 0 }), 200).json.vlan_tag, null);
  refuses(await set({ vlan_tag: 4095 }), "vlan_tag");
  const taken = tag();
  await made(w, { vlan_tag: taken });
  refuses(await set({ vlan_tag: taken }), "vlan_tag");
});
const description = both(async (_w, set) => {
  assert.equal(is(await set({ description: "one\ntwo" }), 200).json.description, "one\ntwo");
});

export const networkRows: readonly Row[] = [
  [
    "S3-097",
    "DELETE of a network that nodes are on",
    "409, and it stays",
    async (w) => {
      const network = await made(w);
      is(await connect(w, network.name, (await w.machine("ready")).mac), 200);
      is(await w.admin.del(`networks/${network.name}/`), 409);
      is(await w.admin.get(`networks/${network.name}/`), 200);
    },
  ],
  [
    "S3-098",
    "the MAC addresses of a network, as a user",
    "those of other users' nodes are absent",
    async (w) => {
      const network = await made(w);
      const [free, theirs] = [await w.machine("ready"), await w.machine("allocated", { owner_id: w.t.other.id })];
      is(await connect(w, network.name, free.mac, theirs.mac), 200);
      assert.deepEqual(await macsOf(w, network.name, w.user), [free.mac]);
      assert.equal((await macsOf(w, network.name)).length, 2);
    },
  ],
  [
    "S3-099",
    "connecting a MAC address that no node has",
    "400 naming macs",
    async (w) => refuses(await connect(w, (await made(w)).name, w.mac()), "macs"),
  ],
  [
    "S3-100",
    "connecting twice",
    "200, and it is there once",
    async (w) => {
      const network = await made(w);
      const { mac } = await w.machine("ready");
      for (let i = 0; i < 2; i++) is(await connect(w, network.name, mac), 200);
      assert.deepEqual(await macsOf(w, network.name), [mac]);
    },
  ],
  [
    "S3-101",
    "disconnecting what is not connected",
    "200",
    async (w) => void is(await disconnect(w, (await made(w)).name, (await w.machine("ready")).mac), 200),
  ],
  [
    "S3-102",
    "DELETE of a network: free, again, with a node",
    "204; 204; 409",
    async (w) => {
      const network = await made(w);
      for (let i = 0; i < 2; i++) is(await w.admin.del(`networks/${network.name}/`), 204);
      is(await w.user.del(`networks/${network.name}/`), 403);
      const other = await made(w);
      is(await connect(w, other.name, (await w.machine("ready")).mac), 200);
      is(await w.admin.del(`networks/${other.name}/`), 409);
    },
  ],
  [
    "S3-103",
    "GET of a network",
    "its fields, and the subnet that 2.0 shows",
    async (w) => {
      const network = await made(w, { description: "text" });
      const { json } = is(await w.user.get(`networks/${network.name}/`), 200);
      for (const key of ["name", "ip", "netmask", "vlan_tag", "description", "resource_uri"])
        assert.ok(key in json, key);
      is(await w.user.get("networks/nonsense/"), 404);
      is(await w.admin2("GET", `subnets/${network.net}.0%2F24/`), 200);
    },
  ],
  [
    "S3-104",
    "list_connected_macs",
    "addresses with their own addresses, by host name",
    async (w) => {
      const network = await made(w);
      const [b, a] = [
        await w.machine("ready", { hostname: w.word("zz") }),
        await w.machine("ready", { hostname: w.word("aa") }),
      ];
      is(await connect(w, network.name, b.mac, a.mac), 200);
      const { json } = is(await w.admin.get(`networks/${network.name}/?op=list_connected_macs`), 200);
      assert.deepEqual(keysOf(json[0]), ["mac_address", "resource_uri"]);
      assert.deepEqual(await macsOf(w, network.name), [a.mac, b.mac]);
      is(await w.user.get(json[0].resource_uri.slice("/MAAS/api/1.0/".length)), 200);
    },
  ],
  [
    "S3-105",
    "connect_macs: two; one that no node has",
    "null, and both are there; 400 and nothing is done",
    async (w) => {
      const network = await made(w);
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      assert.equal(is(await connect(w, network.name, a.mac, b.mac), 200).text, "null");
      assert.equal((await macsOf(w, network.name)).length, 2);
      const other = await made(w);
      refuses(await connect(w, other.name, a.mac, w.mac()), "macs");
      assert.deepEqual(await macsOf(w, other.name), []);
      is(await w.user.post(`networks/${network.name}/?op=connect_macs`, { macs: a.mac }), 403);
    },
  ],
  [
    "S3-106",
    "macs of connect_macs: none; unknown ones",
    "200; 400 naming them",
    async (w) => {
      const network = await made(w);
      is(await connect(w, network.name), 200);
      const mac = w.mac();
      assert.match(is(await connect(w, network.name, mac), 400).text, new RegExp(mac));
    },
  ],
  [
    "S3-107",
    "disconnect_macs, twice",
    "null, and it is gone; 200",
    async (w) => {
      const network = await made(w);
      const { mac } = await w.machine("ready");
      is(await connect(w, network.name, mac), 200);
      assert.equal(is(await disconnect(w, network.name, mac), 200).text, "null");
      assert.deepEqual(await macsOf(w, network.name), []);
      is(await disconnect(w, network.name, mac), 200);
    },
  ],
  [
    "S3-108",
    "macs of disconnect_macs: several; unknown ones",
    "all are gone; 400",
    async (w) => {
      const network = await made(w);
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      is(await connect(w, network.name, a.mac, b.mac), 200);
      is(await disconnect(w, network.name, a.mac, b.mac), 200);
      assert.deepEqual(await macsOf(w, network.name), []);
      refuses(await disconnect(w, network.name, w.mac()), "macs");
    },
  ],
  [
    "S3-109",
    "PUT of a network: description; name",
    "200 with it; found under the new name",
    async (w) => {
      const network = await made(w);
      const path = `networks/${network.name}/`;
      assert.equal(is(await w.admin.put(path, { description: "new" }), 200).json.description, "new");
      const next = w.word("renamed");
      is(await w.admin.put(path, { name: next }), 200);
      assert.equal(is(await w.user.get(`networks/${next}/`), 200).json.description, "new");
      is(await w.user.get(path), 404);
      is(await w.user.put(`networks/${next}/`, {}), 403);
    },
  ],
  ["S3-110", "PUT name", "letters, digits, dash, underscore", name.put],
  ["S3-111", "PUT ip", "host bits are dropped", ip.put],
  ["S3-112", "PUT netmask", "a mask that leaves a network and hosts", netmask.put],
  ["S3-113", "PUT vlan_tag", "1 to 4094, each once; 0 is none", vlanTag.put],
  ["S3-114", "PUT description", "free text, several lines", description.put],
  [
    "S3-115",
    "GET networks/: all; those that two nodes are on; of a node that is not there",
    "by name; the common ones; 400",
    async (w) => {
      const [one, two] = [await made(w), await made(w)];
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      is(await connect(w, one.name, a.mac, b.mac), 200);
      is(await connect(w, two.name, a.mac), 200);
      const names = (answer: Answer) => (is(answer, 200).json as { name: string }[]).map((each) => each.name);
      const all = names(await w.user.get("networks/"));
      assert.deepEqual(all, all.toSorted());
      assert.deepEqual(names(await w.user.get("networks/", { node: [a.systemId, b.systemId] })), [one.name]);
      refuses(await w.user.get("networks/?node=nonsense"), "node");
    },
  ],
  [
    "S3-116",
    "node of GET networks/: the same twice; one that is not there",
    "as once; 400",
    async (w) => {
      const network = await made(w);
      const { mac, systemId } = await w.machine("ready");
      is(await connect(w, network.name, mac), 200);
      assert.equal(is(await w.user.get("networks/", { node: [systemId, systemId] }), 200).json.length, 1);
      refuses(await w.user.get("networks/", { node: [systemId, "nonsense"] }), "node");
    },
  ],
  [
    "S3-117",
    "POST networks/: as an administrator; as a user; over another's addresses",
    "200 with the network's first address; 403; 400 naming ip and netmask",
    async (w) => {
      const { answer, net } = await add(w);
      assert.equal(is(answer, 200).json.ip, `${net}.0`);
      const more = { name: w.word("net"), ip: `${net}.99`, netmask: "255.255.255.0" };
      is(await w.user.post("networks/", more), 403);
      refuses(await w.admin.post("networks/", more), "ip", "netmask");
    },
  ],
  ["S3-118", "POST name", "letters, digits, dash, underscore", name.post],
  ["S3-119", "POST ip", "host bits are dropped", ip.post],
  ["S3-120", "POST netmask", "a mask that leaves a network and hosts", netmask.post],
  ["S3-121", "POST vlan_tag", "1 to 4094, each once; 0 is none", vlanTag.post],
  ["S3-122", "POST description", "free text, several lines", description.post],
];
