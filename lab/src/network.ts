/**
 * The rack's network, in a namespace of its own: nothing of it touches the host's. One bridge (the machines' segment), one
 * tap per network card, and the BMCs' addresses on the loopback interface, where no subnet is found by whoever looks for one.
 */
import { existsSync } from "node:fs";
import { run } from "./exec.ts";

export const BRIDGE = "br0";
export const HOST_ADDRESS = "10.77.0.1";
export const CIDR = "10.77.0.0/24";
export const HOST_ADDRESS_6 = "fd77::1";

export const bmcAddress = (machine: number): string => `10.77.1.${11 + machine}`;
export const tapName = (machine: number, nic: number): string => `tap${machine}-${nic}`;

/** Input of `ip -batch` inside the namespace, for machines with these numbers of network cards. */
export function networkBatch(nicsOfMachines: readonly number[], ipv6: boolean): string {
  const lines = [
    "link set lo up",
    `link add ${BRIDGE} type bridge`,
    // The default of 15 s of learning applies even without spanning tree, and would eat a machine's first DHCP tries.
    `link set ${BRIDGE} type bridge forward_delay 0`,
    `addr add ${HOST_ADDRESS}/24 dev ${BRIDGE}`,
    ...(ipv6 ? [`addr add ${HOST_ADDRESS_6}/64 dev ${BRIDGE} nodad`] : []),
    `link set ${BRIDGE} up`,
    // A bridge without a live port has no carrier, and Kea opens no socket on it, ever. This pair is such a port. Its far
    // end must be mute: with ARP it answers for the bridge's address with its own MAC, and GRUB believes it.
    "link add up0 type veth peer name up1",
    "link set up0 addrgenmode none",
    "link set up1 addrgenmode none",
    `link set up0 master ${BRIDGE}`,
    "link set up1 arp off",
    "link set up0 up",
    "link set up1 up",
  ];
  nicsOfMachines.forEach((nics, machine) => {
    lines.push(`addr add ${bmcAddress(machine)}/32 dev lo`);
    for (let nic = 0; nic < nics; nic += 1) {
      const tap = tapName(machine, nic);
      lines.push(
        `tuntap add ${tap} mode tap`,
        `link set ${tap} addrgenmode none`,
        `link set ${tap} master ${BRIDGE}`,
        `link set ${tap} up`,
      );
    }
  });
  return `${lines.join("\n")}\n`;
}

export const hasIpv6 = (): boolean => existsSync("/proc/net/if_inet6");

export async function createNetwork(netns: string, nicsOfMachines: readonly number[]): Promise<void> {
  await run(["ip", "netns", "add", netns]);
  await run(["ip", "-n", netns, "-batch", "-"], networkBatch(nicsOfMachines, hasIpv6()));
}

/** Runs `argv` inside the namespace; `ip` becomes that program, so the pid of the one is the pid of the other. */
export const inNamespace = (netns: string, argv: readonly string[]): string[] => [
  "ip",
  "netns",
  "exec",
  netns,
  ...argv,
];
