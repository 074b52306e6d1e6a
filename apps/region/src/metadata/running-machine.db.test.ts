/** Machines that run already: how they come, what their credentials open, and what their reports change. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { resultViews } from "@rackwright/db/script-result-views";
import { scriptStatus } from "@rackwright/domain/scripts/status";
import { registerBuiltinScripts } from "../app/scripts.ts";
import type { Token } from "../auth/tokens.ts";
import { machineCalls } from "../testing/machine-calls.ts";
import { at, machineSide } from "../testing/machine-side.ts";
import { addMachine, machineRow, statusOf } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
const HARDWARE = "50-maas-01-commissioning";
const fixture = readFileSync(
  new URL("../../../../packages/domain/src/hardware/fixtures/qemu-virtio.json", import.meta.url),
  "utf8",
);

let t: TestRegion;
const { signal, report } = machineSide(() => t);
const { create, ask } = machineCalls(() => t);
before(async () => {
  t = await testRegion();
  await registerBuiltinScripts(t.region, t.region.machineFiles.scriptsDirectory);
});
after(() => t?.close());

/** The fixture for a machine of its own: addresses and serials with its number. */
function hardware(n: number, change: (report: Json) => void = () => {}): string {
  const two = n.toString(16).padStart(2, "0");
  const parsed: Json = JSON.parse(
    fixture.replaceAll("52:54:00:4d:00", `52:54:00:4e:${two}`).replaceAll("1d0001", `1e00${two}`),
  );
  change(parsed);
  return JSON.stringify(parsed);
}

async function tokenOf(m: { systemId: string }): Promise<Token> {
  const reply = await ask(t.admin, m, "get_token");
  assert.equal(reply.status, 200, reply.text);
  const {
    consumer_key: consumerKey,
    token_key: tokenKey,
    token_secret: tokenSecret,
  } = reply.json as Record<string, string>;
  return { consumerKey, tokenKey, tokenSecret, name: "machine" } as Token;
}

/** A machine that was added with its system on it. */
async function running(who: TestUser = t.admin, form: Record<string, string> = {}) {
  const reply = await create(who, { deployed: "true", ...form });
  assert.equal(reply.status, 200, reply.text);
  const json = reply.json as Json;
  const row = await machineRow(t, json.system_id);
  return { id: row.id, systemId: json.system_id as string, json, token: await tokenOf({ systemId: json.system_id }) };
}

const told = (m: { token: Token }, output: string, more: Record<string, string> = {}) =>
  signal(
    m.token,
    { status: "WORKING", name: HARDWARE, exit_status: "0", ...more },
    { [`${HARDWARE}.out`]: { filename: `${HARDWARE}.out`, content: output } },
  );

async function results(m: { systemId: string }) {
  const { commissioning_set_id: id } = await machineRow(t, m.systemId);
  return id === null ? [] : resultViews(t.db.kysely, [id]);
}

const eventsOf = async (m: { id: number }) =>
  await t.db.kysely
    .selectFrom("event")
    .select(["type", "description"])
    .where("node_id", "=", m.id)
    .orderBy("id")
    .execute();

