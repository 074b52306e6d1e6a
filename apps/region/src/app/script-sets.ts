/** The runs of scripts that each purpose begins with (reference: scripts.md sections 3, 7 and 12). */
import type { Tx } from "@rackwright/db/connect";
import { insertResults, insertSet, loadScriptTarget, setCurrentSet } from "@rackwright/db/script-sets";
import { listScripts } from "@rackwright/db/scripts";
import { invalidField } from "@rackwright/domain/errors";
import { refuseDestruction } from "@rackwright/domain/machine/lifecycle/commission";
import { statusFromCode } from "@rackwright/domain/machine/status";
import { isPlaceholder, refuseUnknownParams, type RequestParams } from "@rackwright/domain/scripts/parameters";
import type { Script } from "@rackwright/domain/scripts/script";
import {
  BMC_CONFIG_TAG,
  selectBuiltin,
  selectCommissioning,
  selectDeployInfo,
  selectEnlisting,
  selectRelease,
  selectTesting,
} from "@rackwright/domain/scripts/select";
import { resultType, scriptStatus } from "@rackwright/domain/scripts/status";
import type { Ctx } from "../context.ts";
import { getConfig } from "./config.ts";
import { createSet, makeCurrent, parameterSettings, planResults, type SetOptions } from "./script-set-build.ts";

export interface CommissioningRequest extends SetOptions {
  /** Names, tags or ids. Absent or empty: all that run unasked. */
  commissioningScripts?: readonly string[] | undefined;
  testingScripts?: readonly string[] | undefined;
  params: RequestParams;
  skipBmcConfig: boolean;
  architecture: string | null;
}

export interface CommissioningSets {
  commissioningSetId: number;
  /** null: no tests. */
  testingSetId: number | null;
}

/**
 * The runs that a commissioning begins with: its own, and the tests that follow.
 * @throws DomainError on commissioning_scripts, testing_scripts or a parameter
 */
export async function createCommissioningSets(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  request: CommissioningRequest,
): Promise<CommissioningSets> {
  const target = await loadScriptTarget(tx, machineId);
  const all = await listScripts(tx);
  const scripts = selectCommissioning(all, request.commissioningScripts, target.facts);
  const tests = selectTesting(all, request.testingScripts, target.facts);
  refuseUnknownParams([...scripts, ...tests], request.params);
  // s390x has no BMC that a machine could set up itself.
  const skipsBmc = request.skipBmcConfig || (request.architecture?.startsWith("s390x") ?? false);
  const commissioningSetId = await createSet(ctx, tx, machineId, target, request, {
    type: "commissioning",
    scripts,
    words: request.commissioningScripts,
    params: request.params,
    skip: (script) => skipsBmc && script.tags.includes(BMC_CONFIG_TAG),
  });
  if (tests.length === 0) {
    await setCurrentSet(tx, machineId, "testing", null);
    return { commissioningSetId, testingSetId: null };
  }
  const testingSetId = await createSet(ctx, tx, machineId, target, request, {
    type: "testing",
    scripts: tests,
    words: request.testingScripts,
    params: request.params,
  });
  return { commissioningSetId, testingSetId };
}

export interface TestingRequest extends SetOptions {
  testingScripts?: readonly string[] | undefined;
  params: RequestParams;
}

/**
 * A run of tests by itself.
 * @throws DomainError on testing_scripts when no test is left, one would destroy a deployed system, or one needs an interface that is not known
 */
export async function createTestingSet(ctx: Ctx, tx: Tx, machineId: number, request: TestingRequest): Promise<number> {
  const target = await loadScriptTarget(tx, machineId);
  const scripts = selectTesting(await listScripts(tx), request.testingScripts, target.facts);
  if (scripts.length === 0)
    throw invalidField(
      "testing_scripts",
      `No test script is chosen for ${target.hostname}: name one, or one of its tags.`,
    );
  refuseUnknownParams(scripts, request.params);
  refuseDestruction(
    {
      hostname: target.hostname,
      status: statusFromCode(target.status),
      previousStatus: statusFromCode(target.previousStatus),
    },
    scripts,
  );
  const wanted = { type: "testing", scripts, params: request.params } as const;
  const planned = planResults(target, wanted, await parameterSettings(tx));
  const blind = planned.find((row) => isPlaceholder(row.parameters, "interface"));
  if (blind)
    throw invalidField(
      "testing_scripts",
      `${blind.name} tests interfaces, and ${target.hostname} has none that is configured: link one to a subnet first.`,
    );
  return createSet(ctx, tx, machineId, target, request, {
    type: "testing",
    scripts,
    words: request.testingScripts,
    params: request.params,
  });
}

/** Where the installer's log goes. */
export const INSTALL_LOG = "/tmp/install.log";

export async function createInstallationSet(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  options: SetOptions = {},
): Promise<number> {
  const setId = await insertSet(tx, {
    nodeId: machineId,
    type: resultType.installation,
    tags: [],
    params: {},
    now: ctx.region.now(),
  });
  const log = { scriptId: null, name: INSTALL_LOG, parameters: {}, diskId: null, interfaceId: null };
  await insertResults(tx, setId, [{ ...log, status: scriptStatus.pending }], ctx.region.now());
  await makeCurrent(ctx, tx, machineId, "installation", setId, options);
  return setId;
}

/**
 * The release scripts that these words mean on this machine; none when they are all for other hardware.
 * @throws DomainError on scripts when one of the words means nothing
 */
export async function chooseReleaseScripts(tx: Tx, machineId: number, words: readonly string[]): Promise<Script[]> {
  return selectRelease(await listScripts(tx), words, (await loadScriptTarget(tx, machineId)).facts);
}

/** @throws DomainError on scripts when one of the words means nothing, on a parameter that none of them has */
export async function createReleaseSet(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  request: SetOptions & { scripts: readonly string[]; params: RequestParams },
): Promise<number> {
  const target = await loadScriptTarget(tx, machineId);
  const scripts = selectRelease(await listScripts(tx), request.scripts, target.facts);
  refuseUnknownParams(scripts, request.params);
  return createSet(ctx, tx, machineId, target, request, {
    type: "release",
    scripts,
    words: request.scripts,
    params: request.params,
  });
}

/** For a machine that has just been enlisted: its results come by name. */
export async function createEnlistingSet(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  options: SetOptions & { commissions?: boolean } = {},
): Promise<number> {
  const commissions = options.commissions ?? (await getConfig(tx, "enlist_commissioning")).enlist_commissioning;
  const scripts = selectEnlisting(await listScripts(tx), commissions);
  const target = await loadScriptTarget(tx, machineId);
  return createSet(ctx, tx, machineId, target, options, { type: "commissioning", scripts });
}

/** For a New machine that says it commissions itself. */
export async function createBuiltinSet(ctx: Ctx, tx: Tx, machineId: number, options: SetOptions = {}): Promise<number> {
  const target = await loadScriptTarget(tx, machineId);
  const scripts = selectBuiltin(await listScripts(tx));
  return createSet(ctx, tx, machineId, target, options, { type: "commissioning", scripts });
}

/** For a machine that was added with its system already on it. */
export async function createDeployInfoSet(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  options: SetOptions = {},
): Promise<number> {
  const target = await loadScriptTarget(tx, machineId);
  const scripts = selectDeployInfo(await listScripts(tx));
  return createSet(ctx, tx, machineId, target, options, { type: "commissioning", scripts });
}
