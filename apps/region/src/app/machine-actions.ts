/** What machines do: commission, test, allocate, deploy, abort, power. Each locks the row, asks the domain, commits. */
import { lockAllocatable, type MachineCriteria } from "@rackwright/db/machine-search";
import { type LoadedMachine, type NodeRow, lockMachineById, lockMachines } from "@rackwright/db/machines";
import { machinesInStatus, poolId, zoneId } from "@rackwright/db/nodes";
import type { Tx } from "@rackwright/db/connect";
import type { Fit } from "@rackwright/domain/allocation/fit";
import { canSyncHardware } from "@rackwright/domain/deploy/hardware-sync";
import { keepsCrashDumps } from "@rackwright/domain/deploy/kernels";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { canSwitchPower, isDone, refusal, refuse } from "@rackwright/domain/machine/lifecycle";
import { abort } from "@rackwright/domain/machine/lifecycle/abort";
import { commission, type CommissionOptions, test } from "@rackwright/domain/machine/lifecycle/commission";
import { allocate, deploy, type DeployOptions } from "@rackwright/domain/machine/lifecycle/deploy";
import { switchPower } from "@rackwright/domain/machine/lifecycle/power";
import type { Machine, StopMode } from "@rackwright/domain/machine/machine";
import { actionForbidden } from "@rackwright/domain/machine/permissions";
import { statusCode } from "@rackwright/domain/machine/status";
import { powerDrivers } from "@rackwright/power/registry";
import { type Ctx, inTransaction } from "../context.ts";
import { bridgeAll, type BridgeOptions } from "./acquired-bridges.ts";
import { commit } from "./commit.ts";
import { getConfig, hardwareSyncInterval, lifecycleTimes } from "./config.ts";
import { checkDeployable, chooseKernelOf, chooseSystem, type System } from "./deploy-checks.ts";
import { presetOf, presetSeries } from "./deploy-preset.ts";
import { act, callerId, checkEphemeralImage } from "./machine-act.ts";
import { permittedTo } from "./permissions.ts";
import { checkVmHostSystem, checkVmHostWish, vmHostPassword } from "./vm-host-deploy.ts";
import {
  createCommissioningSets,
  createDeployInfoSet,
  createInstallationSet,
  createTestingSet,
} from "./script-sets.ts";

export interface CommissionRequest extends CommissionOptions {
  commissioningScripts: string[];
  testingScripts: string[];
  /** Parameters of scripts: NAME or SCRIPT_NAME. */
  scriptParams: Record<string, string>;
  comment: string;
}

/** The shell of `commission`, inside a transaction that holds the machine. */
export async function startCommission(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine,
  request: CommissionRequest,
): Promise<LoadedMachine> {
  const decision = commission(loaded.machine, callerId(ctx), request, request.comment, await lifecycleTimes(ctx, tx));
  await checkEphemeralImage(tx, loaded.row.architecture);
  const { default_min_hwe_kernel: oldest } = await getConfig(tx, "default_min_hwe_kernel");
  const kernel = loaded.row.min_hwe_kernel === "" && oldest ? { min_hwe_kernel: oldest } : {};
  const after = await commit(ctx, tx, loaded, decision, kernel);
  await createCommissioningSets(ctx, tx, loaded.machine.id, {
    ...(request.commissioningScripts.length > 0 ? { commissioningScripts: request.commissioningScripts } : {}),
    ...(request.testingScripts.length > 0 ? { testingScripts: request.testingScripts } : {}),
    params: request.scriptParams,
    skipBmcConfig: request.skipBmcConfig,
    architecture: loaded.row.architecture ?? "amd64/generic",
  });
  return after;
}

export function commissionMachine(ctx: Ctx, systemId: string, request: CommissionRequest): Promise<number> {
  return act(ctx, systemId, "commission", (tx, loaded) => startCommission(ctx, tx, loaded, request));
}

export interface TestRequest {
  enableSsh: boolean;
  testingScripts: string[];
  scriptParams: Record<string, string>;
  comment: string;
}

export function testMachine(ctx: Ctx, systemId: string, request: TestRequest): Promise<number> {
  return act(ctx, systemId, "test", async (tx, loaded) => {
    const decision = test(
      loaded.machine,
      callerId(ctx),
      request.enableSsh,
      request.comment,
      await lifecycleTimes(ctx, tx),
    );
    await checkEphemeralImage(tx, loaded.row.architecture);
    await commit(ctx, tx, loaded, decision);
    await createTestingSet(ctx, tx, loaded.machine.id, {
      ...(request.testingScripts.length > 0 ? { testingScripts: request.testingScripts } : {}),
      params: request.scriptParams,
    });
  });
}

/** Start commissioning of New machines; ones that are past it are passed over. @returns ids of those started */
export function acceptMachines(ctx: Ctx, systemIds: readonly string[]): Promise<number[]> {
  return accept(ctx, systemIds, () => false);
}

