/** The reporting webhook of cloud-init and the installer (reference: metadata-protocol.md section 7). */
import { insertEvents, insertEvidence } from "@rackwright/db/history";
import { type LoadedMachine, lockMachineById } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import { event, type EventType } from "@rackwright/domain/machine/event";
import { bootProgress } from "@rackwright/domain/machine/lifecycle/boot";
import { fail } from "@rackwright/domain/machine/lifecycle/failure";
import { releaseScriptsEnded, runsReleaseScripts } from "@rackwright/domain/machine/lifecycle/release";
import { resultType } from "@rackwright/domain/scripts/status";
import { commit } from "../app/commit.ts";
import { lifecycleTimes } from "../app/config.ts";
import { setSummary, storeSignalResult } from "../app/script-results.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";
import { plain } from "./request.ts";

interface Report {
  event_type: string;
  origin: string;
  name: string;
  description: string;
  result?: string;
  files?: { path?: unknown; encoding?: unknown; content?: unknown; result?: unknown }[];
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
  return message as unknown as Report;
}

const STAGE_EVENTS: Record<string, EventType> = {
  "cmd-install/stage-partitioning": "CONFIGURING_STORAGE",
  "cmd-install/stage-extract": "INSTALLING_OS",
  "cmd-install/stage-curthooks": "CONFIGURING_OS",
};

/** Stages whose progress is the installer's: they move the deadline. */
const isInstaller = (report: Report) => report.name.startsWith("cmd-install");

export async function receiveStatus(region: Region, nodeId: number, report: Report): Promise<void> {
  const ctx = systemCtx(region);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, nodeId);
    if (!loaded) return;
    const { machine } = loaded;
    const failed = report.event_type === "finish" && (report.result ?? "").startsWith("FAIL");
    const topLevel = !report.name.includes("/");
    const text = `${report.origin} ${report.event_type} ${report.name}: ${report.description}${report.result ? ` (${report.result})` : ""}`;
    await insertEvidence(tx, [
      {
        nodeId,
        mac: null,
        bootEpoch: machine.bootEpoch,
        source: isInstaller(report) ? "installer" : "metadata",
        text: text.slice(0, 1000),
      },
    ]);
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
      await insertEvents(tx, { nodeId, hostname: machine.hostname, username: null }, events);
    }
    await storeFiles(ctx, tx, loaded, report, failed);
    if (machine.status === "deploying") {
      if (failed && topLevel) {
        await commit(ctx, tx, loaded, fail(machine, `Installation failed: ${report.description}`, region.now()));
        return;
      }
      if (isInstaller(report) && machine.netboot)
        await commit(ctx, tx, loaded, bootProgress(machine, "installer", await lifecycleTimes(ctx, tx)));
    } else if (machine.status === "commissioning" && failed && topLevel) {
      await commit(
        ctx,
        tx,
        loaded,
        fail(machine, `${report.origin} failed while commissioning: ${report.description}`, region.now()),
      );
    } else if (report.event_type === "finish" && topLevel && runsReleaseScripts(machine)) {
      await releaseReport(ctx, tx, loaded, report, failed);
    }
  });
}

/** A stage of the ephemeral system that runs release scripts is over; the last one gives the machine back. */
async function releaseReport(
  ctx: ReturnType<typeof systemCtx>,
  tx: Parameters<typeof storeSignalResult>[1],
  loaded: LoadedMachine,
  report: Report,
  failed: boolean,
): Promise<void> {
  const { machine } = loaded;
  const now = ctx.region.now();
  if (failed) {
    const reason = `${report.origin} failed while release scripts ran: ${report.description}`;
    await commit(ctx, tx, loaded, fail(machine, reason, now));
  } else if (report.name === "modules-final") {
    const { anyFailed, anyPending, anyRunning } = await setSummary(
      tx,
      machine.releaseSetId === null ? [] : [machine.releaseSetId],
    );
    await commit(
      ctx,
      tx,
      loaded,
      releaseScriptsEnded(machine, { anyFailed, anyPending: anyPending || anyRunning }, now),
    );
  }
}

async function storeFiles(
  ctx: ReturnType<typeof systemCtx>,
  tx: Parameters<typeof storeSignalResult>[1],
  loaded: Awaited<ReturnType<typeof lockMachineById>> & object,
  report: Report,
  failed: boolean,
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
  const starts = report.event_type === "start" && report.name === "cmd-install" && machine.status === "deploying";
  if (starts)
    await storeSignalResult(ctx, tx, {
      machineId: machine.id,
      setIds,
      resultTypes: [resultType.installation],
      scriptName: "/tmp/install.log",
      signal: "WORKING",
      files: [],
      now: ctx.region.now(),
    });
  for (const file of report.files ?? []) {
    if (type === undefined || typeof file.path !== "string" || typeof file.content !== "string") continue;
    if (file.encoding !== "base64") throw new DomainError("bad_request", `Invalid encoding: ${String(file.encoding)}`);
    const exitStatus = typeof file.result === "number" ? file.result : failed ? 1 : 0;
    await storeSignalResult(ctx, tx, {
      machineId: machine.id,
      setIds,
      resultTypes: [type],
      scriptName: file.path,
      signal: "WORKING",
      exitStatus,
      files: [{ name: file.path, bytes: Buffer.from(file.content, "base64") }],
      now: ctx.region.now(),
    });
  }
}
