/** A virtual rack: QEMU machines with real IPMI BMCs on a network of their own. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { chooseAccel } from "./accel.ts";
import { BMC_USER, startBmc } from "./bmc.ts";
import { type ChassisServer, serveChassis } from "./chassis.ts";
import { cleanLab, removeLab } from "./clean.ts";
import { type MachineFiles, prepareFiles } from "./files.ts";
import { Machine } from "./machine.ts";
import { BRIDGE, bmcAddress, CIDR, createNetwork, HOST_ADDRESS, hasIpv6, inNamespace, tapName } from "./network.ts";
import { type ForeignDhcp, type ForeignDhcpOptions, startForeignDhcp } from "./foreign-dhcp.ts";
import { requireHost } from "./preflight.ts";
import { type Accel, qemuArgv } from "./qemu-argv.ts";
import { startQemu } from "./qemu.ts";
import { Recorder } from "./record.ts";
import { serialPort, serialSocket, startSerialPorts } from "./serial-ports.ts";
import { startSiteRouter } from "./site-router.ts";
import { type LabOptions, type MachineShape, resolveMachines } from "./spec.ts";

export interface LabMachine {
  name: string;
  firmware: "bios" | "uefi";
  uuid: string;
  macs: string[];
  /** All boots, each after a line "=== lab: NAME boot N at TIME: WHY, ORDER ===". */
  serialLog: string;
  /** IPMI over LAN (port 623), cipher suite 3; reachable from within the namespace. */
  bmc: { address: string; user: string; password: string };
  isOn(): boolean;
  /** How often its power was switched on since the lab started; reboots and resets are not counted. */
  powerOns(): number;
  /** From the next start on there is no network boot at all: what comes up then came from the disk. */
  bootDiskOnly(on: boolean): void;
  /** Take the cable out of a network card (or put it back); stays so over boots. */
  unplug(nic: number, unplugged: boolean): Promise<void>;
  /** Let each write to a disk fail with an I/O error from now on (or no more); stays so over boots. */
  breakDisk(disk: number, broken: boolean): Promise<void>;
}

export interface Lab {
  netns: string;
  /** The interface that the rack serves. */
  bridge: string;
  /** The controller's address on it. */
  hostAddress: string;
  cidr: string;
  /** Nothing leads out of the rack, so the segment has no IPv4 gateway. */
  gateway: string | undefined;
  accel: Accel;
  machines: LabMachine[];
  /** The command that runs `argv` inside the namespace. */
  command(argv: string[]): string[];
  /** Somebody connects a DHCP server of his own to the segment; it is gone when it is stopped, or with the lab. */
  foreignDhcp(options?: ForeignDhcpOptions): Promise<ForeignDhcp>;
  /** End and remove all that was started, and all that runs in the namespace. Disks and logs stay. */
  stop(): Promise<void>;
}

