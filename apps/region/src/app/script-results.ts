/** What machines report of their scripts (reference: scripts.md sections 9 and 10, metadata-protocol.md section 6). */
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import type { Journal } from "@rackwright/db/journal";
import {
  lockResult,
  lockResultByName,
  resetBuiltinResults,
  type ResultState,
  type SetSummary,
  setLinkConnected,
  summarizeSets,
  updateResult,
} from "@rackwright/db/script-results";
import { insertResults, type ResultTypeName } from "@rackwright/db/script-sets";
import { readScript } from "@rackwright/db/scripts";
import { event, type EventRecord } from "@rackwright/domain/machine/event";
import type { Signal } from "@rackwright/domain/machine/lifecycle/signal";
import type { Machine } from "@rackwright/domain/machine/machine";
import { parseResultYaml, RESULT_YAML_BYTES } from "@rackwright/domain/scripts/result-yaml";
import {
  failedStatuses,
  resultType,
  scriptStatus,
  scriptStatusLabel,
  unfinishedStatuses,
} from "@rackwright/domain/scripts/status";
import { nextStatus, timesAfter } from "@rackwright/domain/scripts/transition";
import { actorName, type Ctx } from "../context.ts";
import { bounded, groupFiles, type ReportedFile, type Streams } from "./script-files.ts";

export type SetIds = Record<ResultTypeName, number | null>;

export interface SignalReport {
  machine: Pick<Machine, "id" | "systemId" | "hostname">;
  setIds: SetIds;
  /** Kinds of run (codes of resultType) that this signal may speak of; an unknown name becomes a result of the first that there is. */
  resultTypes: readonly number[];
  scriptResultId?: number;
  scriptName?: string;
  scriptVersionId?: number;
  signal: Signal;
  exitStatus?: number;
  /** Seconds. */
  runtime?: number;
  files: readonly ReportedFile[];
  now: Date;
  /** Take a report about a finished result too: machines that run already, and controllers, tell the same again and again. */
  overwrites?: boolean;
  /** A script that passed before and now fails changes nothing: what was learnt from it stays. */
  keepsPassed?: boolean;
}

export interface StoredResult {
  id: number;
  name: string;
  status: number;
  resultType: number;
}

export interface Stored {
  result: StoredResult;
  /** Status of the result until now. */
  before: number;
  /** The report brought the script's end. */
  ended: boolean;
  /** Set when this report brought standard output and ended the script well: what the region learns from it may be learned now. */
  uploadedStdout: boolean;
  stdout: Uint8Array | undefined;
}

/**
 * Write down what a signal says of scripts. One that speaks of a finished result (again) or of a run that is over changes nothing.
 * @param journal takes the events; the caller writes it
 * @returns the (first) result that the signal was about; undefined when it was about none
 */
export async function storeSignalResult(
  ctx: Ctx,
  tx: Tx,
  report: SignalReport,
  journal: Journal,
): Promise<Stored | undefined> {
  const setIds = kindsOf(report)
    .map((kind) => report.setIds[kind])
    .filter((id) => id !== null);
  const events: EventRecord[] = [];
  const stored: Stored[] = [];
  for (const part of partsOf(report)) {
    const found = await find(tx, report, setIds, part, events);
    if (found) stored.push(await store(tx, report, found, part, { events, journal }));
  }
  if (events.length > 0) {
    const { id, systemId, hostname } = report.machine;
    journal.happened({ nodeId: id, hostname, username: actorName(ctx.actor) }, events);
    journal.changed({ kind: "update", entity: "script_result", entityId: systemId });
  }
  return stored[0];
}

function kindsOf(report: SignalReport): ResultTypeName[] {
  return (Object.keys(resultType) as ResultTypeName[])
    .filter((kind) => report.resultTypes.includes(resultType[kind]))
    .sort((a, b) => report.resultTypes.indexOf(resultType[a]) - report.resultTypes.indexOf(resultType[b]));
}

/** One script's share of a report. */
interface Part {
  id: number | null;
  name: string;
  streams: Streams;
}

function partsOf(report: SignalReport): Part[] {
  const groups = groupFiles(report.files);
  if (report.scriptResultId !== undefined) {
    // The id says whose these are, whatever the files are called.
    const streams: Streams = Object.assign({}, ...groups.values());
    return [{ id: report.scriptResultId, name: report.scriptName ?? "", streams }];
  }
  if (report.scriptName) groups.set(report.scriptName, groups.get(report.scriptName) ?? {});
  return [...groups].map(([name, streams]) => ({ id: null, name, streams }));
}

async function find(
  tx: Tx,
  report: SignalReport,
  setIds: readonly number[],
  part: Part,
  events: EventRecord[],
): Promise<ResultState | undefined> {
  const versionId = report.scriptVersionId ?? null;
  if (part.id !== null) {
    const found = await lockResult(tx, setIds, part.id, versionId);
    // An earlier run's environment may go on for a while; its results are not this run's.
    if (!found)
      events.push(
        event("SCRIPT_RESULT_ERROR", `result ${part.id} (${part.name}) is none of the current run: not stored`),
      );
    return found;
  }
  return (
    (await lockResultByName(tx, setIds, part.name, versionId)) ?? (await create(tx, report, setIds, part.name, events))
  );
}

/** A script that the region did not ask for reports all the same: it is written down. */
async function create(
  tx: Tx,
  report: SignalReport,
  setIds: readonly number[],
  name: string,
  events: EventRecord[],
): Promise<ResultState | undefined> {
  const setId = setIds[0];
  if (setId === undefined) {
    events.push(event("SCRIPT_RESULT_ERROR", `${name} has reported, but no run goes on: not stored`));
    return undefined;
  }
  const kind = kindsOf(report).find((each) => report.setIds[each] === setId);
  const script = await readScript(tx, name);
  const [id] = await insertResults(
    tx,
    setId,
    [
      {
        scriptId: script && kind && script.type === resultType[kind] ? script.id : null,
        name,
        status: scriptStatus.running,
        parameters: {},
        diskId: null,
        interfaceId: null,
      },
    ],
    report.now,
  );
  return id === undefined ? undefined : lockResult(tx, [setId], id, report.scriptVersionId ?? null);
}

