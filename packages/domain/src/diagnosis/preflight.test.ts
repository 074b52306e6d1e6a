import assert from "node:assert/strict";
import { test } from "node:test";
import type { Preflight } from "../hardware/preflight.ts";
import { rules } from "./diagnose.ts";
import { type Surroundings, warn, warnings } from "./preflight.ts";

const healthy: Preflight = {
  path: { interface: "eth0", target: "10.0.0.2", mtu: 1500, passes: 1500 },
  clockOffsetSeconds: -1,
  hardwareClockOffsetSeconds: 40,
  nameServers: [{ address: "10.0.0.3", answers: true }],
  region: [{ address: "10.0.0.2", reached: true }],
  troubles: [],
};
const fine: Surroundings = {
  preflight: healthy,
  links: [{ name: "eth0", linkConnected: true, linkSpeed: 10_000, interfaceSpeed: 10_000 }],
  dhcpServed: true,
  foreignDhcp: [],
  hardwareUuid: "6f9ee0a6-96a4-4b6e-8d3c-6c0a0c1d0001",
  sameUuid: [],
  sameMac: [],
};
type Given = Partial<Omit<Surroundings, "preflight">> & { preflight?: Partial<Preflight> | null };
const given = ({ preflight, ...more }: Given): Surroundings => ({
  ...fine,
  ...more,
  preflight: preflight === null ? null : { ...healthy, ...preflight },
});
const link = (linkSpeed: number, interfaceSpeed: number, linkConnected = true): Given => ({
  links: [{ name: "eth0", linkConnected, linkSpeed, interfaceSpeed }],
});
const path = (mtu: number, passes: number): Given => ({
  preflight: { path: { interface: "eth0", target: "10.0.0.2", mtu, passes } },
});

const cases: Record<string, { named: Given[]; not: Given[]; says: RegExp }> = {
  foreign_dhcp_on_segment: {
    named: [{ foreignDhcp: ["10.0.0.250"] }],
    not: [
      { foreignDhcp: ["10.0.0.250"], dhcpServed: false },
      { foreignDhcp: ["10.0.0.250"], dhcpServed: null },
    ],
    says: /another DHCP server answers.*10\.0\.0\.250/,
  },
  duplicate_uuid: {
    named: [{ sameUuid: ["able-ant"] }],
    not: [{ sameUuid: ["able-ant"], hardwareUuid: null }],
    says: /6f9ee0a6-.* is that of able-ant too/,
  },
  mac_of_another: {
    named: [{ sameMac: [{ hostname: "able-ant", mac: "52:54:00:00:00:01" }] }],
    not: [{ sameMac: [] }],
    says: /same MAC address.*52:54:00:00:00:01 \(able-ant\)/,
  },
  region_address_unreachable: {
    named: [
      {
        preflight: {
          region: [
            { address: "10.0.0.2", reached: true },
            { address: "fd00::2", reached: false },
          ],
        },
      },
    ],
    not: [{ preflight: { region: [] } }],
    says: /does not reach the region at fd00::2\./,
  },
  region_name_unknown: {
    named: [{ preflight: { region: [], troubles: ["maas.lan: Name or service not known"] } }],
    not: [{ preflight: { troubles: [] } }],
    says: /by its name: maas\.lan/,
  },
  dns_silent: {
    named: [
      { preflight: { nameServers: [{ address: "10.0.0.3", answers: false }] } },
      {
        preflight: {
          nameServers: [
            { address: "10.0.0.3", answers: false },
            { address: "10.0.0.4", answers: true },
          ],
        },
      },
    ],
    not: [{ preflight: { nameServers: [] } }],
    says: /does not answer: 10\.0\.0\.3(\.|; others do\.)$/,
  },
  mtu_mismatch: {
    named: [path(9000, 1500), path(1500, 1400)],
    // Nothing was answered at all: ICMP is filtered, and nobody knows.
    not: [path(1500, 1500), path(1500, 0)],
    says: /more than 1[54]00 bytes do not get through from eth0 to 10\.0\.0\.2, though its MTU is/,
  },
  clock_skew: {
    named: [{ preflight: { clockOffsetSeconds: -120 } }, { preflight: { clockOffsetSeconds: 31 } }],
    not: [{ preflight: { clockOffsetSeconds: 30 } }],
    says: /clock is (2 minutes behind|31 s ahead) of the controller's/,
  },
  hardware_clock_skew: {
    named: [
      { preflight: { hardwareClockOffsetSeconds: 7205 } },
      { preflight: { hardwareClockOffsetSeconds: -19_800 } },
    ],
    not: [{ preflight: { hardwareClockOffsetSeconds: 299 } }],
    says: /mainboard is .*(ahead|behind): it seems to hold local time/,
  },
  link_slow: {
    named: [link(1000, 10_000)],
    not: [link(0, 10_000), link(1000, 10_000, false), link(10_000, 0)],
    says: /eth0 at 1000 Mbit\/s, and it can do 10000/,
  },
};

for (const [code, { named, not, says }] of Object.entries(cases)) {
  test(`${code} is named where it is so, and not elsewhere`, () => {
    for (const g of named) {
      const found = warn(given(g));
      assert.deepEqual(
        found.map((f) => f.code),
        [code],
      );
      assert.match(found[0]?.summary ?? "", says);
      assert.ok((found[0]?.checks.length ?? 0) > 0 && (found[0]?.expected.length ?? 0) > 10);
    }
    for (const g of not) assert.ok(!warn(given(g)).some((f) => f.code === code), JSON.stringify(g));
  });
}

test("every warning has its test, and a code of its own", () => {
  const codes = warnings.map(({ code }) => code);
  assert.deepEqual(Object.keys(cases).sort(), [...codes].sort());
  assert.equal(new Set([...codes, ...rules.map(({ code }) => code)]).size, codes.length + rules.length);
});

test("of a machine with nothing wrong around it nothing is said, nor of one that measured nothing", () => {
  assert.deepEqual(warn(given({})), []);
  assert.deepEqual(warn(given({ preflight: null })), []);
});

test("a clock that lost its battery holds no local time", () => {
  const [found] = warn(given({ preflight: { hardwareClockOffsetSeconds: -820_000_000 } }));
  assert.match(found?.summary ?? "", /is 227778 hours behind\.$/);
});
