/** machines search and search_counts over HTTP: pages, refusals, who sees what, and what is read after a change. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MachineCounts, MachinesPage, MachineSummary } from "@rackwright/contract/objects/machine-search";
import { addManyMachines } from "@rackwright/db/testing/many-machines";
import { addMachine } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";

const COUNT = 60;
let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addManyMachines(t.db, COUNT);
});
after(() => t?.close());

type Query = Record<string, string>;
const ask = (query: Query, who: TestUser | null = t.admin, op = "search") =>
  t.request(who, "GET", "machines/", { query: { op, ...query } });
async function page(query: Query = {}, who: TestUser = t.admin): Promise<MachinesPage> {
  const reply = await ask(query, who);
  assert.equal(reply.status, 200, reply.text);
  return MachinesPage.parse(reply.json);
}
async function counts(query: Query = {}, who: TestUser = t.admin): Promise<MachineCounts> {
  const reply = await ask(query, who, "search_counts");
  assert.equal(reply.status, 200, reply.text);
  return MachineCounts.parse(reply.json);
}
async function allPages(query: Query, who: TestUser = t.admin): Promise<MachineSummary[]> {
  const machines: MachineSummary[] = [];
  for (let after = ""; ; ) {
    const got = await page(after === "" ? query : { ...query, after }, who);
    machines.push(...got.machines);
    if (got.next === null) return machines;
    after = got.next;
  }
}
const names = (machines: readonly MachineSummary[]) => machines.map((m) => m.hostname);

test("a machine in brief says what the machine itself says", async () => {
  const [brief] = (await page({ filter: "host-000009" })).machines;
  assert.ok(brief);
  const full = (await t.request(t.admin, "GET", `machines/${brief.system_id}/`)).json as Record<string, unknown>;
  const [boot] = full.interface_set as { mac_address: string }[];
  const named = (key: string) => (full[key] as { name: string }).name;
  const theirs = {
    ...full,
    zone: named("zone"),
    pool: named("pool"),
    domain: named("domain"),
    mac_address: boot?.mac_address,
  };
  const differing = Object.entries(brief).filter(
    ([key, value]) =>
      key in theirs && JSON.stringify(value) !== JSON.stringify((theirs as Record<string, unknown>)[key]),
  );
  assert.deepEqual(differing, []);
  assert.equal(brief.physical_disk_count, 2);
  assert.ok(
    Object.keys(brief)
      .filter((key) => !(key in theirs))
      .every((key) => ["physical_disk_count", "power_checked_at"].includes(key)),
  );
});

test("pages join to the whole, in the order that is asked for", async () => {
  const whole = (await page({ limit: "500" })).machines;
  assert.equal(whole.length, COUNT);
  assert.deepEqual(names(await allPages({ limit: "7" })), names(whole));
  assert.deepEqual(names(await allPages({ limit: "7", sort: "-name" })), names(whole).toReversed());
  assert.equal((await page()).machines.length, 50, "by default");
  const since = await allPages({ limit: "11", sort: "since", filter: "status:deployed" });
  assert.ok(since.length > 10 && since.every((m) => m.status_name === "Deployed"));
  assert.deepEqual(
    since.map((m) => m.status_since),
    since.map((m) => m.status_since).toSorted(),
  );
});

test("ages are counted from now", async () => {
  const before = (await page({ filter: "since:<30m", limit: "500" })).machines.length;
  t.clock.advance(10 * 60_000);
  const after = (await page({ filter: "since:<30m", limit: "500" })).machines.length;
  t.clock.set(undefined);
  assert.ok(before - after >= 9 && before - after <= 11, `${before}, then ${after}`);
});

test("what makes no sense is refused where it is, with what to write instead", async () => {
  const refused: [Query, string, RegExp][] = [
    [
      { filter: "web stauts:new" },
      "filter",
      /At character 5 \(stauts\): there is no field stauts: did you mean status\?/,
    ],
    [{ filter: "status:new cpu:lots" }, "filter", /At character 16 \(lots\): "lots" is no number: use cpu:>=4/],
    [{ filter: "x".repeat(2001) }, "filter", /at most 2000 characters/],
    [{ limit: "0" }, "limit", /greater than or equal to 1/],
    [{ limit: "501" }, "limit", /less than or equal to 500/],
    [{ sort: "owner" }, "sort", /is not one of name, -name/],
    [{ after: "7" }, "after", /no place in a list/],
    [{ after: "-since:1:99999999999999999999" }, "after", /no place in a list/],
    [{ after: "since:1:5" }, "after", /sorted by since/],
    [{ filtre: "web" }, "filtre", /No such constraint/],
  ];
  for (const [query, field, says] of refused) {
    const reply = await ask(query);
    assert.equal(reply.status, 400, reply.text);
    assert.match((reply.json as Record<string, string[]>)[field]?.join(" ") ?? reply.text, says);
  }
  const both = (await ask({ filter: "a:1 b:2" })).json as { filter: string[] };
  assert.equal(both.filter.length, 2, "all problems at once");
  assert.equal((await ask({ by: "colour" }, t.admin, "search_counts")).status, 400);
});

test("what looks like SQL or a pattern is text", async () => {
  for (const filter of [
    `"'; drop table node; --"`,
    "%",
    "host_0",
    "name:%",
    `tag:"\\\\"`,
    "owner:(%,!_)",
    `"\u{1F600}"`,
  ])
    assert.deepEqual((await page({ filter })).machines, [], filter);
  assert.equal((await page({ limit: "500" })).machines.length, COUNT);
});

test("others' machines are neither listed nor counted; without a key there is nothing", async () => {
  const all = await allPages({});
  const free = all.filter((m) => m.owner === null);
  assert.ok(free.length > 0 && free.length < COUNT);
  assert.deepEqual(names(await allPages({ limit: "5" }, t.user)), names(free));
  assert.equal((await page({ filter: "owner:owner-1" }, t.user)).machines.length, 0);
  assert.equal((await counts({}, t.user)).total, free.length);
  const mine = await addMachine(t, "allocated", { owner_id: t.user.id });
  assert.deepEqual(names((await page({ filter: "has:owner" }, t.user)).machines), [mine.hostname]);
  assert.deepEqual((await page({ filter: "has:owner" }, t.other)).machines, []);
  await t.db.pool.query("delete from node where id = $1", [mine.id]);
  assert.equal((await ask({}, null)).status, 401);
  assert.equal((await ask({}, null, "search_counts")).status, 401);
});

test("counts by group add up to the machines", async () => {
  const byStatus = await counts();
  assert.deepEqual([byStatus.total, byStatus.by], [COUNT, "status"]);
  assert.equal(
    byStatus.groups.reduce((sum, g) => sum + g.count, 0),
    COUNT,
  );
  assert.ok(byStatus.groups.some((g) => g.value === "Deployed"));
  for (const by of ["power", "owner", "pool", "zone", "domain", "arch", "tag", "model"]) {
    const counted = await counts({ by, filter: "status:deployed" });
    assert.equal(counted.total, byStatus.groups.find((g) => g.value === "Deployed")?.count, by);
    assert.ok(counted.groups.length > 0, by);
  }
  assert.deepEqual(await counts({ filter: "nosuchthing" }), {
    total: 0,
    by: "status",
    groups: [],
    resource_uri: "/MAAS/api/2.0/machines/",
  });
});

const renames: Record<
  string,
  [rename: () => Promise<unknown>, old: string, now: string, field: (m: MachineSummary) => unknown]
> = {
  zone: [
    () => t.request(t.admin, "PUT", "zones/zone-2/", { form: { name: "moved" } }),
    "zone:=zone-2",
    "zone:=moved",
    (m) => m.zone,
  ],
  tag: [
    () => t.request(t.admin, "PUT", "tags/tag-2/", { form: { name: "other" } }),
    "tag:=tag-2",
    "tag:=other",
    (m) => m.tag_names.includes("other"),
  ],
  pool: [
    () => t.db.pool.query("update resource_pool set name = 'drained' where name = 'pool-2'"),
    "pool:=pool-2",
    "pool:=drained",
    (m) => m.pool,
  ],
  owner: [
    () => t.db.pool.query("update app_user set username = 'married' where username = 'owner-3'"),
    "owner:=owner-3",
    "owner:=married",
    (m) => m.owner,
  ],
  domain: [
    () => t.request(t.admin, "PUT", "domains/0/", { form: { name: "example.org" } }),
    "domain:=maas",
    "domain:=example.org",
    (m) => m.fqdn.endsWith(".example.org") && m.domain,
  ],
  VLAN: [
    () =>
      t.db.pool.query(
        "update vlan set name = 'blue' where name = (select min(name) from vlan where name like 'vlan-%')",
      ),
    "vlan:=blau",
    "vlan:=blue",
    (m) => m.zone !== "",
  ],
};
for (const [what, [rename, old, now, field]] of Object.entries(renames))
  test(`a renamed ${what} is found and shown by its new name at once`, async () => {
    assert.deepEqual((await page({ filter: now })).machines, []);
    await rename();
    const { machines } = await page({ filter: now });
    assert.ok(machines.length > 0);
    assert.ok(machines.every((m) => field(m) === true || now.endsWith(String(field(m)))));
    assert.deepEqual((await page({ filter: old })).machines, []);
  });

test("what is new is named at once, and what is gone is not", async () => {
  const shown = async () => (await page({ filter: "host-000011" })).machines[0];
  await shown();
  const { rows } = await t.db.pool.query<{ zone: number; tag: number }>(`
    with zone as (insert into zone (name) values ('brand-new') returning id), tag as (insert into tag (name) values ('a-first') returning id)
    select zone.id as zone, tag.id as tag from zone, tag`);
  const [added] = rows;
  await t.db.pool.query("update node set zone_id = $1 where hostname = 'host-000011'", [added?.zone]);
  await t.db.pool.query("insert into node_tag select id, $1 from node where hostname = 'host-000011'", [added?.tag]);
  assert.deepEqual([(await shown())?.zone, (await shown())?.tag_names[0]], ["brand-new", "a-first"]);
  await t.db.pool.query("delete from tag where name = 'a-first'");
  await t.db.pool.query("update node set zone_id = 1 where zone_id = $1", [added?.zone]);
  await t.db.pool.query("delete from zone where id = $1", [added?.zone]);
  assert.notEqual((await shown())?.zone, "brand-new");
  assert.ok(!(await shown())?.tag_names.includes("a-first"));
});
