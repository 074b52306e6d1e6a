/** Whatever comes in by the doors that machines use, and is not a machine's own word of this boot, leaves everything as it was. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { until } from "@rackwright/testkit/until";
import type { Token } from "../auth/tokens.ts";
import { addImage, addMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { plaintextHeader, type RequestOptions, type Response } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion({ simulated: true });
  await addImage(t);
});
after(() => t?.close());

const { preseed, signal, report } = machineSide(() => t);

interface Booted {
  id: number;
  systemId: string;
  mac: string;
  secret: string;
  token: Token;
}

async function commissioning(): Promise<Booted> {
  const m = await addMachine(t, "new");
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  assert.equal(reply.status, 200, reply.text);
  const { secret = "" } = await netboot(t, m.mac);
  return { ...m, secret, token: credentialsIn((await preseed(m.systemId, secret)).text) };
}

/** Everything that a request could harm: rows, events, results, jobs, credentials, switches, the change record. */
async function everything(): Promise<Record<string, unknown[]>> {
  const tables = {
    node: "select * from node order by id",
    interface: "select * from interface order by id",
    event: "select id, node_id, type, description from event order by id",
    script_set: "select id, node_id, result_type from script_set order by id",
    script_result:
      "select id, set_id, name, status, exit_status, md5(stdout), md5(stderr), md5(output), md5(result) from script_result order by id",
    script_live_output: "select result_id, start_at, md5(data) from script_live_output order by 1, 2",
    oauth_token: "select token_key, node_id from oauth_token order by token_key",
    boot_secret: "select secret_hash, node_id, mac, address, ended_at from boot_secret order by secret_hash",
    simulated_power: "select * from simulated_power order by node_id",
    job: "select name, data, state from pgboss.job order by id",
    change: "select id, entity, entity_id from change order by id",
  };
  const rows = Object.entries(tables).map(
    async ([name, query]) => [name, (await t.db.pool.query(query)).rows] as const,
  );
  return Object.fromEntries(await Promise.all(rows));
}

/** Run all of these; each must be answered by one of its statuses, and afterwards everything is as before. */
async function unharmed(tries: Record<string, [() => Promise<Response>, ...number[]]>): Promise<void> {
  const before = await everything();
  for (const [what, [send, ...statuses]] of Object.entries(tries)) {
    const reply = await send();
    assert.ok(statuses.includes(reply.status), `${what}: ${reply.status} ${reply.text.slice(0, 300)}`);
    assert.deepEqual(await everything(), before, what);
  }
}

const finish = { event_type: "finish", origin: "curtin", name: "cmd-install", description: "broken", result: "FAIL" };

/** Each door that a machine opens with its token, as somebody knocks who wants to do harm. */
const doors = (m: Booted): Record<string, [method: string, path: string, options: RequestOptions]> => ({
  signal: ["POST", at("latest/"), { multipart: { op: "signal", status: "FAILED", error: "forged" } }],
  "a result": [
    "POST",
    at("latest/"),
    { multipart: { op: "signal", status: "WORKING", name: "x", exit_status: "1", x: { filename: "x", content: "y" } } },
  ],
  "what a script prints": ["POST", at(`latest/live-output/?script_result_id=1&offset=0`), { body: "forged" }],
  "netboot off": ["POST", at(`latest/by-id/${m.systemId}/`), { form: { op: "netboot_off" } }],
  scripts: ["GET", at("latest/maas-scripts"), {}],
  "user-data": ["GET", at("latest/user-data"), {}],
  metadata: ["GET", at("latest/meta-data/public-keys"), {}],
  "status report": ["POST", at(`status/${m.systemId}`), { json: finish }],
});
/** Its reporters get no answer that tells them anything: what is not their machine's is dropped. */
const refusals = (door: string) => (door === "status report" ? [204, 401] : [401, 403]);

