import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions, usage } from "./options.ts";

const environment = { MAAS_URL: "http://localhost:5240/MAAS/", MAAS_APIKEY: "a:b:c" };

test("what the region is comes from the environment, what is to be played from the command line", () => {
  const options = parseOptions(
    ["--machines", "3", "--play-all", "--fault", "garbage:10%", "--boot-url", "http://r:1/"],
    environment,
  );
  assert.ok(options !== "help");
  assert.deepEqual(
    [options.url, options.machines, options.playAll, options.speed, options.faults, options.bootUrl],
    [environment.MAAS_URL, 3, true, 10, [{ name: "garbage", share: 0.1 }], "http://r:1"],
  );
});

test("what makes no sense is refused by name", () => {
  assert.throws(() => parseOptions(["--play-all"], {}), /MAAS_URL/);
  assert.throws(() => parseOptions(["--play-all"], { MAAS_URL: environment.MAAS_URL }), /MAAS_APIKEY/);
  assert.throws(() => parseOptions([], environment), /nothing to do/);
  assert.throws(() => parseOptions(["--play-all", "--speed", "0"], environment), /--speed 0/);
  assert.throws(() => parseOptions(["--machines", "many"], environment), /--machines many/);
});

test("help names every fault", () => {
  assert.equal(parseOptions(["--help"], {}), "help");
  assert.match(usage, /never-boots .*stall-first-boot .*wrong-clock /s);
});
