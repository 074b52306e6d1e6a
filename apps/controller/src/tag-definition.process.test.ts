/** A controller that is killed in the middle of finding a tag's machines, again and again: each machine is found, once. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectDatabase } from "@rackwright/db/connect";
import { until } from "@rackwright/testkit/until";
import { call, type Ready, upRoom } from "./up-process.ts";

const MACHINES = 4500;
const KILLS = 2;

interface Evaluation {
  state: string;
  total: number;
  done: number;
  matched: number;
}
const evaluation = (up: Ready) => call(up, "tags/third/?op=evaluation") as Promise<Evaluation>;

test("kill -9 in the middle of an evaluation: it goes on, and each machine is told of once", async () => {
  await using room = upRoom();
  let up = await room.up(["--no-rack", "--simulated"]);
  const password = readFileSync(join(room.data, "postgres/password"), "utf8").trim();
  const connection = { host: join(room.data, "postgres/socket"), user: "rackwright", password, database: "rackwright" };
  const db = connectDatabase({ connection, max: 2, name: "rackwright test" });
  try {
    const query = async (text: string, values: unknown[] = []) => (await db.pool.query(text, values)).rows;
    // Every third has the card.
    await query(
      `with nodes as (
         insert into node (system_id, hostname, status)
         select 'k' || lpad(i::text, 5, '0'), 'killed-' || i, 4 from generate_series(1, $1) i returning id, system_id
       ), sets as (
         insert into script_set (node_id, result_type) select id, 0 from nodes returning id, node_id
       )
       insert into script_result (set_id, name, status, exit_status, stdout)
       select s.id, 'maas-lshw', 2, 0, convert_to('<list><node id="core">' || repeat('<node class="bridge"><product>PCI</product></node>', 200)
         || case when substr(n.system_id, 2)::int % 3 = 0 then '<node id="display"/>' else '' end || '</node></list>', 'UTF8')
       from sets s join nodes n on n.id = s.node_id`,
      [MACHINES],
    );
    const start = (await query("select max(id) as id from change"))[0]?.id;
    await call(up, "tags/", { name: "third", definition: '//node[@id="display"]' });
    const stoodAt: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const from = stoodAt.at(-1) ?? 0;
      const seen = await until(
        async () => {
          const now = await evaluation(up);
          return now.done > from || now.state === "done" ? now : undefined;
        },
        { what: "the evaluation to get on", timeoutMs: 60_000, everyMs: 5 },
      );
      assert.equal(seen.state, "running", `killed in the middle, not at ${seen.done} of ${seen.total}`);
      process.kill(up.pid, "SIGKILL");
      await up.ended;
      stoodAt.push(seen.done);
      up = await room.up(["--no-rack", "--simulated"]);
      assert.ok((await evaluation(up)).done >= seen.done, "nothing that was done is lost");
    }
    const end = await until(
      async () => {
        const now = await evaluation(up);
        return now.state === "running" || now.state === "waiting" ? undefined : now;
      },
      { what: "the evaluation to end", timeoutMs: 120_000 },
    );
    assert.deepEqual([end.state, end.matched, end.done === end.total], ["done", MACHINES / 3, true]);
    const [has] = await query(
      `select count(*)::int as n, count(*) filter (where substr(n.system_id, 2)::int % 3 = 0)::int as right
       from node_tag t join node n on n.id = t.node_id where n.system_id like 'k%'`,
    );
    assert.deepEqual(has, { n: MACHINES / 3, right: MACHINES / 3 });
    const [told] = await query(
      `select count(*)::int as n, count(distinct entity_id)::int as machines from change
       where id > $1 and entity = 'machine' and entity_id like 'k%'`,
      [start],
    );
    assert.deepEqual(told, { n: MACHINES / 3, machines: MACHINES / 3 });
  } finally {
    await db.close();
  }
});
