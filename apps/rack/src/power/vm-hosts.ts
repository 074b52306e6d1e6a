/** Calls of the region about VM hosts: this rack has the network to them. */
import type { Handlers } from "@rackwright/contract/rack-peer";
import type { RackMethods } from "@rackwright/contract/rack-protocol";
import type { VmHostTarget } from "@rackwright/contract/vm-host-schemas";
import { composeVm, decomposeVm, discoverVmHost, type VmHostOrder } from "@rackwright/power/vm-host";

/** Shorter than the region waits, so that it is told what happened. */
const DISCOVER_MS = 80_000;
const CHANGE_MS = 160_000;

const order = ({ type, parameters }: VmHostTarget, limitMs: number, signal: AbortSignal): VmHostOrder => ({
  type,
  settings: parameters,
  limitMs,
  signal,
});

export const vmHostHandlers: Pick<Handlers<RackMethods>, "vmHostDiscover" | "vmHostCompose" | "vmHostDecompose"> = {
  vmHostDiscover: (request, { signal }) => discoverVmHost(order(request, DISCOVER_MS, signal)),
  vmHostCompose: async (request, { signal }) => {
    await composeVm(order(request, CHANGE_MS, signal), request.machine);
    return null;
  },
  vmHostDecompose: async (request, { signal }) => {
    await decomposeVm(order(request, CHANGE_MS, signal), request.uuid);
    return null;
  },
};
