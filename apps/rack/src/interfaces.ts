/** The network interfaces of this host, as the region is told of them. */
import { networkInterfaces } from "node:os";
import { hostInterfaces } from "@rackwright/contract/host-interfaces";
import type { RackInterface } from "@rackwright/contract/rack-protocol";

export const rackInterfaces = (): RackInterface[] => hostInterfaces(networkInterfaces());
