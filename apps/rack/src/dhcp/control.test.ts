import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keaCommand } from "./control.ts";
import { findKea } from "./install.ts";

/** A control socket that answers as `answer` does. */
async function withSocket<T>(
  answer: (socket: Socket, request: string) => void,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "rwkea-control-"));
  const path = join(directory, "s");
  const server = createServer((socket) => socket.on("data", (chunk) => answer(socket, chunk.toString())));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return await use(path);
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
}

test("one object there, one back, in however many pieces", async () => {
  const requests: unknown[] = [];
  await withSocket(
    (socket, request) => {
      requests.push(JSON.parse(request));
      socket.write('{"result": 3, "te');
      setImmediate(() => socket.end('xt": "IPv4 lease not found."}'));
    },
    async (path) => {
      const reply = await keaCommand(path, "lease4-del", { "ip-address": "10.0.0.1" });
      assert.deepEqual(reply, { result: 3, text: "IPv4 lease not found.", arguments: undefined });
      await keaCommand(path, "status-get");
    },
  );
  assert.deepEqual(requests, [
    { command: "lease4-del", arguments: { "ip-address": "10.0.0.1" } },
    { command: "status-get" },
  ]);
});

test("what goes wrong says which command, where, and why", async () => {
  await assert.rejects(keaCommand("/nonexistent/kea.sock", "status-get"), {
    code: "rack_unavailable",
    message: /cannot send status-get to the DHCP server \(kea-dhcp4\) at \/nonexistent\/kea\.sock: .*ENOENT/,
  });
  await withSocket(
    (socket) => socket.end("not json"),
    async (path) => await assert.rejects(keaCommand(path, "status-get"), /the answer is not JSON: not json/),
  );
  await withSocket(
    () => undefined,
    async (path) => await assert.rejects(keaCommand(path, "status-get", undefined, 20), /no answer within 20 ms/),
  );
});

test("where Kea is not installed, the package to install is named", async () => {
  await assert.rejects(findKea(["/nonexistent"], ["/nonexistent"]), {
    code: "rack_unavailable",
    message: /kea-dhcp4 is not installed\. Install the package kea-dhcp4-server/,
  });
});
