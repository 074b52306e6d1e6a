/**
 * A DHCP server that does not belong here, as a router that somebody brought: it answers on the segment, knows nothing of network
 * boot, and names itself as the server. dnsmasq in a network namespace without a name, which ends with it.
 */
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDaemon } from "./daemon.ts";
import { run, until } from "./exec.ts";
import { BRIDGE } from "./network.ts";
import { endProcess, processId } from "./processes.ts";
import type { Recorder } from "./record.ts";

export interface ForeignDhcpOptions {
  /** Only these machines get an answer, and the controller when it asks who is there; default: everybody. */
  macs?: readonly string[];
  /** It answers so much later than others would; default 0. iPXE takes the last of the offers that come within 2 s. */
  delaySeconds?: number;
}

export interface ForeignDhcp {
  address: string;
  /** What it says, a line per packet. */
  log: string;
  stop(): Promise<void>;
}

/** Of the segment, outside of what a controller would give away. */
const ADDRESS = "10.77.0.250";
const RANGE = "10.77.0.230,10.77.0.249,10m";
/** Its end of the cable, and the bridge's. */
const INSIDE = "dhcp0";
const OUTSIDE = "dhcp1";
/** Port 67 on any address, as proc_net_udp writes it. */
const BOOTPS = " 00000000:0043 ";

export const foreignDhcpConf = ({ macs, delaySeconds = 0 }: ForeignDhcpOptions): string =>
  [
    "port=0", // no name service
    "no-resolv",
    "no-hosts",
    `interface=${INSIDE}`,
    "except-interface=lo",
    "bind-dynamic",
    "leasefile-ro",
    "pid-file=",
    "no-ping", // it does not ask around for 3 s before it offers an address
    "log-dhcp",
    `dhcp-range=${RANGE}`,
    ...(delaySeconds > 0 ? [`dhcp-reply-delay=${delaySeconds}`] : []),
    ...(macs ? ["dhcp-ignore=tag:!known", ...macs.map((mac) => `dhcp-host=${mac}`)] : []),
    "",
  ].join("\n");

export async function startForeignDhcp(
  lab: { netns: string; dir: string; recorder: Recorder },
  options: ForeignDhcpOptions,
): Promise<ForeignDhcp> {
  mkdirSync(lab.dir, { recursive: true });
  const config = join(lab.dir, "dnsmasq.conf");
  const [bridge] = JSON.parse(await run(["ip", "-n", lab.netns, "-j", "link", "show", BRIDGE])) as {
    address: string;
  }[];
  const macs = options.macs && bridge ? { macs: [...options.macs, bridge.address] } : {};
  writeFileSync(config, foreignDhcpConf({ ...options, ...macs }));
  const script = `until ip link set ${INSIDE} up 2>/dev/null; do sleep 0.05; done
ip addr add ${ADDRESS}/24 dev ${INSIDE}
exec dnsmasq --keep-in-foreground --conf-file="$1" --log-facility=-`;
  const argv = ["unshare", "--net", "sh", "-c", script, "sh", config];
  const server = startDaemon("foreign DHCP server: dnsmasq", argv, join(lab.dir, "dnsmasq.log"), lab.recorder);
  const stop = async () => {
    const id = processId(server.pid);
    if (id) await endProcess(id, 1_000);
    // Its end of the pair went with its namespace, and the other one with that; the kernel does so in its own time.
    await until("the foreign DHCP server's cable is gone", 10_000, async () =>
      (await run(["ip", "-n", lab.netns, "-o", "link"])).includes(`${OUTSIDE}@`) ? undefined : true,
    );
  };
  try {
    const ours = readlinkSync("/proc/self/ns/net");
    await until(`the foreign DHCP server has a namespace (see ${server.log})`, 10_000, () => {
      server.assertRunning();
      return readlinkSync(`/proc/${server.pid}/ns/net`) !== ours || undefined;
    });
    const ip = (...words: string[]) => run(["ip", "-n", lab.netns, ...words]);
    await ip("link", "add", OUTSIDE, "type", "veth", "peer", "name", INSIDE, "netns", String(server.pid));
    await ip("link", "set", OUTSIDE, "addrgenmode", "none");
    await ip("link", "set", OUTSIDE, "master", BRIDGE);
    await ip("link", "set", OUTSIDE, "up");
    await until(`the foreign DHCP server listens (see ${server.log})`, 10_000, () => {
      server.assertRunning();
      return readFileSync(`/proc/${server.pid}/net/udp`, "utf8").includes(BOOTPS) || undefined;
    });
    return { address: ADDRESS, log: server.log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
