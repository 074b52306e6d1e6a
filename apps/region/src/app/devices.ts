/** Devices: what has names and addresses and is not deployed. */
import { randomInt } from "node:crypto";
import { appendChange, appendChanges } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  deviceIds,
  type DeviceRow,
  isPartOf,
  lockDevice,
  nodeOwner,
  parentSystemIds,
  partsOf,
  setOwnerData,
  settleInterfaces,
  updateDevice,
} from "@rackwright/db/devices";
import { deleteNodeLinks, deleteVirtualInterfaces } from "@rackwright/db/addresses";
import { insertEvents } from "@rackwright/db/history";
import type { MachineView } from "@rackwright/db/machine-views";
import {
  defaultDomainId,
  deleteNode,
  domainId,
  hostnameTaken,
  insertBootInterfaces,
  insertNode,
  takenMacs,
  zoneId,
} from "@rackwright/db/nodes";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { generateHostname, generateSystemId, parseHostname, parseMac } from "@rackwright/domain/machine/names";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { userIdOf } from "./audit.ts";
import { mayEdit } from "./interface-access.ts";
import { searchMachines, visibility } from "./machine-view.ts";

export interface DeviceFields {
  hostname?: string | undefined;
  description?: string | undefined;
  domain?: string | undefined;
  parent?: string | undefined;
  zone?: string | undefined;
}

export interface DeviceView {
  view: MachineView;
  parent: string | null;
}

export async function deviceViews(ctx: Ctx, criteria: Parameters<typeof searchMachines>[1]): Promise<DeviceView[]> {
  const views = await searchMachines(ctx, criteria, { nodeTypes: [1] });
  const ids = views.map((view) => view.row.parent_id).filter((id) => id !== null);
  const parents = await parentSystemIds(ctx.region.db.kysely, ids);
  return views.map((view) => ({
    view,
    parent: view.row.parent_id === null ? null : (parents.get(view.row.parent_id) ?? null),
  }));
}

const noSuchDevice = () => new DomainError("not_found", "No Device matches the given query.");

/** Every user sees every device (describe.md section 16: node.view). @throws DomainError not_found */
export async function deviceView(ctx: Ctx, systemId: string): Promise<DeviceView> {
  const [view] = await deviceViews(ctx, { id: [systemId] });
  if (!view) throw noSuchDevice();
  return view;
}

/** A node that the caller sees: whoever deletes it deletes what is a part of it. @throws DomainError invalid_fields */
async function parentOf(ctx: Ctx, tx: Tx, systemId: string): Promise<number> {
  const node = await nodeOwner(tx, systemId);
  const seen = visibility(ctx);
  if (!node || (seen !== null && node.ownerId !== null && node.ownerId !== seen))
    throw invalidField("parent", `There is no node '${systemId}' that you may see.`);
  return node.id;
}

async function placeColumns(ctx: Ctx, tx: Tx, fields: DeviceFields, device: DeviceRow | null) {
  const find = async (field: "zone" | "domain", lookUp: typeof zoneId) => {
    const word = fields[field];
    if (!word) return undefined;
    const id = await lookUp(tx, word);
    if (id === undefined) throw invalidField(field, `There is no ${field} '${word}'.`);
    return id;
  };
  const zone = await find("zone", zoneId);
  const domain = await find("domain", domainId);
  const parent = fields.parent ? await parentOf(ctx, tx, fields.parent) : null;
  if (parent !== null && device && (await isPartOf(tx, parent, device.id)))
    throw invalidField("parent", `${fields.parent} is a part of ${device.hostname}, or the device itself.`);
  return {
    ...(zone === undefined ? {} : { zone_id: zone }),
    ...(domain === undefined ? {} : { domain_id: domain }),
    ...(fields.parent === undefined ? {} : { parent_id: parent }),
    ...(fields.description === undefined ? {} : { description: fields.description }),
  };
}

async function nameColumns(tx: Tx, wanted: string, domain: number, exceptId: number | null) {
  const parsed = parseHostname(wanted);
  if (!parsed)
    throw invalidField("hostname", `"${wanted}" is no host name: letters, digits and hyphens, at most 63 to a label.`);
  const domain_id = parsed.domain === undefined ? domain : await domainId(tx, parsed.domain);
  if (domain_id === undefined)
    throw invalidField("hostname", `There is no domain '${parsed.domain}': create it, or give the host name alone.`);
  if (await hostnameTaken(tx, domain_id, parsed.hostname, exceptId))
    throw invalidField("hostname", `Node with hostname '${parsed.hostname}' already exists.`);
  return { hostname: parsed.hostname, domain_id };
}

function parseMacs(given: readonly string[]): string[] {
  const macs = given.map((text) => {
    const mac = parseMac(text);
    if (mac === undefined) throw invalidField("mac_addresses", `'${text}' is not a valid MAC address.`);
    return mac;
  });
  return [...new Set(macs)];
}

