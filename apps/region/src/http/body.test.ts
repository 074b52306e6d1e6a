/** The six shapes of bodies that clients send (client-wire.md "Request bodies"), and what is none of them. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { RawParams, Upload } from "@rackwright/contract/params";
import { parseBody } from "./body.ts";
import type { BodyLimits } from "./body-parts.ts";

const LIMITS = { total: 1 << 20, inMemory: 1 << 16 };

/** In pieces of `size` bytes, as a network delivers them. */
function pieces(body: string | Buffer, size: number): Readable {
  const bytes = Buffer.from(body);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return Readable.from(chunks, { objectMode: false });
}

async function parse(body: string | Buffer, type: string | undefined, limits: BodyLimits = LIMITS): Promise<RawParams> {
  const results: RawParams[] = [];
  for (const size of [1 << 20, 7, 1]) {
    const { params, dispose } = await parseBody(pieces(body, size), type, limits);
    results.push(params);
    await dispose();
  }
  assert.deepEqual(results[1], results[0], "the same in pieces of 7 bytes");
  assert.deepEqual(results[2], results[0], "the same in pieces of 1 byte");
  return { ...results[0] };
}

const refused = (body: string | Buffer, type: string | undefined, code: string, limits: BodyLimits = LIMITS) =>
  assert.rejects(parseBody(pieces(body, 50), type, limits), { name: "DomainError", code });

const wrapped = (content: string | Buffer) => Buffer.from(content).toString("base64").replace(/.{76}/g, "$&\r\n");
const lines = (...text: string[]) => text.join("\r\n");
const uploadOf = (params: RawParams, name: string) => params[name]?.[0] as Upload;

test("official command line: base64 parts wrapped at 76, a quoted boundary with =, nothing after the end", async () => {
  const boundary = "===============0123456789==";
  const long = "ä long value ".repeat(30);
  const file = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));
  const part = (name: string, value: string) =>
    lines(
      `--${boundary}`,
      'Content-Type: text/plain; charset="utf-8"',
      "MIME-Version: 1.0",
      "Content-Transfer-Encoding: base64",
      `Content-Disposition: form-data; name="${name}"`,
      "",
      wrapped(value),
      "",
    );
  const body =
    part("hostname", long) +
    part("tags", "a") +
    part("tags", "b") +
    lines(
      `--${boundary}`,
      "Content-Type: application/octet-stream",
      "MIME-Version: 1.0",
      "Content-Transfer-Encoding: base64",
      'Content-Disposition: form-data; name="script"; filename="script"',
      "",
      wrapped(file),
      "",
    ) +
    `--${boundary}--`;
  const params = await parse(body, `multipart/form-data; boundary="${boundary}"`);
  assert.deepEqual(params.hostname, [long]);
  assert.deepEqual(params.tags, ["a", "b"]);
  assert.deepEqual(Buffer.from(uploadOf(params, "script").bytes ?? []), file);
  assert.equal(uploadOf(params, "script").filename, "script");
  assert.equal(uploadOf(params, "script").sizeBytes, 1000);
});

test("python-libmaas: octet-stream without a file name is a field; an empty part is an empty value", async () => {
  const part = (name: string, value: string) =>
    lines(
      "--B",
      "Content-Transfer-Encoding: base64",
      "Content-Type: application/octet-stream",
      "MIME-Version: 1.0",
      `Content-Disposition: form-data; name="${name}"`,
      "",
      wrapped(value),
      "",
    );
  const params = await parse(
    `${part("commission", "true")}${part("cpu_count", "17")}${part("comment", "")}--B--\r\n`,
    "multipart/form-data; boundary=B",
  );
  assert.deepEqual(params, { commission: ["true"], cpu_count: ["17"], comment: [""] });
});

test("python-libmaas and Ansible: a multipart body without parts, in both forms", async () => {
  for (const body of ["--B\r\n\r\n--B--\r\n", "--B\r\n\r\n--B--", "--B--", "--B--\r\n", "\r\n--B--\r\n", ""])
    assert.deepEqual(await parse(body, 'multipart/form-data; boundary="B"'), {}, JSON.stringify(body));
});

test("Go clients: urlencoded with repeated keys, and an empty form", async () => {
  const type = "application/x-www-form-urlencoded";
  assert.deepEqual(await parse("tags=a&tags=b&name=x+y%26&empty=", type), {
    tags: ["a", "b"],
    name: ["x y&"],
    empty: [""],
  });
  assert.deepEqual(await parse("", `${type}; charset=UTF-8`), {});
});

test("Go clients: a raw file part comes first, without an encoding", async () => {
  const file = Buffer.from([0, 1, 2, 13, 10, 45, 45, 66, 255]);
  const body = Buffer.concat([
    Buffer.from(
      lines(
        "--BOUND",
        'Content-Disposition: form-data; name="script"; filename="script"',
        "Content-Type: application/octet-stream",
        "",
        "",
      ),
    ),
    file,
    Buffer.from(lines("", "--BOUND", 'Content-Disposition: form-data; name="name"', "", "probe", "--BOUND--", "")),
  ]);
  const params = await parse(body, "multipart/form-data; boundary=BOUND");
  assert.deepEqual(Buffer.from(uploadOf(params, "script").bytes ?? []), file);
  assert.deepEqual(params.name, ["probe"]);
});

