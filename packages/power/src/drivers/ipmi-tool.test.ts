import assert from "node:assert/strict";
import { test } from "node:test";
import type { PowerErrorKind } from "../driver.ts";
import type { Outside } from "../outside.ts";
import { realOutside } from "../outside.ts";
import { runProgram } from "../outside/run-program.ts";
import { powerOn, powerQuery } from "../run.ts";
import { ipmi } from "./ipmi.ts";

/** What ipmitool 1.8.19 printed with -v for real and simulated BMCs; the last three are from reports of its users. */
const texts: [text: string, kind: PowerErrorKind][] = [
  ["RAKP 2 message indicates an error : unauthorized name\nError: Unable to establish IPMI v2 / RMCP+ session", "auth"],
  ["> RAKP 2 HMAC is invalid\nError: Unable to establish IPMI v2 / RMCP+ session", "auth"],
  ["> RAKP 4 message has invalid integrity check value\nError: Unable to establish IPMI v2 / RMCP+ session", "auth"],
  ["Invalid user name\nError: Unable to establish LAN session", "auth"],
  ["Activate Session command failed\nError: Unable to establish LAN session", "auth"],
  ["Set Chassis Power Control to Up/On failed: Insufficient privilege level", "auth"],
  ["Set Session Privilege Level to OPERATOR failed: Insufficient privilege level", "auth"],
  ["Set Session Privilege Level to OPERATOR failed: Unknown (0x81)", "auth"],
  // No reply to that, as when the BMC is busy: there is no reason behind it.
  ["Set Session Privilege Level to OPERATOR failed\nError: Unable to establish IPMI v2 / RMCP+ session", "timeout"],
  ["Get Auth Capabilities error\nError issuing Get Channel Authentication Capabilities request", "unreachable"],
  ["Get Auth Capabilities command failed\nError: Unable to establish LAN session", "unreachable"],
  ["Address lookup for nosuch.invalid failed\nCould not open socket!", "unreachable"],
  ["Error in open session response message : invalid authentication algorithm", "refused"],
  ["Get Chassis Power Status failed: Unspecified error", "refused"],
  ["Unable to get Chassis Power Status\nClose Session command failed", "timeout"],
  ["Error in open session response message : no matching cipher suite with integrity and confidentiality", "refused"],
  ["> Error: no response from RAKP 1 message\nError: Received an Unexpected RAKP 2 message", "timeout"],
  ["Password is longer than 20 bytes.", "auth"],
];

const saying = (stderr: string, code = 1): Outside => ({
  ...realOutside,
  run: async () => ({ code, stdout: "", stderr: `Loading IANA PEN Registry...\n${stderr}\n` }),
});
const settings = { power_address: "10.0.0.9", power_user: "u", power_pass: "p4ss", cipher_suite_id: "3" };
const timing = { attempts: 1 };

for (const [text, kind] of texts)
  test(`ipmitool says: ${text.split("\n", 1)[0]}`, async () => {
    const order = { driver: ipmi, settings, timing, outside: saying(text) };
    await assert.rejects(powerOn(order), { kind, message: /switching on by the IPMI BMC 10\.0\.0\.9: / });
    await assert.rejects(powerQuery(order), { kind });
  });

test("an exit code of 0 without the sentence of success is no success", async () => {
  const failed = saying("> RAKP 4 message has invalid integrity check value\nError: Unable to establish IPMI v2", 0);
  await assert.rejects(powerQuery({ driver: ipmi, settings, timing, outside: failed }), { kind: "auth" });
  await assert.rejects(powerOn({ driver: ipmi, settings, timing, outside: saying("", 0) }), { kind: "refused" });
});

test("arguments: address with port, level, suite, workaround; the secrets are in the environment only", async () => {
  let seen = { args: [] as readonly string[], env: {} as Record<string, string> };
  const run: Outside["run"] = async ({ args, env }) => {
    seen = { args, env: { ...env } };
    return { code: 0, stdout: "Chassis Power is on\n", stderr: "" };
  };
  const full = {
    ...settings,
    power_address: "[fe80::1]:6230",
    privilege_level: "ADMIN",
    cipher_suite_id: "17",
    workaround_flags: ["opensesspriv", "supermicro20"],
    k_g: "0xff0a",
  };
  assert.equal(await powerQuery({ driver: ipmi, settings: full, outside: { ...realOutside, run } }), "on");
  const tool =
    "-v -I lanplus -H fe80::1 -p 6230 -N 1 -R 2 -L ADMINISTRATOR -C 17 -U u -o supermicro -K -E chassis power status";
  assert.equal(seen.args.slice(3).join(" "), tool);
  assert.deepEqual(seen.env, { IPMI_PASSWORD: "p4ss", RACKWRIGHT_KG: "\\377\\012" });
  assert.ok(!seen.args.join(" ").includes("p4ss"));
});

test("a program that is not installed is named", async () => {
  const command = { file: "no-such-bmc-tool", args: [], env: {} };
  await assert.rejects(runProgram(command, new AbortController().signal), {
    kind: "unsupported",
    message: /no-such-bmc-tool is not installed/,
  });
});

test("a program is killed when the caller gives up", async () => {
  const abort = new AbortController();
  const running = runProgram({ file: "sleep", args: ["60"], env: {} }, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(running, /enough/);
});
