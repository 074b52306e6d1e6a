/** A site to be fuzzed: machines in many statuses, and one of everything else. */
import { statusCode, type MachineStatus } from "@rackwright/domain/machine/status";
import { addImage, addMachine } from "../machines.ts";
import type { TestRegion } from "../region.ts";

const GIB = 2 ** 30;
const STATUSES: readonly MachineStatus[] = [
  "new",
  "ready",
  "ready",
  "allocated",
  "deployed",
  "commissioning",
  "deploying",
  "testing",
  "broken",
  "failed_commissioning",
  "failed_deployment",
  "rescue_mode",
];
const OWNED = new Set<MachineStatus>(["allocated", "deployed", "deploying", "rescue_mode", "failed_deployment"]);

/** Fails where something cannot be made: then less would be fuzzed than it says. */
export async function buildWorld(t: TestRegion, turn: number): Promise<void> {
  if (turn === 0) {
    await addImage(t);
    const rack = { system_id: "fzrack", hostname: "fuzzed-rack", node_type: 2, status: statusCode.deployed };
    await t.db.kysely.insertInto("node").values(rack).execute();
  }
  const post = async (path: string, form: Record<string, string | number | string[]>) => {
    const reply = await t.request(t.admin, "POST", path, { form });
    if (reply.status >= 300) throw new Error(`POST ${path} ${JSON.stringify(form)}: ${reply.status} ${reply.text}`);
    return reply.json as Record<string, unknown> & { id: number };
  };
  const name = `w${turn}`;
  const fabric = await post("/fabrics/", { name: `fabric-${name}` });
  const space = await post("/spaces/", { name: `space-${name}` });
  const vlan = await post(`/fabrics/${fabric.id}/vlans/`, { vid: 10, space: space.id });
  const net = `10.${100 + (turn % 100)}`;
  const subnet = await post("/subnets/", { cidr: `${net}.0.0/24`, vlan: vlan.id, gateway_ip: `${net}.0.1` });
  const far = await post("/subnets/", { cidr: `${net}.1.0/24`, vlan: vlan.id });
  await post("/ipranges/", { type: "reserved", subnet: subnet.id, start_ip: `${net}.0.100`, end_ip: `${net}.0.120` });
  await post("/static-routes/", { source: subnet.id, destination: far.id, gateway_ip: `${net}.0.1` });
  await post("/reservedips/", {
    ip: `${net}.0.5`,
    mac_address: `02:fe:00:00:00:${(turn % 256).toString(16).padStart(2, "0")}`,
  });
  await post("/domains/", { name: `${name}.example` });
  await post("/dnsresources/", { fqdn: `www.${name}.example`, ip_addresses: `${net}.0.6` });
  await post("/dnsresourcerecords/", { fqdn: `txt.${name}.example`, rrtype: "TXT", rrdata: "words" });
  await post("/tags/", { name: `tag-${name}` });
  await post("/zones/", { name: `zone-${name}` });
  await post("/resourcepools/", { name: `pool-${name}` });
  await post("/users/", {
    username: `user-${name}`,
    email: `${name}@example.com`,
    password: "long enough 1",
    is_superuser: 0,
  });
  await post("/dhcp-snippets/", { name: `snippet-${name}`, value: 'option domain-name "x";', subnet: subnet.id });
  await post("/notifications/", { message: "words", users: 1 });
  await post("/package-repositories/", { name: `repo-${name}`, url: "http://192.0.2.1/debian" });
  const source = await post("/boot-sources/", { url: `http://192.0.2.1/${name}/`, keyring_filename: "/k.gpg" });
  await post(`/boot-sources/${source.id}/selections/`, { os: "ubuntu", release: "noble", arches: ["amd64"] });
  await post("/license-keys/", {
    osystem: "windows",
    distro_series: `win${turn}`,
    license_key: "XXXXX-XXXXX-XXXXX-XXXXX-XXXXX",
  });
  await post("/devices/", {
    hostname: `device-${name}`,
    mac_addresses: `02:fd:00:00:00:${(turn % 256).toString(16).padStart(2, "0")}`,
  });
  const script = `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: script-${name}\n# script_type: testing\n# --- End MAAS 1.0 script metadata ---\ntrue\n`;
  await post("/scripts/", { script });
  await t.request(t.admin, "POST", "/files/", {
    multipart: { filename: `file-${name}`, file: { filename: "f", content: "x" } },
  });
  for (const status of STATUSES) await machineIn(t, status, post);
}

async function machineIn(
  t: TestRegion,
  status: MachineStatus,
  post: (path: string, form: Record<string, string | number | string[]>) => Promise<{ id: number }>,
): Promise<void> {
  const machine = await addMachine(t, "ready");
  const disks: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const disk = await post(`/nodes/${machine.systemId}/blockdevices/`, {
      name: `sd${"abcde"[n]}`,
      model: "fuzzed",
      serial: `${machine.systemId}-${n}`,
      size: 20 * GIB,
      block_size: 512,
    });
    disks.push(disk.id);
  }
  await post(`/nodes/${machine.systemId}/blockdevices/${disks[0]}/partitions/`, { size: 5 * GIB });
  await post(`/nodes/${machine.systemId}/raids/`, {
    level: "raid-1",
    block_devices: [String(disks[1]), String(disks[2])],
  });
  await post(`/nodes/${machine.systemId}/volume-groups/`, { name: "vg", block_devices: [String(disks[3])] });
  await post(`/nodes/${machine.systemId}/bcache-cache-sets/`, { cache_device: String(disks[4]) });
  await post(`/nodes/${machine.systemId}/interfaces/?op=create_physical`, {
    name: "eth1",
    mac_address: machine.mac.replace(/^52/, "56"),
  });
  await t.db.kysely
    .updateTable("node")
    .set({ status: statusCode[status], owner_id: OWNED.has(status) ? t.user.id : null })
    .where("id", "=", machine.id)
    .execute();
}
