/** VM hosts and chassis are reached by racks, as BMCs are. */
import type { RackMethods } from "@rackwright/contract/rack-protocol";
import type { VmHostRow } from "@rackwright/db/vm-hosts";
import { DomainError } from "@rackwright/domain/errors";
import type { Ctx, Region } from "../context.ts";
import { readParameters } from "./vm-host-settings.ts";

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
  let unanswered: DomainError | undefined;
  for (const rackId of racks) {
    try {
      return { result: await region.racks.call(rackId, method, params), rackId };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      first ??= error;
      if (unansweredCodes.has(error.code)) unanswered ??= error;
      // It took the order and did not tell the end: another rack would give it a second time.
      if (error.code === "rack_timeout") break;
    }
  }
  if (!first) throw new DomainError("rack_unavailable", `No rack controller is connected to reach ${host.name}.`);
  // To callers there is one way to fail: the host did not do it.
  throw new DomainError(first.code === "rack_timeout" ? "power_failed" : first.code, `${host.name}: ${first.message}`, {
    cause: unanswered ?? first,
  });
}

const unansweredCodes: ReadonlySet<string> = new Set(["rack_timeout", "rack_unavailable"]);

/** Whether `callHost` failed in a way that leaves open what the host did, or is still doing. */
export const outcomeUnknown = (error: unknown): boolean =>
  error instanceof DomainError && error.cause instanceof DomainError && unansweredCodes.has(error.cause.code);

/** Have a virtual machine taken away, with its disks. One that is gone is no error. @throws DomainError as `callHost` */
export async function decomposeOn(ctx: Ctx, host: VmHostRow, uuid: string): Promise<void> {
  const target = { type: host.type, parameters: readParameters(ctx.region, host) };
  await callHost(ctx.region, { name: `VM host ${host.name}`, rackId: host.rack_id }, "vmHostDecompose", {
    ...target,
    uuid,
  });
}
