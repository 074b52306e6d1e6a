import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { decodeTftp, encodeTftp, type TftpPacket } from "@rackwright/wire/tftp/codec";
import { type BootFiles, BootFileUnavailable, directoryBootFiles, layerBootFiles } from "../boot-files.ts";
import { startTftp, type TftpEvent, type TftpServerOptions } from "./server.ts";

const run = promisify(execFile);
const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const log = {
  info() {},
  warn() {},
  error: (details: object, message: string) => assert.fail(`${message} ${JSON.stringify(details)}`),
};
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const big = randomBytes(1_000_001);
let dir = "";

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "rw-tftp-"));
  await writeFile(join(dir, "big"), big);
  await writeFile(join(dir, "even"), big.subarray(0, 1024));
  await writeFile(join(dir, "empty"), "");
  await symlink("/etc/hostname", join(dir, "out"));
});
after(() => rm(dir, { recursive: true, force: true }));

async function serve(t: TestContext, options: Partial<TftpServerOptions> = {}) {
  const events: TftpEvent[] = [];
  const onRequest = (event: TftpEvent) => void events.push(event);
  const server = await startTftp({
    host: "127.0.0.1",
    port: 0,
    files: directoryBootFiles(dir),
    onRequest,
    log,
    ...options,
  });
  t.after(() => server.close());
  const ended = async (count = 1) => {
    while (events.filter((e) => e.outcome !== "started").length < count)
      await new Promise((resolve) => setTimeout(resolve, 2));
    return events.filter((e) => e.outcome !== "started");
  };
  return { server, port: server.port, events, ended };
}

/** A client that says exactly what it is told to. */
async function client(t: TestContext, port: number) {
  const socket: Socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  let open = true;
  const close = () => {
    if (open) socket.close();
    open = false;
  };
  t.after(close);
  const queue: { packet: TftpPacket; port: number }[] = [];
  socket.on("message", (bytes, from) => queue.push({ packet: decodeTftp(bytes), port: from.port }));
  return {
    close,
    queue,
    sendBytes: (bytes: Uint8Array, to: number) => socket.send(bytes, to, "127.0.0.1"),
    send: (packet: TftpPacket, to = port) => socket.send(encodeTftp(packet), to, "127.0.0.1"),
    async next() {
      while (queue.length === 0) await once(socket, "message");
      return queue.shift() ?? assert.fail();
    },
  };
}

const rrq = (file: string, options: Record<string, string> = {}, mode = "octet"): TftpPacket => ({
  kind: "rrq",
  file,
  mode,
  options: new Map(Object.entries(options)),
});

suite("independent clients", () => {
  const fixture = join(import.meta.dirname, "fixtures/tftp_get.py");
  const python = { skip: has("python3") ? false : "python3 is missing" };
  for (const [blksize, window, loseEvery] of [
    ["512", "1", "0"],
    ["1468", "16", "0"],
    ["1468", "16", "97"],
    ["65464", "4", "0"],
  ] as const) {
    test(`python: blocks of ${blksize}, window ${window}, every ${loseEvery}th lost`, python, async (t) => {
      const { port, ended } = await serve(t);
      const { stdout } = await run("python3", [fixture, "127.0.0.1", String(port), "big", blksize, window, loseEvery]);
      assert.deepEqual(stdout.split(" ").slice(0, 2), [String(big.length), sha256(big)]);
      const [event] = await ended();
      assert.equal(event?.outcome, "finished");
      assert.equal(event?.bytes, big.length);
      assert.equal(event?.remoteAddress, "127.0.0.1");
      assert.equal(event?.localAddress, "127.0.0.1");
      assert.equal(event !== undefined && event.retries > 0, loseEvery !== "0");
    });
  }

  test("curl: a file, an even one and a missing one", {
    skip: has("curl") ? false : "curl is missing",
  }, async (t) => {
    const { port, ended } = await serve(t);
    const get = (file: string) =>
      run("curl", ["-sS", `tftp://127.0.0.1:${port}/${file}`], { encoding: "buffer", maxBuffer: 2 ** 24 });
    assert.equal(sha256((await get("big")).stdout), sha256(big));
    assert.equal(sha256((await get("even")).stdout), sha256(big.subarray(0, 1024)));
    await assert.rejects(get("missing"), { code: 68 }); // curl: TFTP file not found
    assert.deepEqual(
      (await ended(3)).map((e) => e.outcome),
      ["finished", "finished", "not_found"],
    );
  });

  test("python: an empty file", python, async (t) => {
    const { port } = await serve(t);
    const { stdout } = await run("python3", [fixture, "127.0.0.1", String(port), "empty", "512", "1"]);
    assert.deepEqual(stdout.split(" ").slice(0, 2), ["0", sha256(Buffer.alloc(0))]);
  });

  test("IPv6", python, async (t) => {
    const { port } = await serve(t, { host: "::1" });
    const { stdout } = await run("python3", [fixture, "::1", String(port), "even", "512", "1"]);
    assert.equal(stdout.split(" ")[1], sha256(big.subarray(0, 1024)));
  });
});

