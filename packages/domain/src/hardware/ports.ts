import type { Part } from "./read.ts";

/** A network port and the card it is on. */
export interface Port {
  name: string;
  mac: string;
  linkDetected: boolean;
  linkSpeed: number;
  /** Fastest of the modes that it supports, Mbit/s. */
  topSpeed: number;
  sriovMaxVf: number;
  vendor: string;
  product: string;
  firmwareVersion: string;
  numaNode: number;
  pciAddress: string;
}

const MAX_CARDS = 1024;
const MAX_PORTS = 256;
const MAX_SPEED = 10_000_000;

/** Ports by name, those of virtual functions too. */
export function readPorts(network: Part): Map<string, Port> {
  network.require("cards");
  const ports = new Map<string, Port>();
  for (const card of network.parts("cards", MAX_CARDS)) {
    const sriov = card.maybe("sriov");
    for (const each of [card, ...(sriov?.parts("vfs", MAX_CARDS) ?? [])]) {
      const maxVf = each === card ? (sriov?.natural("maximum_vfs", 0, 65_535) ?? 0) : 0;
      for (const port of each.parts("ports", MAX_PORTS)) {
        const found = readPort(each, port, maxVf);
        ports.set(found.name, found);
      }
    }
  }
  return ports;
}

function readPort(card: Part, port: Part, sriovMaxVf: number): Port {
  const modes = port.list("supported_modes", 256).filter((mode) => typeof mode === "string");
  const speeds = modes.map((mode) => Number(/^(\d{1,8})base/i.exec(mode)?.[1] ?? 0));
  return {
    name: port.require("id").text("id"),
    mac: port.text("address").toLowerCase(),
    linkDetected: port.flag("link_detected"),
    linkSpeed: port.natural("link_speed", 0, MAX_SPEED),
    topSpeed: Math.min(MAX_SPEED, Math.max(0, ...speeds)),
    sriovMaxVf,
    vendor: card.text("vendor"),
    product: card.text("product"),
    firmwareVersion: card.text("firmware_version"),
    numaNode: card.natural("numa_node", 0, 65_535),
    pciAddress: card.text("pci_address"),
  };
}
