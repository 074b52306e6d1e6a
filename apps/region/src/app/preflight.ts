/** Warnings of what will cost a machine's owner time: looked for at each commissioning, kept with the machine, told as an event when they are new. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { readMachineById } from "@rackwright/db/machines";
import { storeWarnings, surroundingsOf, type SurroundingsRow } from "@rackwright/db/surroundings";
import type { Finding } from "@rackwright/domain/diagnosis/case";
import { sentence } from "@rackwright/domain/diagnosis/diagnose";
import { warn } from "@rackwright/domain/diagnosis/preflight";
import { event } from "@rackwright/domain/machine/event";
import type { Region } from "../context.ts";

/** What there is to warn of now. */
export async function warningsOf(db: Tx | Region["db"]["kysely"], nodeId: number): Promise<Finding[]> {
  const around = await surroundingsOf(db, nodeId);
  return around ? warn(around) : [];
}

/** Machines that a machine shares an address or UUID with, as far as is known. */
export async function sharersOf(tx: Tx, machineId: number): Promise<readonly number[]> {
  return (await surroundingsOf(tx, machineId))?.others ?? [];
}

/**
 * Look at what is around a machine that has just told what it is made of, and at those that it shares an address or UUID with: what is wrong
 * with one is wrong with the other. The caller holds the machine's row.
 * @param formerly those it shared with before it told
 */
export async function notePreflight(tx: Tx, machineId: number, formerly: readonly number[]): Promise<void> {
  const around = await surroundingsOf(tx, machineId);
  if (!around) return;
  await note(tx, machineId, around);
  for (const other of new Set([...formerly, ...around.others])) await note(tx, other, await surroundingsOf(tx, other));
}

async function note(tx: Tx, nodeId: number, around: SurroundingsRow | undefined): Promise<void> {
  if (!around) return;
  const found = warn(around);
  const before = await storeWarnings(tx, nodeId, found);
  const loaded = before && (await readMachineById(tx, nodeId));
  if (!loaded) return;
  const { hostname, bootEpoch, systemId } = loaded.machine;
  // What was said already is not said again, as long as it is so.
  const added = found.filter(({ code, summary }) => !before.some((b) => b.code === code && b.summary === summary));
  const events = added.map((finding) => event("NODE_WARNED", sentence(finding)));
  await insertEvents(tx, { nodeId, hostname, username: null, bootEpoch }, events);
  await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
}