suite("refusals", () => {
  test("names that lead outside are not found, and reach no layer", async (t) => {
    const seen: string[] = [];
    const spy: BootFiles = { open: async (r) => void seen.push(r.path) };
    const { port, ended } = await serve(t, { files: layerBootFiles(spy, directoryBootFiles(dir)) });
    const names = [
      "../etc/passwd",
      "..\\..\\etc\\passwd",
      "a/../../etc/passwd",
      "%2e%2e/etc/passwd",
      "..",
      "/",
      "a\n",
      "x".repeat(600),
    ];
    for (const name of [...names, "/etc/passwd", "out"]) {
      const c = await client(t, port);
      c.send(rrq(name));
      const { packet } = await c.next();
      assert.ok(packet.kind === "error" && packet.code === 1, `${name}: ${JSON.stringify(packet)}`);
    }
    assert.deepEqual(seen, ["etc/passwd", "out"]);
    const events = await ended(names.length + 2);
    assert.ok(events.every((e) => e.outcome === "not_found"));
    assert.equal(events.filter((e) => e.reason === "no name of a boot file").length, names.length);
  });

  test("writing, netascii and malformed requests", async (t) => {
    const { port, events } = await serve(t);
    const cases: [TftpPacket, number][] = [
      [{ kind: "wrq", file: "even", mode: "octet", options: new Map() }, 2],
      [rrq("even", {}, "netascii"), 0],
    ];
    for (const [request, code] of cases) {
      const c = await client(t, port);
      c.send(request);
      const { packet } = await c.next();
      assert.ok(packet.kind === "error" && packet.code === code, JSON.stringify(packet));
    }
    assert.deepEqual(
      events.map((e) => [e.outcome, e.reason]),
      [
        ["failed", "this server is read only"],
        ["failed", "only octet (binary) mode is served"],
      ],
    );
  });

  test("random packets, to the server and into a transfer, disturb nothing", async (t) => {
    const { port, server } = await serve(t);
    const c = await client(t, port);
    c.send(rrq("even"));
    const first = await c.next();
    const noise = randomBytes(64 * 500);
    for (let i = 0; i < 500; i++) {
      const bytes = noise.subarray(i * 64, i * 64 + (noise[i * 64] ?? 0) / 4);
      // As DATA, OACK or no operation at all; an honest-looking ACK or ERROR would rightly count.
      if (bytes.length > 1) bytes.set([0, [3, 6, 7, 255][i % 4] ?? 0]);
      c.sendBytes(bytes, i % 2 ? port : first.port);
    }
    c.send({ kind: "ack", block: 1 }, first.port);
    const { packet } = await c.next();
    assert.ok(packet.kind === "data" && packet.block === 2, JSON.stringify(packet));
    assert.equal(server.active, 1);
  });

  test("a file that cannot be had now: the reason reaches the machine and the timeline", async (t) => {
    const files: BootFiles = {
      open: () => Promise.reject(new BootFileUnavailable("image abc is still on its way", { retryAfterSeconds: 5 })),
    };
    const { port, ended } = await serve(t, { files });
    const c = await client(t, port);
    c.send(rrq("kernel"));
    assert.deepEqual((await c.next()).packet, { kind: "error", code: 0, message: "image abc is still on its way" });
    assert.equal((await ended())[0]?.reason, "image abc is still on its way");
  });

  test("too many transfers of one address, and of all", async (t) => {
    const { port, server } = await serve(t, { maxTransfersPerAddress: 2 });
    const clients = await Promise.all([1, 2, 3].map(() => client(t, port)));
    const answers: TftpPacket[] = [];
    for (const c of clients) {
      c.send(rrq("big"));
      answers.push((await c.next()).packet);
    }
    assert.deepEqual(
      answers.map((p) => p.kind),
      ["data", "data", "error"],
    );
    assert.equal(server.active, 2);
    const whole = await serve(t, { maxTransfers: 0 });
    const c = await client(t, whole.port);
    c.send(rrq("big"));
    assert.equal((await c.next()).packet.kind, "error");
  });
});