async function accept(
  ctx: Ctx,
  systemIds: readonly string[],
  passOver: (machine: Machine) => boolean,
): Promise<number[]> {
  return inTransaction(ctx, async (tx) => {
    const found = await lockMachines(tx, systemIds);
    const missing = systemIds.filter((id) => !found.some((m) => m.machine.systemId === id));
    if (missing.length > 0) throw new DomainError("bad_request", `Unknown machine(s): ${missing.join(", ")}.`);
    const accepted: number[] = [];
    for (const loaded of found) {
      if (passOver(loaded.machine)) continue;
      permittedTo(ctx.actor, "accept", loaded);
      if (isDone("accept", loaded.machine)) continue;
      refuse("accept", loaded.machine);
      await startCommission(ctx, tx, loaded, defaultCommission);
      accepted.push(loaded.machine.id);
    }
    return accepted;
  });
}

const defaultCommission: CommissionRequest = {
  enableSsh: false,
  skipBmcConfig: false,
  skipNetworking: false,
  skipStorage: false,
  commissioningScripts: [],
  testingScripts: [],
  scriptParams: {},
  comment: "",
};

/** All that can be commissioned as they are: one that lacks a power type keeps no other waiting. */
export async function acceptAllMachines(ctx: Ctx): Promise<number[]> {
  const unfit = (m: Machine) =>
    (actionForbidden(ctx.actor, "accept", m) ?? refusal("accept", m) ?? refusal("commission", m)) !== undefined;
  return accept(ctx, await machinesInStatus(ctx.region.db.kysely, statusCode.new), unfit);
}

export interface AllocateRequest {
  criteria: MachineCriteria;
  agentName: string;
  comment: string;
  /** undefined: put no bridges over its interfaces. */
  bridges?: BridgeOptions | undefined;
  dryRun: boolean;
}

/** Lend the caller the cheapest Ready machine that will do. @returns its id, and which disks and interfaces meet what was asked */
export async function allocateMachine(ctx: Ctx, request: AllocateRequest): Promise<{ id: number; fit: Fit }> {
  return inTransaction(ctx, async (tx) => {
    const visibleTo = ctx.actor.kind === "user" && ctx.actor.isSuperuser ? null : callerId(ctx);
    await checkPlaces(tx, request.criteria);
    const found = await lockAllocatable(tx, request.criteria, visibleTo);
    const loaded = found && (await lockMachineById(tx, found.id));
    if (!found || !loaded) throw new DomainError("no_match", noMatch(request.criteria));
    if (!request.dryRun) await acquire(ctx, tx, loaded, request.agentName, request);
    return found;
  });
}

/** @throws DomainError invalid_fields: a zone or pool that does not exist is a slip of the caller's, not a want of machines */
async function checkPlaces(tx: Tx, criteria: MachineCriteria): Promise<void> {
  const kinds = [
    ["zone", zoneId, ["zone", "not_in_zone"]],
    ["pool", poolId, ["pool", "not_in_pool"]],
  ] as const;
  for (const [kind, find, names] of kinds)
    for (const name of names)
      for (const word of [criteria[name] ?? []].flat())
        if ((await find(tx, word)) === undefined) throw invalidField(name, `No such ${kind}: '${word}'.`);
}

/** Make it the caller's. */
export async function acquire(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine,
  agentName: string,
  { comment, bridges }: Pick<AllocateRequest, "comment" | "bridges">,
): Promise<LoadedMachine> {
  const decision = allocate(loaded.machine, callerId(ctx), agentName, comment, ctx.region.now());
  const acquired = await commit(ctx, tx, loaded, decision, { allocated_token: ctx.tokenKey });
  if (bridges) await bridgeAll(ctx, tx, loaded.machine.systemId, bridges);
  return acquired;
}

function noMatch(criteria: MachineCriteria): string {
  const given = Object.entries(criteria).filter(([, v]) => v !== undefined && v.length > 0);
  if (given.length === 0) return "No machine available: none is Ready and free.";
  return `No available machine matches constraints: ${given.map(([name, v]) => `${name}=${[v].flat().join(",")}`).join(" ")}.`;
}

export interface DeployRequest {
  userData: Uint8Array | null;
  distroSeries: string | undefined;
  hweKernel: string | undefined;
  /** undefined: as the machine, or the settings, have it. */
  enableKernelCrashDump?: boolean | undefined;
  /** undefined: as it was chosen for the machine beforehand. */
  enableHwSync?: boolean | undefined;
  /** undefined: as it was chosen for the machine beforehand, else on its disk. */
  inMemory?: boolean | undefined;
  agentName: string | undefined;
  /** Make it a VM host with libvirt. */
  installKvm?: boolean;
  /** Register it as a VM host with LXD. */
  registerVmhost?: boolean;
  /** Of a Ready machine, as when it is allocated. */
  bridges?: BridgeOptions | undefined;
  comment: string;
}

/** Install an operating system; a Ready machine is allocated for the caller in the same transaction. @returns its id */
export function deployMachine(ctx: Ctx, systemId: string, request: DeployRequest): Promise<number> {
  return act(ctx, systemId, "deploy", (tx, loaded) => startDeploy(ctx, tx, loaded, request));
}

