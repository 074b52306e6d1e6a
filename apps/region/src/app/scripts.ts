/** Scripts of our own and of operators: uploading, changing, going back (reference: scripts.md sections 1, 2 and 12). */
import { appendChange } from "@rackwright/db/change";
import { sqlState, type Tx } from "@rackwright/db/connect";
import {
  deleteScript,
  deleteVersionsAfter,
  insertScript,
  insertVersion,
  listScripts,
  lockScript,
  newestVersions,
  readScript,
  type ScriptVersion,
  updateScript,
  versionsOf,
} from "@rackwright/db/scripts";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { normalTags } from "@rackwright/domain/scripts/fields";
import { changedScript, newScript } from "@rackwright/domain/scripts/merge";
import { type Metadata, readMetadata } from "@rackwright/domain/scripts/metadata";
import type { Script } from "@rackwright/domain/scripts/script";
import { isMeant } from "@rackwright/domain/scripts/select";
import { normalText } from "@rackwright/domain/scripts/text";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";

export { registerBuiltinScripts } from "./scripts-builtin.ts";

export interface ScriptView {
  script: Script;
  /** Newest first; with their text where it was asked for. */
  versions: ScriptVersion[];
}

async function views(ctx: Ctx, scripts: readonly Script[], withText: boolean): Promise<ScriptView[]> {
  const versions = await versionsOf(
    ctx.region.db.kysely,
    scripts.map((s) => s.id),
    withText,
  );
  return scripts.map((script) => ({ script, versions: versions.get(script.id) ?? [] }));
}

export interface ScriptFilter {
  type: number | undefined;
  hardwareType: number | undefined;
  /** Names or tags; absent: all. */
  words: readonly string[] | undefined;
}

export async function scriptList(ctx: Ctx, filter: ScriptFilter, withText: boolean): Promise<ScriptView[]> {
  const { type, hardwareType, words } = filter;
  const scripts = await listScripts(ctx.region.db.kysely, {
    ...(type === undefined ? {} : { type }),
    ...(hardwareType === undefined ? {} : { hardwareType }),
  });
  const chosen =
    words === undefined || words.length === 0 ? scripts : scripts.filter((s) => words.some((w) => isMeant(s, w)));
  return views(ctx, chosen, withText);
}

export async function scriptView(ctx: Ctx, nameOrId: string, withText = false): Promise<ScriptView> {
  const script = found(await readScript(ctx.region.db.kysely, nameOrId), nameOrId);
  const [view] = await views(ctx, [script], withText);
  if (!view) throw new Error(`script ${nameOrId} has no view`);
  return view;
}

function found(script: Script | undefined, nameOrId: string): Script {
  if (!script) throw new DomainError("not_found", `There is no script ${nameOrId}.`);
  return script;
}

/** A text that was sent, and why. */
export interface NewText {
  bytes: Uint8Array;
  comment: string | null;
}

/** @throws DomainError on the field that is wrong, stated twice, or taken */
export async function createScript(ctx: Ctx, given: Metadata, text: NewText): Promise<ScriptView> {
  const content = normalText(text.bytes);
  const fields = newScript(given, readMetadata(decode(content)));
  await inTransaction(ctx, async (tx) => {
    const id = await nameFree(fields.name, () => insertScript(tx, fields));
    await insertVersion(tx, id, { content, comment: text.comment, createdAt: ctx.region.now() });
    await appendChange(tx, { kind: "create", entity: "script", entityId: id });
    await audit(ctx, tx, "SETTINGS", `Added script '${fields.name}'.`);
  });
  return scriptView(ctx, fields.name);
}

function decode(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

/** Any caller may come first with a name: the database decides. */
async function nameFree<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (sqlState(error) === "23505") throw invalidField("name", `Script with the name "${name}" already exists.`);
    throw error;
  }
}

/**
 * Change a script in a transaction that holds it.
 * @param what is done, for the audit log
 * @returns what it is then
 */
async function change(
  ctx: Ctx,
  nameOrId: string,
  what: string,
  work: (tx: Tx, script: Script) => Promise<void>,
): Promise<ScriptView> {
  const id = await inTransaction(ctx, async (tx) => {
    const script = found(await lockScript(tx, nameOrId), nameOrId);
    await work(tx, script);
    await appendChange(tx, { kind: "update", entity: "script", entityId: script.id });
    await audit(ctx, tx, "SETTINGS", `${what} script '${script.name}'.`);
    return script.id;
  });
  return scriptView(ctx, String(id));
}

