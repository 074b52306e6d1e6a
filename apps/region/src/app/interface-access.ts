/** Who may change the network of a node, and when (reference: networking-storage.md section 6). */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { type LockedNode, lockNode, nodeNics } from "@rackwright/db/interfaces";
import { lockMachine } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import type { EventRecord } from "@rackwright/domain/machine/event";
import { refuse } from "@rackwright/domain/machine/lifecycle";
import type { MachineStatus } from "@rackwright/domain/machine/status";
import type { Nic } from "@rackwright/domain/network/nic";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { permitted, permittedTo } from "./permissions.ts";

/**
 * configure: make, delete, link; update: correct what is known of one; tag: put tags on it; register: make or delete one by its MAC address
 * alone, as API 1.0 lets whoever holds the machine do at any time.
 */
export type NetworkChange = "configure" | "update" | "tag" | "register";

/** What each is called where the rules of machines are. */
const actionOf = { configure: "configure_network", update: "update_interface", tag: "tag_interface" } as const;

export interface NodeNetwork {
  node: LockedNode;
  nics: Nic[];
  /** undefined of what is no machine. */
  status: MachineStatus | undefined;
}

export const isController = (node: Pick<LockedNode, "nodeType">): boolean => node.nodeType >= 2;

/**
 * Lock a node, change its network, and tell those who follow it.
 * @throws DomainError not_found, forbidden, wrong_status
 */
export function changeNetwork<T>(
  ctx: Ctx,
  systemId: string,
  change: NetworkChange,
  what: string,
  work: (tx: Tx, network: NodeNetwork) => Promise<T>,
): Promise<T> {
  return inTransaction(ctx, async (tx) => {
    const network = await lockNetwork(ctx, tx, systemId, change);
    const result = await work(tx, network);
    await networkChanged(ctx, tx, network.node, what);
    return result;
  });
}

async function lockNetwork(ctx: Ctx, tx: Tx, systemId: string, change: NetworkChange): Promise<NodeNetwork> {
  const node = await lockNode(tx, systemId);
  if (!node) throw new DomainError("not_found", "No Node matches the given query.");
  const status = node.nodeType === 0 ? await machineStatus(ctx, tx, systemId, change) : undefined;
  if (node.nodeType === 1) mayEdit(ctx, node);
  if (isController(node)) {
    needAdmin(ctx, node);
    if (change === "configure")
      throw new DomainError("forbidden", `${node.hostname} is a controller: its network is configured on itself.`);
  }
  return { node, nics: await nodeNics(tx, node.id), status };
}

async function machineStatus(ctx: Ctx, tx: Tx, systemId: string, change: NetworkChange): Promise<MachineStatus> {
  if (change === "register") return permitted(ctx.actor, "own", await lockMachine(tx, systemId)).machine.status;
  const { machine } = permittedTo(ctx.actor, actionOf[change], await lockMachine(tx, systemId));
  refuse(actionOf[change], machine);
  return machine.status;
}

/** Devices are their owners'. @throws DomainError forbidden */
export function mayEdit(ctx: Ctx, node: Pick<LockedNode, "hostname" | "ownerId">): void {
  const { actor } = ctx;
  if (actor.kind === "user" && (actor.isSuperuser || actor.userId === node.ownerId)) return;
  throw new DomainError("forbidden", `${node.hostname} is not yours to change.`);
}

function needAdmin(ctx: Ctx, node: LockedNode): void {
  if (ctx.actor.kind === "user" && ctx.actor.isSuperuser) return;
  throw new DomainError("forbidden", `Only an administrator changes the network of ${node.hostname}.`);
}

const ENTITIES = ["machine", "device"];

/** @param what follows the node's name in its history */
export async function networkChanged(ctx: Ctx, tx: Tx, node: LockedNode, what: string): Promise<void> {
  await appendChange(tx, {
    kind: "update",
    entity: ENTITIES[node.nodeType] ?? "rack",
    entityId: node.systemId,
    visibleTo: node.nodeType < 2 && node.ownerId !== null ? String(node.ownerId) : null,
  });
  await insertEvents(tx, { nodeId: node.id, hostname: node.hostname, username: actorName(ctx.actor) }, [
    { type: "NODE", description: what },
  ]);
}

/** What is to be known of a change that was made. */
export function warnOf(
  ctx: Ctx,
  tx: Tx,
  { node }: Pick<NodeNetwork, "node">,
  warnings: readonly EventRecord[],
): Promise<void> {
  return insertEvents(tx, { nodeId: node.id, hostname: node.hostname, username: actorName(ctx.actor) }, warnings);
}

/** One of a node's interfaces, by id or name. @throws DomainError not_found */
export function nicOf({ node, nics }: Pick<NodeNetwork, "node" | "nics">, word: string): Nic {
  const found = nics.find((nic) => String(nic.id) === word) ?? nics.find((nic) => nic.name === word);
  if (!found) throw new DomainError("not_found", `${node.hostname} has no interface '${word}'.`);
  return found;
}
