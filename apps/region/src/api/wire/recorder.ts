import type { Diagnosis, InventoryDiff, TimelineItem } from "@rackwright/contract/objects/recorder";
import { API_ROOT } from "@rackwright/contract/table";
import type { InventoryRow } from "@rackwright/db/inventories";
import type { TimelineRow } from "@rackwright/db/timeline";
import { awaited, sentence } from "@rackwright/domain/diagnosis/diagnose";
import { eventLevel } from "@rackwright/domain/machine/event";
import { statusLabel } from "@rackwright/domain/machine/status";
import { eventText, kindOf } from "@rackwright/domain/recorder/timeline";
import type { MachineDiagnosis } from "../../app/diagnosis.ts";
import type { InventoryComparison } from "../../app/inventory.ts";

const levelNames = new Map<number, string>(Object.entries(eventLevel).map(([name, level]) => [level, name]));

export const timelineUri = (systemId: string): string => `${API_ROOT}/machines/${systemId}/?op=timeline`;

export function wireTimelineItem(row: TimelineRow): TimelineItem {
  return {
    id: `${row.rank === 0 ? "evidence" : "event"}-${row.id}`,
    at: row.at.toISOString(),
    source: row.source ?? "region",
    kind: kindOf(row.type, row.username),
    level: levelNames.get(row.level) ?? String(row.level),
    text: row.type === null ? row.text : eventText(row.type, row.text),
    epoch: row.epoch,
    username: row.username,
    detail: row.detail ?? null,
  };
}

export function wireDiagnosis({
  loaded,
  findings,
  warnings,
  lastEvidence,
  errorDescription,
}: MachineDiagnosis): Diagnosis {
  const { machine } = loaded;
  const [first] = findings;
  const healthy = first === undefined && errorDescription === "";
  const waits = machine.waitingFor === null ? "" : `, waiting for ${awaited(machine.waitingFor)}`;
  return {
    system_id: machine.systemId,
    hostname: machine.hostname,
    status: statusLabel[machine.status],
    healthy,
    summary: [
      first
        ? sentence(first)
        : healthy
          ? `Nothing is wrong: ${machine.hostname} is ${statusLabel[machine.status]}${waits}.`
          : errorDescription,
      ...warnings.map((warning) => `Warning: ${sentence(warning)}`),
    ].join(" "),
    waiting_for: machine.waitingFor,
    status_since: machine.statusSince.toISOString(),
    status_deadline: machine.statusDeadline?.toISOString() ?? null,
    last_evidence: lastEvidence
      ? { at: lastEvidence.at.toISOString(), source: lastEvidence.source, text: lastEvidence.text }
      : null,
    error_description: errorDescription,
    findings,
    warnings,
    resource_uri: `${API_ROOT}/machines/${machine.systemId}/?op=diagnose`,
  };
}

const taken = (row: InventoryRow) => ({ commissioning: row.setId, at: row.takenAt.toISOString() });

export function wireInventoryDiff({ loaded, from, to, changes, known }: InventoryComparison): InventoryDiff {
  const { systemId, hostname } = loaded.machine;
  return {
    system_id: systemId,
    hostname,
    from: from ? taken(from) : null,
    to: to ? taken(to) : null,
    summary: inventorySummary(hostname, { from, to, changes }),
    changes,
    inventories: known.map(taken),
    resource_uri: `${API_ROOT}/machines/${systemId}/?op=inventory_diff`,
  };
}

function inventorySummary(
  hostname: string,
  { from, to, changes }: Pick<InventoryComparison, "from" | "to" | "changes">,
): string {
  if (!to) return `Nothing is known of the hardware of ${hostname}: commission it.`;
  if (!from) return `There is nothing to compare with: commission ${hostname} again.`;
  if (changes.length === 0) return `The hardware of ${hostname} is what it was.`;
  return `${changes.map(({ text }) => text).join("; ")}.`;
}
