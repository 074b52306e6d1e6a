/** Subnets as API 1.0 showed networks: to be read, and no more. */
import type { SubnetRow } from "@rackwright/db/machine-views";
import { knownSystemIds, linkedMacs, subnetsOfNodes } from "@rackwright/db/subnet-addresses";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import { visibility } from "./machine-view.ts";
import { subnetOf } from "./named.ts";
import { type SubnetView, subnetView, subnetViews } from "./subnets.ts";

/** Those that one of these nodes is on; all when none is named. @throws DomainError invalid_fields */
export async function networkViews(ctx: Ctx, nodes: readonly string[]): Promise<SubnetView[]> {
  const all = await subnetViews(ctx);
  if (nodes.length === 0) return all;
  const db = ctx.region.db.kysely;
  const known = await knownSystemIds(db, nodes);
  const missing = nodes.find((systemId) => !known.includes(systemId));
  if (missing !== undefined) throw invalidField("node", `There is no node '${missing}'.`);
  const linked = await subnetsOfNodes(db, nodes);
  return all.filter(({ subnet }) => linked.includes(subnet.id));
}

/** @throws DomainError not_found */
export const networkView = (ctx: Ctx, name: string): Promise<SubnetView> => subnetView(ctx, wordOf(name));

const wordOf = (name: string): string => name.replace(/^subnet-(\d{1,15})$/, "id:$1");

export async function connectedMacs(ctx: Ctx, name: string): Promise<string[]> {
  const db = ctx.region.db.kysely;
  const { id }: SubnetRow = await subnetOf(db, wordOf(name));
  return linkedMacs(db, id, visibility(ctx));
}

/** @throws DomainError gone */
export function withdrawn(): never {
  throw new DomainError("gone", "Networks were withdrawn with API 2.0: use subnets, and the links of interfaces.");
}
