/** What the runner on a machine fetches: scripts, and an index of what is to run (reference: metadata-protocol.md section 10). */
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { lockMachineById } from "@rackwright/db/machines";
import { outputsOf, type ResultView, resultViews } from "@rackwright/db/script-result-views";
import { liveOutputAfter } from "@rackwright/db/script-live-output";
import { loadScriptTarget } from "@rackwright/db/script-sets";
import { listScripts, newestVersions } from "@rackwright/db/scripts";
import type { Machine } from "@rackwright/domain/machine/machine";
import { renderNetplan } from "@rackwright/domain/network/netplan";
import type { Script } from "@rackwright/domain/scripts/script";
import { runningStatuses, scriptStatus, unfinishedStatuses } from "@rackwright/domain/scripts/status";
import { stringify } from "yaml";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { lendAddresses } from "./addresses.ts";
import { loadMachineNetwork } from "./machine-network.ts";
import { LIVE_OUTPUT } from "./script-live-output.ts";
import { enlistingScripts } from "./script-tar-enlist.ts";
import { indexEntry, type ScriptMember, scriptMembers, type TarMember, writeTar } from "./script-tar-write.ts";
import { reselectForHardware } from "./script-set-refresh.ts";

type Section = "commissioning" | "testing" | "release";

interface Wanted {
  section: Section;
  /** Those that are over are listed too. */
  withFinished: boolean;
}

/** Which runs a machine of this status works on. */
function wantedSections(status: Machine["status"]): Wanted[] {
  const tests: Wanted = { section: "testing", withFinished: false };
  switch (status) {
    case "commissioning":
    case "entering_rescue_mode":
    case "rescue_mode":
      return [{ section: "commissioning", withFinished: false }, tests];
    case "deployed":
      return [{ section: "commissioning", withFinished: true }, tests];
    case "failed_commissioning":
    case "failed_testing":
      // Nothing runs by itself now; who is logged in may run all of it again.
      return [
        { section: "commissioning", withFinished: true },
        { section: "testing", withFinished: true },
      ];
    case "releasing":
    case "disk_erasing":
      return [{ section: "release", withFinished: false }];
    default:
      return [tests];
  }
}

/**
 * The archive for a machine, or for one that is not known yet (null).
 * @returns undefined when there is nothing to run
 */
export function buildScriptTar(ctx: Ctx, machine: Pick<Machine, "id" | "status"> | null): Promise<Buffer | undefined> {
  return inTransaction(ctx, async (tx) => {
    if (machine === null) return writeTar(await enlistingScripts(tx), ctx.region.now());
    // Two fetches at once must not choose scripts for new hardware twice.
    await lockMachineById(tx, machine.id);
    return machineTar(ctx, tx, machine);
  });
}

async function machineTar(ctx: Ctx, tx: Tx, machine: Pick<Machine, "id" | "status">): Promise<Buffer | undefined> {
  const wanted = wantedSections(machine.status);
  const { sets } = await loadScriptTarget(tx, machine.id);
  const chosen = wanted.flatMap(({ section, withFinished }) => {
    const setId = sets[section];
    return setId === null ? [] : [{ section, withFinished, setId }];
  });
  let views = await resultViews(
    tx,
    chosen.map((c) => c.setId),
  );
  const commissioning = chosen.find((c) => c.section === "commissioning");
  const begun = views.some((v) => v.setId === commissioning?.setId && v.status !== scriptStatus.pending);
  if (begun) {
    // While it is commissioned its tests too: what they would have to be for is known only now.
    for (const { section, setId } of chosen)
      if (section === "commissioning" || machine.status === "commissioning")
        await reselectForHardware(ctx, tx, machine.id, setId);
    views = await resultViews(
      tx,
      chosen.map((c) => c.setId),
    );
  }
  const scripts = new Map((await listScripts(tx)).map((s) => [s.id, s]));
  const rows = chosen.flatMap(({ section, withFinished, setId }) =>
    views
      .filter((v) => v.setId === setId && (withFinished || unfinishedStatuses.includes(v.status)))
      .flatMap((view) => {
        const script = view.scriptId === null ? undefined : scripts.get(view.scriptId);
        return script ? [{ section, view, script }] : [];
      }),
  );
  return rows.length === 0 ? undefined : packRows(ctx, tx, machine.id, chosen, rows);
}

