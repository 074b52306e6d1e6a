/** op=signal: a machine says how it fares and uploads what its scripts printed (reference: metadata-protocol.md section 6). */
import type { RawParams } from "@rackwright/contract/params";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { Journal } from "@rackwright/db/journal";
import { lockMachineById, updateMachine } from "@rackwright/db/machines";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { event } from "@rackwright/domain/machine/event";
import { runsReleaseScripts } from "@rackwright/domain/machine/lifecycle/release";
import { type Signal, signal as decideSignal, signals } from "@rackwright/domain/machine/lifecycle/signal";
import type { Machine } from "@rackwright/domain/machine/machine";
import { resultType, scriptStatus } from "@rackwright/domain/scripts/status";
import { settle } from "../app/commit.ts";
import { withDiagnosis } from "../app/diagnosis.ts";
import { lifecycleTimes } from "../app/config.ts";
import { isUndriven, reportedPowerColumns } from "../app/power-settings.ts";
import { failResult, setSummary, storeSignalResult } from "../app/script-results.ts";
import type { ReportedFile } from "../app/script-files.ts";
import { createBuiltinSet } from "../app/script-sets.ts";
import { type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";
import { runHook } from "../hooks/index.ts";
import { lockSigner, plain, type Signer, textOf } from "./request.ts";

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

const ERROR_CHARACTERS = 4_000;
const NAME_CHARACTERS = 255;
/** The runner sends four at most: both streams, each of them, and the result. */
const MOST_FILES = 100;

function scriptName<T extends string | undefined>(field: string, name: T): T {
  if (name !== undefined && name.length > NAME_CHARACTERS)
    throw invalidField(field, `Names of scripts have at most ${NAME_CHARACTERS} characters.`);
  return name;
}

function filesOf(fields: RawParams): ReportedFile[] {
  const files = Object.entries(fields).flatMap(([field, values]) =>
    values.flatMap((v) =>
      typeof v === "string" || v.bytes === undefined
        ? []
        : [{ name: scriptName("files", plain(v.filename || field)), bytes: v.bytes }],
    ),
  );
  if (files.length > MOST_FILES) throw invalidField("files", `A signal brings at most ${MOST_FILES} files.`);
  return files;
}

interface Told {
  signal: Signal;
  scriptResultId: number | undefined;
  scriptVersionId: number | undefined;
  exitStatus: number | undefined;
  runtime: number | undefined;
  name: string | undefined;
  error: string;
  files: ReportedFile[];
  powerType: string | undefined;
  powerParameters: string | undefined;
}

/** @throws DomainError for fields that make no sense */
function parseSignal(fields: RawParams): Told {
  return {
    signal: signalField(fields),
    scriptResultId: numberField(fields, "script_result_id", "id"),
    scriptVersionId: numberField(fields, "script_version_id", "id"),
    exitStatus: numberField(fields, "exit_status", "integer") ?? numberField(fields, "script_result", "integer"),
    runtime: numberField(fields, "runtime", "seconds"),
    name: scriptName("name", textOf(fields.name)),
    error: (textOf(fields.error) ?? "").slice(0, ERROR_CHARACTERS),
    files: filesOf(fields),
    powerType: textOf(fields.power_type),
    powerParameters: textOf(fields.power_parameters),
  };
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
export async function receiveSignal(region: Region, by: Signer, fields: RawParams): Promise<void> {
  const ctx = systemCtx(region);
  const told = parseSignal(fields);
  await region.turns.take(by.id, () => inTransaction(ctx, (tx) => receiveIn(ctx, tx, by, told)));
}

async function receiveIn(ctx: Ctx, tx: Tx, by: Signer, told: Told): Promise<void> {
  const { signal, name, scriptResultId, scriptVersionId, exitStatus, runtime, error, files } = told;
  const { region } = ctx;
  const loaded = await lockSigner(tx, by);
  let { machine } = loaded;
  const now = region.now();
  const journal = new Journal();
  const evidence = (text: string) =>
    journal.seen({ nodeId: by.id, mac: null, bootEpoch: machine.bootEpoch, source: "script", text });
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
  const inUse = machine.status === "deployed";
  let reports = false;
  // Whatever may change more of the machine than what is in our hands.
  let changed = signal !== "WORKING";
  if (STORES.includes(machine.status) && (files.length > 0 || scriptResultId !== undefined || name !== undefined)) {
    const stored = await storeSignalResult(
      ctx,
      tx,
      {
        machine,
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
        // It tells the same again and again, of what may have changed by now; what its system cannot tell was told before.
        overwrites: inUse,
        keepsPassed: inUse,
      },
      journal,
    );
    about = stored?.result.name ?? null;
    reports = stored?.ended ?? false;
    if (stored?.uploadedStdout && stored.stdout !== undefined && machine.status !== "deploying") {
      const { failed, ran } = await runHook(ctx, tx, machine.id, stored.result.name, stored.stdout);
      changed ||= ran;
      if (failed !== undefined) {
        const counts = !inUse || stored.before !== scriptStatus.passed;
        if (counts) await failResult(ctx, tx, machine, stored.result, failed);
        evidence(`what ${stored.result.name} printed makes no sense: ${failed.slice(0, 500)}`);
      }
    }
  }
  if (told.powerType !== undefined && TAKES_POWER.includes(machine.status)) {
    await takePower(region, tx, loaded, told.powerType, told.powerParameters);
    changed = true;
  }
  const running = setsAtWork(machine);
  journal.heard(running, now);
  evidence(
    `signal ${signal}${about === null ? "" : ` about ${about}`}${exitStatus === undefined ? "" : `, exit ${exitStatus}${lastWords(exitStatus, files)}`}${error === "" ? "" : `: ${error.slice(0, 500)}`}`,
  );
  // What the hooks wrote (interfaces, disks) is part of what is decided on.
  const fresh = changed ? ((await lockMachineById(tx, by.id)) ?? loaded) : loaded;
  const heartbeat = signal === "WORKING" && name === undefined && scriptResultId === undefined;
  // A script's progress decides nothing.
  const summary = signal === "WORKING" && !heartbeat ? NOTHING : await setSummary(tx, running);
  const atWork = heartbeat ? summary.running : about;
  const decision = decideSignal(
    fresh.machine,
    {
      signal,
      error,
      scriptName: signal === "WORKING" && exitStatus === undefined ? atWork : null,
      heartbeat,
      stored: reports,
      anyFailed: summary.anyFailed,
      anyPending: summary.anyPending || (runsReleaseScripts(fresh.machine) && summary.running !== null),
    },
    await lifecycleTimes(ctx, tx),
  );
  await settle(ctx, tx, fresh, await withDiagnosis(ctx, tx, fresh, decision, journal), { journal });
}

const NOTHING = { anyFailed: false, anyPending: false, running: null };

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
  tx: Tx,
  loaded: { machine: Machine; row: { power_type: string } },
  powerType: string,
  json: string | undefined,
): Promise<void> {
  const known = loaded.row.power_type;
  if (known === "mscm" || (known === "redfish" && powerType === "ipmi")) return;
  if (isUndriven(region, powerType)) {
    // Refusing the signal would tell the runner alone.
    const { id: nodeId, hostname, bootEpoch } = loaded.machine;
    const text = `The machine's BMC was found to speak ${powerType}, by which nothing here can switch it. What to check: switch on IPMI over LAN in the BMC and commission again, or set a power type.`;
    await insertEvents(tx, { nodeId, hostname, username: null, bootEpoch }, [event("NODE_WARNED", text)]);
    return;
  }
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
