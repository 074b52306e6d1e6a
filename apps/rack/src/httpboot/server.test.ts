import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readlink, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { Agent, createServer, get, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { type BootFiles, BootFileUnavailable, directoryBootFiles, layerBootFiles } from "../boot-files.ts";
import { type HttpBootEvent, type HttpBootOptions, startHttpBoot } from "./server.ts";

const log = {
  info() {},
  warn() {},
  error: (details: object, message: string) => assert.fail(`${message} ${JSON.stringify(details)}`),
};
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const big = randomBytes(9_000_001);
let dir = "";

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "rw-http-"));
  await writeFile(join(dir, "big"), big);
  await writeFile(join(dir, "grubx64.efi"), "grub");
  await writeFile(join(dir, "empty"), "");
  await symlink("/etc/hostname", join(dir, "out"));
});
after(() => rm(dir, { recursive: true, force: true }));

async function until<T>(what: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const value = await what();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const openFiles = async (name: string) => {
  const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).filter((link) => link === join(dir, name)).length;
};

async function serve(t: TestContext, options: Partial<HttpBootOptions> = {}) {
  const events: HttpBootEvent[] = [];
  const onRequest = (event: HttpBootEvent) => void events.push(event);
  const server = await startHttpBoot({
    host: "127.0.0.1",
    port: 0,
    files: directoryBootFiles(dir),
    onRequest,
    log,
    ...options,
  });
  t.after(() => server.close());
  const last = () => until(() => events.find((e) => e.outcome !== "started"));
  return { port: server.port, base: `http://127.0.0.1:${server.port}`, events, last };
}