/**
 * Start a rack whose machines are off. A lab that was killed in the same directory is removed first.
 * @throws Error with every reason why this host cannot run one, before anything is started; later errors undo the start
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const shapes = resolveMachines(options.machines);
  const prefix = options.netnsPrefix ?? "rackwright-lab";
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(prefix))
    throw new Error(`netnsPrefix ${JSON.stringify(prefix)}: use 1 to 31 of a-z, 0-9 and dashes`);
  requireHost(shapes);
  const dir = resolve(options.dir);
  const log = options.log ?? (() => {});
  await cleanLab(dir);
  const id = randomBytes(4).toString("hex");
  const recorder = new Recorder(dir, { netns: `${prefix}-${id}`, runDir: `/run/rackwright-lab-${id}` });
  try {
    return await build(dir, shapes, recorder, log);
  } catch (error) {
    await removeLab(dir, recorder.record, log);
    throw error;
  }
}

async function build(
  dir: string,
  shapes: MachineShape[],
  recorder: Recorder,
  log: (line: string) => void,
): Promise<Lab> {
  const { netns, runDir } = recorder.record;
  mkdirSync(runDir, { mode: 0o700 });
  const accel = await chooseAccel(runDir, log);
  log(`network namespace ${netns}, machines by ${accel === "kvm" ? "KVM" : "emulation (no KVM here)"}`);
  await createNetwork(
    netns,
    shapes.map((shape) => shape.segments),
  );
  if (hasIpv6()) await startSiteRouter(netns, join(dir, "site-router"), recorder);
  else log("no IPv6 on this host: each network boot takes 13 s longer");
  const names = shapes.map((shape) => shape.name);
  await startSerialPorts(netns, names, { runDir, log: join(dir, "serial-ports.log") }, recorder);

  const parts: { machine: Machine; chassis: ChassisServer }[] = [];
  const machines: LabMachine[] = [];
  for (const [index, shape] of shapes.entries()) {
    const files = prepareFiles(dir, shape);
    const machine = makeMachine({ index, shape, files, accel, recorder, log });
    const chassisSocket = join(runDir, `${shape.name}.chassis`);
    parts.push({ machine, chassis: await serveChassis(machine, chassisSocket, log) });
    const bmc = { address: bmcAddress(index), user: BMC_USER, password: files.bmcPassword };
    const plan = {
      name: shape.name,
      uuid: files.uuid,
      ...bmc,
      dir: files.dir,
      chassisSocket,
      chassisScript: join(runDir, `${shape.name}.sh`),
      serialPort: serialPort(index),
    };
    await startBmc(netns, plan, recorder);
    machines.push(view(shape, files, machine, bmc));
  }

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await Promise.all(parts.map(({ chassis }) => chassis.close())); // from here on nobody switches a machine on
    await Promise.all(parts.map(({ machine }) => machine.powerOff()));
    await removeLab(dir, recorder.record, log);
  };
  return {
    netns,
    bridge: BRIDGE,
    hostAddress: HOST_ADDRESS,
    cidr: CIDR,
    gateway: undefined,
    accel,
    machines,
    command: (argv) => inNamespace(netns, argv),
    foreignDhcp: (options = {}) => startForeignDhcp({ netns, dir: join(dir, "foreign-dhcp"), recorder }, options),
    stop: () => (stopped ??= stop()),
  };
}

interface Parts {
  index: number;
  shape: MachineShape;
  files: MachineFiles;
  accel: Accel;
  recorder: Recorder;
  log: (line: string) => void;
}

function makeMachine({ index, shape, files, accel, recorder, log }: Parts): Machine {
  const { netns, runDir } = recorder.record;
  const qmpSocket = join(runDir, `${shape.name}.qmp`);
  const taps = files.macs.map((_, nic) => tapName(index, nic));
  return new Machine({
    name: shape.name,
    serialLog: files.serialLog,
    log,
    launch: (order) => {
      const socket = serialSocket(runDir, shape.name);
      const argv = inNamespace(
        netns,
        qemuArgv({ shape, accel, order, ...files, taps, qmpSocket, serialSocket: socket }),
      );
      return startQemu(`${shape.name}: qemu`, argv, { qmpSocket, log: files.qemuLog }, recorder);
    },
  });
}

const view = (shape: MachineShape, files: MachineFiles, machine: Machine, bmc: LabMachine["bmc"]): LabMachine => ({
  name: shape.name,
  firmware: shape.firmware,
  uuid: files.uuid,
  macs: files.macs,
  serialLog: files.serialLog,
  bmc,
  isOn: () => machine.isOn,
  powerOns: () => machine.powerOns,
  bootDiskOnly: (on) => machine.bootDiskOnly(on),
  unplug: async (nic, unplugged) => {
    if (files.macs[nic] === undefined)
      throw new Error(`${shape.name} has ${shape.nics} network cards, and none is number ${nic}`);
    await machine.unplug(nic, unplugged);
  },
  breakDisk: async (disk, broken) => {
    if (files.disks[disk] === undefined)
      throw new Error(`${shape.name} has ${files.disks.length} disks, and none is number ${disk}`);
    await machine.breakDisk(disk, broken);
  },
});
