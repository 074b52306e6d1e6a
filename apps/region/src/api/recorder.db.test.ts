import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Diagnosis, Timeline } from "@rackwright/contract/objects/recorder";
import { transaction } from "@rackwright/db/connect";
import { insertEvents, insertEvidence } from "@rackwright/db/history";
import { extract } from "tar-stream";
import { powerColumns } from "../app/power-settings.ts";
import { recordEvidence } from "../app/rack-evidence.ts";
import { newNodeToken } from "../auth/tokens.ts";
import { type AddedMachine, addImage, addMachine, machineRow } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
  t.racks.connect({ nodeId: 77, hostname: "rack" });
});
after(() => t?.close());

const ask = (m: AddedMachine, op: string, query: Record<string, string | string[]> = {}, who = t.admin) =>
  t.request(who, "GET", `/machines/${m.systemId}/`, { query: { op, ...query } });
const timeline = async (m: AddedMachine, query: Record<string, string | string[]> = {}, who = t.admin) => {
  const reply = await ask(m, "timeline", query, who);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Timeline;
};
const texts = (page: Timeline) => page.items.map((i) => i.text);
const seen = (m: AddedMachine, source: "dhcp" | "bmc" | "http" | "script", text: string, more = {}) =>
  insertEvidence(t.db.kysely, [{ nodeId: m.id, mac: m.mac, bootEpoch: 1, source, text, ...more }]);
const happened = (
  m: AddedMachine,
  type: "READY" | "REQUEST_NODE_START_COMMISSIONING" | "NODE_POWERED_ON",
  username: string | null = null,
) => insertEvents(t.db.kysely, { nodeId: m.id, hostname: m.hostname, username }, [{ type, description: "" }]);

test("evidence, changes of status and what people asked for come as one list, in the order of time", async () => {
  const m = await addMachine(t, "new");
  await insertEvidence(t.db.kysely, [
    { nodeId: null, mac: m.mac, bootEpoch: 0, source: "http", text: "boot script given to enlist (10.0.0.7)" },
  ]);
  await happened(m, "REQUEST_NODE_START_COMMISSIONING", "admin");
  await seen(m, "bmc", "the BMC shows that it is on");
  await happened(m, "NODE_POWERED_ON");
  await seen(m, "http", "kernel by HTTP failed after 5 bytes", {
    detail: { file: "x/boot-kernel", outcome: "failed" },
  });
  await happened(m, "READY");
  const page = await timeline(m);
  assert.deepEqual(
    page.items.map((i) => [i.source, i.kind, i.level, i.text, i.epoch, i.username]),
    [
      ["http", "evidence", "debug", "boot script given to enlist (10.0.0.7)", 0, null],
      ["region", "action", "debug", "User starting node commissioning", null, "admin"],
      ["bmc", "evidence", "debug", "the BMC shows that it is on", 1, null],
      ["region", "event", "debug", "Node powered on", null, null],
      ["http", "evidence", "warning", "kernel by HTTP failed after 5 bytes", 1, null],
      ["region", "status", "info", "Ready", null, null],
    ],
  );
  assert.equal(new Set(page.items.map((i) => i.id)).size, 6);
  assert.deepEqual(texts(await timeline(m, { level: "warning" })), ["kernel by HTTP failed after 5 bytes"]);
  assert.deepEqual(texts(await timeline(m, { level: "info", source: "region" })), ["Ready"]);
  assert.equal((await timeline(m, { source: "bmc,http" })).items.length, 3);
});

test("cursors lead through all of it, either way, each item once", async () => {
  const m = await addMachine(t, "new");
  for (let i = 0; i < 7; i++) {
    await seen(m, "dhcp", `seen ${i}`);
    await happened(m, "READY");
  }
  const ids: string[] = [];
  let before: string | null = null;
  do {
    const page: Timeline = await timeline(m, { limit: "4", ...(before === null ? {} : { before }) });
    ids.unshift(...page.items.map((i) => i.id));
    before = page.prev;
  } while (before !== null);
  assert.equal(ids.length, 14);
  assert.equal(new Set(ids).size, 14);

  const onward: string[] = [];
  let next = "0-0-0";
  // Other transactions of the server may hold the newest back for a moment.
  const deadline = Date.now() + 10_000;
  while (onward.length < 14 && Date.now() < deadline) {
    const page = await timeline(m, { limit: "4", after: next });
    onward.push(...page.items.map((i) => i.id));
    next = page.next;
  }
  assert.deepEqual(onward, ids);
});

