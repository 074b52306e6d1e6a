/** Giving machines back, with or without release scripts. */
import { type LoadedMachine, lockMachines } from "@rackwright/db/machines";
import type { Tx } from "@rackwright/db/connect";
import { DomainError } from "@rackwright/domain/errors";
import { isDone, refusal } from "@rackwright/domain/machine/lifecycle";
import { release, releaseWithScripts } from "@rackwright/domain/machine/lifecycle/release";
import { statusLabel } from "@rackwright/domain/machine/status";
import { releaseScripts, releaseStatus, type ReleaseWish } from "@rackwright/domain/scripts/release";
import { type Ctx, inTransaction } from "../context.ts";
import { commit } from "./commit.ts";
import { getConfig, lifecycleTimes } from "./config.ts";
import { act, checkEphemeralImage } from "./machine-act.ts";
import { permittedTo } from "./permissions.ts";
import { chooseReleaseScripts, createReleaseSet } from "./script-sets.ts";
import { forgetVmHostsOn } from "./vm-host-removal.ts";

export interface ReleaseRequest extends ReleaseWish {
  comment: string;
  /** Even when it runs VM hosts: they are forgotten with their machines. */
  force: boolean;
}

/** Nothing erased, nothing run, nothing forced. */
export const PLAIN_RELEASE: ReleaseRequest = {
  erase: false,
  secureErase: false,
  quickErase: false,
  scripts: [],
  force: false,
  params: {},
  comment: "",
};

/** @returns its id */
export function releaseMachine(ctx: Ctx, systemId: string, request: ReleaseRequest): Promise<number> {
  return act(ctx, systemId, "release", (tx, loaded) => releaseLocked(ctx, tx, loaded, request));
}

/** @returns whether there was anything to release */
async function releaseLocked(ctx: Ctx, tx: Tx, loaded: LoadedMachine, request: ReleaseRequest): Promise<boolean> {
  const { machine, row } = loaded;
  if (isDone("release", machine)) return false;
  const refused = refusal("release", machine);
  if (refused) throw refused;
  await forgetVmHostsOn(ctx, tx, machine, request.force);
  const { words, params } = releaseScripts(request, await eraseSettings(tx));
  const scripts = words.length === 0 ? [] : await chooseReleaseScripts(tx, machine.id, words);
  if (scripts.length === 0) {
    await commit(ctx, tx, loaded, release(machine, request.comment, ctx.region.now()));
    return true;
  }
  await checkEphemeralImage(tx, row.architecture);
  const to = releaseStatus(scripts.map((script) => script.name));
  await commit(ctx, tx, loaded, releaseWithScripts(machine, to, request.comment, await lifecycleTimes(ctx, tx)));
  await createReleaseSet(ctx, tx, machine.id, { scripts: words, params });
  return true;
}

async function eraseSettings(tx: Tx): Promise<{ always: boolean; secure: boolean; quick: boolean }> {
  const config = await getConfig(
    tx,
    "enable_disk_erasing_on_release",
    "disk_erase_with_secure_erase",
    "disk_erase_with_quick_erase",
  );
  return {
    always: config.enable_disk_erasing_on_release,
    secure: config.disk_erase_with_secure_erase,
    quick: config.disk_erase_with_quick_erase,
  };
}

/** All or none. @returns system ids of those that were released now */
export async function releaseMachines(ctx: Ctx, systemIds: readonly string[], comment: string): Promise<string[]> {
  return inTransaction(ctx, async (tx) => {
    const found = await lockMachines(tx, systemIds);
    const missing = systemIds.filter((id) => !found.some((m) => m.machine.systemId === id));
    if (missing.length > 0) throw new DomainError("bad_request", `Unknown machine(s): ${missing.join(", ")}.`);
    for (const loaded of found) permittedTo(ctx.actor, "release", loaded);
    const stuck = found.filter(({ machine: m }) => !isDone("release", m) && refusal("release", m));
    if (stuck.length > 0)
      throw new DomainError(
        "wrong_status",
        `Machine(s) cannot be released in their current state: ${stuck.map(({ machine: m }) => `${m.systemId} ('${statusLabel[m.status]}')`).join(", ")}.`,
      );
    const request = { ...PLAIN_RELEASE, comment };
    const released: string[] = [];
    for (const loaded of found)
      if (await releaseLocked(ctx, tx, loaded, request)) released.push(loaded.machine.systemId);
    return released;
  });
}
