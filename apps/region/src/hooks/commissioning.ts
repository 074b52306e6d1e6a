/** What commissioning found, made the machine's record. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  hardwareRow,
  lockReports,
  replaceDevices,
  replaceMetadata,
  replaceNumaNodes,
  reportedDisks,
  setHardware,
  setHardwareUuid,
  setNodeTags,
  writeDisks,
} from "@rackwright/db/hardware";
import {
  deleteInterfaces,
  interfacesElsewhere,
  keepSeen,
  knownInterfaces,
  replaceDiscovered,
  type InterfaceWrite,
  type SeenAddress,
  writeInterfaces,
} from "@rackwright/db/hardware-network";
import { matchDisks, matchInterfaces, mergeArchitecture, mergeTags } from "@rackwright/domain/hardware/match";
import { BadReport } from "@rackwright/domain/hardware/read";
import type { HardwareReport, ReportedInterface } from "@rackwright/domain/hardware/report";
import type { MachineStatus } from "@rackwright/domain/machine/status";
import { getConfig } from "../app/config.ts";
import type { Ctx } from "../context.ts";
import { type NetworkFinder, withNetworks } from "./networks.ts";

/** node_type: 0 machine, 1 device, 2 to 4 controllers. */
const FIRST_CONTROLLER_TYPE = 2;

export interface ReportOptions {
  skipNetworking: boolean;
  skipStorage: boolean;
  status: MachineStatus;
  /** It runs a system that was installed from here: what its links, bonds, bridges and VLANs are was configured, and is not learnt from it. */
  isConfigured: boolean;
}

/**
 * Write a report into the record of the machine that sent it. The caller holds the machine's row.
 * @throws BadReport when it claims what belongs to a controller
 */
export async function applyHardwareReport(
  _ctx: Ctx,
  tx: Tx,
  machineId: number,
  report: HardwareReport,
  options: ReportOptions,
): Promise<void> {
  const macs = report.interfaces.map(({ mac }) => mac.toLowerCase());
  await lockReports(tx, [...macs, ...(report.hardwareUuid === undefined ? [] : [report.hardwareUuid.toLowerCase()])]);
  const node = await hardwareRow(tx, machineId);
  const elsewhere = options.skipNetworking ? [] : await cardsElsewhere(tx, machineId, report, options.status);
  await setHardware(tx, machineId, {
    architecture: mergeArchitecture(node.architecture, report.architecture, report.platform),
    cpuCount: report.cpu.count,
    cpuSpeedMhz: report.cpu.speedMhz,
    memoryMib: report.memoryMib,
  });
  const changed = await setHardwareUuid(tx, machineId, report.hardwareUuid ?? null);
  await replaceMetadata(tx, machineId, report.metadata);
  await replaceNumaNodes(tx, machineId, report.numaNodes);
  await replaceDevices(tx, machineId, report.devices);
  await applyTags(tx, machineId, report);
  if (!options.skipNetworking) {
    // A card that was plugged into this machine leaves the one it was in.
    await deleteInterfaces(
      tx,
      elsewhere.map((card) => card.id),
    );
    changed.push(...elsewhere.map((card) => card.systemId));
    await applyInterfaces(tx, machineId, report, options);
  }
  if (!options.skipStorage) await applyDisks(tx, machineId, report);
  for (const systemId of new Set([node.systemId, ...changed])) {
    await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
  }
}

async function applyTags(tx: Tx, machineId: number, report: HardwareReport): Promise<void> {
  const on = [...report.tags, ...(report.isVirtual ? ["virtual"] : [])];
  const made = await setNodeTags(tx, machineId, { on, off: report.isVirtual ? [] : ["virtual"] });
  for (const name of made) await appendChange(tx, { kind: "create", entity: "tag", entityId: name });
}

/** A NUMA node that the processors do not know says nothing. */
function numaNode(report: HardwareReport, index: number | undefined): { numaNode?: number } {
  const known = report.numaNodes.some((node) => node.index === index);
  const chosen = known ? index : report.numaNodes[0]?.index;
  return chosen === undefined ? {} : { numaNode: chosen };
}

async function applyDisks(tx: Tx, machineId: number, report: HardwareReport): Promise<void> {
  const { kept, added, gone } = matchDisks(await reportedDisks(tx, machineId), report.disks);
  const disks = [
    ...kept.map(({ stored, reported }) => ({
      ...reported,
      ...numaNode(report, reported.numaNode),
      id: stored.id,
      tags: mergeTags(stored.tags, reported.tags),
    })),
    ...added.map((disk) => ({ ...disk, ...numaNode(report, disk.numaNode), id: null })),
  ];
  await writeDisks(
    tx,
    machineId,
    disks,
    gone.map((disk) => disk.id),
  );
}

