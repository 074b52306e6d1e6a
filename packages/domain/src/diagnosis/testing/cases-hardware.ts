/** Rules of addresses and secrets that two machines claim, and disks. */
import {
  type Cases,
  ack,
  booted,
  conflict,
  discover,
  install,
  installing,
  MAC,
  on,
  otherDisk,
  running,
} from "./given.ts";

export const hardwareCases: Cases = {
  duplicate_mac: {
    named: [{ facts: { conflicts: [conflict("10.0.0.7", MAC, "10.0.0.8", MAC)] }, seen: booted }],
    not: [{ facts: { conflicts: [conflict("10.0.0.7", MAC, "10.0.0.8", "52:54:00:00:00:02")] }, seen: booted }],
    says: /Two machines have the MAC address 52:54:00:00:00:01/,
  },
  secret_conflict: {
    named: [{ facts: { conflicts: [conflict("10.0.0.7", MAC, "10.0.0.8", "52:54:00:00:00:02")] }, seen: booted }],
    not: [{ seen: booted }],
    says: /Two asked for the boot/,
  },
  lease_taken: {
    named: [
      { seen: [on, discover, ["dhcp DHCP conflict 10.0.0.7", { what: "conflict" }]] },
      { seen: [on, discover, "dhcp declined 10.0.0.7: somebody else uses it"] },
      { seen: [on, ack, `http boot script refused: asked from 10.0.0.9, while ${MAC} has 10.0.0.7`] },
    ],
    not: [{ seen: [on, discover, ack] }],
    says: /somebody else's hands/,
  },
  disk_error: {
    named: [{ machine: installing, seen: install("curtin finish cmd-install: dd: Input/output error (FAIL)") }],
    not: [{ machine: installing, seen: install("curtin finish cmd-install: all went well") }],
    says: /has errors/,
  },
  disk_too_small: {
    named: [
      { machine: installing, seen: install("curtin finish cmd-install: write: No space left on device (FAIL)") },
      otherDisk(100),
    ],
    not: [{ machine: installing, seen: install("curtin start cmd-install/stage-extract: extracting") }, otherDisk(900)],
    says: /too small.*sda 8\.0 GB/,
  },
  disk_missing: {
    named: [
      {
        machine: installing,
        seen: install("curtin finish cmd-install: /dev/vda1 did not appear within 30 s after partitioning (FAIL)"),
      },
      { machine: installing, facts: { disks: [] }, seen: running },
      otherDisk(900),
    ],
    not: [
      { facts: { disks: [] }, seen: running },
      { machine: installing, facts: { disks: [] }, seen: install("curtin start cmd-install/x: y"), now: 20 },
    ],
    says: /not there/,
  },
};
