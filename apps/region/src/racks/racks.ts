/** The rack controllers that are connected to this region. */
import type { RackInterface, RackMethods } from "@rackwright/contract/rack-protocol";

export interface ConnectedRack {
  /** The rack's row in `node`. */
  nodeId: number;
  systemId: string;
  hostname: string;
  interfaces: RackInterface[];
  /** Where it serves machines by HTTP; absent: 5248. */
  httpPort?: number;
  /** Whether it serves TFTP; absent: nobody knows. */
  tftp?: boolean;
  connectedAt: Date;
}

export interface Racks {
  connected(): ConnectedRack[];
  /**
   * @throws DomainError rack_unavailable when that rack is not connected, rack_timeout when it does not answer in time;
   * power_failed when it answered that power could not be switched, with its reason
   */
  call<M extends keyof RackMethods>(
    nodeId: number,
    method: M,
    params: RackMethods[M]["params"],
    options?: { timeoutMs?: number; signal?: AbortSignal },
  ): Promise<RackMethods[M]["result"]>;
  /** It was deleted: its credentials are good no more, and its connection ends. */
  forget(nodeId: number): void;
  /** Called when a rack has connected or gone. */
  onChange(listener: () => void): void;
}
