import assert from "node:assert/strict";
import { test } from "node:test";
import { hostArchitecture, hostFacts, hostInterfaces } from "./host-interfaces.ts";

const size = { cpuCount: 8, memoryBytes: 16 * 2 ** 30 };

test("a host's system is what os-release says, quoted or not, and unknown without", () => {
  const osRelease = 'PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_CODENAME=bookworm\nID="debian"\nID_LIKE=x\n';
  const facts = { cpuCount: 8, memoryMib: 16384, osystem: "debian", distroSeries: "bookworm" };
  assert.deepEqual(hostFacts({ ...size, osRelease }), facts);
  assert.deepEqual(hostFacts({ ...size, osRelease: "" }), { ...facts, osystem: "", distroSeries: "" });
});

test("loopback and link-local addresses are left out", () => {
  const address = (cidr: string, more = {}) => ({ mac: "52:54:00:00:00:01", internal: false, cidr, ...more });
  const eth0 = [address("10.0.0.1/24"), address("fe80::1/64", { scopeid: 2 })];
  assert.deepEqual(hostInterfaces({ lo: [address("127.0.0.1/8", { internal: true })], eth0, empty: undefined }), [
    { name: "eth0", mac: "52:54:00:00:00:01", addresses: ["10.0.0.1/24"] },
  ]);
});

test("processors are named as Debian does", () => {
  assert.deepEqual(["x64", "arm64"].map(hostArchitecture), ["amd64/generic", "arm64/generic"]);
});
