/** Domains, the names in them, and their records. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type Json, refused, regionWithCallers } from "../testing/api-calls.ts";

const { t, admin, user } = await regionWithCallers();

beforeEach(async () => {
  await t.db.pool.query(`
    delete from reserved_ip; delete from ip_address; delete from ip_range; delete from subnet; delete from node; delete from domain where id > 0;
    update domain set is_default = true where id = 0;
    insert into node (id, system_id, hostname, node_type, status, address_ttl) overriding system value values (910, 'mach01', 'otter', 0, 4, 60);
    insert into interface (id, node_id, name, mac, vlan_id) values (91, 910, 'eth0', '02:00:00:00:00:91', 1)`);
});

const ips = (resource: Json): string[] => resource.ip_addresses.map((a: Json) => a.ip);

test("domains: made, changed, found by id and name, one of them the default", async () => {
  const made = await admin.made("/domains/", { name: "Lab.Example", ttl: 300 });
  assert.deepEqual(
    [made.name, made.ttl, made.authoritative, made.is_default, made.resource_record_count],
    ["lab.example", 300, true, false, 0],
  );
  assert.deepEqual((await user.get("/domains/lab.example/")).json, made);
  assert.deepEqual(await refused(admin.post("/domains/", { name: "lab.example" })), ["name"]);
  assert.deepEqual(await refused(admin.post("/domains/", { name: "no_good" })), ["name"]);
  assert.deepEqual(await refused(admin.post("/domains/", { name: "x", ttl: 0 })), ["ttl"]);
  assert.deepEqual(await refused(admin.post("/domains/", { name: "x", forward_dns_servers: "10.0.0.1" })), [
    "forward_dns_servers",
  ]);
  assert.equal((await user.post("/domains/", { name: "x" })).status, 403);
  const path = `/domains/${made.id}/`;
  assert.equal(
    (await admin.put(path, { name: "dev.example", authoritative: "false", forward_dns_servers: "10.0.0.1" })).json
      .authoritative,
    false,
  );
  assert.equal((await user.get(path)).json.ttl, 300);
  assert.equal((await admin.put(path, { ttl: "" })).json.ttl, null, "empty takes it away");
  assert.deepEqual(await refused(admin.put(path, { name: "maas" })), ["name"]);
  assert.equal((await user.put(path, { name: "x" })).status, 403);
  assert.equal((await user.post(`${path}?op=set_default`)).status, 403);
  assert.equal((await admin.made(`${path}?op=set_default`)).is_default, true);
  assert.deepEqual(
    (await user.get("/domains/")).json.map((d: Json) => [d.name, d.is_default]),
    [
      ["maas", false],
      ["dev.example", true],
    ],
  );
  // New ones are in it, and it stays as long as they are.
  const device = await user.made("/devices/", { mac_addresses: "02:00:00:00:00:01" });
  assert.equal(device.domain.name, "dev.example");
  assert.deepEqual(await refused(admin.delete(path)), ["__all__"]);
  await admin.made("/domains/maas/?op=set_default");
  assert.deepEqual(await refused(admin.delete(path)), ["__all__"]);
  await user.delete(`/devices/${device.system_id}/`);
  assert.equal((await user.delete(path)).status, 403);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await admin.get(path)).status, 404);
});

test("names: with addresses that somebody has, or that are reserved thereby", async () => {
  const lan = await admin.made("/subnets/", { cidr: "10.0.0.0/24" });
  await admin.made("/ipranges/", { type: "dynamic", start_ip: "10.0.0.100", end_ip: "10.0.0.199" });
  await admin.made("/nodes/mach01/interfaces/eth0/?op=link_subnet", {
    mode: "static",
    subnet: lan.id,
    ip_address: "10.0.0.9",
  });
  const made = await admin.made("/dnsresources/", {
    fqdn: "www.maas",
    ip_addresses: "10.0.0.9, 10.0.0.10",
    address_ttl: 30,
  });
  assert.deepEqual([made.fqdn, made.address_ttl, ips(made)], ["www.maas", 30, ["10.0.0.9", "10.0.0.10"]]);
  const at = `/dnsresources/${made.id}/`;
  assert.equal((await admin.put(at, { name: "www" })).json.address_ttl, 30);
  assert.equal((await admin.put(at, { address_ttl: "" })).json.address_ttl, null, "empty takes it away");
  assert.deepEqual(
    made.ip_addresses.map((a: Json) => a.alloc_type),
    [1, 4],
  );
  assert.equal(made.ip_addresses[0].interface_set[0].system_id, "mach01");
  assert.deepEqual(
    (await admin.get("/ipaddresses/")).json.map((a: Json) => a.ip),
    ["10.0.0.10"],
  );
  const create = (fields: Record<string, string>) => admin.post("/dnsresources/", fields);
  assert.deepEqual(await refused(create({ name: "WWW", domain: "maas" })), ["name"]);
  assert.deepEqual(await refused(create({ name: "x" })), ["domain"]);
  assert.deepEqual(await refused(create({ domain: "maas" })), ["name"]);
  assert.deepEqual(await refused(create({ name: "a b", domain: "maas" })), ["name"]);
  assert.deepEqual(await refused(create({ fqdn: "x.maas", ip_addresses: "nonsense" })), ["ip_addresses"]);
  assert.deepEqual(await refused(create({ fqdn: "x.maas", ip_addresses: "10.0.0.150" })), ["ip_addresses"]);
  for (const unusable of ["10.0.0.0", "10.0.0.255"])
    assert.deepEqual(await refused(create({ fqdn: "x.maas", ip_addresses: unusable })), ["ip_addresses"], unusable);
  await admin.made("/reservedips/", { ip: "10.0.0.77", mac_address: "02:00:00:00:00:77" });
  const kept = await create({ fqdn: "x.maas", ip_addresses: "10.0.0.77" });
  assert.equal(kept.status, 409, "it is another's");
  assert.match(JSON.stringify(kept.json), /10\.0\.0\.77 is reserved for 02:00:00:00:00:77/);
  assert.equal((await create({ fqdn: "x.unknown" })).status, 404);
  assert.equal((await user.post("/dnsresources/", { fqdn: "x.maas" })).status, 403);
  const path = `/dnsresources/${made.id}/`;
  assert.deepEqual(ips((await admin.put(path, { ip_addresses: "10.0.0.10" })).json), ["10.0.0.10"]);
  assert.equal((await admin.put(path, { name: "web" })).json.fqdn, "web.maas");
  assert.equal((await user.put(path, { name: "x" })).status, 403);
  const other = await admin.made("/dnsresources/", { name: "@", domain: "0" });
  assert.equal(other.fqdn, "maas");
  assert.deepEqual(await refused(admin.put(`/dnsresources/${other.id}/`, { name: "web" })), ["name"]);
  const list = async (query: string) => (await user.get(`/dnsresources/?${query}`)).json.map((r: Json) => r.fqdn);
  assert.deepEqual(await list(""), ["web.maas", "maas"]);
  assert.deepEqual(await list("fqdn=web.maas"), ["web.maas"]);
  assert.deepEqual(await list("domain=maas&name=web"), ["web.maas"]);
  assert.equal((await user.get("/dnsresources/?domain=none")).status, 404);
  const all = (await user.get("/dnsresources/?all=true")).json.at(-1);
  assert.deepEqual([all.id, all.fqdn, all.ip_addresses], [-1, "otter.maas", null]);
  assert.deepEqual(
    [all.resource_records[0].rrtype, all.resource_records[0].rrdata, all.resource_records[0].ttl],
    ["A", "10.0.0.9", 60],
  );
  assert.equal((await user.get("/domains/maas/")).json.resource_record_count, 2, "a node and an address");
  assert.equal((await user.delete(path)).status, 403);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await user.get(path)).status, 404);
});

test("records: of their type, beside what they can stand beside; a name goes with its last one", async () => {
  const create = (fields: Record<string, string>) => admin.post("/dnsresourcerecords/", fields);
  const made = await admin.made("/dnsresourcerecords/", {
    fqdn: "maas",
    rrtype: "mx",
    rrdata: "10 mail.maas",
    ttl: 60,
  });
  assert.deepEqual([made.fqdn, made.rrtype, made.rrdata, made.ttl], ["maas", "MX", "10 mail.maas", 60]);
  const alias = await admin.made("/dnsresourcerecords/", {
    name: "www",
    domain: "maas",
    rrtype: "CNAME",
    rrdata: "otter.maas",
  });
  await admin.made("/dnsresourcerecords/", { fqdn: "_sip._tcp.maas", rrtype: "SRV", rrdata: "0 5 5060 otter.maas" });
  assert.deepEqual(await refused(create({ fqdn: "maas", rrtype: "MX", rrdata: "10 mail.maas" })), ["rrdata"]);
  assert.deepEqual(await refused(create({ fqdn: "www.maas", rrtype: "TXT", rrdata: "x" })), ["rrtype"]);
  assert.deepEqual(await refused(create({ fqdn: "maas", rrtype: "CNAME", rrdata: "otter.maas" })), ["rrtype"]);
  assert.deepEqual(await refused(create({ fqdn: "x.maas", rrtype: "A", rrdata: "10.0.0.1" })), ["rrtype"]);
  assert.deepEqual(await refused(create({ fqdn: "x.maas", rrtype: "MX", rrdata: "mail" })), ["rrdata"]);
  assert.deepEqual(await refused(create({ fqdn: "x.maas", rrtype: "SRV", rrdata: "0 5 5060 otter.maas" })), ["name"]);
  assert.deepEqual(await refused(create({ rrtype: "TXT", rrdata: "x" })), ["name"]);
  assert.deepEqual(await refused(create({ fqdn: "x.maas" })), ["rrtype", "rrdata"]);
  assert.equal((await create({ fqdn: "x.unknown", rrtype: "TXT", rrdata: "x" })).status, 404);
  assert.equal((await user.post("/dnsresourcerecords/", { fqdn: "x.maas", rrtype: "TXT", rrdata: "x" })).status, 403);
  const names = async (query = "") => (await user.get(`/dnsresources/?${query}`)).json.map((r: Json) => r.fqdn);
  assert.deepEqual(await names(), ["maas", "www.maas", "_sip._tcp.maas"], "what was refused left no name");
  assert.deepEqual(await names("rrtype=cname"), ["www.maas"]);
  const records = async (query: string) =>
    (await user.get(`/dnsresourcerecords/?${query}`)).json.map((r: Json) => r.rrtype);
  assert.deepEqual(await records(""), ["MX", "CNAME", "SRV"]);
  assert.deepEqual(await records("rrtype=MX&domain=maas"), ["MX"]);
  assert.deepEqual(await records("fqdn=www.maas"), ["CNAME"]);
  assert.equal((await user.get("/dnsresourcerecords/?domain=none")).status, 404);
  const path = `/dnsresourcerecords/${made.id}/`;
  assert.equal((await admin.put(path, { rrdata: "20 mail.maas" })).json.rrdata, "20 mail.maas");
  assert.deepEqual(await refused(admin.put(path, { rrdata: "mail" })), ["rrdata"]);
  assert.equal((await user.put(path, { rrdata: "30 mail.maas" })).status, 403);
  assert.equal((await user.get(path)).json.ttl, 60);
  assert.equal((await admin.put(path, { ttl: "" })).json.ttl, null, "empty takes it away");
  const resource = (await user.get("/dnsresources/?name=www")).json[0];
  assert.deepEqual(
    resource.resource_records.map((r: Json) => r.id),
    [alias.id],
  );
  assert.deepEqual(await refused(admin.put(`/dnsresources/${resource.id}/`, { ip_addresses: "10.0.0.1" })), [
    "ip_addresses",
  ]);
  assert.equal((await user.delete(path)).status, 403);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await user.get(path)).status, 404);
  assert.deepEqual(await names(), ["www.maas", "_sip._tcp.maas"]);
});
