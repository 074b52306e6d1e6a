import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { after, before, suite, test, type TestContext } from "node:test";
import { applyHosts } from "@rackwright/db/kea/hosts";
import { leaseFor } from "@rackwright/db/kea/leases";
import { listenLeases, type LeaseEvent } from "@rackwright/db/kea/listen";
import { applyNetworks } from "@rackwright/db/kea/networks";
import { KEA_SCHEMA_FILE } from "@rackwright/db/kea/schema";
import { keaTestDatabase, type KeaTestDatabase } from "@rackwright/db/kea/testing";
import { until } from "@rackwright/db/testing/until";
import { parseSnippet } from "@rackwright/domain/dhcp/snippet";
import type { DhcpHost, DhcpNetwork, DhcpSubnet } from "@rackwright/domain/dhcp/wanted";
import { keaCommand } from "./control.ts";
import { startKea, type Kea, type KeaWanted } from "./kea.ts";
import {
  ACK,
  type Answer,
  boot,
  DISCOVER,
  firmware,
  ms,
  NAK,
  OFFER,
  openDoor,
  options,
  readCommandLine,
  readMac,
  RELEASE,
  REQUEST,
  text,
} from "./kea-testing.ts";
import type { DhcpEvidence } from "./log.ts";

/** Outside: make a namespace and run this file again in it. Inside (set to its name): the tests. */
const INSIDE = "RACKWRIGHT_TEST_KEA_NAMESPACE";
const missing = [
  process.getuid?.() === 0 ? undefined : "root",
  existsSync("/usr/sbin/kea-dhcp4") ? undefined : "package kea-dhcp4-server",
  existsSync(KEA_SCHEMA_FILE) ? undefined : "package kea-admin",
  spawnSync("ip", ["-V"]).status === 0 ? undefined : "package iproute2",
  spawnSync("python3", ["-V"]).status === 0 ? undefined : "python3",
].filter((reason) => reason !== undefined);
const skip = missing.length > 0 ? `needs ${missing.join(", ")}` : false;

if (process.env[INSIDE] === undefined)
  test("Kea in a network namespace of its own", { skip, timeout: 120_000 }, outside);
else suite("Kea", { timeout: 100_000 }, inside);

