import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { appendChange } from "@rackwright/db/change";
import { transaction } from "@rackwright/db/connect";
import { type NotifyHub, notifyHub } from "@rackwright/db/notify";
import { testDatabase, type TestDatabase } from "@rackwright/db/testing/database";
import { until } from "@rackwright/testkit/until";
import { pino } from "pino";
import { memoryRacks } from "../testing/memory-racks.ts";
import { reconciler, type ReconcilerSpec } from "./reconciler.ts";

let t: TestDatabase;
let hub: NotifyHub;
before(async () => {
  t = await testDatabase();
  hub = notifyHub({ connection: t.connection });
});
after(async () => {
  await hub?.close();
  await t?.close();
});

const change = (entity: string) =>
  transaction(t.db, (tx) => appendChange(tx, { kind: "update", entity, entityId: "1" }));

/** Start one that does `run`, do `work` with it, and stop it whatever happens. */
async function during(
  spec: Partial<ReconcilerSpec<{ log: pino.Logger; racks: ReturnType<typeof memoryRacks> }>>,
  work: (loop: { wake(): void }, logged: string[], racks: ReturnType<typeof memoryRacks>) => Promise<void>,
): Promise<void> {
  const logged: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void logged.push(line) });
  const racks = memoryRacks();
  const loop = reconciler({ name: "test", everySeconds: 3600, on: ["subnet"], run: async () => {}, ...spec });
  await loop.start({ log, racks }, hub);
  try {
    await work(loop, logged, racks);
  } finally {
    await loop.stop();
  }
}

test("it runs at once, and when an entity of its changes, and not for others", async () => {
  let runs = 0;
  const run = async () => void runs++;
  await during({ run, onRacks: true }, async (loop, _, racks) => {
    await until(() => runs === 1, { what: "the first run" });
    await change("machine");
    await change("subnet");
    await until(() => runs === 2, { what: "a run for the subnet" });
    racks.connect({ nodeId: 1 });
    await until(() => runs === 3, { what: "a run for the rack" });
    loop.wake();
    await until(() => runs === 4);
  });
});

test("changes that come together are one run, and one that comes during a run is not lost", async () => {
  let runs = 0;
  let held = Promise.withResolvers<void>();
  const run = async () => {
    runs++;
    await held.promise;
  };
  await during({ run }, async () => {
    await until(() => runs === 1);
    for (let i = 0; i < 20; i++) await change("subnet");
    const first = held;
    held = Promise.withResolvers();
    held.resolve();
    first.resolve();
    await until(() => runs === 2, { what: "a second run" });
    await change("subnet");
    await until(() => runs === 3, { what: "a third run, so that there was no other between" });
  });
});

test("never two runs at once", async () => {
  let now = 0;
  let most = 0;
  let runs = 0;
  const run = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    runs++;
  };
  await during({ run }, async (loop) => {
    await until(() => {
      loop.wake();
      return runs >= 5;
    });
  });
  assert.equal(most, 1);
});

test("a run that fails is logged with its name and run again without any wake-up", async () => {
  let runs = 0;
  const run = async () => {
    if (++runs === 1) throw new Error("the wire is cut");
  };
  await during({ run }, async (_, logged) => {
    await until(() => runs === 2, { what: "the second attempt" });
    await until(() => logged.some((line) => line.includes("succeeded again")));
    const [failure] = logged.map(
      (line) => JSON.parse(line) as { reconciler: string; err: { message: string }; msg: string },
    );
    assert.equal(failure?.reconciler, "test");
    assert.equal(failure.err.message, "the wire is cut");
    assert.match(failure.msg, /next attempt is in 0\.5 s/);
  });
});

test("stopping waits for the run under way, and tells it", async () => {
  let ended = false;
  let began = false;
  const run = async (_: unknown, signal: AbortSignal) => {
    began = true;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, 20)));
    ended = true;
  };
  await during({ run }, async () => void (await until(() => began)));
  assert.equal(ended, true);
});
