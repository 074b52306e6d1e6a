/** Logging in with name and password, for programs: an API key in return (reference: describe.md section 10). */
import { DomainError } from "@rackwright/domain/errors";
import type { FastifyInstance } from "fastify";
import { keyByPassword } from "../app/accounts.ts";
import { GuessingGuard } from "../auth/guessing.ts";
import type { Region } from "../context.ts";
import { parseBody } from "./body.ts";
import { JSON_TYPE, jsonText, sendError, TEXT } from "./reply.ts";

const PATH = "/MAAS/accounts/authenticate/";
const LIMITS = { total: 64 << 10, inMemory: 64 << 10 };

export function loginRoute(server: FastifyInstance, region: Region): void {
  const guard = new GuessingGuard();
  server.all(PATH, async (request, reply) => {
    if (request.method !== "POST") return reply.code(405).header("allow", "POST").header("content-type", TEXT).send("");
    try {
      const { params } = await parseBody(request.raw, request.headers["content-type"], LIMITS);
      const text = (name: string) => {
        const value = params[name]?.at(-1);
        return typeof value === "string" ? value : "";
      };
      const [username, password] = [text("username"), text("password")];
      if (username.includes("\0")) throw new DomainError("bad_request", "A user name has no NUL characters.");
      const waitMs = guard.begin(request.ip, username, region.now().getTime());
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        return reply
          .code(429)
          .headers({ "content-type": TEXT, "retry-after": String(seconds) })
          .send(`Too many failed attempts: wait ${seconds} s.`);
      }
      const consumer = text("consumer").trim() || undefined;
      const token = await keyByPassword(region, { username, password, consumer });
      if (!token) {
        region.log.warn({ username, address: request.ip }, "a log in with a wrong password, or of an unknown user");
        return reply.code(403).header("content-type", TEXT).send("");
      }
      guard.succeeded(request.ip, username);
      const { consumerKey, name, tokenKey, tokenSecret } = token;
      return reply
        .header("content-type", JSON_TYPE)
        .send(jsonText({ consumer_key: consumerKey, name, token_key: tokenKey, token_secret: tokenSecret }));
    } catch (error) {
      if (!sendError(reply, error, request.id))
        region.log.error({ err: error, requestId: request.id }, "log in failed");
      return reply;
    }
  });
}
