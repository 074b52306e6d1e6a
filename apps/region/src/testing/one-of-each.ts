/** One of everything that paths of the API lead to, so that a test can visit all of them. */
import assert from "node:assert/strict";
import { statusCode } from "@rackwright/domain/machine/status";
import { caller } from "./api-calls.ts";
import type { AddedMachine } from "./machines.ts";
import type { TestRegion } from "./region.ts";

/** Values for the parameters of a path, by the resource's name. */
export type PathValues = Record<string, Record<string, string | number>>;

/** What a machine can have, and what belongs to the plain user. The machine has to be Ready. */
export async function partsOf(t: TestRegion, machine: AddedMachine): Promise<PathValues> {
  const admin = caller(t, t.admin);
  const user = caller(t, t.user);
  const { systemId: system_id } = machine;
  const node = `/nodes/${system_id}`;
  const disk = async (name: string) =>
    (await admin.made(`${node}/blockdevices/`, { name, model: "m", serial: name, size: 20e9, block_size: 512 }))
      .id as number;
  const [a, b, c, d, e, f, g] = await Promise.all(["a", "b", "c", "d", "e", "f", "g"].map((name) => disk(`sd${name}`)));
  const made = async (path: string, form: Record<string, string | number | string[]>) =>
    (await admin.made(`${node}/${path}`, form)).id as number;
  const partition = await made(`blockdevices/${a}/partitions/`, { size: 5e9 });
  const raid = await made("raids/", { level: "raid-0", block_devices: [String(b), String(c)] });
  const group = await made("volume-groups/", { name: "vg", block_devices: [String(d)] });
  const set = await made("bcache-cache-sets/", { cache_device: String(e) });
  const cached = await made("bcaches/", {
    cache_set: String(set),
    backing_device: String(f),
    cache_mode: "writeback",
    name: "bc",
  });
  const store = await t.db.kysely
    .insertInto("storage_group")
    .values({
      node_id: machine.id,
      type: "vmfs6",
      name: "ds",
      uuid: "00000000-0000-0000-0000-000000000001",
      cache_mode: null,
      cache_set_id: null,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  assert.ok(g);
  const link = await t.db.kysely
    .selectFrom("interface")
    .select("id")
    .where("node_id", "=", machine.id)
    .executeTakeFirstOrThrow();
  const scripts = await t.db.kysely
    .insertInto("script_set")
    .values({ node_id: machine.id, result_type: 0, last_ping: null })
    .returning("id")
    .executeTakeFirstOrThrow();
  const part = await t.db.kysely
    .insertInto("node_device")
    .values({
      node_id: machine.id,
      bus: "pcie",
      hardware_type: 0,
      vendor_id: "8086",
      product_id: "10fb",
      vendor_name: "",
      product_name: "",
      driver: "",
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const device = await user.made("/devices/", { hostname: "mine", mac_addresses: "52:54:02:00:00:01" });
  await t.request(t.user, "POST", "/files/", {
    multipart: { filename: "mine", file: { filename: "f", content: "x" } },
  });
  const keys = [1, 2].map((fill) =>
    Buffer.concat([
      Buffer.from([0, 0, 0, 11]),
      Buffer.from("ssh-ed25519"),
      Buffer.from([0, 0, 0, 32]),
      Buffer.alloc(32, fill),
    ]),
  );
  const key = await user.post("/account/prefs/sshkeys/", { key: `ssh-ed25519 ${keys[0]?.toString("base64")}` });
  const subnet = await admin.made("/subnets/", { cidr: "10.40.0.0/24" });
  const range = await user.made("/ipranges/", {
    type: "reserved",
    subnet: subnet.id,
    start_ip: "10.40.0.5",
    end_ip: "10.40.0.9",
  });
  const ssl = await t.db.kysely
    .insertInto("ssl_key")
    .values({ user_id: t.user.id, key: "certificate" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const rack = { system_id: "rackid", hostname: "a-rack", node_type: 2, status: statusCode.deployed };
  await t.db.kysely.insertInto("node").values(rack).execute();
  const of = (id: number) => ({ system_id, id });
  return {
    Bcache: of(cached),
    BcacheCacheSet: of(set),
    BlockDevice: of(a ?? 0),
    Partition: { system_id, device_id: a ?? 0, id: partition },
    Partitions: { system_id, device_id: a ?? 0 },
    Raid: of(raid),
    VolumeGroup: of(group),
    VmfsDatastore: of(store.id),
    NodeScriptResult: of(scripts.id),
    Interface: of(link.id),
    NodeDevice: of(part.id),
    Device: { system_id: device.system_id },
    File: { filename: "mine" },
    SSHKey: { id: key.json.id },
    SSLKey: { id: ssl.id },
    IPRange: { id: range.id },
    RackController: { system_id: "rackid" },
  };
}

/** What machines stand in, and what is kept for all of them. */
export async function siteOf(t: TestRegion): Promise<PathValues> {
  const admin = caller(t, t.admin);
  const made = async (path: string, form: Record<string, string | number | string[]>) => {
    const { status, json } = await admin.post(path, form);
    assert.ok(status < 300, `POST ${path}: ${JSON.stringify(json)}`);
    return json as Record<string, string> & { id: number };
  };
  const insert = async (sql: string): Promise<number> =>
    Number((await t.db.pool.query(`${sql} returning id`)).rows[0].id);
  const fabric = await made("/fabrics/", { name: "site" });
  const vlan = { fabric_id: fabric.id, vid: (await made(`/fabrics/${fabric.id}/vlans/`, { vid: 10 })).vid as string };
  const subnet = await made("/subnets/", { cidr: "10.41.0.0/24", name: "near" });
  const far = await made("/subnets/", { cidr: "10.42.0.0/24" });
  const route = { source: subnet.id, destination: far.id, gateway_ip: "10.41.0.1" };
  const source = await made("/boot-sources/", { url: "http://192.0.2.1/site/", keyring_filename: "/k.gpg" });
  const selection = await made(`/boot-sources/${source.id}/selections/`, {
    os: "ubuntu",
    release: "noble",
    arches: ["amd64"],
  });
  const key = { osystem: "windows", distro_series: "win2022" };
  await made("/license-keys/", { ...key, license_key: "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE" });
  const script =
    "#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: own\n# script_type: testing\n# --- End MAAS 1.0 script metadata ---\n";
  await made("/scripts/", { script });
  await made("/commissioning-scripts/", { name: "own-commissioning", content: "#!/bin/sh\n" });
  await made("/users/", { username: "short", email: "s@example.com", password: "long enough 1", is_superuser: 0 });
  for (const kind of ["tags", "zones"]) await made(`/${kind}/`, { name: "there" });
  const host = (await made("/vm-hosts/", { type: "lxd", power_address: "10.9.9.9", project: "p" })).id;
  const controller = { hostname: "a-region", node_type: 3, status: statusCode.deployed };
  await t.db.kysely
    .insertInto("node")
    .values({ ...controller, system_id: "region" })
    .execute();
  const image = await insert(
    "insert into boot_resource (rtype, name, architecture) values (2, 'own', 'amd64/generic')",
  );
  const set = await insert(
    `insert into boot_resource_set (resource_id, version, label) values (${image}, '1', 'uploaded')`,
  );
  const file = await insert(
    `insert into boot_resource_file (set_id, filename, filetype, sha256, size_bytes, received_bytes, complete)
     values (${set}, 'squashfs', 'squashfs', '${"a".repeat(64)}', 10, 0, false)`,
  );
  const of = ({ id }: { id: number }) => ({ id });
  return {
    BootSource: of(source),
    BootSourceSelections: { boot_source_id: source.id },
    BootSourceSelection: { boot_source_id: source.id, id: selection.id },
    BootResource: { id: image },
    BootResourceFileUpload: { id: image, file_id: file },
    ImageSyncProgress: { file_id: file, system_id: "region" },
    CommissioningScript: { name: "own-commissioning" },
    DHCPSnippet: of(await made("/dhcp-snippets/", { name: "snippet", value: 'option domain-name "x";' })),
    DNSResource: of(await made("/dnsresources/", { fqdn: "www.maas", ip_addresses: "10.41.0.6" })),
    DNSResourceRecord: of(await made("/dnsresourcerecords/", { fqdn: "txt.maas", rrtype: "TXT", rrdata: "words" })),
    Domain: of(await made("/domains/", { name: "site.example" })),
    Fabric: of(fabric),
    LicenseKey: key,
    Network: { name: "near" },
    NodeScript: { name: "own" },
    Notification: of(await made("/notifications/", { message: "words", users: 1 })),
    PackageRepository: of(await made("/package-repositories/", { name: "repo", url: "http://192.0.2.1/debian" })),
    Pod: { id: host },
    RegionController: { system_id: "region" },
    ReservedIp: of(await made("/reservedips/", { ip: "10.41.0.5", mac_address: "02:fe:00:00:00:01" })),
    ResourcePool: of(await made("/resourcepools/", { name: "pool" })),
    Space: of(await made("/spaces/", { name: "space" })),
    StaticRoute: of(await made("/static-routes/", route)),
    Subnet: of(subnet),
    Tag: { name: "there" },
    User: { username: "short" },
    VirtualMachine: {
      id: await insert(
        `insert into virtual_machine (vm_host_id, identifier, uuid, unpinned_cores, memory_mib) values (${host}, 'vm', '00000000-0000-4000-8000-0000000000aa', 1, 1024)`,
      ),
    },
    Vlan: vlan,
    Vlans: { fabric_id: fabric.id },
    VmCluster: { id: await insert("insert into vm_cluster (name, project) values ('cluster', 'p')") },
    VmHost: { id: host },
    Zone: { name: "there" },
  };
}
