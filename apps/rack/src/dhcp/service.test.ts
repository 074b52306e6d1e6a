import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { recordChild } from "./orphan.ts";
import { dhcpService } from "./service.ts";
import { keaDirectory } from "./work-directory.ts";

const dataDir = mkdtempSync(join(tmpdir(), "rackwright-dhcp-"));
const directory = await keaDirectory(dataDir);
mkdirSync(directory, { recursive: true });
after(() => {
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(process.getuid?.() === 0 ? dirname(directory) : directory, { recursive: true, force: true });
});

const log = { debug() {}, info() {}, warn() {}, error() {} };
const nothing = {
  interfaces: [],
  serverTag: "abc",
  addresses: [],
  database: { host: "/run/pg", port: 5432, name: "kea", user: "kea", password: "x" },
};
const service = (enabled: boolean) =>
  dhcpService({ dataDir, enabled, tftp: false, httpBootPort: () => 5248, onEvidence: () => {}, log });

test("a DHCP server of a killed rack is ended although nothing is to be served any more", async () => {
  const script = `console.log("ready"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", script, `${directory}/kea-dhcp4.json`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const exit = once(child, "exit");
    await once(child.stdout, "data");
    await recordChild(`${directory}/kea-dhcp4.child`, child.pid ?? -1);
    assert.deepEqual(await service(true).configure(nothing), { changed: false });
    assert.deepEqual(await exit, [null, "SIGTERM"]);
    assert.ok(!existsSync(`${directory}/kea-dhcp4.child`));
  } finally {
    child.kill("SIGKILL");
  }
});

test("a rack without DHCP refuses interfaces, and says what to do", async () => {
  const dhcp = service(false);
  assert.deepEqual(await dhcp.configure(nothing), { changed: false });
  await assert.rejects(dhcp.configure({ ...nothing, interfaces: ["eth1"] }), /without DHCP: choose another rack/);
});