async function startDeploy(ctx: Ctx, tx: Tx, given: LoadedMachine, request: DeployRequest): Promise<void> {
  checkVmHostWish(ctx, request);
  refuse("deploy", given.machine);
  const loaded =
    given.machine.status === "ready" ? await acquire(ctx, tx, given, request.agentName ?? "", request) : given;
  const preset = presetOf(loaded.row);
  const { architecture, min_hwe_kernel: minimum } = loaded.row;
  const system = await chooseSystem(tx, request.distroSeries || presetSeries(preset), architecture);
  const wantedKernel = request.hweKernel || (request.distroSeries ? undefined : preset.hweKernel);
  const wantsMemory = request.inMemory ?? preset.inMemory ?? false;
  const inMemory = await checkDeployable(tx, loaded.machine.id, system, wantsMemory);
  if (request.installKvm) checkVmHostSystem(system, inMemory);
  if (!inMemory) await checkEphemeralImage(tx, loaded.row.architecture);
  const options: DeployOptions = {
    osystem: system.osystem,
    distroSeries: system.release,
    hweKernel: await chooseKernelOf(tx, system, { architecture, minimum }, wantedKernel),
    installKvm: request.installKvm ?? false,
    userData: request.userData,
    comment: request.comment,
    inMemory,
    syncIntervalS: await syncIntervalOf(tx, system, request.enableHwSync ?? loaded.row.enable_hw_sync),
  };
  await commit(ctx, tx, loaded, deploy(loaded.machine, options, await lifecycleTimes(ctx, tx)), {
    deploy_preset: "{}",
    vm_host_password: request.installKvm ? vmHostPassword(ctx.region) : null,
    enable_kernel_crash_dump: await crashDumps(tx, loaded.row, request.enableKernelCrashDump),
  });
  if (!inMemory) await createInstallationSet(ctx, tx, loaded.machine.id);
  // It reports what commissioning found out; of a machine that never was commissioned there is nothing to go on with.
  const { commissioningSetId } = loaded.machine;
  if (options.syncIntervalS !== null && commissioningSetId === null)
    await createDeployInfoSet(ctx, tx, loaded.machine.id);
}

/** @throws DomainError invalid_fields for a system that nothing of ours runs in */
async function syncIntervalOf(tx: Tx, { osystem }: System, wanted: boolean): Promise<number | null> {
  if (!wanted) return null;
  if (!canSyncHardware(osystem))
    throw invalidField("enable_hw_sync", `${osystem} cannot report its hardware: deploy it without enable_hw_sync.`);
  return hardwareSyncInterval(tx);
}

async function crashDumps(tx: Tx, row: NodeRow, asked: boolean | undefined): Promise<boolean> {
  const { enable_kernel_crash_dump } = await getConfig(tx, "enable_kernel_crash_dump");
  const wanted = asked ?? (row.enable_kernel_crash_dump || enable_kernel_crash_dump);
  const { cpu_count: cpuCount, memory_mib: memoryMib, architecture } = row;
  return wanted && keepsCrashDumps({ cpuCount, memoryMib, architecture });
}

export function abortMachine(ctx: Ctx, systemId: string, comment: string): Promise<number> {
  return act(ctx, systemId, "abort", async (tx, loaded) =>
    commit(ctx, tx, loaded, abort(loaded.machine, comment, ctx.region.now())),
  );
}

/** An Allocated machine is deployed; others are just switched on. */
export function powerOnMachine(
  ctx: Ctx,
  systemId: string,
  request: Pick<DeployRequest, "userData" | "installKvm" | "registerVmhost" | "comment">,
): Promise<number> {
  return act(ctx, systemId, "power_on", async (tx, loaded) => {
    refuse("power_on", loaded.machine);
    if (loaded.machine.status === "allocated")
      return startDeploy(ctx, tx, loaded, {
        ...request,
        distroSeries: undefined,
        hweKernel: undefined,
        agentName: undefined,
      });
    await commit(ctx, tx, loaded, switchPower(loaded.machine, "on", request.comment));
  });
}

/** Where nothing can ask the system to end, it would lose its power instead. @throws DomainError invalid_fields */
function checkStopMode(powerType: string, stopMode: StopMode | undefined): void {
  const driver = powerDrivers.get(powerType);
  if (stopMode === "soft" && driver && driver.settings.power_off_mode === undefined)
    throw invalidField("stop_mode", `Power type ${powerType} can only cut the power: shut the system down first.`);
}

/** @returns its id; null when its power cannot be switched from here */
export async function powerOffMachine(
  ctx: Ctx,
  systemId: string,
  comment: string,
  stopMode?: StopMode,
): Promise<number | null> {
  let switchable = true;
  const id = await act(ctx, systemId, "power_off", async (tx, loaded) => {
    switchable = canSwitchPower(loaded.machine);
    if (switchable) checkStopMode(loaded.machine.powerType, stopMode);
    if (switchable) await commit(ctx, tx, loaded, switchPower(loaded.machine, "off", comment, stopMode));
  });
  return switchable ? id : null;
}
