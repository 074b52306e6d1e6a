/** VM hosts and chassis are reached by racks, as BMCs are. */
import type { RackMethods } from "@rackwright/contract/rack-protocol";
import { DomainError } from "@rackwright/domain/errors";
import type { Region } from "../context.ts";

type Method = "vmHostDiscover" | "vmHostCompose" | "vmHostDecompose" | "chassisServers";

export interface Reached<M extends Method> {
  result: RackMethods[M]["result"];
  rackId: number;
}

/**
 * Ask the rack that reached the host last, then the others: a rack that cannot reach it says so, and another one may.
 * @throws DomainError power_failed when no rack could, with the reason of the first; rack_unavailable when there is none
 */
export async function callHost<M extends Method>(
  region: Region,
  /** Name: with what it is, for messages. */
  host: { name: string; rackId: number | null },
  method: M,
  params: RackMethods[M]["params"],
): Promise<Reached<M>> {
  const racks = region.racks.connected().map((rack) => rack.nodeId);
  racks.sort((a, b) => Number(b === host.rackId) - Number(a === host.rackId));
  let first: DomainError | undefined;
  for (const rackId of racks) {
    try {
      return { result: await region.racks.call(rackId, method, params), rackId };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      first ??= error;
      // It took the order and did not tell the end: another rack would give it a second time.
      if (error.code === "rack_timeout") break;
    }
  }
  if (!first) throw new DomainError("rack_unavailable", `No rack controller is connected to reach ${host.name}.`);
  // To callers there is one way to fail: the host did not do it.
  throw new DomainError(first.code === "rack_timeout" ? "power_failed" : first.code, `${host.name}: ${first.message}`, {
    cause: first,
  });
}
