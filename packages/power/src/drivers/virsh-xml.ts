/** The domain XML of a machine that is composed (libvirt.org/formatdomain.html). Its disks are volumes, so that libvirt knows their pool. */
import { escapeXml } from "../xml.ts";
import type { VmAttachment, VmOrder } from "@rackwright/domain/vm-host/facts";

export interface DomainShape {
  /** In libvirt's words: x86_64. */
  arch: string;
  type: "kvm" | "qemu";
  /** In the order of the disks. */
  volumes: readonly { pool: string; name: string; format: "qcow2" | "raw" }[];
}

export function renderDomain(order: VmOrder, { arch, type, volumes }: DomainShape): string {
  const disks = volumes.map(({ pool, name, format }, at) =>
    element("disk", { type: "volume", device: "disk" }, [
      element("driver", { name: "qemu", type: format }),
      element("source", { pool, volume: name }),
      element("target", { dev: diskName(at), bus: "virtio" }),
      element("serial", {}, [diskSerial(order, at)]),
    ]),
  );
  // A serial console, which is what can be read of a machine that does not come up.
  const console = arch === "s390x" ? "sclp" : "serial";
  return element("domain", { type }, [
    element("name", {}, [escapeXml(order.name)]),
    element("uuid", {}, [order.uuid]),
    element("memory", { unit: "MiB" }, [String(order.memoryMib)]),
    ...(order.hugepages ? [element("memoryBacking", {}, [element("hugepages", {})])] : []),
    ...processors(order),
    element("os", arch === "aarch64" ? { firmware: "efi" } : {}, [
      element("type", { arch, ...(machines[arch] && { machine: machines[arch] }) }, ["hvm"]),
      element("boot", { dev: "network" }),
      element("boot", { dev: "hd" }),
    ]),
    ...(arch === "x86_64" || arch === "i686" ? [element("features", {}, ["<acpi/>", "<apic/>"])] : []),
    ...(type === "kvm" ? [element("cpu", { mode: "host-passthrough" })] : []),
    element("clock", { offset: "utc" }),
    element("on_poweroff", {}, ["destroy"]),
    element("on_reboot", {}, ["restart"]),
    element("on_crash", {}, ["destroy"]),
    element("devices", {}, [
      ...disks,
      ...order.interfaces.map(({ mac, attach }) => renderInterface(mac, attach)),
      element("console", { type: "pty" }, [element("target", { type: console })]),
      element("rng", { model: "virtio" }, [element("backend", { model: "random" }, ["/dev/urandom"])]),
    ]),
  ]);
}

/** Of these the newest is not the default. */
const machines: Record<string, string> = { x86_64: "q35", aarch64: "virt" };

function processors({ cores, pinnedCores }: VmOrder): string[] {
  if (pinnedCores.length === 0) return [element("vcpu", {}, [String(cores)])];
  const pins = pinnedCores.map((core, at) => element("vcpupin", { vcpu: String(at), cpuset: String(core) }));
  return [element("vcpu", { placement: "static" }, [String(pinnedCores.length)]), element("cputune", {}, pins)];
}

function renderInterface(mac: string, attach: VmAttachment): string {
  const source =
    attach.kind === "macvlan"
      ? element("source", { dev: attach.to, mode: attach.mode === "passthru" ? "passthrough" : attach.mode })
      : element("source", { [attach.kind]: attach.to });
  return element("interface", { type: attach.kind === "macvlan" ? "direct" : attach.kind }, [
    element("mac", { address: mac }),
    source,
    element("model", { type: "virtio" }),
  ]);
}

/** vda to vdz, vdaa ... */
export function diskName(at: number): string {
  const letters = (n: number): string =>
    n < 0 ? "" : letters(Math.floor(n / 26) - 1) + String.fromCharCode(97 + (n % 26));
  return `vd${letters(at)}`;
}

/** virtio cuts serials off after 20 bytes. */
export const diskSerial = ({ uuid }: Pick<VmOrder, "uuid">, at: number): string =>
  `${uuid.replaceAll("-", "").slice(0, 12)}-${at}`;

function element(name: string, attributes: Record<string, string>, children: readonly string[] = []): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const start = `<${name}${given.join("")}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join("")}</${name}>`;
}
