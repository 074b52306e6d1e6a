/** Names in domains, with their addresses. */
import { lockSubnets, subnetOccupancy } from "@rackwright/db/addresses";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  deleteResource,
  insertResource,
  listRecords,
  listResources,
  type NameFilter,
  nameTaken,
  type NodeName,
  nodeNames,
  type RecordRow,
  type ResourceRow,
  setResourceAddresses,
  updateResource,
} from "@rackwright/db/dns";
import { listDomains } from "@rackwright/db/domains";
import { subnetOfAddress } from "@rackwright/db/networks";
import { listAddresses, reserveAddress } from "@rackwright/db/reserved-addresses";
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { formatIp, parseIp } from "@rackwright/domain/addressing/ip";
import { dynamicRangeOf } from "@rackwright/domain/addressing/kept-ip-rules";
import { isResourceName, splitFqdn } from "@rackwright/domain/dns/names";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { checkWantedAddress } from "@rackwright/domain/network/link";
import { asId } from "@rackwright/domain/network/specifier";
import { type Ctx, inTransaction } from "../context.ts";
import { audit, userIdOf } from "./audit.ts";
import { domainOf } from "./domains.ts";
import { type AddressView, viewsOfAddresses } from "./ip-addresses.ts";
import type { Db } from "./named.ts";

export interface PlaceFields {
  fqdn?: string | undefined;
  name?: string | undefined;
  domain?: string | undefined;
}

export interface ResourceFields extends PlaceFields {
  /** null: that of the domain. */
  address_ttl?: number | null | undefined;
  ip_addresses?: string[] | undefined;
}

export interface ResourceView {
  resource: ResourceRow;
  addresses: AddressView[];
  records: RecordRow[];
}

/** Which names are asked for. @throws DomainError not_found for a domain that there is not */
export async function nameFilter(db: Db, asked: PlaceFields & { rrtype?: string | undefined }): Promise<NameFilter> {
  const place = asked.fqdn ? await splitInto(db, asked.fqdn) : { name: asked.name || undefined, domain: asked.domain };
  const domainId = place.domain ? (await domainOf(db, place.domain)).id : undefined;
  return { domainId, name: place.name, rrtype: asked.rrtype ? asked.rrtype.toUpperCase() : undefined };
}

async function splitInto(db: Db, fqdn: string): Promise<{ name: string; domain: string }> {
  const domains = await listDomains(db);
  return splitFqdn(
    fqdn,
    domains.map((domain) => domain.name),
  );
}

export async function resourceViews(ctx: Ctx, filter: NameFilter & { id?: number }): Promise<ResourceView[]> {
  const db = ctx.region.db.kysely;
  const { domainId, name } = filter;
  const [resources, records] = await Promise.all([listResources(db, filter), listRecords(db, { domainId, name })]);
  const addresses = await viewsOfAddresses(
    ctx,
    resources.flatMap((resource) => resource.addressIds),
  );
  return resources.map((resource) => ({
    resource,
    addresses: addresses.filter((view) => resource.addressIds.includes(view.address.id)),
    records: records.filter((record) => record.resourceId === resource.id),
  }));
}

/** Names that nodes have by their own addresses, and nobody made. */
export const ownNames = (ctx: Ctx, filter: NameFilter): Promise<NodeName[]> =>
  filter.rrtype === undefined ? nodeNames(ctx.region.db.kysely, filter) : Promise.resolve([]);

export const filterNames = (ctx: Ctx, asked: Parameters<typeof nameFilter>[1]): Promise<NameFilter> =>
  nameFilter(ctx.region.db.kysely, asked);

const noSuch = (word: string) => new DomainError("not_found", `There is no DNS resource of id ${word}.`);

export async function resourceView(ctx: Ctx, word: string): Promise<ResourceView> {
  const id = asId(word);
  const [view] = id === undefined ? [] : await resourceViews(ctx, { id });
  if (!view) throw noSuch(word);
  return view;
}

async function resourceOf(db: Db, word: string): Promise<ResourceRow> {
  const id = asId(word);
  const [row] = id === undefined ? [] : await listResources(db, { id });
  if (!row) throw noSuch(word);
  return row;
}

