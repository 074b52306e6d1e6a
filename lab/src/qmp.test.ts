import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Qmp } from "./qmp.ts";

/** The server's end of QMP, in the hands of the test. */
async function peer(t: TestContext, onRequest: (request: { execute: string; id: number }, socket: Socket) => void) {
  const dir = mkdtempSync(join(tmpdir(), "lab-qmp-"));
  const path = join(dir, "s");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write('{"QMP": {"version": {}}}\r\n');
    socket.on("data", (text: Buffer) => {
      for (const line of text.toString().trim().split("\n"))
        onRequest(JSON.parse(line) as { execute: string; id: number }, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    server.close();
    rmSync(dir, { recursive: true });
  });
  return path;
}

test("replies find their command, errors their words, and events arrive although a packet cuts them in two", async (t) => {
  const path = await peer(t, ({ execute, id }, socket) => {
    if (execute === "set_link")
      socket.write(`{"error": {"class": "GenericError", "desc": "no such card"}, "id": ${id}}\r\n`);
    else socket.write(`{"return": {"did": "${execute}"}, "id": ${id}}\r\n`);
    if (execute !== "quit") return;
    socket.write('{"event": "SHUTDOWN", "data": {"rea');
    setImmediate(() => socket.end('son": "guest-reset"}}\r\n'));
  });
  const events: unknown[] = [];
  const qmp = await Qmp.connect(path, (event) => events.push(event));
  assert.deepEqual(await qmp.execute("cont"), { did: "cont" });
  await assert.rejects(qmp.execute("set_link"), /QEMU did not do set_link: no such card/);
  await qmp.execute("quit");
  await qmp.closed;
  assert.deepEqual(
    events,
    [{ event: "SHUTDOWN", data: { reason: "guest-reset" } }],
    "every event comes before the close",
  );
});

test("a QEMU that is killed fails what waits for it, and nothing else", async (t) => {
  const path = await peer(t, ({ execute, id }, socket) => {
    if (execute === "qmp_capabilities") socket.write(`{"return": {}, "id": ${id}}\r\n`);
    else socket.destroy();
  });
  const qmp = await Qmp.connect(path, () => {});
  await assert.rejects(qmp.execute("cont"), /QEMU ended/);
  await qmp.closed;
  await assert.rejects(qmp.execute("cont"), /QEMU ended/);
});
