import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKeaLine, toEvidence } from "./log.ts";

const WHO = "[hwtype=1 02:11:00:00:00:01], cid=[no info], tid=0x3ce9fd24";

/** Lines of Kea 2.2.0, as its `pattern` of ours prints them. */
const lines: [line: string, what: string | undefined, address?: string | undefined, via?: string][] = [
  [
    `DEBUG|kea-dhcp4.packets|DHCP4_PACKET_RECEIVED ${WHO}: DHCPDISCOVER (type 1) received from 0.0.0.0 to 255.255.255.255 on interface rack0`,
    "discover",
    undefined,
    "rack0",
  ],
  [`INFO |kea-dhcp4.leases|DHCP4_LEASE_ADVERT ${WHO}: lease 10.77.0.100 will be advertised`, "offer", "10.77.0.100"],
  [
    `INFO |kea-dhcp4.leases|DHCP4_LEASE_ALLOC ${WHO}: lease 10.77.0.10 has been allocated for 600 seconds`,
    "ack",
    "10.77.0.10",
  ],
  [`INFO |kea-dhcp4.leases|DHCP4_RELEASE ${WHO}: address 10.77.0.10 was released properly.`, "release", "10.77.0.10"],
  [
    `DEBUG|kea-dhcp4.bad-packets|DHCP4_PACKET_NAK_0002 ${WHO}: invalid address 10.77.0.10 requested by INIT-REBOOT`,
    "nak",
    "10.77.0.10",
  ],
  [
    `DEBUG|kea-dhcp4.bad-packets|DHCP4_PACKET_DROP_0002 ${WHO}, from interface rack0: no suitable subnet configured for a direct client`,
    "no_subnet",
    undefined,
    "rack0",
  ],
  [
    `DEBUG|kea-dhcp4.bad-packets|DHCP4_PACKET_DROP_0003 ${WHO}, from interface rack0: it contains a foreign server identifier`,
    "foreign_server",
    undefined,
    "rack0",
  ],
  [
    `ERROR|kea-dhcp4.bad-packets|DHCP4_PACKET_NAK_0001 ${WHO}: failed to select a subnet for incoming packet, src 10.66.0.1, type DHCPDISCOVER`,
    "no_subnet",
  ],
  [
    `DEBUG|kea-dhcp4.bad-packets|DHCP4_PACKET_NAK_0003 ${WHO}: failed to advertise a lease, client sent ciaddr 0.0.0.0, requested-ip-address (no address)`,
    "no_lease",
  ],
  [
    `WARN |kea-dhcp4.alloc-engine|ALLOC_ENGINE_V4_ALLOC_FAIL_SHARED_NETWORK ${WHO}: failed to allocate an IPv4 address in the shared network vlan-1: 0 subnets have no available addresses, 1 subnets have no matching pools`,
    "no_lease",
  ],
  [
    `DEBUG|kea-dhcp4.packets|DHCP4_SUBNET_SELECTED ${WHO}: the subnet with ID 1 was selected for client assignments`,
    undefined,
  ],
  [
    "DEBUG|kea-dhcp4.packets|DHCP4_BUFFER_RECEIVED received buffer from 0.0.0.0:68 to 255.255.255.255:67 over interface rack0",
    undefined,
  ],
  ["INFO |kea-dhcp4.dhcp4|DHCP4_STARTED Kea DHCPv4 server version 2.2.0 started", undefined],
];

test("Kea's lines become evidence", () => {
  for (const [line, what, address, via] of lines) {
    const parsed = parseKeaLine(`1795422843.123|${line}`);
    assert.ok(parsed, line);
    const evidence = toEvidence(parsed);
    assert.deepEqual([evidence?.what, evidence?.address, evidence?.via], [what, address, via], line);
    if (evidence) assert.equal(evidence.mac, "02:11:00:00:00:01");
  }
});

test("what Kea says before it has read its file is understood too", () => {
  const line =
    "2026-11-21 08:29:51.753 ERROR [kea-dhcp4.dhcp4/9235.140271615939072] DHCP4_INIT_FAIL failed to initialize Kea server: configuration error";
  assert.deepEqual(parseKeaLine(line), {
    severity: "ERROR",
    logger: "kea-dhcp4.dhcp4",
    id: "DHCP4_INIT_FAIL",
    text: "failed to initialize Kea server: configuration error",
  });
  assert.equal(parseKeaLine("  (continued)"), undefined);
});
