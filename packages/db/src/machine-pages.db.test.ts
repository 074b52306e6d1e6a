/** The search in SQL against the same search over all machines in memory, on random machines and random filters. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type HasName } from "@rackwright/domain/search/fields";
import { machineOrders, type MachineOrder, type Place } from "@rackwright/domain/search/page-token";
import { type Filter, parseFilter, type Range, type Test, type TextValue } from "@rackwright/domain/search/parse";
import { statusCode, type MachineStatus } from "@rackwright/domain/machine/status";
import { countMachines, machineRows, type PageQuery, pageRows } from "./machine-pages.ts";
import { addManyMachines } from "./testing/many-machines.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";

const COUNT = 160;
const NOW = new Date("2026-06-01T12:00:00Z");
let t: TestDatabase;
let all: Facts[];

let seed = 20;
const random = (n: number): number => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return Math.floor((seed / 2 ** 31) * n);
};
function pick<T>(items: readonly T[]): T {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

before(async () => {
  t = await testDatabase();
  await addManyMachines(t.db, COUNT, "rack");
  const { pool } = t.db;
  // Every row different, with gaps, and letters that mean something in patterns.
  await pool.query("select setseed(0.5)");
  await pool.query(`update node set
    hostname = (array['Web', 'db', 'gpu', 'x'])[1 + floor(random() * 4)::int] || '-' || (array['a', 'B', '0', 'n-1'])[1 + floor(random() * 4)::int] || id,
    description = (array['', '100% full', 'a_b', 'back\\slash', 'O''Hara; drop table node'])[1 + floor(random() * 5)::int],
    error_description = case when random() < 0.2 then 'Disk broken' else '' end,
    waiting_for = case when random() < 0.3 then (array['dhcp', 'power_on'])[1 + floor(random() * 2)::int] end,
    agent_name = case when random() < 0.3 then 'Juju' else '' end,
    architecture = case when random() < 0.9 then (array['amd64/generic', 'arm64/generic'])[1 + floor(random() * 2)::int] end,
    pool_id = case when random() < 0.8 then pool_id end, locked = random() < 0.2, cpu_count = floor(random() * 9),
    memory_mib = 1024 * floor(random() * 9), status = floor(random() * 23),
    status_since = '${NOW.toISOString()}'::timestamptz - floor(random() * 300) * interval '1 minute' - interval '0.123456 seconds',
    created_at = '${NOW.toISOString()}'::timestamptz - floor(random() * 20) * interval '1 day'`);
  await pool.query("delete from node_tag where random() < 0.5");
  await pool.query("delete from interface where random() < 0.3");
  await pool.query("delete from block_device where random() < 0.3");
  await pool.query("delete from node_metadata where random() < 0.3");
  await pool.query("update domain set name = 'Example.org'");
  await pool.query("update zone set name = 'Zone_' || id");
  await pool.query("update vlan set name = null where id % 3 = 0");
  await pool.query("insert into space (name) values ('DMZ')");
  await pool.query("update vlan set space_id = (select id from space) where id % 4 = 0");
  await pool.query("vacuum analyze");
  all = await facts();
});
after(() => t?.close());

interface Facts {
  id: number;
  ownerId: number | null;
  texts: Record<string, string[]>;
  numbers: Record<string, number>;
  status: number;
  power: string;
  locked: boolean;
  keys: Record<MachineOrder, string | number>;
  hasMac: boolean;
}

/** All that can be searched, read in the plainest way. */
async function facts(): Promise<Facts[]> {
  const read = async (sql: string) => (await t.db.pool.query<Record<string, string>>(sql)).rows;
  const listed = async (sql: string) => Map.groupBy(await read(sql), (row) => Number(row.id));
  const nics = await listed("select node_id as id, text(mac) as v, vlan_id from interface");
  const ips = await listed(
    "select i.node_id as id, host(a.ip) as v, a.subnet_id from interface i join ip_address a on a.interface_id = i.id where ip is not null",
  );
  const meta = await listed("select node_id as id, key, value as v from node_metadata");
  const tags = await listed("select node_id as id, name as v from node_tag join tag on tag.id = tag_id");
  const disks = await listed("select node_id as id, size_bytes as v from block_device where type = 'physical'");
  const vlans = new Map(
    (
      await read(
        "select v.id, coalesce(v.name, case v.vid when 0 then 'untagged' else v.vid::text end) as v, coalesce(f.name, 'fabric-' || f.id) as fabric, coalesce(s.name, 'undefined') as space from vlan v join fabric f on f.id = v.fabric_id left join space s on s.id = v.space_id",
      )
    ).map((v) => [String(v.id), v]),
  );
  const subnets = new Map(
    (await read("select id, name, text(cidr) as cidr from subnet")).map((s) => [String(s.id), s]),
  );
  const nodes =
    await read(`select n.*, extract(epoch from n.status_since)::float8 as since_s, extract(epoch from n.created_at)::float8 as created_s,
    u.username as owner, p.name as pool, z.name as zone, d.name as domain
    from node n join zone z on z.id = zone_id join domain d on d.id = domain_id left join resource_pool p on p.id = pool_id left join app_user u on u.id = owner_id`);
  return nodes.map((n): Facts => {
    const id = Number(n.id);
    const values = (rows: Map<number, Record<string, string>[]>) => (rows.get(id) ?? []).map((row) => row.v ?? "");
    const metaOf = (...keys: string[]) =>
      (meta.get(id) ?? []).filter((m) => keys.includes(m.key ?? "")).map((m) => m.v ?? "");
    const onVlans = (key: string) => (nics.get(id) ?? []).flatMap((nic) => vlans.get(String(nic.vlan_id))?.[key] ?? []);
    const one = (text: string | null | undefined) => (text ? [text] : []);
    const since = Number(n.since_s);
    const created = Number(n.created_s);
    return {
      id,
      ownerId: n.owner_id === null ? null : Number(n.owner_id),
      texts: {
        name: [n.hostname ?? "", `${n.hostname}.${n.domain}`],
        id: one(n.system_id),
        mac: values(nics),
        ip: values(ips),
        serial: metaOf("system_serial", "mainboard_serial", "chassis_serial"),
        vendor: metaOf("system_vendor"),
        model: metaOf("system_product"),
        owner: one(n.owner),
        agent: one(n.agent_name),
        pool: one(n.pool),
        zone: one(n.zone),
        domain: one(n.domain),
        tag: values(tags),
        arch: one(n.architecture),
        os: one(n.osystem),
        series: one(n.distro_series),
        power_type: one(n.power_type),
        fabric: onVlans("fabric"),
        vlan: onVlans("v"),
        space: onVlans("space"),
        subnet: (ips.get(id) ?? []).flatMap((ip) => {
          const s = subnets.get(String(ip.subnet_id));
          return s ? [s.name ?? "", s.cidr ?? ""] : [];
        }),
        description: one(n.description),
        error: one(n.error_description),
        waiting: one(n.waiting_for),
      },
      numbers: {
        cpu: Number(n.cpu_count),
        mem: Number(n.memory_mib),
        disks: values(disks).length,
        storage: values(disks).reduce((sum, bytes) => sum + Number(bytes), 0),
        since: NOW.getTime() / 1000 - since,
        created: NOW.getTime() / 1000 - created,
      },
      status: Number(n.status),
      power: n.power_state ?? "",
      locked: Boolean(n.locked),
      hasMac: values(nics).length > 0,
      keys: {
        name: (n.hostname ?? "").toLowerCase(),
        since,
        created,
        cpu: Number(n.cpu_count),
        memory: Number(n.memory_mib),
        status: Number(n.status),
      },
    };
  });
}

