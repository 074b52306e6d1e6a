import assert from "node:assert/strict";
import { test } from "node:test";
import type { PowerState } from "./driver.ts";
import { PowerError, powerDriver } from "./driver.ts";
import { manual } from "./drivers/manual.ts";
import type { PowerOrder, PowerStep } from "./run.ts";
import { powerCycle, powerOff, powerOn, powerQuery } from "./run.ts";

/** A machine in memory, whose switches may fail as told. */
function bench(start: "on" | "off") {
  const it = {
    state: start as PowerState,
    sent: [] as string[],
    failures: [] as (Error | undefined)[],
    sluggish: 0,
    pending: start as PowerState,
  };
  const call = (what: string) => {
    it.sent.push(what);
    const failure = it.failures.shift();
    if (failure) throw failure;
  };
  const driver = powerDriver({
    name: "memory",
    description: "Memory",
    settings: { power_address: { label: "Address", kind: "text", required: true } },
    queryable: true,
    canSetBootOrder: false,
    addressSetting: "power_address",
    query: async () => {
      call("query");
      if (it.sluggish > 0) it.sluggish--;
      else it.state = it.pending;
      return it.state;
    },
    on: async () => (call("on"), void (it.pending = "on")),
    off: async () => (call("off"), void (it.pending = "off")),
    setBootDevice: async (_attempt, device) => call(`boot ${device}`),
  });
  const steps: PowerStep[] = [];
  const order: PowerOrder = {
    driver,
    settings: { power_address: "bmc-7" },
    timing: { attempts: 3, pauseMs: 1, attemptMs: 1000, settleMs: 200, pollMs: 1 },
    steps: (step) => void steps.push(step),
  };
  return { it, order, steps };
}

const dead = () => new PowerError("unreachable", "no answer");

test("only unreachable is tried again, and not for ever", async () => {
  const { it, order } = bench("off");
  it.failures = [dead(), dead()];
  assert.equal(await powerQuery(order), "off");
  it.failures = [dead(), dead(), dead()];
  await assert.rejects(powerQuery(order), { kind: "unreachable" });
  for (const kind of ["auth", "refused", "unsupported", "timeout"] as const) {
    it.sent = [];
    it.failures = [new PowerError(kind, kind)];
    await assert.rejects(powerQuery(order), { kind });
    assert.deepEqual(it.sent, ["query"]);
  }
});

test("a switch is done when it is observed; when it never is, that is a timeout which names the BMC", async () => {
  const { it, order, steps } = bench("off");
  it.sluggish = 3;
  await powerOn(order);
  assert.deepEqual(it.sent, ["on", "query", "query", "query", "query"]);
  assert.deepEqual(steps, ["on_sent", "observed_on"]);
  it.sluggish = Number.POSITIVE_INFINITY;
  await assert.rejects(powerOff(order), { kind: "timeout", message: /bmc-7 .* switch off.* is on/ });
});

test("a BMC that is away while the machine switches is waited for, as long as a switch may take", async () => {
  const { it, order, steps } = bench("off");
  const once = { ...order, timing: { ...order.timing, attempts: 1 } };
  it.failures = [undefined, dead(), new PowerError("timeout", "stuck"), undefined];
  await powerOn(once);
  assert.deepEqual(it.sent, ["on", "query", "query", "query"]);
  assert.deepEqual(steps, ["on_sent", "observed_on"]);
  it.failures = [undefined, ...Array.from({ length: 10_000 }, dead)];
  await assert.rejects(powerOff({ ...once, timing: { ...once.timing, settleMs: 30 } }), /no answer|is unknown/);
  it.failures = [undefined, new PowerError("auth", "no")];
  await assert.rejects(powerOff(once), { kind: "auth" });
});

test("the boot device is set before on; a BMC that refuses it is switched on all the same", async () => {
  const { it, order, steps } = bench("off");
  await powerOn({ ...order, bootDevice: "pxe" });
  assert.deepEqual(it.sent, ["boot pxe", "on", "query"]);
  it.failures = [new PowerError("refused", "not implemented")];
  await powerOn({ ...order, bootDevice: "pxe" });
  assert.deepEqual(steps, ["boot_device_set", "on_sent", "observed_on", "on_sent", "observed_on"]);
  it.failures = [new PowerError("auth", "no")];
  await assert.rejects(powerOn({ ...order, bootDevice: "pxe" }), { kind: "auth" });
});

// What a crash leaves: the steps that were noted, and the machine as it is found. The switch may be one ahead of the notes.
const resumed: { done: PowerStep[]; found: "on" | "off"; sends: string[]; notes: PowerStep[] }[] = [
  {
    done: [],
    found: "on",
    sends: ["off", "on"],
    notes: ["found_on", "off_sent", "observed_off", "on_sent", "observed_on"],
  },
  { done: [], found: "off", sends: ["on"], notes: ["observed_off", "on_sent", "observed_on"] },
  {
    done: ["off_sent"],
    found: "on",
    sends: ["off", "on"],
    notes: ["found_on", "off_sent", "observed_off", "on_sent", "observed_on"],
  },
  { done: ["off_sent"], found: "off", sends: ["on"], notes: ["observed_off", "on_sent", "observed_on"] },
  {
    done: ["off_sent", "observed_off"],
    found: "off",
    sends: ["on"],
    notes: ["observed_off", "on_sent", "observed_on"],
  },
  { done: ["off_sent", "observed_off"], found: "on", sends: [], notes: ["on_sent", "observed_on"] },
  {
    done: ["off_sent", "observed_off", "on_sent"],
    found: "off",
    sends: ["on"],
    notes: ["observed_off", "on_sent", "observed_on"],
  },
  { done: ["off_sent", "observed_off", "on_sent"], found: "on", sends: [], notes: ["observed_on"] },
];
for (const { done, found, sends, notes } of resumed)
  test(`a cycle cut short after ${done.at(-1) ?? "nothing"} and found ${found}`, async () => {
    const { it, order, steps } = bench(found);
    await powerCycle(order, done);
    assert.deepEqual(
      it.sent.filter((what) => what !== "query"),
      sends,
    );
    assert.deepEqual(steps, notes);
    assert.equal(it.state, "on");
  });

test("a call that does not end is a timeout, and giving up rejects with the caller's reason", async () => {
  const { order } = bench("off");
  const query = ({ signal }: { signal: AbortSignal }) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  const hung = { ...order, driver: { ...order.driver, query } };
  await assert.rejects(powerQuery({ ...hung, timing: { attemptMs: 20 } }), { kind: "timeout", message: /bmc-7/ });
  const abort = new AbortController();
  const asked = powerQuery({ ...hung, signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(asked, /enough/);
  await assert.rejects(powerOn({ ...order, signal: abort.signal }), /enough/);
});

test("giving up while waiting for the state ends the wait", async () => {
  const { it, order } = bench("off");
  it.sluggish = Number.POSITIVE_INFINITY;
  const abort = new AbortController();
  const switched = powerOn({
    ...order,
    signal: abort.signal,
    timing: { settleMs: 60_000, pollMs: 30_000 },
    steps: () => {},
  });
  setTimeout(() => abort.abort(new Error("enough")), 20);
  await assert.rejects(switched, /enough/);
});

test("manual power is taken as done, and stays unknown", async () => {
  const steps: PowerStep[] = [];
  const order: PowerOrder = { driver: manual, settings: {}, steps: (step) => void steps.push(step) };
  await powerCycle(order);
  assert.deepEqual(steps, ["off_sent", "on_sent"]);
  assert.equal(await powerQuery(order), "unknown");
});
