import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { renderPreseed, renderVendorData } from "./preseed.ts";

const credentials = { consumerKey: "ck", tokenKey: "tk", tokenSecret: "ts" };
const common = {
  metadataUrl: "http://10.0.0.1:5248/MAAS/metadata/",
  credentials,
  statusUrl: "http://10.0.0.1:5248/MAAS/metadata/status/abc123",
  afterwards: { mode: "poweroff", timeoutSeconds: 3600 },
} as const;

test("the preseed of a known machine, word for word", () => {
  assert.equal(
    renderPreseed(common),
    `#cloud-config
datasource:
  MAAS:
    metadata_url: http://10.0.0.1:5248/MAAS/metadata/
    max_wait: 60
    timeout: 10
    consumer_key: ck
    token_key: tk
    token_secret: ts
manage_etc_hosts: true
cloud_init_modules:
  - write-files
  - set_hostname
  - update_etc_hosts
  - users-groups
  - ssh
cloud_config_modules:
  - runcmd
cloud_final_modules:
  - scripts-user
  - final-message
  - power-state-change
ssh_genkeytypes:
  - ed25519
reporting:
  maas:
    type: webhook
    endpoint: http://10.0.0.1:5248/MAAS/metadata/status/abc123
    consumer_key: ck
    token_key: tk
    token_secret: ts
power_state:
  delay: now
  mode: poweroff
  timeout: 3600
  condition: test ! -e /tmp/block-poweroff
`,
  );
});

test("an enlisting machine gets no credentials and reports nowhere", () => {
  const text = renderPreseed({ ...common, credentials: null, statusUrl: null });
  assert.ok(!/token|consumer|reporting/.test(text), text);
});

test("what follows: reboot for the installer, nothing for whoever wants to stay", () => {
  const after = (afterwards: Parameters<typeof renderPreseed>[0]["afterwards"]) =>
    (parse(renderPreseed({ ...common, afterwards })) as Record<string, unknown>).power_state;
  assert.deepEqual(after({ mode: "reboot" }), {
    delay: "now",
    mode: "reboot",
    timeout: 1800,
    condition: "test ! -e /tmp/block-reboot",
  });
  assert.equal(after(null), undefined);
});

test("values are YAML scalars, whatever is in them", () => {
  const evil = "x\npower_state: {mode: halt}\n#";
  const read = parse(renderPreseed({ ...common, metadataUrl: evil, afterwards: null })) as {
    datasource: { MAAS: { metadata_url: string } };
    power_state?: unknown;
  };
  assert.equal(read.datasource.MAAS.metadata_url, evil);
  assert.equal(read.power_state, undefined);
});

test("a system that is deployed in memory starts with all of cloud-init, and nothing switches it off", () => {
  const { cloud_init_modules, cloud_final_modules, ssh_genkeytypes, power_state, datasource, reporting, ...root } =
    parse(renderPreseed({ ...common, deployed: true, afterwards: null })) as Record<string, unknown>;
  assert.deepEqual(root, { manage_etc_hosts: true, growpart: { mode: "off" }, resize_rootfs: false });
  assert.deepEqual([cloud_init_modules, cloud_final_modules, ssh_genkeytypes, power_state], Array(4).fill(undefined));
  assert.ok(datasource && reporting);
});

test("a hook is a part of vendor-data beside its cloud-config", () => {
  const outer = parse(renderVendorData({ a: 1 }, "#cloud-boothook\n#!/bin/sh\necho 'it: is'\n")) as Record<
    string,
    unknown
  >;
  assert.deepEqual(outer, { "cloud-init": ["#cloud-config\na: 1\n", "#cloud-boothook\n#!/bin/sh\necho 'it: is'\n"] });
});

test("vendor-data travels as a document within a document", () => {
  const outer = parse(renderVendorData({ ntp: { servers: ["10.0.0.1"] } })) as Record<string, string>;
  assert.match(outer["cloud-init"] ?? "", /^#cloud-config\n/);
  assert.deepEqual(parse(outer["cloud-init"] ?? ""), { ntp: { servers: ["10.0.0.1"] } });
});
