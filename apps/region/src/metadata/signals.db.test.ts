/** What machines say of their work. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";

import { commissioning } from "../testing/at-work.ts";
import { addImage, machineRow, statusOf } from "../testing/machines.ts";
import { at, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
});
after(() => t?.close());

const { signal } = machineSide(() => t);
const file = (filename: string, content: string | Uint8Array) => ({ filename, content });

suite("signals", () => {
  const resultsOf = async (id: number) =>
    (
      await t.db.pool.query<{ id: number; name: string; status: number; stdout: Buffer | null }>(
        "select r.id, r.name, r.status, r.stdout from script_result r join script_set s on s.id = r.set_id where s.node_id = $1 order by r.id",
        [id],
      )
    ).rows;

  test("need the machine's own credentials", async () => {
    const m = await commissioning(t);
    assert.equal((await signal(null, { status: "OK" })).status, 401);
    assert.equal((await signal(t.admin.token, { status: "OK" })).status, 403, "a user's key is no machine's");
    assert.equal((await signal({ ...m.token, tokenSecret: "wrong" }, { status: "OK" })).status, 403);
    assert.equal((await t.request(null, "GET", at("latest/meta-data/instance-id"))).status, 401);
    assert.equal((await t.request(t.admin, "GET", at("latest/user-data"))).status, 403);
    assert.equal((await t.request(m.token, "GET", at("latest/meta-data/instance-id"))).text, m.systemId);
    assert.equal((await t.request(m.token, "GET", "machines/")).status, 403, "and a machine's key is no user's");
    assert.equal(await statusOf(t, m.systemId), "commissioning");
  });

  test("say what they say, or are refused", async () => {
    const m = await commissioning(t);
    for (const status of ["", "SLEEPING", "ok", "OK\nFAILED"])
      assert.equal((await signal(m.token, { status })).status, 400, JSON.stringify(status));
    assert.equal((await signal(m.token, {})).status, 400);
    for (const [name, value] of [
      ["script_result_id", "one"],
      ["script_result_id", "3.7"],
      ["script_result_id", "99999999999999999999"],
      ["exit_status", "99999999999"],
      ["runtime", "-1"],
    ] as const) {
      const reply = await signal(m.token, { status: "WORKING", [name]: value });
      assert.equal(reply.status, 400, `${name}=${value}: ${reply.text}`);
      assert.ok(name in (reply.json as object));
    }
    assert.equal((await t.request(m.token, "POST", at("latest/"), { form: { op: "dance" } })).status, 400);
    const xml = { body: "<x/>", headers: { "content-type": "text/xml" } };
    assert.equal((await t.request(m.token, "POST", at("latest/"), xml)).status, 415);
    assert.equal((await t.request(m.token, "POST", at("1999-01-01/"), { form: { op: "signal" } })).status, 404);
    assert.equal(await statusOf(t, m.systemId), "commissioning");
  });

  test("about another machine's results change nothing of it", async () => {
    const mine = await commissioning(t);
    const theirs = await commissioning(t);
    const [target] = await resultsOf(theirs.id).then(async (rows) => {
      if (rows.length > 0) return rows;
      await signal(theirs.token, { status: "WORKING", name: "their-script" });
      return resultsOf(theirs.id);
    });
    assert.ok(target);
    const fields = { status: "WORKING", script_result_id: String(target.id), name: target.name, exit_status: "1" };
    assert.equal((await signal(mine.token, fields, { f: file(target.name, "forged") })).status, 200);
    const [now] = await resultsOf(theirs.id);
    assert.deepEqual([now?.status, now?.stdout], [target.status, target.stdout]);
  });

  test("replayed and late ones change nothing", async () => {
    const m = await commissioning(t);
    const upload = (text: string) =>
      signal(m.token, { status: "WORKING", name: "mine", exit_status: "0" }, { f: file("mine.out", text) });
    assert.equal((await upload("first")).status, 200);
    assert.equal((await upload("second")).status, 200);
    const mine = (await resultsOf(m.id)).filter((r) => r.name === "mine");
    assert.deepEqual(
      mine.map((r) => r.stdout?.toString()),
      ["first"],
    );
    assert.equal((await signal(m.token, { status: "FAILED", error: "it broke" })).status, 200);
    assert.equal(await statusOf(t, m.systemId), "failed_commissioning");
    assert.equal((await machineRow(t, m.systemId)).error_description, "it broke");
    assert.equal((await signal(m.token, { status: "OK" })).status, 200, "taken, without effect");
    assert.equal(await statusOf(t, m.systemId), "failed_commissioning");
  });

  test("NUL, wrong UTF-8 and large outputs are stored as they are, or refused, never a failure of ours", async () => {
    const m = await commissioning(t);
    const raw = Buffer.from([0, 255, 254, 0, 10]);
    const bytes = await signal(
      m.token,
      { status: "WORKING", name: "raw", exit_status: "0" },
      { f: file("raw.out", raw) },
    );
    assert.equal(bytes.status, 200, bytes.text);
    assert.deepEqual((await resultsOf(m.id)).find((r) => r.name === "raw")?.stdout, raw);
    const large = Buffer.alloc(10 << 20, "x");
    const reply = await signal(
      m.token,
      { status: "WORKING", name: "big", exit_status: "0" },
      { f: file("big", large) },
    );
    assert.equal(reply.status, 200, reply.text);
    const nul = await signal(m.token, { status: "WORKING", name: "n\0l", error: "a\0b" });
    assert.ok(nul.status < 500, nul.text);
    const named = await signal(m.token, { status: "WORKING" }, { "a\0b": file("x\0y.out", "1") });
    assert.ok(named.status < 500, named.text);
    const failed = await signal(m.token, { status: "FAILED", error: "no\0 disk" });
    assert.equal(failed.status, 200, failed.text);
    assert.equal((await machineRow(t, m.systemId)).error_description, "no disk");
  });

  test("nothing of a body is taken from strangers", async () => {
    const body = Buffer.alloc(4 << 20, "x");
    const headers = { "content-type": "application/octet-stream" };
    assert.equal((await t.request(null, "POST", at("latest/"), { body, headers })).status, 401);
    assert.equal((await t.request(null, "POST", at("status/abc123"), { body, headers })).status, 401);
    assert.equal((await t.request(null, "PUT", at("latest/user-data"), { body, headers })).status, 401);
    assert.equal((await t.request(null, "HEAD", at("latest/user-data"))).status, 401);
    assert.equal((await t.request(null, "POST", at("enlist/latest/"), { body, headers })).status, 401);
  });

  test("a machine's word on its BMC brings no stored password to an address of its choice", async () => {
    const m = await commissioning(t);
    const set = (fields: Record<string, string>) =>
      t.request(t.admin, "PUT", `machines/${m.systemId}/`, { form: fields });
    const given = await set({
      power_type: "ipmi",
      power_parameters_power_address: "10.0.0.20",
      power_parameters_power_user: "admin",
      power_parameters_power_pass: "Hunter2secret",
    });
    assert.equal(given.status, 200, given.text);
    const reported = { power_type: "ipmi", power_parameters: JSON.stringify({ power_address: "10.6.6.6" }) };
    assert.equal((await signal(m.token, { status: "WORKING", ...reported })).status, 200);
    const now = await t.request(t.admin, "GET", `machines/${m.systemId}/`, { query: { op: "power_parameters" } });
    assert.match(now.text, /10\.6\.6\.6/);
    assert.doesNotMatch(now.text, /Hunter2secret/);
    const hook = {
      power_type: "webhook",
      power_parameters: JSON.stringify({ power_on_uri: "http://169.254.169.254/" }),
    };
    assert.equal((await signal(m.token, { status: "WORKING", ...hook })).status, 400);
    assert.equal((await signal(m.token, { status: "WORKING", power_type: "nonsense" })).status, 400);
    assert.equal((await signal(m.token, { status: "WORKING", power_type: "ipmi", power_parameters: "{" })).status, 400);
  });
});