const signed = (method: string, path: string, options: RequestOptions, authorization: string) =>
  t.request(null, method, path, { ...options, headers: { ...options.headers, authorization } });

suite("forged", () => {
  test("with no key, another's, a wrong one, at a wrong time, and without what is not signed", async () => {
    const [m, other] = [await commissioning(), await commissioning()];
    const now = Math.floor(Date.now() / 1000);
    const forgeries: Record<string, string> = {
      "a wrong secret": plaintextHeader({ ...m.token, tokenSecret: "wrong" }),
      "no secret": plaintextHeader(m.token, { signature: "&" }),
      "an unknown token": plaintextHeader({ ...m.token, tokenKey: "x".repeat(18) }),
      "the consumer key of another": plaintextHeader({ ...m.token, consumerKey: other.token.consumerKey }),
      "the secret of another": plaintextHeader({ ...m.token, tokenSecret: other.token.tokenSecret }),
      "a user's key": plaintextHeader(t.user.token),
      "an administrator's key": plaintextHeader(t.admin.token),
      "a time long ago": plaintextHeader(m.token, { timestamp: now - 3600 }),
      "a time to come": plaintextHeader(m.token, { timestamp: now + 3600 }),
      "no time": plaintextHeader(m.token, { timestamp: Number.NaN }),
      "no method": plaintextHeader(m.token).replace("PLAINTEXT", "TRUST-ME"),
      "a NUL": plaintextHeader({ ...m.token, tokenKey: `${m.token.tokenKey}\0` }),
      "a very long token": plaintextHeader({ ...m.token, tokenKey: "k".repeat(8_000) }),
      "a nonce with a NUL": plaintextHeader(m.token, { nonce: "\0" }),
      "a very long nonce": plaintextHeader(m.token, { nonce: Buffer.alloc(4_000, "0123456789abcdef").toString() }),
      "another scheme": "Basic YWRtaW46YWRtaW4=",
    };
    for (const [door, [method, path, options]] of Object.entries(doors(m))) {
      const tries = Object.entries(forgeries)
        // Scripts are also for those that enlist, who have no key; theirs hold nothing of a machine.
        .map(([what, header]): [string, [() => Promise<Response>, ...number[]]] => [
          `${door} with ${what}`,
          [() => signed(method, path, options, header), ...refusals(door)],
        ]);
      await unharmed(Object.fromEntries(tries));
    }
    assert.equal((await signal(m.token, { status: "WORKING" })).status, 200, "the machine itself is heard as ever");
  });

  test("boot secrets: none, a guessed one, another machine's, with NUL", async () => {
    const [m, other] = [await commissioning(), await commissioning()];
    const tries: Record<string, [() => Promise<Response>, ...number[]]> = {};
    for (const [what, secret] of Object.entries({
      "no secret": undefined,
      "a guess": "A".repeat(32),
      "another's": other.secret,
      "a NUL": `\0${"A".repeat(32)}`,
    })) {
      tries[`preseed with ${what}`] = [() => preseed(m.systemId, secret), 403];
      tries[`boot report with ${what}`] = [
        () => t.request(null, "POST", at("latest/boot-report/"), { query: { secret }, body: "broken" }),
        // The secret alone says which boot a report is about: another's is that other's report.
        ...(what === "another's" ? [200, 204] : [403]),
      ];
    }
    await unharmed(tries);
  });
});

