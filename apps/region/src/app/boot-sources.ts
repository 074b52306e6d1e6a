/** Where images are announced: list, read, create, change, delete. */
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/boot-sources";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { directoryAddress, webAddress } from "@rackwright/domain/software/rules";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import type { Db } from "./named.ts";

export type BootSource = db.SourceRow;
export interface SourceRequest {
  url?: string | undefined;
  keyring_filename?: string | undefined;
  keyring_data?: { bytes?: Uint8Array; sizeBytes: number } | undefined;
}

/** A keyring has a few thousand bytes. */
const MOST_KEYRING_BYTES = 1 << 20;

export const bootSources = (ctx: Ctx): Promise<BootSource[]> => db.listSources(ctx.region.db.kysely);

/** @throws DomainError not_found */
export async function sourceOf(at: Db, id: number): Promise<BootSource> {
  const source = await db.sourceById(at, id);
  if (!source) throw new DomainError("not_found", `There is no boot source ${id}.`);
  return source;
}

export const bootSource = (ctx: Ctx, id: number): Promise<BootSource> => sourceOf(ctx.region.db.kysely, id);

/** @throws DomainError invalid_fields */
function merged(before: db.SourceFields, request: SourceRequest, unsigned: boolean): db.SourceFields {
  const data = request.keyring_data;
  if (data && (data.bytes === undefined || data.sizeBytes > MOST_KEYRING_BYTES))
    throw invalidField("keyring_data", `A keyring has up to ${MOST_KEYRING_BYTES} bytes, this ${data.sizeBytes}.`);
  const url = request.url?.trim() || before.url;
  const given = { filename: request.keyring_filename?.trim(), bytes: data && Buffer.from(data.bytes ?? []) };
  // Who gives one of the two means it instead of the other.
  const after: db.SourceFields = {
    url,
    keyring_filename: given.filename ?? (given.bytes?.length ? "" : before.keyring_filename),
    keyring_data: given.bytes ?? (given.filename ? Buffer.alloc(0) : before.keyring_data),
  };
  const address = webAddress(url) ?? directoryAddress(url);
  if (!address)
    throw invalidField(
      "url",
      `'${url}' is no address: give http://, https://, or file:/// with a path of the region's host.`,
    );
  if (address.username !== "" || address.password !== "")
    throw invalidField("url", "Passwords do not belong into an address: it is shown to others.");
  const [hasName, hasData] = [after.keyring_filename !== "", after.keyring_data.length > 0];
  if (hasName === hasData && (hasName || !unsigned))
    throw invalidField(
      "__all__",
      hasName
        ? "There is either keyring_filename or keyring_data, not both: leave one out."
        : "A source is verified: give keyring_filename or keyring_data.",
    );
  return after;
}

const taken = (url: string) => invalidField("url", `There is a boot source '${url}' already.`);

/**
 * @param unsigned a source without a keyring is taken: nothing that comes from there is verified
 * @throws DomainError invalid_fields
 */
export async function createSource(ctx: Ctx, request: SourceRequest, unsigned = false): Promise<BootSource> {
  const fields = merged({ url: "", keyring_filename: "", keyring_data: Buffer.alloc(0) }, request, unsigned);
  return inTransaction(ctx, async (tx) => {
    const made = await db.insertSource(tx, fields);
    if (!made) throw taken(fields.url);
    await appendChange(tx, { kind: "create", entity: "boot_source", entityId: made.id });
    await audit(ctx, tx, "IMAGES", `Created boot source '${made.url}'.`);
    return made;
  });
}

/** @throws DomainError not_found, invalid_fields */
export async function updateSource(
  ctx: Ctx,
  id: number,
  request: SourceRequest,
  unsigned = false,
): Promise<BootSource> {
  return inTransaction(ctx, async (tx) => {
    const { url, keyring_filename, keyring_data } = await sourceOf(tx, id);
    const fields = merged({ url, keyring_filename, keyring_data }, request, unsigned);
    if (await db.sourceUrlTaken(tx, fields.url, id)) throw taken(fields.url);
    const after = await db.updateSourceRow(tx, id, fields);
    await appendChange(tx, { kind: "update", entity: "boot_source", entityId: id });
    await audit(ctx, tx, "IMAGES", `Updated boot source '${after.url}'.`);
    return after;
  });
}

/** With its selections. @throws DomainError not_found */
export async function deleteSource(ctx: Ctx, id: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const { url } = await sourceOf(tx, id);
    await db.deleteSourceRow(tx, id);
    await appendChange(tx, { kind: "delete", entity: "boot_source", entityId: id });
    await audit(ctx, tx, "IMAGES", `Deleted boot source '${url}'.`);
  });
}
