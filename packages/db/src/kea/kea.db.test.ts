import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import type { DhcpHost, DhcpNetwork, DhcpSubnet } from "@rackwright/domain/dhcp/wanted";
import { until } from "../testing/until.ts";
import { applyHosts, readHosts } from "./hosts.ts";
import { activeLeases, dropLeases, leaseFor } from "./leases.ts";
import { listenLeases, type LeaseEvent } from "./listen.ts";
import { applyNetworks } from "./networks.ts";
import { readNetworks } from "./read-networks.ts";
import { forgetRevisions } from "./revisions.ts";
import { ensureKeaDatabase, KEA_SCHEMA_FILE } from "./schema.ts";
import { keaTestDatabase, type KeaTestDatabase } from "./testing.ts";

const subnet: DhcpSubnet = {
  id: 7,
  cidr: "10.10.0.0/16",
  pools: [
    { start: "10.10.100.0", end: "10.10.100.255" },
    { start: "10.10.200.0", end: "10.10.200.9" },
  ],
  nextServer: "10.10.0.1",
  gateway: "10.10.0.254",
  dnsServers: ["10.10.0.1", "10.10.0.2"],
  ntpServers: ["10.10.0.1"],
  domainName: "maas",
  searchDomains: ["maas", "example.com"],
  leaseSeconds: 600,
  disabledBootMethods: [],
};
const network: DhcpNetwork = { name: "vlan-5", rackTag: "r1", interface: "eth1", mtu: 9000, subnets: [subnet] };
const host: DhcpHost = { mac: "02:11:00:00:00:01", subnetId: 7, ip: "10.10.5.5", hostname: "node5", netboot: true };
const other: DhcpHost = { mac: "02:11:00:00:00:02", subnetId: 7, ip: "10.10.5.6", hostname: null, netboot: false };

const skip = existsSync(KEA_SCHEMA_FILE) ? false : `package kea-admin is not installed: ${KEA_SCHEMA_FILE} is missing`;

