import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision, Machine } from "../machine/machine.ts";
import type { Case, Facts, Observation } from "./case.ts";
import { advised, awaited, diagnose, explained, rules, sentence, unexplained } from "./diagnose.ts";

const start = new Date("2026-06-01T10:00:00Z");
const at = (s: number) => new Date(start.getTime() + s * 1000);
const MAC = "52:54:00:00:00:01";

const machine: Machine = {
  id: 1,
  systemId: "abc123",
  hostname: "able-ant",
  status: "commissioning",
  previousStatus: "new",
  statusSince: start,
  statusDeadline: at(1800),
  waitingFor: "dhcp",
  ownerId: null,
  locked: false,
  bootEpoch: 2,
  netboot: true,
  powerType: "ipmi",
  powerState: "on",
  osystem: "",
  distroSeries: "",
  hweKernel: null,
  agentName: "",
  ephemeralDeploy: false,
  enableSsh: false,
  skipNetworking: false,
  skipStorage: false,
  enlisting: false,
  powerStateBefore: null,
  errorDescription: "",
  interfaceCount: 1,
  commissioningSetId: 1,
  commissioningPassed: false,
  testingSetId: null,
  installationSetId: null,
  releaseSetId: null,
};

const facts: Facts = {
  macs: [MAC],
  architecture: "amd64",
  racksConnected: 1,
  bootRack: { hostname: "rack", connected: true },
  dhcpServed: true,
  foreignDhcp: [],
  imagePresent: true,
  imageName: "debian/bookworm",
  conflicts: [],
  sameBmc: [],
  running: null,
  nodeTimeoutMinutes: 30,
  disks: [{ name: "sda", sizeBytes: 8e9 }],
};

/** The runner lives, so many seconds after the start. */
const beat = (s: number): Seen => ["script signal WORKING", { at: s }];

/** `source text`, one second after the other from the start; a third part is Kea's word or a file with its outcome. */
type Seen = string | [text: string, detail: Record<string, unknown>];

const observed = (seen: readonly Seen[]): Observation[] =>
  seen.map((item, i) => {
    const [line, detail] = typeof item === "string" ? [item, null] : item;
    const [source = "", ...text] = line.split(" ");
    return { at: at(typeof detail?.at === "number" ? detail.at : i + 1), source, text: text.join(" "), detail };
  });

interface Given {
  machine?: Partial<Machine>;
  facts?: Partial<Facts>;
  seen?: readonly Seen[];
  /** Seconds after the start. Default: the deadline has just passed. */
  now?: number;
}

const given = (g: Given): Case => ({
  machine: { ...machine, ...g.machine },
  facts: { ...facts, ...g.facts },
  evidence: observed(g.seen ?? []),
  now: at(g.now ?? 1801),
});

const on = "bmc the BMC shows that it is on";
const discover: Seen = ["dhcp DHCP discover on eth0", { what: "discover" }];
const ack: Seen = ["dhcp DHCP ack 10.0.0.7 on eth0", { what: "ack" }];
const script = "http boot script given: ephemeral (10.0.0.7)";
const fetched = (file: string, outcome = "finished"): Seen => [`http has ${file} by HTTP`, { file, outcome }];
const kernel = fetched("a/boot-kernel");
const initrd = fetched("a/boot-initrd");
const squashfs = fetched("a/squashfs");
const booted = [on, discover, ack, script, kernel, initrd, squashfs];
const preseed = "metadata preseed fetched";
const running = [...booted, preseed, "metadata user-data fetched: the runner starts"];
const installing: Partial<Machine> = { status: "deploying", waitingFor: "installer" };
const install = (text: string) => [...running, "installer curtin start cmd-install: installing", `installer ${text}`];
const bmc = (text: string) => [`bmc power cycle failed: ${text}`];
const conflict = (a: string, macA: string, b: string, macB: string) =>
  `this boot's secret was given to ${a} (${macA}), and is now asked for from ${b} (${macB})`;

const otherDisk = (bytes: number): Given => ({
  machine: installing,
  seen: install(
    `curtin finish cmd-install: refused, nothing was written: disk a: /dev/sda has ${bytes} bytes, but the plan was made for 800: commission again (FAIL)`,
  ),
});

