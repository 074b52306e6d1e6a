/**
 * How soon after a commit DHCP answers by it: reservations, ranges, subnets and VLANs, changed one after the other on a controller with
 * 10,000 machines in 500 networks, while somebody whom none of it concerns asks and renews 50 times a second and must lose no packet.
 * Region, rack, PostgreSQL and Kea as `script/up` starts them, in a network namespace of its own. Needs root, Kea, python3.
 *
 * What is measured is what a machine would see, from when COMMIT was sent to when the first answer by the new rule was received. So it holds
 * more than the way into Kea: the commit itself with its flush to disk (shown apart: on a busy disk it alone takes long), up to 4 ms until
 * the next question, and Kea's time for that answer. The questions are load too, 250 a second, and each is recorded as any machine's is.
 * p99 is of nearest rank: of fewer than 100 changes it is the maximum. Nothing is measured until the seeding has settled.
 * usage: node bench/dhcp-change.ts [CHANGES OF EACH KIND] [MACHINES] [NETWORKS] [flat: all machines in one network]
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { startController } from "@rackwright/controller/controller";
import { connectKea } from "@rackwright/db/kea-access";
import { keaDirectory } from "@rackwright/rack/dhcp/work-directory";
import { until } from "@rackwright/testkit/until";
import { Client } from "pg";
import { pino } from "pino";

const INSIDE = "RACKWRIGHT_BENCH_DHCP";
const changes = Number(process.argv[2] ?? 100);
const machines = Number(process.argv[3] ?? 10_000);
const networks = Number(process.argv[4] ?? 500);
const flat = process.argv[5] === "flat";
/** Answers by the old rule longer than this after a commit are a failure of the bench. */
const GIVE_UP_MS = 20_000;
/** So many of each kind are not counted: statements are prepared, code is compiled. */
const WARM_UP = 4;
/** So long nobody works on the database before the first change. */
const QUIET_MS = 500;
const BYSTANDER = { mac: "02:bb:00:00:00:01", ip: "10.77.0.10" };

const namespace = `rwdhcpbench${process.pid}`;
const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });

async function outside(): Promise<void> {
  ip("netns", "add", namespace);
  try {
    const args = ["netns", "exec", namespace, process.execPath, import.meta.filename, ...process.argv.slice(2)];
    const child = spawn("ip", args, { env: { ...process.env, [INSIDE]: "1" }, stdio: "inherit" });
    const [code] = (await once(child, "exit")) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    ip("netns", "del", namespace);
  }
}

async function inside(): Promise<void> {
  ip("link", "set", "lo", "up");
  ip("link", "add", "rack0", "type", "veth", "peer", "name", "client0");
  ip("addr", "add", "10.77.0.1/24", "dev", "rack0");
  ip("link", "set", "rack0", "up");
  ip("link", "set", "client0", "arp", "off", "up");
  const mac = async (name: string) => (await readFile(`/sys/class/net/${name}/address`, "utf8")).trim();
  ip("route", "add", "10.128.0.0/9", "dev", "rack0");
  const dataDir = await mkdtemp(join(tmpdir(), "rackwright-bench-dhcp-"));
  await chmod(dataDir, 0o755);
  const ending = new AbortController();
  const log = pino({ level: process.env["LOG_LEVEL"] ?? "fatal" }, pino.destination({ dest: 2, sync: true }));
  const controller = await startController({
    dataDir,
    databaseUri: undefined,
    host: "0.0.0.0",
    port: 0,
    admin: undefined,
    adminPasswordFile: undefined,
    json: false,
    dhcp: true,
    simulated: false,
    rack: true,
    rackHttpPort: 0,
    images: [],
    bootloaders: undefined,
    logLevel: "error",
    version: "0",
    log,
    onFailure: (reason) => ending.abort(new Error(reason)),
    signal: ending.signal,
  });
  try {
    const { connection } = controller.running.region.db;
    const db = new Client(connection);
    await db.connect();
    const password = (await readFile(join(dataDir, "kea-password"), "utf8")).trim();
    const { host, port } = db;
    const kea = await connectKea({ host, port, name: "kea", user: "kea", password });
    try {
      await seed(db);
      const began = performance.now();
      await until(
        async () => {
          const { rows } = await kea.query<{ hosts: number; subnets: number }>(
            "select (select count(*)::int from hosts) as hosts, (select count(*)::int from dhcp4_subnet) as subnets",
          );
          return rows[0]?.hosts === machines + 1 && rows[0].subnets === networks + 1;
        },
        { timeoutMs: 120_000, what: "Kea's rows" },
      );
      console.log(`${machines} reservations, ${networks} networks: rows there after ${ms(performance.now() - began)}`);
      await settled(db);
      for (const gateway of [1, networks].map(gatewayOf))
        ip("neigh", "replace", gateway, "lladdr", await mac("client0"), "dev", "rack0");
      await measure(db, await mac("rack0"));
    } finally {
      await kea.end();
      await db.end();
    }
  } finally {
    await controller.stop();
    for (const directory of [dataDir, dirname(await keaDirectory(join(dataDir, "rack")))])
      await rm(directory, { recursive: true, force: true });
  }
}

