/** Runs that go on with what commissioning has just found out: its disks, its interfaces, its hardware. */
import type { Tx } from "@rackwright/db/connect";
import { deleteResults, type PendingResult, pendingResults, scriptIdsOf } from "@rackwright/db/script-results";
import {
  insertResults,
  loadScriptTarget,
  type NewResult,
  readSets,
  type ScriptSet,
  type ScriptTarget,
} from "@rackwright/db/script-sets";
import { listScripts } from "@rackwright/db/scripts";
import { suits } from "@rackwright/domain/scripts/hardware";
import { expand, expandDevices, withoutDevices } from "@rackwright/domain/scripts/parameters";
import { isMeant } from "@rackwright/domain/scripts/select";
import { scriptStatus } from "@rackwright/domain/scripts/status";
import type { Ctx } from "../context.ts";
import { isCommissioning, parameterSettings } from "./script-set-build.ts";

/** Choose the devices of the tests to come again: the machine's disks (or interfaces) have just become known. What has begun stays. */
export async function regenerateTests(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  kinds: readonly ("storage" | "interface")[],
): Promise<void> {
  const target = await loadScriptTarget(tx, machineId);
  const [set] = target.sets.testing === null ? [] : await readSets(tx, [target.sets.testing]);
  if (!set) return;
  for (const kind of kinds) {
    const pending = (await pendingResults(tx, set.id)).filter((row) =>
      Object.values(row.parameters).some((p) => p.type === kind),
    );
    if (pending.length > 0) await regenerate(ctx, tx, { target, set, kind, pending });
  }
}

async function regenerate(
  ctx: Ctx,
  tx: Tx,
  {
    target,
    set,
    kind,
    pending,
  }: { target: ScriptTarget; set: ScriptSet; kind: "storage" | "interface"; pending: readonly PendingResult[] },
): Promise<void> {
  const before = new Map(pending.map((row) => [row.scriptId, row]));
  const scripts = (await listScripts(tx)).filter((s) => before.has(s.id));
  const options = { commissioning: isCommissioning(target), forgiving: true };
  const rows = scripts.flatMap((script) =>
    // Values that are about no device stay as they were asked for.
    expandDevices(
      script,
      kind,
      withoutDevices(before.get(script.id)?.parameters ?? {}),
      set.params,
      target,
      options,
    ).map((row): NewResult => ({ ...row, scriptId: script.id, name: script.name, status: scriptStatus.pending })),
  );
  await deleteResults(
    tx,
    pending.map((row) => row.id),
  );
  await insertResults(tx, set.id, rows, ctx.region.now());
}

/**
 * Look again which scripts for certain hardware a run has: the built-in ones have told by now what the machine is made of. Ones for other
 * hardware that have not begun go; ones that were asked for and suit it come.
 */
export async function reselectForHardware(ctx: Ctx, tx: Tx, machineId: number, setId: number): Promise<void> {
  const [set] = await readSets(tx, [setId]);
  if (!set) return;
  const target = await loadScriptTarget(tx, machineId);
  const special = (await listScripts(tx, { type: set.type })).filter((s) => s.forHardware.length > 0);
  if (special.length === 0) return;
  const unsuited = special.filter((s) => !suits(s.forHardware, target.facts)).map((s) => s.id);
  const pending = await pendingResults(tx, setId);
  await deleteResults(
    tx,
    pending.filter((row) => row.scriptId !== null && unsuited.includes(row.scriptId)).map((row) => row.id),
  );
  const present = await scriptIdsOf(tx, setId);
  const wanted = special.filter(
    (s) => !unsuited.includes(s.id) && !present.has(s.id) && set.tags.some((word) => isMeant(s, word)),
  );
  const settings = await parameterSettings(tx);
  const options = { settings, commissioning: isCommissioning(target), forgiving: true };
  const rows = wanted.flatMap((script) =>
    expand(script, set.params, target, options).map(
      (row): NewResult => ({ ...row, scriptId: script.id, name: script.name, status: scriptStatus.pending }),
    ),
  );
  await insertResults(tx, setId, rows, ctx.region.now());
}