suite("Kea's database", { skip }, () => {
  let kea: KeaTestDatabase;
  before(async () => {
    kea = await keaTestDatabase();
  });
  after(async () => {
    await kea.close();
  });

  test("is made once, and is left alone the second time", async () => {
    const again = await ensureKeaDatabase(kea.options);
    assert.equal(again.created, false);
    assert.match(again.schema, /^\d+\.\d+$/);
  });

  test("of another schema version is refused with what to do", async () => {
    await kea.client.query("update schema_version set version = version - 1 where version > 13");
    await kea.client.query("update schema_version set version = 12");
    await assert.rejects(ensureKeaDatabase(kea.options), /schema 12\.0.*kea-admin db-upgrade pgsql/);
    await kea.client.query("update schema_version set version = 99");
    await assert.rejects(
      ensureKeaDatabase(kea.options),
      /schema 99\.0, the installed Kea needs \d+\.0: install the newer Kea/,
    );
    const installed = kea.options.schemaFile ?? KEA_SCHEMA_FILE;
    const { readFile } = await import("node:fs/promises");
    const last = [...(await readFile(installed, "utf8")).matchAll(/SET version = '(\d+)'/g)].at(-1)?.[1];
    await kea.client.query("update schema_version set version = $1", [Number(last)]);
    assert.equal((await ensureKeaDatabase(kea.options)).created, false);
  });

  test("a missing schema file names the package", async () => {
    await assert.rejects(
      ensureKeaDatabase({ ...kea.options, schemaFile: "/nonexistent/x.pgsql" }),
      /package kea-admin/,
    );
  });

  test("a password that Kea cannot read is refused", async () => {
    for (const password of ["", "two words", "it's", '"', "a\\b"])
      await assert.rejects(ensureKeaDatabase({ ...kea.options, password }), /no blanks, quotes or backslashes/);
  });

  test("networks are written, read back the same, and not written again", async () => {
    const first = await applyNetworks(kea.client, [network]);
    assert.deepEqual(first.racks, ["r1"]);
    assert.deepEqual(await readNetworks(kea.client), [network]);
    const second = await applyNetworks(kea.client, [network]);
    assert.deepEqual(second.racks, []);
    const { rows } = await kea.client.query<{ n: string }>("select count(*) as n from dhcp4_audit_revision");
    assert.equal(rows[0]?.n, "1");
  });

  test("revisions that every Kea has read are forgotten, but for the newest", async () => {
    const left = async () =>
      (
        await kea.client.query<{ message: string; entries: string }>(
          `select log_message as message, count(a.id)::int as entries from dhcp4_audit_revision r left join dhcp4_audit a on a.revision_id = r.id
           where log_message like 'test %' group by r.id order by r.id`,
        )
      ).rows;
    await kea.client.query("begin");
    for (const [name, age] of Object.entries({ first: "3 days", second: "1 day", third: "3 days", last: "3 days" }))
      await kea.client.query(
        `select createAuditRevisionDHCP4(now() - interval '${age}', 'all', 'test ${name}', true);
         update dhcp4_shared_network set modification_ts = now(), valid_lifetime = ${name.length}`,
      );
    assert.equal((await left()).length, 4);
    await forgetRevisions(kea.client);
    assert.deepEqual(await left(), [
      { message: "test second", entries: 1 },
      { message: "test last", entries: 1 },
    ]);
    await kea.client.query("rollback");
  });

  test("a changed subnet is updated with a new modification time and one audit entry", async () => {
    await kea.client.query("update dhcp4_audit_revision set modification_ts = now() + interval '1.7 s'"); // Kea rounds this up
    const changed = {
      ...network,
      subnets: [{ ...subnet, gateway: null, dnsServers: ["10.10.0.3"], disabledBootMethods: ["pxe"] }],
    };
    await applyNetworks(kea.client, [changed]);
    assert.deepEqual(await readNetworks(kea.client), [changed]);
    const { rows: stamps } = await kea.client.query<{ whole: boolean; later: boolean }>(
      `select s.modification_ts = date_trunc('second', s.modification_ts) as whole,
         s.modification_ts >= (select modification_ts from dhcp4_audit_revision order by id limit 1) as later from dhcp4_subnet s`,
    );
    assert.deepEqual(stamps, [{ whole: true, later: true }]);
    const { rows } = await kea.client.query(
      "select object_type, modification_type from dhcp4_audit where revision_id = (select max(id) from dhcp4_audit_revision)",
    );
    assert.deepEqual(rows, [{ object_type: "dhcp4_subnet", modification_type: 1 }]);
  });

  test("a change made by hand is undone", async () => {
    await kea.client.query("begin; select createAuditRevisionDHCP4(now(), 'all', 'by hand', true)");
    await kea.client.query(
      "update dhcp4_pool set end_address = '10.10.100.7', modification_ts = now() where start_address = '10.10.100.0'",
    );
    await kea.client.query("commit");
    await applyNetworks(kea.client, [network]);
    assert.deepEqual(await readNetworks(kea.client), [network]);
  });

  test("a network that moves to another rack, and a subnet that changes its CIDR, are deleted and inserted", async () => {
    const moved = { ...network, rackTag: "r2" };
    const { racks } = await applyNetworks(kea.client, [moved]);
    assert.deepEqual(racks, ["r1", "r2"]);
    assert.deepEqual(await readNetworks(kea.client), [moved]);
    const swapped = { ...moved, subnets: [{ ...subnet, cidr: "10.20.0.0/16", pools: [], gateway: null }] };
    await applyNetworks(kea.client, [swapped]);
    assert.deepEqual(await readNetworks(kea.client), [swapped]);
    await applyNetworks(kea.client, [network]);
  });

  test("a network goes with all that hangs on it", async () => {
    await applyNetworks(kea.client, []);
    for (const table of [
      "dhcp4_subnet",
      "dhcp4_shared_network",
      "dhcp4_pool",
      "dhcp4_options",
      "dhcp4_options_server",
    ]) {
      const { rows } = await kea.client.query<{ n: string }>(`select count(*) as n from ${table}`);
      assert.equal(rows[0]?.n, "0", table);
    }
  });

  test("what was not validated is refused, and a failed write leaves nothing behind", async () => {
    const unreadable = { ...network, subnets: [{ ...subnet, pools: [{ start: "10.66.0.1", end: "10.66.0.9" }] }] };
    await assert.rejects(applyNetworks(kea.client, [unreadable]), /must be validated .* not inside 10\.10\.0\.0\/16/);
    const tooLong = { ...network, interface: "x".repeat(200) };
    await assert.rejects(applyNetworks(kea.client, [network, { ...tooLong, name: "vlan-6", subnets: [] }]), /too long/);
    assert.deepEqual(await readNetworks(kea.client), []);
  });

  test("500 networks", async (t) => {
    const many = Array.from({ length: 500 }, (_, i): DhcpNetwork => {
      const prefix = `10.${Math.floor(i / 200) + 50}.${i % 200}`;
      const mine = {
        ...subnet,
        id: i + 1,
        cidr: `${prefix}.0/24`,
        pools: [{ start: `${prefix}.100`, end: `${prefix}.200` }],
      };
      return { ...network, name: `vlan-${i}`, mtu: 1500, subnets: [mine] };
    });
    const began = performance.now();
    await applyNetworks(kea.client, many);
    const wrote = performance.now();
    assert.deepEqual((await applyNetworks(kea.client, many)).racks, []);
    t.diagnostic(`written in ${ms(wrote - began)}, compared in ${ms(performance.now() - wrote)}`);
    await applyNetworks(kea.client, [network]);
  });

  test("reservations are inserted, changed and deleted, and say which leases to drop", async () => {
    assert.deepEqual(await applyHosts(kea.client, [host, other]), {
      inserted: 2,
      updated: 0,
      deleted: 0,
      releases: [],
    });
    assert.deepEqual(await readHosts(kea.client), [host, other]);
    const moved = { ...host, ip: other.ip };
    const result = await applyHosts(kea.client, [moved]);
    assert.deepEqual(result, {
      inserted: 0,
      updated: 1,
      deleted: 1,
      releases: [
        { ip: host.ip, subnetId: 7, mac: host.mac },
        { ip: other.ip, subnetId: 7, mac: other.mac },
      ],
    });
    assert.deepEqual(await readHosts(kea.client), [moved]);
    const changed = { ...moved, ip: null, netboot: false };
    await applyHosts(kea.client, [changed], { macs: [moved.mac] });
    assert.deepEqual(await readHosts(kea.client), [changed]);
    // Each scope leaves what is outside of it alone.
    for (const scope of [{ macs: [other.mac] }, { subnetIds: [8] }])
      assert.equal((await applyHosts(kea.client, [], scope)).deleted, 0);
    const elsewhere = { ...other, subnetId: 99 };
    assert.equal((await applyHosts(kea.client, [elsewhere], { subnetIds: [99] })).inserted, 1);
    assert.deepEqual(await readHosts(kea.client, { subnetIds: [99] }), [elsewhere]);
    assert.equal((await applyHosts(kea.client, [], "stray")).deleted, 1);
    assert.deepEqual(await readHosts(kea.client, { macs: [moved.mac, other.mac] }), [changed]);
  });

  test("10,000 reservations, and options of subnets survive their removal", async (t) => {
    const many = Array.from({ length: 10_000 }, (_, i): DhcpHost => {
      const tail = [Math.floor(i / 250) + 1, (i % 250) + 1];
      return {
        ...host,
        mac: `02:11:22:33:${tail.map((b) => b.toString(16).padStart(2, "0")).join(":")}`,
        ip: `10.10.${tail.join(".")}`,
      };
    });
    const began = performance.now();
    assert.equal((await applyHosts(kea.client, many)).inserted, 10_000);
    const wrote = performance.now();
    assert.deepEqual(await applyHosts(kea.client, many), { inserted: 0, updated: 0, deleted: 0, releases: [] });
    t.diagnostic(`written in ${ms(wrote - began)}, compared in ${ms(performance.now() - wrote)}`);
    assert.equal((await applyHosts(kea.client, [])).deleted, 10_000);
    assert.deepEqual(await readNetworks(kea.client), [network]);
  });

  test("leases are told, also those that were missed while nobody listened", async () => {
    const events: LeaseEvent[] = [];
    const errors: Error[] = [];
    await lease("10.10.100.1", "021100000001");
    const listener = listenLeases(
      kea.connect,
      (event) => events.push(event),
      (error) => errors.push(error),
    );
    try {
      await listener.ready;
      const short = () => events.map(({ action, lease }) => `${action} ${lease.ip} ${lease.mac}`);
      assert.deepEqual(short(), ["commit 10.10.100.1 02:11:00:00:00:01"]);
      await lease("10.10.100.2", "021100000002");
      await until(() => short().includes("commit 10.10.100.2 02:11:00:00:00:02"));
      assert.equal(events.at(-1)?.lease.hostname, "lease-host");

      events.length = 0;
      // In one go: the connection breaks, and things change before there is another.
      await kea.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select host(%' and datname = $1 and pid <> pg_backend_pid()",
        [kea.connection.database],
      );
      await until(() => errors.length > 0);
      await kea.client.query("delete from lease4 where address = '10.10.100.1'::inet - '0.0.0.0'::inet");
      await lease("10.10.100.3", "021100000003");
      await until(() => short().length >= 2);
      assert.deepEqual(short().sort(), [
        "commit 10.10.100.3 02:11:00:00:00:03",
        "release 10.10.100.1 02:11:00:00:00:01",
      ]);

      assert.deepEqual(
        (await activeLeases(kea.client)).map(({ ip }) => ip),
        ["10.10.100.2", "10.10.100.3"],
      );
      assert.equal((await leaseFor(kea.client, "02:11:00:00:00:03"))?.ip, "10.10.100.3");
      assert.equal(await leaseFor(kea.client, "02:11:00:00:00:09"), undefined);

      events.length = 0;
      await kea.client.query("update lease4 set state = 2 where address = '10.10.100.2'::inet - '0.0.0.0'::inet");
      await kea.client.query("delete from lease4");
      await until(() => short().length >= 2);
      assert.deepEqual(short(), ["expiry 10.10.100.2 02:11:00:00:00:02", "release 10.10.100.3 02:11:00:00:00:03"]);
    } finally {
      await listener.close();
    }
  });

  test("leases are dropped by their addresses, and those of a subnet that goes", async () => {
    await lease("10.10.100.1", "021100000001");
    await lease("10.10.100.2", "021100000002");
    await dropLeases(kea.client, ["10.10.100.2", "10.10.100.3"]);
    assert.deepEqual(
      (await activeLeases(kea.client)).map(({ ip }) => ip),
      ["10.10.100.1"],
    );
    await applyNetworks(kea.client, []);
    assert.deepEqual(await activeLeases(kea.client), []);
  });

  async function lease(ip: string, mac: string): Promise<void> {
    await kea.client.query(
      `insert into lease4(address, hwaddr, valid_lifetime, expire, subnet_id, hostname, state)
       values ($1::inet - '0.0.0.0'::inet, decode($2, 'hex'), 600, now() + interval '600 s', 7, 'lease-host', 0)`,
      [ip, mac],
    );
  }
});

const ms = (value: number) => `${value.toFixed(0)} ms`;
