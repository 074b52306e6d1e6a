import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { forwardPort } from "./forward.ts";

test("what the unix socket serves is served on the port, whole, and no longer after close", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "lab-forward-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const unixSocket = join(dir, "s");
  const body = Buffer.alloc(5_000_000, "x"); // more than the sockets' buffers hold
  const server = createHttp((request, response) => {
    request.resume().on("end", () => response.end(request.method === "POST" ? "posted" : body));
  });
  const forward = await forwardPort({ port: 0, unixSocket });
  t.after(() => forward.close());
  const url = `http://127.0.0.1:${forward.port}/`;

  await assert.rejects(fetch(url), "nobody listens inside yet");

  await new Promise<void>((resolve) => server.listen(unixSocket, resolve));
  t.after(() => server.close());
  const reply = await fetch(url, { headers: { connection: "close" } });
  assert.equal((await reply.arrayBuffer()).byteLength, body.length);
  const posted = await fetch(url, { method: "POST", body });
  assert.equal(await posted.text(), "posted");

  await forward.close();
  await assert.rejects(fetch(url));
});

test("a port that is taken is said", async (t) => {
  const first = await forwardPort({ port: 0, unixSocket: "/nowhere" });
  t.after(() => first.close());
  await assert.rejects(
    forwardPort({ port: first.port, unixSocket: "/nowhere" }),
    /cannot forward 127\.0\.0\.1:\d+: .*EADDRINUSE/,
  );
});