const shown = (kind: string, text: string): Seen => [`console ${text}`, { kind, outcome: "failed" }];

/** Of each rule: when it is the first to be named, and when it is not named at all. */
const cases: Record<string, { named: Given[]; not: Given[]; says: RegExp }> = {
  rack_gone: {
    named: [
      { facts: { racksConnected: 0 }, seen: ["bmc power cycle failed: No rack controller is connected to switch it."] },
      { facts: { bootRack: { hostname: "rack", connected: false } }, seen: booted },
    ],
    not: [
      { facts: { bootRack: null } },
      { facts: { racksConnected: 0 }, seen: [...running, "script signal FAILED: no disk"], now: 20 },
    ],
    says: /rack/,
  },
  bmc_wrong_password: {
    named: [
      {
        seen: bmc(
          "power on by the IPMI BMC 10.0.0.2: user or password not accepted (RAKP 2 HMAC is invalid): check power_user and power_pass",
        ),
      },
      { seen: bmc("POST http://bmc/on answered 401: check power_user and power_pass, or power_token") },
    ],
    not: [{ seen: [...bmc("user or password not accepted: check"), on] }],
    says: /credentials/,
  },
  bmc_did_not_switch: {
    named: [
      {
        seen: bmc(
          "the BMC 10.0.0.2 took the order to switch on, and 120 s later the machine is off: check the machine itself",
        ),
      },
    ],
    not: [{ seen: [on] }],
    says: /did not follow/,
  },
  bmc_unreachable: {
    named: [
      {
        seen: bmc(
          "power on by the IPMI BMC 10.0.0.2: no answer: check power_address, its network, and that IPMI over LAN is enabled",
        ),
      },
      {
        seen: bmc(
          "POST http://bmc/on failed: connect ECONNREFUSED: check the address, the network and that the service runs",
        ),
      },
    ],
    not: [{ seen: bmc("Invalid data field in request") }],
    says: /does not answer/,
  },
  bmc_refused: {
    named: [{ seen: bmc("power on by the IPMI BMC 10.0.0.2: Invalid data field in request") }],
    not: [{ seen: bmc("no answer: check power_address") }],
    says: /refused the order: .*Invalid data field/,
  },
  bmc_wrong_machine: {
    named: [
      { facts: { sameBmc: ["able-bat"] }, seen: [on] },
      { facts: { sameBmc: ["able-bat"] }, seen: [on], machine: { powerState: "off" }, now: 100 },
    ],
    not: [
      { facts: { sameBmc: ["able-bat"] }, seen: [on], now: 100 },
      { facts: { sameBmc: ["able-bat"] }, seen: [on, discover] },
      { seen: [on] },
    ],
    says: /able-bat has the same BMC/,
  },
  power_off_in_the_middle: {
    named: [
      { machine: { powerState: "off", waitingFor: "next_script" }, seen: [...running, "script signal WORKING"] },
      { machine: { waitingFor: "first_signal" }, seen: [...running, "bmc the BMC shows that it is off"] },
    ],
    not: [{ machine: { powerState: "off", waitingFor: "power_on" }, seen: [] }, { seen: running }],
    says: /went off/,
  },
  operator_must_switch_on: {
    named: [{ machine: { powerType: "manual", powerState: "unknown", waitingFor: "operator_power_on" } }],
    not: [{ machine: { powerType: "manual", waitingFor: "operator_power_on" }, seen: [discover] }],
    says: /Nobody has switched/,
  },
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
  no_image: {
    named: [{ facts: { imagePresent: false, architecture: "arm64" }, seen: [on, discover, ack, script] }],
    not: [{ facts: { imagePresent: null }, seen: [on] }],
    says: /no image for arm64/,
  },
  image_checksum: {
    named: [
      {
        machine: installing,
        seen: install("curtin finish cmd-install: source http://r/squashfs has sha256 abc1, not def2 (FAIL)"),
      },
      { seen: [...booted, "console rackwright: stage=verify failed: http://r/squashfs sha256 expected a got b"] },
    ],
    not: [
      { seen: booted },
      {
        seen: [...booted, "console rackwright: stage=verify retry sha256 expected a got b, downloading again", preseed],
      },
    ],
    says: /damaged/,
  },
  kernel_panic: {
    named: [{ seen: [...booted, shown("kernel", "Kernel panic - not syncing: VFS")], now: 90 }],
    not: [
      { seen: [...booted, shown("kernel", "BUG: soft lockup - CPU#0 stuck for 22s")], now: 20 },
      { seen: [...booted, shown("kernel", "Kernel panic - not syncing: VFS"), discover] },
    ],
    says: /kernel stopped.*Kernel panic - not syncing: VFS/,
  },
  initramfs_stopped: {
    named: [{ seen: [...booted, shown("initramfs", "rackwright: stage=mount failed: squashfs")] }],
    not: [
      { seen: [...booted, shown("initramfs", "rackwright: stage=download retry")], now: 20 },
      { seen: [...booted, ["console rackwright: stage=mount begin", { kind: "initramfs" }]] },
    ],
    says: /before it ran.*stage=mount/,
  },
  cloud_init_failed: {
    named: [{ seen: [...running, shown("cloud_init", "cloud-init[3]: Traceback (most recent call last):")] }],
    not: [{ seen: [...running, shown("cloud_init", "cloud-init[3]: Traceback"), "script signal WORKING"] }],
    says: /cloud-init on the machine failed.*Traceback/,
  },
  ipxe_failed: {
    named: [
      { seen: [on, discover, ack, shown("ipxe", "ipxe.cfg... Connection timed out (http://ipxe.org/4c0a6092)")] },
    ],
    not: [{ seen: [shown("ipxe", "Could not boot: x (http://ipxe.org/0b072095)"), on, discover, ack, script] }],
    says: /iPXE could not boot.*4c0a6092/,
  },
  firmware_found_nothing: {
    named: [{ seen: [on, discover, ack, shown("firmware", "PXE-E18: Server response timeout.")] }],
    not: [
      { seen: [on, shown("firmware", "PXE-E16: No valid offer received.")], now: 120 },
      { seen: [on, shown("firmware", "PXE-E16: No valid offer received."), discover] },
    ],
    says: /firmware found nothing.*PXE-E18/,
  },
  image_stalled: {
    named: [
      { seen: [...booted.slice(0, -1), fetched("a/squashfs", "started")] },
      {
        seen: [
          ...booted.slice(0, -1),
          ["http a/squashfs could not be had: disk full", { file: "a/squashfs", outcome: "failed" }],
        ],
      },
      {
        machine: installing,
        seen: install("curtin finish cmd-install: source http://r/x stopped at 10 of 90 bytes: timed out (FAIL)"),
      },
    ],
    not: [{ seen: [...booted.slice(0, -1), fetched("a/squashfs", "started")], now: 20 }, { seen: booted }],
    says: /stalled/,
  },
  bootloader_failed: {
    named: [
      {
        machine: installing,
        seen: install("curtin finish cmd-install: grub-install /dev/vda failed with 1: no EFI (FAIL)"),
      },
    ],
    not: [
      { machine: installing, seen: install("curtin start cmd-install/stage-curthooks: installing the boot loader") },
    ],
    says: /boot loader could not/,
  },
  installed_system_silent: {
    named: [
      {
        machine: { ...installing, netboot: false, waitingFor: "first_boot" },
        seen: install("curtin finish cmd-install: done"),
      },
    ],
    not: [
      { machine: { ...installing, netboot: false }, seen: install("curtin finish cmd-install: done"), now: 60 },
      { machine: installing, seen: install("curtin start x: y") },
    ],
    says: /installed system never asked/,
  },
  script_hung: {
    named: [
      {
        machine: { status: "testing", waitingFor: "script:badblocks", statusDeadline: at(9000) },
        facts: { running: { name: "badblocks", startedAt: start, timeoutSeconds: 5 } },
        seen: [...running, "script signal WORKING about badblocks"],
        now: 120,
      },
      { seen: [...running, "script signal TIMEDOUT about badblocks, exit 124"] },
    ],
    not: [
      {
        machine: { waitingFor: "script:badblocks" },
        facts: { running: { name: "badblocks", startedAt: start, timeoutSeconds: 500 } },
        seen: [...running, "script signal WORKING about badblocks"],
        now: 120,
      },
    ],
    says: /badblocks (hangs|hung)/,
  },
  machine_silent_in_script: {
    named: [
      { machine: { waitingFor: "script:memtester" }, seen: [...running, "script signal WORKING about memtester"] },
    ],
    not: [{ machine: { waitingFor: "script:memtester" }, seen: [...running, "script signal WORKING"], now: 100 }],
    says: /fell silent while it ran memtester/,
  },
  runner_stuck: {
    named: [
      {
        machine: { waitingFor: "next_script", statusDeadline: at(9000) },
        seen: [...running, "script signal WORKING", "script signal WORKING", beat(350)],
        now: 400,
      },
    ],
    not: [
      { machine: { waitingFor: "next_script", statusDeadline: at(9000) }, seen: [...running, beat(350)], now: 400 },
      {
        machine: { waitingFor: "script:x", statusDeadline: at(9000) },
        seen: [...running, "script signal WORKING", "script signal WORKING about x", beat(350)],
        now: 400,
      },
    ],
    says: /lives, and has done nothing for 6 minutes/,
  },
  script_failed: {
    named: [
      {
        machine: { status: "failed_testing", waitingFor: null, statusDeadline: null },
        seen: [
          ...running,
          "script signal WORKING about 7z, exit 1: 7z: the result differs",
          "script signal FAILED: 1 failed",
        ],
      },
      {
        machine: { status: "failed_commissioning", waitingFor: null, statusDeadline: null },
        seen: [...running, "script what 50-x printed makes no sense: it is no JSON", "script signal OK"],
      },
    ],
    not: [
      { seen: [...running, "script signal WORKING about 7z, exit 0"] },
      { seen: [...running, "script signal FAILED"] },
    ],
    says: /The script (7z|50-x) failed/,
  },
  installation_failed: {
    named: [
      {
        machine: { ...installing, status: "failed_deployment", waitingFor: null },
        seen: install("curtin finish cmd-install: late command ended with 3 (FAIL)"),
      },
    ],
    not: [
      { machine: installing, seen: install("curtin finish cmd-install/stage-late: x (FAIL)"), now: 20 },
      { machine: installing, seen: install("curtin finish cmd-install: installation finished (SUCCESS)") },
    ],
    says: /without success: .*ended with 3/,
  },
  installer_silent: {
    named: [
      {
        machine: { ...installing, statusDeadline: at(9000) },
        seen: install("curtin start cmd-install/x: y"),
        now: 400,
      },
    ],
    not: [
      {
        machine: { ...installing, statusDeadline: at(9000) },
        seen: install("curtin start cmd-install/x: y"),
        now: 100,
      },
      { machine: { ...installing, netboot: false }, seen: install("curtin finish cmd-install: done (SUCCESS)") },
    ],
    says: /The installer fell silent 6 minutes ago/,
  },
  clock_off: {
    named: [
      {
        seen: [...booted, "metadata signed request refused: the machine's clock is off by -820000000 s"],
      },
    ],
    not: [
      { seen: running },
      {
        seen: [...running, "metadata signed request refused: the machine's clock is off by -900 s", "script signal OK"],
      },
    ],
    says: /clock is wrong/,
  },
  region_unreachable: {
    named: [
      {
        seen: [...running, "script 50-net: Under the configured network the region cannot be reached: check addresses"],
      },
    ],
    not: [{ seen: running }],
    says: /does not reach the region/,
  },
  runner_silent: {
    named: [{ machine: { waitingFor: "first_signal" }, seen: running }],
    not: [
      { machine: { waitingFor: "first_signal" }, seen: running, now: 30 },
      { machine: { waitingFor: "next_script" }, seen: [...running, "script signal WORKING"] },
    ],
    says: /nothing that was to run there has signalled/,
  },
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

for (const [code, { named, not, says }] of Object.entries(cases)) {
  test(`${code} is named where it is so, and not elsewhere`, () => {
    for (const g of named) {
      const found = diagnose(given(g));
      assert.equal(found[0]?.code, code, JSON.stringify(found.map((f) => f.code)));
      assert.match(found[0].summary, says);
      assert.ok(found[0].checks.length > 0 && found[0].expected.length > 10);
    }
    for (const g of not) assert.ok(!diagnose(given(g)).some((f) => f.code === code), JSON.stringify(g));
  });
}

test("every rule has its test, and there are enough", () => {
  assert.deepEqual(Object.keys(cases).sort(), rules.map((r) => r.code).sort());
  assert.ok(rules.length >= 20);
});

test("of a machine that gets on well nothing is said, at any step", () => {
  const all = [...running, "script signal WORKING about x", "script signal OK about x, exit 0"];
  for (let n = 0; n <= all.length; n++) {
    const c = given({ machine: { waitingFor: "first_signal" }, seen: all.slice(0, n), now: n + 2 });
    assert.deepEqual(
      diagnose(c).map((f) => f.code),
      [],
      `after ${n} steps`,
    );
    assert.equal(unexplained(c), undefined);
  }
});

test("a machine that neither waits nor failed wants nothing, and its BMC may still be wrong", () => {
  const seen = bmc("no answer: check power_address");
  assert.deepEqual(diagnose(given({ machine: { status: "ready", statusDeadline: null }, seen })), []);
  const found = diagnose(given({ machine: { status: "ready", statusDeadline: null, powerState: "error" }, seen }));
  assert.deepEqual(
    found.map((f) => f.code),
    ["bmc_unreachable"],
  );
});

test("patience is measured by node_timeout: whoever waits for less is told sooner", () => {
  const soon = { seen: [on], now: 15, machine: { statusDeadline: at(60) } };
  assert.deepEqual(diagnose(given(soon)), []);
  assert.equal(diagnose(given({ ...soon, facts: { nodeTimeoutMinutes: 1 } }))[0]?.code, "no_dhcp_request");
  assert.equal(
    diagnose(given({ ...soon, facts: { nodeTimeoutMinutes: 600 }, now: 299 })).length,
    1,
    "its deadline is past",
  );
  const silent = { machine: { waitingFor: "script:x", statusDeadline: at(60) } as const, seen: [...running, beat(10)] };
  assert.deepEqual(diagnose(given({ ...silent, facts: { nodeTimeoutMinutes: 1 }, now: 35 })), []);
  const found = diagnose(given({ ...silent, facts: { nodeTimeoutMinutes: 1 }, now: 41 }));
  assert.equal(found[0]?.code, "machine_silent_in_script");
});

test("a machine that was just heard of is not called silent at its deadline", () => {
  const seen: Seen[] = [...running, ["metadata cloud-init start config-apt: installing", { at: 1790 }]];
  const found = diagnose(given({ machine: { waitingFor: "first_signal" }, seen }));
  assert.equal(found[0]?.code, "still_progressing");
});

test("where no rule fits, what was awaited is named; before the deadline nothing is", () => {
  assert.match(unexplained(given({ machine: { waitingFor: "script:x" } }))?.summary ?? "", /waited for the script x/);
  assert.equal(unexplained(given({ now: 100 })), undefined);
  assert.equal(awaited(null), "nothing stated");
});

test("the diagnosis becomes the reason, with the bare facts behind it", () => {
  const [found] = diagnose(given({ seen: [on] }));
  assert.ok(found);
  const decision: Decision = {
    set: { status: "failed_commissioning", errorDescription: "waited 30 minutes." },
    events: [
      { type: "FAILED_COMMISSIONING", description: "waited 30 minutes." },
      { type: "NODE_POWERED_OFF", description: "" },
    ],
    effects: [],
    jobs: [],
  };
  const reason = `${sentence(found)} (waited 30 minutes.)`;
  assert.deepEqual(explained(decision, found), {
    ...decision,
    set: { status: "failed_commissioning", errorDescription: reason },
    events: [
      { type: "FAILED_COMMISSIONING", description: reason },
      { type: "NODE_POWERED_OFF", description: "" },
    ],
  });
  assert.equal(explained(decision, undefined), decision);
  assert.deepEqual(advised(decision, found), {
    ...decision,
    events: [...decision.events, { type: "NODE_DIAGNOSED", description: sentence(found) }],
  });
});
