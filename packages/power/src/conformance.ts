/** What every queryable driver must do, against a BMC that is real or speaks its protocol. A new driver calls this in a test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PowerDriver } from "./driver.ts";
import { PowerError } from "./driver.ts";
import type { PowerErrorKind } from "./driver.ts";
import type { PowerOrder, PowerStep, Timing } from "./run.ts";
import { powerCycle, powerOff, powerOn, powerQuery } from "./run.ts";
import { checkSettings } from "./settings.ts";

export interface Bench extends AsyncDisposable {
  settings: Record<string, unknown>;
  wrongPassword: Record<string, unknown>;
  /** An address where nothing answers. */
  unreachable: Record<string, unknown>;
  /** The truth, past the driver. */
  state: () => Promise<"on" | "off">;
  setState: (state: "on" | "off") => Promise<void>;
  /** The BMC takes requests and does not finish them. */
  hang: (hung: boolean) => Promise<void>;
}

/** Short enough for a test, long enough for a program to start on a loaded machine. */
const timing: Partial<Timing> = { attempts: 1, pauseMs: 10, attemptMs: 15_000, settleMs: 10_000, pollMs: 50 };

export function conformance(
  driver: PowerDriver,
  startBench: () => Promise<Bench>,
  options: { skip?: string } = {},
): void {
  const check = (what: string, body: (bench: Bench, order: PowerOrder) => Promise<void>) => {
    void test(`${driver.name}: ${what}`, options.skip === undefined ? {} : { skip: options.skip }, async () => {
      await using bench = await startBench();
      await body(bench, { driver, settings: bench.settings, timing });
    });
  };

  check("its bench has settings that pass validation", async (bench) => {
    for (const settings of [bench.settings, bench.wrongPassword, bench.unreachable])
      assert.deepEqual(checkSettings(driver, settings).ok, true);
  });

  check("query tells what is", async (bench, order) => {
    for (const state of ["on", "off", "on"] as const) {
      await bench.setState(state);
      assert.equal(await powerQuery(order), state);
    }
  });

  check("on and off are done when they return, and may be repeated", async (bench, order) => {
    for (const [act, state] of [
      [powerOn, "on"],
      [powerOn, "on"],
      [powerOff, "off"],
      [powerOff, "off"],
    ] as const) {
      await act(order);
      assert.equal(await bench.state(), state);
    }
  });

  check("cycle passes through off, and only switches on what is off", async (bench, order) => {
    const steps: PowerStep[] = [];
    const seen: string[] = [];
    const noted = {
      ...order,
      steps: async (step: PowerStep) => (steps.push(step), void seen.push(await bench.state())),
    };
    await bench.setState("on");
    await powerCycle(noted);
    assert.deepEqual(steps, ["found_on", "off_sent", "observed_off", "on_sent", "observed_on"]);
    assert.deepEqual(seen, ["on", "off", "off", "on", "on"]);
    await bench.setState("off");
    steps.length = 0;
    await powerCycle(noted);
    assert.deepEqual(steps, ["observed_off", "on_sent", "observed_on"]);
    assert.equal(await bench.state(), "on");
  });

  check("a wrong password is auth, and says nothing of the password", async (bench, order) => {
    const settings = bench.wrongPassword;
    await failsWith("auth", () => powerQuery({ ...order, settings }), settings);
    await failsWith("auth", () => powerOn({ ...order, settings }), settings);
    assert.equal(await bench.state(), "off");
  });

  check("nothing at the address is unreachable, within the time limit", async (bench, order) => {
    const start = performance.now();
    await failsWith("unreachable", () => powerQuery({ ...order, settings: bench.unreachable }), bench.unreachable);
    assert.ok(performance.now() - start < 14_000);
  });

  check("a BMC that takes a request and never finishes it is a timeout", async (bench, order) => {
    await bench.hang(true);
    await failsWith("timeout", () => powerQuery({ ...order, timing: { ...timing, attemptMs: 1500 } }), bench.settings);
  });

  check("giving up ends it at once", async (bench, order) => {
    await bench.hang(true);
    const why = new Error("the user pressed abort");
    const abort = new AbortController();
    const asked = powerQuery({ ...order, signal: abort.signal });
    setTimeout(() => abort.abort(why), 300);
    const start = performance.now();
    await assert.rejects(asked, (error) => error === why);
    assert.ok(performance.now() - start < 3000);
  });
}

async function failsWith(
  kind: PowerErrorKind,
  act: () => Promise<unknown>,
  settings: Record<string, unknown>,
): Promise<void> {
  await assert.rejects(act, (error) => {
    assert.ok(error instanceof PowerError, String(error));
    assert.equal(error.kind, kind, error.message);
    for (const name of ["power_pass", "power_token", "k_g"]) {
      const secret = settings[name];
      if (typeof secret === "string" && secret !== "") assert.ok(!error.message.includes(secret), error.message);
    }
    return true;
  });
}
