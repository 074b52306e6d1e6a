import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { BootFileUnavailable } from "../boot-files.ts";
import { ImageCache, type ImageCacheOptions } from "./cache.ts";
import { findImage, imageBootFiles, type ImageWaitEvent } from "./image-boot-files.ts";

const log = { info() {}, warn() {}, error() {} };
const bytes = randomBytes(3_000_000);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const file = { sha256, sizeBytes: bytes.length };

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 2));
}

interface Asked {
  range: string | undefined;
  token: string | undefined;
}

/** A region that answers as told, and a cache in a directory of its own. */
async function setUp(
  t: TestContext,
  answer: (req: IncomingMessage, res: ServerResponse, nth: number) => void,
  options: Partial<ImageCacheOptions> = {},
) {
  const asked: Asked[] = [];
  const server = createServer((req, res) => {
    asked.push({ range: req.headers.range, token: String(req.headers["x-token"]) });
    answer(req, res, asked.length);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const dir = await mkdtemp(join(tmpdir(), "rw-images-"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fetchUrl = (sha: string) => ({ url: `${url}/images/${sha}`, headers: { "x-token": "t" } });
  const make = () => {
    const cache = new ImageCache({ dir, fetchUrl, log, retryDelaysMs: [1, 1, 1], ...options });
    t.after(() => cache.close());
    return cache;
  };
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { cache: make(), make, dir, asked };
}

/** What is asked for, ranges included, and no more than `most` bytes of it before the connection breaks. */
function send(
  req: IncomingMessage,
  res: ServerResponse,
  most = Number.POSITIVE_INFINITY,
  content: Buffer = bytes,
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? "")?.[1] ?? 0);
  const part = content.subarray(from);
  res.writeHead(from > 0 ? 206 : 200, {
    "content-length": part.length,
    ...(from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
  });
  if (part.length <= most) res.end(part);
  else res.write(part.subarray(0, most), () => setImmediate(() => res.destroy()));
}

suite("download", () => {
  test("callers of one file share a download; a new process trusts what is complete", async (t) => {
    const { cache, make, dir, asked } = await setUp(t, (req, res) => send(req, res));
    const paths = await Promise.all([cache.ensure(file), cache.ensure(file), cache.ensure(file)]);
    assert.deepEqual(paths, Array(3).fill(join(dir, sha256)));
    assert.deepEqual(await readFile(join(dir, sha256)), bytes);
    assert.deepEqual(await readdir(dir), [sha256]);
    assert.equal(await make().ensure(file), join(dir, sha256));
    assert.deepEqual(asked, [{ range: undefined, token: "t" }]);
  });

  test("a broken connection goes on where it broke", async (t) => {
    const { cache, dir, asked } = await setUp(t, (req, res) => send(req, res, 1_000_000));
    await cache.ensure(file);
    assert.deepEqual(await readFile(join(dir, sha256)), bytes);
    assert.ok(asked.length >= 3); // a broken connection loses what was on its way, so it may take more
    for (const { range } of asked.slice(1)) assert.match(range ?? "", /^bytes=[1-9]\d+-$/);
  });

  test("so does a new process, whatever it finds", async (t) => {
    const { make, dir, asked } = await setUp(t, (req, res) => send(req, res));
    const partial = join(dir, `${sha256}.partial`);
    for (const [left, range] of [
      [bytes.subarray(0, 1_234_567), "bytes=1234567-"],
      [bytes, "none"],
      [Buffer.concat([bytes, bytes]), undefined],
    ] as const) {
      await writeFile(partial, left);
      asked.length = 0;
      assert.deepEqual(await readFile(await make().ensure(file)), bytes);
      assert.deepEqual(
        asked.map((a) => a.range),
        range === "none" ? [] : [range],
      );
      await rm(join(dir, sha256));
    }
  });

  test("a server without ranges starts again from the first byte", async (t) => {
    const { cache, dir, asked } = await setUp(t, (req, res, nth) => {
      delete req.headers.range;
      send(req, res, nth === 1 ? 1_000_000 : undefined);
    });
    await cache.ensure(file);
    assert.deepEqual(await readFile(join(dir, sha256)), bytes);
    assert.equal(asked.length, 2);
  });

  test("a file that fails verification is fetched once more", async (t) => {
    const wrong = Buffer.from(bytes);
    wrong[2_999_999] = (wrong[2_999_999] ?? 0) ^ 1;
    const once = await setUp(t, (req, res, nth) => send(req, res, undefined, nth === 1 ? wrong : bytes));
    assert.deepEqual(await readFile(await once.cache.ensure(file)), bytes);
    const always = await setUp(t, (req, res) => send(req, res, undefined, wrong));
    await assert.rejects(
      always.cache.ensure(file),
      new RegExp(
        `^Error: cannot fetch image ${sha256} from http://.*: its sha256 is [0-9a-f]{64}, twice. Import it again`,
      ),
    );
    assert.equal(always.asked.length, 2);
    assert.deepEqual(await readdir(always.dir), []);
    const longer = await setUp(t, (req, res) => send(req, res, undefined, Buffer.concat([bytes, Buffer.from("x")])));
    await assert.rejects(longer.cache.ensure(file), /it is longer than 3000000 bytes, twice/);
  });

  test("a rotten partial file costs one more download, no more", async (t) => {
    const { cache, dir, asked } = await setUp(t, (req, res) => send(req, res));
    await writeFile(join(dir, `${sha256}.partial`), "rotten");
    assert.deepEqual(await readFile(await cache.ensure(file)), bytes);
    assert.deepEqual(
      asked.map((a) => a.range),
      ["bytes=6-", undefined],
    );
  });

  test("404 is final, 503 and silence are not", async (t) => {
    const missing = await setUp(t, (_req, res) => void res.writeHead(404).end());
    await assert.rejects(missing.cache.ensure(file), /the region answered 404$/);
    assert.equal(missing.asked.length, 1);
    const busy = await setUp(t, (req, res, nth) => (nth < 3 ? void res.writeHead(503).end() : send(req, res)));
    await busy.cache.ensure(file);
    const silent = await setUp(t, (req, res, nth) => nth === 1 || send(req, res), { stallMs: 100 });
    await silent.cache.ensure(file);
    // On a busy host the second answer may be late too.
    assert.ok(silent.asked.length >= 2);
    const dead = await setUp(t, (_req, res) => void res.writeHead(503).end());
    await assert.rejects(dead.cache.ensure(file), /the region answered 503$/);
    assert.equal(dead.asked.length, 4);
  });

  test("nothing is sent elsewhere by a redirect", async (t) => {
    const { cache } = await setUp(t, (_req, res) => void res.writeHead(302, { location: "http://127.0.0.1:9/" }).end());
    await assert.rejects(cache.ensure(file), /redirect/);
  });

  test("it stops when the last caller has gone, and goes on for the next", async (t) => {
    const { cache, asked } = await setUp(t, (req, res, nth) =>
      nth === 1 ? void (res.writeHead(200), res.write(bytes.subarray(0, 1000))) : send(req, res),
    );
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [cache.ensure(file, first.signal), cache.ensure(file, second.signal)];
    await until(() => (cache.downloaded(sha256) ?? 0) >= 1000);
    first.abort();
    await assert.rejects(waits[0] ?? Promise.resolve(), { name: "AbortError" });
    assert.equal(cache.downloaded(sha256), 1000);
    second.abort();
    await assert.rejects(waits[1] ?? Promise.resolve(), { name: "AbortError" });
    assert.deepEqual(await readFile(await cache.ensure(file)), bytes);
    assert.equal(asked[1]?.range, "bytes=1000-");
    assert.equal(cache.downloaded(sha256), undefined);
  });

  test("a name that is no sha256 touches nothing", async (t) => {
    const { cache, asked } = await setUp(t, (req, res) => send(req, res));
    for (const name of ["../x", "", "A".repeat(64)])
      await assert.rejects(cache.ensure({ ...file, sha256: name }), /is no sha256/);
    assert.equal(asked.length, 0);
  });

  test("a complete file of the wrong size is fetched again", async (t) => {
    const { cache, dir } = await setUp(t, (req, res) => send(req, res));
    await writeFile(join(dir, sha256), "cut short");
    assert.equal(await cache.complete(file), undefined);
    assert.deepEqual(await readFile(await cache.ensure(file)), bytes);
  });
});

test("prune deletes what nobody keeps, complete or partial, and leaves strangers and downloads alone", async (t) => {
  const { cache, dir } = await setUp(t, (_req, res) => void (res.writeHead(200), res.write("x")));
  const [a, b, c] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)];
  for (const name of [a, `${b}.partial`, c, "README"]) await writeFile(join(dir, name), "");
  const waiting = cache.ensure(file);
  await until(() => cache.downloaded(sha256) === 1);
  assert.deepEqual((await cache.prune(new Set([c]))).sort(), [a, `${b}.partial`]);
  assert.deepEqual((await readdir(dir)).sort(), ["README", c, `${sha256}.partial`].sort());
  const stopped = assert.rejects(waiting, /the rack is stopping/);
  await cache.close();
  await stopped;
});

suite("boot files of images", () => {
  const request = (path: string) => ({ path, remoteAddress: "192.0.2.1", via: "http" as const });

  test("an unambiguous beginning of the checksum finds its file", () => {
    const one = { sha256: `${"a".repeat(10)}${"0".repeat(54)}`, sizeBytes: 1 };
    const two = { sha256: `${"a".repeat(10)}${"1".repeat(54)}`, sizeBytes: 2 };
    const index = [one, two, one];
    assert.equal(findImage(index, "a".repeat(10)), undefined);
    assert.equal(findImage(index, `${"a".repeat(10)}0`), one);
    assert.equal(findImage(index, two.sha256), two);
    assert.equal(findImage([two], "a".repeat(7)), two);
    for (const name of ["a".repeat(6), "b".repeat(7), "A".repeat(10), "", "bootx64.efi", `${one.sha256}0`])
      assert.equal(findImage(index, name), undefined, name);
  });

  test("a file that is not here yet is waited for, and the evidence says so", async (t) => {
    const { cache, dir } = await setUp(t, (req, res) => send(req, res));
    const events: ImageWaitEvent[] = [];
    const files = imageBootFiles(cache, () => [file], { onWait: (e) => events.push(e) });
    const path = `images/${sha256.slice(0, 7)}/debian/amd64/generic/bookworm/stable/squashfs`;
    const found = { kind: "file", path: join(dir, sha256), sizeBytes: bytes.length };
    assert.deepEqual(await files.open(request(path)), found);
    assert.deepEqual(await files.open(request(path)), found);
    assert.deepEqual(
      events.map((e) => [e.outcome, e.file, e.remoteAddress, e.haveBytes]),
      [
        ["waiting", path, "192.0.2.1", 0],
        ["arrived", path, "192.0.2.1", bytes.length],
      ],
    );
    for (const other of ["images", "images/bootx64.efi", `${sha256}/x`, `images/x/${sha256}`])
      assert.equal(await files.open(request(other)), undefined);
  });

  test("the wait has a limit; the download goes on behind it", async (t) => {
    let finish = () => {};
    const { cache } = await setUp(t, (_req, res) => {
      res.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 1000));
      finish = () => void res.end(bytes.subarray(1000));
    });
    const files = imageBootFiles(cache, () => [file], { waitLimitMs: 100 });
    await assert.rejects(files.open(request(`images/${sha256}`)), (error) => {
      assert.ok(error instanceof BootFileUnavailable);
      assert.equal(
        error.message,
        `image ${sha256.slice(0, 12)} is still on its way to this rack, 1000 of 3000000 bytes are here`,
      );
      return error.retryAfterSeconds === 10;
    });
    finish();
    assert.ok((await cache.ensure(file)).endsWith(sha256));
  });

  test("a file that cannot be fetched is a reason for the machine's console", async (t) => {
    const { cache } = await setUp(t, (_req, res) => void res.writeHead(404).end());
    const files = imageBootFiles(cache, () => [file]);
    await assert.rejects(files.open(request(`images/${sha256}`)), {
      name: "BootFileUnavailable",
      message: /the region answered 404/,
    });
  });
});