interface Row {
  section: Section;
  view: ResultView;
  script: Script;
}

async function packRows(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  chosen: readonly { section: Section }[],
  rows: readonly Row[],
): Promise<Buffer> {
  const versions = await newestVersions(tx, [...new Set(rows.map((r) => r.script.id))]);
  rows = rows.filter((r) => versions.has(r.script.id));
  rows = [...rows].sort((a, b) =>
    a.view.name < b.view.name ? -1 : a.view.name > b.view.name ? 1 : a.view.id - b.view.id,
  );
  const printed = await livePrinted(tx, rows);
  const index = Object.fromEntries(
    chosen
      .map(({ section }) => [`${section}_scripts`, rows.filter((r) => r.section === section)] as const)
      .filter(([, list]) => list.length > 0)
      .map(([key, list]) => [
        key,
        list.map((r) => entryOf(r, versions.get(r.script.id)?.id ?? null, printed.get(r.view.id))),
      ]),
  );
  const scripts: ScriptMember[] = rows.map((r) => ({
    script: r.script,
    content: versions.get(r.script.id)?.content ?? new Uint8Array(),
  }));
  // Beside what runners of the original read.
  const ours = { live_output: LIVE_OUTPUT };
  const members: TarMember[] = [
    { name: "index.json", content: JSON.stringify({ "1.0": index, rackwright: ours }), mode: 0o644 },
    ...scriptMembers(scripts),
    ...(await outputMembers(tx, rows, printed)),
  ];
  if (rows.some((r) => r.script.applyConfiguredNetworking)) {
    const { hostname } = await loadScriptTarget(tx, machineId);
    const warnings = await lendAddresses(tx, machineId);
    await insertEvents(tx, { nodeId: machineId, hostname, username: actorName(ctx.actor) }, warnings);
    const network = renderNetplan(await loadMachineNetwork(tx, machineId));
    members.push({ name: "../config/netplan.yaml", content: stringify({ network }), mode: 0o600 });
  }
  return writeTar(members, ctx.region.now());
}

function entryOf({ script, view }: Row, versionId: number | null, printed: Printed | undefined): object {
  return {
    ...indexEntry(script, versionId, view.parameters),
    script_result_id: view.id,
    default: script.builtin,
    tags: script.tags,
    has_started: view.status !== scriptStatus.pending,
    has_finished: !unfinishedStatuses.includes(view.status),
    // Ours: where what it prints from now on begins.
    ...(printed ? { output_offset: printed.end } : {}),
  };
}

/** What is kept of a script that had not ended when its machine was restarted. */
interface Printed {
  bytes: Buffer;
  /** How much it had printed in all. */
  end: number;
}

async function livePrinted(tx: Tx, rows: readonly Row[]): Promise<Map<number, Printed>> {
  const running = rows.filter((r) => runningStatuses.includes(r.view.status));
  const pieces = await liveOutputAfter(
    tx,
    running.map((r) => ({ resultId: r.view.id, offset: 0 })),
  );
  const byResult = Map.groupBy(pieces, (p) => p.resultId);
  return new Map(
    [...byResult].map(([id, list]) => {
      const last = list.at(-1);
      return [id, { bytes: Buffer.concat(list.map((p) => p.data)), end: last ? last.startAt + last.data.length : 0 }];
    }),
  );
}

/** What the region has of scripts that began before: a machine that was restarted in between goes on with it. */
async function outputMembers(
  tx: Tx,
  rows: readonly Row[],
  printed: ReadonlyMap<number, Printed>,
): Promise<TarMember[]> {
  const begun = rows.filter((r) => r.view.status !== scriptStatus.pending);
  const outputs = await outputsOf(
    tx,
    begun.map((r) => r.view.id),
  );
  return begun.flatMap(({ view }) => {
    const found = outputs.get(view.id);
    if (!found) return [];
    const base = `out/${view.name}.${view.id}`;
    const output = printed.get(view.id)?.bytes ?? found.output;
    const files = { "": output, ".out": found.stdout, ".err": found.stderr, ".yaml": found.result };
    return Object.entries(files)
      .filter(([, content]) => content.length > 0)
      .map(([suffix, content]): TarMember => ({ name: `${base}${suffix}`, content, mode: 0o644 }));
  });
}
