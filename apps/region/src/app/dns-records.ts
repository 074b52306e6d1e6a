/** Records of names, other than addresses. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  deleteRecord,
  insertRecord,
  listRecords,
  listResources,
  type RecordRow,
  updateRecord,
} from "@rackwright/db/dns";
import { dataProblem, placeProblem, RR_TYPES, type RrType } from "@rackwright/domain/dns/records";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { asId } from "@rackwright/domain/network/specifier";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { insertNamed, nameFilter, type ResourceFields, wantedPlace } from "./dns-resources.ts";
import type { Db } from "./named.ts";

export async function recordRows(ctx: Ctx, asked: Parameters<typeof nameFilter>[1]): Promise<RecordRow[]> {
  const db = ctx.region.db.kysely;
  return listRecords(db, await nameFilter(db, asked));
}

async function recordOf(db: Db, word: string): Promise<RecordRow> {
  const id = asId(word);
  const [row] = id === undefined ? [] : await listRecords(db, { id });
  if (!row) throw new DomainError("not_found", `There is no DNS record of id ${word}.`);
  return row;
}

export const recordRow = (ctx: Ctx, word: string): Promise<RecordRow> => recordOf(ctx.region.db.kysely, word);

function typeOf(text: string): RrType {
  const found = RR_TYPES.find((type) => type === text.trim().toUpperCase());
  if (!found) throw invalidField("rrtype", `"${text}" is not one of ${RR_TYPES.join(", ")}.`);
  return found;
}

const twice = (name: string) => invalidField("rrdata", `${name} has just this record already.`);

/** Refuse what the name, with its other records, cannot have. */
async function check(tx: Tx, resource: { id: number; name: string }, type: RrType, data: string, ownId: number | null) {
  const [named] = await listResources(tx, { id: resource.id });
  const others = (await listRecords(tx, { domainId: named?.domainId, name: resource.name })).filter(
    (r) => r.id !== ownId,
  );
  if (others.some((record) => record.rrtype === type && record.rrdata === data)) throw twice(resource.name);
  const problem =
    dataProblem(type, data) ??
    placeProblem(type, {
      name: resource.name,
      types: others.map((record) => record.rrtype),
      addressCount: named?.addressIds.length ?? 0,
    });
  if (problem) throw invalidField(problem.field, problem.message);
}

const told = async (ctx: Ctx, tx: Tx, resourceId: number, what: string) => {
  await appendChange(tx, { kind: "update", entity: "dns_resource", entityId: resourceId });
  await audit(ctx, tx, "NETWORKING", what);
};

/** @returns the new record's id */
export async function createRecord(
  ctx: Ctx,
  fields: ResourceFields & { rrtype: string; rrdata: string; ttl?: number | undefined },
): Promise<number> {
  const type = typeOf(fields.rrtype);
  const data = fields.rrdata.trim();
  return inTransaction(ctx, async (tx) => {
    const place = await wantedPlace(tx, fields);
    const made = await insertNamed(ctx, tx, place, fields);
    const [resource] = await listResources(tx, place);
    if (!resource) throw new Error(`the name ${place.name} was neither made nor found`);
    if (made === undefined && (fields.ip_addresses?.length ?? 0) > 0)
      throw invalidField("ip_addresses", `${place.name} is there already: change its addresses as a DNS resource.`);
    await check(tx, resource, type, data, null);
    const id = await insertRecord(tx, {
      resource_id: resource.id,
      rrtype: type,
      rrdata: data,
      ttl: fields.ttl ?? null,
    });
    if (id === undefined) throw twice(place.name);
    await told(ctx, tx, resource.id, `Created a ${type} record of ${place.name} in ${place.domain}.`);
    return id;
  });
}

export async function changeRecord(
  ctx: Ctx,
  word: string,
  fields: { rrtype?: string | undefined; rrdata?: string | undefined; ttl?: number | null | undefined },
): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const stored = await recordOf(tx, word);
    const type = typeOf(fields.rrtype || stored.rrtype);
    const data = fields.rrdata?.trim() || stored.rrdata;
    await check(tx, { id: stored.resourceId, name: stored.name }, type, data, stored.id);
    const ttl = fields.ttl === undefined ? stored.ttl : fields.ttl;
    await updateRecord(tx, stored.id, { rrtype: type, rrdata: data, ttl });
    await told(ctx, tx, stored.resourceId, `Updated a ${type} record of ${stored.name} in ${stored.domain}.`);
    return stored.id;
  });
}

export async function removeRecord(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const stored = await recordOf(tx, word);
    await deleteRecord(tx, stored);
    await told(ctx, tx, stored.resourceId, `Deleted a ${stored.rrtype} record of ${stored.name} in ${stored.domain}.`);
  });
}
