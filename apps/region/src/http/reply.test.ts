import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "@rackwright/domain/errors";
import Fastify from "fastify";
import { sendError } from "./reply.ts";

async function answerTo(error: unknown): Promise<[status: number, text: string, known: boolean]> {
  const server = Fastify();
  let known = false;
  server.get("/", (_request, reply) => {
    known = sendError(reply, error, "req-1");
  });
  const { statusCode, body } = await server.inject("/");
  await server.close();
  return [statusCode, body, known];
}

test("a database that is away is 503, to be asked again; a bug is 500, to be logged", async () => {
  const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" });
  assert.deepEqual(await answerTo(away), [503, "The database does not answer just now: try again.", true]);
  assert.deepEqual(await answerTo(new DomainError("gone", "Withdrawn.")), [410, "Withdrawn.", true]);
  const [status, text, known] = await answerTo(new Error("a bug"));
  assert.deepEqual([status, known], [500, false]);
  assert.match(text, /req-1/);
});