suite("what a script prints while it runs", () => {
  const pending = async (id: number) => {
    const { rows } = await t.db.pool.query<{ id: number }>(
      "insert into script_result (set_id, name) select commissioning_set_id, 'pending' from node where id = $1 returning id",
      [id],
    );
    return rows[0]?.id ?? 0;
  };
  const running = async (m: Booted, name: string) => {
    assert.equal((await signal(m.token, { status: "WORKING", name })).status, 200);
    const { rows } = await t.db.pool.query<{ id: number }>(
      "select r.id from script_result r join script_set s on s.id = r.set_id where s.node_id = $1 and r.name = $2",
      [m.id, name],
    );
    return rows[0]?.id ?? 0;
  };
  const print = (m: Booted, query: string, body: Buffer | string = "x", headers = {}) =>
    t.request(m.token, "POST", at(`2012-03-01/live-output/?${query}`), { body, headers });
  const about = (id: number | string, offset: number | string = 0) => `script_result_id=${id}&offset=${offset}`;

  test("is taken from its own machine, of a script that runs, in small pieces, and of nobody else", async () => {
    const [mine, theirs] = [await commissioning(), await commissioning()];
    const [id, foreign, done] = [await running(mine, "a"), await running(theirs, "a"), await running(mine, "b")];
    await signal(mine.token, { status: "WORKING", name: "b", exit_status: "0" });
    const later = await pending(mine.id);
    assert.equal((await print(mine, about(id), "begin")).status, 204);
    await unharmed({
      "of another machine's script": [() => print(mine, about(foreign)), 409],
      "of one that has ended": [() => print(mine, about(done)), 409],
      "of one that has not begun": [() => print(mine, about(later)), 409],
      "of one that there is not": [() => print(mine, about(999_999_999)), 409],
      "what is known already": [() => print(mine, about(id), "begin"), 204],
      nothing: [() => print(mine, about(id, 5), ""), 204],
      "too much at once": [() => print(mine, about(id, 5), Buffer.alloc((64 << 10) + 1)), 413],
      "ten megabytes": [() => print(mine, about(id, 5), Buffer.alloc(10 << 20)), 413],
      "without an id": [() => print(mine, "offset=0"), 400],
      "without a place": [() => print(mine, `script_result_id=${id}`), 400],
      "ids that are none": [() => print(mine, about("1x")), 400],
      "a place before the beginning": [() => print(mine, about(id, -1)), 400],
      "a place beyond counting": [() => print(mine, about(id, "9".repeat(30))), 400],
      "bytes in the address": [() => print(mine, "script_result_id=%ff&offset=0"), 400],
      "by GET": [() => t.request(mine.token, "GET", at(`latest/live-output/?${about(id)}`)), 404],
      "by the installer's address": [
        () => t.request(mine.token, "POST", at(`curtin/latest/live-output/?${about(id)}`), { body: "x" }),
        404,
        415,
      ],
      "by an address that nobody knows": [
        () => t.request(mine.token, "POST", at(`1999-01-01/live-output/?${about(id)}`), { body: "x" }),
        404,
      ],
    });
    const odd = Buffer.from([0, 0xff, 0xfe, 27, 10]);
    assert.equal((await print(mine, about(id, 5), odd, { "content-type": "application/json" })).status, 204);
    const { rows } = await t.db.pool.query<{ data: Buffer }>(
      "select string_agg(data, '' order by start_at) as data from script_live_output where result_id = $1",
      [id],
    );
    assert.deepEqual(rows[0]?.data, Buffer.concat([Buffer.from("begin"), odd]), "bytes are bytes");
  });

  test("of an earlier run, or by an earlier boot, it is not taken, and with the run it goes", async () => {
    const m = await commissioning();
    const id = await running(m, "a");
    assert.equal((await print(m, about(id))).status, 204);
    const op = (name: string) => t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: name } });
    assert.equal((await op("abort")).status, 200);
    const { rows } = await t.db.pool.query("select from script_live_output where result_id = $1", [id]);
    assert.equal(rows.length, 0);
    await unharmed({ "after its end": [() => print(m, about(id)), 403] });
    assert.equal((await op("commission")).status, 200);
    const { secret = "" } = await netboot(t, m.mac);
    const token = credentialsIn((await preseed(m.systemId, secret)).text);
    // As if it had been missed: an old run whose result still runs.
    await t.db.pool.query("update script_result set status = 1 where id = $1", [id]);
    await unharmed({
      "by the earlier boot": [() => print(m, about(id)), 403],
      "of the earlier run": [() => print({ ...m, token }, about(id)), 409],
    });
  });

  test("one that was on its way when the machine was started anew is not of the new boot", async () => {
    const m = await commissioning();
    const id = await running(m, "a");
    let reply: Promise<Response> | undefined;
    await transaction(t.db, async (tx) => {
      await tx.selectFrom("node").select("id").where("id", "=", m.id).forUpdate().execute();
      reply = print(m, about(id));
      const waiting = () =>
        t.db.pool
          .query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
          .then(({ rows }) => rows.length > 0);
      await until(waiting, { what: "it to wait for the machine" });
      await tx
        .updateTable("node")
        .set((eb) => ({ boot_epoch: eb("boot_epoch", "+", 1) }))
        .where("id", "=", m.id)
        .execute();
    });
    assert.equal((await reply)?.status, 403);
  });
});