suite("adding one", () => {
  test("a name is enough: Deployed, its adder's, with credentials, nothing known of it, nothing switched", async () => {
    const { json, systemId, id } = await running(t.admin, { hostname: "mymachine" });
    assert.deepEqual(
      [json.status_name, json.owner, json.hostname, json.power_type, json.interface_set.length],
      ["Deployed", "admin", "mymachine", "", 0],
    );
    assert.deepEqual([json.cpu_count, json.memory, json.storage], [0, 0, 0]);
    const added = await results({ systemId });
    assert.deepEqual(added.map(({ name }) => name).toSorted(), [
      "20-maas-03-machine-resources",
      HARDWARE,
      "maas-list-modaliases",
      "maas-lshw",
      "maas-serial-ports",
      "maas-support-info",
    ]);
    assert.ok(added.every(({ status }) => status === scriptStatus.pending));
    assert.equal(
      (await eventsOf({ id })).some((e) => e.type === "COMMISSIONING"),
      false,
    );
  });

  test("with all of it, as the manual has it; a MAC address of another machine is refused", async () => {
    const form = { hostname: "full", architecture: "amd64", mac_addresses: "00:16:3e:df:35:bb", power_type: "manual" };
    const { json } = await running(t.admin, form);
    assert.deepEqual(
      [json.architecture, json.power_type, json.interface_set.map((i: Json) => i.mac_address)],
      ["amd64/generic", "manual", ["00:16:3e:df:35:bb"]],
    );
    assert.equal((await create(t.admin, { deployed: "true", ...form, hostname: "second" })).status, 400);
    assert.equal((await create(t.admin, { hostname: "third" })).status, 400, "others are found by their cards");
  });

  test("nobody adds one; its credentials are for administrators to read", async () => {
    assert.equal((await create(null, { deployed: "true", hostname: "ghost", architecture: "amd64" })).status, 403);
    const m = await running(t.user);
    assert.equal(m.json.owner, "user");
    assert.deepEqual(Object.keys((await ask(t.admin, m, "get_token")).json as object).toSorted(), [
      "consumer_key",
      "token_key",
      "token_secret",
    ]);
    assert.equal((await ask(t.user, m, "get_token")).status, 403);
    const none = await addMachine(t, "ready");
    assert.equal((await ask(t.admin, none, "get_token")).text, "null");
  });

  test("the helper is for everybody, and one Python program", async () => {
    const reply = await t.request(null, "GET", "/MAAS/maas-run-scripts");
    assert.equal(reply.status, 200);
    assert.match(String(reply.headers["content-type"]), /^text\//);
    assert.match(reply.text, /^#!\/usr\/bin\/env python3\n/);
    assert.ok(!reply.text.includes(new URL("../../../..", import.meta.url).pathname), "no path of this checkout");
  });
});

suite("what its credentials open", () => {
  test("its own scripts, those that only look, again and again", async () => {
    const m = await running();
    const get = async (who: Token | TestUser | null) => t.request(who, "GET", at("2012-03-01/maas-scripts"));
    const first = await get(m.token);
    assert.deepEqual([first.status, first.headers["content-type"]], [200, "application/x-tar"]);
    assert.match(first.text, /commissioning\/50-maas-01-commissioning/);
    assert.doesNotMatch(first.text, /commissioning\/30-maas-01-bmc-config/);
    assert.equal((await told(m, hardware(1))).status, 200);
    assert.match((await get(m.token)).text, /commissioning\/50-maas-01-commissioning/, "also when they are over");
    assert.equal((await get(t.admin)).status, 403, "no machine's");
    assert.doesNotMatch((await get(null)).text, /script_result_id/, "nobody's results");
  });

  test("hardware is taken over, the status stays, and the next report counts again", async () => {
    const m = await running();
    assert.equal((await told(m, hardware(2))).text, "OK");
    const first = (await t.request(t.admin, "GET", `machines/${m.systemId}/`)).json as Json;
    assert.deepEqual(
      [first.status_name, first.cpu_count, first.memory, first.architecture],
      ["Deployed", 2, 2048, "amd64/generic"],
    );
    assert.deepEqual([first.interface_set.length, first.physicalblockdevice_set.length], [3, 2]);
    const smaller = hardware(2, (r) => {
      r.resources.memory.total = 1024 ** 3;
      r.resources.storage.disks = r.resources.storage.disks.filter((d: Json) => d.id !== "vdb");
    });
    assert.equal((await told(m, smaller)).status, 200);
    const second = (await t.request(t.admin, "GET", `machines/${m.systemId}/`)).json as Json;
    assert.deepEqual([second.status_name, second.memory, second.physicalblockdevice_set.length], ["Deployed", 1024, 1]);
    const types = (await eventsOf(m)).map((e) => e.type);
    for (const type of ["NODE_HARDWARE_SYNC_MEMORY", "NODE_HARDWARE_SYNC_BLOCK_DEVICE"])
      assert.ok(types.includes(type), type);
    assert.equal(types.includes("NODE_HARDWARE_SYNC_INTERFACE"), false);
  });

  test("a script that its system cannot run takes nothing away from what it told before", async () => {
    const m = await running();
    await told(m, hardware(3));
    assert.equal((await told(m, "", { exit_status: "1" })).status, 200);
    assert.equal((await told(m, "no JSON")).status, 200);
    const found = (await results(m)).find((r) => r.name === HARDWARE);
    assert.equal(found?.status, scriptStatus.passed);
    assert.equal((await machineRow(t, m.systemId)).cpu_count, 2);
    assert.ok((await eventsOf(m)).some((e) => e.type === "SCRIPT_RESULT_ERROR" && /exit 1; kept/.test(e.description)));
    const other = await running();
    await told(other, "no JSON");
    assert.equal(
      (await results(other)).find((r) => r.name === HARDWARE)?.status,
      scriptStatus.failed,
      "there was nothing before",
    );
  });

  test("a card of another machine is not taken by the word of a system in use", async () => {
    const [m, victim] = [await running(), await addMachine(t, "ready")];
    await told(
      m,
      hardware(6, (r) => {
        [r.networks.enp0s2.hwaddr, r.resources.network.cards[0].ports[0].address] = [victim.mac, victim.mac];
      }),
    );
    const cardsOf = (id: number) =>
      t.db.kysely.selectFrom("interface").select("id").where("node_id", "=", id).execute();
    assert.deepEqual([(await cardsOf(victim.id)).length, (await cardsOf(m.id)).length], [1, 0]);
    assert.equal((await machineRow(t, m.systemId)).cpu_count, 0, "nothing of that report is taken");
    assert.ok((await eventsOf(m)).some((e) => e.description.includes(`belongs to ${victim.hostname}`)));
  });

  test("words that would change its status are refused", async () => {
    const m = await running();
    for (const status of ["OK", "FAILED", "COMMISSIONING", "TESTING", "RELEASING"])
      assert.equal((await signal(m.token, { status })).status, 409, status);
    assert.equal(await statusOf(t, m.systemId), "deployed");
    assert.equal((await signal(m.token, { status: "WORKING" })).status, 200);
  });

  test("nobody, users and other machines are refused; another machine's result is not touched", async () => {
    const [m, other] = [await running(), await running()];
    const [first] = await results(m);
    assert.ok(first);
    assert.equal((await signal(null, { status: "WORKING" })).status, 401);
    assert.equal((await signal(t.admin.token, { status: "WORKING" })).status, 403);
    assert.equal((await signal({ ...m.token, tokenSecret: "wrong" }, { status: "WORKING" })).status, 403);
    const fields = { status: "WORKING", exit_status: "0", script_result_id: String(first.id) };
    assert.equal((await signal(other.token, fields, { x: { filename: "x.out", content: "forged" } })).status, 200);
    assert.equal((await results(m)).find((r) => r.id === first.id)?.status, scriptStatus.pending);
    assert.ok(
      (await eventsOf(other)).some(
        (e) => e.type === "SCRIPT_RESULT_ERROR" && /none of the current run/.test(e.description),
      ),
    );
  });

  test("of a machine that is not Deployed nothing is taken", async () => {
    const m = await running();
    const before = await results(m);
    for (const [code, status] of [
      [10, 409], // allocated
      [4, 200], // ready: heard, and nothing comes of it
      [8, 200], // broken
      [7, 409], // retired
    ] as const) {
      await t.db.kysely.updateTable("node").set({ status: code }).where("id", "=", m.id).execute();
      assert.equal((await told(m, hardware(4))).status, status, String(code));
      assert.equal((await t.request(m.token, "GET", at("2012-03-01/maas-scripts"))).status, 204, String(code));
    }
    assert.deepEqual(await results(m), before);
    assert.equal((await machineRow(t, m.systemId)).cpu_count, 0);
  });

  test("a signed status report is noted, an unsigned one refused, another machine's dropped", async () => {
    const [m, other] = [await running(), await running()];
    const message = { event_type: "start", origin: "cloudinit", name: "init", description: "hello", timestamp: 1 };
    assert.equal((await report(m.token, m.systemId, message)).status, 204);
    assert.ok((await eventsOf(m)).some((e) => e.description.includes("hello")));
    assert.equal((await report(null, other.systemId, message)).status, 401);
    assert.equal((await report(m.token, other.systemId, message)).status, 204);
    assert.equal(
      (await eventsOf(other)).some((e) => e.description.includes("hello")),
      false,
    );
    assert.equal((await report(m.token, m.systemId, { origin: "x" })).status, 400);
  });

  test("released, it is nobody's, and its credentials are no longer any", async () => {
    const m = await running(t.admin, { power_type: "manual", mac_addresses: "00:16:3e:df:35:cc" });
    const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "release" } });
    assert.equal(reply.status, 200, reply.text);
    assert.equal((await told(m, hardware(5))).status, 403);
    assert.equal((await t.request(m.token, "GET", at("2012-03-01/maas-scripts"))).status, 403);
  });
});
