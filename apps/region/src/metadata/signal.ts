/** op=signal: a machine says how it fares and uploads what its scripts printed (reference: metadata-protocol.md section 6). */
import type { RawParams } from "@rackwright/contract/params";
import { insertEvidence } from "@rackwright/db/history";
import { lockMachineById, updateMachine } from "@rackwright/db/machines";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { runsReleaseScripts } from "@rackwright/domain/machine/lifecycle/release";
import { type Signal, signal as decideSignal, signals } from "@rackwright/domain/machine/lifecycle/signal";
import type { Machine } from "@rackwright/domain/machine/machine";
import { resultType } from "@rackwright/domain/scripts/status";
import { commit } from "../app/commit.ts";
import { lifecycleTimes } from "../app/config.ts";
import { reportedPowerColumns } from "../app/power-settings.ts";
import { failResult, setSummary, storeSignalResult, touchPing } from "../app/script-results.ts";
import { createBuiltinSet } from "../app/script-sets.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";
import { runHook } from "../hooks/index.ts";
import { plain, textOf } from "./request.ts";

/** A runtime may have a fraction; ids and exit statuses are whole, as the database keeps them. */
function numberField(fields: RawParams, name: string, kind: "integer" | "id" | "seconds"): number | undefined {
  const text = textOf(fields[name])?.trim();
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  const whole = kind === "id" ? /^\d{1,15}$/ : /^-?\d{1,10}$/;
  const fits = kind === "id" || Math.abs(value) < 2 ** 31;
  if (!(kind === "seconds" ? /^\d{1,10}(\.\d+)?$/ : whole).test(text) || !fits)
    throw invalidField(name, `"${text}" is no ${kind === "seconds" ? "number of seconds" : "whole number"} that fits.`);
  return value;
}

function signalField(fields: RawParams): Signal {
  const status = textOf(fields.status)?.trim();
  if (status === undefined || status === "") throw new DomainError("bad_request", "No provided status!");
  const found = signals.find((s) => s === status);
  if (!found) throw new DomainError("bad_request", `Unknown commissioning/installation status: '${status}'`);
  return found;
}

/** Statuses in which uploaded results are kept. */
const STORES: readonly Machine["status"][] = [
  "commissioning",
  "testing",
  "deploying",
  "deployed",
  "disk_erasing",
  "releasing",
  "rescue_mode",
  "failed_commissioning",
  "failed_testing",
];
const LAST_WORDS_BYTES = 2000;
/** Statuses in which a power report of the machine is believed. */
const TAKES_POWER: readonly Machine["status"][] = ["commissioning", "deployed"];