async function applyInterfaces(
  tx: Tx,
  machineId: number,
  report: HardwareReport,
  { status, isConfigured }: ReportOptions,
): Promise<void> {
  const isOurs = ({ type }: { type: string }) => !isConfigured || type === "physical";
  const interfaces = report.interfaces.filter(isOurs);
  const stored = (await knownInterfaces(tx, machineId)).filter(isOurs);
  const { kept, gone } = matchInterfaces(stored, interfaces);
  await deleteInterfaces(
    tx,
    gone.map((each) => each.id),
  );
  const storedOf = new Map(kept.map((pair) => [pair.reported, pair.stored]));
  const { auto_vlan_creation } = await getConfig(tx, "auto_vlan_creation");
  const rules = { createFabrics: auto_vlan_creation && status !== "deployed", createSubnets: !isConfigured };
  const places = await withNetworks(tx, rules, (networks) => placesOf(networks, interfaces, storedOf, isConfigured));
  const writes: InterfaceWrite[] = [];
  for (const nic of interfaces) {
    const before = storedOf.get(nic);
    const vlanId = places.get(nic)?.vlanId ?? null;
    const { addresses: _addresses, vid: _vid, ...rest } = nic;
    const tags = mergeTags(before?.tags ?? [], nic.tags);
    writes.push({ ...rest, ...numaNode(report, nic.numaNode), id: before?.id ?? null, vlanId, tags });
  }
  const ids = await writeInterfaces(tx, machineId, writes);
  const seen: SeenAddress[] = [];
  for (const nic of interfaces) {
    const interfaceId = ids.get(nic.name);
    if (interfaceId === undefined) throw new Error(`interface ${nic.name} of machine ${machineId} was not stored`);
    for (const [index, { ip }] of nic.addresses.entries())
      seen.push({ interfaceId, ip, subnetId: places.get(nic)?.subnetIds[index] ?? null });
  }
  if (status === "deployed") await keepSeen(tx, machineId, seen);
  else await replaceDiscovered(tx, machineId, seen);
}

interface Place {
  vlanId: number | null;
  /** Of its addresses, in their order. */
  subnetIds: (number | null)[];
}

async function placesOf(
  networks: NetworkFinder,
  interfaces: readonly ReportedInterface[],
  storedOf: ReadonlyMap<ReportedInterface, { vlanId: number | null; isLinked: boolean }>,
  isConfigured: boolean,
): Promise<Map<ReportedInterface, Place>> {
  const places = new Map<ReportedInterface, Place>();
  const vlans = new Map<string, number | null>();
  for (const nic of interfaces) {
    const parentVlan = vlans.get(nic.parents[0] ?? "") ?? null;
    const current = storedOf.get(nic) ?? { vlanId: null, isLinked: false };
    const stays = isConfigured ? current.vlanId : null;
    const vlanId = stays ?? (await networks.vlanOf(nic, current, parentVlan));
    vlans.set(nic.name, vlanId);
    places.set(nic, { vlanId, subnetIds: [] });
  }
  for (const [nic, { vlanId, subnetIds }] of places)
    for (const address of nic.addresses) subnetIds.push(await networks.subnetOf(address, vlanId));
  return places;
}

/**
 * Other machines' interfaces with addresses of this report. A controller's stays: losing it would cut off its machines. What a system in use
 * says is its user's word, and takes nothing from anybody.
 */
async function cardsElsewhere(tx: Tx, machineId: number, report: HardwareReport, status: MachineStatus) {
  const macs = report.interfaces.filter((nic) => nic.type === "physical").map((nic) => nic.mac);
  const cards = await interfacesElsewhere(tx, machineId, macs);
  const taken = cards.find((card) => card.nodeType >= FIRST_CONTROLLER_TYPE);
  const [other] = status === "deployed" ? cards : [];
  if (!taken && other)
    throw new BadReport(
      `interface address ${other.mac} belongs to ${other.hostname}: if the card was moved here, delete that interface there first`,
    );
  if (!taken) return cards;
  throw new BadReport(
    `interface address ${taken.mac} belongs to controller ${taken.hostname}: give one of the two cards another address`,
  );
}
