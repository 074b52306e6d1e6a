/** A run of scripts, whatever it is for: its rows, its place as the machine's current one, and the end of older ones. */
import type { Tx } from "@rackwright/db/connect";
import {
  abortOlderSets,
  insertResults,
  insertSet,
  type NewResult,
  pruneResults,
  type ResultTypeName,
  type ScriptTarget,
  setCurrentSet,
} from "@rackwright/db/script-sets";
import { statusCode } from "@rackwright/domain/machine/status";
import { deviceParams, expand, type RequestParams } from "@rackwright/domain/scripts/parameters";
import type { Script } from "@rackwright/domain/scripts/script";
import { resultType, scriptStatus } from "@rackwright/domain/scripts/status";
import type { Ctx } from "../context.ts";
import { getConfig } from "./config.ts";

/** How many results of a script on a device are kept, per kind of run. */
export type Keep = Record<ResultTypeName, number>;

export interface SetOptions {
  /** Default: the settings max_node_*_results. */
  keep?: Keep;
}

export interface NewSet {
  type: ResultTypeName;
  scripts: Script[];
  /** Words by which the scripts were asked for. */
  words?: readonly string[] | undefined;
  params?: RequestParams;
  /** Scripts that are not to run: their results are there and say so. */
  skip?: (script: Script) => boolean;
}

export async function createSet(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  target: ScriptTarget,
  options: SetOptions,
  set: NewSet,
): Promise<number> {
  const now = ctx.region.now();
  const rows = planResults(target, set, await parameterSettings(tx));
  const setId = await insertSet(tx, {
    nodeId: machineId,
    type: resultType[set.type],
    tags: set.words ?? [],
    params: deviceParams(set.scripts, set.params ?? {}),
    now,
  });
  await insertResults(tx, setId, rows, now);
  await makeCurrent(ctx, tx, machineId, set.type, setId, options);
  return setId;
}

export function planResults(target: ScriptTarget, set: NewSet, settings: Record<string, string>): NewResult[] {
  const commissioning = set.type === "commissioning" || isCommissioning(target);
  return set.scripts.flatMap((script) =>
    expand(script, set.params ?? {}, target, { settings, commissioning }).map(
      (row): NewResult => ({
        ...row,
        scriptId: script.id,
        name: script.name,
        status: set.skip?.(script) ? scriptStatus.skipped : scriptStatus.pending,
      }),
    ),
  );
}

export function isCommissioning(target: ScriptTarget): boolean {
  return target.status === statusCode.commissioning;
}

export async function makeCurrent(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  type: ResultTypeName,
  setId: number,
  options: SetOptions,
): Promise<void> {
  const keep = options.keep ?? (await configuredKeep(tx));
  await setCurrentSet(tx, machineId, type, setId);
  await abortOlderSets(tx, machineId, resultType[type], setId, ctx.region.now());
  await pruneResults(tx, machineId, resultType[type], setId, keep[type]);
}

async function configuredKeep(tx: Tx): Promise<Keep> {
  const config = await getConfig(
    tx,
    "max_node_commissioning_results",
    "max_node_testing_results",
    "max_node_installation_results",
    "max_node_release_results",
  );
  return {
    commissioning: config.max_node_commissioning_results,
    testing: config.max_node_testing_results,
    installation: config.max_node_installation_results,
    release: config.max_node_release_results,
  };
}

/** Settings that are the defaults of parameters of the same name. */
export async function parameterSettings(tx: Tx): Promise<Record<string, string>> {
  const config = await getConfig(
    tx,
    "maas_auto_ipmi_user",
    "maas_auto_ipmi_user_privilege_level",
    "maas_auto_ipmi_k_g_bmc_key",
    "maas_auto_ipmi_cipher_suite_id",
  );
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== ""));
}