/** @throws DomainError for fields that make no sense, or a machine that has no business to signal now */
export async function receiveSignal(region: Region, nodeId: number, fields: RawParams): Promise<void> {
  const ctx = systemCtx(region);
  const signal = signalField(fields);
  const scriptResultId = numberField(fields, "script_result_id", "id");
  const scriptVersionId = numberField(fields, "script_version_id", "id");
  const exitStatus = numberField(fields, "exit_status", "integer") ?? numberField(fields, "script_result", "integer");
  const runtime = numberField(fields, "runtime", "seconds");
  const name = textOf(fields.name);
  const error = textOf(fields.error) ?? "";
  const files = Object.entries(fields).flatMap(([field, values]) =>
    values.flatMap((v) =>
      typeof v === "string" || v.bytes === undefined ? [] : [{ name: plain(v.filename || field), bytes: v.bytes }],
    ),
  );
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, nodeId);
    if (!loaded) throw new DomainError("forbidden", "The machine was deleted.");
    let { machine } = loaded;
    const now = region.now();
    if (machine.status === "new" && signal === "COMMISSIONING") {
      const commissioningSetId = await createBuiltinSet(ctx, tx, machine.id);
      machine = { ...machine, commissioningSetId };
    }
    const setIds = {
      commissioning: machine.commissioningSetId,
      testing: machine.testingSetId,
      installation: machine.installationSetId,
      release: loaded.row.release_set_id,
    };
    let about: string | null = null;
    let nonsense: string | undefined;
    if (STORES.includes(machine.status) && (files.length > 0 || scriptResultId !== undefined || name !== undefined)) {
      const stored = await storeSignalResult(ctx, tx, {
        machineId: machine.id,
        setIds,
        resultTypes: typesOf(machine),
        ...(scriptResultId === undefined ? {} : { scriptResultId }),
        ...(name === undefined ? {} : { scriptName: name }),
        ...(scriptVersionId === undefined ? {} : { scriptVersionId }),
        signal,
        ...(exitStatus === undefined ? {} : { exitStatus }),
        ...(runtime === undefined ? {} : { runtime }),
        files,
        now,
      });
      about = stored?.result.name ?? null;
      if (stored?.uploadedStdout && stored.stdout !== undefined && machine.status !== "deploying") {
        const { failed } = await runHook(ctx, tx, machine.id, stored.result.name, stored.stdout);
        if (failed !== undefined) {
          await failResult(ctx, tx, machine, stored.result, failed);
          nonsense = `what ${stored.result.name} printed makes no sense: ${failed.slice(0, 500)}`;
        }
      }
    }
    const powerType = textOf(fields.power_type);
    if (powerType !== undefined && TAKES_POWER.includes(machine.status))
      await takePower(region, tx, loaded, powerType, textOf(fields.power_parameters));
    const running = setsAtWork(machine);
    await touchPing(tx, running, now);
    const summary = await setSummary(tx, running);
    await insertEvidence(tx, [
      ...(nonsense === undefined
        ? []
        : [{ nodeId, mac: null, bootEpoch: machine.bootEpoch, source: "script" as const, text: nonsense }]),
      {
        nodeId,
        mac: null,
        bootEpoch: machine.bootEpoch,
        source: "script",
        text: `signal ${signal}${about === null ? "" : ` about ${about}`}${exitStatus === undefined ? "" : `, exit ${exitStatus}${lastWords(exitStatus, files)}`}${error === "" ? "" : `: ${error.slice(0, 500)}`}`,
      },
    ]);
    // What the hooks wrote (interfaces, disks) is part of what is decided on.
    const fresh = await lockMachineById(tx, nodeId);
    machine = fresh?.machine ?? machine;
    const decision = decideSignal(
      machine,
      {
        signal,
        error,
        scriptName: signal === "WORKING" && exitStatus === undefined ? about : null,
        anyFailed: summary.anyFailed,
        anyPending: summary.anyPending || (runsReleaseScripts(machine) && summary.anyRunning),
      },
      await lifecycleTimes(ctx, tx),
    );
    await commit(ctx, tx, { machine, row: fresh?.row ?? loaded.row }, decision);
  });
}

/** Of a script that failed: the last line of its errors, or of all it printed. Most programs say there what is wrong. */
function lastWords(exitStatus: number, files: readonly { name: string; bytes: Uint8Array }[]): string {
  if (exitStatus === 0) return "";
  const streams = [files.find(({ name }) => name.endsWith(".err")), files[0]];
  const bytes = streams.find((file) => file !== undefined && file.bytes.length > 0)?.bytes;
  const text = plain(new TextDecoder().decode(bytes?.subarray(-LAST_WORDS_BYTES) ?? new Uint8Array()));
  const line = text.trim().split("\n").at(-1)?.trim() ?? "";
  return line === "" ? "" : `: ${line.slice(-300)}`;
}

/** The runs whose results decide what the machine's word means now. */
function setsAtWork(m: Machine): number[] {
  const ids = runsReleaseScripts(m)
    ? [m.releaseSetId]
    : m.status === "commissioning" || m.status === "testing"
      ? [m.commissioningSetId, m.testingSetId]
      : [];
  return ids.filter((id) => id !== null);
}

function typesOf(machine: Machine): number[] {
  switch (machine.status) {
    case "deploying":
      return [resultType.installation];
    case "disk_erasing":
    case "releasing":
      return [resultType.release];
    default:
      return [resultType.commissioning, resultType.testing];
  }
}

/** What the machine found out about its own BMC. A Redfish one is not replaced by plain IPMI, a Moonshot one by nothing. */
async function takePower(
  region: Region,
  tx: Parameters<typeof updateMachine>[0],
  loaded: { machine: Machine; row: { power_type: string } },
  powerType: string,
  json: string | undefined,
): Promise<void> {
  const known = loaded.row.power_type;
  if (known === "mscm" || (known === "redfish" && powerType === "ipmi")) return;
  let given: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(json ?? "{}");
    if (typeof parsed === "object" && parsed !== null) given = parsed as Record<string, unknown>;
  } catch {
    throw invalidField("power_parameters", "Must be a JSON object.");
  }
  const columns = reportedPowerColumns(region, loaded.machine.systemId, powerType, given);
  await updateMachine(tx, loaded.machine.id, {}, columns);
}