test("Ansible: parts with nothing but their disposition; parts without a name are passed over", async () => {
  const body = lines(
    "--B",
    'Content-Disposition: form-data; name="hostname"',
    "",
    "one",
    "--B",
    "Content-Disposition: form-data",
    "",
    "nameless",
    "--B",
    'Content-Disposition: form-data; name="__proto__"',
    "",
    "polluted",
    "--B--",
  );
  const params = await parse(body, "multipart/form-data; boundary=B");
  assert.deepEqual(params.hostname, ["one"]);
  assert.deepEqual(Object.keys(params).sort(), ["__proto__", "hostname"]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("JSON: values as text, lists as repeated keys, objects as JSON, null as absent", async () => {
  const body = JSON.stringify({
    name: "x",
    n: 3,
    on: true,
    tags: ["a", "b"],
    power_parameters: { a: "b" },
    nothing: null,
  });
  assert.deepEqual(await parse(body, "application/json; charset=utf-8"), {
    name: ["x"],
    n: ["3"],
    on: ["true"],
    tags: ["a", "b"],
    power_parameters: ['{"a":"b"}'],
  });
  assert.deepEqual(await parse("", "application/json"), {});
});

test("no body and no type is no parameters", async () => {
  assert.deepEqual(await parse("", undefined), {});
  assert.deepEqual(await parse("", "application/octet-stream"), {});
});

test("a large file goes to a file that others cannot read, and is removed", async () => {
  const content = Buffer.alloc(LIMITS.inMemory * 3, "0123456789abcdef");
  for (const encoded of [content, Buffer.from(wrapped(content))]) {
    const encoding = encoded === content ? "binary" : "base64";
    const body = Buffer.concat([
      Buffer.from(
        lines(
          "--B",
          'Content-Disposition: form-data; name="content"; filename="c"',
          `Content-Transfer-Encoding: ${encoding}`,
          "",
          "",
        ),
      ),
      encoded,
      Buffer.from("\r\n--B--\r\n"),
    ]);
    const { params, dispose } = await parseBody(pieces(body, 4093), "multipart/form-data; boundary=B", LIMITS);
    const { path, sizeBytes, bytes } = uploadOf(params, "content");
    assert.equal(bytes, undefined);
    assert.equal(sizeBytes, content.length);
    assert.ok(path);
    assert.deepEqual(await readFile(path), content);
    assert.equal((await stat(path)).mode & 0o077, 0);
    await dispose();
    await assert.rejects(stat(path), { code: "ENOENT" });
  }
});

test("what is over the limit is refused, whatever its shape", async () => {
  const limits = { total: 2_000, inMemory: 1_000 };
  const long = "x".repeat(3_000);
  await refused(`a=${long}`, "application/x-www-form-urlencoded", "payload_too_large", limits);
  await refused(JSON.stringify({ a: long }), "application/json", "payload_too_large", limits);
  await refused(long, undefined, "payload_too_large", limits);
  const part = (value: string, more = "") =>
    `--B\r\nContent-Disposition: form-data; name="a"${more}\r\n\r\n${value}\r\n--B--\r\n`;
  const type = "multipart/form-data; boundary=B";
  await refused(part(long), type, "payload_too_large", limits);
  await refused(part(long, '; filename="f"'), type, "payload_too_large", limits);
  await refused(part("x".repeat(1_500)), type, "payload_too_large", limits);
});

test("bytes that are no UTF-8 are refused where text is meant", async () => {
  const bad = Buffer.from([0x61, 0x3d, 0xc3, 0x28]);
  await refused(bad, "application/x-www-form-urlencoded", "bad_request");
  await refused("a=%C3%28", "application/x-www-form-urlencoded", "bad_request");
  await refused(Buffer.concat([Buffer.from('{"a":"'), bad, Buffer.from('"}')]), "application/json", "bad_request");
  const part = (encoding: string, value: Buffer) =>
    Buffer.concat([
      Buffer.from(
        lines("--B", 'Content-Disposition: form-data; name="a"', `Content-Transfer-Encoding: ${encoding}`, "", ""),
      ),
      value,
      Buffer.from("\r\n--B--\r\n"),
    ]);
  await refused(part("binary", bad), "multipart/form-data; boundary=B", "bad_request");
  // Bytes as a base64 field may be meant: what reads text from them refuses them by name.
  const encoded = await parse(part("base64", Buffer.from(bad.toString("base64"))), "multipart/form-data; boundary=B");
  assert.deepEqual(uploadOf(encoded, "a").bytes, bad);
});

test("malformed bodies are refused in words", async () => {
  for (const [body, type] of [
    ["{", "application/json"],
    ["[]", "application/json"],
    ['"text"', "application/json"],
    [String.raw`{"a":"\ud800"}`, "application/json"],
    [String.raw`{"\udc00":"a"}`, "application/json"],
    [`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, "application/json"],
    ["--B\r\n", "multipart/form-data"],
    ['--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nno end', "multipart/form-data; boundary=B"],
    ['--B\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nno end', "multipart/form-data; boundary=B"],
    ["something else", "multipart/form-data; boundary=B"],
  ] as const)
    await refused(body, type, "bad_request");
  await refused("<a/>", "application/xml", "unsupported_media_type");
  await refused("text", undefined, "unsupported_media_type");
});

test("a small file needs no directory on disk; a large one does", async () => {
  const type = "multipart/form-data; boundary=B";
  const body = (bytes: number) =>
    lines("--B", 'Content-Disposition: form-data; name="a"; filename="f"', "", "x".repeat(bytes), "--B--", "");
  const before = process.env.TMPDIR;
  process.env.TMPDIR = "/nonexistent";
  try {
    const { params } = await parseBody(pieces(body(1000), 50), type, LIMITS);
    assert.equal(uploadOf(params, "a").bytes?.length, 1000);
    await assert.rejects(parseBody(pieces(body(LIMITS.inMemory + 1), 50), type, LIMITS), { code: "ENOENT" });
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});
