/** Scripts whose metadata mean no good, or nothing: refused with the field and the line, and nothing is made. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

const withMetadata = (...lines: string[]) =>
  `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n${lines.map((line) => `# ${line}\n`).join("")}# --- End MAAS 1.0 script metadata ---\necho x\n`;
const create = (content: string | Uint8Array) =>
  t.request(t.admin, "POST", "/scripts/", { multipart: { script: { filename: "script", content } } });
const count = async () =>
  Number((await t.db.pool.query<{ n: string }>("select count(*) as n from script_version")).rows[0]?.n);

/** Of each of these types a field is none. */
const values = {
  number: "5",
  text: "some words",
  list: "[[1, 2], {a: b}]",
  map: "{a: {b: [c]}}",
  truth: "true",
  date: "2026-01-01",
  binary: "!!binary aGVsbG8=",
};
const wrongFor: Record<string, (keyof typeof values)[]> = {
  name: ["number", "text", "list", "map"],
  title: ["list", "map"],
  description: ["list", "map"],
  tags: ["list", "map"],
  script_type: ["number", "text", "list", "map", "truth", "date"],
  hardware_type: ["text", "list", "map", "truth", "date"],
  parallel: ["number", "text", "list", "map", "truth", "date"],
  results: ["number", "text", "list", "map", "truth", "date"],
  parameters: ["number", "text", "list", "map", "truth", "date"],
  packages: ["number", "text", "list", "map", "truth", "date"],
  timeout: ["text", "list", "map", "truth", "date"],
  destructive: ["number", "text", "list", "map", "date"],
  for_hardware: ["number", "text", "list", "map", "truth", "date"],
  may_reboot: ["number", "text", "list", "map", "date"],
  recommission: ["number", "text", "list", "map", "date"],
  apply_configured_networking: ["number", "text", "list", "map", "date"],
};

test("a field of a wrong type is refused by its name and its line", async () => {
  const before = await count();
  for (const [field, kinds] of Object.entries(wrongFor))
    for (const kind of kinds) {
      const lines = [...(field === "name" ? [] : ["name: fine"]), `${field}: ${values[kind]}`];
      const reply = await create(withMetadata(...lines));
      const what = `${field}: ${values[kind]}`;
      assert.equal(reply.status, 400, `${what}: ${reply.status} ${reply.text}`);
      const fields = reply.json as Record<string, string[]>;
      assert.match(fields[field]?.[0] ?? reply.text, new RegExp(`^Line ${field === "name" ? 3 : 4}: `), what);
    }
  assert.equal(await count(), before);
});

test("names that a shell or a path would take for something else are refused", async () => {
  for (const name of [
    'a"b',
    "a'b",
    "a/b",
    "../a",
    "/etc/passwd",
    "a b",
    "a;b",
    "$(reboot)",
    "a\\b",
    "..",
    "12",
    "none",
    "",
    "x".repeat(256),
  ]) {
    const reply = await create(withMetadata(`name: ${JSON.stringify(name)}`));
    assert.equal(reply.status, 400, `${name}: ${reply.text}`);
  }
  const twoLines = await create(withMetadata('name: "two\\nlines"'));
  assert.equal(twoLines.status, 400, twoLines.text);
});

test("bombs, huge ones, bytes that are no text: refused within seconds", async () => {
  const before = await count();
  const laughs = [
    "name: bomb",
    "a: &a [x, x, x, x, x, x, x, x, x]",
    ..."bcdefghijkl".split("").map((c, n) => `${c}: &${c} [${Array(9).fill(`*${"abcdefghijkl"[n]}`).join(", ")}]`),
    "results: *l",
  ];
  const bombs: Record<string, string | Buffer> = {
    laughs: withMetadata(...laughs),
    deep: withMetadata("name: bomb", `results: ${"[".repeat(30_000)}`),
    quotes: withMetadata("name: bomb", `results: ${'"'.repeat(30_000)}`),
    huge: withMetadata("name: bomb", `description: ${"x".repeat(5_000_000)}`),
    self: withMetadata("name: bomb", "results: &a {a: *a}"),
    "a NUL": withMetadata("name: bomb", 'title: "a\\0b"'),
    bytes: Buffer.concat([
      Buffer.from("#!/bin/sh\n"),
      Buffer.from([0xff, 0xfe, 0, 1]),
      Buffer.from(withMetadata("name: [x")),
    ]),
  };
  for (const [what, content] of Object.entries(bombs)) {
    const began = performance.now();
    const reply = await create(content);
    assert.equal(reply.status, 400, `${what}: ${reply.text.slice(0, 300)}`);
    assert.ok(reply.text.length < 5_000, `${what}: an answer of ${reply.text.length} characters`);
    assert.ok(performance.now() - began < 10_000, what);
  }
  assert.equal(await count(), before);
});