/** Network `n` of 1 to `networks` is 10.(128 + n div 125).((n mod 125) * 2).0/23, relayed to the rack's own; in flat ones the first is a /17. */
const net = (n: number) => `10.${128 + Math.floor(n / 125)}.${(n % 125) * 2}`;
const gatewayOf = (n: number) => (flat && n === 1 ? "10.255.0.1" : `${net(n)}.1`);

/** Machines are spread over the networks, from their tenth address on; ranges are in the last 100 of the first 256. */
async function seed(db: Client): Promise<void> {
  const { rows } = await db.query<{ id: string }>("select id from node where node_type in (2, 4)");
  const rack = rows[0]?.id;
  if (rack === undefined) throw new Error("the rack has not enrolled");
  const own = await db.query<{ vlan: string; subnet: string }>(
    `insert into subnet (name, cidr, vlan_id) select 'rack', '10.77.0.0/24', min(id) from vlan
     on conflict (cidr) do update set name = 'rack' returning vlan_id as vlan, id as subnet`,
  );
  const { vlan, subnet } = own.rows[0] ?? {};
  await db.query("begin");
  await db.query("update vlan set dhcp_on = true, primary_rack_id = $1 where id = $2", [rack, vlan]);
  await db.query(
    "insert into ip_range (subnet_id, type, start_ip, end_ip) values ($1, 'dynamic', '10.77.0.100', '10.77.0.199')",
    [subnet],
  );
  await db.query(
    `insert into vlan (id, fabric_id, vid, relay_vlan_id) select 100000 + n, 0, n, $2 from generate_series(1, $1::int) n`,
    [networks, vlan],
  );
  const base = `case when $2 and n = 1 then '10.255.0.0'::inet else ('10.' || 128 + n / 125 || '.' || (n % 125) * 2 || '.0')::inet end`;
  await db.query(
    `insert into subnet (id, name, cidr, vlan_id, gateway_ip)
     select 100000 + n, 'n' || n, set_masklen(${base}, case when $2 and n = 1 then 17 else 23 end)::cidr, 100000 + n, ${base} + 1
     from generate_series(1, $1::int) n`,
    [networks, flat],
  );
  await db.query(
    `insert into ip_range (subnet_id, type, start_ip, end_ip)
     select 100000 + n, 'dynamic', ${base} + 100, ${base} + 149 from generate_series(1, $1::int) n`,
    [networks, flat],
  );
  await db.query(
    `insert into node (id, system_id, hostname, node_type, status) overriding system value
     select 100000 + n, 'x' || n, 'machine-' || n, 0, 4 from generate_series(0, $1::int) n`,
    [machines],
  );
  await db.query(
    `insert into interface (id, node_id, name, mac, vlan_id)
     select 100000 + n, 100000 + n, 'eth0', ('02:aa:00:' || substr(x, 1, 2) || ':' || substr(x, 3, 2) || ':' || substr(x, 5, 2))::macaddr, 100000 + ${where("n")}
     from (select n, lpad(to_hex(n), 6, '0') as x from generate_series(1, $1::int) n) m where $2::int > 0 and $3 in (true, false)`,
    [machines, networks, flat],
  );
  await db.query(
    `insert into ip_address (alloc_type, ip, subnet_id, interface_id)
     select 1, s.cidr::inet + 256 + (n - 1) / case when $3 then 1 else $2::int end, s.id, 100000 + n
     from generate_series(1, $1::int) n join subnet s on s.id = 100000 + ${where("n")}`,
    [machines, networks, flat],
  );
  await db.query(
    `insert into interface (id, node_id, name, mac, vlan_id) values (100000, 100000, 'eth0', '${BYSTANDER.mac}', $1)`,
    [vlan],
  );
  await db.query(
    `insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '${BYSTANDER.ip}', $1, 100000)`,
    [subnet],
  );
  await db.query("select pg_notify('change', 'vlan')");
  await db.query("commit");
  await db.query("analyze");
}

