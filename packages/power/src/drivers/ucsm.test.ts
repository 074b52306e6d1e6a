import assert from "node:assert/strict";
import { test } from "node:test";
import { startUcsManager, type UcsManager } from "@rackwright/testkit/bmc/ucsm";
import { listChassis } from "../chassis.ts";
import { conformance } from "../conformance.ts";
import { powerOn, powerQuery } from "../run.ts";
import { ucsm } from "./ucsm.ts";

const timing = { attempts: 1, attemptMs: 5000, settleMs: 5000, pollMs: 20 };

const settingsOf = ({ url, user, password, servers }: UcsManager, at = 0) => ({
  uuid: servers[at]?.uuid.toUpperCase() ?? "",
  power_address: url,
  power_user: user,
  power_pass: password,
});

conformance(ucsm, async () => {
  const manager = await startUcsManager();
  const [blade] = manager.servers;
  assert.ok(blade);
  return {
    settings: settingsOf(manager),
    wrongPassword: { ...settingsOf(manager), power_pass: "guessed" },
    // Discard, where nobody listens.
    unreachable: { ...settingsOf(manager), power_address: "http://127.0.0.1:9" },
    state: async () => (blade.power === "on" ? "on" : "off"),
    setState: async (state) => void (blade.power = state),
    hang: async (hung) => void (manager.hung = hung),
    [Symbol.asyncDispose]: manager.stop,
  };
});

test("ucsm: each session is ended, also when what was asked failed", async () => {
  await using manager = await startUcsManager();
  await powerOn({ driver: ucsm, settings: settingsOf(manager), timing });
  await assert.rejects(powerOn({ driver: ucsm, settings: settingsOf(manager, 1), timing }), {
    kind: "refused",
    message: /sys\/rack-unit-1 has no service profile/,
  });
  assert.equal(manager.sessions.size, 0);
  assert.equal(
    manager.methods.filter((m) => m === "aaaLogin").length,
    manager.methods.filter((m) => m === "aaaLogout").length,
  );
});

test("ucsm: what is neither on nor off is unknown; a server that is not there is named", async () => {
  await using manager = await startUcsManager();
  const [blade] = manager.servers;
  assert.ok(blade);
  blade.power = "test";
  assert.equal(await powerQuery({ driver: ucsm, settings: settingsOf(manager), timing }), "unknown");
  const uuid = "00000000-2fa1-11d2-0101-b9a761bde3fb";
  const settings = { ...settingsOf(manager), uuid };
  await assert.rejects(powerQuery({ driver: ucsm, settings, timing }), { kind: "refused", message: new RegExp(uuid) });
});

test("ucsm: what is no UCS Manager is refused with what it says", async () => {
  await using manager = await startUcsManager();
  for (const [text, message] of [
    ["<html><body>Welcome<br></html>", /no XML: <html>/],
    ["<aaaLogin response='yes'/>", /without a session/],
    ['<aaaLogin response="yes" errorCode="572" errorDescr="maximum session limit reached"/>', /maximum session limit/],
  ] as const) {
    manager.instead = [text];
    await assert.rejects(powerQuery({ driver: ucsm, settings: settingsOf(manager), timing }), {
      kind: "refused",
      message,
    });
  }
});

test("ucsm: servers with a service profile are listed, with their MAC addresses", async () => {
  await using manager = await startUcsManager();
  const { uuid: _, ...settings } = settingsOf(manager);
  assert.deepEqual(await listChassis({ type: "ucsm", settings, limitMs: 10_000 }), [
    {
      name: "web-1",
      architecture: "amd64/generic",
      cores: 16,
      memoryMib: 65_536,
      macs: ["00:25:b5:00:00:1a", "00:25:b5:00:00:1b"],
      parameters: { uuid: "1b4e28ba-2fa1-11d2-0101-b9a761bde3fb" },
    },
  ]);
  assert.equal(manager.sessions.size, 0);
  manager.hung = true;
  await assert.rejects(listChassis({ type: "ucsm", settings, limitMs: 200 }), { kind: "timeout", message: /listing/ });
  await assert.rejects(listChassis({ type: "abacus", settings, limitMs: 200 }), { kind: "unsupported" });
});
