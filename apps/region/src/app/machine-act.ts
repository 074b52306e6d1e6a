/** What every action of a machine begins with: who asks, may they, is there what it needs. */
import { bootImage } from "@rackwright/db/images";
import { type LoadedMachine, lockMachine } from "@rackwright/db/machines";
import type { Tx } from "@rackwright/db/connect";
import { DomainError } from "@rackwright/domain/errors";
import type { Action } from "@rackwright/domain/machine/lifecycle";
import { type Ctx, inTransaction } from "../context.ts";
import { getConfig } from "./config.ts";
import { permittedTo } from "./permissions.ts";

/** The user who asks. @throws Error for callers that the dispatcher should have turned away */
export function callerId(ctx: Ctx): number {
  if (ctx.actor.kind !== "user") throw new Error(`a ${ctx.actor.kind} cannot ask for this`);
  return ctx.actor.userId;
}

/** Refuse what could only fail later: no image to boot into. */
export async function checkEphemeralImage(tx: Tx, architecture: string | null): Promise<void> {
  const { commissioning_osystem, commissioning_distro_series } = await getConfig(
    tx,
    "commissioning_osystem",
    "commissioning_distro_series",
  );
  const arch = architecture?.split("/")[0] ?? "amd64";
  const image = await bootImage(tx, {
    osystem: commissioning_osystem,
    release: commissioning_distro_series,
    architecture: arch,
    purpose: "commissioning",
  });
  if (!image)
    throw new DomainError(
      "bad_request",
      `There is no image of ${commissioning_osystem}/${commissioning_distro_series} for ${arch} to boot the machine into: build one with script/image, and start with script/up --image DIR.`,
    );
}

/** Lock the machine that the caller may act on, decide and commit. @returns its id */
export async function act(
  ctx: Ctx,
  systemId: string,
  action: Action,
  work: (tx: Tx, loaded: LoadedMachine) => Promise<unknown>,
): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const loaded = permittedTo(ctx.actor, action, await lockMachine(tx, systemId));
    await work(tx, loaded);
    return loaded.machine.id;
  });
}
