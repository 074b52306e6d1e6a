/** Files that users leave with us: each its owner's alone, but for those who know its key. */
import { randomUUID } from "node:crypto";
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/stored-files";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { userIdOf } from "./audit.ts";

/** They are rows: what is larger, or more, does not belong into a database. */
const MOST = { bytes: 16 * 2 ** 20, bytesOfUser: 256 * 2 ** 20, filesOfUser: 10_000 };

const noFile = (filename: string) => new DomainError("not_found", `You have no file '${filename}'.`);

export const ownFiles = (ctx: Ctx, prefix: string): Promise<db.StoredFile[]> =>
  db.filesOf(ctx.region.db.kysely, userIdOf(ctx), prefix);

/** @throws DomainError not_found */
export async function readFile(ctx: Ctx, filename: string): Promise<db.StoredFile & { content: Buffer }> {
  const file = await db.fileNamed(ctx.region.db.kysely, userIdOf(ctx), filename);
  if (!file) throw noFile(filename);
  return file;
}

/** For anybody, whoever owns it: API 1.0 has it so. Of several the newest. @throws DomainError not_found */
export async function readAnyFile(ctx: Ctx, filename: string): Promise<Buffer> {
  const content = await db.newestFileContent(ctx.region.db.kysely, filename);
  if (!content) throw new DomainError("not_found", `There is no file '${filename}'.`);
  return content;
}

/** For anybody. @throws DomainError not_found */
export async function readFileByKey(ctx: Ctx, key: string): Promise<Buffer> {
  const content = await db.fileContentByKey(ctx.region.db.kysely, key);
  if (!content) throw new DomainError("not_found", "No file has this key.");
  return content;
}

/**
 * One of the same name is replaced.
 * @param content undefined: none was sent, or it was too large to be taken into memory
 * @throws DomainError invalid_fields, payload_too_large
 */
export async function storeFile(
  ctx: Ctx,
  filename: string,
  file: { sizeBytes: number; bytes?: Uint8Array } | undefined,
): Promise<void> {
  if (!file) throw invalidField("file", "Send the file itself, as a part called file.");
  const { bytes } = file;
  if (bytes === undefined || file.sizeBytes > MOST.bytes)
    throw new DomainError("payload_too_large", `'${filename}' has ${file.sizeBytes} bytes: ${MOST.bytes} are taken.`);
  const ownerId = userIdOf(ctx);
  await inTransaction(ctx, async (tx) => {
    const others = await db.lockOtherFiles(tx, ownerId, filename);
    if (others.count >= MOST.filesOfUser || others.bytes + file.sizeBytes > MOST.bytesOfUser)
      throw new DomainError(
        "payload_too_large",
        `'${filename}' has no room: your other ${others.count} files have ${others.bytes} bytes. A user may have ` +
          `${MOST.filesOfUser} files of ${MOST.bytesOfUser} bytes in all: delete some first.`,
      );
    await db.saveFile(tx, ownerId, { filename, key: randomUUID(), content: Buffer.from(bytes) });
    await appendChange(tx, { kind: "update", entity: "file", entityId: filename, visibleTo: String(ownerId) });
  });
}

/** @throws DomainError not_found */
export async function deleteFile(ctx: Ctx, filename: string): Promise<void> {
  const ownerId = userIdOf(ctx);
  await inTransaction(ctx, async (tx) => {
    if (!(await db.deleteFileRow(tx, ownerId, filename))) throw noFile(filename);
    await appendChange(tx, { kind: "delete", entity: "file", entityId: filename, visibleTo: String(ownerId) });
  });
}