async function store(
  tx: Tx,
  report: SignalReport,
  found: ResultState,
  part: Part,
  { events, journal }: { events: EventRecord[]; journal: Journal },
): Promise<Stored> {
  const before = found.status;
  const unchanged: Stored = {
    result: shown(found, before),
    before,
    ended: false,
    uploadedStdout: false,
    stdout: undefined,
  };
  const isOpen = unfinishedStatuses.includes(found.status);
  const ended = Object.keys(part.streams).length > 0 || report.exitStatus !== undefined;
  // An installer sends its log whenever there is more of it.
  const overwrites = report.overwrites || found.type === resultType.installation;
  if (!isOpen && !(overwrites && ended)) return unchanged;

  const said = ended ? await statedBy(tx, report, found, part.streams, { events, journal }) : undefined;
  const exitStatus = report.exitStatus ?? 0;
  const status = nextStatus(found.status, { signal: report.signal, ended, exitStatus, stated: said });
  if (status === found.status && !ended) return unchanged;
  if (report.keepsPassed && before === scriptStatus.passed && failedStatuses.includes(status)) {
    events.push(
      event("SCRIPT_RESULT_ERROR", `${found.name}: ${label(status)}, exit ${exitStatus}; kept is what it found before`),
    );
    return { ...unchanged, ended };
  }

  const versionId = knownVersion(report, found, events);
  const streams = Object.fromEntries(Object.entries(part.streams).map(([name, bytes]) => [name, bounded(bytes)]));
  await updateResult(
    tx,
    found.id,
    {
      status,
      ...timesAfter(isOpen ? found : notBegun, status, report.now, report.runtime ?? null),
      ...(ended ? { exitStatus } : {}),
      ...(versionId === undefined ? {} : { versionId }),
      streams,
    },
    report.now,
  );
  if (status !== found.status)
    events.push(event("SCRIPT_RESULT_CHANGED_STATUS", `${found.name}: ${label(found.status)} to ${label(status)}`));
  if (status === scriptStatus.passed && found.recommission) await resetForRecommission(tx, found.setId, report.now);
  const { stdout } = part.streams;
  const uploadedStdout = stdout !== undefined && exitStatus === 0;
  return { result: shown(found, status), before, ended, uploadedStdout, stdout };
}

/** A result that is told anew was also run anew. */
const notBegun = { startedAt: null, endedAt: null };

const label = (status: number) => scriptStatusLabel[status] ?? String(status);

function shown(found: ResultState, status: number): StoredResult {
  return { id: found.id, name: found.name, status, resultType: found.type };
}

/** The status that the script's own YAML states; none when it has none or is wrong, which is told. */
async function statedBy(
  tx: Tx,
  { machine }: Pick<SignalReport, "machine">,
  found: ResultState,
  streams: Streams,
  { events, journal }: { events: EventRecord[]; journal: Journal },
): Promise<number | undefined> {
  if (streams.result === undefined || streams.result.length === 0) return undefined;
  // Enough to see that it is too long.
  const text = new TextDecoder().decode(streams.result.subarray(0, 4 * RESULT_YAML_BYTES));
  const parsed = parseResultYaml(text, found.interfaceId !== null);
  if ("invalid" in parsed) {
    const why = parsed.invalid.slice(0, 500);
    events.push(event("SCRIPT_RESULT_ERROR", `the result YAML of ${found.name} does not count: ${why}`));
    return undefined;
  }
  if (parsed.linkConnected !== undefined && found.interfaceId !== null) {
    const name = await setLinkConnected(tx, found.interfaceId, parsed.linkConnected);
    if (name !== undefined) journal.changed({ kind: "update", entity: "machine", entityId: machine.systemId });
    if (name !== undefined && !parsed.linkConnected)
      events.push(event("NODE_WARNED", `${found.name} found interface ${name} without a link: check its cable.`));
  }
  return parsed.status;
}

function knownVersion(report: SignalReport, found: ResultState, events: EventRecord[]): number | undefined {
  const id = report.scriptVersionId;
  if (id === undefined || found.hasVersion) return id;
  events.push(event("SCRIPT_RESULT_ERROR", `${found.name} ran in version ${id}, which is not known here any more`));
  return undefined;
}

/** A script that changed the machine has passed: what the built-in ones of its run found out is found out again. */
export function resetForRecommission(tx: Tx, setId: number, now: Date): Promise<void> {
  return resetBuiltinResults(tx, setId, now);
}

/** How these runs stand, suppressed results left out. */
export function setSummary(tx: Tx, setIds: readonly number[]): Promise<SetSummary> {
  return summarizeSets(tx, setIds);
}

/** A hook could not make sense of what a script printed: the script's work was in vain. */
export async function failResult(
  ctx: Ctx,
  tx: Tx,
  machine: Pick<Machine, "id" | "hostname">,
  result: StoredResult,
  reason: string,
): Promise<void> {
  await updateResult(tx, result.id, { status: scriptStatus.failed }, ctx.region.now());
  const subject = { nodeId: machine.id, hostname: machine.hostname, username: actorName(ctx.actor) };
  await insertEvents(tx, subject, [event("SCRIPT_RESULT_ERROR", `${result.name}: ${reason}`)]);
}

/** Results that run longer than they may, and what ends just them. */
export { overdueResults, timeOutResults } from "@rackwright/db/script-results";
