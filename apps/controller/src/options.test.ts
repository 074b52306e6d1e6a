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

test("a region without a rack of its own still keeps the networks of racks elsewhere", () => {
  const options = parseOptions(["--no-rack"], root);
  assert.ok(options !== "help");
  assert.deepEqual([options.rack, options.dhcp], [false, true]);
});

test("a database is named by option or environment, and a wrong one is not repeated", () => {
  const databaseUri = "postgresql://u:secret@db/rackwright";
  const options = parseOptions([], { ...root, databaseUri });
  assert.ok(options !== "help");
  assert.equal(options.databaseUri, databaseUri);
  assert.throws(
    () => parseOptions(["--database-uri", "mysql://u:secret@db"], root),
    (error: Error) => error.message.includes("postgresql://USER@HOST") && !error.message.includes("secret"),
  );
});

test("file names are absolute, and short enough for sockets", () => {
  const options = parseOptions(["--data", "mine"], root);
  assert.ok(options !== "help");
  assert.equal(options.dataDir, `${process.cwd()}/mine`);
  assert.throws(() => parseOptions(["--data", `/${"x".repeat(120)}`], root), /too long for the sockets/);
  assert.throws(() => parseOptions(["--log-level", "loud"], root), /--log-level loud is no level/);
  assert.throws(() => parseOptions(["--rack-http-port", "70000"], root), /--rack-http-port 70000 is no port/);
});

test("emulated machines are served no DHCP", () => {
  const options = parseOptions(["--simulated"], root);
  assert.ok(options !== "help");
  assert.deepEqual([options.simulated, options.dhcp], [true, false]);
});
