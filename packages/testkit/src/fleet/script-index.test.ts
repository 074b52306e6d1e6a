import assert from "node:assert/strict";
import { test } from "node:test";
import { pack } from "tar-stream";
import { batches, readArchive, type Row } from "./script-index.ts";

async function archive(files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const index = (scripts: object) => JSON.stringify({ "1.0": scripts });

test("rows come by stage, with the ids that results are sent with", async () => {
  const rows = await readArchive(
    await archive({
      "commissioning/a": "#!/bin/sh",
      "testing/b": "#!/bin/sh",
      "index.json": index({
        testing_scripts: [{ name: "b", path: "testing/b", parallel: 2, script_result_id: 7, script_version_id: 8 }],
        commissioning_scripts: [{ name: "a", path: "commissioning/a", packages: { apt: ["x"] }, has_started: true }],
      }),
    }),
  );
  assert.deepEqual(
    rows.map((row) => [row.stage, row.name, row.resultId, row.versionId, row.serial, row.hasPackages, row.hasStarted]),
    [
      ["commissioning", "a", null, null, true, true, true],
      ["testing", "b", 7, 8, false, false, false],
    ],
  );
});

test("the door for live output is the one that is announced, for rows that have a result", async () => {
  const scripts = {
    testing_scripts: [
      { name: "b", path: "testing/b", script_result_id: 7 },
      { name: "c", path: "testing/b" },
    ],
  };
  const doors = async (more: object) =>
    (
      await readArchive(
        await archive({ "testing/b": "#!/bin/sh", "index.json": JSON.stringify({ "1.0": scripts, ...more }) }),
      )
    ).map((row) => row.livePath);
  assert.deepEqual(await doors({ rackwright: { live_output: { path: "live-output/" } } }), ["live-output/", null]);
  assert.deepEqual(await doors({}), [null, null]);
});

test("systems in use run what is built in and only looks", async () => {
  const scripts = [
    { name: "a", path: "x", default: true, tags: ["node", "deploy-info"] },
    { name: "b", path: "x", default: true, tags: ["node"] },
    { name: "c", path: "x", default: false, tags: ["deploy-info"] },
  ];
  const sections = { commissioning_scripts: scripts, testing_scripts: [{ ...scripts[0], name: "d" }] };
  const rows = await readArchive(await archive({ x: "#!/bin/sh", "index.json": index(sections) }));
  assert.deepEqual(
    rows.filter((row) => row.onlyLooks).map((row) => row.name),
    ["a"],
  );
});

test("an archive that a machine could not use is refused", async () => {
  await assert.rejects(readArchive(await archive({ x: "y" })), /no index.json among its 1 files/);
  const missing = index({ testing_scripts: [{ name: "b", path: "testing/b" }] });
  await assert.rejects(
    readArchive(await archive({ "index.json": missing })),
    /testing\/b, which is not in the archive/,
  );
  await assert.rejects(readArchive(await archive({ "index.json": "{}" })), /version 1.0/);
});

test("serial scripts run one by one before all others", () => {
  const row = (name: string, serial: boolean) => ({ name, serial }) as Row;
  const order = batches([row("z", false), row("50-b", true), row("20-a", true), row("y", false)]);
  assert.deepEqual(
    order.map((batch) => batch.map(({ name }) => name)),
    [["20-a"], ["50-b"], ["y", "z"]],
  );
});
