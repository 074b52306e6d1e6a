/** The reporting webhook of cloud-init and the installer (reference: metadata-protocol.md section 7). */
import type { Tx } from "@rackwright/db/connect";
import { Journal } from "@rackwright/db/journal";
import { mayHaveRestarted } from "@rackwright/db/script-results";
import { type LoadedMachine, lockMachineById } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import { event, type EventType } from "@rackwright/domain/machine/event";
import { bootProgress } from "@rackwright/domain/machine/lifecycle/boot";
import { decision } from "@rackwright/domain/machine/lifecycle/decision";
import { fail } from "@rackwright/domain/machine/lifecycle/failure";
import { vmHostFailure, vmHostReady } from "@rackwright/domain/machine/lifecycle/vm-host";
import { releaseScriptsEnded, runsReleaseScripts } from "@rackwright/domain/machine/lifecycle/release";
import type { Decision, Machine } from "@rackwright/domain/machine/machine";
import { resultType } from "@rackwright/domain/scripts/status";
import { settle } from "../app/commit.ts";
import { withDiagnosis } from "../app/diagnosis.ts";
import { lifecycleTimes } from "../app/config.ts";
import { setSummary, type SignalReport, storeSignalResult } from "../app/script-results.ts";
import { type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";
import { plain, type Signer } from "./request.ts";

interface Report {
  event_type: string;
  origin: string;
  name: string;
  description: string;
  result?: string;
  files: { path?: unknown; encoding?: unknown; compression?: unknown; content?: unknown; result?: unknown }[];
}

/** @throws DomainError bad_request naming what is missing */
export function parseReport(body: Buffer): Report {
  for (const byte of body) if (byte > 127) throw new DomainError("bad_request", "Status messages must be ASCII.");
  let value: unknown;
  try {
    value = JSON.parse(body.toString("ascii"), (_key, item: unknown) =>
      typeof item === "string" ? plain(item) : item,
    );
  } catch {
    throw new DomainError("bad_request", "The status message is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DomainError("bad_request", "The status message must be a JSON object.");
  const message = value as Record<string, unknown>;
  for (const field of ["event_type", "origin", "name", "description"]) {
    if (typeof message[field] !== "string")
      throw new DomainError("bad_request", `Missing parameter in status message ${field}`);
  }
  const { files, result, ...rest } = message;
  if (result !== undefined && typeof result !== "string")
    throw new DomainError("bad_request", "The result of a status message must be text: SUCCESS, WARN or FAIL.");
  const text = (field: keyof typeof MOST_CHARACTERS) => String(rest[field]).slice(0, MOST_CHARACTERS[field]);
  return {
    event_type: text("event_type"),
    origin: text("origin"),
    name: text("name"),
    description: text("description"),
    ...(result === undefined ? {} : { result: result.slice(0, 20) }),
    files: Array.isArray(files) ? files.filter(isFile).slice(0, MOST_FILES) : [],
  };
}

/** Longer words become events and reasons that nobody reads. */
const MOST_CHARACTERS = { event_type: 50, origin: 100, name: 255, description: 4_000 };
/** The installer sends its log. */
const MOST_FILES = 100;
const PATH_CHARACTERS = 255;

const isFile = (file: unknown): boolean =>
  typeof file === "object" &&
  file !== null &&
  "path" in file &&
  typeof file.path === "string" &&
  file.path.length <= PATH_CHARACTERS;

const STAGE_EVENTS: Record<string, EventType> = {
  "cmd-install/stage-partitioning": "CONFIGURING_STORAGE",
  "cmd-install/stage-extract": "INSTALLING_OS",
  "cmd-install/stage-curthooks": "CONFIGURING_OS",
};

/** Stages whose progress is the installer's: they move the deadline. */
const isInstaller = (report: Report) => report.name.startsWith("cmd-install");

/** A report of a boot that is over by now is dropped, as one by a token that is no longer in force. */
export async function receiveStatus(region: Region, by: Signer, report: Report): Promise<void> {
  const ctx = systemCtx(region);
  await region.turns.take(by.id, () =>
    inTransaction(ctx, async (tx) => {
      const loaded = await lockMachineById(tx, by.id);
      if (loaded?.machine.bootEpoch === by.bootEpoch) await receiveIn(ctx, tx, loaded, report);
    }),
  );
}

async function receiveIn(ctx: Ctx, tx: Tx, loaded: LoadedMachine, report: Report): Promise<void> {
  const { machine } = loaded;
  const journal = new Journal();
  const failed = report.event_type === "finish" && (report.result ?? "").startsWith("FAIL");
  const topLevel = !report.name.includes("/");
  const text = `${report.origin} ${report.event_type} ${report.name}: ${report.description}${report.result ? ` (${report.result})` : ""}`;
  journal.seen({
    nodeId: machine.id,
    mac: null,
    bootEpoch: machine.bootEpoch,
    source: isInstaller(report) ? "installer" : "metadata",
    text: text.slice(0, 1000),
  });
  if (report.event_type === "start" || failed) {
    const type: EventType = failed
      ? machine.status === "deploying"
        ? "NODE_INSTALL_EVENT_FAILED"
        : "NODE_COMMISSIONING_EVENT_FAILED"
      : isInstaller(report)
        ? "NODE_INSTALL_EVENT"
        : "NODE_STATUS_EVENT";
    const stage = report.event_type === "start" ? STAGE_EVENTS[report.name] : undefined;
    const events = [event(type, `'${report.origin}' ${report.description}`), ...(stage ? [event(stage)] : [])];
    journal.happened(
      { nodeId: machine.id, hostname: machine.hostname, username: null, bootEpoch: machine.bootEpoch },
      events,
    );
  }
  await storeFiles(ctx, tx, loaded, report, failed, journal);
  const decision = await decide(ctx, tx, machine, report, { failed, topLevel });
  await settle(ctx, tx, loaded, await withDiagnosis(ctx, tx, loaded, decision, journal), { journal });
}

async function decide(
  ctx: Ctx,
  tx: Tx,
  machine: Machine,
  report: Report,
  { failed, topLevel }: { failed: boolean; topLevel: boolean },
): Promise<Decision> {
  const now = ctx.region.now();
  if (machine.status === "deploying") {
    if (failed && topLevel)
      return fail(machine, vmHostFailure(machine, report) ?? `Installation failed: ${report.description}`, now);
    if (report.event_type === "finish" && report.name === "modules-final")
      return vmHostReady(machine, await lifecycleTimes(ctx, tx));
    if (isInstaller(report) && machine.netboot)
      return bootProgress(machine, "installer", await lifecycleTimes(ctx, tx));
  } else if (machine.status === "commissioning" && failed && topLevel) {
    const sets = [machine.commissioningSetId, machine.testingSetId].filter((id) => id !== null);
    // The end of a system that a script restarts: it goes on with the next boot, or its deadline passes.
    if (await mayHaveRestarted(tx, sets)) return decision({}, []);
    return fail(machine, `${report.origin} failed while commissioning: ${report.description}`, now);
  } else if (report.event_type === "finish" && topLevel && runsReleaseScripts(machine)) {
    return releaseReport(tx, machine, report, failed, now);
  }
  return decision({}, []);
}

/** A stage of the ephemeral system that runs release scripts is over; the last one gives the machine back. */
async function releaseReport(tx: Tx, machine: Machine, report: Report, failed: boolean, now: Date): Promise<Decision> {
  if (failed) return fail(machine, `${report.origin} failed while release scripts ran: ${report.description}`, now);
  if (report.name !== "modules-final") return decision({}, []);
  const sets = machine.releaseSetId === null ? [] : [machine.releaseSetId];
  const { anyFailed, anyPending, running } = await setSummary(tx, sets);
  return releaseScriptsEnded(machine, { anyFailed, anyPending: anyPending || running !== null }, now);
}

async function storeFiles(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine,
  report: Report,
  failed: boolean,
  journal: Journal,
): Promise<void> {
  const { machine, row } = loaded;
  const type = ["testing", "failed_testing"].includes(machine.status)
    ? resultType.testing
    : ["commissioning", "failed_commissioning"].includes(machine.status)
      ? resultType.commissioning
      : ["deploying", "deployed", "failed_deployment"].includes(machine.status)
        ? resultType.installation
        : undefined;
  const setIds = {
    commissioning: machine.commissioningSetId,
    testing: machine.testingSetId,
    installation: machine.installationSetId,
    release: row.release_set_id,
  };
  const store = (told: SignalReport) => storeSignalResult(ctx, tx, told, journal);
  const starts = report.event_type === "start" && report.name === "cmd-install" && machine.status === "deploying";
  if (starts)
    await store({
      machine,
      setIds,
      resultTypes: [resultType.installation],
      scriptName: "/tmp/install.log",
      signal: "WORKING",
      files: [],
      now: ctx.region.now(),
    });
  for (const file of report.files) {
    if (type === undefined || typeof file.path !== "string" || typeof file.content !== "string") continue;
    if (file.encoding !== "base64") throw new DomainError("bad_request", `Invalid encoding: ${String(file.encoding)}`);
    const bytes = Buffer.from(file.content, "base64");
    const { compression = "" } = file;
    const how = typeof compression === "string" ? compression : "unknown";
    // Refused, the whole report would be lost, and with it what the machine says of itself. Its text is: that is said where it would be looked for.
    const text =
      how === ""
        ? bytes
        : Buffer.from(
            `${file.path} came compressed (${how.slice(0, 40)}, ${bytes.length} bytes), which is not read here: have it sent without compression.\n`,
          );
    const exitStatus = isExitStatus(file.result) ? file.result : failed ? 1 : 0;
    await store({
      machine,
      setIds,
      resultTypes: [type],
      scriptName: file.path,
      signal: "WORKING",
      exitStatus,
      files: [{ name: file.path, bytes: text }],
      now: ctx.region.now(),
    });
  }
}

/** As the database keeps them. */
const isExitStatus = (value: unknown): value is number => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31;
