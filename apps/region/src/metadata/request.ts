/** Requests to the metadata service: who sends them, and the fields of their bodies. */
import { bootSecret, type BootSecret } from "@rackwright/db/boot-secrets";
import type { Tx } from "@rackwright/db/connect";
import { type LoadedMachine, lockMachineById } from "@rackwright/db/machines";
import type { RawParams, RawValue } from "@rackwright/contract/params";
import { DomainError } from "@rackwright/domain/errors";
import type { FastifyRequest } from "fastify";
import { authenticate } from "../auth/authenticate.ts";
import { hashSecret } from "../auth/secrets.ts";
import type { Region } from "../context.ts";
import { noteWrongClock } from "./clock.ts";
import { NOTE_BYTES, STREAM_LIMIT_BYTES, TAIL_BYTES } from "../app/script-files.ts";
import { originOf } from "../http/dispatch.ts";
import { parseBody, queryParams } from "../http/body.ts";
import type { BodyLimits, ParsedBody } from "../http/body-parts.ts";

/** A machine's uploads: script outputs, an installation's logs. Only whoever has signed may send as much. */
const LIMITS = {
  // Read, and dropped as far as it is too much: what a script ended with must not be lost with what it printed.
  total: 1 << 30,
  /** All that is no file. */
  inMemory: 16 << 20,
  cut: { head: STREAM_LIMIT_BYTES - TAIL_BYTES - NOTE_BYTES, tail: TAIL_BYTES, together: 4 * STREAM_LIMIT_BYTES },
};

export interface MetadataRequest {
  query: RawParams;
  body: ParsedBody;
  /** Address of the machine, also behind a rack. */
  address: string;
  rackNodeId: number | null;
  /** What the machine reaches us by: its rack, or this region. */
  baseUrl: string;
}

/** Of a caller who has been authenticated, or one whose request has no body that is read. */
export async function readRequest(region: Region, request: FastifyRequest): Promise<MetadataRequest> {
  const url = new URL(request.url, "http://localhost");
  const body =
    request.method === "GET" || request.method === "HEAD"
      ? { params: Object.create(null) as RawParams, dispose: async () => {} }
      : await parseBody(request.raw, request.headers["content-type"], limitsOf(request));
  const client = await region.trustedClient(request);
  return {
    query: queryParams(url.search),
    body,
    address: client.address,
    rackNodeId: client.rackNodeId,
    baseUrl: reachedBy(request, client.rackNodeId !== null),
  };
}

/** Only files may be large. */
function limitsOf(request: FastifyRequest): BodyLimits {
  const hasFiles = request.headers["content-type"]?.toLowerCase().startsWith("multipart/form-data");
  return hasFiles ? LIMITS : { ...LIMITS, total: LIMITS.inMemory };
}

/** The origin that the machine wrote to: its rack's when a rack of ours carries the request. */
function reachedBy(request: FastifyRequest, throughRack: boolean): string {
  const host = request.headers["x-forwarded-host"];
  if (throughRack && typeof host === "string" && /^[\w.:[\]-]{1,255}$/.test(host)) return `http://${host}`;
  return originOf(request);
}

/** NUL is no text: PostgreSQL stores none. */
export const plain = (text: string): string => text.replaceAll("\0", "");

export function textOf(values: RawValue[] | undefined): string | undefined {
  const last = values?.at(-1);
  if (last === undefined) return undefined;
  if (typeof last === "string") return plain(last);
  return last.bytes === undefined ? undefined : plain(new TextDecoder().decode(last.bytes));
}

/** Who signed a request. The epoch tells, once the machine's row is held, whether it is still that boot which speaks. */
export interface Signer {
  id: number;
  systemId: string;
  bootEpoch: number;
}

/**
 * The machine whose own credentials sign the request.
 * @throws DomainError unauthorized without credentials, forbidden with any that are not a machine's
 */
export async function signedMachine(region: Region, request: FastifyRequest): Promise<Signer> {
  const { authorization } = request.headers;
  const target = { method: request.method, url: `${originOf(request)}${request.url.split("?")[0]}` };
  const identity = await authenticate(region, authorization, {}, target).catch(async (error: unknown) => {
    if (error instanceof DomainError) await noteWrongClock(region, authorization, target);
    // A token that was revoked is as good as none of a machine: 403, as the original answers.
    if (error instanceof DomainError && error.code === "unauthorized")
      throw new DomainError("forbidden", error.message, { cause: error });
    throw error;
  });
  if (identity.node !== null) return identity.node;
  if (identity.actor.kind === "anonymous")
    throw new DomainError("unauthorized", "Unauthorized: sign the request with the machine's own credentials.");
  throw new DomainError("forbidden", "These are not a machine's credentials.");
}

/**
 * The machine that signed, locked until `tx` ends.
 * @throws DomainError forbidden when it has been deleted, or started for another purpose, since its credentials were checked
 */
export async function lockSigner(tx: Tx, by: Signer): Promise<LoadedMachine> {
  const loaded = await lockMachineById(tx, by.id);
  if (!loaded) throw new DomainError("forbidden", "The machine was deleted.");
  if (loaded.machine.bootEpoch !== by.bootEpoch)
    throw new DomainError("forbidden", "These credentials are of an earlier boot of this machine.");
  return loaded;
}

/**
 * The boot that a secret was made for: in force, and sent from the address that it was handed to.
 * @throws DomainError forbidden for any other: a wrong one, one of a past boot, one from elsewhere
 */
export async function claimedBoot(region: Region, secret: string | undefined, address: string): Promise<BootSecret> {
  if (secret === undefined || secret === "")
    throw new DomainError(
      "forbidden",
      "A preseed is for the machine that was just booted: its kernel command line carries the secret for it.",
    );
  const found = await bootSecret(region.db.kysely, hashSecret(secret));
  if (!found || found.endedAt !== null)
    throw new DomainError("forbidden", "This boot secret is not, or no longer, in force: boot the machine again.");
  if (found.address !== address) {
    region.log.warn(
      { mac: found.mac, heldBy: found.address, claimedBy: address },
      "a boot secret was sent from a wrong address",
    );
    throw new DomainError("forbidden", `This boot secret was handed to another address than ${address}.`);
  }
  return found;
}