/** The network of machine `n`, in SQL. $2: networks, $3: flat. */
function where(n: string): string {
  return `case when $3 then 1 else (${n} - 1) % $2::int + 1 end`;
}

interface Told {
  number: number;
  at: string;
  ip: string;
  router: string | null;
  dns: string | null;
  mtu: string | null;
}

async function measure(db: Client, rackMac: string): Promise<void> {
  const script = join(import.meta.dirname, "dhcp-load.py");
  const load = spawn("python3", ["-u", script, "client0", rackMac, "10.77.0.1", BYSTANDER.mac, BYSTANDER.ip], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const told: Told[] = [];
  let end: { sent: number; lost: number; median_ms: number; worst_ms: number } | undefined;
  createInterface({ input: load.stdout }).on("line", (line) => {
    const said = JSON.parse(line) as Told & NonNullable<typeof end>;
    if (said.sent === undefined) told.push(said);
    else end = said;
  });
  let asked = 0;
  const ask = (question: object | null): void => {
    load.stdin.write(`${JSON.stringify(question)}\n`);
    asked += 1;
    told.length = 0;
  };
  const answered = (fits: (answer: Told) => boolean, what: string, since = 0n) =>
    until(() => told.find((answer) => answer.number === asked && BigInt(answer.at) > since && fits(answer)), {
      timeoutMs: GIVE_UP_MS,
      everyMs: 1,
      what,
    });
  try {
    for (const [kind, change] of Object.entries(kinds)) {
      const took: number[] = [];
      const commits: number[] = [];
      for (let i = -WARM_UP; i < changes; i++) {
        const { question, prepare = [], statement, entity, before, after } = change(i + WARM_UP);
        for (const each of prepare) await commit(db, each, entity);
        ask(question);
        await answered(before, `${kind} ${i}: answers by the old rule`);
        ask({ ...question, every: 0.004 });
        const { began, tookMs } = await commit(db, statement, entity);
        const first = await answered(after, `${kind} ${i}: answers by the new rule`, began);
        if (i >= 0) took.push(Number(BigInt(first.at) - began) / 1e6);
        if (i >= 0) commits.push(tookMs);
        ask(null);
      }
      console.log(`${kind.padEnd(12)} ${took.length} changes: ${ranks(took)}; of it the commit: ${ranks(commits)}`);
    }
    ask({ end: true });
    await until(() => end !== undefined, { what: "the count of packets" });
    console.log(
      `bystander: ${end?.sent} questions, ${end?.lost} lost; answered in ${end?.median_ms} ms (median), ${end?.worst_ms} ms (worst)`,
    );
    console.log(`load average ${loadavg()[0]?.toFixed(1)} on ${cpus().length} processors`);
    if (end?.lost !== 0) process.exitCode = 1;
  } finally {
    load.kill();
  }
}

/** Nearest rank. */
function ranks(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number) => ms(sorted[Math.ceil(sorted.length * q) - 1] ?? Number.NaN);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
}

/** PostgreSQL has looked at what was seeded (autovacuum), and whoever wrote about it has ended. */
async function settled(db: Client): Promise<void> {
  let quietSince = performance.now();
  await until(
    async () => {
      const { rows } = await db.query(
        `select from pg_stat_activity where pid <> pg_backend_pid()
         and (backend_type = 'autovacuum worker' or (backend_type = 'client backend' and state <> 'idle'))`,
      );
      if (rows.length > 0) quietSince = performance.now();
      return performance.now() - quietSince > QUIET_MS;
    },
    { timeoutMs: 60_000, what: "the end of what the seeding caused" },
  );
}

/** @returns when the commit was sent, by CLOCK_MONOTONIC, and how long it took */
async function commit(db: Client, statement: string, entity: string): Promise<{ began: bigint; tookMs: number }> {
  await db.query("begin");
  await db.query(statement);
  await db.query(`insert into change (kind, entity, entity_id) values ('update', '${entity}', '1')`);
  await db.query("select pg_notify('change', $1)", [entity]);
  const began = process.hrtime.bigint();
  await db.query("commit");
  return { began, tookMs: Number(process.hrtime.bigint() - began) / 1e6 };
}