/** @returns its system id */
export async function createDevice(ctx: Ctx, fields: DeviceFields & { mac_addresses: string[] }): Promise<string> {
  const macs = parseMacs(fields.mac_addresses);
  return inTransaction(ctx, async (tx) => {
    const [taken] = await takenMacs(tx, macs);
    if (taken) throw invalidField("mac_addresses", `MAC address ${taken.mac} already in use on ${taken.systemId}.`);
    const columns = await placeColumns(ctx, tx, fields, null);
    const domain = columns.domain_id ?? (await defaultDomainId(tx));
    for (let attempt = 0; attempt < 50; attempt++) {
      const systemId = generateSystemId(randomInt);
      const name = fields.hostname
        ? await nameColumns(tx, fields.hostname, domain, null)
        : { hostname: generateHostname(randomInt), domain_id: domain };
      const id = await insertNode(tx, {
        systemId,
        nodeType: 1,
        hostname: name.hostname,
        domainId: name.domain_id,
        columns: { ...columns, ...name, owner_id: userIdOf(ctx) },
      });
      if (id === undefined) continue; // the generated name or id was taken: another one
      await insertBootInterfaces(tx, id, macs);
      await settleInterfaces(tx, id);
      await told(ctx, tx, { id, systemId, hostname: name.hostname }, "create", "Added device");
      return systemId;
    }
    throw new DomainError("conflict", "No free host name was found for the new device: give it one.");
  });
}

async function told(
  ctx: Ctx,
  tx: Tx,
  device: Pick<DeviceRow, "id" | "systemId" | "hostname">,
  kind: string,
  what: string,
): Promise<void> {
  await appendChange(tx, { kind, entity: "device", entityId: device.systemId });
  const nodeId = kind === "delete" ? null : device.id;
  await insertEvents(tx, { nodeId, hostname: device.hostname, username: actorName(ctx.actor) }, [
    { type: "NODE", description: `${what} '${device.hostname}' (${device.systemId}).` },
  ]);
}

/** The devices that go with a node, before it goes: each is in the change record. */
export async function partsGo(ctx: Ctx, tx: Tx, parent: { id: number; hostname: string }): Promise<void> {
  for (const part of await partsOf(tx, parent.id))
    await told(ctx, tx, part, "delete", `Deleted, with ${parent.hostname} of which it was a part, device`);
}

/** Lock the caller's device and change it. @throws DomainError not_found, forbidden */
async function change(
  ctx: Ctx,
  systemId: string,
  what: string,
  work: (tx: Tx, device: DeviceRow) => Promise<void>,
  kind = "update",
): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const device = await lockDevice(tx, systemId);
    if (!device) throw noSuchDevice();
    mayEdit(ctx, device);
    await work(tx, device);
    await told(ctx, tx, device, kind, what);
  });
}

export function updateDeviceFields(ctx: Ctx, systemId: string, fields: DeviceFields): Promise<void> {
  return change(ctx, systemId, "Updated device", async (tx, device) => {
    const columns = await placeColumns(ctx, tx, fields, device);
    const domain = columns.domain_id ?? device.domainId;
    const name =
      fields.hostname || domain !== device.domainId
        ? await nameColumns(tx, fields.hostname || device.hostname, domain, device.id)
        : {};
    await updateDevice(tx, [device.id], { ...columns, ...name });
  });
}

export function removeDevice(ctx: Ctx, systemId: string): Promise<void> {
  const work = async (tx: Tx, device: DeviceRow) => {
    await partsGo(ctx, tx, device);
    await deleteNode(tx, device.id);
  };
  return change(ctx, systemId, "Deleted device", work, "delete");
}

export function restoreDevice(ctx: Ctx, systemId: string): Promise<void> {
  return change(ctx, systemId, "Restored the network configuration of device", async (tx, device) => {
    await deleteVirtualInterfaces(tx, device.id);
    await deleteNodeLinks(tx, device.id);
    await settleInterfaces(tx, device.id);
  });
}

/** @param given an empty value removes its key; keys that are not named stay */
export function annotateDevice(ctx: Ctx, systemId: string, given: Readonly<Record<string, string>>): Promise<void> {
  return change(ctx, systemId, "Annotated device", async (tx, device) => {
    if (device.ownerId !== userIdOf(ctx))
      throw new DomainError("conflict", `${device.hostname} is not yours: only its owner annotates a device.`);
    const known = Object.entries(device.ownerData).filter(([key]) => !Object.hasOwn(given, key));
    const kept = [...known, ...Object.entries(given).filter(([, value]) => value !== "")];
    await setOwnerData(tx, device.id, Object.fromEntries(kept));
  });
}

/** All of them, or none. @throws DomainError invalid_fields */
export async function setDevicesZone(ctx: Ctx, zoneWord: string, systemIds: readonly string[]): Promise<void> {
  if (ctx.actor.kind !== "user" || !ctx.actor.isSuperuser)
    throw invalidField("nodes", "Only an administrator puts devices into a zone.");
  await inTransaction(ctx, async (tx) => {
    const zone = await zoneId(tx, zoneWord);
    if (zone === undefined) throw invalidField("zone", `There is no zone '${zoneWord}'.`);
    const found = await deviceIds(tx, systemIds);
    const missing = systemIds.find((systemId) => !found.some((device) => device.systemId === systemId));
    if (missing !== undefined) throw invalidField("nodes", `There is no device '${missing}'.`);
    await updateDevice(
      tx,
      found.map((device) => device.id),
      { zone_id: zone },
    );
    await appendChanges(tx, { kind: "update", entity: "device", entityIds: found.map((device) => device.systemId) });
  });
}
