import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bootMethodNamed, bootMethods, disabledBootMethods, requiredBootClasses } from "./boot-methods.ts";
import { renderKeaConfig, type KeaBootstrap } from "./bootstrap.ts";

const input: KeaBootstrap = {
  interfaces: ["eth0", "eth1.5"],
  serverTag: "rack-a",
  controlSocket: "/run/rackwright/kea/kea4.sock",
  database: { host: "/run/rackwright/postgres", port: 5432, name: "kea", user: "kea", password: "secret" },
  rackAddresses: ["10.10.0.1", "10.20.0.1"],
  httpBootPort: 5248,
  hooksDir: "/usr/lib/x86_64-linux-gnu/kea/hooks",
  tftp: true,
};

interface Rendered {
  Dhcp4: {
    "client-classes": { name: string; test?: string; "only-if-required"?: boolean; "boot-file-name"?: string }[];
  };
}
const classes = (change: Partial<KeaBootstrap> = {}) =>
  (JSON.parse(renderKeaConfig({ ...input, ...change })) as Rendered).Dhcp4["client-classes"];

test("the bootstrap file is this one", () => {
  const golden = readFileSync(new URL("fixtures/kea-dhcp4.json", import.meta.url), "utf8");
  assert.equal(renderKeaConfig(input), golden);
});

test("every class with an answer waits until Kea knows the reservation, and none is for no-pxe", () => {
  const answers = classes().filter((each) => each["boot-file-name"] !== undefined);
  assert.equal(answers.length, bootMethods.length * 2);
  for (const each of answers) {
    assert.equal(each["only-if-required"], true, each.name);
    assert.match(each.test ?? "", /not member\('no-pxe'\)$/);
  }
});

test("boot files fit their header field: 128 bytes with the ending zero", () => {
  for (const each of classes({ rackAddresses: ["255.255.255.255"] }))
    assert.ok((each["boot-file-name"] ?? "").length < 128);
});

test("a rack without TFTP offers what is fetched by HTTP only", () => {
  const names = classes({ tftp: false, rackAddresses: ["10.10.0.1"] }).map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => name.includes("@")),
    ["ipxe@10.10.0.1", "uefi_amd64_http@10.10.0.1", "uefi_arm64_http@10.10.0.1"],
  );
});

test("each class that a subnet requires is one that the file defines", () => {
  const defined = new Set(classes().map(({ name }) => name));
  for (const address of input.rackAddresses)
    for (const name of requiredBootClasses(address)) assert.ok(defined.has(name), name);
});

test("the disabled methods can be read back from what a subnet requires", () => {
  for (const disabled of [[], ["pxe"], ["ipxe", "uefi_arm64_http"], bootMethods.map(({ name }) => name)])
    assert.deepEqual(disabledBootMethods(requiredBootClasses("10.0.0.1", disabled)), disabled.toSorted(byTable));
});

test("a boot method by its name, or by the number of its architecture in two notations", () => {
  const words = ["pxe", "windows", "0x07", "0x0007", "00:07", "00:0B", "0x20", "0x63", "nope", "7", "toString"];
  const name = "uefi_amd64_tftp";
  const unknown = [undefined, undefined, undefined, undefined];
  const named = ["pxe", "windows", name, name, name, "uefi_arm64_tftp", "s390x_partition", ...unknown];
  assert.deepEqual(words.map(bootMethodNamed), named);
  const numbered = [0, 7, 9, 0xb, 0xc, 0xe, 0x10, 0x13, 0x1f, 0x20].map((code) => {
    const hex = code.toString(16).padStart(4, "0");
    const method = bootMethods.find((each) => each.name === bootMethodNamed(`0x${hex}`));
    return method?.test.includes(`0x${hex}`);
  });
  assert.deepEqual(new Set(numbered), new Set([true]), "each is chosen by the number that it is named by");
});

const order = bootMethods.map(({ name }) => name);
const byTable = (a: string, b: string) => order.indexOf(a) - order.indexOf(b);
