/** A real IPMI BMC on loopback: ipmi_sim of the package openipmi, with a chassis whose state is two small files. */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../free-port.ts";

export interface IpmiSimOptions {
  user?: string;
  password?: string;
  /** K_g as text. ipmi_sim reads no blanks in it, nor in user and password. */
  bmcKey?: string;
  /** A program instead of the state files: `PROG NAME get power|boot`, `PROG NAME set power 0|1`, `… set boot pxe|default`. */
  chassis?: string;
  /** Port on loopback that its serial port connects to; it connects once, so whoever listens there is started before. */
  serialPort?: number;
  /** Loopback unless given, so that the lab can put BMCs on its own network. */
  host?: string;
  port?: number;
}

export interface IpmiSim extends AsyncDisposable {
  /** `host:port`, as power_address takes it. */
  address: string;
  host: string;
  port: number;
  user: string;
  password: string;
  power: () => Promise<"on" | "off">;
  setPower: (state: "on" | "off") => Promise<void>;
  boot: () => Promise<string>;
  /** From now on each chassis command hangs, and with it the whole BMC, until `false`. */
  hang: (hung: boolean) => Promise<void>;
  stop: () => Promise<void>;
}

/** Why no BMC can be started here; undefined when it can. */
export function ipmiSimMissing(): string | undefined {
  const path = (process.env["PATH"] ?? "").split(":");
  const missing = ["ipmi_sim", "ipmitool"].filter((name) => !path.some((folder) => isExecutable(join(folder, name))));
  return missing.length === 0
    ? undefined
    : `${missing.join(" and ")} missing: run script/lib/packages.sh openipmi ipmitool as root`;
}

export async function startIpmiSim(options: IpmiSimOptions = {}): Promise<IpmiSim> {
  const { user = "maas", password = "secret-pass", host = "127.0.0.1" } = options;
  const dir = await mkdtemp(join(tmpdir(), "ipmi-sim-"));
  const port = options.port ?? (await freePort("udp", host));
  const file = (name: string) => join(dir, name);
  await writeFile(file("power"), "0\n");
  await writeFile(file("boot"), "default\n");
  await writeFile(file("chassis"), chassisProgram(dir), { mode: 0o755 });
  const chassis = options.chassis ?? file("chassis");
  await writeFile(
    file("lan.conf"),
    lanConf({ host, port, user, password, chassis, bmcKey: options.bmcKey, serialPort: options.serialPort }),
  );
  await writeFile(file("sim.emu"), emulation);

  const child = spawn("ipmi_sim", ["-c", file("lan.conf"), "-f", file("sim.emu"), "-n", "-s", dir], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: dir,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
  const stop = async () => {
    // Without its hang file a waiting chassis program ends, and with it the simulator's wait for it.
    await rm(file("hang"), { force: true });
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await untilAnswering(host, port, () => child.exitCode === null && child.pid !== undefined);
  } catch (cause) {
    await stop();
    throw new Error(`ipmi_sim on ${host}:${port} did not start: ${output}`, { cause });
  }
  return {
    address: `${host}:${port}`,
    host,
    port,
    user,
    password,
    stop,
    [Symbol.asyncDispose]: stop,
    power: async () => ((await readFile(file("power"), "utf8")).trim() === "1" ? "on" : "off"),
    setPower: (state) => writeFile(file("power"), state === "on" ? "1\n" : "0\n"),
    boot: async () => (await readFile(file("boot"), "utf8")).trim(),
    hang: (hung) => (hung ? writeFile(file("hang"), "") : rm(file("hang"), { force: true })),
  };
}

/** Called as `PROG NAME get|set WHAT [VALUE]…`; what it prints for `get` is `WHAT:VALUE`. */
const chassisProgram = (dir: string): string => `#!/bin/sh
cd ${dir} || exit 1
while [ -e hang ]; do sleep 0.05; done
verb=$2; shift 2
case $verb in
get) for what in "$@"; do echo "$what:$(cat "$what")"; done ;;
set) while [ $# -gt 1 ]; do
    case $1 in shutdown) echo 0 > power ;; *) echo "$2" > "$1" ;; esac
    shift 2
  done ;;
esac
`;

interface LanConf {
  host: string;
  port: number;
  user: string;
  password: string;
  chassis: string;
  bmcKey: string | undefined;
  serialPort: number | undefined;
}

const lanConf = ({ host, port, user, password, chassis, bmcKey, serialPort }: LanConf): string => `name "machine"
set_working_mc 0x20
startlan 1
addr ${host} ${port}
priv_limit admin
allowed_auths_callback none md2 md5 straight
allowed_auths_user none md2 md5 straight
allowed_auths_operator none md2 md5 straight
allowed_auths_admin none md2 md5 straight
guid a123456789abcdefa123456789abcdef
${bmcKey === undefined ? "" : `bmc_key "${bmcKey}"\n`}endlan
${serialPort === undefined ? "" : `sol "tcp:127.0.0.1:${serialPort}" 115200\n`}chassis_control "${chassis} machine"
user 1 true "" "" user 10 none md2 md5 straight
user 2 true "${user}" "${password}" admin 10 none md2 md5 straight
`;

const emulation = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

/** Get Channel Authentication Capabilities in an IPMI 1.5 packet without a session (IPMI 2.0, 13.6 and 22.13). */
const capabilitiesRequest = Buffer.from("0600ff07000000000000000000092018c88100388e04b5", "hex");

async function untilAnswering(host: string, port: number, isRunning: () => boolean): Promise<void> {
  const socket = createSocket("udp4");
  try {
    let answered = false;
    socket.on("message", () => (answered = true));
    socket.on("error", () => {});
    for (let tries = 0; tries < 200 && isRunning(); tries++) {
      socket.send(capabilitiesRequest, port, host);
      await sleep(50);
      if (answered) return;
    }
    throw new Error(isRunning() ? "no answer within 10 s" : "it ended");
  } finally {
    socket.close();
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
