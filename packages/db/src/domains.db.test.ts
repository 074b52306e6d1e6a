import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { listDomains } from "./domains.ts";
import { testDatabase, type TestDatabase } from "./testing/database.ts";

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
  await t.db.pool.query("insert into domain (name) values ('one'), ('two')");
});
after(() => t?.close());

const counted = async () => new Map((await listDomains(t.db.kysely)).map((d) => [d.name, d.resourceRecordCount]));
const there = async () => {
  const { rows } = await t.db.pool.query<{ name: string; n: number }>(`
    select name, (select count(*) from node n where n.domain_id = d.id)
      + (select count(*) from dns_resource_address a join dns_resource r on r.id = a.resource_id where r.domain_id = d.id)
      + (select count(*) from dns_record x join dns_resource r on r.id = x.resource_id where r.domain_id = d.id) as n
    from domain d`);
  return new Map(rows.map((row) => [row.name, row.n]));
};
const one = "(select id from domain where name = 'one')";
const two = "(select id from domain where name = 'two')";

const writes = {
  "nodes come": `insert into node (system_id, hostname, domain_id) select 'n' || i, 'n' || i, ${one} from generate_series(1, 200) i`,
  "some move": `update node set domain_id = ${two} where id % 3 = 0`,
  "some go": `delete from node where id % 5 = 0`,
  "names come with records": `insert into dns_resource (name, domain_id) select 'r' || i, ${one} from generate_series(1, 20) i;
    insert into dns_record (resource_id, rrtype, rrdata) select id, 'TXT', x from dns_resource, unnest('{a,b}'::text[]) x`,
  "and addresses": `with a as (insert into ip_address (alloc_type, ip) values (4, '10.9.9.9') returning id)
    insert into dns_resource_address (resource_id, address_id) select r.id, a.id from dns_resource r, a where r.id % 2 = 0`,
  "a record goes": `delete from dns_record where id = (select min(id) from dns_record)`,
  "names move": `update dns_resource set domain_id = ${two} where id % 4 = 0`,
  "names go with all that is theirs": `delete from dns_resource where id % 3 = 0`,
  "an address goes": `delete from ip_address`,
  "a domain goes": `delete from dns_resource where domain_id = ${two}; update node set domain_id = ${one} where domain_id = ${two};
    delete from domain where name = 'two'`,
};

for (const [what, statement] of Object.entries(writes))
  test(`how much is in a domain is known without counting: ${what}`, async () => {
    const before = await counted();
    await t.db.pool.query(statement);
    assert.deepEqual(await counted(), await there());
    assert.notDeepEqual(await counted(), before);
  });

test("however many write at once, the sum is right and stays short", async () => {
  const write = async (i: number) => {
    await t.db.pool.query(`insert into node (system_id, hostname, domain_id) values ('m${i}', 'm${i}', ${one})`);
    if (i % 2 === 0) await t.db.pool.query(`delete from node where system_id = 'm${i}'`);
  };
  for (let round = 0; round < 40; round++)
    await Promise.all(Array.from({ length: 10 }, (_, i) => write(round * 10 + i)));
  assert.deepEqual(await counted(), await there());
  const { rows } = await t.db.pool.query<{ n: number }>("select count(*)::int as n from domain_content");
  assert.ok(Number(rows[0]?.n) < 500, `${rows[0]?.n} rows after 600 writes`);
});
