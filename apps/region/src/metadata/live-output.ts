/**
 * POST live-output/?script_result_id=12&offset=4096, the piece as it is for a body. Ours alone: the index of the scripts says that it is there,
 * so that a runner does not ask where it is not.
 */
import { invalidField } from "@rackwright/domain/errors";
import type { FastifyRequest } from "fastify";
import { LIVE_OUTPUT, storeLiveOutput } from "../app/script-live-output.ts";
import type { Region } from "../context.ts";
import { queryParams, readAll } from "../http/body.ts";
import { type Signer, textOf } from "./request.ts";

/** @throws DomainError for a piece that makes no sense or is too large, and as storeLiveOutput */
export async function receiveLiveOutput(region: Region, by: Signer, request: FastifyRequest): Promise<void> {
  const query = queryParams(new URL(request.url, "http://localhost").search);
  const number = (name: string) => {
    const text = textOf(query[name]) ?? "";
    if (!/^\d{1,15}$/.test(text)) throw invalidField(name, `"${text.slice(0, 40)}" is no whole number that fits.`);
    return Number(text);
  };
  const piece = { nodeId: by.id, resultId: number("script_result_id"), offset: number("offset") };
  const data = await readAll(request.raw, LIVE_OUTPUT.most_bytes);
  await storeLiveOutput(region, by.bootEpoch, { ...piece, data });
}
