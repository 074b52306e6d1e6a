/** A rack asks to be one of ours: it proves that it knows the shared secret, and gets a token of its own. */
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { appendChange } from "@rackwright/db/change";
import { type Database, transaction } from "@rackwright/db/connect";
import { defaultDomainId } from "@rackwright/db/nodes";
import { insertRack, lockRack, type RackNode, storeRackToken } from "@rackwright/db/racks";
import { DomainError } from "@rackwright/domain/errors";
import { cleanHostname, generateSystemId } from "@rackwright/domain/machine/names";
import { z } from "zod";

const requestSchema = z.object({
  rackId: z.uuid(),
  hostname: z.string().min(1).max(255),
  inRegion: z.boolean(),
  nonce: z.string().min(16).max(128),
  /** Milliseconds since 1970. */
  timestamp: z.int().min(0),
  /** HMAC-SHA256 under the shared secret, of the lines of all the others; hexadecimal. */
  mac: z.string().regex(/^[0-9a-f]{64}$/),
});
export type EnrolmentRequest = z.infer<typeof requestSchema>;

/** Clocks may differ by so much. */
const MAX_SKEW_MS = 300_000;

const hash = (text: string): Buffer => createHash("sha256").update(text).digest();

export interface EnrolmentOptions {
  db: Database;
  secret: string;
  now: () => Date;
  /** Of the region itself; undefined while it is not known. */
  regionNodeId?: () => number | undefined;
}

export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #startedAt: number;
  /** Nonces of valid requests, with the time until which a repetition would be taken for fresh. */
  readonly #seen = new Map<string, number>();

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.#startedAt = options.now().getTime();
  }

  /** @throws DomainError bad_request, or unauthorized when the secret is another or the request was used before */
  async enrol(body: unknown): Promise<RackNode & { token: string }> {
    const parsed = requestSchema.safeParse(body);
    if (!parsed.success)
      throw new DomainError("bad_request", `This is no enrolment: ${z.prettifyError(parsed.error).split("\n")[0]}`);
    const request = parsed.data;
    this.#prove(request);
    const name = cleanHostname(request.hostname);
    const token = randomBytes(32).toString("base64url");
    const rack = await transaction(this.#options.db, async (tx) => {
      const regionNodeId = this.#options.regionNodeId?.();
      const identity = {
        rackId: request.rackId,
        inRegion: request.inRegion,
        hostname: name,
        ...(regionNodeId === undefined ? {} : { regionNodeId }),
      };
      let node = await lockRack(tx, identity);
      const domainId = await defaultDomainId(tx);
      for (let attempt = 1; !node; attempt++) {
        if (attempt > 50) throw new DomainError("conflict", `There are too many hosts with the name ${name}.`);
        const hostname = attempt === 1 ? name : `${name.slice(0, 58)}-${attempt}`;
        node = await insertRack(tx, { ...identity, hostname, systemId: generateSystemId(randomInt), domainId });
      }
      await storeRackToken(tx, node.nodeId, hash(token));
      await appendChange(tx, { kind: "update", entity: "rack", entityId: node.systemId });
      return node;
    });
    return { ...rack, token };
  }

  #prove(request: EnrolmentRequest): void {
    const { secret, now } = this.#options;
    const { rackId, hostname, inRegion, nonce, timestamp } = request;
    const expected = createHmac("sha256", secret)
      .update([rackId, hostname, inRegion, nonce, timestamp].join("\n"))
      .digest();
    if (!timingSafeEqual(expected, Buffer.from(request.mac, "hex")))
      throw new DomainError(
        "unauthorized",
        "The enrolment secret is not this region's: give the rack the content of the region's secret file.",
      );
    const at = now().getTime();
    if (Math.abs(at - timestamp) > MAX_SKEW_MS)
      throw new DomainError("unauthorized", "The rack's clock and the region's differ by more than 5 minutes.");
    // Nonces are remembered in memory only, so nothing from before this start is taken.
    if (timestamp < this.#startedAt)
      throw new DomainError("unauthorized", "This enrolment was made before the region started: send a new one.");
    for (const [old, until] of this.#seen) if (until < at) this.#seen.delete(old);
    if (this.#seen.has(nonce)) throw new DomainError("unauthorized", "This enrolment was used before: send a new one.");
    this.#seen.set(nonce, at + 2 * MAX_SKEW_MS);
  }
}
