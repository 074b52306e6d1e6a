/** Rules of DHCP, boot files and the way to them. */
import { type Cases, ack, at, booted, discover, installing, MAC, on, running, script, shown } from "./given.ts";

export const networkCases: Cases = {
  wrong_boot_device: {
    named: [
      { machine: { waitingFor: "boot_file" }, seen: [on, ["dhcp DHCP request 10.0.0.7", { what: "request" }], ack] },
      { seen: [on, "metadata the installed system fetched its user-data"] },
    ],
    not: [{ seen: [on, discover, ["dhcp DHCP request 10.0.0.7", { what: "request" }], ack] }, { seen: booted }],
    says: /another device than the network/,
  },
  boot_loop_local: {
    named: [
      {
        machine: { ...installing, netboot: false, waitingFor: "first_boot" },
        seen: ["http boot script given: local (10.0.0.7)", "http boot script given: local (10.0.0.7)"],
      },
    ],
    not: [{ machine: { ...installing, netboot: false }, seen: ["http boot script given: local (10.0.0.7)"] }],
    says: /own disk 2 times/,
  },
  boot_file_failed: {
    named: [
      {
        machine: { waitingFor: "kernel" },
        seen: [on, discover, ack, "tftp ipxe.efi by TFTP failed after 512 bytes in 9.0 s: timeout"],
      },
    ],
    not: [{ seen: booted }],
    says: /did not get through/,
  },
  kernel_did_not_start: {
    named: [{ machine: { waitingFor: "image" }, seen: booted.slice(0, -1) }],
    not: [{ seen: booted.slice(0, -1), now: 20 }, { seen: booted }],
    says: /never asked for/,
  },
  no_metadata_call: {
    named: [
      { machine: { waitingFor: "first_signal" }, seen: booted },
      { machine: { waitingFor: "kernel" }, seen: [on, discover, ack, script] },
    ],
    not: [{ seen: booted, now: 20 }, { seen: running }],
    says: /never called the metadata service/,
  },
  foreign_dhcp_server: {
    named: [
      {
        facts: { foreignDhcp: ["10.0.0.250"] },
        seen: [on, discover, ["dhcp DHCP request on eth0 takes another server's offer", { what: "foreign_server" }]],
      },
      { facts: { foreignDhcp: ["10.0.0.250"] }, seen: [on, discover, ["dhcp DHCP offer 10.0.0.7", { what: "offer" }]] },
      { seen: [on, discover, `http boot script refused: asked from 192.168.1.5, while ${MAC} has no lease`] },
      {
        seen: [
          on,
          [
            "dhcp DHCP dropped on eth0",
            { what: "dropped", log: "dropped because it contains foreign server identifier" },
          ],
        ],
      },
    ],
    not: [
      { seen: [on, discover, ack] },
      { facts: { foreignDhcp: ["10.0.0.250"] }, seen: [on] },
      { facts: { foreignDhcp: ["10.0.0.250"] }, seen: [on, discover], now: 20 },
    ],
    says: /Another DHCP server/,
  },
  dhcp_no_address: {
    named: [{ seen: [on, discover, ["dhcp DHCP no_lease on eth0", { what: "no_lease" }]] }],
    not: [{ seen: [on, ["dhcp DHCP no_lease on eth0", { what: "no_lease" }], ack] }],
    says: /there was none for it/,
  },
  dhcp_not_served: {
    named: [
      { facts: { dhcpServed: false }, seen: [on] },
      { facts: { dhcpServed: false, foreignDhcp: ["10.0.0.250"] }, seen: [on] },
    ],
    not: [{ seen: [on] }, { facts: { dhcpServed: false }, seen: [on], now: 20 }],
    says: /on for none of its networks/,
  },
  no_dhcp_request: {
    named: [
      { seen: [on] },
      { machine: { statusDeadline: at(9000) }, seen: [on], now: 400 },
      { seen: [on, shown("ipxe", "No more network devices"), shown("firmware", "No bootable device.")] },
    ],
    not: [{ seen: [on], now: 100 }, { seen: [on, discover] }, { machine: { powerState: "unknown" }, seen: [] }],
    says: /no DHCP request/,
  },
  no_boot_file_request: {
    named: [{ machine: { waitingFor: "boot_file" }, seen: [on, discover, ack] }],
    not: [{ seen: [on, discover, ack], now: 20 }, { seen: [on, discover, ack, "tftp asks for ipxe.efi by TFTP"] }],
    says: /asked for no boot file/,
  },
  still_progressing: {
    named: [
      {
        machine: { waitingFor: "next_script", statusDeadline: at(8) },
        seen: [...running, "script signal WORKING"],
        now: 40,
      },
    ],
    not: [{ machine: { waitingFor: "next_script" }, seen: [...running, "script signal WORKING"], now: 40 }],
    says: /still getting on/,
  },
};
