/**
 * Hosts of virtual machines, as far as a rack speaks to them: what one has, making a machine on it, taking one away. Power of the machines
 * is a power driver's, with the same settings.
 */
import type { VmHostFacts, VmOrder } from "@rackwright/domain/vm-host/facts";
import { type Attempt, PowerError } from "./driver.ts";
import { virshHost } from "./drivers/virsh-host.ts";
import { limited, type LimitedOrder } from "./limited.ts";
import { powerDriverNamed } from "./registry.ts";

export interface VmHostDriver {
  discover(attempt: Attempt): Promise<VmHostFacts>;
  /** Another system is at its address since: what was noted of the one before is no reason to refuse it. */
  forget(attempt: Attempt): Promise<void>;
  /** Make it, off. One with that UUID that is there already is left as it is. A failure leaves nothing behind. */
  compose(attempt: Attempt, order: VmOrder): Promise<void>;
  /** Switch it off and remove it with its disks. One that is not there is no error. */
  decompose(attempt: Attempt, uuid: string): Promise<void>;
}

/** By type of the VM host. LXD is known to the API, and not spoken to. */
const drivers: ReadonlyMap<string, VmHostDriver> = new Map([["virsh", virshHost]]);

export const canConnect = (type: string): boolean => drivers.has(type);

export const discoverVmHost = (order: LimitedOrder, installedAnew = false): Promise<VmHostFacts> =>
  onHost(order, "finding out what it has", async (driver, attempt) => {
    if (installedAnew) await driver.forget(attempt);
    return driver.discover(attempt);
  });

export const composeVm = (order: LimitedOrder, vm: VmOrder): Promise<void> =>
  onHost(order, `making ${vm.name}`, (driver, attempt) => driver.compose(attempt, vm));

export const decomposeVm = (order: LimitedOrder, uuid: string): Promise<void> =>
  onHost(order, `removing ${uuid}`, (driver, attempt) => driver.decompose(attempt, uuid));

/** @throws PowerError */
async function onHost<T>(
  order: LimitedOrder,
  doing: string,
  act: (driver: VmHostDriver, attempt: Attempt) => Promise<T>,
): Promise<T> {
  const driver = drivers.get(order.type);
  if (!driver) throw new PowerError("unsupported", `VM hosts of type ${order.type} cannot be connected: use virsh`);
  return limited(order, powerDriverNamed(order.type), doing, (attempt) => act(driver, attempt));
}