const fits = (text: string, v: TextValue) =>
  v.whole ? text.toLowerCase() === v.text : text.toLowerCase().includes(v.text);
/** The second name is the fully qualified one: looked at for what has a dot, and is no address. */
const fitsField = (field: string, m: Facts, v: TextValue) =>
  (m.texts[field] ?? []).some(
    (text, i) => fits(text, v) && (field !== "name" || i === 0 || /\.(?=.*[a-z])|[a-z].*\./.test(v.text)),
  );
const compare = (n: number, { comparison, value }: Range) =>
  ({ "=": n === value, "<": n < value, "<=": n <= value, ">": n > value, ">=": n >= value })[comparison];

function holds(test: Test, m: Facts): boolean {
  const sided = <V>({ any, none }: { any: V[]; none: V[] }, is: (v: V) => boolean) =>
    (any.length === 0 || any.some(is)) && !none.some(is);
  switch (test.kind) {
    case "words": {
      const value = { text: test.text, whole: false };
      return (
        m.texts.id?.[0] === test.text ||
        ["name", "mac", "ip", "serial", "owner", "tag"].some((f) => fitsField(f, m, value))
      );
    }
    case "has":
      return hasIt(test.field, m);
    case "text":
      return sided(test, (v) => fitsField(test.field, m, v));
    case "choice":
      return sided(test, (word) =>
        test.field === "power" ? m.power === word : m.status === statusCode[word as MachineStatus],
      );
    case "range":
      return sided(test, (range) => compare(m.numbers[test.field] ?? 0, range));
    case "flag":
      return m.locked === test.is;
  }
}
const hasIt = (field: HasName, m: Facts) => (m.texts[field] ?? []).some((text) => text !== "");
const matching = ({ terms }: Pick<Filter, "terms">) =>
  all.filter((m) => terms.every((term) => holds(term.test, m) !== term.negated));

