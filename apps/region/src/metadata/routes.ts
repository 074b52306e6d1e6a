/** The machine-facing routes: their own scope, with their own credentials (reference: metadata-protocol.md section 1). */
import { readMachineById, type LoadedMachine } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import { netbootOff } from "@rackwright/domain/machine/lifecycle/deploy";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { settle } from "../app/commit.ts";
import { lifecycleTimes } from "../app/config.ts";
import { LIVE_OUTPUT } from "../app/script-live-output.ts";
import { buildScriptTar } from "../app/script-tar.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";
import { collapseSlashes } from "../http/dispatch.ts";
import { Raw, sendError, TEXT } from "../http/reply.ts";
import { bootReport } from "./boot-report.ts";
import { receiveLiveOutput } from "./live-output.ts";
import { enlistMetaData, metaData } from "./meta-data.ts";
import { enlistPreseed, machinePreseed } from "./preseed.ts";
import { lockSigner, type MetadataRequest, readRequest, signedMachine, type Signer, textOf } from "./request.ts";
import { readAll } from "../http/body.ts";
import { Room } from "./room.ts";
import { receiveSignal } from "./signal.ts";
import { parseReport, receiveStatus } from "./status.ts";
import { installerUserData, ordinaryUserData } from "./user-data.ts";

const PREFIX = "/MAAS/metadata";
const VERSIONS = ["2012-03-01", "latest"];
const STATUS_LIMIT_BYTES = 64 << 20;

type Answer = string | Buffer | Raw | null;

export function metadataRoutes(server: FastifyInstance, region: Region): void {
  const room = new Room();
  for (const path of [PREFIX, `${PREFIX}/*`]) {
    server.all(path, async (request, reply) => {
      try {
        await answer(region, room, request, reply);
      } catch (error) {
        if (!sendError(reply, error, request.id))
          region.log.error(
            { err: error, requestId: request.id, url: request.url.split("?")[0] },
            "metadata request failed",
          );
      }
      return reply;
    });
  }
  server.get(
    "/MAAS/maas-run-scripts",
    (_request, reply) =>
      void reply.header("content-type", "text/x-python; charset=utf-8").send(region.machineFiles.helper),
  );
  server.get(
    "/MAAS/machine-resources/:architecture",
    (_request, reply) =>
      void reply.header("content-type", "application/octet-stream").send(region.machineFiles.machineResources),
  );
}

