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

/** Node timeout and clock: what the lifecycle asks of the outside. */
export async function lifecycleTimes(ctx: Ctx, tx: Tx): Promise<{ now: Date; nodeTimeoutMinutes: number }> {
  const { node_timeout } = await getConfig(tx, "node_timeout");
  return { now: ctx.region.now(), nodeTimeoutMinutes: node_timeout };
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
}
