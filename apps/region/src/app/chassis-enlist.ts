/** Enlisting the machines of a chassis, or of a hypervisor that is not to be a VM host: each becomes a machine that is switched through it. */
import { takenMacs } from "@rackwright/db/nodes";
import type { FieldMessages } from "@rackwright/domain/errors";
import { DomainError } from "@rackwright/domain/errors";
import type { ChassisServer } from "@rackwright/domain/machine/chassis";
import { powerDriverNamed } from "@rackwright/power/registry";
import { checkSettings } from "@rackwright/power/settings";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { commissionIfPossible } from "./machines.ts";
import { addMachine, freeHostname, usualCommissioning, vmParameters } from "./vm-host-machines.ts";
import { callHost } from "./vm-host-rack.ts";
import { checkAccess } from "./vm-host-settings.ts";

export interface ChassisAccess {
  /** Power type of its machines. */
  type: string;
  /** For virsh a libvirt URI; else a host name or URL. */
  address: string;
  username?: string | undefined;
  password?: string | undefined;
}

export interface Chassis extends ChassisAccess {
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
 * Power parameters that reach it, as each of its machines gets them.
 * @throws DomainError invalid_fields, by names of power parameters
 */
export function chassisParameters({ type, address, username, password }: ChassisAccess): Record<string, string> {
  if (type === "virsh") return checkAccess("virsh", { power_address: address, power_pass: password });
  const given = {
    power_address: /^https?:\/\//i.test(address) ? address : `https://${address}`,
    ...(username ? { power_user: username } : {}),
    ...(password ? { power_pass: password } : {}),
  };
  const driver = powerDriverNamed(type);
  const shared = Object.fromEntries(Object.entries(driver.settings).filter(([, one]) => one.scope !== "machine"));
  const checked = checkSettings({ ...driver, settings: shared }, given);
  if (!checked.ok) throw refused(checked.errors);
  return checked.values as Record<string, string>;
}

function refused(fields: FieldMessages): DomainError {
  const [first] = Object.entries(fields);
  return new DomainError("invalid_fields", `${first?.[0]}: ${first?.[1][0]}`, { fields });
}

/**
 * @returns ids of the machines that are new; those with a MAC address that is known are passed over, and those without any
 * @throws DomainError invalid_fields for the address, power_failed with the chassis' reason, rack_unavailable
 */
export async function enlistFromChassis(ctx: Ctx, chassis: Chassis): Promise<number[]> {
  const parameters = chassisParameters(chassis);
  const { servers, cpuSpeedMhz } = await serversOf(ctx, chassis, parameters);
  const wanted = servers.filter(({ name }) => name.startsWith(chassis.prefix ?? ""));
  const ids = await inTransaction(ctx, async (tx) => {
    const made: number[] = [];
    for (const server of wanted) {
      const macs = [...new Set(server.macs)];
      if (macs.length === 0 || (await takenMacs(tx, macs)).length > 0) continue;
      const home = { type: chassis.type, parameters, columns: { cpu_speed: cpuSpeedMhz } };
      const hostname = await freeHostname(tx, server.name);
      made.push(await addMachine(ctx, tx, home, { ...server, macs, hostname, domain: chassis.domain }));
    }
    await audit(ctx, tx, "NODE", `Enlisted ${made.length} machine(s) of ${chassis.type} at ${chassis.address}.`);
    return made;
  });
  if (chassis.commission) for (const id of ids) await commissionIfPossible(ctx, id, usualCommissioning);
  return ids;
}

async function serversOf(
  { region }: Ctx,
  { type, address, rackId = null }: { type: string; address: string; rackId?: number | null | undefined },
  parameters: Record<string, string>,
): Promise<{ servers: ChassisServer[]; cpuSpeedMhz: number }> {
  if (type !== "virsh") {
    const { result } = await callHost(region, { name: `Chassis ${address}`, rackId }, "chassisServers", {
      type,
      parameters,
    });
    return { servers: result.servers, cpuSpeedMhz: 0 };
  }
  const { result } = await callHost(region, { name: `Hypervisor ${address}`, rackId }, "vmHostDiscover", {
    type,
    parameters,
  });
  const servers = result.machines.map(({ interfaces, ...machine }) => ({
    ...machine,
    macs: interfaces.map(({ mac }) => mac),
    parameters: vmParameters(machine),
  }));
  return { servers, cpuSpeedMhz: result.cpuSpeedMhz };
}