test("whoever follows misses nothing of a transaction that took longer", async () => {
  const m = await addMachine(t, "new");
  const slow = await t.db.pool.connect();
  let next = (await timeline(m)).next;
  const got: string[] = [];
  const follow = async () => {
    const page = await timeline(m, { after: next });
    got.push(...texts(page));
    next = page.next;
  };
  try {
    await slow.query("begin");
    await slow.query("insert into evidence (node_id, source, text) values ($1, 'bmc', 'slow')", [m.id]);
    await seen(m, "bmc", "quick");
    await follow();
    assert.deepEqual(got, [], "quick is there, and slow may still come before it");
    assert.deepEqual(texts(await timeline(m)), ["quick"], "without a cursor the newest are shown at once");
    await slow.query("commit");
  } finally {
    slow.release();
  }
  const deadline = Date.now() + 10_000;
  while (got.length < 2 && Date.now() < deadline) await follow();
  assert.deepEqual(got, ["slow", "quick"]);
});

test("what makes no sense is refused, and another's machine is not shown", async () => {
  const m = await addMachine(t, "allocated", { owner_id: t.user.id });
  for (const query of [
    { after: "x" },
    { before: "1-9-1" },
    { source: "rumour" },
    { limit: "0" },
    { before: "1-0-1", after: "1-0-1" },
  ])
    assert.equal((await ask(m, "timeline", query as Record<string, string>)).status, 400, JSON.stringify(query));
  for (const op of ["timeline", "diagnose", "support_bundle"]) {
    assert.equal((await ask(m, op, {}, t.other)).status, 403, op);
    assert.equal((await ask(m, op, {}, t.user)).status, 200, op);
    assert.equal((await t.request(t.admin, "GET", "/machines/absent/", { query: { op } })).status, 404, op);
  }
});

/** A machine with a BMC and credentials, and each secret in some evidence. */
async function withSecrets(): Promise<{ m: AddedMachine; secrets: string[] }> {
  const m = await addMachine(t, "commissioning", { boot_epoch: 1 });
  const columns = powerColumns(
    t.region,
    m.systemId,
    { powerType: "", parameters: {} },
    {
      powerType: "ipmi",
      given: { power_address: "10.9.8.7", power_user: "root", power_pass: "calvin-the-great" },
      skipCheck: true,
    },
  );
  await t.db.kysely.updateTable("node").set(columns).where("id", "=", m.id).execute();
  const token = await transaction(t.db, (tx) => newNodeToken(t.region, tx, m.id));
  const secrets = ["calvin-the-great", token.tokenSecret, token.tokenKey, "BootSecretOfThisBoot"];
  await seen(m, "bmc", `power cycle failed: echo ${secrets[0]} no answer: check power_address`, {
    detail: { systemId: m.systemId, power_pass: secrets[0] },
  });
  await seen(m, "http", `asks for /x?op=get_preseed&secret=${secrets[3]} by HTTP`, { detail: { secret: secrets[3] } });
  await seen(m, "script", `said ${secrets[1]} and oauth_token="${secrets[2]}"`);
  return { m, secrets };
}

async function unpack(bytes: Buffer): Promise<Map<string, string>> {
  const archive = extract();
  archive.end(gunzipSync(bytes));
  const files = new Map<string, string>();
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name, Buffer.concat(chunks).toString("utf8"));
  }
  return files;
}