/** Bytes as given, so that no client library tidies the target up. */
async function raw(port: number, head: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

suite("boot files", () => {
  test("a large file arrives whole, with evidence", async (t) => {
    const { base, events, last } = await serve(t);
    const response = await fetch(`${base}/big`);
    assert.equal(response.headers.get("content-length"), String(big.length));
    assert.equal(sha256(new Uint8Array(await response.arrayBuffer())), sha256(big));
    const { durationMs, ...event } = await last();
    assert.ok(durationMs >= 0);
    const common = { file: "big", method: "GET", remoteAddress: "127.0.0.1", localAddress: "127.0.0.1" };
    assert.deepEqual(event, { ...common, outcome: "finished", status: 200, bytes: big.length, complete: true });
    assert.deepEqual(
      events.map((e) => e.outcome),
      ["started", "finished"],
    );
    await until(async () => (await openFiles("big")) === 0);
  });

  test("ranges: first, middle across the buffers, suffix, impossible", async (t) => {
    const { base } = await serve(t);
    const part = async (range: string) => {
      const response = await fetch(`${base}/big`, { headers: { range } });
      return {
        status: response.status,
        range: response.headers.get("content-range"),
        bytes: new Uint8Array(await response.arrayBuffer()),
      };
    };
    for (const [range, first, last] of [
      ["bytes=0-0", 0, 0],
      ["bytes=1000-5000000", 1000, 5_000_000],
      ["bytes=-10", big.length - 10, big.length - 1],
      ["bytes=8999999-", 8_999_999, big.length - 1],
    ] as const) {
      const { status, range: sent, bytes } = await part(range);
      assert.deepEqual([status, sent], [206, `bytes ${first}-${last}/${big.length}`]);
      assert.equal(sha256(bytes), sha256(big.subarray(first, last + 1)), range);
    }
    const impossible = await part(`bytes=${big.length}-`);
    assert.deepEqual([impossible.status, impossible.range, impossible.bytes.length], [416, `bytes */${big.length}`, 0]);
    assert.equal((await part("bytes=1-2,4-5")).status, 200);
  });

  test("HEAD tells the length and sends nothing; an empty file; a buffer with a type and a range", async (t) => {
    const text: BootFiles = {
      open: async (r) =>
        r.path === "ipxe.cfg"
          ? { kind: "buffer", bytes: Buffer.from("#!ipxe\n"), contentType: "text/plain" }
          : undefined,
    };
    const { base, port } = await serve(t, { files: layerBootFiles(text, directoryBootFiles(dir)) });
    const head = await raw(port, "HEAD /big HTTP/1.1");
    assert.match(head, /^HTTP\/1.1 200 OK\r\n[^]*content-length: 9000001\r\n[^]*\r\n\r\n$/);
    assert.equal(await (await fetch(`${base}/empty`)).text(), "");
    const response = await fetch(`${base}/ipxe.cfg`);
    assert.deepEqual([response.headers.get("content-type"), await response.text()], ["text/plain", "#!ipxe\n"]);
    assert.equal(await (await fetch(`${base}/ipxe.cfg`, { headers: { range: "bytes=2-5" } })).text(), "ipxe");
  });

  test("shim's double slash, and HTTP/1.0 without a Host as lpxelinux speaks it", async (t) => {
    const { port } = await serve(t);
    const old = connect(port, "127.0.0.1");
    old.write("GET /grubx64.efi HTTP/1.0\r\n\r\n");
    let text = "";
    for await (const chunk of old) text += String(chunk);
    assert.match(text, /200 OK\r\n[^]*content-length: 4\r\n[^]*grub$/);
    assert.match(await raw(port, "GET //grubx64.efi HTTP/1.1"), /200 OK[^]*grub$/);
  });

  test("targets that lead outside are 404 and reach no layer", async (t) => {
    const seen: string[] = [];
    const spy: BootFiles = { open: async (r) => void seen.push(r.path) };
    const { port, events } = await serve(t, {
      files: layerBootFiles(spy, directoryBootFiles(dir)),
      region: { url: "http://127.0.0.1:9" },
    });
    const targets = [
      "/../etc/passwd",
      "/a/../../etc/passwd",
      "/%2e%2e/etc/passwd",
      "/..%2fetc/passwd",
      "/..%5cetc",
      "/%252e%252e/x",
      "/a%00b",
      "/MAAS/../../x",
      "/MAAS/%2e%2e/x",
      "http://127.0.0.1/etc/passwd",
    ];
    for (const target of [...targets, "/out", "/etc/passwd"]) {
      assert.match(
        await raw(port, `GET ${target} HTTP/1.1`),
        /^HTTP\/1.1 404 Not Found\r\n[^]*404: there is no such boot file\n$/,
        target,
      );
    }
    assert.deepEqual(seen, ["out", "etc/passwd"]);
    assert.ok(events.every((e) => e.outcome === "not_found"));
    assert.match(await raw(port, "DELETE /grubx64.efi HTTP/1.1"), /^HTTP\/1.1 404/);
  });

  test("a file that cannot be had now is 503 with a reason and when to come back", async (t) => {
    const files: BootFiles = {
      open: () => Promise.reject(new BootFileUnavailable("image abc is still on its way", { retryAfterSeconds: 5 })),
    };
    const { base, last } = await serve(t, { files });
    const response = await fetch(`${base}/images/abc/x`);
    assert.deepEqual(
      [response.status, response.headers.get("retry-after"), await response.text()],
      [503, "5", "503: image abc is still on its way\n"],
    );
    assert.deepEqual([(await last()).outcome, (await last()).reason], ["failed", "image abc is still on its way"]);
  });

  test("a machine that goes away releases its file", async (t) => {
    const { base, last } = await serve(t);
    const response = get(`${base}/big`, { agent: new Agent() });
    const [incoming] = (await once(response, "response")) as [IncomingMessage];
    await once(incoming, "readable");
    assert.equal(await openFiles("big"), 1);
    incoming.destroy();
    const event = await last();
    assert.deepEqual(
      [event.outcome, event.complete, event.reason],
      ["failed", false, "the machine closed the connection"],
    );
    assert.ok(event.bytes < big.length);
    await until(async () => (await openFiles("big")) === 0);
  });

  test("a machine that takes nothing is cut off", async (t) => {
    const { port, last } = await serve(t, { stallMs: 30 });
    const socket = connect(port, "127.0.0.1");
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    socket.pause();
    await writeFile(join(dir, "huge"), "");
    await truncate(join(dir, "huge"), 200_000_000); // more than both kernel buffers hold
    socket.write("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.equal((await last()).reason, "the machine took nothing for 30 ms");
    await until(async () => (await openFiles("huge")) === 0);
  });

  test("a file that shrinks breaks the connection: its length was promised", async (t) => {
    const path = join(dir, "shrinking");
    await writeFile(path, big);
    const files: BootFiles = { open: async () => ({ kind: "file", path, sizeBytes: big.length }) };
    const { base, last } = await serve(t, { files });
    await truncate(path, 3_000_000);
    await assert.rejects((await fetch(`${base}/shrinking`)).arrayBuffer());
    assert.equal((await last()).reason, "the file ended at byte 3000000");
  });

  test("one machine cannot take all connections", async (t) => {
    const { port } = await serve(t, { maxConnectionsPerAddress: 1 });
    const first = connect(port, "127.0.0.1");
    t.after(() => first.destroy());
    first.write("GET /grubx64.efi HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(first, "data");
    await assert.rejects(raw(port, "GET /grubx64.efi HTTP/1.1"), { code: "ECONNRESET" });
  });
});

suite("/MAAS/ goes to the region", () => {
  async function region(t: TestContext, listener: (req: IncomingMessage, res: ServerResponse) => void | Promise<void>) {
    const server = createServer((req, res) => void listener(req, res)).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test("headers: the true address, ours, and nothing that the machine made up", async (t) => {
    let seen: IncomingMessage | undefined;
    const url = await region(t, (req, res) => {
      seen = req;
      res.writeHead(201, { "x-answer": "yes", connection: "x-hop", "x-hop": "1" }).end("made");
    });
    const { port, events } = await serve(t, { region: { url, headers: { "X-Rackwright-Rack": "rack-secret" } } });
    const forged = [
      "X-Forwarded-For: 10.9.9.9",
      "x_forwarded_for: 10.9.9.9",
      "X-Forwarded-Host: evil",
      "Forwarded: for=10.9.9.9",
      "X-Real-IP: 10.9.9.9",
      "X-Rackwright-Rack: mine",
      "x-rackwright-admin: 1",
    ];
    const honest = ["Authorization: OAuth x", "Accept: */*", "X-Own: 1", "Connection: X-Own, X-Forwarded-For"];
    const answer = await raw(
      port,
      ["GET //MAAS/metadata/latest/?op=get%20x HTTP/1.1", ...forged, ...honest].join("\r\n"),
    );
    assert.match(answer, /^HTTP\/1.1 201 Created\r\n[^]*x-answer: yes[^]*made/);
    assert.doesNotMatch(answer, /x-hop/i);
    assert.equal(seen?.url, "/MAAS/metadata/latest/?op=get%20x");
    const { connection: _, ...headers } = seen?.headers ?? {};
    assert.deepEqual(headers, {
      authorization: "OAuth x",
      accept: "*/*",
      host: new URL(url).host,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": "x",
      "x-rackwright-rack": "rack-secret",
    });
    assert.deepEqual(events, []); // the region records what it answered
  });

  test("both directions stream: the region echoes while the machine still sends", async (t) => {
    const url = await region(t, (req, res) => void req.pipe(res));
    const { port } = await serve(t, { region: { url } });
    const sending = request({ port, host: "127.0.0.1", path: "/MAAS/echo", method: "POST", agent: new Agent() });
    sending.write("first");
    const [incoming] = (await once(sending, "response")) as [IncomingMessage];
    const [chunk] = (await once(incoming, "data")) as [Buffer];
    assert.equal(chunk.toString(), "first");
    const ended = once(incoming, "end");
    sending.end("second");
    const [rest] = (await once(incoming, "data")) as [Buffer];
    assert.equal(rest.toString(), "second");
    await ended;
  });

  test("bodies with a length and without, large ones, and answers without a body", async (t) => {
    const url = await region(t, async (req, res) => {
      const hash = createHash("sha256");
      for await (const chunk of req) hash.update(chunk as Buffer);
      if (req.method === "DELETE") res.writeHead(204).end();
      else res.end(`${hash.digest("hex")} ${req.headers["content-length"]} ${req.headers["transfer-encoding"]}`);
    });
    const { base } = await serve(t, { region: { url } });
    const put = await fetch(`${base}/MAAS/upload`, { method: "PUT", body: big });
    assert.equal(await put.text(), `${sha256(big)} ${big.length} undefined`);
    const streamed = await fetch(`${base}/MAAS/upload`, {
      method: "POST",
      body: new Blob([big]).stream(),
      duplex: "half",
    });
    assert.equal(await streamed.text(), `${sha256(big)} undefined chunked`);
    assert.equal((await fetch(`${base}/MAAS/x`, { method: "DELETE" })).status, 204);
    assert.equal((await fetch(`${base}/MAAS/x`, { method: "HEAD" })).status, 200);
  });

  test("a region that is away, or silent, is 502 in words", async (t) => {
    const gone = await serve(t, { region: { url: "http://127.0.0.1:9" }, regionBridgeMs: 0 });
    const response = await fetch(`${gone.base}/MAAS/metadata/?secret=1`);
    assert.equal(response.status, 502);
    assert.match(
      await response.text(),
      /^502: the region's answer failed: connect ECONNREFUSED 127.0.0.1:9. Tried http:\/\/127.0.0.1:9; look at/,
    );
    const event = await gone.last();
    assert.deepEqual([event.outcome, event.status, event.file], ["failed", 502, "MAAS/metadata"]);
    const silent = await serve(t, {
      region: { url: await region(t, () => {}) },
      regionSilenceMs: 30,
      regionBridgeMs: 0,
    });
    const waited = await fetch(`${silent.base}/MAAS/metadata/`);
    assert.deepEqual([waited.status, (await waited.text()).startsWith("502: the region does not answer")], [502, true]);
  });

  test("while a region is restarted, what has no body waits for it", async (t) => {
    const seen: string[] = [];
    const url = await region(t, (req, res) => {
      seen.push(String(req.method));
      // Cut off, then its database is away, then all is well.
      if (seen.length === 1) req.socket.destroy();
      else if (seen.length === 2) res.writeHead(503).end("no database");
      else res.end("user-data");
    });
    const { base } = await serve(t, { region: { url } });
    assert.equal(await (await fetch(`${base}/MAAS/metadata/`)).text(), "user-data");
    assert.deepEqual(seen, ["GET", "GET", "GET"]);
    seen.length = 0;
    assert.equal((await fetch(`${base}/MAAS/metadata/`, { method: "POST", body: "signal" })).status, 502);
    assert.deepEqual(seen, ["POST"]);
  });

  test("a signature that the region saw before it went away is asked for anew, not refused", async (t) => {
    const seen: string[] = [];
    const url = await region(t, (req, res) => {
      const { authorization = "" } = req.headers;
      if (seen.includes(authorization)) res.writeHead(403).end("Nonce already used");
      else if (seen.push(authorization) === 1) req.socket.destroy();
      else res.end("user-data");
    });
    const { base } = await serve(t, { region: { url } });
    const ask = (authorization: string) => fetch(`${base}/MAAS/metadata/`, { headers: { authorization } });
    assert.equal((await ask("first")).status, 503);
    assert.equal((await ask("second")).status, 200);
    assert.equal((await ask("second")).status, 403, "what was not repeated here is refused as it is");
  });

  test("an upload learns why it fails: the region is away, or refuses before it has read it", async (t) => {
    const gone = await serve(t, { region: { url: "http://127.0.0.1:9" } });
    assert.equal((await fetch(`${gone.base}/MAAS/upload`, { method: "POST", body: big })).status, 502);
    const url = await region(t, (req, res) => {
      req.once("data", () => res.writeHead(413).end("too large"));
    });
    const strict = await serve(t, { region: { url } });
    const refused = await fetch(`${strict.base}/MAAS/upload`, { method: "POST", body: big });
    assert.deepEqual([refused.status, await refused.text()], [413, "too large"]);
  });

  test("an answer that breaks off breaks off for the machine too", async (t) => {
    const url = await region(t, (_req, res) => {
      res.writeHead(200, { "content-length": 100 }).write("half");
      setImmediate(() => res.destroy());
    });
    const { base, last } = await serve(t, { region: { url } });
    await assert.rejects((await fetch(`${base}/MAAS/x`)).text());
    assert.deepEqual([(await last()).outcome, (await last()).complete], ["failed", false]);
  });

  test("a machine that goes away ends the region's work", async (t) => {
    let ended = false;
    const url = await region(t, (_req, res) => {
      res.write("x");
      res.on("close", () => (ended = true));
    });
    const { port } = await serve(t, { region: { url } });
    const asking = get({ port, host: "127.0.0.1", path: "/MAAS/x", agent: new Agent() });
    const [incoming] = (await once(asking, "response")) as [IncomingMessage];
    incoming.destroy();
    await until(() => ended);
  });

  test("without a region /MAAS/ is no file", async (t) => {
    const { base } = await serve(t);
    assert.equal((await fetch(`${base}/MAAS/x`)).status, 404);
  });
});
