/**
 * Commissioning scripts as API 1.0 has them: bytes under a name, of operators alone. They are scripts as any other of that type, with nothing
 * asked of their text, which may be a program: it comes to machines as it was sent.
 */
import { appendChange } from "@rackwright/db/change";
import { sqlState } from "@rackwright/db/connect";
import { insertScript, insertVersion, listScripts, lockScript, newestVersions } from "@rackwright/db/scripts";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { checkName } from "@rackwright/domain/scripts/fields";
import { newScript } from "@rackwright/domain/scripts/merge";
import { type Script, scriptType } from "@rackwright/domain/scripts/script";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { removeScript } from "./scripts.ts";

export interface RawScript {
  name: string;
  content: Uint8Array;
}

type Given = { bytes?: Uint8Array; sizeBytes: number } | undefined;

/** Scripts are rows: what is larger does not belong there. */
const MOST_BYTES = 16 * 2 ** 20;

const isRaw = (script: Script | undefined): script is Script =>
  script !== undefined && !script.builtin && script.type === scriptType.commissioning;

const noScript = (name: string) => new DomainError("not_found", `There is no commissioning script '${name}'.`);

function bytesOf(content: Given): Uint8Array {
  if (!content) throw invalidField("content", "This field is required: send the script as a file.");
  if (content.bytes === undefined || content.sizeBytes > MOST_BYTES)
    throw invalidField("content", `It has ${content.sizeBytes} bytes: ${MOST_BYTES} are taken.`);
  if (content.sizeBytes === 0) throw invalidField("content", "The file is empty.");
  return content.bytes;
}

/** By name, as the machine runs them. */
export async function rawScriptNames(ctx: Ctx): Promise<string[]> {
  const scripts = await listScripts(ctx.region.db.kysely, { type: scriptType.commissioning });
  return scripts
    .filter(isRaw)
    .map((script) => script.name)
    .sort();
}

async function rawScript(ctx: Ctx, name: string): Promise<Script> {
  const scripts = await listScripts(ctx.region.db.kysely, { type: scriptType.commissioning });
  const script = scripts.find((one) => one.name === name);
  if (!isRaw(script)) throw noScript(name);
  return script;
}

/** @throws DomainError not_found */
export async function readRawScript(ctx: Ctx, name: string): Promise<RawScript> {
  const { id } = await rawScript(ctx, name);
  const content = (await newestVersions(ctx.region.db.kysely, [id])).get(id)?.content;
  if (!content) throw new Error(`script ${name} has no version`);
  return { name, content };
}

/** @throws DomainError invalid_fields when the name is taken or no name */
export async function createRawScript(ctx: Ctx, name: string, given: Given): Promise<RawScript> {
  const content = bytesOf(given);
  const fields = newScript({ name: checkName(name), type: scriptType.commissioning }, {});
  try {
    await inTransaction(ctx, async (tx) => {
      const id = await insertScript(tx, fields);
      await insertVersion(tx, id, { content, comment: null, createdAt: ctx.region.now() });
      await appendChange(tx, { kind: "create", entity: "script", entityId: id });
      await audit(ctx, tx, "SETTINGS", `Added script '${name}'.`);
    });
  } catch (error) {
    if (sqlState(error) === "23505") throw invalidField("name", `There is a script '${name}' already.`);
    throw error;
  }
  return { name, content };
}

/** @throws DomainError not_found, invalid_fields */
export async function replaceRawScript(ctx: Ctx, name: string, given: Given): Promise<void> {
  const content = bytesOf(given);
  await inTransaction(ctx, async (tx) => {
    const script = await lockScript(tx, name);
    if (!isRaw(script) || script.name !== name) throw noScript(name);
    await insertVersion(tx, script.id, { content, comment: null, createdAt: ctx.region.now() });
    await appendChange(tx, { kind: "update", entity: "script", entityId: script.id });
    await audit(ctx, tx, "SETTINGS", `Changed script '${name}'.`);
  });
}

/** @throws DomainError not_found */
export async function deleteRawScript(ctx: Ctx, name: string): Promise<void> {
  await rawScript(ctx, name);
  await removeScript(ctx, name);
}
