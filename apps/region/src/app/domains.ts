/** Domains: list, find, create, change, delete, and which is the default one. */
import { appendChange } from "@rackwright/db/change";
import {
  deleteDomain as deleteDomainRow,
  type DomainRow,
  findDomain,
  insertDomain,
  listDomains,
  nodesInDomain,
  setDefaultDomain,
  setZoneSerial,
  updateDomain as updateDomainRow,
} from "@rackwright/db/domains";
import { parseIp } from "@rackwright/domain/addressing/ip";
import { isDomainName } from "@rackwright/domain/dns/names";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import type { Db } from "./named.ts";

export interface DomainFields {
  name?: string | undefined;
  authoritative?: boolean | undefined;
  /** null: that of the installation. */
  ttl?: number | null | undefined;
  forward_dns_servers?: string[] | undefined;
}

export const domainRows = (ctx: Ctx): Promise<DomainRow[]> => listDomains(ctx.region.db.kysely);

/** @throws DomainError not_found */
export async function domainOf(db: Db, word: string): Promise<DomainRow> {
  const domain = await findDomain(db, word);
  if (!domain) throw new DomainError("not_found", `There is no domain '${word}'.`);
  return domain;
}

export const domainRow = (ctx: Ctx, word: string): Promise<DomainRow> => domainOf(ctx.region.db.kysely, word);

function checkedName(text: string): string {
  const name = text.trim().replace(/\.$/, "").toLowerCase();
  if (!isDomainName(name))
    throw invalidField(
      "name",
      `"${text}" is no name of a domain: labels of letters, digits and hyphens, with dots between.`,
    );
  return name;
}

function columns(fields: DomainFields, stored?: DomainRow) {
  const authoritative = fields.authoritative ?? stored?.authoritative ?? true;
  const servers = fields.forward_dns_servers ?? stored?.forward_dns_servers ?? [];
  const wrong = servers.find((server) => !parseIp(server));
  if (wrong !== undefined) throw invalidField("forward_dns_servers", `"${wrong}" is no IP address.`);
  if (authoritative && servers.length > 0)
    throw invalidField("forward_dns_servers", "We answer for an authoritative domain ourselves: nothing is forwarded.");
  return {
    authoritative,
    forward_dns_servers: servers,
    ...(fields.ttl === undefined ? {} : { ttl: fields.ttl }),
  };
}

/** @returns the new domain's id */
export async function createDomain(ctx: Ctx, fields: DomainFields & { name: string }): Promise<number> {
  const name = checkedName(fields.name);
  return inTransaction(ctx, async (tx) => {
    const id = await insertDomain(tx, { name, ...columns(fields) });
    if (id === undefined) throw invalidField("name", `There is a domain '${name}' already.`);
    await appendChange(tx, { kind: "create", entity: "domain", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Created domain '${name}'.`);
    return id;
  });
}

export async function changeDomain(ctx: Ctx, word: string, fields: DomainFields): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const stored = await domainOf(tx, word);
    const name = fields.name ? checkedName(fields.name) : stored.name;
    const holder = await findDomain(tx, name);
    if (holder && holder.name === name && holder.id !== stored.id)
      throw invalidField("name", `There is a domain '${name}' already.`);
    await updateDomainRow(tx, stored.id, { name, ...columns(fields, stored) });
    await appendChange(tx, { kind: "update", entity: "domain", entityId: stored.id });
    await audit(ctx, tx, "NETWORKING", `Updated domain '${name}'.`);
    return stored.id;
  });
}

export async function makeDefault(ctx: Ctx, word: string): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const { id, name } = await domainOf(tx, word);
    await setDefaultDomain(tx, id);
    await appendChange(tx, { kind: "update", entity: "domain", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Made '${name}' the default domain.`);
    return id;
  });
}

/** @throws DomainError not_found, invalid_fields */
export async function removeDomain(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const { id, name, is_default } = await domainOf(tx, word);
    if (is_default)
      throw invalidField("__all__", `'${name}' is the default domain: make another the default one first.`);
    const nodes = await nodesInDomain(tx, id);
    if (nodes > 0) throw invalidField("__all__", `${nodes} nodes are in '${name}': move them to another domain first.`);
    await deleteDomainRow(tx, id);
    await appendChange(tx, { kind: "delete", entity: "domain", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Deleted domain '${name}'.`);
  });
}

/** Zones are given out with this serial number, and higher ones after their next changes. */
export async function setSerial(ctx: Ctx, serial: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    await setZoneSerial(tx, serial);
    await appendChange(tx, { kind: "update", entity: "domain", entityId: "serial", payload: { serial } });
    await audit(ctx, tx, "NETWORKING", `Set the serial number of all zones to ${serial}.`);
  });
}