interface Change {
  question: object;
  prepare?: string[];
  statement: string;
  /** Of the change record. */
  entity: string;
  before: (answer: Told) => boolean;
  after: (answer: Told) => boolean;
}

const hex = (address: string) =>
  address
    .split(".")
    .map((octet) => Number(octet).toString(16).padStart(2, "0"))
    .join("");

/** Changes go to and fro between two values, in the first network and in the last. */
const place = (i: number) => {
  const n = i % 2 === 0 ? 1 : networks;
  const machine = flat && n !== 1 ? undefined : n === 1 ? 1 : networks;
  const tail = (machine ?? 0)
    .toString(16)
    .padStart(6, "0")
    .replaceAll(/..(?=.)/g, "$&:");
  return { n, giaddr: gatewayOf(n), base: flat && n === 1 ? "10.255.0" : net(n), machine, mac: `02:aa:00:${tail}` };
};
const odd = (i: number) => Math.floor(i / 2) % 2 === 1;
const stranger = (i: number) =>
  `02:cc:00:00:${Math.floor(i / 256)
    .toString(16)
    .padStart(2, "0")}:${(i % 256).toString(16).padStart(2, "0")}`;

const kinds: Record<string, (i: number) => Change> = {
  reservation: (i) => {
    const { giaddr, base, mac, machine } = place(flat ? i * 2 : i);
    const [was, is] = odd(i) || (flat && i % 2 === 1) ? [`${base}.21`, `${base}.20`] : [`${base}.20`, `${base}.21`];
    return {
      question: { type: 1, mac, giaddr },
      prepare: [`update ip_address set ip = '${was}' where interface_id = ${100_000 + (machine ?? 0)}`],
      statement: `update ip_address set ip = '${is}' where interface_id = ${100_000 + (machine ?? 0)}`,
      entity: "ip_address",
      before: (answer) => answer.ip === was,
      after: (answer) => answer.ip === is,
    };
  },
  range: (i) => {
    const { n, giaddr, base } = place(i);
    const [was, is] = odd(i) ? [150, 100] : [100, 150];
    const within = (first: number) => (answer: Told) => {
      const last = Number(answer.ip.split(".")[3]);
      return answer.ip.startsWith(`${base}.`) && last >= first && last < first + 50;
    };
    return {
      question: { type: 1, mac: stranger(i), giaddr },
      statement: `update ip_range set start_ip = '${base}.${is}', end_ip = '${base}.${is + 49}' where subnet_id = ${100_000 + n}`,
      entity: "ip_range",
      before: within(was),
      after: within(is),
    };
  },
  subnet: (i) => {
    const { n, giaddr, base } = place(i);
    const [was, is] = odd(i) ? [`${base}.3`, `${base}.1`] : [`${base}.1`, `${base}.3`];
    return {
      question: { type: 1, mac: stranger(1000 + i), giaddr },
      statement: `update subnet set gateway_ip = '${is}' where id = ${100_000 + n}`,
      entity: "subnet",
      before: (answer) => answer.router === hex(was),
      after: (answer) => answer.router === hex(is),
    };
  },
  "VLAN (MTU)": (i) => {
    const { n, giaddr } = place(i);
    const [was, is] = odd(i) ? [9000, 8000] : [8000, 9000];
    return {
      question: { type: 1, mac: stranger(2000 + i), giaddr },
      prepare: [`update vlan set mtu = ${was} where id = ${100_000 + n}`],
      statement: `update vlan set mtu = ${is} where id = ${100_000 + n}`,
      entity: "vlan",
      before: (answer) => answer.mtu === was.toString(16),
      after: (answer) => answer.mtu === is.toString(16),
    };
  },
  "VLAN (on)": (i) => {
    const { n, giaddr, base } = place(i);
    return {
      question: { type: 1, mac: stranger(3000 + i), giaddr },
      prepare: [`update vlan set relay_vlan_id = null where id = ${100_000 + n}`],
      statement: `update vlan set relay_vlan_id = (select vlan_id from subnet where cidr = '10.77.0.0/24') where id = ${100_000 + n}`,
      entity: "vlan",
      before: (answer) => answer.ip === "",
      after: (answer) => answer.ip.startsWith(`${base}.`),
    };
  },
};

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

if (process.env[INSIDE] === undefined) await outside();
else await inside();