/** A value as people would type it: a part of one that is there, mostly. */
function someValue(field: string): string {
  const texts = pick(all).texts[field] ?? [];
  const text = texts.length > 0 && random(5) > 0 ? pick(texts) : pick(["%", "_", "'", "nothing", "a"]);
  const from = random(Math.max(1, text.length - 1));
  const part = random(3) === 0 ? text : text.slice(from, from + 1 + random(6));
  const typed = random(4) === 0 ? part.toUpperCase() : part;
  return `${pick(["", "", "="])}"${typed.replaceAll(/["\\]/g, "\\$&")}"`;
}

function someTerm(): string {
  const texts = Object.keys(all[0]?.texts ?? {});
  const field = pick(texts);
  const term = pick([
    () => `${field}:${someValue(field)}`,
    () => `${field}:(${someValue(field)},${pick(["", "!"])}${someValue(field)})`,
    () => someValue(pick(["name", "mac", "ip", "serial", "owner", "tag", "id"])).replace(/^=/, ""),
    () =>
      `status:(${pick(["new", "failed", "ready"])},${pick(["", "!"])}${pick(["deployed", "failed_testing", "releasing"])})`,
    () => `power:${pick(["on", "off", "!unknown"])}`,
    () => `${pick(["cpu", "disks"])}:${pick(["", ">", "<=", "!"])}${random(6)}`,
    () => `mem:${pick([">=", "<", ">", "<=", ""])}${random(9)}${pick(["", ".5"])}G`,
    () => `cpu:${pick([">=", "<", ">", "<=", ""])}${random(6)}.5`,
    () => `mem:<999999999999999P`,
    () => `storage:${pick([">=", "<", "="])}${random(3)}T`,
    () => `since:${pick(["<", ">"])}${random(300)}m`,
    () => `created:${pick(["<=", ">"])}${random(20)}d`,
    () => `locked:${pick(["yes", "no"])}`,
    () => `has:${pick(["tag", "owner", "ip", "mac", "error", "pool", "serial", "model", "waiting", "arch"])}`,
  ])();
  return pick(["", "", "-"]) + term;
}

const query = (filter: Pick<Filter, "terms">, more: Partial<PageQuery> = {}): PageQuery => ({
  filter,
  visibleTo: null,
  order: "name",
  descending: false,
  after: undefined,
  limit: 500,
  now: NOW,
  ...more,
});

/** Page after page, until there is no more. */
async function everyPage(first: PageQuery): Promise<number[]> {
  const ids: number[] = [];
  for (let after: Place | undefined; ; ) {
    const found = await pageRows(t.db.kysely, { ...first, after }, "none");
    ids.push(...found.slice(0, first.limit).map((place) => place.id));
    if (found.length <= first.limit) return ids;
    after = found[first.limit - 1];
  }
}

test("random filters find the machines that they describe, and no others", async () => {
  let some = 0;
  for (let i = 0; i < 400; i++) {
    const text = Array.from({ length: 1 + random(3) }, someTerm).join(" ");
    const filter = parseFilter(text);
    assert.deepEqual(filter.problems, [], text);
    const expected = matching(filter)
      .map((m) => m.id)
      .sort((a, b) => a - b);
    const found = (await pageRows(t.db.kysely, query(filter, i % 2 === 0 ? { few: 3 } : {}), "none"))
      .map((place) => place.id)
      .sort((a, b) => a - b);
    assert.deepEqual(found, expected, text);
    if (found.length > 0 && found.length < COUNT) some += 1;
  }
  assert.ok(some > 150, `only ${some} of the filters tell machines apart`);
});