suite("one transfer", () => {
  test("each has a port of its own; a repeated request starts no second one", async (t) => {
    const { port, events } = await serve(t);
    const c = await client(t, port);
    c.send(rrq("even"));
    c.send(rrq("even"));
    const first = await c.next();
    assert.notEqual(first.port, port);
    assert.ok(first.packet.kind === "data" && first.packet.block === 1);
    for (const block of [1, 2, 3]) {
      c.send({ kind: "ack", block }, first.port);
      if (block < 3) assert.deepEqual((await c.next()).packet.kind, "data");
    }
    while (events.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.deepEqual(
      events.map((e) => e.outcome),
      ["started", "finished"],
    );
    assert.deepEqual(c.queue, []);
  });

  test("a machine that restarts and asks again from the same port gets the file anew", async (t) => {
    const { port, ended } = await serve(t);
    const c = await client(t, port);
    c.send(rrq("big"));
    const first = await c.next();
    c.send({ kind: "ack", block: 1 }, first.port);
    await c.next();
    c.send(rrq("big"));
    assert.equal((await c.next()).packet.kind, "error"); // of the old transfer
    const { packet } = await c.next();
    assert.ok(packet.kind === "data" && packet.block === 1);
    assert.equal((await ended())[0]?.reason, "the machine asked for another file from the same port");
  });

  test("a stranger cannot acknowledge or end it", async (t) => {
    const { port, server } = await serve(t);
    const c = await client(t, port);
    const stranger = await client(t, port);
    c.send(rrq("even"));
    const first = await c.next();
    stranger.send({ kind: "error", code: 0, message: "stop" }, first.port);
    stranger.send({ kind: "ack", block: 1 }, first.port);
    c.send({ kind: "ack", block: 1 }, first.port);
    const { packet } = await c.next();
    assert.ok(packet.kind === "data" && packet.block === 2);
    assert.equal(server.active, 1);
  });

  test("silence: sent again, then given up", async (t) => {
    const { port, ended } = await serve(t, { timeoutMs: 20, retryLimit: 2 });
    const c = await client(t, port);
    c.send(rrq("even"));
    for (let i = 0; i < 3; i++) assert.equal((await c.next()).packet.kind, "data");
    const [event] = await ended();
    assert.equal(event?.outcome, "failed");
    assert.equal(event?.retries, 2);
    assert.match(event?.reason ?? "", /no answer after block 0 of 3, sent 3 times/);
  });

  test("a machine that is gone is noticed at once", async (t) => {
    const { port, ended } = await serve(t, { timeoutMs: 20, retryLimit: 1000 });
    const c = await client(t, port);
    c.send(rrq("even"));
    await c.next();
    c.close();
    assert.equal((await ended())[0]?.reason, "the machine closed its port");
  });

  test("PXE firmware asks for the size first", async (t) => {
    const { port, ended } = await serve(t);
    const c = await client(t, port);
    c.send(rrq("big", { tsize: "0", blksize: "1468" }));
    const { packet, port: transferPort } = await c.next();
    assert.deepEqual(packet, {
      kind: "oack",
      options: new Map([
        ["tsize", String(big.length)],
        ["blksize", "1468"],
      ]),
    });
    c.send({ kind: "error", code: 8, message: "User aborted the transfer" }, transferPort);
    const [event] = await ended();
    assert.deepEqual(
      [event?.outcome, event?.reason, event?.bytes],
      ["finished", "the machine asked for the size only", 0],
    );
  });

  test("stopping ends what runs and says so", async (t) => {
    const { port, server, ended } = await serve(t);
    const c = await client(t, port);
    c.send(rrq("big"));
    await c.next();
    const other = startTftp({ host: "127.0.0.1", port, files: directoryBootFiles(dir), log });
    await assert.rejects(other, { code: "EADDRINUSE" });
    const stopping = server.close();
    assert.deepEqual((await c.next()).packet, { kind: "error", code: 0, message: "the server is stopping" });
    await stopping;
    assert.equal((await ended())[0]?.reason, "the server is stopping");
    server.close = async () => {};
  });
});
