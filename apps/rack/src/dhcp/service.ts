/** DHCP as the region wants it: no Kea at all until there is an interface to serve, then one that is kept as asked. */

import type { RackMethods } from "@rackwright/contract/rack-protocol";
import { DomainError } from "@rackwright/domain/errors";
import type { BootLog } from "../boot-files.ts";
import { type Kea, type KeaWanted, startKea } from "./kea.ts";
import type { DhcpEvidence } from "./log.ts";
import { endOrphan } from "./orphan.ts";
import { keaDirectory } from "./work-directory.ts";

export interface DhcpOptions {
  dataDir: string;
  /** False: this rack never serves DHCP. */
  enabled: boolean;
  tftp: boolean;
  httpBootPort: () => number;
  onEvidence(evidence: DhcpEvidence): void;
  log: BootLog;
}

export interface DhcpService {
  configure(wanted: RackMethods["configureDhcp"]["params"]): Promise<{ changed: boolean }>;
  pull(): Promise<void>;
  release(addresses: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export function dhcpService(options: DhcpOptions): DhcpService {
  let kea: Kea | undefined;
  let applied = "";
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };

  const apply = async (request: RackMethods["configureDhcp"]["params"]): Promise<{ changed: boolean }> => {
    const key = JSON.stringify(request);
    if (request.interfaces.length === 0) {
      const running = kea;
      kea = undefined;
      applied = key;
      await running?.stop();
      if (!running && options.enabled) await endLeftOver(await keaDirectory(options.dataDir));
      return { changed: running !== undefined };
    }
    if (!options.enabled)
      throw new DomainError("rack_unavailable", "this rack was started without DHCP: choose another rack for the VLAN");
    const wanted: KeaWanted = {
      interfaces: request.interfaces,
      serverTag: request.serverTag,
      database: request.database,
      rackAddresses: request.addresses,
      httpBootPort: options.httpBootPort(),
      tftp: options.tftp,
    };
    if (!kea) {
      kea = await startKea({
        directory: await keaDirectory(options.dataDir),
        wanted,
        onEvidence: (evidence) => options.onEvidence(evidence),
        onLog: ({ severity, id, text }) => {
          if (severity === "ERROR" || severity === "FATAL") options.log.error({ id }, `kea: ${text}`);
        },
      });
      await kea.ready();
    } else if (key === applied) return { changed: false };
    else await kea.reconfigure(wanted);
    applied = key;
    return { changed: true };
  };

  return {
    configure: (request) => inTurn(() => apply(request)),
    pull: () => inTurn(async () => kea?.pull()),
    release: (addresses) =>
      inTurn(async () => {
        for (const address of addresses) await kea?.deleteLease(address);
      }),
    stop: () => inTurn(async () => kea?.stop()),
  };
}

/** After a kill -9 of ours Kea lives on; nobody would end it when DHCP was switched off meanwhile. */
async function endLeftOver(directory: string): Promise<void> {
  await endOrphan(`${directory}/kea-dhcp4.child`, `${directory}/kea-dhcp4.json`);
}
