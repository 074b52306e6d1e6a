/** What root may ask of the region on its own host: API keys, administrators, how it is. */
import { users } from "@rackwright/contract/resources/users";
import { invalidField } from "@rackwright/domain/errors";
import { z } from "zod";
import { createKey, deleteKey, listKeys, renameKey } from "../app/api-keys.ts";
import { namedUser, newestKey } from "../app/accounts.ts";
import { installation, setLogLevel } from "../app/installation.ts";
import { overview } from "../app/overview.ts";
import { keepSshKeys, type KeyAddresses, publishedSshKeys } from "../app/ssh-key-import.ts";
import { changePassword, createUser } from "../app/users.ts";
import { apiKey } from "../auth/tokens.ts";
import { type Ctx, type Region, systemCtx } from "../context.ts";

const text = z.string().trim().min(1, "Must not be empty.");
const KeyRequest = z.object({
  username: text,
  generate: z.boolean().default(false),
  list: z.boolean().default(false),
  name: z.string().max(255).optional(),
  delete: text.optional(),
  update: text.optional(),
});
const { username, email } = users.actions.create.params;
const password = z.string().min(1, "Must not be empty.");
const AdminRequest = z.object({ username: text, email: text, password, sshImport: text.optional() });
const PasswordRequest = z.object({ username: text, password });
const ConfigRequest = z.object({ logLevel: z.enum(["debug", "info", "warn", "error"]) });

function decode<T>(schema: z.ZodType<T>, body: Record<string, unknown>): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidField(issue?.path.join(".") || "body", issue?.message ?? "Malformed.");
}

/** The same rules as at the API's door. */
function checked(name: string, param: typeof username, value: string): string {
  const parsed = param.schema.safeParse([value]);
  if (parsed.success) return parsed.data;
  throw invalidField(name, parsed.error.issues[0]?.message ?? "Malformed.");
}

/** @param keys where published SSH keys are; the usual places unless told otherwise */
export function adminCommands(
  region: Region,
  keys?: KeyAddresses,
): Record<string, (body: Record<string, unknown>) => Promise<object>> {
  const ctx = systemCtx(region);
  const startedAt = performance.now();
  return {
    async "POST /admin/apikey"(body) {
      const request = decode(KeyRequest, body);
      const user = await namedUser(region, request.username);
      if (request.delete !== undefined) {
        await deleteKey(ctx, user, "delete", request.delete);
        return { deleted: request.delete };
      }
      if (request.update !== undefined) {
        if (!request.name) throw invalidField("name", "Say the key's new name.");
        await renameKey(ctx, user, "update", request.update, request.name);
        return { updated: request.update };
      }
      if (request.list)
        return { keys: (await listKeys(ctx, user)).map((token) => ({ key: apiKey(token), name: token.name })) };
      const key = request.generate ? await createKey(ctx, user, request.name) : await newestKey(ctx, user);
      return { key: apiKey(key) };
    },
    async "POST /admin/createadmin"(body) {
      const request = decode(AdminRequest, body);
      const source = request.sshImport;
      // Before the user is made: where the keys cannot be had nothing was done, and the command is given again.
      const published = source === undefined ? [] : await publishedSshKeys(source, keys);
      const user = await createUser(ctx, {
        username: checked("username", username, request.username),
        email: checked("email", email, request.email),
        password: request.password,
        isSuperuser: true,
      });
      if (source === undefined) return { sshKeys: 0 };
      const own: Ctx = { ...ctx, actor: { kind: "user", userId: user.id, username: user.username, isSuperuser: true } };
      return { sshKeys: (await keepSshKeys(own, source, published)).length };
    },
    async "POST /admin/changepassword"(body) {
      const request = decode(PasswordRequest, body);
      await changePassword(ctx, request.username, request.password);
      return {};
    },
    async "GET /admin/config"() {
      return installation(region);
    },
    async "POST /admin/config"(body) {
      setLogLevel(region, decode(ConfigRequest, body).logLevel);
      return installation(region);
    },
    async "GET /admin/status"() {
      return overview(region, Math.round((performance.now() - startedAt) / 1000));
    },
  };
}
