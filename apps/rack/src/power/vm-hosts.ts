/** Calls of the region about VM hosts and chassis: this rack has the network to them. */
import type { Handlers } from "@rackwright/contract/rack-peer";
import type { RackMethods } from "@rackwright/contract/rack-protocol";
import type { VmHostTarget } from "@rackwright/contract/vm-host-schemas";
import { listChassis } from "@rackwright/power/chassis";
import type { LimitedOrder } from "@rackwright/power/limited";
import { composeVm, decomposeVm, discoverVmHost } from "@rackwright/power/vm-host";

/** Shorter than the region waits, so that it is told what happened. */
const DISCOVER_MS = 80_000;
const CHANGE_MS = 160_000;

const order = ({ type, parameters }: VmHostTarget, limitMs: number, signal: AbortSignal): LimitedOrder => ({
  type,
  settings: parameters,
  limitMs,
  signal,
});

type Method = "vmHostDiscover" | "vmHostCompose" | "vmHostDecompose" | "chassisServers";

export const vmHostHandlers: Pick<Handlers<RackMethods>, Method> = {
  vmHostDiscover: (request, { signal }) => discoverVmHost(order(request, DISCOVER_MS, signal), request.installedAnew),
  vmHostCompose: async (request, { signal }) => {
    await composeVm(order(request, CHANGE_MS, signal), request.machine);
    return null;
  },
  vmHostDecompose: async (request, { signal }) => {
    await decomposeVm(order(request, CHANGE_MS, signal), request.uuid);
    return null;
  },
  chassisServers: async (request, { signal }) => ({ servers: await listChassis(order(request, DISCOVER_MS, signal)) }),
};
