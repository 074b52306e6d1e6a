/** GET /machines/ is written while it is read: the same bytes, of one moment, and nothing kept from before. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { get } from "node:http";
import { addManyMachines } from "@rackwright/db/testing/many-machines";
import { until } from "@rackwright/testkit/until";
import { searchMachines } from "../app/machine-view.ts";
import { jsonText } from "../http/reply.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import { plaintextHeader } from "../testing/request.ts";
import { wireMachine } from "./wire/machine.ts";

const COUNT = 240;
let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addManyMachines(t.db, COUNT);
});
after(() => t?.close());

interface Shown {
  system_id: string;
  hostname: string;
  owner: string | null;
  zone: { name: string };
  pool: { name: string };
  domain: { name: string };
  tag_names: string[];
  interface_set: { vlan: { name: string; fabric: string } }[];
}
const list = async (who: TestUser, query: Record<string, string> = {}) => {
  const reply = await t.request(who, "GET", "machines/", { query });
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Shown[];
};
const snapshotsOpen = async () => {
  const { rows } = await t.db.pool.query(
    "select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
  );
  return rows.length;
};

test("the bytes are those of the whole list encoded in one piece", async () => {
  for (const query of [{}, { zone: "zone-1" }, { hostname: "host-000007" }, { hostname: "nobody" }]) {
    const whole = jsonText((await searchMachines(t.admin.ctx, query)).map(wireMachine));
    const reply = await t.request(t.admin, "GET", "machines/", { query });
    assert.equal(reply.headers["content-type"], "application/json; charset=utf-8");
    assert.ok(reply.text === whole, `not the same for ${JSON.stringify(query)}`);
  }
});

test("a wrong filter is refused before anything is sent, and holds no snapshot", async () => {
  const reply = await t.request(t.admin, "GET", "machines/", { query: { status: "asleep" } });
  assert.equal(reply.status, 400);
  assert.match(reply.text, /is no status/);
  await until(async () => (await snapshotsOpen()) === 0, { what: "the snapshot to end" });
});

test("what is another user's never leaves", async () => {
  const all = await list(t.admin);
  const seen = await list(t.user);
  assert.equal(all.length, COUNT);
  assert.deepEqual(
    seen.map((m) => m.system_id),
    all.filter((m) => m.owner === null).map((m) => m.system_id),
  );
});

const renames: Record<string, [statement: string, shown: (m: Shown) => string | undefined, now: string]> = {
  zone: ["update zone set name = 'moved' where name = 'zone-2'", (m) => m.zone.name, "moved"],
  pool: ["update resource_pool set name = 'drained' where name = 'pool-2'", (m) => m.pool.name, "drained"],
  domain: ["update domain set name = 'example.org' where id = 0", (m) => m.domain.name, "example.org"],
  tag: ["update tag set name = 'zz' where name = 'tag-2'", (m) => m.tag_names.at(-1), "zz"],
  VLAN: [
    "update vlan set name = 'blue' where name = (select min(name) from vlan where name like 'vlan-%')",
    (m) => m.interface_set[0]?.vlan.name,
    "blue",
  ],
  fabric: ["update fabric set name = 'core' where name = 'net-3'", (m) => m.interface_set[0]?.vlan.fabric, "core"],
  owner: ["update app_user set username = 'renamed' where username = 'owner-3'", (m) => m.owner ?? "", "renamed"],
};
for (const [what, [statement, shown, now]] of Object.entries(renames))
  test(`a renamed ${what} is seen in the very next read`, async () => {
    const before = (await list(t.admin)).filter((m) => shown(m) === now).length;
    await t.db.pool.query(statement);
    const after = (await list(t.admin)).filter((m) => shown(m) === now).length;
    assert.deepEqual([before, after > 0], [0, true]);
  });

/** Begin to read the list, and take no more than what has come until `whileOpen` is done. */
async function readSlowly(whileOpen: () => Promise<void>): Promise<string> {
  const headers = { authorization: plaintextHeader(t.admin.token, { timestamp: Math.floor(Date.now() / 1000) }) };
  return new Promise((resolve, reject) => {
    get(`${t.url}/MAAS/api/2.0/machines/`, { headers }, (reply) => {
      reply.setEncoding("utf8");
      let text = "";
      reply.once("data", (first: string) => {
        text += first;
        reply.pause();
        whileOpen().then(() => {
          reply.on("data", (more: string) => (text += more));
          reply.once("end", () => resolve(text));
          reply.resume();
        }, reject);
      });
      reply.once("error", reject);
    }).once("error", reject);
  });
}

test("a list is of one moment, whatever is written while it is sent", async () => {
  // More than what fits into the buffers between the two sides.
  await addManyMachines(t.db, 1000, "more");
  const before = (await t.request(t.admin, "GET", "machines/")).text;
  const slow = await readSlowly(async () => {
    await t.db.pool.query("update zone set name = name || '-later'");
    await t.db.pool.query("delete from node where hostname like 'more-0005%'");
    await t.db.pool.query("update node set description = 'later'");
  });
  assert.ok(slow === before, "what was written meanwhile is in it");
  const next = await list(t.admin);
  assert.ok(next.every((m) => m.zone.name.endsWith("-later")));
  assert.equal(next.length, COUNT + 1000 - 100);
});

test("a client that goes away leaves no snapshot open", async () => {
  const headers = { authorization: plaintextHeader(t.admin.token, { timestamp: Math.floor(Date.now() / 1000) }) };
  const request = get(`${t.url}/MAAS/api/2.0/machines/`, { headers });
  request.once("error", () => {});
  const reply = await new Promise<import("node:http").IncomingMessage>((resolve) => request.once("response", resolve));
  reply.once("error", () => {});
  await until(async () => (await snapshotsOpen()) > 0, { what: "a snapshot to be open" });
  reply.destroy();
  await until(async () => (await snapshotsOpen()) === 0, { what: "the snapshot to end" });
});

test("HEAD has the headers alone, and leaves no snapshot open", async () => {
  const reply = await t.request(t.admin, "HEAD", "machines/");
  assert.deepEqual([reply.status, reply.text], [200, ""]);
  await until(async () => (await snapshotsOpen()) === 0, { what: "the snapshot to end" });
});

test("lists that wait for a place all come", async () => {
  const replies = await Promise.all(Array.from({ length: 8 }, () => list(t.admin, { hostname: "host-000001" })));
  assert.deepEqual(
    replies.map((r) => r.length),
    Array.from({ length: 8 }, () => 1),
  );
});
