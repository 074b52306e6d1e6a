/** What a script prints is seen while it runs: from the machine's door to whoever follows the run. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { until } from "@rackwright/testkit/until";
import { addImage, addMachine, netboot } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import { plaintextHeader } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
  for (const name of ["one", "two"]) {
    const form = { name, type: "commissioning", script: "#!/bin/sh\n" };
    assert.equal((await t.request(t.admin, "POST", "scripts/", { form })).status, 200);
  }
});
after(() => t?.close());

const { preseed, signal } = machineSide(() => t);

/** A machine at its commissioning, with two of its results. */
async function commissioning() {
  const m = await addMachine(t, "new");
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  assert.equal(reply.status, 200, reply.text);
  const { secret = "" } = await netboot(t, m.mac);
  const token = credentialsIn((await preseed(m.systemId, secret)).text);
  const { rows } = await t.db.pool.query<{ id: number; name: string; set_id: number }>(
    "select r.id, r.name, r.set_id from script_result r join node n on n.commissioning_set_id = r.set_id where n.id = $1 order by r.id",
    [m.id],
  );
  const [one, two] = rows;
  assert.ok(one && two);
  const begin = (result: { id: number }) =>
    signal(token, { status: "WORKING", script_result_id: String(result.id) }).then((r) => assert.equal(r.status, 200));
  const print = async (result: { id: number }, offset: number, body: string | Buffer) => {
    const path = at(`2012-03-01/live-output/?script_result_id=${result.id}&offset=${offset}`);
    return (await t.request(token, "POST", path, { body })).status;
  };
  const end = (result: { id: number; name: string }, output: string, exit = "0") =>
    signal(
      token,
      { status: "WORKING", script_result_id: String(result.id), exit_status: exit },
      { [result.name]: { filename: result.name, content: output } },
    ).then((r) => assert.equal(r.status, 200, r.text));
  return { ...m, token, one, two, begin, print, end };
}

interface Event {
  id: string;
  name: string;
  data: { id: number; offset: number; data: string; status_name: string; rewritten: boolean };
}

/** Server-sent events until the server ends them, or `stop` is called. */
function follow(systemId: string, which: string | number, query: Record<string, string> = {}, who: TestUser = t.admin) {
  const events: Event[] = [];
  const url = new URL(`${t.url}/MAAS/api/2.0/nodes/${systemId}/results/${which}/`);
  url.search = new URLSearchParams({ op: "follow", ...query }).toString();
  const done = Promise.withResolvers<number>();
  const outgoing = httpRequest(url, { headers: { authorization: plaintextHeader(who.token) } }, (incoming) => {
    let text = "";
    incoming.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      for (let gap = text.indexOf("\n\n"); gap >= 0; gap = text.indexOf("\n\n")) {
        const block = text.slice(0, gap).split("\n");
        text = text.slice(gap + 2);
        const field = (name: string) => block.find((l) => l.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
        if (field("event")) events.push({ id: field("id"), name: field("event"), data: JSON.parse(field("data")) });
      }
    });
    incoming.on("end", () => done.resolve(incoming.statusCode ?? 0));
    incoming.on("error", () => done.resolve(0));
  });
  outgoing.on("error", () => done.resolve(0));
  outgoing.end();
  const printed = (id: number) =>
    Buffer.concat(
      events.filter((e) => e.name === "output" && e.data.id === id).map((e) => Buffer.from(e.data.data, "base64")),
    ).toString();
  return { events, printed, ended: done.promise, stop: () => outgoing.destroy() };
}

const statuses = (events: Event[], id: number) =>
  events.filter((e) => e.name === "result" && e.data.id === id).map((e) => e.data.status_name);
const kept = async (id: number) =>
  (
    await t.db.pool.query<{ bytes: number }>(
      "select coalesce(sum(length(data)), 0)::int as bytes from script_live_output where result_id = $1",
      [id],
    )
  ).rows[0]?.bytes;

test("what a script prints is seen as it comes, once, with how it ended", async () => {
  const m = await commissioning();
  await m.begin(m.one);
  const seen = follow(m.systemId, "current-commissioning", { filters: `${m.one.id},${m.two.id}` });
  try {
    await until(() => statuses(seen.events, m.one.id).includes("Running"), { what: "it to run" });
    assert.equal(await m.print(m.one, 0, "first\n"), 204);
    await until(() => seen.printed(m.one.id) === "first\n", { what: "the first line" });
    assert.equal(await m.print(m.one, 0, "first\n"), 204, "a piece that was not known to have arrived comes again");
    assert.equal(await m.print(m.one, 3, "st\nsecond\n"), 204);
    await until(() => seen.printed(m.one.id) === "first\nsecond\n", { what: "the second line" });
    // A second one beside it, so quick that nothing of it is sent before its end.
    await m.begin(m.two);
    await m.end(m.two, "quick\n", "3");
    // And the first ends with more than what was sent.
    await m.end(m.one, "first\nsecond\nlast\n");
    assert.equal(await seen.ended, 200);
  } finally {
    seen.stop();
  }
  assert.equal(seen.printed(m.one.id), "first\nsecond\nlast\n");
  assert.equal(seen.printed(m.two.id), "quick\n");
  assert.deepEqual(statuses(seen.events, m.one.id), ["Running", "Passed"]);
  assert.equal(statuses(seen.events, m.two.id).at(-1), "Failed");
  const last = seen.events.at(-1);
  assert.deepEqual([last?.name, last?.data.status_name], ["end", "Failed"]);
  assert.ok(seen.events.every((e) => e.name !== "result" || !e.data.rewritten));
  assert.equal(await kept(m.one.id), 0, "what was uploaded takes its place");
});

