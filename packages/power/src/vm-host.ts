/**
 * Hosts of virtual machines, as far as a rack speaks to them: what one has, making a machine on it, taking one away. Power of the machines
 * is a power driver's, with the same settings.
 */
import type { VmHostFacts, VmOrder } from "@rackwright/domain/vm-host/facts";
import { type Attempt, bmcName, type PowerDriver, PowerError } from "./driver.ts";
import { virshHost } from "./drivers/virsh-host.ts";
import { type Outside, realOutside } from "./outside.ts";
import { powerDriverNamed } from "./registry.ts";
import { type Given, settingsFor } from "./settings.ts";

export interface VmHostDriver {
  discover(attempt: Attempt): Promise<VmHostFacts>;
  /** Make it, off. One with that UUID that is there already is left as it is. A failure leaves nothing behind. */
  compose(attempt: Attempt, order: VmOrder): Promise<void>;
  /** Switch it off and remove it with its disks. One that is not there is no error. */
  decompose(attempt: Attempt, uuid: string): Promise<void>;
}

/** By type of the VM host. LXD is known to the API, and not spoken to. */
const drivers: ReadonlyMap<string, VmHostDriver> = new Map([["virsh", virshHost]]);

export const canConnect = (type: string): boolean => drivers.has(type);

export interface VmHostOrder {
  type: string;
  /** Stored power parameters of the host. */
  settings: Given;
  /** The whole of it. */
  limitMs: number;
  signal?: AbortSignal;
  outside?: Outside;
}

export const discoverVmHost = (order: VmHostOrder): Promise<VmHostFacts> =>
  limited(order, "finding out what it has", (driver, attempt) => driver.discover(attempt));

export const composeVm = (order: VmHostOrder, vm: VmOrder): Promise<void> =>
  limited(order, `making ${vm.name}`, (driver, attempt) => driver.compose(attempt, vm));

export const decomposeVm = (order: VmHostOrder, uuid: string): Promise<void> =>
  limited(order, `removing ${uuid}`, (driver, attempt) => driver.decompose(attempt, uuid));

/** @throws PowerError */
async function limited<T>(
  order: VmHostOrder,
  doing: string,
  act: (driver: VmHostDriver, attempt: Attempt) => Promise<T>,
): Promise<T> {
  const driver = drivers.get(order.type);
  if (!driver) throw new PowerError("unsupported", `VM hosts of type ${order.type} cannot be connected: use virsh`);
  const power: PowerDriver = powerDriverNamed(order.type);
  const limit = AbortSignal.timeout(order.limitMs);
  const signal = order.signal ? AbortSignal.any([order.signal, limit]) : limit;
  const attempt = { settings: settingsFor(power, order.settings), outside: order.outside ?? realOutside, signal };
  try {
    return await act(driver, attempt);
  } catch (error) {
    order.signal?.throwIfAborted();
    if (!limit.aborted) throw error;
    const host = bmcName(power, order.settings);
    throw new PowerError("timeout", `${doing}: ${host} did not finish within ${order.limitMs / 1000} s: look at it`, {
      cause: error,
    });
  }
}
