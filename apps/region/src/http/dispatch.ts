/** A version of the API as one handler: find the action, check who asks, decode, call, encode. Everything it knows comes from the contract. */
import { decodeParams } from "@rackwright/contract/decode";
import { findAction, methodsOf } from "@rackwright/contract/find";
import type { ApiVersion } from "@rackwright/contract/versions";
import type { Action, Resource, Stranger } from "@rackwright/contract/action";
import type { RawParams } from "@rackwright/contract/params";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Readable } from "node:stream";
import { authenticate, type Identity, nobody } from "../auth/authenticate.ts";
import type { Ctx, Region } from "../context.ts";
import { parseBody, queryParams } from "./body.ts";
import type { ParsedBody } from "./body-parts.ts";
import { Raw, sendError, sendResult, TEXT } from "./reply.ts";
import type { Routes } from "./route.ts";

/**
 * A body without credentials, or with a signature over its parameters, which have to be read first: enlisting machines send a few
 * kilobytes, and whoever signs so sends forms.
 */
const UNCHECKED_LIMITS = { total: 1 << 20, inMemory: 1 << 20 };
const PLAINTEXT = /oauth_signature_method="?PLAINTEXT/i;
/** With credentials that were found good: scripts and results; images go to their own address in pieces, or spool to a file. */
const SIGNED_LIMITS = { total: 64 * 2 ** 30, inMemory: 16 << 20 };

