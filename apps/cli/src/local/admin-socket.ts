/** The region on this host, spoken to over a socket that only root may open: no login, no network. */
import { join } from "node:path";
import { http } from "../api/node-modules.ts";
import { CliError } from "../errors.ts";
import type { Shell } from "../shell.ts";

const USUAL_DATA_DIR = "/var/lib/rackwright";

export const dataOption = {
  data: { value: "DIR", text: `the region's data directory (RACKWRIGHT_DATA, else ${USUAL_DATA_DIR})` },
} as const;

export const dataDirOf = (shell: Shell, given: string | undefined): string =>
  given ?? shell.env["RACKWRIGHT_DATA"] ?? USUAL_DATA_DIR;

/** One call. @throws CliError with what the region says, or why it cannot be asked */
export async function askRegion<T>(
  shell: Shell,
  dataDir: string | undefined,
  method: "GET" | "POST",
  path: string,
  body?: Record<string, unknown>,
): Promise<T> {
  const socketPath = join(dataDirOf(shell, dataDir), "run", "admin.sock");
  const { status, text } = await exchange(socketPath, method, path, body);
  const reply = parse(text);
  if (status >= 200 && status < 300 && reply !== undefined) return reply as T;
  const said = typeof reply?.["error"] === "string" ? reply["error"] : `it answered ${status} ${text.slice(0, 200)}`;
  throw new CliError(said, { exitCode: 2 });
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: Record<string, unknown> | undefined,
): Promise<{ status: number; text: string }> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    content === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(content) };
  return new Promise((resolve, reject) => {
    const sent = http.request({ socketPath, method, path, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", reject);
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => reject(explained(error, socketPath)));
    sent.end(content);
  });
}

function explained(error: NodeJS.ErrnoException, socketPath: string): CliError {
  const at = `the region's socket ${socketPath}`;
  switch (error.code) {
    case "EACCES":
    case "EPERM":
      return new CliError(`${at} is not yours to open: run this as root (sudo)`, { cause: error });
    case "ENOENT":
      return new CliError(
        `there is no ${at.slice(4)}: run this on the region's host while it runs, or say --data DIR`,
        { cause: error },
      );
    case "ECONNREFUSED":
      return new CliError(`nobody listens on ${at}: start the region`, { cause: error });
    default:
      return new CliError(`${at} failed: ${error.message}`, { cause: error });
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
