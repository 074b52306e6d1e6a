import assert from "node:assert/strict";
import { test } from "node:test";
import { ipmi } from "./drivers/ipmi.ts";
import { manual } from "./drivers/manual.ts";
import { webhook } from "./drivers/webhook.ts";
import { powerDriverNamed, powerDrivers } from "./registry.ts";
import { checkSettings, maskSecrets, settingNames, settingsFor } from "./settings.ts";

test("required parameters with a default take it, without one they are asked for", () => {
  assert.deepEqual(checkSettings(ipmi, { power_address: " 10.0.0.1 ", power_driver: "" }), {
    ok: true,
    values: { power_address: "10.0.0.1", power_driver: "LAN_2_0" },
  });
  assert.deepEqual(checkSettings(ipmi, {}), { ok: false, errors: { power_address: ["This field is required."] } });
});

test("unknown parameters are refused, unless the check is skipped", () => {
  const checked = checkSettings(manual, { power_address: "x" });
  assert.deepEqual(checked, {
    ok: false,
    errors: { power_address: ["Unknown parameter of power type manual: it takes none."] },
  });
  assert.deepEqual(checkSettings(manual, { power_address: "x" }, { skipCheck: true }), {
    ok: true,
    values: { power_address: "x" },
  });
});

test("each kind complains about what it cannot use", () => {
  const complaints = (driver: typeof ipmi, given: Record<string, unknown>) => {
    const checked = checkSettings(driver, given);
    return checked.ok ? [] : Object.keys(checked.errors).sort();
  };
  const bad = {
    power_driver: "USB",
    mac_address: "52:54",
    k_g: "0xabc",
    workaround_flags: "intel20,none",
    power_user: "a\nb",
  };
  assert.deepEqual(complaints(ipmi, { power_address: "-H", ...bad }), ["power_address", ...Object.keys(bad)].sort());
  const good = {
    power_address: "[fe80::1]:6230",
    power_driver: "LAN",
    mac_address: "52-54-00-AA-bb-cc",
    cipher_suite_id: "",
    k_g: "0x00112233445566778899aabbccddeeff00112200",
    workaround_flags: "intel20, sun20",
  };
  assert.deepEqual(complaints(ipmi, good), ["k_g"], "a zero byte inside");
  assert.deepEqual(complaints(ipmi, { ...good, k_g: "0x112200" }), []);
  const url = "http://10.0.0.1/x";
  const uris = { power_on_uri: url, power_off_uri: url, power_query_uri: url };
  assert.deepEqual(complaints(webhook, uris), []);
  const wrong = {
    power_on_uri: "ftp://h/",
    power_off_uri: "http://u:p@h/",
    power_query_uri: "nowhere",
    power_on_regex: "(",
  };
  assert.deepEqual(complaints(webhook, wrong), Object.keys(wrong).sort());
});

test("addresses with and without a port", () => {
  const accepted = ["bmc-1.example", "10.0.0.1", "10.0.0.1:6230", "::1", "[::1]", "[::1]:623"];
  const refused = ["10.0.0.1:0", "10.0.0.1:70000", "a b", "[10.0.0.1]", "a:b", "-x", "a/b"];
  for (const power_address of accepted) assert.equal(checkSettings(ipmi, { power_address }).ok, true, power_address);
  for (const power_address of refused) assert.equal(checkSettings(ipmi, { power_address }).ok, false, power_address);
});

test("secrets and what nobody knows are masked; empty ones show that they are empty", () => {
  const stored = { power_address: "h", power_user: "u", power_pass: "p", k_g: "", old_secret: "x" };
  assert.deepEqual(maskSecrets(ipmi, stored), { ...stored, power_pass: "********", old_secret: "********" });
});

test("names by scope", () => {
  assert.deepEqual(
    settingNames(ipmi, (setting) => setting.scope === "machine"),
    ["mac_address"],
  );
  assert.deepEqual(
    settingNames(webhook, (setting) => setting.secret === true),
    ["power_pass", "power_token"],
  );
});

test("a driver gets every parameter it names", () => {
  for (const driver of powerDrivers.values())
    assert.deepEqual(Object.keys(settingsFor(driver, { nonsense: "1" })), Object.keys(driver.settings));
  assert.equal(settingsFor(ipmi, { power_pass: " blank " })["power_pass"], " blank ");
});

test("no power type and an unknown one are named as such", () => {
  assert.throws(() => powerDriverNamed(""), /no power type/);
  assert.throws(() => powerDriverNamed("steam"), {
    kind: "unsupported",
    message: /ipmi, manual, ucsm, virsh, webhook/,
  });
});
