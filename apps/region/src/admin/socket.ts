/** The region, for root on its own host: HTTP over a socket file that nobody else may open. Its client: apps/cli/src/local. */
import { chmodSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { errorStatus } from "@rackwright/contract/errors";
import { DomainError } from "@rackwright/domain/errors";
import type { KeyAddresses } from "../app/ssh-key-import.ts";
import type { Region } from "../context.ts";
import { readAll } from "../http/body.ts";
import { adminCommands } from "./commands.ts";

const BODY_LIMIT_BYTES = 64 << 10;

export interface AdminSocket {
  close(): Promise<void>;
}

/** @throws Error when another region listens on this socket */
export async function startAdminSocket(region: Region, path: string, keys?: KeyAddresses): Promise<AdminSocket> {
  await mkdir(dirname(path), { recursive: true });
  await removeStale(path);
  const commands = adminCommands(region, keys);
  const server = createServer((request, reply) => void serve(region, commands, request, reply));
  await listen(server, path);
  return {
    close: () =>
      new Promise((resolve) => {
        // Node removes the socket file itself.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The file of a region that is gone is removed. */
async function removeStale(path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<"living" | "stale" | "absent">();
  const probe = connect(path, () => resolve("living"));
  probe.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") resolve("absent");
    else if (error.code === "ECONNREFUSED" || error.code === "ENOTSOCK") resolve("stale");
    else reject(new Error(`the admin socket ${path} cannot be looked at: ${error.message}`, { cause: error }));
  });
  const found = await promise.finally(() => probe.destroy());
  if (found === "living")
    throw new Error(`another region listens on ${path}: stop it, or give this one another data directory`);
  if (found === "stale") await rm(path);
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  // The file is bound within listen(): with this mask there is no moment at which others may open it.
  const before = process.umask(0o177);
  try {
    server.listen(path, resolve);
  } finally {
    process.umask(before);
  }
  await promise;
  chmodSync(path, 0o600);
}

async function serve(
  region: Region,
  commands: ReturnType<typeof adminCommands>,
  request: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const send = (status: number, body: unknown) => {
    reply.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
  };
  try {
    const name = `${request.method} ${request.url?.split("?")[0]}`;
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command)
      throw new DomainError("not_found", `There is no ${name}: ${Object.keys(commands).join(", ")} are all.`);
    send(200, await command(parse(await readAll(request, BODY_LIMIT_BYTES))));
  } catch (error) {
    if (error instanceof DomainError) return send(errorStatus[error.code].status, { error: said(error) });
    region.log.error({ err: error }, "a command of the admin socket failed");
    send(500, { error: "The region failed at this: its log says more." });
  }
}

/** Messages of fields on one line. */
function said(error: DomainError): string {
  if (!error.fields) return error.message;
  return Object.entries(error.fields)
    .map(([field, messages]) => `${field}: ${messages.join(" ")}`)
    .join("; ");
}

function parse(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Not JSON: said below.
  }
  throw new DomainError("bad_request", "The body must be a JSON object.");
}
