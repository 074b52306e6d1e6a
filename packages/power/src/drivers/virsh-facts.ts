/** What virsh prints, as facts. Formats: libvirt.org/format.html, and `nodeinfo` as virsh 9.0 prints it. */
import { attributeAt, type Element, find, parseXml, textAt } from "../xml.ts";
import type { Disk, StoragePool } from "@rackwright/domain/vm-host/capacity";
import type { VmFacts, VmHostFacts, VmInterface } from "@rackwright/domain/vm-host/facts";

/** Processors in libvirt's words and in ours. */
const architectures: Record<string, string> = {
  x86_64: "amd64/generic",
  i686: "i386/generic",
  aarch64: "arm64/generic",
  armv7l: "armhf/generic",
  ppc64le: "ppc64el/generic",
  s390x: "s390x/generic",
};
export const libvirtArch = (architecture: string): string | undefined =>
  Object.entries(architectures).find(([, ours]) => ours.split("/")[0] === architecture.split("/")[0])?.[0];

export function readNodeInfo(text: string): Pick<VmHostFacts, "cores" | "cpuSpeedMhz" | "memoryMib"> {
  const number = (label: string) => Number(new RegExp(`^${label}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return {
    cores: number("CPU\\(s\\)"),
    cpuSpeedMhz: number("CPU frequency"),
    memoryMib: Math.floor(number("Memory size") / 1024),
  };
}

/** Architectures of which machines run at full speed; where there are none of those, the host's own. */
export function readArchitectures(capabilities: Element): string[] {
  const own = textAt(capabilities, "host", "cpu", "arch");
  const fast = find(capabilities, "guest", "arch")
    .filter((arch) => hasType(arch, "kvm"))
    .map((arch) => arch.attributes["name"] ?? "");
  const known = [own, ...fast].flatMap((name) => architectures[name] ?? []);
  return [...new Set(known)];
}

/** `kvm` where the host has it for this processor, else emulated; undefined when it cannot run it at all. */
export function domainTypeFor(capabilities: Element, arch: string): "kvm" | "qemu" | undefined {
  const guest = find(capabilities, "guest", "arch").find((one) => one.attributes["name"] === arch);
  if (!guest) return undefined;
  return hasType(guest, "kvm") ? "kvm" : "qemu";
}

const hasType = (arch: Element, type: string) => find(arch, "domain").some((one) => one.attributes["type"] === type);

export function readPool(xml: string): StoragePool {
  const pool = parseXml(xml);
  return {
    id: textAt(pool, "uuid"),
    name: textAt(pool, "name"),
    type: pool.attributes["type"] ?? "",
    path: textAt(pool, "target", "path"),
    totalBytes: Number(textAt(pool, "capacity")) || 0,
    availableBytes: Number(textAt(pool, "available")) || 0,
  };
}

/** With the volume that each disk is, where it is one. */
export type DomainFacts = Omit<VmFacts, "disks"> & { disks: (Disk & { volume: string })[] };

/** @param sizes of `domblkinfo --all`: target, capacity, allocation, physical */
export function readDomain(xml: string, state: string, sizes: string, pools: readonly StoragePool[]): DomainFacts {
  const domain = parseXml(xml);
  const capacity = new Map(
    sizes
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .map(([target = "", bytes]) => [target, Number(bytes) || 0]),
  );
  const arch = attributeAt(domain, "arch", "os", "type");
  const disks = find(domain, "devices", "disk").filter((disk) => (disk.attributes["device"] ?? "disk") === "disk");
  return {
    name: textAt(domain, "name"),
    uuid: textAt(domain, "uuid"),
    architecture: architectures[arch] ?? `${arch}/generic`,
    cores: Number(textAt(domain, "vcpu")) || 1,
    pinnedCores: find(domain, "cputune", "vcpupin").flatMap((pin) => {
      const cores = pin.attributes["cpuset"] ?? "";
      return /^\d+$/.test(cores) ? [Number(cores)] : [];
    }),
    memoryMib: Math.round(kibibytes(find(domain, "memory")[0]) / 1024),
    hugepages: find(domain, "memoryBacking", "hugepages").length > 0,
    running: !/^(shut off|crashed)/.test(state.trim()),
    disks: disks.map((disk) => ({
      sizeBytes: capacity.get(attributeAt(disk, "dev", "target")) ?? 0,
      pool: poolOf(disk, pools),
      volume: attributeAt(disk, "volume", "source"),
    })),
    interfaces: find(domain, "devices", "interface").flatMap(readInterface),
  };
}

function readInterface(nic: Element): VmInterface[] {
  const mac = attributeAt(nic, "address", "mac").toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return [];
  const source = find(nic, "source")[0]?.attributes ?? {};
  return [{ mac, attachedTo: source["network"] ?? source["bridge"] ?? source["dev"] ?? "" }];
}

/** By its own word, else by where its file lies. */
function poolOf(disk: Element, pools: readonly StoragePool[]): string {
  const source = find(disk, "source")[0]?.attributes ?? {};
  const at = source["file"] ?? source["dev"] ?? "";
  return source["pool"] ?? pools.find(({ path }) => path !== "" && at.startsWith(`${path}/`))?.name ?? "";
}

/** Powers of 1024, except KB, MB ... (domain XML, element memory). */
const units: Record<string, number> = { b: 1 / 1024, k: 1, m: 1024, g: 1024 ** 2, t: 1024 ** 3 };

function kibibytes(memory: Element | undefined): number {
  const unit = (memory?.attributes["unit"] ?? "KiB").toLowerCase();
  return (Number(memory?.text) || 0) * (units[unit.charAt(0)] ?? 1);
}