test("replayed: the very same request does nothing a second time", async () => {
  const m = await commissioning();
  const header = plaintextHeader(m.token, { nonce: "only-once" });
  const fields = { op: "signal", status: "WORKING", name: "mine", exit_status: "0" };
  const once = () => signed("POST", at("latest/"), { multipart: fields }, header);
  assert.equal((await once()).status, 200);
  const tries = Object.entries(doors(m)).map(
    ([door, [method, path, options]]): [string, [() => Promise<Response>, ...number[]]] => [
      door,
      [() => signed(method, path, options, header), ...refusals(door)],
    ],
  );
  await unharmed({ ...Object.fromEntries(tries), itself: [once, 403] });
});

suite("of a past boot", () => {
  test("its token and its secret open nothing", async () => {
    const m = await commissioning();
    const op = (name: string) => t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: name } });
    assert.equal((await op("abort")).status, 200);
    assert.equal((await op("commission")).status, 200);
    const tries = Object.entries(doors(m)).map(
      ([door, [method, path, options]]): [string, [() => Promise<Response>, ...number[]]] => [
        door,
        [() => t.request(m.token, method, path, options), ...refusals(door)],
      ],
    );
    await unharmed({ ...Object.fromEntries(tries), preseed: [() => preseed(m.systemId, m.secret), 403] });
  });

  for (const [door, send, status] of [
    ["a signal", (m: Booted) => signal(m.token, { status: "FAILED", error: "too late" }), 403],
    ["a report", (m: Booted) => report(m.token, m.systemId, { ...finish, name: "modules-final" }), 204],
    ["netboot off", (m: Booted) => t.request(m.token, "POST", at("latest/"), { form: { op: "netboot_off" } }), 403],
  ] as const)
    test(`${door} that was on its way when the machine was started anew is not of the new boot`, async () => {
      const m = await commissioning();
      let reply: Promise<Response> | undefined;
      await transaction(t.db, async (tx) => {
        await tx.selectFrom("node").select("id").where("id", "=", m.id).forUpdate().execute();
        reply = send(m);
        const waiting = () =>
          t.db.pool
            .query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
            .then(({ rows }) => rows.length > 0);
        await until(waiting, { what: "it to wait for the machine" });
        await tx
          .updateTable("node")
          .set((eb) => ({ boot_epoch: eb("boot_epoch", "+", 1) }))
          .where("id", "=", m.id)
          .execute();
      });
      assert.equal((await reply)?.status, status);
      const row = await machineRow(t, m.systemId);
      assert.deepEqual(
        [await statusOf(t, m.systemId), row.error_description, row.netboot],
        ["commissioning", "", true],
      );
    });
});