/** The name and domain that are meant. @throws DomainError invalid_fields; not_found for a domain that there is not */
export async function wantedPlace(
  tx: Tx,
  fields: PlaceFields,
  stored?: { name: string; domain: string },
): Promise<{ name: string; domainId: number; domain: string }> {
  const split = fields.fqdn ? await splitInto(tx, fields.fqdn) : undefined;
  const name = split?.name || fields.name?.trim() || stored?.name;
  const word = split?.domain || fields.domain?.trim() || stored?.domain;
  if (!name) throw invalidField("name", "Give a name, or a fully qualified one as fqdn.");
  if (!word) throw invalidField("domain", "Give a domain, or a fully qualified name as fqdn.");
  if (!isResourceName(name))
    throw invalidField(
      "name",
      `"${name}" is no name: labels of letters, digits, hyphens and underscores; @ for the domain.`,
    );
  const domain = await domainOf(tx, word);
  return { name: name.toLowerCase(), domainId: domain.id, domain: domain.name };
}

/** @returns the new resource's id */
export async function createResource(ctx: Ctx, fields: ResourceFields): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const place = await wantedPlace(tx, fields);
    const id = await insertNamed(ctx, tx, place, fields);
    if (id === undefined) throw taken(place);
    return id;
  });
}

const taken = ({ name, domain }: { name: string; domain: string }) =>
  invalidField("name", `The domain '${domain}' has a name '${name}' already: change that.`);

/** @returns undefined when the domain has the name already */
export async function insertNamed(
  ctx: Ctx,
  tx: Tx,
  place: { name: string; domainId: number; domain: string },
  fields: ResourceFields,
): Promise<number | undefined> {
  const id = await insertResource(tx, {
    name: place.name,
    domain_id: place.domainId,
    address_ttl: fields.address_ttl ?? null,
  });
  if (id === undefined) return undefined;
  await setResourceAddresses(tx, id, await addressIds(ctx, tx, fields.ip_addresses ?? []));
  await told(ctx, tx, "create", id, `Created the DNS name ${place.name} in ${place.domain}.`);
  return id;
}

const told = async (ctx: Ctx, tx: Tx, kind: string, id: number, what: string) => {
  await appendChange(tx, { kind, entity: "dns_resource", entityId: id });
  await audit(ctx, tx, "NETWORKING", what);
};

/** Of addresses that somebody has, or that the caller reserves thereby. @throws DomainError invalid_fields, conflict */
async function addressIds(ctx: Ctx, tx: Tx, given: readonly string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const text of given) {
    const parsed = parseIp(text);
    if (!parsed) throw invalidField("ip_addresses", `"${text}" is no IP address.`);
    ids.push(await addressId(ctx, tx, formatIp(parsed)));
  }
  return [...new Set(ids)];
}

async function addressId(ctx: Ctx, tx: Tx, ip: string): Promise<number> {
  const subnet = await subnetOfAddress(tx, ip);
  if (subnet) await lockSubnets(tx, [subnet.id]);
  const held = (await listAddresses(tx, { ip })).find((address) => address.allocType !== allocType.discovered);
  if (held) return held.id;
  const occupancy = subnet && (await subnetOccupancy(tx, subnet.id));
  const range = occupancy && dynamicRangeOf(ip, occupancy);
  if (range)
    throw invalidField(
      "ip_addresses",
      `${ip} is in the dynamic range ${range.start} to ${range.end}: it changes hands.`,
    );
  if (occupancy) checkWantedAddress(ip, null, occupancy, { outside: "invalid_fields", field: "ip_addresses" });
  return reserveAddress(tx, { ip, subnetId: subnet?.id ?? null, userId: userIdOf(ctx), interfaceId: null });
}

export async function changeResource(ctx: Ctx, word: string, fields: ResourceFields): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const stored = await resourceOf(tx, word);
    const place = await wantedPlace(tx, fields, stored);
    if (await nameTaken(tx, place.domainId, place.name, stored.id)) throw taken(place);
    await updateResource(tx, stored.id, {
      name: place.name,
      domain_id: place.domainId,
      address_ttl: fields.address_ttl === undefined ? stored.addressTtl : fields.address_ttl,
    });
    if (fields.ip_addresses) {
      const records = await listRecords(tx, { domainId: place.domainId, name: place.name });
      if (fields.ip_addresses.length > 0 && records.some((record) => record.rrtype === "CNAME"))
        throw invalidField("ip_addresses", `${place.name} is an alias (CNAME): it cannot have addresses.`);
      await setResourceAddresses(tx, stored.id, await addressIds(ctx, tx, fields.ip_addresses));
    }
    await told(ctx, tx, "update", stored.id, `Updated the DNS name ${place.name} in ${place.domain}.`);
    return stored.id;
  });
}

export async function removeResource(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const { id, name, domain } = await resourceOf(tx, word);
    await deleteResource(tx, id);
    await told(ctx, tx, "delete", id, `Deleted the DNS name ${name} in ${domain}.`);
  });
}
