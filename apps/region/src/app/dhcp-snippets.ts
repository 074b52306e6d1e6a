/** DHCP snippets: what administrators add to our DHCP answers. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  addRevision,
  deleteSnippet,
  forgetSince,
  insertSnippet,
  listSnippets,
  lockSnippet,
  type SnippetRow,
  updateSnippet,
} from "@rackwright/db/dhcp-snippets";
import { lockNode } from "@rackwright/db/interfaces";
import { loadVlans, type SubnetRow, type VlanView } from "@rackwright/db/machine-views";
import { listSubnets } from "@rackwright/db/networks";
import { parseSnippet } from "@rackwright/domain/dhcp/snippet";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { asId } from "@rackwright/domain/network/specifier";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { subnetGiven } from "./named.ts";

export interface SnippetView {
  snippet: SnippetRow;
  subnet: SubnetRow | null;
  vlans: ReadonlyMap<number, VlanView>;
}

export interface SnippetFields {
  name?: string | undefined;
  value?: string | undefined;
  description?: string | undefined;
  enabled?: boolean | undefined;
  node?: string | undefined;
  subnet?: string | undefined;
  global_snippet?: boolean | undefined;
  iprange?: string | undefined;
}

export async function snippetViews(ctx: Ctx, id: number | null = null): Promise<SnippetView[]> {
  const db = ctx.region.db.kysely;
  const [snippets, subnets, vlans] = await Promise.all([listSnippets(db, id), listSubnets(db), loadVlans(db)]);
  return snippets.map((snippet) => ({
    snippet,
    vlans,
    subnet: subnets.find((subnet) => subnet.id === snippet.subnetId) ?? null,
  }));
}

const noSuch = (word: string) => new DomainError("not_found", `There is no DHCP snippet of id ${word}.`);

export async function snippetView(ctx: Ctx, word: string): Promise<SnippetView> {
  const id = asId(word);
  const [view] = id === undefined ? [] : await snippetViews(ctx, id);
  if (!view) throw noSuch(word);
  return view;
}

/** What it is for. @throws DomainError invalid_fields */
async function place(tx: Tx, fields: SnippetFields, stored: Pick<SnippetRow, "nodeId" | "subnetId"> | null) {
  if (fields.iprange)
    throw invalidField(
      "iprange",
      "Our DHCP servers give options by subnet and by node, not by range: name the subnet of the range.",
    );
  if (fields.node && fields.subnet)
    throw invalidField("subnet", "A snippet is for a node or for a subnet, not for both.");
  if (fields.global_snippet && (fields.node || fields.subnet))
    throw invalidField("global_snippet", "A global snippet is for no node and no subnet.");
  if (fields.global_snippet) return { node_id: null, subnet_id: null };
  if (fields.node) {
    const node = await lockNode(tx, fields.node);
    if (!node || node.nodeType > 1) throw invalidField("node", `There is no machine or device '${fields.node}'.`);
    return { node_id: node.id, subnet_id: null };
  }
  if (fields.subnet) return { node_id: null, subnet_id: (await subnetGiven(tx, fields.subnet)).id };
  return {
    node_id: fields.node === "" ? null : (stored?.nodeId ?? null),
    subnet_id: fields.subnet === "" ? null : (stored?.subnetId ?? null),
  };
}

/** @throws DomainError invalid_fields with the reason why it cannot be served */
function check(value: string, nodeId: number | null): void {
  const parsed = parseSnippet(value);
  if ("problem" in parsed) throw invalidField("value", parsed.problem);
  if (nodeId !== null && parsed.leaseSeconds !== undefined)
    throw invalidField("value", "The time of leases is a subnet's: a snippet of a node can only say options.");
}

const told = async (ctx: Ctx, tx: Tx, kind: string, id: number, what: string) => {
  await appendChange(tx, { kind, entity: "dhcp_snippet", entityId: id });
  await audit(ctx, tx, "NETWORKING", what);
};

/** @returns the new snippet's id */
export async function createSnippet(
  ctx: Ctx,
  fields: SnippetFields & { name: string; value: string },
): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const where = await place(tx, fields, null);
    check(fields.value, where.node_id);
    const { name, description = "", enabled = true } = fields;
    const id = await insertSnippet(tx, { name, description, enabled, ...where });
    await addRevision(tx, id, fields.value);
    await told(ctx, tx, "create", id, `Created the DHCP snippet '${name}'.`);
    return id;
  });
}

/** Lock it and change it. @throws DomainError not_found */
async function change(
  ctx: Ctx,
  word: string,
  kind: string,
  what: string,
  work: (tx: Tx, snippet: SnippetRow) => Promise<void>,
): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const id = asId(word);
    const snippet = id === undefined ? undefined : await lockSnippet(tx, id);
    if (!snippet) throw noSuch(word);
    await work(tx, snippet);
    await told(ctx, tx, kind, snippet.id, `${what} the DHCP snippet '${snippet.name}'.`);
    return snippet.id;
  });
}

export function changeSnippet(ctx: Ctx, word: string, fields: SnippetFields): Promise<number> {
  return change(ctx, word, "update", "Updated", async (tx, snippet) => {
    const where = await place(tx, fields, snippet);
    const now = snippet.revisions[0]?.value ?? "";
    const value = fields.value?.trim() ? fields.value : now;
    check(value, where.node_id);
    await updateSnippet(tx, snippet.id, {
      ...where,
      ...(fields.name?.trim() ? { name: fields.name.trim() } : {}),
      ...(fields.description === undefined ? {} : { description: fields.description }),
      ...(fields.enabled === undefined ? {} : { enabled: fields.enabled }),
    });
    if (value !== now) await addRevision(tx, snippet.id, value);
  });
}

/** @param to id of what it said before; or how many back, below 0 */
export function revertSnippet(ctx: Ctx, word: string, to: number): Promise<number> {
  return change(ctx, word, "update", "Reverted", async (tx, snippet) => {
    const found = to < 0 ? snippet.revisions[-to] : snippet.revisions.find((revision) => revision.id === to);
    if (!found) {
      const ids = snippet.revisions.map((revision) => revision.id).join(", ");
      throw invalidField("to", `${to} is not in the history of '${snippet.name}': ${ids}.`);
    }
    check(found.value, snippet.nodeId);
    await forgetSince(tx, snippet.id, found.id);
  });
}

export async function removeSnippet(ctx: Ctx, word: string): Promise<void> {
  await change(ctx, word, "delete", "Deleted", (tx, snippet) => deleteSnippet(tx, snippet.id));
}
