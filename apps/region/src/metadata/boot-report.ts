/** What an initrd says that cannot go on: the line of its console, sent before it stands still. */
import { insertEvidence } from "@rackwright/db/history";
import type { FastifyRequest } from "fastify";
import type { Region } from "../context.ts";
import { readAll, queryParams } from "../http/body.ts";
import { claimedBoot, textOf } from "./request.ts";

/** A line of a console is shorter. */
const LIMIT_BYTES = 4096;

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
  if (text === "") return;
  const { nodeId, mac, bootEpoch } = boot;
  await insertEvidence(region.db.kysely, [
    { nodeId, mac, bootEpoch: nodeId === null ? null : bootEpoch, source: "console", text },
  ]);
}
