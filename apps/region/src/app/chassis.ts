/** Machines of a chassis or hypervisor: asked for by the caller, found out about and enlisted by a job. */
import { insertEvents } from "@rackwright/db/history";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { checkChassis, powerTypeOf } from "@rackwright/domain/machine/chassis";
import type { Actor } from "@rackwright/domain/machine/machine";
import { actorName, type Ctx, inTransaction, type Region } from "../context.ts";
import { type ChassisAccess, chassisParameters, enlistFromChassis } from "./chassis-enlist.ts";
import { domainOf } from "./domains.ts";
import { rackViews } from "./rack-controllers.ts";

const QUEUE = "chassis";
/** Of the seal on what only the job is to read. */
const PURPOSE = "chassis";

interface ChassisJob {
  /** Power type of its machines. */
  type: string;
  address: string;
  username: string | null;
  /** The password, sealed, in base64. */
  sealed: string | null;
  prefix: string | null;
  domain: string | null;
  rackId: number | null;
  commission: boolean;
  actor: Actor;
}

export interface ChassisRequest {
  chassis_type: string;
  hostname: string;
  username?: string | undefined;
  password?: string | undefined;
  accept_all: boolean;
  rack_controller?: string | undefined;
  domain?: string | undefined;
  prefix_filter?: string | undefined;
  power_control?: string | undefined;
  token_name?: string | undefined;
  token_secret?: string | undefined;
  verify_ssl?: boolean | undefined;
  port?: number | undefined;
  protocol?: string | undefined;
}

/**
 * @returns what will happen, in words
 * @throws DomainError invalid_fields, not_found, rack_unavailable when nobody could ask
 */
export async function addChassis(ctx: Ctx, request: ChassisRequest): Promise<string> {
  const { chassis_type, hostname, accept_all: commission, rack_controller, domain, ...options } = request;
  checkChassis(chassis_type, options);
  const type = powerTypeOf(chassis_type);
  checkAddress({ type, address: hostname, username: options.username, password: options.password });
  const rack = await rackFor(ctx, rack_controller);
  const found = domain ? await domainOf(ctx.region.db.kysely, domain) : undefined;
  const job: ChassisJob = {
    type,
    address: hostname,
    username: options.username || null,
    sealed: options.password ? ctx.region.secrets.seal(PURPOSE, options.password).toString("base64") : null,
    prefix: options.prefix_filter || null,
    domain: found?.name ?? null,
    rackId: rack.nodeId,
    commission,
    actor: ctx.actor,
  };
  // Who asks twice at once is answered once.
  await inTransaction(ctx, (tx) => ctx.region.jobs.enqueue(tx, QUEUE, job, { key: `${hostname} ${job.prefix ?? ""}` }));
  return `Asking ${rack.hostname} to add machines from chassis ${hostname}`;
}

/** Names of parameters of addChassis, by those of the power parameters that they become. */
const given: Record<string, string> = { power_address: "hostname", power_user: "username", power_pass: "password" };

/** @throws DomainError invalid_fields, by the names that the caller knows */
function checkAddress(access: ChassisAccess): void {
  try {
    chassisParameters(access);
  } catch (error) {
    const [first] = error instanceof DomainError ? Object.entries(error.fields ?? {}) : [];
    if (!first) throw error;
    throw invalidField(given[first[0]] ?? first[0], first[1].join(" "));
  }
}

async function rackFor(ctx: Ctx, word: string | undefined): Promise<{ nodeId: number; hostname: string }> {
  const connected = ctx.region.racks.connected();
  if (!word) {
    const [any] = connected;
    if (any) return any;
    throw new DomainError("rack_unavailable", "No rack controller is connected to ask the chassis.");
  }
  const all = await rackViews(ctx, {});
  const rack = all.find(({ view: { row } }) => row.system_id === word || row.hostname === word)?.view.row;
  if (!rack) throw new DomainError("not_found", `There is no rack controller '${word}'.`);
  if (!connected.some(({ nodeId }) => nodeId === rack.id))
    throw new DomainError("rack_unavailable", `Rack controller ${rack.hostname} is not connected.`);
  return { nodeId: rack.id, hostname: rack.hostname };
}

export async function startChassisWorkflow(region: Region): Promise<void> {
  await region.jobs.handle<ChassisJob>(QUEUE, { concurrency: 2 }, ({ data }) => enlist(region, data));
}

/** Run again it passes over what it has enlisted: each machine is known by its MAC addresses. */
async function enlist(region: Region, job: ChassisJob): Promise<void> {
  const ctx: Ctx = { region, actor: job.actor, tokenKey: null };
  const { type, address, username, prefix, domain, rackId, commission } = job;
  try {
    await enlistFromChassis(ctx, {
      type,
      address,
      username: username ?? undefined,
      password: job.sealed === null ? undefined : region.secrets.open(PURPOSE, Buffer.from(job.sealed, "base64")),
      prefix: prefix ?? undefined,
      domain: domain ?? undefined,
      rackId: rackId ?? undefined,
      commission,
    });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const description = `No machines were added from chassis ${address}: ${error.message}`;
    await inTransaction(ctx, (tx) =>
      insertEvents(tx, { nodeId: null, hostname: "", username: actorName(ctx.actor) }, [{ type: "NODE", description }]),
    );
  }
}
