/** meta-data: what cloud-init asks first (reference: metadata-protocol.md section 3). */
import { sshKeysOf, sshKeysOfRequester } from "@rackwright/db/users";
import type { LoadedMachine } from "@rackwright/db/machines";
import { domainName } from "@rackwright/db/nodes";
import { DomainError } from "@rackwright/domain/errors";
import type { Machine } from "@rackwright/domain/machine/machine";
import type { MachineStatus } from "@rackwright/domain/machine/status";
import { renderVendorData } from "@rackwright/domain/preseed/preseed";
import { vmHostScript } from "@rackwright/domain/vm-host/setup";
import { readVmHostPassword } from "../app/vm-host-deploy.ts";
import type { Region } from "../context.ts";

const ENLISTING = { "instance-id": "i-maas-enlistment", "local-hostname": "maas-enlisting-node" } as const;

async function items(region: Region, loaded: LoadedMachine): Promise<Map<string, string>> {
  const { machine, row } = loaded;
  const found = new Map<string, string>([
    ["instance-id", machine.systemId],
    ["local-hostname", `${machine.hostname}.${await domainName(region.db.kysely, row.domain_id)}`],
    [
      "vendor-data",
      renderVendorData(
        { system_info: { default_user: { name: machine.osystem === "ubuntu" ? "ubuntu" : "debian" } } },
        scriptOf(region, loaded),
      ),
    ],
  ]);
  const keys = await publicKeys(region, machine);
  if (keys.length > 0) found.set("public-keys", keys.join("\n"));
  return found;
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

/** The list of items, or one of them. @throws DomainError not_found */
export async function metaData(region: Region, loaded: LoadedMachine, item: string): Promise<string> {
  return pick(await items(region, loaded), item);
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
