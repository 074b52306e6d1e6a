import assert from "node:assert/strict";
import { test } from "node:test";
import { ipmiSimMissing, startIpmiSim } from "@rackwright/testkit/bmc/ipmi-sim";
import { freePort } from "@rackwright/testkit/free-port";
import { conformance } from "../conformance.ts";
import type { PowerError } from "../driver.ts";
import type { Outside } from "../outside.ts";
import { realOutside } from "../outside.ts";
import { powerOff, powerOn, powerQuery } from "../run.ts";
import { ipmi } from "./ipmi.ts";

const skip = ipmiSimMissing();
const maybe = skip === undefined ? {} : { skip };
const timing = { attempts: 1, settleMs: 5000, pollMs: 50 };

conformance(
  ipmi,
  async () => {
    const bmc = await startIpmiSim();
    const settings = {
      power_address: bmc.address,
      power_user: bmc.user,
      power_pass: bmc.password,
      cipher_suite_id: "3",
    };
    return {
      settings,
      wrongPassword: { ...settings, power_pass: "guessed" },
      unreachable: { ...settings, power_address: `127.0.0.1:${await freePort("udp")}` },
      state: bmc.power,
      setState: bmc.setPower,
      hang: bmc.hang,
      [Symbol.asyncDispose]: bmc.stop,
    };
  },
  maybe,
);

test("ipmi: with no suite set 17 is tried and then 3, which is all that ipmi_sim has", maybe, async () => {
  await using bmc = await startIpmiSim();
  const calls: string[][] = [];
  const outside: Outside = {
    ...realOutside,
    run: (command, signal) => (calls.push([...command.args]), realOutside.run(command, signal)),
  };
  const settings = { power_address: bmc.address, power_user: bmc.user, power_pass: bmc.password };
  assert.equal(await powerQuery({ driver: ipmi, settings, timing, outside }), "off");
  assert.deepEqual(
    calls.map((args) => args[args.indexOf("-C") + 1]),
    ["17", "3"],
  );
  assert.ok(!calls.flat().includes(bmc.password), "the password is in no argument");

  const only17 = powerQuery({ driver: ipmi, settings: { ...settings, cipher_suite_id: "17" }, timing });
  await assert.rejects(only17, { kind: "refused", message: /cipher suite 17/ });
  const guessed = powerQuery({ driver: ipmi, settings: { ...settings, power_pass: "guessed" }, timing });
  await assert.rejects(guessed, { kind: "auth" });
});

test("ipmi: IPMI 1.5, an unknown user, and a privilege that does not suffice", maybe, async () => {
  await using bmc = await startIpmiSim();
  const settings = { power_address: bmc.address, power_user: bmc.user, power_pass: bmc.password, power_driver: "LAN" };
  await powerOn({ driver: ipmi, settings, timing });
  assert.equal(await bmc.power(), "on");
  const refusals = [
    { power_user: "nobody" },
    { power_user: "nobody", power_driver: "LAN_2_0", cipher_suite_id: "3" },
    { power_pass: "guessed" },
    { privilege_level: "USER" },
  ];
  for (const change of refusals)
    await assert.rejects(
      powerOff({ driver: ipmi, settings: { ...settings, ...change }, timing }),
      (error: PowerError) => {
        assert.equal(error.kind, "auth", `${JSON.stringify(change)}: ${error.message}`);
        return true;
      },
    );
  assert.equal(await bmc.power(), "on");
});

test("ipmi: the boot device is set before switching on, and a soft power off is a shutdown", maybe, async () => {
  await using bmc = await startIpmiSim();
  const settings = {
    power_address: bmc.address,
    power_user: bmc.user,
    power_pass: bmc.password,
    cipher_suite_id: "3",
    power_boot_type: "efi",
    power_off_mode: "soft",
    workaround_flags: ["opensesspriv"],
  };
  await powerOn({ driver: ipmi, settings, timing, bootDevice: "pxe" });
  assert.equal(await bmc.boot(), "pxe");
  await powerOff({ driver: ipmi, settings, timing });
  assert.equal(await bmc.power(), "off");
  await powerOn({ driver: ipmi, settings, timing, bootDevice: "disk" });
  assert.equal(await bmc.boot(), "default");
});

test("ipmi: K_g as text and as hexadecimal, and a wrong one", maybe, async () => {
  await using bmc = await startIpmiSim({ bmcKey: "key-of-the-bmc" });
  const base = { power_address: bmc.address, power_user: bmc.user, power_pass: bmc.password, cipher_suite_id: "3" };
  const hex = `0x${Buffer.from("key-of-the-bmc").toString("hex")}`;
  for (const k_g of ["key-of-the-bmc", hex, `${hex}0000`])
    assert.equal(await powerQuery({ driver: ipmi, settings: { ...base, k_g }, timing }), "off");
  for (const k_g of ["another key", "0xff80fe0a"])
    await assert.rejects(powerQuery({ driver: ipmi, settings: { ...base, k_g }, timing }), {
      kind: "auth",
      message: /K_g/,
    });
});
