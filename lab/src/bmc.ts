/** A machine's BMC: ipmi_sim (package openipmi) with an address of its own on IPMI's port. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./exec.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { inNamespace } from "./network.ts";
import type { Recorder } from "./record.ts";

export const BMC_USER = "maas";
const IPMI_PORT = 623;

export interface BmcPlan {
  name: string;
  address: string;
  password: string;
  uuid: string;
  /** Its configuration and state. */
  dir: string;
  /** Where the lab answers for this machine's chassis. */
  chassisSocket: string;
  /** The wrapper that ipmi_sim runs. */
  chassisScript: string;
  /** On loopback, where the machine's serial port is; somebody listens there. */
  serialPort: number;
}

/** `lan.conf`, ipmi_lan(5). Of the cipher suites ipmi_sim does only 3, whatever is said here. */
export function lanConf(plan: BmcPlan): string {
  const auths = ["callback", "user", "operator", "admin"].map(
    (level) => `  allowed_auths_${level} none md2 md5 straight`,
  );
  return [
    `name "${plan.name}"`,
    "set_working_mc 0x20",
    "startlan 1",
    `  addr ${plan.address} ${IPMI_PORT}`,
    "  priv_limit admin",
    ...auths,
    `  guid ${plan.uuid.replaceAll("-", "")}`,
    "endlan",
    `sol "tcp:127.0.0.1:${plan.serialPort}" 115200`, // Serial over LAN
    `chassis_control "/bin/sh ${plan.chassisScript}"`, // by sh: the directory of the sockets is mounted noexec on many hosts
    `user 1 true "" "" user 10 none md2 md5 straight`,
    `user 2 true "${BMC_USER}" "${plan.password}" admin 10 none md2 md5 straight`,
    "",
  ].join("\n");
}

/** Start-up commands, ipmi_sim_cmd(5): one management controller with an event log and nothing else. */
export const simEmu = (): string =>
  [
    "mc_setbmc 0x20",
    "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr",
    "sel_enable 0x20 1000 0x0a",
    "mc_enable 0x20",
    "",
  ].join("\n");

export function chassisScript(plan: BmcPlan): string {
  const client = join(dirname(fileURLToPath(import.meta.url)), "chassis-client.mjs");
  return `exec ${[process.execPath, client, plan.chassisSocket].map(quote).join(" ")} "$@"\n`;
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export async function startBmc(netns: string, plan: BmcPlan, recorder: Recorder): Promise<Daemon> {
  const state = join(plan.dir, "bmc-state");
  mkdirSync(state, { recursive: true, mode: 0o700 }); // ipmi_sim keeps the users there, with their passwords
  const config = join(plan.dir, "lan.conf");
  const commands = join(plan.dir, "sim.emu");
  writeFileSync(config, lanConf(plan), { mode: 0o600 }); // it has the password
  writeFileSync(commands, simEmu());
  writeFileSync(plan.chassisScript, chassisScript(plan));
  const argv = inNamespace(netns, ["ipmi_sim", "-c", config, "-f", commands, "-n", "-s", state]);
  const bmc = startDaemon(`${plan.name}: ipmi_sim`, argv, join(plan.dir, "bmc.log"), recorder);
  await until(`${plan.name}'s ipmi_sim listens (see ${bmc.log})`, 10_000, () => {
    bmc.assertRunning();
    return listensOnUdp(bmc.pid, plan.address, IPMI_PORT) || undefined;
  });
  return bmc;
}

/** proc_net_udp: local addresses are hexadecimal, the address in the host's byte order (little-endian where QEMU's PCs run). */
function listensOnUdp(pid: number, address: string, port: number): boolean {
  const hex = address
    .split(".")
    .reverse()
    .map((byte) => Number(byte).toString(16).padStart(2, "0"));
  const local = `${hex.join("")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
  return readFileSync(`/proc/${pid}/net/udp`, "utf8").includes(` ${local} `);
}
