/** The scripts that we ship, brought into the database when a region starts. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { appendChange } from "@rackwright/db/change";
import { type Tx, transaction } from "@rackwright/db/connect";
import {
  insertScript,
  insertVersion,
  listScripts,
  lockBuiltinScripts,
  newestVersions,
  updateScript,
} from "@rackwright/db/scripts";
import { newScript } from "@rackwright/domain/scripts/merge";
import { readMetadata } from "@rackwright/domain/scripts/metadata";
import { type Script, scriptType } from "@rackwright/domain/scripts/script";
import { normalText } from "@rackwright/domain/scripts/text";
import type { Region } from "../context.ts";

interface Shipped {
  fields: Omit<Script, "id">;
  content: Uint8Array;
}

/**
 * Insert or update the scripts in `directory`/{commissioning,testing,release}. A new version is made only of a text that has changed; tags and
 * timeout stay as the operator has them. Regions that start together wait for each other.
 * @throws Error naming the file whose metadata are wrong
 */
export async function registerBuiltinScripts(
  region: Pick<Region, "db" | "now"> & { log: Pick<Region["log"], "warn"> },
  directory: string,
): Promise<void> {
  const shipped = await readShipped(directory);
  await transaction(region.db, async (tx) => {
    await lockBuiltinScripts(tx);
    const known = new Map((await listScripts(tx)).map((s) => [s.name, s]));
    const versions = await newestVersions(
      tx,
      [...known.values()].map((s) => s.id),
    );
    for (const one of shipped) {
      const script = known.get(one.fields.name);
      if (!script) await add(tx, one, region.now());
      else if (script.builtin) await refresh(tx, script, versions.get(script.id)?.content, one, region.now());
      else
        region.log.warn(
          `The script ${script.name} is one of your own; the built-in one of that name is left out until you rename yours.`,
        );
    }
  });
}

async function readShipped(directory: string): Promise<Shipped[]> {
  const found: Shipped[] = [];
  for (const [kind, type] of Object.entries(scriptType)) {
    const names = await readdir(join(directory, kind)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    for (const name of names.sort((a, b) => (a < b ? -1 : 1)))
      found.push(await readOne(join(directory, kind, name), name, type));
  }
  return found;
}

async function readOne(path: string, name: string, type: number): Promise<Shipped> {
  const content = normalText(await readFile(path));
  try {
    const metadata = readMetadata(new TextDecoder().decode(content));
    return { fields: newScript({ name, type }, metadata, true), content };
  } catch (error) {
    throw new Error(`cannot take up the built-in script ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function add(tx: Tx, { fields, content }: Shipped, now: Date): Promise<void> {
  const id = await insertScript(tx, fields);
  await insertVersion(tx, id, { content, comment: null, createdAt: now });
  await appendChange(tx, { kind: "create", entity: "script", entityId: id });
}

async function refresh(
  tx: Tx,
  script: Script,
  current: Uint8Array | undefined,
  { fields, content }: Shipped,
  now: Date,
): Promise<void> {
  if (current && Buffer.from(current).equals(content)) return;
  const { tags: _tags, timeoutSeconds: _timeout, ...rest } = fields;
  await updateScript(tx, script.id, rest);
  await insertVersion(tx, script.id, { content, comment: null, createdAt: now });
  await appendChange(tx, { kind: "update", entity: "script", entityId: script.id });
}
