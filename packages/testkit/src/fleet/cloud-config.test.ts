import assert from "node:assert/strict";
import { test } from "node:test";
import { renderPreseed, renderVendorData, POWEROFF_USER_DATA } from "@rackwright/domain/preseed/preseed";
import { renderRunnerUserData } from "@rackwright/domain/preseed/user-data";
import { renderInstallerUserData } from "@rackwright/domain/deploy/user-data";
import { renderMemoryHook } from "@rackwright/domain/deploy/memory";
import type { DeployPlan } from "@rackwright/domain/deploy/plan";
import { readPreseed, readUserData, readVendorFiles } from "./cloud-config.ts";

const metadataUrl = "http://10.0.0.1:5248/MAAS/metadata/";

test("a preseed is read as the region writes it", () => {
  const text = renderPreseed({
    metadataUrl,
    credentials: { consumerKey: "c", tokenKey: "k", tokenSecret: "s" },
    statusUrl: `${metadataUrl}status/abc`,
    afterwards: { mode: "reboot" },
  });
  assert.deepEqual(readPreseed(text), {
    credentials: { metadataUrl, consumerKey: "c", tokenKey: "k", tokenSecret: "s" },
    reportUrl: `${metadataUrl}status/abc`,
    afterwards: "reboot",
  });
});

test("one to enlist with has no credentials, and one that keeps the machine on says nothing of the end", () => {
  const read = readPreseed(renderPreseed({ metadataUrl, credentials: null, statusUrl: null, afterwards: null }));
  assert.deepEqual([read.credentials.tokenSecret, read.reportUrl, read.afterwards], ["", undefined, undefined]);
  assert.throws(() => readPreseed("#cloud-config\n{}\n"), /metadata_url/);
});

test("user-data is told apart by what is in it", () => {
  const frame = new TextEncoder().encode("#!/bin/sh\n@FILES@\nexec maas-run-remote-scripts\n");
  const runner = renderRunnerUserData([{ name: "user_data.sh.in", content: frame, executable: false }]);
  assert.equal(readUserData(runner).kind, "runner");
  const plan = { version: 1, hostname: "h", netbootOff: { url: "http://x/" } } as unknown as DeployPlan;
  const installer = readUserData(
    renderInstallerUserData([{ path: "rackwright-install", content: "x", executable: true }], plan),
  );
  assert.ok(installer.kind === "installer");
  assert.deepEqual(installer.plan, plan);
  assert.equal(readUserData(POWEROFF_USER_DATA).kind, "poweroff");
  assert.equal(readUserData("#cloud-config\nruncmd: [poweroff]\n").kind, "other");
});

test("files of a system in memory are found in vendor-data; what cloud-init would pass over is an error", () => {
  const file = { path: "/etc/x.timer", mode: "0644", content: "OnUnitActiveSec=9s\n" };
  const hook = renderMemoryHook({ network: { version: 2 }, files: [file], start: [] });
  const files = readVendorFiles(renderVendorData({ a: 1 }, hook));
  assert.deepEqual(
    files.map(({ path }) => path),
    ["/etc/x.timer", "/etc/netplan/50-maas.yaml"],
  );
  assert.equal(files[0]?.content, file.content);
  assert.deepEqual(readVendorFiles(renderVendorData({ a: 1 })), []);
  assert.throws(() => readVendorFiles(renderVendorData({}, "echo")), /no known kind/);
});