async function outside(t: TestContext): Promise<void> {
  const namespace = `rwkea${process.pid}`;
  execFileSync("ip", ["netns", "add", namespace]);
  t.after(() => execFileSync("ip", ["netns", "del", namespace]));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ["netns", "exec", namespace, process.execPath, "--test-reporter=spec", import.meta.filename];
  const child = spawn("ip", args, { env: { ...env, [INSIDE]: namespace }, stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const [code] = (await once(child, "exit")) as [number | null];
  for (const line of lines) t.diagnostic(line);
  assert.equal(code, 0, "the tests inside the namespace failed; see above");
}

function inside(): void {
  const subnet: DhcpSubnet = {
    id: 1,
    cidr: "10.77.0.0/24",
    pools: [{ start: "10.77.0.100", end: "10.77.0.200" }],
    nextServer: "10.77.0.1",
    gateway: "10.77.0.254",
    dnsServers: ["10.77.0.1"],
    ntpServers: ["10.77.0.1"],
    domainName: "maas",
    searchDomains: ["maas", "example.com"],
    leaseSeconds: 600,
  };
  const network: DhcpNetwork = { name: "vlan-1", rackTag: "rack1", interface: "rack0", mtu: 9000, subnets: [subnet] };
  const MAC = "02:11:00:00:00:01";
  const host: DhcpHost = { mac: MAC, subnetId: 1, ip: "10.77.0.10", hostname: "node1", netboot: true };
  let directory = "";
  let db: KeaTestDatabase;
  let kea: Kea;
  let python: ChildProcess;
  let answers: Interface;
  let wanted: KeaWanted;
  let startMs = 0;
  const evidence: DhcpEvidence[] = [];
  const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });

  before(async () => {
    ip("link", "set", "lo", "up");
    ip("link", "add", "rack0", "type", "veth", "peer", "name", "client0");
    ip("addr", "add", "10.77.0.1/24", "dev", "rack0");
    ip("link", "set", "rack0", "up");
    ip("link", "set", "client0", "arp", "off", "up");
    const mac = readMac("rack0");
    python = spawn("python3", ["-u", join(import.meta.dirname, "dhcp-client.py"), "client0", mac, "10.77.0.1"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    assert.ok(python.stdout);
    answers = createInterface({ input: python.stdout });
    directory = mkdtempSync(join(tmpdir(), "rwkea-"));
    chmodSync(directory, 0o711);
    db = await keaTestDatabase();
    const { host, port, user, password, database } = db.connection;
    wanted = {
      interfaces: ["rack0", "later0"],
      serverTag: "rack1",
      database: { host, port, user, password, name: database },
      rackAddresses: ["10.77.0.1", "10.78.0.1"],
      httpBootPort: 5248,
      tftp: true,
    };
    const began = performance.now();
    kea = await start();
    await kea.ready();
    startMs = performance.now() - began;
  });

  after(async () => {
    await kea?.stop();
    python?.kill();
    await db?.close();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  const start = async () =>
    await startKea({
      directory: join(directory, "kea"),
      wanted,
      onEvidence: (seen) => evidence.push(seen),
    });

  test("starts before the region has written anything, unprivileged, its file readable by itself alone", async (t) => {
    t.diagnostic(`answers commands ${ms(startMs)} after startKea was called`);
    assert.deepEqual(kea.status().interfaces, ["rack0"]);
    assert.equal(statSync(join(directory, "kea/kea-dhcp4.json")).mode & 0o777, 0o600);
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${kea.status().pid}/status`, "utf8"))?.[1];
    if (spawnSync("getent", ["passwd", "_kea"]).status === 0) assert.notEqual(uid, "0");
    assert.deepEqual(await ask({ type: DISCOVER, mac: MAC, timeout: 0.2 }), {});
  });

  test("serves a network after a pull", async (t) => {
    const began = performance.now();
    assert.deepEqual((await applyNetworks(db.client, [network])).racks, ["rack1"]);
    const wrote = performance.now();
    await kea.pull();
    const pulled = performance.now();
    const offer = await ask({ type: DISCOVER, mac: MAC });
    t.diagnostic(`write ${ms(wrote - began)}, pull ${ms(pulled - wrote)}, OFFER ${offer.ms} ms`);
    assert.equal(offer.type, OFFER);
    assert.match(offer.yiaddr, /^10\.77\.0\.1\d\d$/);
    assert.deepEqual(options(offer), {
      1: "ffffff00",
      3: "0a4d00fe",
      6: "0a4d0001",
      15: text("maas"),
      26: "2328",
      28: "0a4d00ff",
      42: "0a4d0001",
      51: "00000258",
    });
    assert.ok(offer.options[119]);
    assert.equal(offer.file, "");
    assert.equal(offer.siaddr, "0.0.0.0");
  });

  test("a reservation is served on the next DISCOVER, and its lease is told", async (t) => {
    const events: { event: LeaseEvent; at: number }[] = [];
    const listener = listenLeases(db.connect, (event) => events.push({ event, at: performance.now() }));
    try {
      await listener.ready;
      const began = performance.now();
      await applyHosts(db.client, [host]);
      const wrote = performance.now();
      const offer = await ask({ type: DISCOVER, mac: MAC });
      assert.equal(offer.yiaddr, "10.77.0.10");
      t.diagnostic(`row written in ${ms(wrote - began)}, served by the DISCOVER after it in ${offer.ms} ms`);
      const asked = performance.now();
      const ack = await ask({ type: REQUEST, mac: MAC, requested: "10.77.0.10", server: offer.server });
      assert.equal(ack.type, ACK);
      assert.equal(ack.options[12], text("node1"));
      const told = await until(() => events.find(({ event }) => event.lease.ip === "10.77.0.10"));
      t.diagnostic(
        `REQUEST to ACK ${ack.ms} ms, REQUEST to lease event ${ms(told.at - asked)} (pipes to the client included)`,
      );
      assert.equal(told.event.action, "commit");
      assert.equal(told.event.lease.mac, MAC);
      assert.equal((await leaseFor(db.client, MAC))?.hostname, "node1");
      await ask({ type: RELEASE, mac: MAC, ciaddr: "10.77.0.10", server: "10.77.0.1", timeout: 0.05 });
      await until(() => events.some(({ event }) => event.action === "release" && event.lease.ip === "10.77.0.10"));
    } finally {
      await listener.close();
    }
  });

  test("the boot file follows the firmware", async () => {
    const got: Record<string, unknown> = {};
    for (const [name, says] of Object.entries(firmware))
      got[name] = boot(await ask({ type: DISCOVER, mac: MAC, ...says }));
    const http = "http://10.77.0.1:5248";
    assert.deepEqual(got, {
      bios: ["10.77.0.1", "undionly.kpxe", ""],
      "unknown architecture": ["10.77.0.1", "undionly.kpxe", ""],
      "no architecture": ["10.77.0.1", "undionly.kpxe", ""],
      uefi: ["10.77.0.1", "ipxe.efi", ""],
      "uefi byte code": ["10.77.0.1", "ipxe.efi", ""],
      "uefi http": ["10.77.0.1", `${http}/ipxe.efi`, "HTTPClient"],
      ipxe: ["10.77.0.1", `${http}/ipxe.cfg`, ""],
      arm64: ["10.77.0.1", "bootaa64.efi", ""],
      "arm64 http": ["10.77.0.1", `${http}/bootaa64.efi`, "HTTPClient"],
      powernv: ["10.77.0.1", "pxelinux.0", ""],
    });
    const powernv = await ask({ type: DISCOVER, mac: MAC, ...firmware.powernv });
    assert.equal(powernv.options[210], text("ppc64el/"));
  });

  test("a machine that shall not netboot gets its address and no boot file, and the setting is live both ways", async () => {
    const stranger = { ...host, mac: "02:11:00:00:00:02", ip: null, netboot: false };
    await applyHosts(db.client, [{ ...host, netboot: false }, stranger]);
    for (const says of Object.values(firmware)) {
      const offer = await ask({ type: DISCOVER, mac: MAC, ...says });
      assert.equal(offer.yiaddr, "10.77.0.10");
      assert.deepEqual(boot(offer), ["0.0.0.0", "", ""]);
      assert.equal(offer.options[67], undefined);
    }
    const dynamic = await ask({ type: DISCOVER, mac: stranger.mac, ...firmware.uefi });
    assert.match(dynamic.yiaddr, /^10\.77\.0\.1\d\d$/);
    assert.deepEqual(boot(dynamic), ["0.0.0.0", "", ""]);
    await applyHosts(db.client, [host]);
    assert.equal(boot(await ask({ type: DISCOVER, mac: MAC, ...firmware.uefi }))[1], "ipxe.efi");
  });

  test("a boot method that the subnet disables is not offered there", async () => {
    await serve([{ ...network, subnets: [{ ...subnet, disabledBootMethods: ["uefi_amd64_tftp"] }] }]);
    assert.equal(boot(await ask({ type: DISCOVER, mac: MAC, ...firmware.uefi }))[1], "");
    assert.equal(boot(await ask({ type: DISCOVER, mac: MAC, ...firmware.bios }))[1], "undionly.kpxe");
    await serve([network]);
    assert.equal(boot(await ask({ type: DISCOVER, mac: MAC, ...firmware.uefi }))[1], "ipxe.efi");
  });

  test("a second subnet of the network is served after a pull, with the rack's address in it", async (t) => {
    const second = {
      ...subnet,
      id: 2,
      cidr: "10.78.0.0/24",
      pools: [],
      nextServer: "10.78.0.1",
      gateway: "10.78.0.254",
    };
    const began = performance.now();
    await serve([{ ...network, subnets: [subnet, second] }]);
    await applyHosts(db.client, [{ ...host, subnetId: 2, ip: "10.78.0.10" }]);
    const offer = await ask({ type: DISCOVER, mac: MAC, ...firmware["uefi http"] });
    t.diagnostic(`from the first write to an OFFER of the new subnet: ${ms(performance.now() - began)}`);
    assert.equal(offer.yiaddr, "10.78.0.10");
    assert.equal(offer.options[3], "0a4e00fe");
    assert.deepEqual(boot(offer), ["10.78.0.1", "http://10.78.0.1:5248/ipxe.efi", "HTTPClient"]);
    await applyHosts(db.client, [host]);
    await serve([network]);
    assert.equal((await ask({ type: DISCOVER, mac: MAC })).yiaddr, "10.77.0.10");
  });

  test("every option that a snippet may give is one that Kea reads; a reservation's counts before the subnet's", async () => {
    const taken = parseSnippet(`
      option time-offset -3600; option time-servers 10.77.0.2; option name-servers 10.77.0.2; option log-servers 10.77.0.3, 10.77.0.4;
      option cookie-servers 10.77.0.2; option lpr-servers 10.77.0.2; option root-path "/srv/root path"; option ip-forwarding off;
      option default-ip-ttl 64; option interface-mtu 1400; option all-subnets-local on; option router-discovery true;
      option arp-cache-timeout 60; option default-tcp-ttl 64; option nis-domain "nis.example"; option nis-servers 10.77.0.2;
      option netbios-name-servers 10.77.0.2; option netbios-dd-server 10.77.0.2; option netbios-node-type 8;
      option font-servers 10.77.0.2; option x-display-manager 10.77.0.2; option smtp-server 10.77.0.2; option pop-server 10.77.0.2;
      option nntp-server 10.77.0.2; option www-server 10.77.0.2; option pcode "EST5EDT"; option tcode "Europe/Vienna";`);
    assert.ok("options" in taken, JSON.stringify(taken));
    const all = taken.options.toSorted((x, y) => x.code - y.code);
    assert.equal(all.length, 27);
    await serve([{ ...network, subnets: [{ ...subnet, options: all }] }]);
    await applyHosts(db.client, [{ ...host, options: [{ code: 7, value: "10.77.0.9" }] }]);
    const params = all.map(({ code }) => code);
    const offer = await ask({ type: DISCOVER, mac: MAC, params });
    assert.deepEqual(
      params.filter((code) => offer.options[code] === undefined),
      [],
    );
    const hex = (code: number) => offer.options[code];
    assert.deepEqual(
      [hex(2), hex(7), hex(17), hex(19), hex(26)],
      ["fffff1f0", "0a4d0009", text("/srv/root path"), "00", "0578"],
    );
    await applyHosts(db.client, [host]);
    assert.equal((await ask({ type: DISCOVER, mac: MAC, params })).options[7], "0a4d00030a4d0004");
    await serve([network]);
  });

  test("every one of many changes in quick succession is served", async (t) => {
    const took: number[] = [];
    const end = performance.now() + 1500; // more than a second: Kea counts in those
    for (let i = 1; performance.now() < end; i += 1) {
      const began = performance.now();
      const address = `10.77.1.${i % 250}`;
      await serve([{ ...network, subnets: [{ ...subnet, dnsServers: [address] }] }]);
      const offer = await ask({ type: DISCOVER, mac: MAC });
      took.push(performance.now() - began);
      assert.equal(offer.options[6], `0a4d01${(i % 250).toString(16).padStart(2, "0")}`);
    }
    took.sort((a, b) => a - b);
    t.diagnostic(
      `${took.length} changes, write to OFFER: median ${ms(took[took.length >> 1] ?? 0)}, worst ${ms(took.at(-1) ?? 0)}`,
    );
    await serve([network]);
  });

  test("a network that moves to another rack is served here no more", async () => {
    await serve([{ ...network, rackTag: "rack2" }]);
    assert.deepEqual(await ask({ type: DISCOVER, mac: MAC, timeout: 0.2 }), {});
    await serve([network]);
    assert.equal((await ask({ type: DISCOVER, mac: MAC })).type, OFFER);
  });

  test("a relayed network is served through its relay's address", async () => {
    const relayed: DhcpNetwork = {
      ...network,
      name: "vlan-9",
      interface: null,
      mtu: 1500,
      subnets: [{ ...subnet, id: 9, cidr: "10.99.0.0/24", pools: [{ start: "10.99.0.50", end: "10.99.0.60" }] }],
    };
    ip("route", "add", "10.99.0.0/24", "dev", "rack0");
    ip("neigh", "add", "10.99.0.1", "lladdr", readMac("client0"), "dev", "rack0");
    await serve([network, relayed]);
    const offer = await ask({ type: DISCOVER, mac: "02:99:00:00:00:01", giaddr: "10.99.0.1", ...firmware.ipxe });
    assert.match(offer.yiaddr, /^10\.99\.0\.5\d$/);
    assert.deepEqual(boot(offer), ["10.77.0.1", "http://10.77.0.1:5248/ipxe.cfg", ""]);
    await serve([network]);
  });

  test("when a reservation goes, its lease is dropped, and the old owner is told no", async () => {
    const offer = await ask({ type: DISCOVER, mac: MAC });
    assert.equal((await ask({ type: REQUEST, mac: MAC, requested: offer.yiaddr, server: offer.server })).type, ACK);
    const { releases } = await applyHosts(db.client, []);
    assert.deepEqual(releases, [{ ip: "10.77.0.10", subnetId: 1, mac: MAC }]);
    assert.equal(await kea.deleteLease("10.77.0.10"), true);
    assert.equal(await kea.deleteLease("10.77.0.10"), false);
    assert.equal((await ask({ type: REQUEST, mac: MAC, requested: "10.77.0.10" })).type, NAK);
    await applyHosts(db.client, [host]);
  });

  test("evidence says what a machine asked and what it got", async () => {
    const whats = (mac: string) => new Set(evidence.filter((seen) => seen.mac === mac).map(({ what }) => what));
    await until(() =>
      ["discover", "request", "offer", "ack", "nak", "release"].every((what) => whats(MAC).has(what as never)),
    );
    const offer = evidence.findLast(({ mac, what }) => mac === MAC && what === "ack");
    assert.equal(offer?.address, "10.77.0.10");
    assert.equal(evidence.find(({ what }) => what === "discover")?.via, "rack0");
    await serve([{ ...network, subnets: [{ ...subnet, pools: [] }] }]);
    await ask({ type: DISCOVER, mac: "02:11:00:00:00:77", timeout: 0.1 });
    await until(() => whats("02:11:00:00:00:77").has("no_lease"));
    await ask({ type: DISCOVER, mac: "02:11:00:00:00:78", giaddr: "10.66.0.1", timeout: 0.1 });
    await until(() => whats("02:11:00:00:00:78").has("no_subnet"));
    await serve([network]);
  });

  test("a bad row makes the pull fail and stops nothing", async () => {
    // By hand: `applyNetworks` writes none.
    await db.client.query(`begin; select createAuditRevisionDHCP4(clock_timestamp(), 'all', 'by hand', true);
      update dhcp4_pool set start_address = '10.66.0.1', end_address = '10.66.0.9', modification_ts = clock_timestamp();
      update dhcp4_subnet set modification_ts = clock_timestamp(); commit`);
    await assert.rejects(kea.pull(), /refused config-backend-pull: .*10\.66\.0\.1-10\.66\.0\.9[^<]*$/);
    assert.equal((await ask({ type: DISCOVER, mac: MAC })).yiaddr, "10.77.0.10");
    await serve([network]);
  });

  test("an interface that appears is served when asked, and a refused configuration leaves the old one at work", async (t) => {
    const began = performance.now();
    ip("link", "add", "later0", "type", "veth", "peer", "name", "later1");
    ip("addr", "add", "10.79.0.1/24", "dev", "later0");
    ip("link", "set", "later0", "up");
    ip("link", "set", "later1", "up");
    await kea.setInterfaces(wanted.interfaces);
    t.diagnostic(`interface made and served: ${ms(performance.now() - began)}`);
    assert.deepEqual(kea.status().interfaces, ["rack0", "later0"]);
    assert.equal((await ask({ type: DISCOVER, mac: MAC })).yiaddr, "10.77.0.10");

    const broken = [{ name: "broken", test: "this is no expression", by: "tftp", file: "x" }] as const;
    await assert.rejects(kea.reconfigure({ bootMethods: broken }), /refused config-test/);
    // Accepted by config-test, refused by config-set: this is what leaves Kea deaf if nothing is done.
    const unreachable = { ...wanted.database, host: "/nonexistent" };
    await assert.rejects(kea.reconfigure({ database: unreachable }), /refused config-set/);
    assert.equal((await ask({ type: DISCOVER, mac: MAC })).yiaddr, "10.77.0.10");
    await kea.pull();
  });

  test("a rack that stops serving TFTP offers what is fetched by HTTP, and addresses to all", async () => {
    await kea.reconfigure({ tftp: false });
    const uefi = await ask({ type: DISCOVER, mac: MAC, ...firmware.uefi });
    assert.equal(uefi.yiaddr, "10.77.0.10");
    assert.deepEqual(boot(uefi), ["0.0.0.0", "", ""]);
    assert.equal(
      boot(await ask({ type: DISCOVER, mac: MAC, ...firmware["uefi http"] }))[1],
      "http://10.77.0.1:5248/ipxe.efi",
    );
    await kea.reconfigure({ tftp: true });
    assert.equal(boot(await ask({ type: DISCOVER, mac: MAC, ...firmware.uefi }))[1], "ipxe.efi");
  });

  test("killed, it is back and answers", async (t) => {
    const { pid } = kea.status();
    assert.ok(pid);
    const began = performance.now();
    process.kill(pid, "SIGKILL");
    await until(() => kea.status().pid !== pid && kea.status().state === "serving", { everyMs: 2 });
    const answered = performance.now();
    const offer = await until(async () => {
      const answer = await ask({ type: DISCOVER, mac: MAC, timeout: 0.2 });
      return answer.type === OFFER && answer;
    });
    assert.equal(offer.yiaddr, "10.77.0.10");
    t.diagnostic(`SIGKILL to control socket ${ms(answered - began)}, to OFFER ${ms(performance.now() - began)}`);
    assert.equal(kea.status().restarts, 1);
  });

  test("a Kea left by a killed run of ours is ended and replaced by the next run", async (t) => {
    await kea.stop();
    assert.equal(kea.status().state, "stopped");
    await assert.rejects(keaCommand(join(directory, "kea/kea4.sock"), "status-get"), /cannot send status-get/);

    const run = `
      import { startKea } from ${JSON.stringify(new URL("kea.ts", import.meta.url).href)};
      const kea = await startKea(JSON.parse(process.env.OPTIONS));
      await kea.ready();
      console.log(kea.status().pid);`;
    const ours = spawn(process.execPath, ["--input-type=module", "-e", run], {
      env: { ...process.env, OPTIONS: JSON.stringify({ directory: join(directory, "kea"), wanted }) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: ours.stdout }), "line")) as [string];
    const orphan = Number(line);
    ours.kill("SIGKILL");
    await once(ours, "exit");
    assert.notEqual(readCommandLine(orphan), "");

    const began = performance.now();
    kea = await start();
    await kea.ready();
    t.diagnostic(`orphan ended and replaced in ${ms(performance.now() - began)}`);
    assert.notEqual(kea.status().pid, orphan);
    assert.equal(readCommandLine(orphan), "");
    assert.equal((await ask({ type: DISCOVER, mac: MAC })).yiaddr, "10.77.0.10");
  });

  test("while PostgreSQL is away Kea is silent; it comes back by itself, also when it was started in between", async (t) => {
    const database = { ...wanted.database, host: directory };
    let door = await openDoor(directory, db.connection);
    try {
      await kea.reconfigure({ database });
      assert.equal((await ask({ type: DISCOVER, mac: MAC })).yiaddr, "10.77.0.10");
      const { restarts } = kea.status();
      await door.close();
      assert.deepEqual(await ask({ type: DISCOVER, mac: MAC, timeout: 0.3 }), {});
      door = await openDoor(directory, db.connection);
      let began = performance.now();
      await until(async () => (await ask({ type: DISCOVER, mac: MAC, timeout: 0.2 })).yiaddr === "10.77.0.10");
      t.diagnostic(`served again ${ms(performance.now() - began)} after PostgreSQL was back`);
      assert.equal(kea.status().restarts, restarts);
      began = performance.now();
      await kea.pull();
      await until(async () => (await ask({ type: DISCOVER, mac: MAC, timeout: 0.2 })).yiaddr === "10.77.0.10");
      t.diagnostic(`the first pull after it, and serving: ${ms(performance.now() - began)}`);

      await kea.stop();
      await door.close();
      wanted = { ...wanted, database };
      kea = await start();
      await until(() => kea.status().restarts >= 2);
      await until(() => /database/i.test(kea.status().lastError ?? ""));
      t.diagnostic(`meanwhile: ${kea.status().lastError}`);
      door = await openDoor(directory, db.connection);
      began = performance.now();
      await kea.ready();
      assert.equal((await ask({ type: DISCOVER, mac: MAC })).yiaddr, "10.77.0.10");
      t.diagnostic(`started and serving ${ms(performance.now() - began)} after PostgreSQL was there`);
    } finally {
      await kea.stop();
      await door.close();
    }
  });

  async function serve(networks: DhcpNetwork[]): Promise<void> {
    await applyNetworks(db.client, networks);
    await kea.pull();
  }

  async function ask(question: object): Promise<Answer> {
    const line = new Promise<string>((resolve) => answers.once("line", resolve));
    python.stdin?.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await line) as Answer;
  }
}
