import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions } from "./options.ts";

const root = { home: "/root", root: true };

test("defaults are those of a production host", () => {
  const options = parseOptions([], root);
  assert.ok(options !== "help");
  assert.equal(options.dataDir, "/var/lib/rackwright");
  assert.equal(options.port, 5240);
  assert.equal(options.dhcp, true);
});

test("an ordinary user's data lies in the home directory", () => {
  const options = parseOptions(["--no-dhcp"], { home: "/home/u", root: false });
  assert.ok(options !== "help");
  assert.equal(options.dataDir, "/home/u/.local/share/rackwright");
  assert.equal(options.dhcp, false);
});

test("what makes no sense is refused by name", () => {
  assert.throws(() => parseOptions(["--port", "x"], root), /--port x is no port/);
  assert.throws(() => parseOptions(["--admin", "a b"], root), /--admin a b is no user name/);
  assert.throws(() => parseOptions(["--nonsense"], root), /--nonsense/);
});
