import { setTimeout as delay } from "node:timers/promises";
import type { Client, Notification } from "pg";
import { colons } from "./hosts.ts";
import { activeLeases, LEASE_STATES, type Lease } from "./leases.ts";
import { LEASE_CHANNEL } from "./lease-trigger.ts";

export interface LeaseEvent {
  /** `commit` also for a renewal. */
  action: "commit" | "expiry" | "release" | "decline";
  lease: Lease;
}

export interface LeaseListener {
  /** Resolves when the first connection listens and its present leases were told. */
  ready: Promise<void>;
  close(): Promise<void>;
}

const RECONNECT_MS = { first: 200, most: 5000 };

/**
 * Tell `onLease` every change of a lease, forever. After each (re)connection the table is read: what changed while nobody listened is told
 * as if it happened now, and what is as we knew it is not told again.
 * @param connect returns a connected client of Kea's database that is ours to end
 */
export function listenLeases(
  connect: () => Promise<Client>,
  onLease: (event: LeaseEvent) => void,
  onError: (error: Error) => void = () => undefined,
): LeaseListener {
  const known = new Map<string, Lease>();
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  // Who does not wait for it is not to be punished for closing early.
  ready.promise.catch(() => undefined);
  let client: Client | undefined;

  const tell = (event: LeaseEvent) => {
    const { ip, mac } = event.lease;
    const before = known.get(ip);
    if (event.action === "commit") known.set(ip, event.lease);
    else if (!known.delete(ip)) return; // its end was told already
    // Kea forgets who it was when an address is declined.
    onLease(mac === "" && before ? { ...event, lease: { ...event.lease, mac: before.mac } } : event);
  };

  const session = async () => {
    const mine = await connect();
    client = mine;
    const ended = new Promise<void>((resolve) => mine.once("end", resolve));
    mine.on("error", onError);
    if (stop.signal.aborted) return await mine.end();
    // Listen first, then read: what commits in between arrives both ways, and is told once.
    let early: LeaseEvent[] | undefined = [];
    mine.on("notification", (message) => {
      const event = parse(message);
      if (!event) return;
      if (early) early.push(event);
      else tell(event);
    });
    await mine.query(`listen ${LEASE_CHANNEL}`);
    catchUp(known, await activeLeases(mine), tell);
    for (const event of early) tell(event);
    early = undefined;
    ready.resolve();
    await ended;
  };

  const loop = (async () => {
    let wait = RECONNECT_MS.first;
    while (!stop.signal.aborted) {
      const started = performance.now();
      await session().catch(async (error: unknown) => {
        onError(error as Error);
        await client?.end().catch(() => undefined);
      });
      wait =
        performance.now() - started > RECONNECT_MS.most ? RECONNECT_MS.first : Math.min(wait * 2, RECONNECT_MS.most);
      await delay(wait, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    ready.reject(new Error("the lease listener was closed before it was connected"));
  })();

  return {
    ready: ready.promise,
    close: async () => {
      stop.abort();
      await client?.end().catch(() => undefined);
      await loop;
    },
  };
}

function catchUp(known: Map<string, Lease>, present: Lease[], tell: (event: LeaseEvent) => void): void {
  const gone = new Map(known);
  for (const lease of present) {
    const old = gone.get(lease.ip);
    gone.delete(lease.ip);
    // The notification gives whole seconds.
    const same =
      old?.mac === lease.mac &&
      old.hostname === lease.hostname &&
      Math.abs(old.expiresAt.getTime() - lease.expiresAt.getTime()) < 1000;
    if (!same) tell({ action: "commit", lease });
  }
  for (const lease of gone.values())
    tell({ action: lease.expiresAt.getTime() < Date.now() ? "expiry" : "release", lease });
}

interface Payload {
  op: "insert" | "update" | "delete";
  ip: string;
  mac: string | null;
  subnetId: number;
  state: number;
  hostname: string | null;
  seconds: number;
  expires: number;
}

function parse({ channel, payload }: Notification): LeaseEvent | undefined {
  if (channel !== LEASE_CHANNEL || payload === undefined) return undefined;
  const said = JSON.parse(payload) as Payload;
  const state = LEASE_STATES[said.state] ?? "expired";
  const lease: Lease = {
    ip: said.ip,
    mac: colons(said.mac ?? ""),
    subnetId: said.subnetId,
    hostname: said.hostname || null,
    leaseSeconds: said.seconds,
    expiresAt: new Date(said.expires * 1000),
    state,
  };
  if (said.op === "delete") return { action: state === "expired" ? "expiry" : "release", lease };
  if (state === "active") return { action: "commit", lease };
  return { action: state === "declined" ? "decline" : "expiry", lease };
}
