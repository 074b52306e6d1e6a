/** Preseeds: the first thing a booted machine asks for, and the only one that a boot secret opens. */
import { lockMachineById, machineIdByMac, readMachineById } from "@rackwright/db/machines";
import { insertEvidence } from "@rackwright/db/history";
import { bootPurpose } from "@rackwright/domain/boot/purpose";
import { DomainError } from "@rackwright/domain/errors";
import { renderPreseed, type PreseedInput } from "@rackwright/domain/preseed/preseed";
import type { Machine } from "@rackwright/domain/machine/machine";
import { newNodeToken, nodeToken, type Token } from "../auth/tokens.ts";
import { inTransaction, type Region } from "../context.ts";
import { claimedBoot, type MetadataRequest, textOf } from "./request.ts";

/** How long an unwanted or finished machine may take to switch itself off. */
const POWEROFF_SECONDS = 3600;
/** Disks are overwritten for days; the region's deadline follows their progress (metadata-protocol.md section 5). */
const ERASING_SECONDS = 7 * 24 * 3600;
const ENLIST_POWEROFF_SECONDS = 1800;

export async function enlistPreseed(region: Region, request: MetadataRequest): Promise<string> {
  const boot = await claimedBoot(region, textOf(request.query.secret), request.address);
  await insertEvidence(region.db.kysely, [
    {
      nodeId: boot.nodeId,
      mac: boot.mac,
      bootEpoch: boot.bootEpoch,
      source: "metadata",
      text: "enlistment preseed fetched",
    },
  ]);
  return renderPreseed({
    metadataUrl: `${request.baseUrl}/MAAS/metadata/enlist/`,
    credentials: null,
    statusUrl: null,
    afterwards: { mode: "poweroff", timeoutSeconds: ENLIST_POWEROFF_SECONDS },
  });
}

/** The preseed of a known machine: with its own secret, or with the one that it enlisted by. */
export async function machinePreseed(region: Region, systemId: string, request: MetadataRequest): Promise<string> {
  const boot = await claimedBoot(region, textOf(request.query.secret), request.address);
  const nodeId = boot.nodeId ?? (await machineIdByMac(region.db.kysely, [boot.mac]));
  const loaded = nodeId === undefined ? undefined : await readMachineById(region.db.kysely, nodeId);
  if (!loaded || loaded.machine.systemId !== systemId)
    throw new DomainError("forbidden", "This boot secret is for another machine.");
  const { machine } = loaded;
  if (boot.nodeId !== null && boot.bootEpoch !== machine.bootEpoch)
    throw new DomainError("forbidden", "This boot secret belongs to an earlier boot of this machine.");
  // An enlistment secret opens a machine only while that very enlistment is going on.
  if (boot.nodeId === null && !machine.enlisting)
    throw new DomainError("forbidden", "This machine is not enlisting now: boot it again.");
  const token = await credentials(region, machine.id, machine.bootEpoch);
  if (!token)
    throw new DomainError("forbidden", `${machine.hostname} has no credentials now: nothing is to be done with it.`);
  await insertEvidence(region.db.kysely, [
    { nodeId: machine.id, mac: boot.mac, bootEpoch: machine.bootEpoch, source: "metadata", text: "preseed fetched" },
  ]);
  const purpose = bootPurpose(machine);
  const installs = purpose === "install";
  return renderPreseed({
    metadataUrl: `${request.baseUrl}/MAAS/metadata/${installs ? "curtin/" : ""}`,
    credentials: token,
    statusUrl: `${request.baseUrl}/MAAS/metadata/status/${machine.systemId}`,
    ...(purpose === "memory" ? { deployed: true, afterwards: null } : { afterwards: afterwards(machine, installs) }),
  });
}

/** A New machine that is switched on boots the ephemeral system too; it gets its first credentials here (metadata-protocol.md section 2). */
async function credentials(region: Region, id: number, epoch: number): Promise<Token | null> {
  const token = await nodeToken(region, id);
  if (token) return token;
  return inTransaction({ region }, async (tx) => {
    const loaded = await lockMachineById(tx, id);
    if (loaded?.machine.status !== "new" || loaded.machine.bootEpoch !== epoch) return null;
    return newNodeToken(region, tx, id);
  });
}

function afterwards(m: Machine, installs: boolean): PreseedInput["afterwards"] {
  if (m.status === "entering_rescue_mode" || m.status === "rescue_mode") return null;
  if (m.enableSsh && (m.status === "commissioning" || m.status === "testing")) return null;
  if (installs || (m.status === "testing" && m.powerStateBefore === "on")) return { mode: "reboot" };
  return { mode: "poweroff", timeoutSeconds: m.status === "disk_erasing" ? ERASING_SECONDS : POWEROFF_SECONDS };
}
