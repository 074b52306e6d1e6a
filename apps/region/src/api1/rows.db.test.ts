/** Every line of the list of what API 1.0 has to do (S3-001 to S3-378), asked over HTTP. Each is printed with what became of it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clusterRows } from "./testing/rows-clusters.ts";
import { fileRows } from "./testing/rows-files.ts";
import { generalRows } from "./testing/rows-general.ts";
import { imageRows } from "./testing/rows-images.ts";
import { networkRows } from "./testing/rows-networks.ts";
import { nodeRows } from "./testing/rows-nodes.ts";
import { placeRows } from "./testing/rows-places.ts";
import { settingsRows } from "./testing/rows-settings.ts";
import { type World, world } from "./testing/world.ts";

const LAST = 378;
const rows = [
  ...generalRows,
  ...imageRows,
  ...fileRows,
  ...networkRows,
  ...clusterRows,
  ...nodeRows,
  ...placeRows,
  ...settingsRows,
];

let w: World;
before(async () => {
  w = await world();
});
after(() => w?.t.close());

test("no line is left out, and none is there twice", () => {
  const all = Array.from({ length: LAST }, (_, i) => `S3-${String(i + 1).padStart(3, "0")}`);
  assert.deepEqual(
    rows.map(([id]) => id),
    all,
  );
});

for (const [id, asked, expected, check] of rows)
  test(`${id}: ${asked} -> ${expected}`, async (t) => {
    try {
      const missing = await check(w);
      t.diagnostic(missing ? `${id} NOT MET: ${missing.notMet}` : `${id} PASS`);
      if (missing) t.todo(missing.notMet);
    } catch (error) {
      t.diagnostic(`${id} FAIL: ${String(error).split("\n")[0]}`);
      throw error;
    }
  });
