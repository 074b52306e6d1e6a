/** Hosts that were seen on our networks: list, find, forget. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  type DiscoveryFilter,
  type DiscoveryRow,
  forgetNames,
  forgetNeighbours,
  listDiscoveries,
} from "@rackwright/db/discoveries";
import { formatIp, parseIp } from "@rackwright/domain/addressing/ip";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { parseMac } from "@rackwright/domain/machine/names";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";

export const discoveries = (ctx: Ctx, filter: DiscoveryFilter = {}): Promise<DiscoveryRow[]> =>
  listDiscoveries(ctx.region.db.kysely, filter);

/** Base64 of address and MAC address, as API 2.0 has it. */
export const discoveryId = ({ ip, mac }: Pick<DiscoveryRow, "ip" | "mac">): string =>
  Buffer.from(`${ip},${mac}`).toString("base64");

function pairOf(ipText: string, macText: string): { ip: string; mac: string } | undefined {
  const [ip, mac] = [parseIp(ipText.trim()), parseMac(macText)];
  return ip && mac !== undefined ? { ip: formatIp(ip), mac } : undefined;
}

/** @throws DomainError not_found */
export async function discoveryOf(ctx: Ctx, id: string): Promise<DiscoveryRow> {
  const [ip = "", mac = ""] = Buffer.from(id, "base64").toString("latin1").split(",");
  const pair = pairOf(ip, mac);
  const [found] = pair ? await discoveries(ctx, pair) : [];
  if (!found) throw new DomainError("not_found", `There is no discovery '${id}'.`);
  return found;
}

const told = async (ctx: Ctx, tx: Tx, what: string) => {
  await appendChange(tx, { kind: "delete", entity: "discovery", entityId: "all" });
  await audit(ctx, tx, "NETWORKING", what);
};

export async function clearDiscoveries(
  ctx: Ctx,
  which: { mdns: boolean; neighbours: boolean; all: boolean },
): Promise<void> {
  if (!which.mdns && !which.neighbours && !which.all)
    throw invalidField("all", "Say what to forget: one of all, mdns and neighbours must be true.");
  await inTransaction(ctx, async (tx) => {
    if (which.all || which.neighbours) await forgetNeighbours(tx);
    if (which.all || which.mdns) await forgetNames(tx);
    await told(ctx, tx, "Forgot what was discovered.");
  });
}

/** @throws DomainError invalid_fields; gone when nothing was seen with both */
export async function clearPair(ctx: Ctx, fields: { ip: string; mac: string }): Promise<void> {
  const pair = pairOf(fields.ip, fields.mac);
  if (!pair)
    throw parseMac(fields.mac) === undefined
      ? invalidField("mac", `"${fields.mac}" is no MAC address.`)
      : invalidField("ip", `"${fields.ip}" is no IP address.`);
  await inTransaction(ctx, async (tx) => {
    if ((await forgetNeighbours(tx, pair)) === 0)
      throw new DomainError("gone", `Nothing was seen with ${pair.ip} and ${pair.mac}.`);
    await told(ctx, tx, `Forgot the discovery of ${pair.ip} with ${pair.mac}.`);
  });
}