/** Fields of a script that we ship that an operator may change. */
const openOfBuiltin: readonly (keyof Metadata)[] = ["tags", "timeoutSeconds"];

export function changeScript(
  ctx: Ctx,
  nameOrId: string,
  given: Metadata,
  text: NewText | undefined,
): Promise<ScriptView> {
  return change(ctx, nameOrId, "Changed", async (tx, script) => {
    const closed = (Object.keys(given) as (keyof Metadata)[]).filter((key) => !openOfBuiltin.includes(key));
    if (script.builtin && (text !== undefined || closed.length > 0))
      throw new DomainError("bad_request", `${script.name} is built in: only its tags and timeout can be changed.`);
    const content = text && normalText(text.bytes);
    const fields = changedScript(script, given, content && readMetadata(decode(content)));
    await nameFree(fields.name, () => updateScript(tx, script.id, fields));
    if (content && text)
      await insertVersion(tx, script.id, { content, comment: text.comment, createdAt: ctx.region.now() });
  });
}

/** @throws DomainError not_found, or bad_request for one that we ship */
export async function removeScript(ctx: Ctx, nameOrId: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const script = found(await lockScript(tx, nameOrId), nameOrId);
    if (script.builtin) throw new DomainError("bad_request", `${script.name} is built in: it cannot be deleted.`);
    await deleteScript(tx, script.id);
    await appendChange(tx, { kind: "delete", entity: "script", entityId: script.id });
    await audit(ctx, tx, "SETTINGS", `Deleted script '${script.name}'.`);
  });
}

/** The text of one version, by default the newest. @throws DomainError not_found, invalid_fields */
export async function scriptText(ctx: Ctx, nameOrId: string, revision: number | undefined): Promise<Uint8Array> {
  const db = ctx.region.db.kysely;
  const script = found(await readScript(db, nameOrId), nameOrId);
  if (revision === undefined) {
    const content = (await newestVersions(db, [script.id])).get(script.id)?.content;
    if (!content) throw new Error(`script ${script.name} has no version`);
    return content;
  }
  const version = ((await versionsOf(db, [script.id], true)).get(script.id) ?? []).find((v) => v.id === revision);
  if (!version?.content) throw invalidField("revision", `${script.name} has no version ${revision}: see its history.`);
  return version.content;
}

/**
 * Go back to a version; newer ones are gone then.
 * @param to its id, or how many to go back: -1 is the one before
 */
export function revertScript(ctx: Ctx, nameOrId: string, to: number): Promise<ScriptView> {
  return change(ctx, nameOrId, "Went back to an older version of", async (tx, script) => {
    if (script.builtin) throw new DomainError("bad_request", `${script.name} is built in: it cannot be reverted.`);
    const versions = (await versionsOf(tx, [script.id], true)).get(script.id) ?? [];
    const target = to < 0 ? versions[-to] : versions.find((v) => v.id === to);
    if (!target?.content)
      throw invalidField(
        "to",
        to < 0
          ? `${script.name} has only ${versions.length} versions.`
          : `${script.name} has no version ${to}: see its history.`,
      );
    await deleteVersionsAfter(tx, script.id, target.id);
    await updateScript(
      tx,
      script.id,
      changedScript(script, {}, { ...readMetadata(decode(target.content)), name: script.name }),
    );
  });
}

export function addScriptTag(ctx: Ctx, nameOrId: string, tag: string): Promise<ScriptView> {
  return change(ctx, nameOrId, `Added tag '${tag.trim()}' to`, (tx, script) =>
    setTags(tx, script, [...script.tags, tag.trim()]),
  );
}

export function removeScriptTag(ctx: Ctx, nameOrId: string, tag: string): Promise<ScriptView> {
  return change(ctx, nameOrId, `Took tag '${tag.trim()}' off`, (tx, script) =>
    setTags(
      tx,
      script,
      script.tags.filter((t) => t !== tag.trim()),
    ),
  );
}

function setTags(tx: Tx, script: Script, tags: readonly string[]): Promise<void> {
  return updateScript(tx, script.id, { tags: normalTags(tags, script) });
}
