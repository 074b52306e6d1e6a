/** What racks ask the region by HTTP: to be enrolled, and for the files of images. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { errorStatus } from "@rackwright/contract/errors";
import { DomainError } from "@rackwright/domain/errors";
import type { Logger } from "pino";
import type { ImageStore } from "../images/store.ts";
import type { RackCredentials } from "./credentials.ts";
import type { Enrolment } from "./enrolment.ts";
import { Throttle } from "./throttle.ts";

export const RACK_ROOT = "/MAAS/rack/";
const MAX_BODY_BYTES = 64 * 1024;

export interface RackHttpOptions {
  enrolment: Enrolment;
  credentials: RackCredentials;
  images: Pick<ImageStore, "path">;
  log: Logger;
  /** A rack has new credentials. */
  onEnrolled(nodeId: number): void;
}

export function rackHttp(options: RackHttpOptions): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const throttle = new Throttle({ attempts: 30, perMs: 60_000 });

  const enrol = async (req: IncomingMessage, res: ServerResponse) => {
    const address = req.socket.remoteAddress ?? "";
    if (!throttle.admit(address)) {
      say(res, 429, "Too many enrolments from this address: wait a minute.", { "retry-after": "60" });
      return;
    }
    const { nodeId, systemId, token } = await options.enrolment.enrol(await jsonBody(req));
    options.onEnrolled(nodeId);
    options.log.info({ systemId, address }, "a rack controller has enrolled");
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ systemId, token }));
  };

  const image = async (req: IncomingMessage, res: ServerResponse, sha256: string) => {
    if (!(await options.credentials.checkAuthorization(req.headers.authorization))) {
      say(res, 401, "Images are for enrolled racks: send Authorization: Rack SYSTEM_ID:TOKEN.");
      return;
    }
    const path = await options.images.path(sha256);
    if (path === undefined) say(res, 404, `There is no image file ${sha256}.`);
    else await sendFile(req, res, path);
  };

  return async (req, res) => {
    try {
      const path = (req.url ?? "").split("?", 1)[0] ?? "";
      const sha256 = /^\/MAAS\/rack\/images\/([0-9a-f]{64})$/.exec(path)?.[1];
      // A rack adds this header to what it carries for a machine, and machines have no business here.
      if (req.headers["x-rackwright-rack"] !== undefined) say(res, 404, "There is nothing here.");
      else if (path === `${RACK_ROOT}enrol` && req.method === "POST") await enrol(req, res);
      else if (sha256 !== undefined && (req.method === "GET" || req.method === "HEAD")) await image(req, res, sha256);
      else say(res, 404, "There is nothing here.");
    } catch (error) {
      if (res.headersSent) res.destroy();
      else if (error instanceof DomainError) say(res, errorStatus[error.code].status, error.message);
      else {
        options.log.error({ err: error, url: req.url }, "a request of a rack failed");
        say(res, 500, "Internal error: the region's log says more.");
      }
    }
  };
}

function say(res: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  // A body that was not read would be taken for the next request.
  res
    .writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close", ...headers })
    .end(`${text}\n`);
}

async function jsonBody(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new DomainError("payload_too_large", "An enrolment is smaller than this.");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new DomainError("bad_request", "The body is no JSON.");
  }
}

/** A file, whole or from a byte on: racks go on with a download that broke off, and ask for nothing else. */
async function sendFile(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
  const { size } = await stat(path);
  const from = /^bytes=(\d{1,15})-$/.exec(req.headers.range ?? "")?.[1];
  const start = from === undefined ? 0 : Number(from);
  const headers = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
  if (from !== undefined && start >= size) {
    res.writeHead(416, { ...headers, "content-range": `bytes */${size}`, "content-length": 0 }).end();
    return;
  }
  res.writeHead(from === undefined ? 200 : 206, {
    ...headers,
    "content-length": size - start,
    ...(from === undefined ? {} : { "content-range": `bytes ${start}-${size - 1}/${size}` }),
  });
  if (req.method === "HEAD") res.end();
  else
    await pipeline(createReadStream(path, { start, highWaterMark: 1 << 20 }), res).catch(() => {
      res.destroy(); // the rack went away, and asks again for the rest
    });
}