test("no secret leaves, by none of the doors; the bundle holds all that it should", async () => {
  const { m, secrets } = await withSecrets();
  await t.db.kysely
    .updateTable("node")
    .set({ error_description: `It said ${secrets[0]}` })
    .where("id", "=", m.id)
    .execute();
  const set = await t.db.kysely
    .insertInto("script_set")
    .values({ node_id: m.id, result_type: 0 })
    .returning("id")
    .executeTakeFirstOrThrow();
  await t.db.kysely
    .insertInto("script_result")
    .values({
      set_id: set.id,
      name: "../../etc/x",
      status: 3,
      output: Buffer.from(`é password=${secrets[0]} \xff`, "utf8"),
    })
    .execute();
  await t.db.kysely.updateTable("node").set({ commissioning_set_id: set.id }).where("id", "=", m.id).execute();
  const reply = await ask(m, "support_bundle");
  assert.equal(reply.status, 200);
  assert.equal(reply.headers["content-type"], "application/gzip");
  const files = await unpack(reply.bytes);
  const names = [...files.keys()].map((f) => f.replace(/^[^/]+\//, "").replace(/\d+/, "N"));
  assert.deepEqual(names, [
    "machine.json",
    "diagnosis.json",
    "timeline.json",
    "results.json",
    "results/commissioning/N-__.._etc_x.output",
    "controller.json",
  ]);
  const all = [...files.values(), (await ask(m, "timeline")).text, (await ask(m, "diagnose")).text];
  for (const text of all)
    for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is in ${text.slice(0, 200)}`);
  assert.match([...files.values()][4] ?? "", /^é password=\[hidden\]/);
  assert.equal((JSON.parse([...files.values()][2] ?? "") as unknown[]).length, 3);
});

test("a diagnosis tells what is wrong, what was expected and what to check", async () => {
  const { m } = await withSecrets();
  const { status, json } = await ask(m, "diagnose");
  assert.equal(status, 200);
  const found = json as Diagnosis;
  assert.equal(found.healthy, false);
  assert.equal(found.findings[0]?.code, "bmc_unreachable");
  assert.match(found.summary, /BMC does not answer.*What to check: power_address/);
  assert.match(found.last_evidence?.text ?? "", /^said/);

  const well = await addMachine(t, "ready");
  const fine = (await ask(well, "diagnose")).json as Diagnosis;
  assert.deepEqual([fine.healthy, fine.findings], [true, []]);
  assert.match(fine.summary, /Nothing is wrong: machine-\d+ is Ready/);
});

test("two machines with one BMC are found, and a rack that is gone", async () => {
  const given = { power_address: "10.1.1.1", power_user: "u", power_pass: "p" };
  const machines: AddedMachine[] = [];
  for (let i = 0; i < 2; i++) {
    const m = await addMachine(t, "commissioning", {
      boot_epoch: 1,
      power_state: "on",
      waiting_for: "dhcp",
      status_deadline: new Date(0),
    });
    const columns = powerColumns(
      t.region,
      m.systemId,
      { powerType: "", parameters: {} },
      { powerType: "ipmi", given, skipCheck: true },
    );
    await t.db.kysely.updateTable("node").set(columns).where("id", "=", m.id).execute();
    machines.push(m);
  }
  const [a, b] = machines;
  assert.ok(a && b);
  const found = (await ask(a, "diagnose")).json as Diagnosis;
  assert.equal(found.findings[0]?.code, "bmc_wrong_machine");
  assert.match(found.summary, new RegExp(b.hostname));
  t.racks.disconnect(77);
  assert.equal(((await ask(a, "diagnose")).json as Diagnosis).findings[0]?.code, "rack_gone");
  t.racks.connect({ nodeId: 77, hostname: "rack" });
});

test("what a rack saw of a BMC is the machine's evidence, of the boot that it was for", async () => {
  const m = await addMachine(t, "commissioning", { boot_epoch: 5 });
  const item = {
    source: "bmc" as const,
    mac: null,
    address: null,
    at: Date.now(),
    text: "the BMC took the order to switch on",
  };
  await recordEvidence(t.region, [
    { ...item, detail: { systemId: m.systemId, bootEpoch: 4 } },
    { ...item, detail: { systemId: "nobody" } },
  ]);
  const { items } = await timeline(m);
  assert.deepEqual(
    items.map((i) => [i.text, i.epoch]),
    [["the BMC took the order to switch on", 4]],
  );
  assert.equal((await machineRow(t, m.systemId)).boot_epoch, 5);
});
