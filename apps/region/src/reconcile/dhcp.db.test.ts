import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, afterEach, before, beforeEach, suite, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { appendChange } from "@rackwright/db/change";
import { transaction } from "@rackwright/db/connect";
import { readHosts } from "@rackwright/db/kea/hosts";
import { readNetworks } from "@rackwright/db/kea/read-networks";
import { KEA_SCHEMA_FILE } from "@rackwright/db/kea/schema";
import { keaTestDatabase, type KeaTestDatabase } from "@rackwright/db/kea/testing";
import { type NotifyHub, notifyHub } from "@rackwright/db/notify";
import { testDatabase, type TestDatabase } from "@rackwright/db/testing/database";
import { DomainError } from "@rackwright/domain/errors";
import { until } from "@rackwright/testkit/until";
import { pino } from "pino";
import { memoryRacks, type MemoryRacks } from "../testing/memory-racks.ts";
import { dhcpReconciler, type DhcpReconciler } from "./dhcp.ts";

const skip = existsSync(KEA_SCHEMA_FILE) ? false : `package kea-admin is not installed: ${KEA_SCHEMA_FILE} is missing`;

suite("DHCP as our tables ask for it", { skip }, () => {
  let t: TestDatabase;
  let kea: KeaTestDatabase;
  let hub: NotifyHub;
  let racks: MemoryRacks;
  let loop: DhcpReconciler;
  let logged: string[];
  before(async () => {
    t = await testDatabase();
    kea = await keaTestDatabase();
    hub = notifyHub({ connection: t.connection });
    await t.db.pool.query(`
      insert into node (id, system_id, hostname, node_type) overriding system value values (100, 'r1', 'rack-one', 2), (200, 'm1', 'calm-otter', 0), (300, 'm2', 'deep-fox', 0);
      insert into vlan (id, fabric_id, vid, mtu, dhcp_on, primary_rack_id) values (50, 0, 5, 9000, true, 100);
      insert into subnet (id, name, cidr, vlan_id, gateway_ip, dns_servers) values
        (7, 'a', '10.7.0.0/24', 50, '10.7.0.254', '{10.7.0.53}'), (8, 'unmanaged', '10.8.0.0/24', 50, null, '{}'), (9, 'six', '2001:db8::/64', 50, null, '{}');
      update subnet set managed = false where id = 8;
      insert into ip_range (subnet_id, type, start_ip, end_ip) values (7, 'dynamic', '10.7.0.100', '10.7.0.199'), (7, 'reserved', '10.7.0.50', '10.7.0.60');
      insert into interface (id, node_id, name, mac, vlan_id) values (1, 100, 'eth1', '02:00:00:00:00:99', 50), (2, 200, 'eth0', '02:00:00:00:00:02', 50), (3, 300, 'eth0', '02:00:00:00:00:03', 50);
      insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.1', 7, 1);`);
  });
  after(async () => {
    await hub?.close();
    await kea?.close();
    await t?.close();
  });

  const newLoop = (sweepSeconds = 60) => {
    const { host, port, user, password, database } = kea.connection;
    const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
    return dhcpReconciler(
      { db: t.db, log, racks },
      { kea: { host, port, user, password, name: database }, hub, sweepSeconds },
    );
  };
  beforeEach(async () => {
    racks = memoryRacks();
    logged = [];
    racks.answer("configureDhcp", () => ({ changed: true }));
    racks.answer("pullDhcp", () => null);
    racks.answer("releaseLeases", () => null);
    racks.connect({ nodeId: 100, systemId: "r1" });
    loop = newLoop();
  });
  afterEach(async () => {
    await loop.stop();
    await t.db.pool.query(
      "delete from ip_address where interface_id in (2, 3); update node set netboot = true; update vlan set dhcp_on = true where id = 50; update vlan set relay_vlan_id = null",
    );
    await kea.client.query("delete from hosts");
  });

  /** Do it in our database, and say that `entity` changed. */
  const change = async (statement: string, entity = "ip_address") => {
    await t.db.pool.query(statement);
    await transaction(t.db, (tx) => appendChange(tx, { kind: "update", entity, entityId: "1" }));
  };
  const called = (method: string) => racks.calls.filter((c) => c.method === method).map((c) => c.params);

  test("networks reach Kea's database, and the rack is told its interface and then to pull", async () => {
    await loop.start();
    await until(() => called("pullDhcp").length === 1, { what: "the rack to be told" });
    const [network] = await readNetworks(kea.client);
    assert.equal(network?.name, "vlan-50");
    assert.equal(network.rackTag, "r1");
    assert.equal(network.interface, "eth1");
    assert.equal(network.mtu, 9000);
    assert.deepEqual(network.subnets, [
      {
        id: 7,
        cidr: "10.7.0.0/24",
        pools: [{ start: "10.7.0.100", end: "10.7.0.199" }],
        nextServer: "10.7.0.1",
        gateway: "10.7.0.254",
        dnsServers: ["10.7.0.53"],
        ntpServers: [],
        domainName: "maas",
        searchDomains: ["maas"],
        leaseSeconds: 600,
        disabledBootMethods: [],
      },
    ]);
    assert.deepEqual(
      racks.calls.map((c) => c.method),
      ["configureDhcp", "pullDhcp"],
    );
    const { host, port, user, password, database } = kea.connection;
    assert.deepEqual(called("configureDhcp"), [
      {
        interfaces: ["eth1"],
        serverTag: "r1",
        addresses: ["10.7.0.1"],
        database: { host, port, user, password, name: database },
      },
    ]);
    assert.deepEqual(logged, []);
  });

  test("a machine's address becomes its reservation and goes with it; the rack drops the lease", async () => {
    await loop.start();
    await change("insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (0, '10.7.0.2', 7, 2)");
    const mine = { mac: "02:00:00:00:00:02", subnetId: 7, ip: "10.7.0.2", hostname: "calm-otter", netboot: true };
    await until(async () => assert.deepEqual(await readHosts(kea.client), [mine]) === undefined);
    await change("update ip_address set ip = null where interface_id = 2");
    await until(() => called("releaseLeases").length > 0, { what: "the lease to be dropped" });
    assert.deepEqual(called("releaseLeases"), [{ addresses: ["10.7.0.2"] }]);
  });

  test("an address that is kept for a MAC address is its reservation, whoever it is, until an interface has another", async () => {
    await loop.start();
    const host = (mac: string, ip: string, hostname: string | null) => ({
      mac,
      subnetId: 7,
      ip,
      hostname,
      netboot: true,
    });
    await change(
      "insert into reserved_ip (ip, mac, subnet_id) values ('10.7.0.20', '02:00:00:00:00:02', 7), ('10.7.0.21', '02:00:00:00:00:aa', 7)",
      "reserved_ip",
    );
    const kept = [host("02:00:00:00:00:02", "10.7.0.20", "calm-otter"), host("02:00:00:00:00:aa", "10.7.0.21", null)];
    const served = async () => (await readHosts(kea.client)).toSorted((a, b) => a.mac.localeCompare(b.mac));
    await until(async () => assert.deepEqual(await served(), kept) === undefined);
    await change("insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.9', 7, 2)");
    const other = [host("02:00:00:00:00:02", "10.7.0.9", "calm-otter"), host("02:00:00:00:00:aa", "10.7.0.21", null)];
    await until(async () => assert.deepEqual(await served(), other) === undefined);
    // Reserved by a user, for a MAC address of nobody.
    await change(`insert into interface (id, node_id, type, name, mac, vlan_id) values (9, null, 'unknown', 'eth0', '02:00:00:00:00:bb', 50);
      insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (4, '10.7.0.22', 7, 9)`);
    const third = [...other, host("02:00:00:00:00:bb", "10.7.0.22", null)];
    await until(async () => assert.deepEqual(await served(), third) === undefined);
    await t.db.pool.query("delete from interface where id = 9");
    await change("delete from reserved_ip; delete from ip_address where interface_id = 2", "reserved_ip");
    await until(async () => (await served()).length === 0);
    assert.deepEqual(logged, []);
  });

  test("many leases that end are no errand for the rack", async () => {
    await loop.start();
    await change(
      "insert into reserved_ip (ip, mac, subnet_id) select '10.7.0.200'::inet + n % 50, ('02:00:00:00:01:' || lpad(to_hex(n), 2, '0'))::macaddr, 7 from generate_series(1, 50) n; insert into reserved_ip (ip, mac, subnet_id) values ('10.7.0.30', '02:00:00:00:02:01', 7)",
      "reserved_ip",
    );
    await until(async () => (await readHosts(kea.client)).length === 51);
    await kea.client.query(
      `insert into lease4(address, hwaddr, valid_lifetime, expire, subnet_id, state)
       values ('10.7.0.30'::inet - '0.0.0.0'::inet, decode('020000000201', 'hex'), 600, now() + interval '600 s', 7, 0)`,
    );
    await loop.stop();
    await t.db.pool.query("delete from reserved_ip");
    loop = newLoop();
    await loop.start();
    await until(async () => (await kea.client.query("select from lease4")).rowCount === 0);
    assert.deepEqual(called("releaseLeases"), []);
    assert.deepEqual(await readHosts(kea.client), []);
  });

  test("of two who claim an address the other gets it when the first has another", async () => {
    await loop.start();
    await change("insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.30', 7, 2)");
    const served = async () => (await readHosts(kea.client)).map((h) => `${h.mac.slice(-2)} ${h.ip}`).sort();
    await until(async () => (await served()).length === 1);
    await change(
      "insert into reserved_ip (ip, mac, subnet_id) values ('10.7.0.30', '02:00:00:00:00:aa', 7)",
      "reserved_ip",
    );
    await until(() => logged.some((line) => line.includes("10.7.0.30 is reserved for both")));
    await change("update ip_address set ip = '10.7.0.31' where interface_id = 2");
    await until(async () => (await served()).length === 2);
    assert.deepEqual(await served(), ["02 10.7.0.31", "aa 10.7.0.30"]);
    await change("delete from reserved_ip", "reserved_ip");
    await until(async () => (await served()).length === 1);
  });

  test("snippets reach the subnet and the reservation that they are of, and go with them", async () => {
    await loop.start();
    const snippet = (id: number, where: string, value: string) =>
      `insert into dhcp_snippet (id, name, ${where.split("=")[0]}) values (${id}, 's${id}', ${where.split("=")[1]});
       insert into dhcp_snippet_revision (snippet_id, value) values (${id}, 'wrong;'), (${id}, '${value}')`;
    await change(
      [
        snippet(
          1,
          "subnet_id=null",
          "option ntp-servers 10.7.0.5; option log-servers 10.7.0.6; default-lease-time 300;",
        ),
        snippet(2, "subnet_id=7", "option log-servers 10.7.0.7;"),
        snippet(3, "node_id=200", "option www-server 10.7.0.8;"),
        snippet(4, "node_id=300", "option www-server 10.7.0.9;"),
        "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.2', 7, 2)",
      ].join(";"),
      "dhcp_snippet",
    );
    await until(async () => (await readHosts(kea.client)).length === 2);
    const subnet = async () => (await readNetworks(kea.client))[0]?.subnets[0];
    await until(async () => (await subnet())?.options !== undefined);
    const { ntpServers, leaseSeconds, options } = (await subnet()) ?? {};
    assert.deepEqual([ntpServers, leaseSeconds, options], [["10.7.0.5"], 300, [{ code: 7, value: "10.7.0.7" }]]);
    const hosts = (await readHosts(kea.client)).toSorted((a, b) => a.mac.localeCompare(b.mac));
    assert.deepEqual(
      hosts.map((h) => [h.mac, h.ip, h.options]),
      [
        ["02:00:00:00:00:02", "10.7.0.2", [{ code: 72, value: "10.7.0.8" }]],
        ["02:00:00:00:00:03", null, [{ code: 72, value: "10.7.0.9" }]],
      ],
    );
    await change(
      "insert into dhcp_snippet_revision (snippet_id, value) values (3, 'option www-server 10.7.0.10;')",
      "dhcp_snippet",
    );
    const ofFirst = async () => (await readHosts(kea.client)).find((h) => h.mac === "02:00:00:00:00:02")?.options;
    await until(async () => (await ofFirst())?.[0]?.value === "10.7.0.10");
    await change("update dhcp_snippet set enabled = false", "dhcp_snippet");
    await until(async () => (await subnet())?.options === undefined);
    await until(async () => (await readHosts(kea.client)).length === 1);
    assert.deepEqual([(await subnet())?.leaseSeconds, await ofFirst()], [600, undefined]);
    await t.db.pool.query("delete from dhcp_snippet");
    assert.deepEqual(logged, []);
  });

  test("one address that cannot be served is left out and said once; the others are served", async () => {
    await t.db.pool.query(
      "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.150', 7, 2), (1, '10.7.0.3', 7, 3)",
    );
    await loop.start();
    const served = async () => (await readHosts(kea.client)).map((h) => h.ip);
    await until(async () => (await served()).includes("10.7.0.3"));
    await change("select 1");
    await change("insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (5, null, 7, 3)");
    await change("update ip_address set ip = '10.7.0.4' where ip = '10.7.0.3'");
    await until(async () => (await served()).includes("10.7.0.4"));
    assert.deepEqual(await served(), ["10.7.0.4"]);
    assert.equal(logged.length, 1);
    assert.match(logged[0] ?? "", /10\.7\.0\.150.*dynamic range/);
  });

  test("what a rack could not be told is told when it is back", async () => {
    racks.disconnect(100);
    await t.db.pool.query(
      "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.3', 7, 3)",
    );
    await loop.start();
    await until(async () => (await readHosts(kea.client)).length === 1);
    await change("delete from ip_address where interface_id = 3");
    await until(async () => (await readHosts(kea.client)).length === 0);
    assert.deepEqual(racks.calls, []);
    racks.connect({ nodeId: 100, systemId: "r1" });
    await until(() => called("releaseLeases").length === 1);
    assert.equal(called("configureDhcp").length, 1);
  });

  test("a rack that fails is called again; it is configured once per connection as long as nothing changes", async () => {
    let failures = 0;
    racks.answer("configureDhcp", () => {
      if (failures++ === 0) throw new DomainError("rack_unavailable", "this rack was started without DHCP");
      return { changed: true };
    });
    await loop.start();
    await until(() => called("configureDhcp").length === 2, { what: "the second attempt" });
    assert.match(logged[0] ?? "", /started without DHCP/);
    await change("update subnet set gateway_ip = '10.7.0.253' where id = 7", "subnet");
    await until(() => called("pullDhcp").length >= 1);
    assert.equal(called("configureDhcp").length, 2);
    racks.disconnect(100);
    racks.connect({ nodeId: 100, systemId: "r1", connectedAt: new Date(Date.now() + 1000) });
    await until(() => called("configureDhcp").length === 3, { what: "the new connection to be configured" });
  });

  test("a change is looked at alone: what somebody else did to Kea's rows elsewhere waits for the sweep", async () => {
    await t.db.pool.query(`
      insert into vlan (id, fabric_id, vid, relay_vlan_id) values (60, 0, 6, 50) on conflict (id) do update set relay_vlan_id = 50;
      insert into subnet (id, name, cidr, vlan_id) values (16, 'relayed', '10.16.0.0/24', 60) on conflict do nothing`);
    await loop.start();
    const networks = async () => (await readNetworks(kea.client)).toSorted((a, b) => a.name.localeCompare(b.name));
    await until(async () => (await networks()).length === 2);
    await until(() => called("pullDhcp").length > 0, { what: "the sweep to end" });
    await change("insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.2', 7, 2)");
    await until(async () => (await readHosts(kea.client)).length === 1);
    const pulls = called("pullDhcp").length;
    await kea.client.query(
      `select createAuditRevisionDHCP4(now(), 'all', 'by hand', true); update dhcp4_subnet set valid_lifetime = 77 where subnet_id = 7`,
    );
    await change("update subnet set gateway_ip = '10.16.0.9' where id = 16", "subnet");
    await until(() => called("pullDhcp").length === pulls + 1, { what: "the change to be pulled" });
    const [first, second] = await networks();
    assert.equal(second?.subnets[0]?.gateway, "10.16.0.9");
    assert.equal(first?.subnets[0]?.leaseSeconds, 77);
    // A range that goes is told by the row that was.
    await change("delete from ip_range where subnet_id = 7 and type = 'dynamic'", "ip_range");
    await until(async () => (await networks())[0]?.subnets[0]?.pools.length === 0);
    assert.equal((await networks())[0]?.subnets[0]?.leaseSeconds, 600);
    await change(
      "insert into ip_range (subnet_id, type, start_ip, end_ip) values (7, 'dynamic', '10.7.0.100', '10.7.0.199')",
    );
    // A subnet that changes its VLAN takes its reservations along.
    await change("update subnet set vlan_id = 60 where id = 7; update subnet set vlan_id = 50 where id = 16", "subnet");
    const places = async () => (await networks()).map((n) => n.subnets.map((s) => s.id));
    await change("update subnet set vlan_id = 50 where id = 7; update subnet set vlan_id = 60 where id = 16", "subnet");
    await until(async () => JSON.stringify(await places()) === "[[7],[16]]");
    await until(async () => (await readHosts(kea.client)).length === 1);
    // A name is the reservation's too.
    await change("update node set hostname = 'new-name' where id = 200", "machine");
    await until(async () => (await readHosts(kea.client))[0]?.hostname === "new-name");
    await change("update node set hostname = 'calm-otter' where id = 200", "machine");
    await change("delete from interface where id = 2", "interface");
    await until(async () => (await readHosts(kea.client)).length === 0);
    await change(
      "insert into interface (id, node_id, name, mac, vlan_id) values (2, 200, 'eth0', '02:00:00:00:00:02', 50)",
    );
    // While the subnets had changed places the rack had no address on the VLAN.
    assert.deepEqual(
      logged.filter((line) => !line.includes("has no address in 10.16.0.0/24")),
      [],
    );
  });

  test("the sweep finds what nobody told, and what somebody wrote into Kea's rows", async () => {
    await t.db.pool.query(`
      insert into vlan (id, fabric_id, vid, relay_vlan_id) values (60, 0, 6, 50) on conflict (id) do update set relay_vlan_id = 50;
      insert into subnet (id, name, cidr, vlan_id) values (16, 'relayed', '10.16.0.0/24', 60) on conflict do nothing;
      insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.2', 7, 2)`);
    await loop.stop();
    loop = newLoop(0.05);
    await loop.start();
    const ofKea = async () => ({
      networks: (await readNetworks(kea.client)).toSorted((a, b) => a.name.localeCompare(b.name)),
      hosts: (await readHosts(kea.client)).toSorted((a, b) => a.ip?.localeCompare(b.ip ?? "") ?? 0),
    });
    await until(async () => (await readHosts(kea.client)).length === 1);
    const right = await ofKea();
    assert.equal(right.networks.length, 2);
    const wrongs = {
      "another time of a lease": "update dhcp4_subnet set valid_lifetime = 77 where subnet_id = 7",
      "a network gone":
        "delete from dhcp4_subnet where subnet_id = 16; delete from dhcp4_shared_network where name = 'vlan-60'",
      "a network of no VLAN of ours":
        "insert into dhcp4_shared_network (name, modification_ts) values ('vlan-61', now())",
      "a network by another name": "insert into dhcp4_shared_network (name, modification_ts) values ('by-hand', now())",
      "a subnet in the wrong network": "update dhcp4_subnet set shared_network_name = 'vlan-60' where subnet_id = 7",
      "a subnet in no network": "update dhcp4_subnet set shared_network_name = null where subnet_id = 7",
      "a reservation gone": "delete from hosts",
      "another name": "update hosts set hostname = 'other'",
      "a reservation too many":
        "insert into hosts (dhcp_identifier, dhcp_identifier_type, dhcp4_subnet_id) values ('\\x0200000000aa', 0, 16)",
      "a reservation of no subnet":
        "insert into hosts (dhcp_identifier, dhcp_identifier_type, dhcp4_subnet_id) values ('\\x0200000000aa', 0, 99)",
    };
    for (const [what, statement] of Object.entries(wrongs)) {
      await kea.client.query(`begin; select createAuditRevisionDHCP4(now(), 'all', 'by hand', true); ${statement}`);
      assert.notDeepEqual(await ofKea(), right, what);
      await kea.client.query("commit");
      await until(async () => isDeepStrictEqual(await ofKea(), right), { what: `the end of ${what}` });
    }
    // Untold: nobody listens while it happens to our own tables.
    await t.db.pool.query(
      "begin; set local session_replication_role = replica; update vlan set mtu = 1400 where id = 60; commit",
    );
    await until(async () => (await ofKea()).networks[1]?.mtu === 1400, { what: "the untold MTU" });
    await t.db.pool.query("update vlan set mtu = 1500 where id = 60");
    assert.deepEqual(logged, []);
  });

  test("after many reservations came, PostgreSQL knows how many there are", async () => {
    await t.db.pool.query(`
      insert into vlan (id, fabric_id, vid, relay_vlan_id) values (60, 0, 6, 50) on conflict (id) do update set relay_vlan_id = 50;
      insert into subnet (id, name, cidr, vlan_id) values (17, 'large', '10.20.0.0/22', 60);
      insert into reserved_ip (mac, ip, subnet_id) select ('02:01:00:00:' || lpad(to_hex(n / 256), 2, '0') || ':' || lpad(to_hex(n % 256), 2, '0'))::macaddr,
        '10.20.0.0'::inet + n, 17 from generate_series(1, 600) n`);
    await loop.start();
    const known = async () =>
      (await kea.client.query<{ n: number }>("select reltuples as n from pg_class where relname = 'hosts'")).rows[0]?.n;
    await until(async () => ((await known()) ?? 0) >= 600, { what: "statistics of the reservations" });
    await t.db.pool.query("delete from subnet where id = 17");
  });

  test("DHCP switched off: the networks go and the rack listens on nothing; a relayed VLAN goes with its target", async () => {
    await t.db.pool.query(`
      insert into vlan (id, fabric_id, vid, relay_vlan_id) values (60, 0, 6, 50) on conflict (id) do update set relay_vlan_id = 50;
      insert into subnet (id, name, cidr, vlan_id) values (16, 'relayed', '10.16.0.0/24', 60) on conflict do nothing`);
    await loop.start();
    await until(async () => (await readNetworks(kea.client)).length === 2);
    await until(() => called("configureDhcp").length === 1);
    const relayed = (await readNetworks(kea.client)).find((n) => n.name === "vlan-60");
    assert.equal(relayed?.interface, null);
    assert.equal(relayed.subnets[0]?.nextServer, "10.7.0.1");
    await change("update vlan set dhcp_on = false where id = 50", "vlan");
    await until(async () => (await readNetworks(kea.client)).length === 0);
    await until(() => called("configureDhcp").length === 2);
    assert.deepEqual((called("configureDhcp")[1] as { interfaces: string[] }).interfaces, []);
  });
});

test("a region without DHCP says so once and touches nothing", async () => {
  const t = await testDatabase();
  const hub = notifyHub({ connection: t.connection });
  const racks = memoryRacks();
  const logged: string[] = [];
  const loop = dhcpReconciler(
    { db: t.db, log: pino({}, { write: (line: string) => void logged.push(line) }), racks },
    { kea: null, hub },
  );
  try {
    await loop.start();
    await until(() => logged.length === 1);
    assert.match(logged[0] ?? "", /without DHCP/);
    racks.connect({ nodeId: 1 });
  } finally {
    await loop.stop();
    await hub.close();
    await t.close();
  }
  assert.equal(logged.length, 1);
  assert.deepEqual(racks.calls, []);
});
