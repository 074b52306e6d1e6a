/** Tags, and which nodes have them. */
import { appendChange, appendChanges } from "@rackwright/db/change";
import type { MachineView } from "@rackwright/db/machine-views";
import { type TagEvaluation, tagEvaluation } from "@rackwright/db/tag-evaluations";
import * as db from "@rackwright/db/tags";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { tidyDefinition } from "@rackwright/domain/tags/definition";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { type DeviceView, deviceViews } from "./devices.ts";
import { searchMachines } from "./machine-view.ts";
import { type AnyNodeView, nodesWith } from "./node-list.ts";
import { type RackView, rackViews } from "./rack-controllers.ts";
import { checkDefinition, evaluateAgain } from "./tag-evaluation.ts";

export const listTags = (ctx: Ctx): Promise<db.Tag[]> => db.listTags(ctx.region.db.kysely);

function found(tag: db.Tag | undefined, name: string): db.Tag {
  if (!tag) throw new DomainError("not_found", `There is no tag '${name}'.`);
  return tag;
}

/** @throws DomainError not_found */
export async function readTag(ctx: Ctx, name: string): Promise<db.Tag> {
  return found(await db.tagByName(ctx.region.db.kysely, name), name);
}

/** @throws DomainError invalid_fields when the name is taken, or the definition cannot be evaluated */
export async function createTag(ctx: Ctx, request: Omit<db.Tag, "id">): Promise<db.Tag> {
  const tag = { ...request, definition: tidyDefinition(request.definition) };
  await checkDefinition(tag.definition);
  return inTransaction(ctx, async (tx) => {
    const made = await db.insertTag(tx, tag);
    if (!made) throw invalidField("name", `There is a tag '${tag.name}' already.`);
    if (made.definition !== "") await evaluateAgain(ctx, tx, made);
    await appendChange(tx, { kind: "create", entity: "tag", entityId: tag.name });
    await audit(ctx, tx, "TAG", `Created tag '${tag.name}'.`);
    return made;
  });
}

export type TagRequest = { [K in keyof Omit<db.Tag, "id">]?: db.Tag[K] | undefined };

/** @throws DomainError not_found, invalid_fields */
export async function updateTag(ctx: Ctx, name: string, request: TagRequest): Promise<db.Tag> {
  const definition = request.definition === undefined ? undefined : tidyDefinition(request.definition);
  // One that stays as it is was checked when it came.
  if (definition !== undefined && (await readTag(ctx, name)).definition !== definition)
    await checkDefinition(definition);
  return inTransaction(ctx, async (tx) => {
    const before = found(await db.lockTag(tx, name), name);
    const after = {
      name: request.name || before.name,
      definition: definition ?? before.definition,
      comment: request.comment ?? before.comment,
      kernelOpts: request.kernelOpts ?? before.kernelOpts,
    };
    if (await db.tagNameTaken(tx, after.name, before.id))
      throw invalidField("name", `There is a tag '${after.name}' already.`);
    const tag = await db.updateTagRow(tx, before.id, after);
    if (tag.definition !== before.definition) await evaluateAgain(ctx, tx, tag);
    await appendChange(tx, { kind: "update", entity: "tag", entityId: tag.name });
    if (tag.name !== name)
      await appendChanges(tx, { kind: "update", entity: "machine", entityIds: await db.nodesOfTag(tx, tag.id) });
    await audit(ctx, tx, "TAG", `Updated tag '${name}'.`);
    return tag;
  });
}

/** Evaluate the definition again, over all nodes. A tag without one stays where it was put. @throws DomainError not_found */
export async function rebuildTag(ctx: Ctx, name: string): Promise<string> {
  return inTransaction(ctx, async (tx) => {
    const tag = found(await db.lockTag(tx, name), name);
    if (tag.definition === "") return tag.name;
    await evaluateAgain(ctx, tx, tag);
    await appendChange(tx, { kind: "update", entity: "tag", entityId: tag.name });
    await audit(ctx, tx, "TAG", `Rebuilt tag '${name}'.`);
    return tag.name;
  });
}

/** How far its machines have been found; undefined when it has no definition. @throws DomainError not_found */
export async function readTagEvaluation(
  ctx: Ctx,
  name: string,
): Promise<{ tag: db.Tag; evaluation: TagEvaluation | undefined }> {
  const tag = await readTag(ctx, name);
  return { tag, evaluation: await tagEvaluation(ctx.region.db.kysely, tag.id) };
}

/** @throws DomainError not_found */
export async function deleteTag(ctx: Ctx, name: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const tag = found(await db.lockTag(tx, name), name);
    const systemIds = await db.deleteTag(tx, tag.id);
    await appendChange(tx, { kind: "delete", entity: "tag", entityId: name });
    await appendChanges(tx, { kind: "update", entity: "machine", entityIds: systemIds });
    await audit(ctx, tx, "TAG", `Deleted tag '${name}'.`);
  });
}

/** Nodes with the tag that the caller may see. @throws DomainError not_found */
export async function nodesWithTag(ctx: Ctx, name: string, nodeTypes: readonly number[]): Promise<MachineView[]> {
  await readTag(ctx, name);
  return searchMachines(ctx, { tags: [name] }, { nodeTypes });
}

export interface TagNodes {
  add: readonly string[];
  remove: readonly string[];
  /** Definition by which whoever asks chose the nodes. */
  definition: string | undefined;
}

/**
 * Put the tag on some nodes, take it off others; unknown ids are passed over.
 * @returns how many nodes were named, of each
 * @throws DomainError not_found, conflict when the definition is another by now
 */
export async function updateTagNodes(
  ctx: Ctx,
  name: string,
  change: TagNodes,
): Promise<{ added: number; removed: number }> {
  return inTransaction(ctx, async (tx) => {
    const tag = found(await db.lockTag(tx, name), name);
    if (change.definition !== undefined && change.definition !== tag.definition)
      throw new DomainError(
        "conflict",
        `The definition of tag '${name}' is not the one that was given: read it again.`,
      );
    const add = await db.nodesBySystemId(tx, change.add);
    const remove = await db.nodesBySystemId(tx, change.remove);
    await db.addNodesToTag(
      tx,
      tag.id,
      add.map((n) => n.id),
    );
    await db.removeNodesFromTag(
      tx,
      tag.id,
      remove.map((n) => n.id),
    );
    const systemIds = [...new Set([...add, ...remove].map((n) => n.systemId))];
    await appendChanges(tx, { kind: "update", entity: "machine", entityIds: systemIds });
    if (systemIds.length > 0)
      await audit(ctx, tx, "TAG", `Put tag '${name}' on ${add.length} nodes, took it off ${remove.length}.`);
    return { added: add.length, removed: remove.length };
  });
}

/** Devices with the tag that the caller may see. @throws DomainError not_found */
export async function devicesWithTag(ctx: Ctx, name: string): Promise<DeviceView[]> {
  await readTag(ctx, name);
  return deviceViews(ctx, { tags: [name] });
}

/** As `nodesWithTag`, of every kind. @throws DomainError not_found */
export async function anyNodesWithTag(ctx: Ctx, name: string): Promise<AnyNodeView[]> {
  await readTag(ctx, name);
  return nodesWith(ctx, { tags: [name] });
}

/** @throws DomainError not_found */
export async function racksWithTag(ctx: Ctx, name: string): Promise<RackView[]> {
  await readTag(ctx, name);
  return rackViews(ctx, { tags: [name] });
}
