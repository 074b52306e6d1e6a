/** Scripts that print without end, bombs in what they report, names that lead elsewhere: bounded, told, and no result is lost. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { request as httpRequest } from "node:http";
import { after, before, suite, test } from "node:test";
import type { Token } from "../auth/tokens.ts";
import { addImage, addMachine, netboot } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { plaintextHeader } from "../testing/request.ts";

const MIB = 1 << 20;

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
});
after(() => t?.close());

const { preseed, signal } = machineSide(() => t);

async function commissioning() {
  const m = await addMachine(t, "new");
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  assert.equal(reply.status, 200, reply.text);
  const { secret = "" } = await netboot(t, m.mac);
  return { ...m, token: credentialsIn((await preseed(m.systemId, secret)).text) };
}

interface Part {
  name: string;
  /** So many of these bytes, then `end`. */
  bytes: number;
  end?: string;
}

/** A signal whose files are made while they are sent: this side holds none of it. */
async function flood(token: Token, fields: Record<string, string>, parts: readonly Part[]): Promise<number> {
  const head = (more: string) => `\r\n--B\r\nContent-Disposition: form-data; ${more}\r\n\r\n`;
  const begin = Object.entries(fields)
    .map(([name, value]) => `${head(`name="${name}"`)}${value}`)
    .join("");
  const pieces = parts.map((p) => ({ ...p, head: head(`name="${p.name}"; filename="${p.name}"`), end: p.end ?? "" }));
  const tail = "\r\n--B--\r\n";
  const length =
    begin.length + tail.length + pieces.reduce((sum, p) => sum + p.head.length + p.bytes + p.end.length, 0);
  const done = Promise.withResolvers<number>();
  const outgoing = httpRequest(
    `${t.url}${at("latest/")}`,
    {
      method: "POST",
      headers: {
        authorization: plaintextHeader(token),
        "content-type": "multipart/form-data; boundary=B",
        "content-length": length,
      },
    },
    (incoming) => {
      incoming.resume();
      incoming.on("end", () => done.resolve(incoming.statusCode ?? 0));
    },
  );
  outgoing.on("error", done.reject);
  const block = Buffer.alloc(64 << 10, "x");
  const write = (data: string | Buffer) =>
    outgoing.write(data) ? undefined : new Promise<void>((resolve) => outgoing.once("drain", resolve));
  await write(begin);
  for (const piece of pieces) {
    await write(piece.head);
    for (let left = piece.bytes; left > 0; left -= block.length) await write(block.subarray(0, left));
    await write(piece.end);
  }
  outgoing.end(tail);
  return done.promise;
}

const stored = async (nodeId: number, name: string) => {
  const { rows } = await t.db.pool.query(
    `select r.status, r.exit_status, length(output) as output, length(stdout) as stdout, convert_from(substring(output from length(output) - 60), 'latin1') as tail,
      convert_from(substring(stderr from 1 for 100), 'latin1') as stderr, length(result) as result
     from script_result r join script_set s on s.id = r.set_id where s.node_id = $1 and r.name = $2`,
    [nodeId, name],
  );
  return rows[0];
};
const complaints = async (nodeId: number) => {
  const { rows } = await t.db.pool.query<{ description: string }>(
    "select description from event where node_id = $1 and type = 'SCRIPT_RESULT_ERROR' order by id",
    [nodeId],
  );
  return rows.map((row) => row.description);
};

test("fields that are no files are refused when they are large together", async () => {
  const m = await commissioning();
  const fields = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`f${n}`, "x".repeat(3 * MIB)]));
  assert.equal((await signal(m.token, { status: "WORKING", ...fields })).status, 413);
  const body = `op=signal&status=WORKING&error=${"x".repeat(20 * MIB)}`;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  assert.equal((await t.request(m.token, "POST", at("latest/"), { body, headers })).status, 413);
});

suite("a hundred megabytes of output", () => {
  test("are kept as beginning and end, and the result counts", async () => {
    const m = await commissioning();
    const done = { op: "signal", status: "WORKING", name: "big", exit_status: "3" };
    const parts = [
      { name: "big", bytes: 100 * MIB, end: "why it failed\n" },
      { name: "big.out", bytes: 100 * MIB },
      { name: "big.err", bytes: 0, end: "why it failed\n" },
      { name: "big.yaml", bytes: 0, end: "status: degraded\n" },
    ];
    assert.equal(await flood(m.token, done, parts), 200);
    const row = await stored(m.id, "big");
    assert.deepEqual([row.status, row.exit_status, row.stderr], [6, 3, "why it failed\n"]);
    for (const length of [row.output, row.stdout]) assert.ok(length > 15 * MIB && length <= 16 * MIB, String(length));
    assert.ok(row.tail.endsWith("xxwhy it failed\n"), row.tail);
    const note = await t.db.pool.query(
      "select position('[Cut here: ' in substring(output from 12000000)) > 0 as cut from script_result where name = 'big'",
    );
    assert.equal(note.rows[0]?.cut, true);
  });

  test("of six machines at once need no more memory than those of two", async (context) => {
    const machines = await Promise.all(Array.from({ length: 6 }, commissioning));
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    try {
      const done = { op: "signal", status: "WORKING", name: "big", exit_status: "0" };
      const parts = ["big", "big.out", "big.err"].map((name, n) => ({ name, bytes: (n === 0 ? 100 : 20) * MIB }));
      const answers = await Promise.all(machines.map((m) => flood(m.token, done, parts)));
      assert.deepEqual(new Set(answers), new Set([200]));
    } finally {
      clearInterval(watch);
    }
    for (const m of machines) assert.equal((await stored(m.id, "big"))?.status, 2);
    const grown = Math.round((most - before) / MIB);
    context.diagnostic(`memory of the region: ${Math.round(before / MIB)} MiB before, ${grown} MiB more at most`);
    // 840 MB were sent; 16 MiB of each of 18 outputs are kept.
    assert.ok(grown < 600, `${grown} MiB more`);
  });

  test("a signal that is small is not held up by them", async () => {
    const [slow, other, quick] = [await commissioning(), await commissioning(), await commissioning()];
    const done = { op: "signal", status: "WORKING", name: "big", exit_status: "0" };
    let ended = 0;
    const floods = [slow, other].map((m) =>
      flood(m.token, done, [{ name: "big", bytes: 200 * MIB }]).finally(() => (ended += 1)),
    );
    assert.equal((await signal(quick.token, { status: "WORKING" })).status, 200);
    assert.equal(ended, 0, "they are still being sent");
    await Promise.all(floods);
  });
});

