import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { renderVendorData } from "../preseed/preseed.ts";
import { vmHostScript } from "./setup.ts";

const PASSWORD = "abcdefghijklmnop-_123";

test("vendor-data of a VM host is a cloud-config and a script", () => {
  const script = vmHostScript(PASSWORD);
  const config = { system_info: { default_user: { name: "debian" } } };
  const [text = "", ...parts] =
    (parse(renderVendorData(config, script)) as Record<string, string[]>)["cloud-init"] ?? [];
  assert.equal(text.split("\n")[0], "#cloud-config");
  assert.deepEqual([parse(text), parts], [config, [script]]);
});

test("the password is said to chpasswd's input alone, and is none that a shell would understand", () => {
  const lines = vmHostScript(PASSWORD).split("\n");
  assert.deepEqual(
    lines.filter((line) => line.includes(PASSWORD)),
    [`virsh:${PASSWORD}`],
  );
  assert.match(lines[lines.indexOf(`virsh:${PASSWORD}`) - 1] ?? "", /^chpasswd <</);
  assert.throws(() => vmHostScript("$(reboot) aaaaaaaaaaaaaaaa"));
});
