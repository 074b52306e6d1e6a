/** Which rack speaks, by the `systemId:token` of a header. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { rackCredential, type RackNode } from "@rackwright/db/racks";
import type { Database } from "@rackwright/db/connect";

/** How long an answer of the database is believed; a rack that enrols anew is forgotten at once. */
const KEEP_MS = 60_000;
const MAX_KEPT = 1000;

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

export interface TrustedClient {
  /** Of the machine, when a rack of ours speaks for it; of the socket otherwise. */
  address: string;
  rackNodeId: number | null;
}

/** What is needed of a request. */
export type Incoming = Pick<IncomingMessage, "headers" | "socket">;

export class RackCredentials {
  readonly #db: Database;
  /** By the hash of the whole header, so that no token stays in memory. */
  readonly #known = new Map<string, { rack: RackNode; until: number }>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The rack whose credentials these are: `systemId:token`. */
  async check(credentials: string | undefined): Promise<RackNode | undefined> {
    const match = /^([a-z0-9]{1,32}):([\w-]{20,128})$/.exec(credentials ?? "");
    if (!match) return undefined;
    const [whole, systemId = "", token = ""] = match;
    const key = sha256(whole).toString("hex");
    const known = this.#known.get(key);
    if (known && known.until > performance.now()) return known.rack;
    this.#known.delete(key);
    const stored = await rackCredential(this.#db.kysely, systemId);
    if (!stored || !timingSafeEqual(stored.tokenHash, sha256(token))) return undefined;
    const rack = { nodeId: stored.nodeId, systemId };
    if (this.#known.size >= MAX_KEPT) this.#known.clear();
    this.#known.set(key, { rack, until: performance.now() + KEEP_MS });
    return rack;
  }

  /** As `check`, of `Authorization: Rack systemId:token`. */
  checkAuthorization(header: string | undefined): Promise<RackNode | undefined> {
    return this.check(/^Rack +(\S+)$/i.exec(header ?? "")?.[1]);
  }

  /** The rack has other credentials from now on, or is gone. */
  forget(nodeId: number): void {
    for (const [key, { rack }] of this.#known) if (rack.nodeId === nodeId) this.#known.delete(key);
  }

  /** Who is at the other end: X-Forwarded-For counts only from a rack of ours. */
  async trustedClient(request: Incoming): Promise<TrustedClient> {
    const own = plainAddress(request.socket.remoteAddress);
    const given = request.headers["x-rackwright-rack"];
    const rack = typeof given === "string" ? await this.check(given) : undefined;
    if (!rack) return { address: own, rackNodeId: null };
    const forwarded = plainAddress(String(request.headers["x-forwarded-for"] ?? "").trim());
    return { address: isIP(forwarded) ? forwarded : own, rackNodeId: rack.nodeId };
  }
}

/** IPv4 addresses arrive mapped into IPv6 on a socket that listens on `::`. */
const plainAddress = (address: string | undefined): string => (address ?? "").replace(/^::ffff:(?=[0-9.]+$)/, "");