test("for another machine: its report, its netboot, its results", async () => {
  const [mine, theirs] = [await commissioning(), await commissioning()];
  assert.equal((await signal(theirs.token, { status: "WORKING", name: "their-script" })).status, 200);
  const { rows } = await t.db.pool.query<{ id: number }>("select id from script_result where name = 'their-script'");
  await unharmed({
    report: [() => report(mine.token, theirs.systemId, finish), 204],
    "a report about nobody": [() => report(mine.token, "nobody", finish), 204],
    "netboot off": [
      () => t.request(mine.token, "POST", at(`latest/by-id/${theirs.systemId}/`), { form: { op: "netboot_off" } }),
      403,
    ],
    preseed: [() => preseed(theirs.systemId, mine.secret), 403],
  });
  const before = await everything();
  const forged = {
    status: "WORKING",
    script_result_id: String(rows[0]?.id),
    name: "their-script",
    exit_status: "1",
  };
  assert.equal((await signal(mine.token, forged, { f: { filename: "f", content: "forged" } })).status, 200);
  const now = await everything();
  assert.deepEqual(now.script_result, before.script_result);
  const others = (rows: unknown[] = []) => (rows as { id: number }[]).filter(({ id }) => id !== mine.id);
  assert.deepEqual(others(now.node), others(before.node));
});

test("out of order: an end before its beginning counts, what comes after an end does not", async () => {
  const m = await commissioning();
  const about = { status: "WORKING", name: "mine" };
  assert.equal(
    (await signal(m.token, { ...about, exit_status: "0" }, { f: { filename: "mine.out", content: "1" } })).status,
    200,
  );
  const results = async () => (await everything()).script_result;
  const ended = await results();
  for (const late of [
    about,
    { status: "INSTALLING", name: "mine" },
    { status: "APPLYING_NETCONF", name: "mine" },
    { status: "TIMEDOUT", name: "mine" },
    { ...about, exit_status: "1" },
  ])
    assert.equal((await signal(m.token, late)).status, 200);
  assert.deepEqual(await results(), ended);
  assert.equal(await statusOf(t, m.systemId), "commissioning");
  for (const status of ["INSTALLING", "RELEASING", "WORKING"]) await signal(m.token, { status });
  assert.equal(await statusOf(t, m.systemId), "commissioning", "words of other purposes end nothing");
  assert.equal((await signal(m.token, { status: "OK" })).status, 200);
  assert.equal(await statusOf(t, m.systemId), "ready");
  const words = ["OK", "FAILED", "TESTING", "COMMISSIONING", "WORKING"];
  await unharmed(Object.fromEntries(words.map((status) => [status, [() => signal(m.token, { status }), 403]])));
});

suite("large", () => {
  const TEN = 10 << 20;

  test("ten megabytes in each field: refused, or kept as far as it is of use", async () => {
    const m = await commissioning();
    const long = "x".repeat(TEN);
    await unharmed({
      name: [() => signal(m.token, { status: "WORKING", name: long }), 400],
      "a file's name": [() => signal(m.token, { status: "WORKING" }, { f: { filename: long, content: "" } }), 400],
      status: [() => signal(m.token, { status: long }), 400],
      "an exit status": [() => signal(m.token, { status: "WORKING", exit_status: "1".repeat(TEN) }), 400],
      op: [() => t.request(m.token, "POST", at("latest/"), { form: { op: long } }), 400],
      "a version": [() => t.request(m.token, "GET", at(`${"v".repeat(5000)}/`)), 404],
      "an item": [() => t.request(m.token, "GET", at(`latest/${"i".repeat(5000)}`)), 404],
      "a report": [
        () => t.request(m.token, "POST", at(`status/${m.systemId}`), { body: Buffer.alloc(65 << 20, 32) }),
        413,
      ],
      "a boot report": [
        () => t.request(null, "POST", at("latest/boot-report/"), { query: { secret: m.secret }, body: long }),
        413,
      ],
      "an enlistment": [
        () => t.request(null, "POST", "machines/", { form: { architecture: "amd64", mac_addresses: long } }),
        413,
      ],
      "more files than any script has": [
        () =>
          signal(
            m.token,
            { status: "WORKING" },
            Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, { filename: `f${i}`, content: "" }])),
          ),
        400,
      ],
    });
    assert.equal(
      (await report(m.token, m.systemId, { ...finish, name: "cmd-install/x", description: long })).status,
      204,
    );
    assert.equal((await signal(m.token, { status: "FAILED", error: long })).status, 200);
    assert.equal(await statusOf(t, m.systemId), "failed_commissioning");
    assert.ok((await machineRow(t, m.systemId)).error_description.length < 5_000);
    const { rows } = await t.db.pool.query<{ most: number }>(
      "select max(length(description)) as most from event where node_id = $1",
      [m.id],
    );
    assert.ok((rows[0]?.most ?? 0) < 5_000);
  });

  test("outputs of ten megabytes are stored whole", async () => {
    const m = await commissioning();
    const content = Buffer.alloc(TEN, 0);
    const done = { status: "WORKING", name: "big", exit_status: "0" };
    assert.equal((await signal(m.token, done, { f: { filename: "big.out", content } })).status, 200);
    const { rows } = await t.db.pool.query<{ n: number }>(
      "select length(stdout) as n from script_result where name = 'big'",
    );
    assert.equal(rows[0]?.n, TEN);
  });
});

