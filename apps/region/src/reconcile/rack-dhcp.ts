/** What each rack has been told about DHCP, and what it has still to be told. */
import type { RackMethods } from "@rackwright/contract/rack-protocol";
import type { RackServing } from "@rackwright/domain/addressing/serving";
import { DomainError } from "@rackwright/domain/errors";
import type { Region } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";

type Configuration = RackMethods["configureDhcp"]["params"];

/**
 * It lives as long as the process: a rack that was not told because we died reads its networks within Kea's own polling time (20 s), and is
 * configured anew when it connects.
 */
export class RackDhcp {
  /** By node: the configuration that it took, on which connection. */
  readonly #told = new Map<number, { connectedAt: Date; configuration: string }>();
  /** System ids of racks whose networks changed. */
  readonly #pulls = new Set<string>();
  /** Addresses whose lease must go. Leases are in the database that all racks share: it is enough that one of them drops it. */
  #releases = new Set<string>();

  mustPull(systemIds: readonly string[]): void {
    for (const id of systemIds) this.#pulls.add(id);
  }

  mustRelease(addresses: readonly string[]): void {
    for (const ip of addresses) this.#releases.add(ip);
  }

  /** @throws AggregateError of what failed, after every rack had its turn */
  async tell(
    region: Pick<Region, "racks">,
    serving: readonly RackServing[],
    database: Configuration["database"],
    signal: AbortSignal,
  ): Promise<void> {
    const bySystemId = new Map(serving.map((s) => [s.systemId, s]));
    const connected = region.racks.connected();
    const turns = connected.map(async (rack) => {
      const own = bySystemId.get(rack.systemId) ?? { systemId: rack.systemId, interfaces: [], addresses: [] };
      await this.#configure(region, rack, own, database, signal);
      if (own.interfaces.length === 0) this.#pulls.delete(rack.systemId);
      else await this.#pull(region, rack, signal);
    });
    const results = await Promise.allSettled(turns);
    const able = connected.find((rack) => (bySystemId.get(rack.systemId)?.interfaces.length ?? 0) > 0);
    if (able) results.push(...(await Promise.allSettled([this.#release(region, able, signal)])));
    // A rack that has gone meanwhile is told when it is back; that it is here and says "unavailable" is a failure.
    const still = new Set(region.racks.connected());
    const allHere = connected.every((rack) => still.has(rack));
    const failed = results
      .flatMap((r) => (r.status === "rejected" ? [r.reason as unknown] : []))
      .filter((error) => allHere || !isUnavailable(error));
    if (failed.length > 0)
      throw new AggregateError(failed, `DHCP could not be applied on all racks: ${failed.map(String).join("; ")}`);
  }

  async #configure(
    region: Pick<Region, "racks">,
    rack: ConnectedRack,
    own: RackServing,
    database: Configuration["database"],
    signal: AbortSignal,
  ): Promise<void> {
    const params: Configuration = {
      interfaces: own.interfaces,
      serverTag: own.systemId,
      addresses: own.addresses,
      database,
    };
    const configuration = JSON.stringify(params);
    const before = this.#told.get(rack.nodeId);
    if (before?.connectedAt === rack.connectedAt && before.configuration === configuration) return;
    await region.racks.call(rack.nodeId, "configureDhcp", params, { signal });
    this.#told.set(rack.nodeId, { connectedAt: rack.connectedAt, configuration });
  }

  async #pull(region: Pick<Region, "racks">, rack: ConnectedRack, signal: AbortSignal): Promise<void> {
    if (!this.#pulls.has(rack.systemId)) return;
    await region.racks.call(rack.nodeId, "pullDhcp", {}, { signal });
    this.#pulls.delete(rack.systemId);
  }

  async #release(region: Pick<Region, "racks">, rack: ConnectedRack, signal: AbortSignal): Promise<void> {
    if (this.#releases.size === 0) return;
    const addresses = this.#releases;
    this.#releases = new Set();
    try {
      await region.racks.call(rack.nodeId, "releaseLeases", { addresses: [...addresses] }, { signal });
    } catch (error) {
      this.mustRelease([...addresses]);
      throw error;
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof DomainError && error.code === "rack_unavailable";
}
