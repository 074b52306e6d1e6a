/** Scripts and their results as the API shows them (reference: objects-2.0.json; dates as the documentation's examples have them). */
import type { Script, ScriptResult, ScriptRevision, ScriptSet } from "@rackwright/contract/objects/script";
import { API_ROOT } from "@rackwright/contract/table";
import { formatDuration } from "@rackwright/domain/scripts/duration";
import { redacted } from "@rackwright/domain/scripts/parameters";
import { scriptStatusLabel } from "@rackwright/domain/scripts/status";
import type { ResultShown, SetShown } from "../../app/script-result-list.ts";
import type { ScriptView } from "../../app/scripts.ts";

const typeNames: Record<number, string> = { 0: "Commissioning script", 2: "Testing script", 3: "Release script" };
const setTypeNames: Record<number, string> = { 0: "Commissioning", 1: "Installation", 2: "Testing", 3: "Release" };
export const hardwareNames = ["Node", "CPU", "Memory", "Storage", "Network", "GPU"] as const;
const parallelNames = ["Disabled", "Run along other instances of this script", "Run along any other script."] as const;

/** RFC 5322 section 3.3; -0000: a time in UTC that says nothing of a local zone. */
export function mailDate(at: Date): string {
  return at.toUTCString().replace("GMT", "-0000");
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

export function wireScript({ script, versions }: ScriptView): Script {
  return {
    name: script.name,
    title: script.title,
    description: script.description,
    tags: script.tags,
    hardware_type: script.hardwareType,
    parallel: script.parallel,
    results: script.results,
    parameters: script.parameters,
    packages: { ...script.packages },
    timeout: formatDuration(script.timeoutSeconds),
    destructive: script.destructive,
    default: script.builtin,
    for_hardware: script.forHardware,
    may_reboot: script.mayReboot,
    recommission: script.recommission,
    apply_configured_networking: script.applyConfiguredNetworking,
    id: script.id,
    type: script.type,
    type_name: typeNames[script.type] ?? "",
    hardware_type_name: hardwareNames[script.hardwareType] ?? "",
    parallel_name: parallelNames[script.parallel] ?? "",
    history: versions.map(
      (v): ScriptRevision => ({
        id: v.id,
        comment: v.comment,
        created: mailDate(v.createdAt),
        ...(v.content === undefined ? {} : { data: base64(v.content) }),
      }),
    ),
    resource_uri: `${API_ROOT}/scripts/${script.name}`,
  };
}

const seconds = (at: Date | null) => (at === null ? "" : at.getTime() / 1000);

function runtime(startedAt: Date | null, endedAt: Date | null): string {
  return startedAt === null || endedAt === null ? "" : formatDuration((endedAt.getTime() - startedAt.getTime()) / 1000);
}

function wireResult({ view, estimatedRuntime, outputs }: ResultShown): ScriptResult {
  return {
    id: view.id,
    created: mailDate(view.createdAt),
    updated: mailDate(view.updatedAt),
    name: view.name,
    status: view.status,
    status_name: scriptStatusLabel[view.status] ?? "",
    exit_status: view.exitStatus,
    started: view.startedAt && mailDate(view.startedAt),
    ended: view.endedAt && mailDate(view.endedAt),
    runtime: runtime(view.startedAt, view.endedAt),
    starttime: seconds(view.startedAt),
    endtime: seconds(view.endedAt),
    estimated_runtime: estimatedRuntime,
    parameters: redacted(view.parameters),
    script_id: view.scriptId,
    script_revision_id: view.versionId,
    suppressed: view.suppressed,
    ...(outputs
      ? {
          output: base64(outputs.output),
          stdout: base64(outputs.stdout),
          stderr: base64(outputs.stderr),
          result: base64(outputs.result),
        }
      : {}),
  };
}

export function wireSet(set: SetShown): ScriptSet {
  return {
    id: set.id,
    system_id: set.systemId,
    type: set.type,
    type_name: setTypeNames[set.type] ?? "",
    last_ping: set.lastPing && mailDate(set.lastPing),
    status: set.status,
    status_name: scriptStatusLabel[set.status] ?? "Unknown",
    started: set.startedAt && mailDate(set.startedAt),
    ended: set.endedAt && mailDate(set.endedAt),
    runtime: runtime(set.startedAt, set.endedAt),
    results: set.results.map(wireResult),
    resource_uri: `${API_ROOT}/nodes/${set.systemId}/results/${set.id}/`,
  };
}
