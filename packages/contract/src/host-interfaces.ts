/** A host as controllers report it: its network interfaces, its size, its system. */
import type { HostFacts, RackInterface } from "./rack-protocol.ts";

interface HostAddress {
  mac: string;
  internal: boolean;
  cidr: string | null;
  scopeid?: number;
}

/** @param found what `os.networkInterfaces()` says */
export function hostInterfaces(found: Record<string, HostAddress[] | undefined>): RackInterface[] {
  return Object.entries(found).flatMap(([name, addresses = []]) => {
    const mac = addresses[0]?.mac;
    if (mac === undefined || addresses[0]?.internal) return [];
    const usable = addresses.filter(({ scopeid }) => !scopeid); // link-local ones say nothing of a network
    return [{ name, mac, addresses: usable.flatMap(({ cidr }) => cidr ?? []) }];
  });
}

/** Node's names of processors, in the words of Debian and of the API. */
const architectures: Record<string, string> = { x64: "amd64", ia32: "i386", arm: "armhf", ppc64: "ppc64el" };

/** @param arch what `os.arch()` says */
export const hostArchitecture = (arch: string): string => `${architectures[arch] ?? arch}/generic`;

/** @param host what `os` says, and the text of os-release(5); empty where there is none */
export function hostFacts(host: { cpuCount: number; memoryBytes: number; osRelease: string }): HostFacts {
  const field = (name: string) => new RegExp(`^${name}="?([a-z0-9._-]{1,64})"?$`, "m").exec(host.osRelease)?.[1] ?? "";
  return {
    cpuCount: host.cpuCount,
    memoryMib: Math.round(host.memoryBytes / 2 ** 20),
    osystem: field("ID"),
    distroSeries: field("VERSION_CODENAME"),
  };
}
