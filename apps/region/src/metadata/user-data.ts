/** user-data: the runner, the installer, or what the owner gave. Fetching it tells how far the machine is. */
import { insertEvidence } from "@rackwright/db/history";
import { type LoadedMachine, lockMachineById } from "@rackwright/db/machines";
import { bootPurpose } from "@rackwright/domain/boot/purpose";
import { renderInstallerUserData } from "@rackwright/domain/deploy/user-data";
import { planProblems } from "@rackwright/domain/deploy/problems";
import { DomainError } from "@rackwright/domain/errors";
import { bootProgress } from "@rackwright/domain/machine/lifecycle/boot";
import { installedSystemBooted } from "@rackwright/domain/machine/lifecycle/deploy";
import { decision } from "@rackwright/domain/machine/lifecycle/decision";
import { fail } from "@rackwright/domain/machine/lifecycle/failure";
import { POWEROFF_USER_DATA } from "@rackwright/domain/preseed/preseed";
import { commit } from "../app/commit.ts";
import { lifecycleTimes } from "../app/config.ts";
import { deployPlan } from "../app/deploy-plan.ts";
import { nodeToken } from "../auth/tokens.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";

/** The original decodes what round-trips as base64; so do we (line breaks may be in it). */
function decodeBlob(blob: Buffer): Buffer {
  const text = blob.toString("latin1").replace(/[\r\n]/g, "");
  if (text === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return blob;
  const decoded = Buffer.from(text, "base64");
  return decoded.toString("base64") === text ? decoded : blob;
}

/** user-data of a machine by the ordinary address: ephemeral systems get the runner, deployed ones their owner's. */
export async function ordinaryUserData(region: Region, loaded: LoadedMachine): Promise<Buffer | string> {
  const { machine, row } = loaded;
  const purpose = bootPurpose(machine);
  if (purpose === "ephemeral") {
    await moved(region, machine.id, "user-data fetched: the runner starts");
    return region.machineFiles.runnerUserData;
  }
  if (purpose === "poweroff") return POWEROFF_USER_DATA;
  if (machine.status === "deploying" || purpose === "memory") {
    // Only the installed system asks here while deploying, or the one in memory, and that at each of its boots: it runs.
    await inTransaction({ region }, async (tx) => {
      const locked = await lockMachineById(tx, machine.id);
      if (!locked) return;
      await insertEvidence(tx, [
        {
          nodeId: machine.id,
          mac: null,
          bootEpoch: locked.machine.bootEpoch,
          source: "metadata",
          text: `the ${purpose === "memory" ? "system in memory" : "installed system"} fetched its user-data`,
        },
      ]);
      const ctx = systemCtx(region);
      const decided =
        locked.machine.status === "deploying"
          ? installedSystemBooted(locked.machine, await lifecycleTimes(ctx, tx))
          : decision({}, [], [{ do: "end_boot_secrets" }]);
      await commit(ctx, tx, locked, decided);
    });
  }
  if (row.user_data === null) throw new DomainError("not_found", "No user data is stored for this machine.");
  return decodeBlob(row.user_data);
}

async function moved(region: Region, nodeId: number, text: string): Promise<void> {
  await inTransaction({ region }, async (tx) => {
    const locked = await lockMachineById(tx, nodeId);
    if (!locked) return;
    await insertEvidence(tx, [{ nodeId, mac: null, bootEpoch: locked.machine.bootEpoch, source: "metadata", text }]);
    await commit(
      systemCtx(region),
      tx,
      locked,
      bootProgress(locked.machine, "first_signal", await lifecycleTimes(systemCtx(region), tx)),
    );
  });
}

/** user-data of the installing system: the installer with this machine's plan. */
export async function installerUserData(region: Region, loaded: LoadedMachine, baseUrl: string): Promise<string> {
  const { machine } = loaded;
  if (machine.status !== "deploying" || machine.ephemeralDeploy)
    throw new DomainError(
      "not_found",
      `${machine.hostname} is not being deployed to a disk: there is nothing to install.`,
    );
  const token = await nodeToken(region, machine.id);
  if (!token) throw new DomainError("forbidden", `${machine.hostname} has no credentials now.`);
  const plan = await deployPlan(region, machine.id, { rackUrl: baseUrl }, token).catch((error: unknown) => {
    // What is wrong with the machine's configuration does not get better by waiting for it.
    if (error instanceof DomainError) return notInstallable(region, machine.id, error.message);
    throw error;
  });
  const problems = planProblems(plan);
  if (problems.length > 0) await notInstallable(region, machine.id, `The plan is wrong: ${problems.join("; ")}.`);
  await moved(region, machine.id, "the installer was fetched");
  return renderInstallerUserData(region.machineFiles.installer, plan);
}

async function notInstallable(region: Region, nodeId: number, why: string): Promise<never> {
  const reason = `The install plan cannot be carried out: ${why}`;
  await inTransaction({ region }, async (tx) => {
    const locked = await lockMachineById(tx, nodeId);
    if (locked?.machine.status === "deploying")
      await commit(systemCtx(region), tx, locked, fail(locked.machine, reason, region.now()));
  });
  throw new DomainError("conflict", reason);
}
