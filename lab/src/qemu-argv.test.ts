import assert from "node:assert/strict";
import { test } from "node:test";
import { type QemuPlan, qemuArgv } from "./qemu-argv.ts";
import { type LabMachineSpec, resolveMachines } from "./spec.ts";

function plan(spec: Partial<LabMachineSpec>, order: QemuPlan["order"] = "network-first"): QemuPlan {
  const [shape] = resolveMachines([{ name: "node1", firmware: "bios", ...spec }]);
  assert.ok(shape);
  return {
    shape,
    accel: "tcg",
    order,
    uuid: "1b4e28ba-2fa1-4d12-883f-0016d3cca427",
    macs: ["52:54:00:00:00:01", "52:54:00:00:00:02"].slice(0, shape.nics),
    taps: ["tap0-0", "tap0-1"].slice(0, shape.nics),
    disks: shape.diskGib.map((_, index) => `/lab/disk${index}.img`),
    varsFile: "/lab/uefi-vars.fd",
    serialLog: "/lab/serial.log",
    serialSocket: "/run/lab/node1.serial",
    qmpSocket: "/run/lab/node1.qmp",
  };
}

/** Values of an option that is given once per device. */
const values = (argv: string[], option: string): string[] => argv.filter((_, index) => argv[index - 1] === option);
const device = (argv: string[], part: string): string =>
  values(argv, "-device").find((value) => value.includes(part)) ?? "";

test("a machine starts paused, never resets warm, and has the identity the rack will see", () => {
  const argv = qemuArgv(plan({}));
  assert.ok(argv.includes("-S"));
  assert.ok(argv.includes("-no-reboot"));
  assert.deepEqual(values(argv, "-uuid"), ["1b4e28ba-2fa1-4d12-883f-0016d3cca427"]);
  assert.match(values(argv, "-smbios")[0] ?? "", /^type=1,.*product=Virtual rack machine,.*serial=LAB-NODE1$/);
  assert.match(device(argv, "drive=disk0"), /serial=DISK0/);
  assert.match(device(argv, "mac="), /netdev=net0,mac=52:54:00:00:00:01/);
});

test("the emulated processor is qemu64; KVM hands on the host's", () => {
  assert.deepEqual(values(qemuArgv(plan({})), "-cpu"), ["qemu64"]);
  assert.deepEqual(values(qemuArgv(plan({})), "-accel"), ["tcg,thread=multi"]);
  assert.deepEqual(values(qemuArgv({ ...plan({}), accel: "kvm" }), "-cpu"), ["host"]);
});

test("boot order: cards then disks, or disks then cards, or no card at all", () => {
  const indexes = (order: QemuPlan["order"]) => {
    const argv = qemuArgv(plan({ nics: 2, diskGib: [1, 1] }, order));
    return ["net0", "net1", "disk0", "disk1"].map((name) => /bootindex=(\d)/.exec(device(argv, `=${name},`))?.[1]);
  };
  assert.deepEqual(indexes("network-first"), ["1", "2", "3", "4"]);
  assert.deepEqual(indexes("disk-first"), ["3", "4", "1", "2"]);
  assert.deepEqual(indexes("disk-only"), [undefined, undefined, "1", "2"]);
});

test("a BIOS machine boots by the card's ROM, except when it must not boot by network", () => {
  assert.doesNotMatch(device(qemuArgv(plan({})), "mac="), /romfile/);
  assert.match(device(qemuArgv(plan({}, "disk-only")), "mac="), /,romfile=$/);
});

test("a UEFI machine boots by its firmware's PXE and keeps its own variables", () => {
  const argv = qemuArgv(plan({ firmware: "uefi" }));
  assert.match(device(argv, "mac="), /,romfile=$/);
  assert.ok(values(argv, "-drive").some((drive) => drive.endsWith("unit=1,file=/lab/uefi-vars.fd")));
  const e1000 = qemuArgv(plan({ firmware: "uefi", nicModel: "e1000" }));
  assert.doesNotMatch(device(e1000, "mac="), /romfile/, "OVMF has no driver of its own for it");
});

test("a comma in a path stays part of the path", () => {
  const argv = qemuArgv({ ...plan({}), serialLog: "/a,b/serial.log" });
  assert.ok(
    values(argv, "-chardev").includes(
      "socket,id=serial,path=/run/lab/node1.serial,logfile=/a,,b/serial.log,logappend=on",
    ),
  );
});
