/** What an initrd says that cannot go on: the line of its console, sent before it stands still. */
import { insertEvidence } from "@rackwright/db/history";
import { LineLimit } from "@rackwright/domain/console/limit";
import type { FastifyRequest } from "fastify";
import type { Region } from "../context.ts";
import { readAll, queryParams } from "../http/body.ts";
import { claimedBoot, textOf } from "./request.ts";

/** A line of a console is shorter. */
const LIMIT_BYTES = 4096;

/** What each booting card has said. Whoever starts from the network is given a secret, and evidence is kept for good. */
const limits = new Map<string, LineLimit>();
const MOST_LIMITS = 1000;

function limitOf(mac: string): LineLimit {
  const limit = limits.get(mac) ?? new LineLimit();
  limits.delete(mac); // to its end: the map is in the order of last use
  limits.set(mac, limit);
  for (const oldest of limits.keys()) {
    if (limits.size <= MOST_LIMITS) break;
    limits.delete(oldest);
  }
  return limit;
}

/**
 * A person reads it where the machine's evidence is read, and the diagnosis too; it changes nothing of the machine, which may come
 * through at its next try.
 * @throws DomainError forbidden, as for a preseed; payload_too_large
 */
export async function bootReport(region: Region, request: FastifyRequest): Promise<void> {
  const query = queryParams(new URL(request.url, "http://localhost").search);
  const client = await region.trustedClient(request);
  const boot = await claimedBoot(region, textOf(query.secret), client.address).catch((error: unknown) => {
    request.raw.resume(); // what the stranger still sends is dropped, so that it hears the answer
    throw error;
  });
  const body = await readAll(request.raw, LIMIT_BYTES);
  const text = body
    .toString("utf8")
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim();
  const { nodeId, mac, bootEpoch } = boot;
  if (text === "" || !limitOf(mac).takes(text, region.now().getTime())) return;
  await insertEvidence(region.db.kysely, [
    { nodeId, mac, bootEpoch: nodeId === null ? null : bootEpoch, source: "console", text },
  ]);
}
