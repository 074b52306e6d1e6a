/** Virtual machines, and servers of a chassis, as machines of ours. */
import type { Tx } from "@rackwright/db/connect";
import { updateMachine } from "@rackwright/db/machines";
import { defaultDomainId, hostnameTaken } from "@rackwright/db/nodes";
import type { VmHostRow } from "@rackwright/db/vm-hosts";
import { parseHostname } from "@rackwright/domain/machine/names";
import { domainComplaint } from "@rackwright/power/drivers/virsh-tool";
import type { Ctx } from "../context.ts";
import type { CommissionRequest } from "./machine-actions.ts";
import { insertMachine } from "./machines.ts";
import { readParameters, type VmHostParameters } from "./vm-host-settings.ts";

export interface NewMachine {
  /** Its own power parameters, beside those of its home. */
  parameters: Record<string, string>;
  /** undefined, or taken: one is made up. */
  hostname: string | undefined;
  domain?: string | undefined;
  architecture: string;
  cores: number;
  memoryMib: number;
  macs: string[];
}

/** What it is switched through, as far as the machine has to know. */
export interface MachineHome {
  type: string;
  parameters: VmHostParameters;
  /** Of the node's row. */
  columns: { zone_id?: number; pool_id?: number; cpu_speed: number };
}

export const homeOn = (ctx: Ctx, host: VmHostRow): MachineHome => ({
  type: host.type,
  parameters: readParameters(ctx.region, host),
  columns: { zone_id: host.zone_id, pool_id: host.pool_id, cpu_speed: host.cpu_speed },
});

/** Names of hypervisors need not be host names, and may be taken: one is made up then. */
export async function freeHostname(tx: Tx, name: string): Promise<string | undefined> {
  const parsed = parseHostname(name);
  if (!parsed || parsed.domain !== undefined) return undefined;
  return (await hostnameTaken(tx, await defaultDomainId(tx), parsed.hostname, null)) ? undefined : parsed.hostname;
}

/** Its power is known: nothing of it is to be configured. */
export const usualCommissioning: CommissionRequest = {
  enableSsh: false,
  skipBmcConfig: true,
  skipNetworking: false,
  skipStorage: false,
  commissioningScripts: [],
  testingScripts: [],
  scriptParams: {},
  comment: "",
};

/** A machine that is New, switched by whatever runs it, in the zone and pool of its home. @returns its id */
export async function addMachine(ctx: Ctx, tx: Tx, home: MachineHome, vm: NewMachine): Promise<number> {
  const id = await insertMachine(
    ctx,
    tx,
    {
      hostname: vm.hostname,
      domain: vm.domain,
      architecture: vm.architecture,
      power_type: home.type,
      macAddresses: vm.macs,
      commission: false,
      deployed: false,
      address: "",
      power: { given: { ...home.parameters, ...vm.parameters }, skipCheck: true },
      options: usualCommissioning,
    },
    vm.macs,
  );
  await updateMachine(tx, id, {}, { ...home.columns, cpu_count: vm.cores, memory_mib: vm.memoryMib });
  return id;
}

/** Power parameters of a virtual machine, beside its host's: the name that people know, where the driver takes it. */
export const vmParameters = ({ name, uuid }: { name: string; uuid: string }): Record<string, string> => ({
  power_id: domainComplaint(name) === undefined ? name : uuid,
});