export function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.headers.host ?? "localhost"}`;
}

export async function dispatch(
  region: Region,
  version: ApiVersion,
  routes: Routes,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const url = new URL(request.url, "http://localhost");
  const path = collapseSlashes(url.pathname);
  const found = version.find(path.slice(version.root.length));
  if (!found) {
    void reply.code(404).header("content-type", TEXT).send(`Unknown API endpoint: ${path}.`);
    return;
  }
  void reply.header("x-maas-api-hash", version.hash);
  void reply.header("vary", "Authorization");
  let body: ParsedBody | undefined;
  let action: Action | undefined;
  try {
    const query = queryParams(url.search);
    const method = request.method === "HEAD" ? "GET" : request.method;
    // The upload of an image's pieces takes its body raw; it is the only resource that is all raw.
    const raw = Object.values(found.resource.actions).some((a) => a.method === method && routes.get(a)?.rawBody);
    const target = { method: request.method, url: `${originOf(request)}${url.pathname}` };
    const open = isOpen(found.resource);
    // This signature covers no parameters, so it is checked before anything is taken of a body.
    const early =
      !open && PLAINTEXT.test(request.headers.authorization ?? "")
        ? await authenticate(region, request.headers.authorization, query, target)
        : undefined;
    const limits = early ? SIGNED_LIMITS : UNCHECKED_LIMITS;
    if (!raw && method !== "GET") body = await parseBody(request.raw, request.headers["content-type"], limits);
    // Without a prototype: a parameter may be called __proto__ or constructor.
    const params = Object.assign(Object.create(null) as RawParams, query);
    for (const [name, values] of Object.entries(body?.params ?? {}))
      params[name] = [...(params[name] ?? []), ...values];

    const identity = open
      ? nobody
      : (early ?? (await authenticate(region, request.headers.authorization, params, target)));
    for (const name of Object.keys(params)) if (name.startsWith("oauth_")) delete params[name];
    action = chooseAction(found.resource, method, opOf(params, found.pathOp), identity);
    delete params.op;
    allow(action, identity);

    const bound = routes.get(action);
    if (!bound) throw new Error(`${found.resource.name}.${action.name} is declared and has no handler`);
    refuseNul(found.pathValues, params);
    const decoded = decodeParams(action, params);
    const ctx: Ctx = { region, actor: identity.actor, tokenKey: identity.tokenKey };
    const result = await bound.handler({
      ctx,
      path: found.pathValues,
      params: decoded.values,
      extra: decoded.extra,
      given: new Set(Object.keys(params)),
      request: {
        origin: originOf(request),
        body: request.raw,
        contentLength: lengthOf(request),
        lastEventId: lastEventIdOf(request),
        address: async () => (await region.trustedClient(request)).address,
      },
    });
    sendResult(reply, action.success, request.method === "HEAD" ? withoutStream(result) : result);
  } catch (thrown) {
    const error = action?.plainErrors ? plainly(thrown) : thrown;
    // What was not read of the body is dropped, so that whoever sends it hears the answer.
    request.raw.resume();
    if (error instanceof DomainError && error.code === "method_not_allowed")
      void reply.header("allow", methodsOf(found.resource).join(", "));
    if (!sendError(reply, error, request.id))
      region.log.error({ err: error, requestId: request.id, method: request.method, path }, "request failed");
  } finally {
    await body?.dispose();
  }
}

/** Nobody is asked who they are where all of it is for everybody: by that, Juju tells a wrong key from a wrong address. */
function isOpen(resource: Resource): boolean {
  return Object.values(resource.actions).every((action) => action.access === "anonymous");
}

export function collapseSlashes(path: string): string {
  return path.replace(/\/{2,}/g, "/");
}

/** The headers of a reply without what would flow: a stream of events never ends. */
function withoutStream(result: unknown): unknown {
  if (!(result instanceof Raw) || !(result.body instanceof Readable)) return result;
  result.body.destroy();
  return new Raw("", result.contentType, result.headers);
}

/** Where a reader of server-sent events was. */
function lastEventIdOf(request: FastifyRequest): string | undefined {
  const header = request.headers["last-event-id"];
  return typeof header === "string" ? header : undefined;
}

function lengthOf(request: FastifyRequest): number | undefined {
  const header = request.headers["content-length"];
  return header === undefined ? undefined : Number(header);
}

/** The operation: in the query or the body, or in the path; empty means none. */
function opOf(params: RawParams, pathOp: string | undefined): string | null {
  const given = params.op?.find((v) => typeof v === "string" && v !== "");
  const op = typeof given === "string" ? given : pathOp;
  return op === undefined || op === "" ? null : op.replaceAll("-", "_");
}

/**
 * NUL is no text: PostgreSQL stores none, so that it would only fail later. Files are bytes, and may have it.
 * @throws DomainError not_found for one in the path, invalid_fields for one in a parameter
 */
function refuseNul(pathValues: Record<string, string>, params: RawParams): void {
  if (Object.values(pathValues).some((value) => value.includes("\0")))
    throw new DomainError("not_found", "Nothing has a name with a NUL character in it.");
  for (const [name, values] of Object.entries(params))
    if (name.includes("\0") || values.some((value) => typeof value === "string" && value.includes("\0")))
      throw invalidField(name.replaceAll("\0", ""), "There is a NUL character in it: send bytes as a file, or base64.");
}

function chooseAction(resource: Resource, method: string, op: string | null, identity: Identity): Action {
  const action = findAction(resource, method, op);
  if (action) return action;
  if (identity.actor.kind === "anonymous" && resource.stranger !== 400) throw turnedAway(resource.stranger);
  const methods: string[] = methodsOf(resource);
  if (!methods.includes(method) && op === null)
    throw new DomainError("method_not_allowed", `${resource.name} takes ${methods.join(", ")}, not ${method}.`);
  throw unrecognised(method, op);
}

const unrecognised = (method: string, op: string | null) =>
  new DomainError("bad_request", `Unrecognised signature: method=${method} op=${op ?? "None"}`);

/** The least that an action asks of its caller; what an object's permission adds is checked where the object is read. */
function allow(action: Action, identity: Identity): void {
  const { actor } = identity;
  if (action.access === "anonymous") return;
  if (actor.kind === "anonymous")
    throw action.stranger === 400 ? unrecognised(action.method, action.op) : turnedAway(action.stranger);
  const forWorkers = action.access === "worker" || action.access === "worker_or_admin";
  // Whose worker it is, is asked where the cluster is read.
  if (actor.kind === "machine" && forWorkers) return;
  // A machine's credentials open its metadata and nothing else.
  if (actor.kind !== "user")
    throw new DomainError("forbidden", "A machine's own credentials are good for its metadata only.");
  if (action.access === "worker")
    throw new DomainError("forbidden", "Only the cluster's own worker reports this, by its own key.");
  if (action.access !== "user" && !actor.isSuperuser)
    throw new DomainError("forbidden", "This method is reserved for admin users.");
}

function turnedAway(stranger: Stranger): DomainError {
  if (stranger === 403) return new DomainError("forbidden", "This method is reserved for admin users.");
  return new DomainError("unauthorized", "Unauthorized: sign the request with an API key.");
}

/** What is wrong with parameters as one text, for operations of old that tell it so. */
function plainly(error: unknown): unknown {
  if (!(error instanceof DomainError) || error.code !== "invalid_fields") return error;
  return new DomainError("bad_request", error.message);
}
