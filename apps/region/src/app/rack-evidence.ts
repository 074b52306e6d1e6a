/** What racks saw: recorded with the machine it is about, and one step on where it shows one. */
import { isIP } from "node:net";
import type { EvidenceItem } from "@rackwright/contract/rack-protocol";
import { type Evidence, insertEvidence } from "@rackwright/db/history";
import { Journal } from "@rackwright/db/journal";
import { lockMachineById } from "@rackwright/db/machines";
import { machinesSeen } from "@rackwright/db/nodes";
import { isFurther, nextAfter } from "@rackwright/domain/boot/progress";
import { bootProgress } from "@rackwright/domain/machine/lifecycle/boot";
import { andThen, decision } from "@rackwright/domain/machine/lifecycle/decision";
import type { Times } from "@rackwright/domain/machine/lifecycle";
import type { Decision, Machine } from "@rackwright/domain/machine/machine";
import { parseMac } from "@rackwright/domain/machine/names";
import { inTransaction, type Region, systemCtx } from "../context.ts";
import { settle } from "./commit.ts";
import { lifecycleTimes } from "./config.ts";

interface Seen {
  item: EvidenceItem;
  mac: string | null;
  systemId: string | null;
  /** As the rack says, where it knows. */
  bootEpoch: number | null;
}

/** Machines of one batch whose rows are asked for at once. */
const CONCURRENCY = 4;

/** A batch of a rack: each machine's share in one transaction, whatever there is of it. */
export async function recordEvidence(region: Region, items: readonly EvidenceItem[]): Promise<void> {
  const seen = items.map(whose);
  const ids = await machinesSeen(
    region.db.kysely,
    // One address that is none must not keep the rest from being recorded.
    seen.map(({ item, mac, systemId }) => ({
      systemId,
      mac,
      address: isInet(item.address ?? "") ? item.address : null,
    })),
  );
  const strangers: Evidence[] = [];
  const byMachine = new Map<number, Seen[]>();
  for (const [index, one] of seen.entries()) {
    const id = ids[index] ?? null;
    if (id !== null) byMachine.set(id, [...(byMachine.get(id) ?? []), one]);
    else if (one.mac !== null) strangers.push(evidence(one, null, null));
  }
  await insertEvidence(region.db.kysely, strangers);
  const waiting = [...byMachine];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await recordOf(region, ...next);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** PostgreSQL takes no zone, as link-local addresses have one (RFC 4007 section 11). */
const isInet = (text: string): boolean => isIP(text) !== 0 && !text.includes("%");

function whose(item: EvidenceItem): Seen {
  // Of BMCs and consoles the rack says whose they are, and for which boot.
  const { systemId, bootEpoch } = item.source === "bmc" || item.source === "console" ? (item.detail ?? {}) : {};
  return {
    item,
    mac: item.mac === null ? null : (parseMac(item.mac) ?? null),
    systemId: typeof systemId === "string" ? systemId : null,
    bootEpoch: typeof bootEpoch === "number" ? bootEpoch : null,
  };
}

const evidence = ({ item, mac }: Seen, nodeId: number | null, bootEpoch: number | null): Evidence => ({
  nodeId,
  mac,
  bootEpoch,
  source: item.source,
  text: item.text,
  ...(item.detail ? { detail: item.detail } : {}),
});

async function recordOf(region: Region, id: number, seen: readonly Seen[]): Promise<void> {
  const ctx = systemCtx(region);
  await region.turns.take(id, () =>
    inTransaction(ctx, async (tx) => {
      const loaded = await lockMachineById(tx, id);
      if (!loaded) return;
      const { machine } = loaded;
      const journal = new Journal();
      journal.seen(...seen.map((one) => evidence(one, id, one.bootEpoch ?? machine.bootEpoch)));
      const steps = seen.filter((one) => stepOf(machine, one) !== undefined);
      const times = steps.length > 0 ? await lifecycleTimes(ctx, tx) : undefined;
      await settle(ctx, tx, loaded, times ? movedBy(machine, steps, times) : decision({}, []), { journal });
    }),
  );
}

/** What these show of the boot, one after the other. */
function movedBy(machine: Machine, steps: readonly Seen[], times: Times): Decision {
  return steps.reduce(
    (before, one) =>
      andThen(machine, before, (now) => {
        const next = stepOf(now, one);
        return next === undefined ? decision({}, []) : bootProgress(now, next, times);
      }),
    decision({}, []),
  );
}

function stepOf(machine: Machine, { item }: Seen) {
  // A machine that we switch is not booting for this purpose until it was seen on: what comes earlier is of its boot before.
  const early = machine.waitingFor === "power_on" || item.at < machine.statusSince.getTime();
  if (early || machine.statusDeadline === null) return undefined;
  const file = typeof item.detail?.file === "string" ? item.detail.file : undefined;
  const next = nextAfter({ source: item.source, text: item.text, file });
  return next !== undefined && isFurther(machine.waitingFor, next) ? next : undefined;
}
