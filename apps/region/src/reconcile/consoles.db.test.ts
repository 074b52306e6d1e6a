import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CONSOLE_LEASE_MS, type WatchedConsole } from "@rackwright/contract/rack-protocol";
import { notifyHub, type NotifyHub } from "@rackwright/db/notify";
import { isWaiting, type MachineStatus, statusCode } from "@rackwright/domain/machine/status";
import { recordEvidence } from "../app/rack-evidence.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { consoleReconciler } from "./consoles.ts";

let t: TestRegion;
let hub: NotifyHub;
const consoles = consoleReconciler();
const told = (): { nodeId: number; machines: WatchedConsole[] }[] =>
  t.racks.calls.flatMap(({ nodeId, method, params }) =>
    method === "watchConsoles" ? [{ nodeId, ...(params as { machines: WatchedConsole[] }) }] : [],
  );

before(async () => {
  t = await testRegion();
  hub = notifyHub({ connection: t.connection });
  t.racks.answer("watchConsoles", () => null);
  t.racks.connect({ nodeId: 9001 });
  await consoles.start(t.region, hub);
});
after(async () => {
  await consoles.stop();
  await hub.close();
  await t.close();
});

async function until(fits: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!fits()) {
    assert.ok(Date.now() < end, JSON.stringify(told()));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let macs = 0;
async function machine(status: MachineStatus, powerType = "ipmi"): Promise<string> {
  macs += 1;
  const power =
    powerType === "ipmi"
      ? {
          power_parameters_power_address: "192.0.2.1",
          power_parameters_power_user: "u",
          power_parameters_power_pass: "calvin12",
        }
      : {};
  const reply = await t.request(t.admin, "POST", "/machines/", {
    form: {
      architecture: "amd64",
      mac_addresses: `52:54:00:00:01:0${macs}`,
      commission: "false",
      power_type: powerType,
      ...power,
    },
  });
  assert.equal(reply.status, 200, reply.text);
  const { system_id } = reply.json as { system_id: string };
  await become(system_id, status);
  return system_id;
}

async function become(systemId: string, status: MachineStatus): Promise<void> {
  await t.db.kysely
    .updateTable("node")
    .set({ status: statusCode[status], status_deadline: isWaiting(status) ? t.clock.now() : null })
    .where("system_id", "=", systemId)
    .execute();
  consoles.wake();
}

test("the consoles of machines that wait are read, with what it takes, until they wait no more", async () => {
  await machine("ready");
  await machine("deploying", "manual");
  const id = await machine("deploying");
  await until(() => told().length === 1);
  assert.deepEqual(
    told()[0]?.machines.map(({ systemId, powerType }) => [systemId, powerType]),
    [[id, "ipmi"]],
  );
  assert.equal(told()[0]?.machines[0]?.parameters["power_pass"], "calvin12");

  consoles.wake();
  const another = await machine("commissioning");
  await until(() => told().length === 2);
  assert.deepEqual(
    told()[1]
      ?.machines.map((m) => m.systemId)
      .sort(),
    [id, another].sort(),
  );
  await become(id, "deployed");
  await become(another, "ready");
  await until(() => told().at(-1)?.machines.length === 0);
});

test("a rack is told again before its word runs out, a new one is told, and one that never held any is left in peace", async () => {
  const before = told().length;
  t.racks.connect({ nodeId: 9002 });
  const id = await machine("testing");
  await until(() => told().length === before + 1);
  t.clock.advance(CONSOLE_LEASE_MS / 2 + 1000);
  consoles.wake();
  await until(() => told().length === before + 2);
  assert.deepEqual(
    told()
      .slice(before)
      .map((call) => call.nodeId),
    [9001, 9001],
  );
  await become(id, "ready");
  await until(() => told().at(-1)?.machines.length === 0);
});

test("enable_console_evidence switches it off, and lets go of all", async () => {
  const id = await machine("entering_rescue_mode");
  await until(() => told().at(-1)?.machines[0]?.systemId === id);
  const reply = await t.request(t.admin, "POST", "/maas/?op=set_config", {
    form: { name: "enable_console_evidence", value: "false" },
  });
  assert.equal(reply.status, 200, reply.text);
  await until(() => told().at(-1)?.machines.length === 0);
});

test("what a console said is in the timeline of its machine", async () => {
  const id = await machine("deploying");
  const detail = { systemId: id, bootEpoch: 0, kind: "kernel", outcome: "failed" };
  const text = "Kernel panic - not syncing";
  await recordEvidence(t.region, [{ source: "console", mac: null, address: null, text, detail, at: Date.now() }]);
  const reply = await t.request(t.admin, "GET", `/machines/${id}/?op=timeline&source=console`);
  const { items } = reply.json as { items: { text: string; level: string }[] };
  assert.deepEqual(
    items.map((item) => [item.text, item.level]),
    [[text, "warning"]],
  );
});
