import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { answerChassis } from "./chassis.ts";
import { until } from "./exec.ts";
import { Machine } from "./machine.ts";
import type { BootOrder } from "./qemu-argv.ts";
import type { EndReason, QemuRun } from "./qemu.ts";
import type { Qmp } from "./qmp.ts";

/** A machine whose QEMU is the test: it sees the starts and the commands, and ends runs as a guest would. */
function rig(t: TestContext, launchFails?: Error) {
  const dir = mkdtempSync(join(tmpdir(), "lab-machine-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const starts: BootOrder[] = [];
  const commands: string[] = [];
  let end: (reason: EndReason) => void = () => {};
  const launch = async (order: BootOrder): Promise<QemuRun> => {
    if (launchFails) throw launchFails;
    starts.push(order);
    const { promise, resolve } = Promise.withResolvers<EndReason>();
    end = resolve;
    const qmp = {
      execute: async (command: string, args?: object) =>
        void commands.push(args ? `${command} ${JSON.stringify(args)}` : command),
    } as unknown as Qmp;
    return { qmp, ended: promise, kill: async () => resolve("killed") };
  };
  const serialLog = join(dir, "serial.log");
  const machine = new Machine({ name: "node1", serialLog, launch, log: () => {} });
  const ask = (request: string) => answerChassis(machine, `${request}\n`);
  return { machine, starts, commands, ask, serialLog, guestEnds: (reason: EndReason) => end(reason) };
}

test("power on, status and off, as ipmi_sim asks for them", async (t) => {
  const { ask, starts, commands, machine } = rig(t);
  assert.equal(await ask("get power"), "power:0\n");
  await ask("set power 1");
  assert.equal(await ask("get power"), "power:1\n");
  assert.deepEqual(commands, ["cont"], "it was started paused");
  await ask("set power 1");
  assert.equal(starts.length, 1, "on is on");
  await ask("set power 0");
  assert.equal(await ask("get power"), "power:0\n");
  await ask("set power 1");
  assert.equal(machine.powerOns, 2);
});

test("a boot device holds for one start", async (t) => {
  const { ask, starts } = rig(t);
  await ask("set boot default");
  assert.equal(await ask("get boot"), "boot:default\n");
  await ask("set power 1");
  assert.equal(await ask("get boot"), "boot:none\n");
  await ask("set reset 1");
  await ask("set power 0");
  await ask("set boot pxe");
  await ask("set power 1");
  assert.deepEqual(starts, ["disk-first", "network-first", "network-first"]);
});

test("disk only holds until it is taken back, over any boot device", async (t) => {
  const { ask, starts, machine } = rig(t);
  machine.bootDiskOnly(true);
  await ask("set boot pxe");
  await ask("set power 1");
  await ask("set reset 1");
  machine.bootDiskOnly(false);
  await ask("set reset 1");
  assert.deepEqual(starts, ["disk-only", "disk-only", "network-first"]);
});

test("a guest's reset starts a fresh QEMU; the machine is on all the time, and its power was switched on once", async (t) => {
  const { ask, starts, machine, guestEnds, serialLog } = rig(t);
  await ask("set power 1");
  guestEnds("guest-reset");
  await until("the second start", 5000, () => {
    assert.ok(machine.isOn);
    return starts.length === 2 || undefined;
  });
  assert.equal(machine.powerOns, 1);
  const markers = readFileSync(serialLog, "utf8").match(/^=== lab: node1 boot \d at .*: (.*) ===$/gm) ?? [];
  assert.match(markers[0] ?? "", /boot 1 at .*: power on, network-first/);
  assert.match(markers[1] ?? "", /boot 2 at .*: reboot by its system, network-first/);
});

test("a guest's shutdown, and a QEMU that dies, leave the machine off", async (t) => {
  for (const reason of ["guest-shutdown", "failed"] as const) {
    const { ask, starts, machine, guestEnds } = rig(t);
    await ask("set power 1");
    guestEnds(reason);
    await until("it is off", 5000, () => !machine.isOn || undefined);
    assert.equal(starts.length, 1);
    await ask("set power 1");
    assert.equal(machine.powerOns, 2);
  }
});

test("power off wins over a reboot that is under way", async (t) => {
  const { ask, machine, guestEnds, starts } = rig(t);
  await ask("set power 1");
  const off = ask("set power 0");
  guestEnds("guest-reset");
  await off;
  await ask("get power");
  assert.equal(machine.isOn, false);
  assert.equal(starts.length, 1);
});

test("a QEMU that does not start leaves the machine off and says so to the BMC", async (t) => {
  const { ask, machine } = rig(t, new Error("no such tap"));
  await assert.rejects(ask("set power 1"), /no such tap/);
  assert.equal(machine.isOn, false);
  assert.equal(machine.powerOns, 0);
});

test("a cable taken out is out in the running boot and in the next", async (t) => {
  const { ask, machine, commands } = rig(t);
  await ask("set power 1");
  await machine.unplug(0, true);
  await ask("set reset 1");
  const out = `set_link {"name":"net0","up":false}`;
  assert.deepEqual(commands, ["cont", out, out, "cont"]);
});

test("a disk that is broken is so in the running boot and in the next, until it is mended", async (t) => {
  const { ask, machine, commands } = rig(t);
  await ask("set power 1");
  await machine.breakDisk(0, true);
  await ask("set reset 1");
  await machine.breakDisk(0, false);
  const names = commands.map((command) => command.split(" ")[0]);
  const breaking = ["blockdev-add", "qom-set"];
  assert.deepEqual(names, ["cont", ...breaking, ...breaking, "cont", "qom-set", "blockdev-del"]);
  assert.match(commands[1] ?? "", /"image":"disk0".*"iotype":"write","errno":5/);
  assert.match(commands[6] ?? "", /"path":"\/machine\/peripheral\/vd0".*"value":"disk0"/);
});

test("soft power-off presses the button; what ipmi_sim cannot mean is refused", async (t) => {
  const { ask, commands } = rig(t);
  await ask("set power 1");
  await ask("set shutdown 1");
  assert.deepEqual(commands, ["cont", "system_powerdown"]);
  await assert.rejects(ask("set boot floppy"), /floppy/);
  await assert.rejects(ask("make coffee"), /make coffee/);
});
