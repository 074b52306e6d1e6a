/** Making machines like another one: its network, its storage (reference: lifecycle.md section 15). */
import { randomUUID } from "node:crypto";
import { insertLinks, lockSubnets, type NewLink, subnetOccupancy } from "@rackwright/db/addresses";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { type LoadedMachine, lockMachines } from "@rackwright/db/machines";
import { interfacesToClone, physicalInterfaces, writeClonedInterfaces } from "@rackwright/db/network-clone";
import { loadStorageModel } from "@rackwright/db/storage";
import { saveStorageModel } from "@rackwright/db/storage-save";
import { chooseAddress } from "@rackwright/domain/addressing/allocate";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { refusal } from "@rackwright/domain/machine/lifecycle";
import { actionForbidden, forbiddance } from "@rackwright/domain/machine/permissions";
import { type ClonedInterface, cloneNetwork } from "@rackwright/domain/network/clone";
import { cloneStorage } from "@rackwright/domain/storage/clone";
import type { StorageModel } from "@rackwright/domain/storage/model";
import { actorName, type Ctx, inTransaction } from "../context.ts";

export interface CloneRequest {
  source: string;
  destinations: readonly string[];
  interfaces: boolean;
  storage: boolean;
}

/** What is taken over, read once for all who get it. */
interface Original {
  hostname: string;
  interfaces: ClonedInterface[] | null;
  storage: StorageModel | null;
}

/** All or none. @throws DomainError invalid_fields: source, or every destination that cannot become like it, and why */
export async function cloneMachine(ctx: Ctx, request: CloneRequest): Promise<void> {
  const { source, destinations } = request;
  if (!request.interfaces && !request.storage)
    throw invalidField("__all__", "Nothing is to be cloned: set interfaces, storage or both.");
  if (destinations.includes(source)) throw invalidField("destinations", `${source} is the source itself.`);
  await inTransaction(ctx, async (tx) => {
    const found = await lockMachines(tx, [source, ...destinations]);
    const byId = new Map(found.map((loaded) => [loaded.machine.systemId, loaded]));
    const original = await originalOf(ctx, tx, byId.get(source), request);
    const problems: string[] = [];
    for (const id of new Set(destinations)) {
      const problem = await cloneTo(ctx, tx, id, byId.get(id), original);
      if (problem !== undefined) problems.push(problem);
    }
    if (problems.length > 0)
      throw new DomainError("invalid_fields", `destinations: ${problems.join(" ")}`, {
        fields: { destinations: problems },
      });
  });
}

async function originalOf(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine | undefined,
  { source, interfaces, storage }: CloneRequest,
): Promise<Original> {
  if (!loaded) throw invalidField("source", `There is no machine ${source}.`);
  const { machine } = loaded;
  const forbidden = forbiddance(ctx.actor, "view", machine);
  if (forbidden) throw invalidField("source", forbidden.message);
  return {
    hostname: machine.hostname,
    interfaces: interfaces ? await interfacesToClone(tx, machine.id) : null,
    // What somebody has made of its disks for himself is his own.
    storage: storage ? await loadStorageModel(tx, machine.id, { acquired: false }) : null,
  };
}

/** @returns why it cannot be; what was written until then is taken back with the transaction */
async function cloneTo(
  ctx: Ctx,
  tx: Tx,
  id: string,
  loaded: LoadedMachine | undefined,
  original: Original,
): Promise<string | undefined> {
  if (!loaded) return `There is no machine ${id}.`;
  const { machine } = loaded;
  const refused = actionForbidden(ctx.actor, "clone", machine) ?? refusal("clone", machine);
  if (refused) return refused.message;
  if (original.storage) {
    const before = await loadStorageModel(tx, machine.id, { acquired: false });
    const model = cloneStorage(original.storage, before, randomUUID);
    if ("problem" in model) return `${machine.hostname} ${model.problem}.`;
    await saveStorageModel(tx, machine.id, before, model, { acquired: false });
  }
  if (original.interfaces) {
    const names = (await physicalInterfaces(tx, machine.id)).map((nic) => nic.name);
    const plan = cloneNetwork(original.interfaces, names);
    if ("problem" in plan) return `${machine.hostname} ${plan.problem}.`;
    const ids = await writeClonedInterfaces(tx, machine.id, plan);
    const links = [...plan.physical, ...plan.virtual].flatMap((nic) =>
      nic.links.map((link) => ({ ...link, interfaceId: ids.get(nic.name) ?? 0 })),
    );
    const full = await linkAgain(tx, links);
    if (full !== undefined) return `${machine.hostname} gets no address: ${full}.`;
    await appendChange(tx, { kind: "update", entity: "ip_address", entityId: `node-${machine.id}` });
  }
  await insertEvents(tx, { nodeId: machine.id, hostname: machine.hostname, username: actorName(ctx.actor) }, [
    { type: "NODE", description: `Cloned ${whatOf(original)} of '${original.hostname}' to '${machine.hostname}'.` },
  ]);
  await appendChange(tx, { kind: "update", entity: "machine", entityId: machine.systemId });
  return undefined;
}

function whatOf({ interfaces, storage }: Original): string {
  return [interfaces && "network", storage && "storage"].filter(Boolean).join(" and ") + " configuration";
}

/** The links of the plan, each with an address of its own where the original has one. @returns the subnet that has none left */
async function linkAgain(
  tx: Tx,
  links: readonly (Omit<NewLink, "ip"> & { needsAddress: boolean })[],
): Promise<string | undefined> {
  await lockSubnets(
    tx,
    links.flatMap((link) => (link.needsAddress && link.subnetId !== null ? [link.subnetId] : [])),
  );
  for (const { interfaceId, type, subnetId, needsAddress } of links) {
    let ip: string | null = null;
    if (needsAddress && subnetId !== null) {
      const subnet = await subnetOccupancy(tx, subnetId);
      const free = chooseAddress(subnet);
      if (free === undefined) return `no free address is left in ${subnet.cidr}`;
      ip = free;
    }
    await insertLinks(tx, [{ interfaceId, type, subnetId, ip }]);
  }
  return undefined;
}