test("whoever was cut off goes on where it was, also when the script has ended meanwhile", async () => {
  const m = await commissioning();
  await m.begin(m.one);
  await m.print(m.one, 0, "abc");
  const first = follow(m.systemId, m.one.set_id, { filters: m.one.name });
  await until(() => first.printed(m.one.id) === "abc", { what: "the beginning" });
  first.stop();
  const after = first.events.at(-1)?.id ?? "";
  await m.print(m.one, 3, "def");
  const second = follow(m.systemId, m.one.set_id, { filters: m.one.name, after });
  await until(() => second.printed(m.one.id) === "def", { what: "the middle" });
  second.stop();
  assert.deepEqual(statuses(second.events, m.one.id), [], "that it runs was told before");
  await m.end(m.one, "abcdefghi");
  const third = follow(m.systemId, m.one.set_id, { filters: m.one.name, after: second.events.at(-1)?.id ?? "" });
  assert.equal(await third.ended, 200);
  assert.equal(third.printed(m.one.id), "ghi");
  // From the beginning: what is over is told by its status, its output is read where results are.
  const late = follow(m.systemId, m.one.set_id, { filters: m.one.name });
  assert.equal(await late.ended, 200);
  assert.deepEqual([late.printed(m.one.id), statuses(late.events, m.one.id)], ["", ["Passed"]]);
});

test("only the newest is kept of what is printed, a gap shows, and what was tidied up is said to be", async () => {
  const m = await commissioning();
  await m.begin(m.one);
  const piece = Buffer.alloc(64 << 10, "x");
  for (let n = 0; n < 10; n++) assert.equal(await m.print(m.one, n * piece.length, piece), 204);
  assert.ok(((await kept(m.one.id)) ?? 0) <= 256 << 10, String(await kept(m.one.id)));
  const seen = follow(m.systemId, m.one.set_id, { filters: m.one.name });
  try {
    await until(() => seen.printed(m.one.id).length === 256 << 10, { what: "what is kept" });
    assert.equal(seen.events.find((e) => e.name === "output")?.data.offset, 6 * piece.length);
    assert.equal(await m.print(m.one, 1_000_000, "far on"), 204);
    await until(() => seen.printed(m.one.id).endsWith("far on"), { what: "what comes after the gap" });
    assert.equal(seen.events.findLast((e) => e.name === "output")?.data.offset, 1_000_000);
    await m.end(m.one, "short\n");
    assert.equal(await seen.ended, 200);
    assert.deepEqual(seen.events.findLast((e) => e.name === "result")?.data.rewritten, true);
  } finally {
    seen.stop();
  }
});

test("after a restart of the machine in the middle of a script, its runner gets what was printed, and goes on behind it", async () => {
  const m = await commissioning();
  await m.begin(m.one);
  await m.print(m.one, 0, "before the restart\n");
  const tar = await t.request(m.token, "GET", at("2012-03-01/maas-scripts"));
  assert.equal(tar.status, 200);
  const text = tar.bytes.toString("latin1");
  assert.match(text, new RegExp(`out/${m.one.name}\\.${m.one.id}\\0`));
  assert.match(text, /before the restart\n/);
  assert.match(text, /"has_started":true,"has_finished":false,"output_offset":19/);
  assert.match(text, /"rackwright":\{"live_output":\{"path":"live-output\/","most_bytes":65536\}\}/);
});

test("who may not see the machine, or asks for what there is not, follows nothing", async () => {
  const m = await commissioning();
  await t.db.pool.query("update node set owner_id = $2 where id = $1", [m.id, t.other.id]);
  const ask = async (which: string | number, query: Record<string, string>, who = t.admin) =>
    (await t.request(who, "GET", `/nodes/${m.systemId}/results/${which}/`, { query: { op: "follow", ...query } }))
      .status;
  assert.equal(await ask("current-commissioning", {}, t.user), 403);
  assert.equal(await ask("current-anything", {}), 400);
  assert.equal(await ask("999999", {}), 404);
  for (const after of ["nonsense", "1:2", "1:2:3,", "1:-2:3", `${"9".repeat(20)}:1:1`])
    assert.equal(await ask("current-commissioning", { after }), 400, after);
  assert.equal(
    (await t.request(null, "GET", `/nodes/${m.systemId}/results/1/`, { query: { op: "follow" } })).status,
    401,
  );
});
