/** What is wrong with a machine: the facts gathered, and the rules asked. */
import {
  type DiagnosisRow,
  diagnosisRow,
  evidenceOfBoot,
  keepFinding,
  keptFinding,
  lastBootWithEvidence,
  powerSettingsOfOthers,
  type SeenRow,
} from "@rackwright/db/diagnosis-facts";
import type { Journal } from "@rackwright/db/journal";
import { bootImage } from "@rackwright/db/images";
import type { LoadedMachine, NodeRow } from "@rackwright/db/machines";
import { sqlState, type Tx } from "@rackwright/db/connect";
import type { Case, Facts, Finding } from "@rackwright/domain/diagnosis/case";
import { advised, diagnose, explained, unexplained } from "@rackwright/domain/diagnosis/diagnose";
import type { Decision } from "@rackwright/domain/machine/machine";
import { isWaiting } from "@rackwright/domain/machine/status";
import { scrubText } from "@rackwright/domain/recorder/scrub";
import type { Ctx, Region } from "../context.ts";
import { getConfig } from "./config.ts";
import { machineSecrets } from "./machine-secrets.ts";
import { viewableMachine } from "./machines.ts";
import { readPowerParameters } from "./power-settings.ts";
import { warningsOf } from "./preflight.ts";

/** Machines whose power settings are compared. */
const MOST_COMPARED = 1000;
/** What says where a BMC is, whatever the power type. */
const PLACE = ["power_address", "power_on_uri", "node_id", "power_id"];

export interface MachineDiagnosis {
  loaded: LoadedMachine;
  findings: Finding[];
  /** What is not wrong yet, and will cost time. */
  warnings: Finding[];
  lastEvidence: SeenRow | undefined;
  /** Why it failed, as it was written down then; without secrets. */
  errorDescription: string;
}

/** @throws DomainError not_found, forbidden */
export async function diagnoseMachine(ctx: Ctx, systemId: string): Promise<MachineDiagnosis> {
  const loaded = await viewableMachine(ctx, systemId);
  return diagnoseLoaded(ctx.region, ctx.region.db.kysely, loaded);
}

/** Without secrets: its words go into the machine's error and to people. */
export async function diagnoseLoaded(
  region: Region,
  db: Tx | Region["db"]["kysely"],
  loaded: LoadedMachine,
): Promise<MachineDiagnosis> {
  const { machine, row } = loaded;
  const epoch = isWaiting(machine.status)
    ? machine.bootEpoch
    : ((await lastBootWithEvidence(db, machine.id)) ?? machine.bootEpoch);
  const evidence = await evidenceOfBoot(db, machine.id, epoch);
  const c: Case = { machine, now: region.now(), evidence, facts: await factsOf(region, db, loaded) };
  const kept = await keptFinding(db, machine.id, machine.statusSince);
  const found = withKept(diagnose(c), kept);
  const other = found.length === 0 ? unexplained(c) : undefined;
  const secrets = await machineSecrets(region, row);
  const clean = (f: Finding): Finding => ({ ...f, summary: scrubText(f.summary, secrets) });
  const last = evidence.at(-1);
  return {
    loaded,
    findings: (other ? [other] : found).map(clean),
    warnings: (await warningsOf(db, machine.id)).map(clean),
    lastEvidence: last && { ...last, text: scrubText(last.text, secrets) },
    errorDescription: scrubText(machine.errorDescription, secrets),
  };
}

/** What it failed by comes first; what the same rule says now, when the machine is off, is older news. */
const withKept = (found: Finding[], kept: Finding | undefined): Finding[] =>
  kept === undefined ? found : [kept, ...found.filter(({ code }) => code !== kept.code)];

/**
 * A decision by which the machine fails, with what is wrong as its reason; kept, so that it is still said when the machine is off.
 * @param loaded before the decision: its evidence and what it waits for
 */
export async function withFinding(
  tx: Tx,
  { machine }: LoadedMachine,
  decision: Decision,
  finding: Finding | undefined,
): Promise<Decision> {
  const { statusSince } = decision.set;
  if (finding === undefined || statusSince === undefined) return decision;
  await keepFinding(tx, machine.id, statusSince, finding);
  return explained(decision, finding);
}

/**
 * A decision by which a machine fails that said why itself, or whose BMC did: that stays the reason, the diagnosis goes into its history.
 * @param journal what shows it, still to be written to `tx`
 */
export async function withDiagnosis(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine,
  decision: Decision,
  journal?: Journal,
): Promise<Decision> {
  if (!decision.set.errorDescription) return decision;
  await journal?.write(tx);
  let finding: Finding | undefined;
  try {
    finding = (await diagnoseLoaded(ctx.region, tx, loaded)).findings[0];
  } catch (error) {
    if (sqlState(error) !== undefined) throw error; // the transaction is lost
    ctx.region.log.error(
      { err: error, machine: loaded.machine.systemId },
      "a machine that failed could not be diagnosed",
    );
  }
  if (finding === undefined) return decision;
  await withFinding(tx, loaded, decision, finding);
  return advised(decision, finding);
}

async function factsOf(
  region: Region,
  db: Tx | Region["db"]["kysely"],
  { machine, row }: LoadedMachine,
): Promise<Facts> {
  const found = await diagnosisRow(db, machine.id);
  const racks = region.racks.connected();
  const architecture = row.architecture?.split("/")[0] ?? "amd64";
  const { commissioning_osystem, commissioning_distro_series, node_timeout } = await getConfig(
    db,
    "commissioning_osystem",
    "commissioning_distro_series",
    "node_timeout",
  );
  const image = await bootImage(db, {
    osystem: commissioning_osystem,
    release: commissioning_distro_series,
    architecture,
    purpose: "commissioning",
  });
  return {
    macs: found?.macs ?? [],
    architecture,
    racksConnected: racks.length,
    bootRack:
      row.boot_rack_id === null || found?.bootRack == null
        ? null
        : { hostname: found.bootRack, connected: racks.some((r) => r.nodeId === row.boot_rack_id) },
    dhcpServed: dhcpServed(region, found),
    foreignDhcp: found?.foreignDhcp ?? [],
    imagePresent: image !== undefined,
    imageName: `${commissioning_osystem}/${commissioning_distro_series}`,
    conflicts: found?.conflicts ?? [],
    sameBmc: await sameBmc(region, db, row),
    running: found?.running
      ? { ...found.running, startedAt: found.running.startedAt === null ? null : new Date(found.running.startedAt) }
      : null,
    nodeTimeoutMinutes: node_timeout,
    disks: found?.disks ?? [],
  };
}

/** Unknown while nobody knows the machine's network, and some network is served. Emulated machines need no DHCP. */
function dhcpServed(region: Region, found: DiagnosisRow | undefined): boolean | null {
  if (!region.simulated && !(region.servesDhcp && found?.dhcpAnywhere)) return false;
  return found?.dhcpServed ?? null;
}

/** Others that claim the same BMC. */
async function sameBmc(region: Region, db: Tx | Region["db"]["kysely"], row: NodeRow): Promise<string[]> {
  const own = placeOf(region, row);
  if (own === "" || row.power_type === "manual") return [];
  const others = await powerSettingsOfOthers(db, row.id, row.power_type, MOST_COMPARED);
  return others.filter((o) => placeOf(region, o) === own).map((o) => o.hostname);
}

function placeOf(region: Region, row: Pick<NodeRow, "system_id" | "power_parameters">): string {
  const parameters = readPowerParameters(region, row);
  return PLACE.flatMap((name) => (parameters[name] ? [`${name}=${String(parameters[name])}`] : [])).join(" ");
}
