import ipaddr from "ipaddr.js";
import { type Port, readPorts } from "./ports.ts";
import { BadReport, type Part } from "./read.ts";
import type { ReportedAddress, ReportedInterface } from "./report.ts";

const MAX_INTERFACES = 1024;
const MAX_ADDRESSES = 256;
/** Every OpenBMC gives its USB port to the host under this address, so it names no machine. */
const OPENBMC_MAC = "02:00:00:00:00:02";
/** Of virtual functions that nobody has given one. */
const NO_MAC = "00:00:00:00:00:00";

/** Interfaces that can carry a network of ours, parents first; the rest of the running system's are left out. */
export function readInterfaces(report: Part): ReportedInterface[] {
  const ports = readPorts(report.part("resources").part("network"));
  const found = report
    .part("networks")
    .entries(MAX_INTERFACES)
    .flatMap(([name, network]) => readInterface(name, network, ports) ?? []);
  return parentsFirst(found.filter(firstOfItsMac()));
}

/** Two cards with one address cannot be told apart: the first counts. */
function firstOfItsMac(): (each: ReportedInterface) => boolean {
  const seen = new Set<string>();
  return ({ type, mac }) => {
    if (type !== "physical") return true;
    const isNew = !seen.has(mac);
    seen.add(mac);
    return isNew;
  };
}

function readInterface(name: string, network: Part, ports: ReadonlyMap<string, Port>): ReportedInterface | undefined {
  network.require("type", "hwaddr", "state", "addresses");
  if (network.text("type") !== "broadcast") return undefined;
  if (!/^[\w.:-]{1,15}$/.test(name))
    throw new BadReport(`networks has an interface with a name that Linux has not: ${name.slice(0, 40)}`);
  const port = ports.get(name);
  const kind = virtualKind(network);
  // Neither made of others nor with hardware behind it: dummy, ifb, veth and the like.
  if (!kind && !port) return undefined;
  const mac = port && port.mac !== "" ? port.mac : network.text("hwaddr").toLowerCase();
  // IP over InfiniBand has addresses of 20 bytes.
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) || mac === OPENBMC_MAC || mac === NO_MAC) return undefined;
  const linkConnected = network.text("state") === "up" && (kind !== undefined || port?.linkDetected === true);
  const linkSpeed = linkConnected ? (port?.linkSpeed ?? 0) : 0;
  return {
    name,
    type: kind?.type ?? "physical",
    mac,
    parents: kind?.parents ?? [],
    ...(kind?.vid === undefined ? {} : { vid: kind.vid }),
    params: kind?.params ?? {},
    linkConnected,
    // Virtual cards list no modes but may know the speed of their link.
    interfaceSpeed: Math.max(port?.topSpeed ?? 0, linkSpeed),
    linkSpeed,
    sriovMaxVf: port?.sriovMaxVf ?? 0,
    tags: port && port.sriovMaxVf > 0 ? ["sriov"] : [],
    ...(port?.vendor ? { vendor: port.vendor } : {}),
    ...(port?.product ? { product: port.product } : {}),
    ...(port?.firmwareVersion ? { firmwareVersion: port.firmwareVersion } : {}),
    ...(port ? { numaNode: port.numaNode } : {}),
    ...(port?.pciAddress ? { pciAddress: port.pciAddress } : {}),
    addresses: network.parts("addresses", MAX_ADDRESSES).flatMap(readAddress),
  };
}

type VirtualKind = Pick<ReportedInterface, "parents" | "params" | "vid"> & { type: "bond" | "bridge" | "vlan" };

function virtualKind(network: Part): VirtualKind | undefined {
  const bond = network.maybe("bond");
  if (bond) {
    const params = {
      bond_mode: bond.text("mode"),
      bond_miimon: bond.natural("mii_frequency"),
      bond_updelay: bond.natural("up_delay"),
      bond_downdelay: bond.natural("down_delay"),
      bond_xmit_hash_policy: bond.text("transmit_policy"),
    };
    const said = Object.entries(params).filter(([, value]) => value !== "");
    return { type: "bond", parents: names(bond, "lower_devices"), params: Object.fromEntries(said) };
  }
  const bridge = network.maybe("bridge");
  if (bridge) {
    const params = {
      bridge_type: "standard",
      bridge_stp: bridge.flag("stp"),
      bridge_fd: bridge.natural("forward_delay"),
    };
    return { type: "bridge", parents: names(bridge, "upper_devices"), params };
  }
  const vlan = network.maybe("vlan");
  if (!vlan) return undefined;
  return { type: "vlan", parents: [vlan.text("lower_device")], vid: vlan.natural("vid", 0, 4094), params: {} };
}

function names(part: Part, key: string): string[] {
  return part.list(key, MAX_INTERFACES).filter((name) => typeof name === "string");
}

function readAddress(address: Part): ReportedAddress[] {
  const ip = address.text("address");
  if (address.text("scope") !== "global" || !ipaddr.isValid(ip)) return [];
  const parsed = ipaddr.parse(ip);
  const widest = parsed.kind() === "ipv4" ? 32 : 128;
  const prefix = Number(address.text("netmask") || widest);
  if (!Number.isInteger(prefix) || prefix < 1 || prefix > widest) {
    throw new BadReport(`${address.at("netmask")} is no prefix length for ${ip}`);
  }
  return [{ ip: parsed.toString(), prefix }];
}

/** Parents that are not of the report are dropped, and with its last parent a VLAN interface too. @throws BadReport on a circle */
function parentsFirst(all: readonly ReportedInterface[]): ReportedInterface[] {
  const byName = new Map(all.map((each) => [each.name, each]));
  const kept = new Map<string, boolean>();
  const visiting = new Set<string>();
  const done: ReportedInterface[] = [];
  const visit = (each: ReportedInterface): boolean => {
    const known = kept.get(each.name);
    if (known !== undefined) return known;
    if (visiting.has(each.name)) throw new BadReport(`networks: ${each.name} lies on itself`);
    visiting.add(each.name);
    const parents = [...new Set(each.parents)].filter((name) => {
      const parent = byName.get(name);
      return parent !== undefined && visit(parent);
    });
    const keep = each.type !== "vlan" || parents.length > 0;
    kept.set(each.name, keep);
    if (keep) done.push({ ...each, parents });
    return keep;
  };
  for (const each of all) visit(each);
  return done;
}
