import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { EvidenceItem, WatchedConsole } from "@rackwright/contract/rack-protocol";
import { PowerError } from "@rackwright/power/driver";
import { type ConsoleSource, ConsoleWatch } from "./watch.ts";

const machine = (systemId: string, more: Partial<WatchedConsole> = {}): WatchedConsole => ({
  systemId,
  bootEpoch: 3,
  powerType: "ipmi",
  parameters: { power_address: "10.0.0.1", power_user: "maas", power_pass: "calvin12" },
  ...more,
});

/** Consoles that the test writes to. */
function scene(refuse?: (opened: number) => PowerError | undefined) {
  const said: Omit<EvidenceItem, "at">[] = [];
  const open = new Map<string, (text: string) => void>();
  let opened = 0;
  let waiting: { fits: () => boolean; resolve: () => void }[] = [];
  const look = () => {
    for (const one of waiting) if (one.fits()) one.resolve();
    waiting = waiting.filter((one) => !one.fits());
  };
  const source: ConsoleSource = async ({ systemId }, onText, signal) => {
    opened += 1;
    queueMicrotask(look);
    const error = refuse?.(opened);
    if (error) throw error;
    assert.ok(!open.has(systemId), "one reader at a time");
    open.set(systemId, onText);
    look();
    if (!signal.aborted) await once(signal, "abort");
    await new Promise((resolve) => setImmediate(resolve)); // saying goodbye takes a moment
    open.delete(systemId);
    queueMicrotask(look);
  };
  const watch = new ConsoleWatch({
    source,
    onEvidence: (item) => {
      said.push(item);
      look();
    },
    retryMs: { first: 1, most: 4 },
    leaseMs: 60_000,
  });
  const until = (fits: () => boolean) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ fits, resolve });
    look();
    return promise;
  };
  return { watch, source, said, open, opened: () => opened, until };
}

test("lines of note become evidence of that machine and boot, without secrets; a prompt too", async () => {
  const s = scene();
  s.watch.watch([machine("abc")]);
  await s.until(() => s.open.has("abc"));
  const print = s.open.get("abc");
  print?.("nothing of note\r\n[    1.500000] Kernel panic - not syncing: calvin12 pass");
  print?.("word=tiger\r\n\r\nbios1 login: ");
  await s.until(() => s.said.length === 2);
  assert.deepEqual(s.said, [
    {
      source: "console",
      mac: null,
      address: null,
      text: "Kernel panic - not syncing: [hidden] password=[hidden]",
      detail: { systemId: "abc", bootEpoch: 3, kind: "kernel", outcome: "failed" },
    },
    {
      source: "console",
      mac: null,
      address: null,
      text: "bios1 login:",
      detail: { systemId: "abc", bootEpoch: 3, kind: "login" },
    },
  ]);
  await s.watch.close();
  assert.equal(s.open.size, 0);
});

test("half a line is no prompt", async () => {
  const s = scene();
  s.watch.watch([machine("abc"), machine("def")]);
  await s.until(() => s.open.size === 2);
  s.open.get("abc")?.("rackwright: stage=downl");
  s.open.get("def")?.("bios1 login: "); // said after the same pause, and begun later
  await s.until(() => s.said.length > 0);
  assert.deepEqual(
    s.said.map(({ text }) => text),
    ["bios1 login:"],
  );
  await s.watch.close();
});

test("what is not named any more is let go, what is goes on, and another boot opens it anew after the first is closed", async () => {
  const s = scene();
  s.watch.watch([machine("abc"), machine("def")]);
  await s.until(() => s.open.size === 2);
  s.watch.watch([machine("abc")]);
  await s.until(() => s.open.size === 1);
  assert.ok(s.open.has("abc"));
  assert.equal(s.opened(), 2);
  s.watch.watch([machine("abc", { bootEpoch: 4 })]);
  await s.until(() => s.opened() === 3 && s.open.size === 1);
  s.open.get("abc")?.("No bootable device.\n");
  assert.equal(s.said.at(-1)?.detail?.["bootEpoch"], 4);
  await s.watch.close();
});

test("that it cannot be opened is said once, and tried again without a word", async () => {
  const s = scene((n) => (n < 5 ? new PowerError("refused", "opening: somebody else has it open") : undefined));
  s.watch.watch([machine("abc")]);
  await s.until(() => s.open.size === 1);
  assert.equal(s.opened(), 5);
  assert.deepEqual(
    s.said.map(({ text, detail }) => [text, detail?.["outcome"]]),
    [["opening: somebody else has it open", "failed"]],
  );
  await s.watch.close();
});

test("where there is no console it is not tried again", async () => {
  const s = scene(() => new PowerError("unsupported", "Serial over LAN is off"));
  s.watch.watch([machine("abc")]);
  await s.until(() => s.said.length === 1);
  s.watch.watch([machine("abc")]);
  await s.watch.close();
  assert.equal(s.opened(), 1);
  assert.equal(s.said.length, 1);
});

test("a rack that hears nothing of its region lets go", async () => {
  const s = scene();
  const watch = new ConsoleWatch({ source: s.source, onEvidence: () => {}, leaseMs: 20 });
  watch.watch([machine("abc")]);
  const alive = setInterval(() => {}, 1000); // its own timer keeps nobody alive
  await s.until(() => s.open.size === 1);
  await s.until(() => s.open.size === 0);
  clearInterval(alive);
  await watch.close();
});
