/** Settings: read with their defaults, written with their rules. */
import { appendChange } from "@rackwright/db/change";
import { storeConfig, storedConfig } from "@rackwright/db/config";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import {
  configItems,
  configName,
  isSecret,
  type ConfigName,
  type ConfigValue,
  parseConfigValue,
} from "@rackwright/domain/config/items";
import { timespanSeconds } from "@rackwright/domain/config/timespan";
import { DomainError } from "@rackwright/domain/errors";
import { actorName, type Ctx, inTransaction, type Region } from "../context.ts";

/** Several settings in one look. */
export async function getConfig<N extends ConfigName>(
  db: Region["db"]["kysely"] | Tx,
  ...names: N[]
): Promise<{ [K in N]: ConfigValue<K> }> {
  const stored = await storedConfig(db, names);
  return Object.fromEntries(
    names.map((name) => [name, stored.has(name) ? stored.get(name) : configItems[name].default]),
  ) as { [K in N]: ConfigValue<K> };
}

/** One setting by the name that a caller wrote. @throws DomainError forbidden for a secret that is not the caller's to know */
export async function readSetting(ctx: Ctx, given: string): Promise<unknown> {
  const name = configName(given);
  const { actor } = ctx;
  if (isSecret(name) && !(actor.kind === "user" && actor.isSuperuser))
    throw new DomainError("forbidden", `${name} is a secret: only administrators read it.`);
  const values = await getConfig(ctx.region.db.kysely, name);
  return values[name] ?? null;
}

/** Each signal of each machine asks for it: what another region changes counts here that much later. */
const NODE_TIMEOUT_KEPT_MS = 2_000;
const nodeTimeouts = new WeakMap<Region["db"], { minutes: number; until: number }>();

/** Node timeout and clock: what the lifecycle asks of the outside. */
export async function lifecycleTimes(ctx: Ctx, tx: Tx): Promise<{ now: Date; nodeTimeoutMinutes: number }> {
  let kept = nodeTimeouts.get(ctx.region.db);
  if (!kept || kept.until < performance.now()) {
    const { node_timeout } = await getConfig(tx, "node_timeout");
    kept = { minutes: node_timeout, until: performance.now() + NODE_TIMEOUT_KEPT_MS };
    nodeTimeouts.set(ctx.region.db, kept);
  }
  return { now: ctx.region.now(), nodeTimeoutMinutes: kept.minutes };
}

/** Seconds between the reports of systems that are deployed from now on. */
export async function hardwareSyncInterval(db: Region["db"]["kysely"] | Tx): Promise<number> {
  const { hardware_sync_interval: text } = await getConfig(db, "hardware_sync_interval");
  const seconds = timespanSeconds(text);
  if (seconds === undefined) throw new Error(`the setting hardware_sync_interval is no time span: ${text}`);
  return seconds;
}

export async function writeSetting(ctx: Ctx, given: string, text: string): Promise<void> {
  const name = configName(given);
  const value = parseConfigValue(name, text);
  await inTransaction(ctx, async (tx) => {
    await storeConfig(tx, name, value);
    await appendChange(tx, { kind: "update", entity: "config", entityId: name });
    await insertEvents(tx, { nodeId: null, hostname: "", username: actorName(ctx.actor) }, [
      { type: "SETTINGS", description: `Updated configuration setting '${name}'.` },
    ]);
  });
  nodeTimeouts.delete(ctx.region.db);
}
