/** A site to boot machines in: the virtual rack, and the controller inside of its network. */
import { type ChildProcess, execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Lab, type LabMachine, startLab } from "@rackwright/lab/lab";
import type { LabMachineSpec } from "@rackwright/lab/spec";
import { ApiClient } from "./client.ts";
import { CONTROLLER, endProcess, killProcess, startController } from "./controller-process.ts";

const run = promisify(execFile);

export interface SiteOptions {
  /** Disks, serial logs, the controller's data and log. */
  dir: string;
  machines: LabMachineSpec[];
  /** Directory that the image builder printed. */
  imageDir: string;
  adminPassword: string;
  log: (line: string) => void;
}

export interface Site {
  lab: Lab;
  api: ApiClient;
  apiKey: string;
  username: string;
  controllerLog: string;
  /** The controller's unix socket: what forwardPort leads to. */
  socket: string;
  /** End the controller as a crash would (kill -9), and start it again on the same data. */
  crash(): Promise<void>;
  /** Switch a machine by its BMC, as somebody does who brings a new server. */
  bmc(machine: LabMachine, ...command: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Addresses that DHCP hands out while machines are unknown or being commissioned. */
const DYNAMIC = { start_ip: "10.77.0.100", end_ip: "10.77.0.199" };

/** @throws Error saying what did not start; what did is stopped again */
export async function startSite(options: SiteOptions): Promise<Site> {
  const { dir, log } = options;
  await mkdir(dir, { recursive: true });
  const lab = await startLab({ dir: join(dir, "lab"), machines: options.machines, log });
  const dataDir = join(dir, "controller");
  const controllerLog = join(dir, "controller.log");
  let controller: ChildProcess | undefined;
  const start = async () => {
    const started = await startController({
      command: lab.command([process.execPath, CONTROLLER, "--data", dataDir, "--image", options.imageDir, "--json"]),
      adminPassword: options.adminPassword,
      logFile: controllerLog,
    });
    controller = started.child;
    return started.ready;
  };
  const stop = async () => {
    if (controller) await endProcess(controller);
    await lab.stop();
  };
  try {
    const ready = await start();
    const socket = join(dataDir, "run", "region.sock");
    const api = new ApiClient(socket, ready.api_key);
    await serveDhcp(api, lab);
    return {
      lab,
      api,
      apiKey: ready.api_key,
      username: ready.username,
      controllerLog,
      socket,
      async crash() {
        if (controller) await killProcess(controller);
        await start();
      },
      stop,
      bmc: (machine, ...command) => bmc(lab, machine, command),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What an administrator sets up on a new site: the subnet, a range for DHCP, and who serves it. */
async function serveDhcp(api: ApiClient, lab: Lab): Promise<void> {
  const [rack] = await api.call<{ system_id: string }[]>("GET", "/rackcontrollers/");
  if (!rack) throw new Error("no rack controller is connected");
  const [fabric] = await api.call<{ id: number; vlans: { id: number; vid: number }[] }[]>("GET", "/fabrics/");
  const vlan = fabric?.vlans.find((v) => v.vid === 0);
  if (!fabric || !vlan) throw new Error("there is no fabric with an untagged VLAN");
  const subnets = await api.call<{ cidr: string; vlan: { id: number; fabric_id: number; vid: number } }[]>(
    "GET",
    "/subnets/",
  );
  let place = subnets.find((s) => s.cidr === lab.cidr)?.vlan;
  place ??= (
    await api.call<{ vlan: { id: number; fabric_id: number; vid: number } }>("POST", "/subnets/", {
      cidr: lab.cidr,
      vlan: String(vlan.id),
    })
  ).vlan;
  const ranges = await api.call<unknown[]>("GET", "/ipranges/");
  if (ranges.length === 0) await api.call("POST", "/ipranges/", { type: "dynamic", ...DYNAMIC });
  await api.call("PUT", `/fabrics/${place.fabric_id}/vlans/${place.vid}/`, {
    dhcp_on: "true",
    primary_rack: rack.system_id,
  });
}

async function bmc(lab: Lab, machine: LabMachine, command: string[]): Promise<string> {
  const { address, user, password } = machine.bmc;
  const [program = "", ...args] = lab.command([
    "ipmitool",
    "-I",
    "lanplus",
    "-C",
    "3",
    "-H",
    address,
    "-U",
    user,
    "-E",
    ...command,
  ]);
  const { stdout } = await run(program, args, {
    env: { ...process.env, IPMI_PASSWORD: password, IPMITOOL_PASSWORD: password },
    timeout: 30_000,
  });
  return stdout.trim();
}
