/** Leases of our DHCP servers: who holds which address now, and what that says of machines (reference: boot.md section 10). */
import { appendChange } from "@rackwright/db/change";
import { sqlState } from "@rackwright/db/connect";
import { insertEvidence } from "@rackwright/db/history";
import { listenLeases, type LeaseEvent } from "@rackwright/db/kea/listen";
import { connectKea, type KeaDatabase, keaAccess, leaseReader } from "@rackwright/db/kea-access";
import { leaseSubject, observeLease, observeLeaseEnd, strangerLeaseIsOld } from "@rackwright/db/observed-leases";
import { seeNeighbour } from "@rackwright/db/discoveries";
import { inTransaction, type Region } from "../context.ts";
import { recordEvidence } from "./rack-evidence.ts";
import { getConfig } from "./config.ts";

export interface LeaseLookup {
  /** Address that is leased to a MAC now; undefined: none; null: DHCP is not ours, so nobody can tell. */
  leaseOf(mac: string): Promise<string | undefined | null>;
  close(): Promise<void>;
}

/** PostgreSQL's invalid_catalog_name: there is no such database. */
const NO_DATABASE = "3D000";

export function leaseLookup(kea: KeaDatabase | null): LeaseLookup {
  if (kea === null) return { leaseOf: async () => null, close: async () => {} };
  const reader = leaseReader(kea);
  return {
    close: () => reader.close(),
    async leaseOf(mac) {
      try {
        return await reader.leaseOf(mac);
      } catch (error) {
        // Kea's database is made when DHCP is first switched on.
        if (sqlState(error) === NO_DATABASE) return null;
        throw new Error(`cannot read the lease of ${mac} from the DHCP database ${kea.name}`, { cause: error });
      }
    },
  };
}

/** Record every lease as it is given and ends. @returns a function that ends it */
export async function startLeaseEvents(region: Region, kea: KeaDatabase | null): Promise<() => Promise<void>> {
  if (kea === null) return async () => {};
  const { log } = region;
  const access = keaAccess({ db: region.db, database: kea });
  let last = Promise.resolve();
  /** In their order: a lease that ends must not be recorded before it began. */
  const onLease = (event: LeaseEvent) => {
    last = last
      .then(() => recordLease(region, event))
      .catch((error: unknown) =>
        log.error({ err: error, mac: event.lease.mac, ip: event.lease.ip }, "a DHCP lease could not be recorded"),
      );
  };
  const connect = async () => {
    if (!(await access.exists())) throw new NotYet();
    return connectKea(kea);
  };
  const listener = listenLeases(connect, onLease, (error) => {
    if (!(error instanceof NotYet)) log.warn({ err: error }, "cannot hear of DHCP leases: trying again");
  });
  return async () => {
    await listener.close();
    await last;
  };
}

/** Nobody has switched DHCP on: nothing is wrong. */
class NotYet extends Error {}

export async function recordLease(region: Region, { action, lease }: LeaseEvent): Promise<void> {
  const { mac, ip } = lease;
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return; // no Ethernet address: none of ours
  const { kysely } = region.db;
  const subject = await leaseSubject(kysely, mac);
  const detail = {
    lease: action === "commit" ? ip : null,
    action,
    subnetId: lease.subnetId,
    leaseSeconds: lease.leaseSeconds,
  };
  if (action === "commit") {
    const old = subject?.isMachine ? subject.lastLease === ip : await strangerLeaseIsOld(kysely, mac, ip);
    if (!old)
      await recordEvidence(region, [
        { source: "dhcp", mac, address: ip, text: `DHCP lease of ${ip} given`, detail, at: region.now().getTime() },
      ]);
  } else {
    const text = {
      expiry: `held ${ip} until its time ran out`,
      release: `returned ${ip}`,
      decline: `declined ${ip}: somebody else uses it`,
    }[action];
    await insertEvidence(kysely, [
      { nodeId: subject?.nodeId ?? null, mac, bootEpoch: subject?.bootEpoch ?? null, source: "dhcp", text, detail },
    ]);
  }
  if (!subject) {
    if (action === "commit") await seeStranger(region, lease);
    return;
  }
  await inTransaction({ region }, async (tx) => {
    const news =
      action === "commit"
        ? await observeLease(tx, subject.interfaceId, { ip, subnetId: lease.subnetId, at: region.now() })
        : await observeLeaseEnd(tx, subject.interfaceId, ip);
    if (!news) return;
    const visibleTo = subject.ownerId === null ? null : String(subject.ownerId);
    await appendChange(tx, { kind: "update", entity: "machine", entityId: subject.systemId, visibleTo });
  });
}

/** Whoever has an address of ours and is none of our machines is a neighbour. */
async function seeStranger(region: Region, lease: LeaseEvent["lease"]): Promise<void> {
  const { network_discovery } = await getConfig(region.db.kysely, "network_discovery");
  if (network_discovery === "disabled") return;
  await inTransaction({ region }, async (tx) => {
    const { ip, mac, subnetId, hostname } = lease;
    if (await seeNeighbour(tx, { ip, mac, subnetId, hostname, at: region.now() }))
      await appendChange(tx, { kind: "create", entity: "discovery", entityId: `${ip},${mac}` });
  });
}