test("every order, both ways: pages join to the whole list, equal keys by id", async () => {
  for (const order of machineOrders)
    for (const descending of [false, true]) {
      const sign = descending ? -1 : 1;
      const sorted = all.toSorted((a, b) => {
        const [ka, kb] = [a.keys[order], b.keys[order]];
        return sign * (ka < kb ? -1 : ka > kb ? 1 : a.id - b.id);
      });
      const found = await everyPage(query({ terms: [] }, { order, descending, limit: 7 }));
      assert.deepEqual(
        found,
        sorted.map((m) => m.id),
        `${descending ? "-" : ""}${order}`,
      );
    }
});

test("others' machines are neither found, shown nor counted", async () => {
  const mine = all.find((m) => m.ownerId !== null)?.ownerId ?? 0;
  const visible = all
    .filter((m) => m.ownerId === null || m.ownerId === mine)
    .map((m) => m.id)
    .sort((a, b) => a - b);
  assert.ok(visible.length < COUNT);
  const found = await everyPage(query({ terms: [] }, { visibleTo: mine, limit: 20 }));
  assert.deepEqual(
    found.toSorted((a, b) => a - b),
    visible,
  );
  const made = await machineRows(
    t.db.kysely,
    all.map((m) => m.id),
    mine,
  );
  assert.equal(made.length, visible.length, "pages that were begun before the owner changed");
  assert.equal(
    (await countMachines(t.db.kysely, { ...query({ terms: [] }), visibleTo: mine, by: "zone" })).total,
    visible.length,
  );
});

test("counts are those of the machines that match", async () => {
  for (const text of ["", "has:tag", "cpu:>3 -locked:yes", "tag:tag", "nosuchthing"]) {
    const filter = parseFilter(text);
    const machines = matching(filter);
    for (const [by, values] of [
      ["zone", (m: Facts) => m.texts.zone ?? []],
      ["tag", (m: Facts) => m.texts.tag ?? []],
      ["owner", (m: Facts) => m.texts.owner ?? []],
      ["model", (m: Facts) => m.texts.model ?? []],
    ] as const) {
      const expected = new Map<string | null, number>();
      for (const m of machines)
        for (const value of values(m).length === 0 ? [null] : values(m))
          expected.set(value, (expected.get(value) ?? 0) + 1);
      const counted = await countMachines(t.db.kysely, { ...query(filter), by });
      assert.equal(counted.total, machines.length);
      assert.deepEqual(new Map(counted.groups.map((g) => [g.value, g.count])), expected, `${text} by ${by}`);
    }
  }
});

test("what stays as it is comes exactly once, whatever is written between the pages", async () => {
  await addManyMachines(t.db, 60, "kept");
  await addManyMachines(t.db, 60, "busy");
  const kept = (await t.db.pool.query<{ id: number }>("select id from node where hostname like 'kept-%'")).rows.map(
    (row) => row.id,
  );
  for (const order of ["name", "since", "memory"] as const) {
    const seen: number[] = [];
    for (let after: Place | undefined; ; ) {
      const found = await pageRows(t.db.kysely, query({ terms: [] }, { order, after, limit: 9 }), "none");
      seen.push(...found.slice(0, 9).map((place) => place.id));
      if (found.length <= 9) break;
      after = found[8];
      await t.db.pool.query(`update node set hostname = 'busy-' || md5(random()::text), status_since = now() - random() * interval '9 h',
        memory_mib = random() * 90000 where hostname like 'busy-%' and random() < 0.3`);
      await t.db.pool.query("delete from node where id in (select id from node where hostname like 'busy-%' limit 1)");
      await t.db.pool.query(
        "insert into node (system_id, hostname) select id, 'busy-' || id from (select md5(random()::text) as id) made",
      );
    }
    const times = Map.groupBy(seen, (id) => id);
    assert.deepEqual(
      kept.filter((id) => times.get(id)?.length !== 1),
      [],
      order,
    );
  }
});