async function answer(region: Region, room: Room, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const path = collapseSlashes(new URL(request.url, "http://localhost").pathname)
    .slice(PREFIX.length)
    .replace(/^\//, "");
  if (path.startsWith("status/"))
    return statusReport(region, request, reply, path.slice("status/".length).replace(/\/$/, ""));
  if (path === "") return void reply.header("content-type", "text/plain").send(VERSIONS.join("\n"));
  const [first = "", ...others] = path.split("/");
  const tree = first === "curtin" || first === "enlist" ? first : "";
  const [version = "", ...rest] = tree === "" ? [first, ...others] : others;
  if (!VERSIONS.includes(version)) throw new DomainError("not_found", `Unknown metadata version: ${version}`);
  if (request.method === "POST" && tree === "" && /^boot-report\/?$/.test(rest.join("/"))) {
    await bootReport(region, request);
    return send(reply, null);
  }
  // Whatever else comes with a body is signed, and nothing of a body is read before that is checked.
  const signer = request.method === "GET" || request.method === "HEAD" ? undefined : await signerOf(region, request);
  const item = rest.join("/");
  if (signer !== undefined && tree === "" && item === LIVE_OUTPUT.path && request.method === "POST") {
    await receiveLiveOutput(region, signer, request).finally(() => request.raw.resume());
    return send(reply, null);
  }
  const leave = await room.enter(request.raw);
  try {
    await answerBody(region, request, reply, { tree, item, signer });
  } finally {
    leave();
  }
}

interface Asked {
  tree: string;
  item: string;
  signer: Signer | undefined;
}

async function answerBody(
  region: Region,
  request: FastifyRequest,
  reply: FastifyReply,
  { tree, item, signer }: Asked,
): Promise<void> {
  const parsed = await readRequest(region, request);
  try {
    const result =
      tree === "enlist"
        ? enlistTree(region, item)
        : await machineTree(region, request, parsed, signer, tree === "curtin", item);
    send(reply, result);
  } finally {
    await parsed.body.dispose();
  }
}

/** @throws DomainError as signedMachine; what the stranger still sends is dropped, so that it hears the answer */
async function signerOf(region: Region, request: FastifyRequest): Promise<Signer> {
  try {
    return await signedMachine(region, request);
  } catch (error) {
    request.raw.resume();
    throw error;
  }
}

function send(reply: FastifyReply, result: Answer): void {
  if (result === null) void reply.code(204).header("content-type", TEXT).send("");
  else if (result instanceof Raw)
    void reply.headers(result.headers).header("content-type", result.contentType).send(result.body);
  else void reply.header("content-type", typeof result === "string" ? TEXT : "application/octet-stream").send(result);
}

/** What anybody who enlists may read: nothing of it is about a machine. */
function enlistTree(region: Region, item: string): Answer {
  if (item === "" || item === "/") return ["meta-data/", "user-data"].join("\n");
  if (item === "user-data") return region.machineFiles.runnerUserData;
  if (item.startsWith("meta-data")) return enlistMetaData(item.slice("meta-data".length).replaceAll("/", ""));
  throw new DomainError("not_found", `Nothing is known as ${item}.`);
}

async function machineTree(
  region: Region,
  request: FastifyRequest,
  parsed: MetadataRequest,
  signer: Signer | undefined,
  curtin: boolean,
  item: string,
): Promise<Answer> {
  const op = textOf(parsed.query.op) ?? textOf(parsed.body.params.op);
  if (item === "enlist-preseed/" || item === "enlist-preseed") {
    if (op !== "get_enlist_preseed")
      throw new DomainError("bad_request", `Unrecognised signature: method=${request.method} op=${op ?? "None"}`);
    return enlistPreseed(region, parsed);
  }
  const byId = /^by-id\/([^/]+)\/?$/.exec(item)?.[1];
  if (byId !== undefined && op === "get_preseed") return machinePreseed(region, byId, parsed);
  if (item === "maas-scripts" && request.headers.authorization === undefined)
    return scripts(await buildScriptTar(systemCtx(region), null));
  const by = signer ?? (await signedMachine(region, request));
  if (byId !== undefined && request.method === "POST" && op === "netboot_off") return turnNetbootOff(region, by, byId);
  if (request.method === "POST" && item === "") return operation(region, by, op, parsed);
  const loaded = await readMachineById(region.db.kysely, by.id);
  if (!loaded) throw new DomainError("forbidden", "The machine was deleted.");
  return readItem(region, loaded, parsed, curtin, item);
}

async function readItem(
  region: Region,
  loaded: LoadedMachine,
  parsed: MetadataRequest,
  curtin: boolean,
  item: string,
): Promise<Answer> {
  if (item === "") return ["maas-commissioning-scripts", "meta-data", "user-data"].join("\n");
  if (item === "user-data")
    return curtin ? installerUserData(region, loaded, parsed.baseUrl) : ordinaryUserData(region, loaded);
  if (item === "maas-scripts") return scripts(await buildScriptTar(systemCtx(region), loaded.machine));
  if (item === "meta-data" || item.startsWith("meta-data/"))
    return metaData(region, loaded, parsed.baseUrl, item.slice("meta-data".length).replaceAll("/", ""));
  throw new DomainError("not_found", `Nothing is known as ${item}.`);
}

function scripts(tar: Buffer | undefined): Answer {
  return tar === undefined ? null : new Raw(tar, "application/x-tar");
}

async function operation(region: Region, by: Signer, op: string | undefined, parsed: MetadataRequest): Promise<Answer> {
  switch (op) {
    case "signal":
      await receiveSignal(region, by, parsed.body.params);
      return "OK";
    case "netboot_off":
      return turnNetbootOff(region, by, null);
    default:
      throw new DomainError("bad_request", `Unrecognised signature: method=POST op=${op ?? "None"}`);
  }
}

async function turnNetbootOff(region: Region, by: Signer, systemId: string | null): Promise<string> {
  const ctx = systemCtx(region);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockSigner(tx, by);
    if (systemId !== null && loaded.machine.systemId !== systemId)
      throw new DomainError("forbidden", "These credentials are another machine's.");
    await settle(ctx, tx, loaded, netbootOff(loaded.machine, await lifecycleTimes(ctx, tx)));
  });
  return "OK";
}

/** A report by a token that is no longer in force is taken and dropped: cloud-init reports until the very end of a boot. */
async function statusReport(
  region: Region,
  request: FastifyRequest,
  reply: FastifyReply,
  systemId: string,
): Promise<void> {
  if (request.headers.authorization === undefined) return void reply.code(401).header("content-type", TEXT).send("");
  const by = await signedMachine(region, request).catch((error: unknown) => {
    if (error instanceof DomainError) return undefined;
    throw error;
  });
  if (by?.systemId === systemId)
    await receiveStatus(region, by, parseReport(await readAll(request.raw, STATUS_LIMIT_BYTES)));
  else request.raw.resume();
  void reply.code(204).header("content-type", TEXT).send("");
}
