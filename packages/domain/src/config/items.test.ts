import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConfigItem, configItems, type ConfigName, configName, parseConfigValue } from "./items.ts";

const names = Object.keys(configItems) as ConfigName[];

test("every default is accepted by its own rule, and comes out as it is", () => {
  for (const name of names) {
    const item: ConfigItem = configItems[name];
    if (item.required && item.default === "") continue; // given at the first start
    const text = item.default === null ? "" : String(item.default);
    const parsed = parseConfigValue(name, text);
    // Lists that are empty are stored as such.
    assert.ok(parsed === item.default || (item.default === null && parsed === ""), `${name}: ${String(parsed)}`);
  }
});

test("every choice is accepted and nothing else is; required ones are never empty", () => {
  for (const name of names) {
    const item: ConfigItem = configItems[name];
    for (const choice of item.choices ?? []) assert.equal(parseConfigValue(name, String(choice)), choice);
    if (item.kind === "choice")
      assert.throws(() => parseConfigValue(name, "nonsense"), { code: "invalid_fields" }, name);
    if (item.required) assert.throws(() => parseConfigValue(name, " "), { code: "invalid_fields" }, name);
  }
});

test("refusals name the setting", () => {
  const bad: [ConfigName, string][] = [
    ["node_timeout", "-1"],
    ["node_timeout", "ten"],
    ["node_timeout", "1e3"],
    ["node_timeout", "0"],
    ["session_length", "9"],
    ["session_length", "1209601"],
    ["http_proxy", "ftp://x"],
    ["http_proxy", "http://a b"],
    ["http_proxy", "http://x\nhttp://y"],
    ["upstream_dns", "not-an-ip"],
    ["ntp_servers", "a;b"],
    ["hardware_sync_interval", "soon"],
  ];
  for (const [name, text] of bad)
    assert.throws(
      () => parseConfigValue(name, text),
      (error: { fields?: Record<string, string[]> }) => (error.fields?.[name]?.length ?? 0) > 0,
      `${name}=${text}`,
    );
});

test("older spellings of names; unknown ones are refused, also those of every object", () => {
  assert.equal(configName("ntp-server"), "ntp_servers");
  assert.equal(configName(" kernel_opts "), "kernel_opts");
  for (const name of ["nothing", "", "constructor", "toString", "__proto__", "hasOwnProperty"])
    assert.throws(() => configName(name), { code: "invalid_fields" }, name);
});

test("booleans as clients write them", () => {
  for (const text of ["true", "True", "1", "yes", "on"])
    assert.equal(parseConfigValue("enlist_commissioning", text), true, text);
  for (const text of ["false", "False", "0", "no", "off", ""])
    assert.equal(parseConfigValue("enlist_commissioning", text), false, text);
});