const laughs = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ..."bcdefghijkl".split("").map((c, n) => `${c}: &${c} [${Array(9).fill(`*${"abcdefghijkl"[n]}`).join(", ")}]`),
  "status: passed",
].join("\n");

test("bombs in a result's YAML do not count, say so, and the exit status does", async () => {
  const m = await commissioning();
  const bombs: Record<string, string | Buffer> = {
    laughs,
    deep: "[".repeat(30_000),
    quotes: '"'.repeat(30_000),
    huge: `results: {a: "${"x".repeat(10 * MIB)}"}`,
    self: "results: &a {a: *a}",
    nul: 'results: {a: "\\0"}',
    bytes: Buffer.from([0xff, 0xfe, 0, 1]),
    list: "- status: passed",
    number: "5",
    "status-list": "status: [passed]",
    "status-word": "status: excellent",
    "results-list": "results: [1, 2]",
    "results-deep": "results: {a: {b: 1}}",
    "results-null": "results: {a: null}",
    link: "link_connected: true",
    "link-word": "link_connected: maybe",
  };
  for (const [name, content] of Object.entries(bombs)) {
    const began = performance.now();
    const files = { f: { filename: `${name}.yaml`, content }, g: { filename: `${name}.out`, content: "printed\n" } };
    const reply = await signal(m.token, { status: "WORKING", name, exit_status: "7" }, files);
    assert.equal(reply.status, 200, `${name}: ${reply.text}`);
    assert.ok(performance.now() - began < 5_000, `${name} took ${performance.now() - began} ms`);
    const row = await stored(m.id, name);
    assert.deepEqual([row?.status, row?.exit_status, row?.stdout], [3, 7, 8], name);
    assert.match((await complaints(m.id)).at(-1) ?? "", new RegExp(`^the result YAML of ${name} does not count: `));
  }
});

test("names with quotes, slashes and line breaks are names, and lead nowhere", async () => {
  const m = await commissioning();
  const names = [
    "../../../etc/cron.d/x",
    "/etc/passwd",
    "we\"ird' $(reboot)`id`",
    "two\nlines",
    "%2e%2e/%00",
    "<b>bold</b>",
    "__proto__",
    "a;b",
  ];
  for (const name of names) {
    const reply = await signal(m.token, { status: "WORKING", name, exit_status: "0" });
    assert.equal(reply.status, 200, `${name}: ${reply.text}`);
  }
  const set = await t.request(t.admin, "GET", `nodes/${m.systemId}/results/current-commissioning/`);
  assert.deepEqual((set.json as { results: { name: string }[] }).results.map((r) => r.name).sort(), [...names].sort());
  const query = { op: "download", filetype: "tar.xz", output: "all" };
  const archive = await t.request(t.admin, "GET", `nodes/${m.systemId}/results/current-commissioning/`, { query });
  assert.equal(archive.status, 200);
  const listed = spawnSync("tar", ["--list", "--xz", "--quoting-style=literal"], {
    input: archive.bytes,
    encoding: "utf8",
  });
  const members = listed.stdout.trim().split("\n");
  const root = members[0]?.split("/")[0] ?? "";
  assert.equal(members.length, names.length * 4, listed.stdout);
  assert.ok(
    members.every((name) => name.startsWith(`${root}/`) && !name.split("/").includes("..")),
    listed.stdout,
  );
});

test("what hooks read may be anything, also large and without end", async () => {
  for (const name of [
    "50-maas-01-commissioning",
    "maas-lshw",
    "maas-list-modaliases",
    "maas-kernel-cmdline",
    "maas-capture-lldpd",
  ])
    for (const content of ["[".repeat(4 * MIB), "<a>".repeat(MIB), Buffer.alloc(4 * MIB, 0xff), "\n".repeat(4 * MIB)]) {
      const m = await commissioning();
      const files = { f: { filename: `${name}.out`, content } };
      const began = performance.now();
      const reply = await signal(m.token, { status: "WORKING", name, exit_status: "0" }, files);
      assert.ok(reply.status < 500, `${name}: ${reply.status} ${reply.text}`);
      assert.ok(performance.now() - began < 10_000, `${name} took ${performance.now() - began} ms`);
    }
});
