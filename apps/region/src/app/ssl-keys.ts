/** SSL keys of users: X.509 certificates, each its owner's alone. */
import { X509Certificate } from "node:crypto";
import { appendChange } from "@rackwright/db/change";
import { deleteSslKeyRow, insertSslKey, type SslKey, sslKeyById, sslKeysOf } from "@rackwright/db/ssl-keys";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit, userIdOf } from "./audit.ts";

export const ownSslKeys = (ctx: Ctx): Promise<SslKey[]> => sslKeysOf(ctx.region.db.kysely, userIdOf(ctx));

const ONE_CERTIFICATE = /^-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----$/;

/** @throws DomainError invalid_fields; what was sent is not repeated, it may be a private key */
function checkCertificate(key: string): void {
  if (key.includes("PRIVATE KEY"))
    throw invalidField("key", "This is a private key: keep it to yourself, and send the certificate.");
  try {
    if (ONE_CERTIFICATE.test(key)) {
      void new X509Certificate(key);
      return;
    }
  } catch {
    // Not one: said below.
  }
  throw invalidField("key", "This is no certificate: send one X.509 certificate in PEM (-----BEGIN CERTIFICATE-----).");
}

/** @throws DomainError invalid_fields when it is no certificate, or the caller has it already */
export async function addSslKey(ctx: Ctx, text: string): Promise<SslKey> {
  const key = text.trim();
  checkCertificate(key);
  const userId = userIdOf(ctx);
  return inTransaction(ctx, async (tx) => {
    const made = await insertSslKey(tx, userId, key);
    if (!made) throw invalidField("key", "This SSL key has already been added for this user.");
    await appendChange(tx, { kind: "create", entity: "ssl_key", entityId: made.id, visibleTo: String(userId) });
    await audit(ctx, tx, "AUTHORISATION", `Added SSL key id=${made.id}.`);
    return made;
  });
}

function own(ctx: Ctx, key: SslKey | undefined, id: number): SslKey {
  if (!key) throw new DomainError("not_found", `There is no SSL key ${id}.`);
  if (key.userId !== userIdOf(ctx)) throw new DomainError("forbidden", `SSL key ${id} is another user's.`);
  return key;
}

/** @throws DomainError not_found, forbidden */
export const readSslKey = async (ctx: Ctx, id: number): Promise<SslKey> =>
  own(ctx, await sslKeyById(ctx.region.db.kysely, id), id);

/** @throws DomainError not_found, forbidden */
export async function removeSslKey(ctx: Ctx, id: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const { userId } = own(ctx, await sslKeyById(tx, id), id);
    await deleteSslKeyRow(tx, id);
    await appendChange(tx, { kind: "delete", entity: "ssl_key", entityId: id, visibleTo: String(userId) });
    await audit(ctx, tx, "AUTHORISATION", `Deleted SSL key id=${id}.`);
  });
}