suite("NUL and bytes that are no UTF-8", () => {
  const raw = (m: Booted, path: string, body: Buffer | string, type: string) =>
    t.request(m.token, "POST", path, { body, headers: { "content-type": type } });
  const form = "application/x-www-form-urlencoded";

  test("are refused where text is meant", async () => {
    const m = await commissioning();
    const status = at(`status/${m.systemId}`);
    const utf8 = Buffer.from([0xff, 0xfe]);
    const parts = (value: Buffer) =>
      Buffer.concat([
        Buffer.from('--B\r\nContent-Disposition: form-data; name="op"\r\n\r\nsignal\r\n--B\r\n'),
        Buffer.from('Content-Disposition: form-data; name="status"\r\n\r\n'),
        value,
        Buffer.from("\r\n--B--\r\n"),
      ]);
    await unharmed({
      "in a form": [() => raw(m, at("latest/"), "op=signal&status=FAILED&error=%ff%fe", form), 400],
      "in a form, as they are": [
        () => raw(m, at("latest/"), Buffer.concat([Buffer.from("op=signal&status=FAILED&error="), utf8]), form),
        400,
      ],
      "in a part": [() => raw(m, at("latest/"), parts(utf8), 'multipart/form-data; boundary="B"'), 400],
      "a part that ends nowhere": [
        () => raw(m, at("latest/"), parts(utf8).subarray(0, 120), 'multipart/form-data; boundary="B"'),
        400,
      ],
      "in JSON": [() => raw(m, at("latest/"), Buffer.concat([Buffer.from('{"op": "'), utf8]), "application/json"), 400],
      "as a status": [() => raw(m, at("latest/"), "op=signal&status=OK%0aFAILED%00", form), 400],
      "in a report": [() => raw(m, status, Buffer.concat([Buffer.from('{"name": "'), utf8]), "application/json"), 400],
      "a report that is a list": [() => report(m.token, m.systemId, [finish]), 400],
      "a report of numbers": [() => report(m.token, m.systemId, { ...finish, description: 5 }), 400],
      "a report whose result is none": [() => report(m.token, m.systemId, { ...finish, result: { a: 1 } }), 400],
      "in a machine's name": [() => t.request(m.token, "POST", at("status/%00%ff"), { json: finish }), 400],
      "in an id": [() => t.request(m.token, "POST", at("latest/by-id/%00/"), { form: { op: "netboot_off" } }), 403],
      "in a query": [() => t.request(null, "GET", at("latest/enlist-preseed/?op=get_enlist_preseed&secret=%ff")), 400],
      "in what enlists": [
        () =>
          t.request(null, "POST", "machines/", {
            body: "architecture=amd64&mac_addresses=52:54:00:aa:aa:%00&commission=True",
            headers: { "content-type": form },
          }),
        400,
      ],
      "in an enlisting machine's BMC": [
        () =>
          t.request(null, "POST", "machines/", {
            body: `architecture=amd64&mac_addresses=52:54:00:aa:aa:01&power_type=ipmi&power_parameters=%00`,
            headers: { "content-type": form },
          }),
        400,
      ],
    });
  });

  test("are kept as bytes, or left out, where a machine prints them", async () => {
    const m = await commissioning();
    const content = Buffer.from([0, 0xff, 0xfe, 0, 10]);
    const done = { status: "WORKING", name: "r\0aw", exit_status: "1", error: "\0" };
    assert.equal((await signal(m.token, done, { f: { filename: "raw.out", content } })).status, 200);
    for (const files of [7, "x", [null, 5, { path: 1 }, {}], { length: 3 }])
      assert.equal((await report(m.token, m.systemId, { ...finish, name: "a/b", files })).status, 204);
    const log = { path: "/tmp/l\0og", encoding: "base64", content: "////AA==", result: 1e300 };
    assert.equal((await report(m.token, m.systemId, { ...finish, name: "a/b", files: [log] })).status, 204);
    const { rows } = await t.db.pool.query(
      "select r.name, r.exit_status, encode(r.output, 'hex') as output, encode(r.stdout, 'hex') as stdout from script_result r join script_set s on s.id = r.set_id where s.node_id = $1 and r.name in ('raw', '/tmp/log') order by r.id",
      [m.id],
    );
    assert.deepEqual(rows, [
      { name: "raw", exit_status: 1, output: "", stdout: "00fffe000a" },
      { name: "/tmp/log", exit_status: 1, output: "ffffff00", stdout: "" },
    ]);
    assert.equal(await statusOf(t, m.systemId), "commissioning");
  });

  test("in a boot script's request: a refusal that a console can show", async () => {
    const before = await everything();
    for (const mac of ["\0", "52:54:00:00:00", "52-54-00-00-00-zz", "'; drop table node; --", "m".repeat(10_000)])
      assert.match((await netboot(t, mac)).script, /^#!ipxe\n[\s\S]*no MAC address/);
    const { boot_secret, node, event } = await everything();
    assert.deepEqual([boot_secret, node, event], [before.boot_secret, before.node, before.event]);
  });
});

test("the simulator's door is an administrator's, and takes no nonsense", async () => {
  const m = await commissioning();
  const report = (form: Record<string, string>, who: Token | null = t.admin.token) =>
    t.request(who, "POST", "simulator/?op=report", { form });
  await unharmed({
    nobody: [() => report({ off: `${m.systemId}:1` }, null), 401],
    "a user": [() => report({ off: `${m.systemId}:1` }, t.user.token), 403],
    "a machine": [() => report({ off: `${m.systemId}:1` }, m.token), 403],
    "a machine that takes": [() => t.request(m.token, "POST", "simulator/?op=take"), 403],
    "a start that was not": [() => report({ off: `${m.systemId}:77`, obeyed: `${m.systemId}:77:on` }), 200],
    "a machine that is not": [() => report({ on: "nobody", off: "nobody:1", obeyed: "nobody:1:off" }), 200],
    "a NUL": [() => report({ on: "\0" }), 200, 400],
    "a start beyond counting": [() => report({ off: `${m.systemId}:99999999999999999999` }), 400],
    "half a word": [() => report({ obeyed: `${m.systemId}:1` }), 400],
    bytes: [
      () =>
        t.request(t.admin, "POST", "simulator/?op=report", {
          body: "off=%ff",
          headers: { "content-type": "application/x-www-form-urlencoded" },
        }),
      400,
    ],
    "ten megabytes": [() => report({ off: "x".repeat(10 << 20) }), 400, 413],
  });
});
