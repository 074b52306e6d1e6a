/** Enlisting the machines of a hypervisor that is not to be a VM host: each becomes a machine of the power type virsh. */
import { takenMacs } from "@rackwright/db/nodes";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { commissionIfPossible } from "./machines.ts";
import { addMachine, freeHostname, usualCommissioning } from "./vm-host-machines.ts";
import { callHost } from "./vm-host-rack.ts";
import { checkAccess } from "./vm-host-settings.ts";

export interface VirshChassis {
  /** A libvirt URI. */
  address: string;
  password?: string | undefined;
  /** Only machines whose name begins so. */
  prefix?: string | undefined;
  /** Name or id; default: the default domain. */
  domain?: string | undefined;
  /** The rack that asks; default: any. */
  rackId?: number | undefined;
  /** Commission what was found. */
  commission?: boolean | undefined;
}

/**
 * @returns ids of the machines that are new; those with a MAC address that is known are passed over, and those without any
 * @throws DomainError invalid_fields for the address, power_failed with the host's reason, rack_unavailable
 */
export async function enlistFromVirsh(ctx: Ctx, chassis: VirshChassis): Promise<number[]> {
  const parameters = checkAccess("virsh", { power_address: chassis.address, power_pass: chassis.password });
  const { result } = await callHost(
    ctx.region,
    { name: chassis.address, rackId: chassis.rackId ?? null },
    "vmHostDiscover",
    { type: "virsh", parameters },
  );
  const wanted = result.machines.filter(({ name }) => name.startsWith(chassis.prefix ?? ""));
  const ids = await inTransaction(ctx, async (tx) => {
    const made: number[] = [];
    for (const machine of wanted) {
      const macs = [...new Set(machine.interfaces.map(({ mac }) => mac))];
      if (macs.length === 0 || (await takenMacs(tx, macs)).length > 0) continue;
      const home = { type: "virsh", parameters, columns: { cpu_speed: result.cpuSpeedMhz } };
      const hostname = await freeHostname(tx, machine.name);
      made.push(await addMachine(ctx, tx, home, { ...machine, macs, hostname, domain: chassis.domain }));
    }
    await audit(ctx, tx, "NODE", `Enlisted ${made.length} machine(s) of the hypervisor at ${chassis.address}.`);
    return made;
  });
  if (chassis.commission) for (const id of ids) await commissionIfPossible(ctx, id, usualCommissioning);
  return ids;
}
