import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Fixture, scriptFixture } from "./script-fixtures.ts";
import { createCommissioningSets } from "./script-sets.ts";
import { registerBuiltinScripts } from "./scripts.ts";

const SHIPPED = join(import.meta.dirname, "../../../../machine/scripts");

let f: Fixture;
let directory: string;
const warnings: string[] = [];
before(async () => {
  f = await scriptFixture();
  directory = await mkdtemp(join(tmpdir(), "rackwright-scripts-"));
  await mkdir(join(directory, "testing"));
});
after(async () => {
  await f?.close();
  if (directory) await rm(directory, { recursive: true, force: true });
});

const register = (from = directory) =>
  registerBuiltinScripts(
    { db: f.test.db, now: f.ctx.region.now, log: { warn: (text: unknown) => void warnings.push(String(text)) } },
    from,
  );
const write = (name: string, more: string, body = "exit 0") =>
  writeFile(
    join(directory, "testing", name),
    `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: ${name}\n${more}# --- End MAAS 1.0 script metadata ---\n${body}\n`,
  );
const stored = async (name: string) =>
  (
    await f.test.db.pool.query(
      `select s.title, s.tags, s.timeout_seconds as timeout, s.builtin, s.type, count(v.id)::int as versions
       from script s left join script_version v on v.script_id = s.id where s.name = $1 group by s.id`,
      [name],
    )
  ).rows[0];

test("regions that start together bring in each script once", async () => {
  await write("one", "# title: First\n# tags: a\n# timeout: 60\n");
  await Promise.all([register(), register(), register()]);
  assert.deepEqual(await stored("one"), {
    title: "First",
    tags: ["a", "node"],
    timeout: 60,
    builtin: true,
    type: 2,
    versions: 1,
  });
});

test("a changed text is a new version, and leaves the operator's tags and timeout alone", async () => {
  await f.test.db.pool.query("update script set tags = '{mine}', timeout_seconds = 5 where name = 'one'");
  await write("one", "# title: Second\n# tags: b\n# timeout: 70\n", "exit 1");
  await register();
  await register();
  assert.deepEqual(await stored("one"), {
    title: "Second",
    tags: ["mine"],
    timeout: 5,
    builtin: true,
    type: 2,
    versions: 2,
  });
});

test("an operator's script of that name stays, and is warned about", async () => {
  await f.script({ name: "two", title: "Own" });
  await write("two", "");
  await register();
  assert.equal((await stored("two")).title, "Own");
  assert.match(warnings.join("\n"), /script two is one of your own/);
});

test("wrong metadata name their file, and nothing is half brought in", async () => {
  await write("three", "");
  await write("zzz", "# timeout: soon\n");
  await assert.rejects(register(), /testing\/zzz: timeout: Line 4/);
  assert.equal(await stored("three"), undefined);
});

test("what we ship can all be brought in and run", async () => {
  await register(SHIPPED);
  const { rows } = await f.test.db.pool.query<{ name: string }>("select name from script where builtin order by name");
  const names = rows.map((r) => r.name);
  for (const name of ["30-maas-01-bmc-config", "50-maas-01-commissioning", "smartctl-validate", "wipe-disks"])
    assert.ok(names.includes(name), `${name} is missing in ${names.join(" ")}`);
  const m = await f.machine("real");
  const sets = await f.run((tx) =>
    createCommissioningSets(f.ctx, tx, m.id, { params: {}, skipBmcConfig: true, architecture: "amd64/generic" }),
  );
  const results = await f.results(sets.commissioningSetId);
  assert.deepEqual(
    results.filter((r) => r.status === 9).map((r) => r.name),
    ["30-maas-01-bmc-config"],
  );
  assert.equal(
    results.find((r) => r.name === "30-maas-01-bmc-config")?.parameters["maas_auto_ipmi_user"]?.value,
    "maas",
  );
  assert.ok((await f.results(sets.testingSetId)).some((r) => r.name === "smartctl-validate"));
});
