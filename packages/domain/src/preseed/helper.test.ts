import assert from "node:assert/strict";
import { test } from "node:test";
import { renderHelper } from "./helper.ts";
import type { RunnerFile } from "./user-data.ts";

const file = (name: string, text: string): RunnerFile => ({
  name,
  content: new TextEncoder().encode(text),
  executable: false,
});
const frame = file("maas-run-scripts.in", "#!/usr/bin/env python3\nM = {\n@MODULES@\n}\n");

test("modules go into the frame as text, in one order, and nothing else does", () => {
  const files = [
    file("b/two.py", 'print("é\\n")\n'),
    file("a/__init__.py", ""),
    file("README.txt", "no"),
    file("user_data.sh.in", "no"),
  ];
  const text = renderHelper([frame, ...files]);
  assert.equal(
    text,
    '#!/usr/bin/env python3\nM = {\n    "a": (\n        ""\n    ),\n    "b.two": (\n        "print(\\"é\\\\n\\")\\n"\n    ),\n}\n',
  );
  assert.equal(renderHelper([...files.toReversed(), frame]), text);
});

test("a frame that is missing or has no place for them is told", () => {
  assert.throws(() => renderHelper([]), /maas-run-scripts\.in is not among/);
  assert.throws(() => renderHelper([file("maas-run-scripts.in", "none")]), /exactly once/);
});
