/** What a request or a job works with. Wired once, in region.ts. */
import type { Database, Tx } from "@rackwright/db/connect";
import { transaction } from "@rackwright/db/connect";
import type { Jobs } from "@rackwright/db/jobs";
import type { Actor } from "@rackwright/domain/machine/machine";
import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { SecretBox } from "./auth/secrets.ts";
import type { ChangeFeed } from "./live/change-feed.ts";
import type { OutputFeed } from "./live/output-feed.ts";
import type { ImageStore } from "./images/store.ts";
import type { MachineFiles } from "./metadata/files.ts";
import type { Racks } from "./racks/racks.ts";
import type { Turns } from "./turns.ts";

/** The region's parts, shared by all requests. */
export interface Region {
  db: Database;
  jobs: Jobs;
  secrets: SecretBox;
  racks: Racks;
  images: ImageStore;
  machineFiles: MachineFiles;
  /** The client of a request: the machine behind a rack, when a rack that is ours says so. */
  trustedClient: (request: FastifyRequest) => Promise<{ address: string; rackNodeId: number | null }>;
  changes: ChangeFeed;
  /** Of what scripts print while they run. */
  outputs: OutputFeed;
  /** Of what machines send, by node: see turns.ts. */
  turns: Turns<number>;
  log: Logger;
  now: () => Date;
  version: string;
  /** Its machines are emulated: power of every type goes to the simulator. Decided when the installation was made. */
  simulated: boolean;
  /** Its racks may serve DHCP; false after --no-dhcp. */
  servesDhcp: boolean;
  /** This region as a node. */
  ownNode: () => { nodeId: number; systemId: string };
}

/** One caller's call. */
export interface Ctx {
  region: Region;
  actor: Actor;
  /** API key that signed the request. */
  tokenKey: string | null;
  /** Set inside a transaction that several app functions share: see `joining`. */
  tx?: Tx;
}

/** Run `work` in one transaction; it is run again when it lost against another, so it has no effect outside of the database. */
export function inTransaction<T>(ctx: Pick<Ctx, "region" | "tx">, work: (tx: Tx) => Promise<T>): Promise<T> {
  return ctx.tx ? work(ctx.tx) : transaction(ctx.region.db, work);
}

/** The same caller inside a transaction: app functions called with it join it, and read what was written in it. All of them or none. */
export function joining(ctx: Ctx, tx: Tx): Ctx {
  return { ...ctx, tx, region: { ...ctx.region, db: { ...ctx.region.db, kysely: tx } } };
}

export const systemActor: Actor = { kind: "system" };

export function systemCtx(region: Region): Ctx {
  return { region, actor: systemActor, tokenKey: null };
}

/** Name for the machine's history. */
export function actorName(actor: Actor): string | null {
  return actor.kind === "user" ? actor.username : null;
}
