/** meta-data: what cloud-init asks first (reference: metadata-protocol.md section 3). */
import { sshKeysOf, sshKeysOfRequester } from "@rackwright/db/users";
import type { LoadedMachine } from "@rackwright/db/machines";
import { domainName } from "@rackwright/db/nodes";
import { bootPurpose } from "@rackwright/domain/boot/purpose";
import { DomainError } from "@rackwright/domain/errors";
import type { Machine } from "@rackwright/domain/machine/machine";
import type { MachineStatus } from "@rackwright/domain/machine/status";
import { renderVendorData } from "@rackwright/domain/preseed/preseed";
import { memoryHook } from "../app/deploy-plan.ts";
import { nodeToken } from "../auth/tokens.ts";
import { vmHostScript } from "@rackwright/domain/vm-host/setup";
import { readVmHostPassword } from "../app/vm-host-deploy.ts";
import type { Region } from "../context.ts";

const ENLISTING = { "instance-id": "i-maas-enlistment", "local-hostname": "maas-enlisting-node" } as const;

async function items(region: Region, loaded: LoadedMachine, baseUrl: string): Promise<Map<string, string>> {
  const { machine, row } = loaded;
  const found = new Map<string, string>([
    ["instance-id", machine.systemId],
    ["local-hostname", `${machine.hostname}.${await domainName(region.db.kysely, row.domain_id)}`],
    [
      "vendor-data",
      renderVendorData(
        { system_info: { default_user: { name: machine.osystem === "ubuntu" ? "ubuntu" : "debian" } } },
        (await hookOf(region, machine, baseUrl)) ?? scriptOf(region, loaded),
      ),
    ],
  ]);
  const keys = await publicKeys(region, machine);
  if (keys.length > 0) found.set("public-keys", keys.join("\n"));
  return found;
}

/** Nothing was ever written to a disk for a system that runs from memory. */
async function hookOf(region: Region, machine: Machine, baseUrl: string): Promise<string | undefined> {
  const token = bootPurpose(machine) === "memory" ? await nodeToken(region, machine.id) : null;
  return token === null ? undefined : memoryHook(region, machine.id, { rackUrl: baseUrl }, token);
}

/** Of a system that was installed just now; the password is for that one boot. */
function scriptOf(region: Region, { machine, row }: LoadedMachine): string | undefined {
  if (machine.status !== "deploying" || machine.netboot || !machine.installKvm) return undefined;
  const password = readVmHostPassword(region, row);
  return password === undefined ? undefined : vmHostScript(password);
}

/** While scripts run nobody logs in unless that was asked for. Into rescue mode goes whoever started it, and the owner. */
async function publicKeys(region: Region, machine: Machine): Promise<string[]> {
  const { kysely } = region.db;
  const scripts = scriptsOnly.includes(machine.status) && !machine.enableSsh;
  const owners = machine.ownerId === null || scripts ? [] : await sshKeysOf(kysely, machine.ownerId);
  const rescuers = rescue.includes(machine.status)
    ? await sshKeysOfRequester(kysely, machine.id, "REQUEST_NODE_START_RESCUE_MODE")
    : [];
  return [...new Set([...owners, ...rescuers].map((k) => k.key))];
}

const scriptsOnly: readonly MachineStatus[] = ["commissioning", "testing", "disk_erasing", "releasing"];
const rescue: readonly MachineStatus[] = ["entering_rescue_mode", "rescue_mode"];

/**
 * The list of items, or one of them.
 * @param baseUrl what the machine reaches us by
 * @throws DomainError not_found
 */
export async function metaData(region: Region, loaded: LoadedMachine, baseUrl: string, item: string): Promise<string> {
  return pick(await items(region, loaded, baseUrl), item);
}

export function enlistMetaData(item: string): string {
  return pick(new Map(Object.entries(ENLISTING)), item);
}

function pick(all: Map<string, string>, item: string): string {
  if (item === "") return [...all.keys()].sort().join("\n");
  const value = all.get(item);
  if (value === undefined) throw new DomainError("not_found", `Unknown metadata attribute: ${item}`);
  return value;
}
