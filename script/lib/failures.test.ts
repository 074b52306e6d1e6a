import assert from "node:assert/strict";
import { test } from "node:test";
import { failures } from "./failures.ts";

const long = Array.from({ length: 100 }, (_, i) => `    line ${i}`).join("\n");

const output = `
=== database tests
✔ one that passes (1.5ms)
✖ one that fails (2.5ms)
ℹ tests 3
ℹ fail 2

✖ failing tests:

test at apps/a.db.test.ts:1:1
✖ one that fails (2.5ms)
  AssertionError [ERR_ASSERTION]: 1 !== 2

test at apps/b.db.test.ts:2:1
✖ one that says much (3ms)
  Error: too much
${long}

=== machine side
${"=".repeat(70)}
ERROR: test_disk (test_installer.DiskTest.test_disk)
${"-".repeat(70)}
Traceback (most recent call last):
OSError: busy

${"-".repeat(70)}
Ran 12 tests in 3.000s

FAILED (errors=1)

=== root tests
✔ another (1ms)
ℹ fail 0
`;

test("each failure is told with its cause, and bounded", () => {
  const [first = "", second = "", third = "", ...more] = failures(output);
  assert.deepEqual(more, []);
  assert.equal(
    first,
    "test at apps/a.db.test.ts:1:1\n✖ one that fails (2.5ms)\n  AssertionError [ERR_ASSERTION]: 1 !== 2",
  );
  assert.match(second, /Error: too much\n {4}line 0\n[^]*\.\.\. 43 more lines above\.$/);
  assert.match(third, /^ERROR: test_disk [^]*OSError: busy$/);
});

test("a run without failures has none", () => {
  assert.deepEqual(failures("=== unit tests\n✔ one (1ms)\nℹ fail 0\n"), []);
});
