/** SSH keys that a user has published at Launchpad or GitHub. */
import { appendChange } from "@rackwright/db/change";
import { insertSshKey, type SshKey, sshKeysOf } from "@rackwright/db/users";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { parseSshPublicKey, type SshPublicKey, sshKeyLine } from "@rackwright/domain/ssh-key/parse";
import { type Ctx, inTransaction } from "../context.ts";
import { audit, userIdOf } from "./audit.ts";
import { isSame } from "./ssh-keys.ts";

/** Where the keys of a name are, one in a line. */
export type KeyAddresses = Record<string, (name: string) => string>;
const PUBLISHED: KeyAddresses = {
  lp: (name) => `https://launchpad.net/~${name}/+sshkeys`,
  gh: (name) => `https://github.com/${name}.keys`,
};
const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/;
const PATIENCE_MS = 10_000;
const MOST_BYTES = 1 << 20;
/** Each goes onto every machine that the user deploys. */
const MOST_KEYS = 200;

/** @throws DomainError invalid_fields that says what was asked where, and what came of it */
async function publishedAt(url: string): Promise<string> {
  const failed = (why: string) =>
    invalidField("keysource", `Keys could not be fetched from ${url}: ${why}. Add them one by one, or try again.`);
  let reply: Response;
  try {
    // Elsewhere is not where the user said that the keys are.
    reply = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: "error" });
    if (reply.status === 404) throw failed("nobody has this name there");
    if (!reply.ok) throw failed(`the server answered ${reply.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of reply.body ?? []) {
      size += chunk.length;
      if (size > MOST_BYTES) throw failed(`there are more than ${MOST_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw failed(cause instanceof Error ? cause.message : "no answer");
  }
}

/**
 * Those that the caller has already stay as they are.
 * @param source `lp:NAME` or `gh:NAME`
 * @returns all keys of the source
 * @throws DomainError invalid_fields
 */
export async function importSshKeys(ctx: Ctx, source: string, addresses = PUBLISHED): Promise<SshKey[]> {
  return keepSshKeys(ctx, source, await publishedSshKeys(source, addresses));
}

/** What is published there; nothing is kept yet. @throws DomainError invalid_fields */
export async function publishedSshKeys(source: string, addresses = PUBLISHED): Promise<SshPublicKey[]> {
  const [, protocol = "", name = ""] = /^(\w+):(.*)$/.exec(source.trim()) ?? [];
  const address = Object.hasOwn(addresses, protocol) ? addresses[protocol] : undefined;
  if (!address || !NAME.test(name))
    throw invalidField("keysource", `'${source}' is no source of keys: give lp:NAME (Launchpad) or gh:NAME (GitHub).`);
  const lines = (await publishedAt(address(name))).split("\n").filter((line) => line.trim() !== "");
  const keys = lines.map(parseSshPublicKey).filter((key): key is SshPublicKey => !("problem" in key));
  if (keys.length === 0) throw invalidField("keysource", `${source} has no SSH keys that are taken.`);
  if (keys.length > MOST_KEYS)
    throw invalidField(
      "keysource",
      `${source} has ${keys.length} keys, and up to ${MOST_KEYS} are imported: add them one by one.`,
    );
  return keys;
}

/** Add to the caller's those that he has not. @returns all of them */
export function keepSshKeys(ctx: Ctx, source: string, keys: readonly SshPublicKey[]): Promise<SshKey[]> {
  return inTransaction(ctx, async (tx) => {
    const userId = userIdOf(ctx);
    const imported: SshKey[] = [];
    const before = await sshKeysOf(tx, userId);
    for (const key of keys) {
      const there = [...before, ...imported].find((stored) => isSame(stored, key));
      const made = there ?? (await insertSshKey(tx, userId, sshKeyLine(key), source.trim()));
      if (!made) continue;
      if (!imported.some(({ id }) => id === made.id)) imported.push(made);
      if (there) continue;
      await appendChange(tx, { kind: "create", entity: "ssh_key", entityId: made.id, visibleTo: String(userId) });
      await audit(ctx, tx, "AUTHORISATION", `Imported SSH key id=${made.id} from ${source.trim()}.`);
    }
    return imported;
  });
}
