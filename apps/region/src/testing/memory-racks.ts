/** Rack controllers in memory: a test says which are connected and what each call answers. */
import type { RackMethods } from "@rackwright/contract/rack-protocol";
import { DomainError } from "@rackwright/domain/errors";
import type { ConnectedRack, Racks } from "../racks/racks.ts";

type Method = keyof RackMethods;
type Answer<M extends Method> = (
  params: RackMethods[M]["params"],
  nodeId: number,
) => RackMethods[M]["result"] | Promise<RackMethods[M]["result"]>;

export interface MemoryRacks extends Racks {
  /** Every call so far, the ones that were refused too. */
  readonly calls: { nodeId: number; method: Method; params: unknown }[];
  connect(rack: Partial<ConnectedRack> & { nodeId: number }): ConnectedRack;
  disconnect(nodeId: number): void;
  /** What every rack answers to this method from now on. A method without an answer is a rack_unavailable. */
  answer<M extends Method>(method: M, answer: Answer<M>): void;
}

export function memoryRacks(): MemoryRacks {
  const connected = new Map<number, ConnectedRack>();
  const answers = new Map<Method, Answer<never>>();
  const listeners: (() => void)[] = [];
  const calls: MemoryRacks["calls"] = [];
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const disconnect = (nodeId: number) => {
    if (connected.delete(nodeId)) changed();
  };
  return {
    calls,
    connected: () => [...connected.values()],
    onChange: (listener) => void listeners.push(listener),
    connect(given) {
      const rack: ConnectedRack = {
        systemId: `rack${given.nodeId}`,
        hostname: `rack-${given.nodeId}`,
        interfaces: [],
        connectedAt: new Date(),
        ...given,
      };
      connected.set(rack.nodeId, rack);
      changed();
      return rack;
    },
    disconnect,
    forget: disconnect,
    answer: (method, answer) => void answers.set(method, answer as unknown as Answer<never>),
    async call(nodeId, method, params, options) {
      calls.push({ nodeId, method, params });
      options?.signal?.throwIfAborted();
      const answer = answers.get(method) as unknown as Answer<typeof method> | undefined;
      if (!connected.has(nodeId) || !answer)
        throw new DomainError(
          "rack_unavailable",
          `Rack controller ${nodeId} is not connected, or the test gave no answer to ${method}.`,
        );
      return answer(params, nodeId);
    },
  };
}
