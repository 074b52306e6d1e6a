import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { renderRunnerUserData, type RunnerFile } from "./user-data.ts";

const file = (name: string, text: string, executable = false): RunnerFile => ({
  name,
  content: new TextEncoder().encode(text),
  executable,
});
const runnerFolder = new URL("../../../../machine/runner/", import.meta.url);

test("the message, to the byte", () => {
  const files = [
    file("user_data.sh.in", "#!/bin/sh\n@FILES@\nrun\n"),
    file("pkg/b.py", "b\n"),
    file("a", "x".repeat(60), true),
    file("pkg/__pycache__/b.cpython-311.pyc", "no"),
  ];
  assert.equal(
    renderRunnerUserData(files),
    `Content-Type: multipart/mixed; boundary="==RACKWRIGHT-USER-DATA=="
MIME-Version: 1.0

--==RACKWRIGHT-USER-DATA==
Content-Type: text/x-shellscript; charset="utf-8"
MIME-Version: 1.0
Content-Transfer-Encoding: 7bit
Content-Disposition: attachment; filename="user_data.sh"

#!/bin/sh
put 0755 a << 'END_OF_FILE'
eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
eHh4
END_OF_FILE
put 0644 pkg/b.py << 'END_OF_FILE'
Ygo=
END_OF_FILE
run

--==RACKWRIGHT-USER-DATA==--
`,
  );
  assert.equal(renderRunnerUserData(files.toReversed()), renderRunnerUserData(files));
});

test("names that would leave the directory or need quoting are refused", () => {
  for (const name of ["../x", "/etc/x", "a b", "a/../b", "$(x)", "a\nb", "", "a//b", ".hidden"]) {
    assert.throws(
      () => renderRunnerUserData([file("user_data.sh.in", "@FILES@"), file(name, "")]),
      /no plain relative path/,
    );
  }
});

test("a missing or broken frame is a bug of the installation", () => {
  assert.throws(() => renderRunnerUserData([file("a", "")]), /user_data.sh.in is not among the 1 files/);
  assert.throws(() => renderRunnerUserData([file("user_data.sh.in", "run")]), /exactly once/);
});

test("the shell part unpacks what was put in and starts the runner with its directory", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "user-data-test-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const frame = readFileSync(new URL("user_data.sh.in", runnerFolder), "utf8");
  const start = '#!/bin/sh\necho "$@"; command -v maas-run-remote-scripts; cat "$2/bin/pkg/data.bin"\n';
  const text = renderRunnerUserData([
    file("user_data.sh.in", frame),
    file("maas-run-remote-scripts", start, true),
    file("pkg/data.bin", "ünïcode\n\u0000"),
  ]);
  const shellPart = text.slice(text.indexOf("#!/bin/sh"), text.lastIndexOf("\n--=="));
  const said = execFileSync("sh", ["-s"], { input: shellPart, env: { ...process.env, TMPDIR: dir } }).toString();
  const [made] = readdirSync(dir);
  assert.match(made ?? "", /^user_data\.sh\.\w{6}$/);
  const root = join(dir, made ?? "");
  assert.equal(
    said,
    `--config=/etc/cloud/cloud.cfg.d/91_kernel_cmdline_url.cfg ${root}\n${root}/bin/maas-run-remote-scripts\nünïcode\n\u0000`,
  );
});
