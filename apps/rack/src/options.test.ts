import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRackOptions } from "./options.ts";

const root = { home: "/root", root: true };
const least = ["--region", "http://10.0.0.1:5240", "--secret-file", "/etc/secret"];

test("region and secret are enough on a host of its own", () => {
  const options = parseRackOptions(least, root);
  assert.ok(options !== "help");
  assert.equal(options.dataDir, "/var/lib/rackwright-rack");
  assert.equal(options.bootloaderDir, "/var/lib/rackwright-rack/bootloaders");
  assert.deepEqual(options.tftp, { host: "0.0.0.0", port: 69 });
  assert.equal(options.httpBoot.port, 5248);
});

test("what makes no sense is refused by name", () => {
  assert.throws(() => parseRackOptions([], root), /--region is missing/);
  assert.throws(() => parseRackOptions(["--region", "10.0.0.1:5240", "--secret-file", "x"], root), /write it as http/);
  assert.throws(() => parseRackOptions(least.slice(0, 2), root), /--secret-file is missing/);
  assert.throws(() => parseRackOptions([...least, "--http-port", "web"], root), /--http-port web is no port/);
});
