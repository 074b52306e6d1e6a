import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheKey, collectInputs, packagesOf, parsePackageList } from "./inputs.ts";

test("the key is the same for the same inputs in any order, and differs when a name or content does", () => {
  const a = { name: "a", content: "1" };
  const b = { name: "b", content: Buffer.from("2") };
  const key = cacheKey([a, b]);
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.equal(cacheKey([b, a]), key);
  assert.notEqual(cacheKey([a]), key);
  assert.notEqual(cacheKey([a, { ...b, content: "3" }]), key);
  assert.notEqual(cacheKey([{ ...a, name: "c" }, b]), key);
});

test("content that moves from one input to the next changes the key", () => {
  const key = (first: string, second: string) =>
    cacheKey([
      { name: "a", content: first },
      { name: "b", content: second },
    ]);
  assert.notEqual(key("x", "yz"), key("xy", "z"));
});

test("the inputs of a flavour name scripts, packages and kernel, but neither tests nor comments", async () => {
  const cloud = await collectInputs("cloud");
  const names = cloud.map((input) => input.name);
  for (const name of [
    "image/customize.sh",
    "initramfs/scripts/netroot",
    "initramfs/hooks/netroot",
    "builder/build.ts",
    "packages",
  ]) {
    assert.ok(names.includes(name), `${name} decides what is built`);
  }
  assert.deepEqual(
    names.filter((name) => name.includes(".test.") || name.includes("netboot")),
    [],
  );
  assert.equal(new Set(names).size, names.length);
  assert.notEqual(cacheKey(cloud), cacheKey(await collectInputs("generic")));
});

test("package lists lose comments and empty lines; each flavour has one kernel and no name twice", async () => {
  assert.deepEqual(parsePackageList("# all\n\nfio\n jq # json\n"), ["fio", "jq"]);
  for (const [flavour, kernel] of [
    ["cloud", "linux-image-cloud-amd64"],
    ["generic", "linux-image-amd64"],
  ] as const) {
    const packages = await packagesOf(flavour);
    assert.deepEqual(
      packages.filter((name) => name.startsWith("linux-image")),
      [kernel],
    );
    assert.equal(new Set(packages).size, packages.length);
  }
});
