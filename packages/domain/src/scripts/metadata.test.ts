import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import { changedScript, newScript } from "./merge.ts";
import { readMetadata } from "./metadata.ts";
import { normalText } from "./text.ts";

const script = (...lines: string[]) =>
  [
    "#!/bin/bash",
    "# --- Start MAAS 1.0 script metadata ---",
    ...lines,
    "# --- End MAAS 1.0 script metadata ---",
    "echo",
  ].join("\n");

function refused(lines: string[], field: string, message: RegExp): void {
  assert.throws(
    () => readMetadata(script(...lines)),
    (error) =>
      error instanceof DomainError &&
      message.test(error.fields?.[field]?.[0] ?? String(error)) &&
      field in (error.fields ?? {}),
    `${lines.join("|")} on ${field}`,
  );
}

test("every field is read", () => {
  const read = readMetadata(
    script(
      "# name: my-script",
      "# title: T",
      "# description: 5",
      "# tags: a, b",
      "",
      "# type: test",
      "# hardware_type: disk",
      "# parallel: name",
      "# results:",
      "#   speed: {title: Speed, description: MB/s}",
      "# parameters:",
      "#   storage: {type: storage, argument_format: '{path}'}",
      "# packages: {apt: jq, snap: {name: foo, channel: edge, mode: classic}, url: [http://x/y.deb]}",
      "# timeout: 1 00:00:30",
      "# destructive: True",
      "# for_hardware: ['pci:8086:1234', modalias:usb*]",
      "# may_reboot: yes",
      "# recommission: true",
      "# apply_configured_networking: true",
      "# unheard_of: 1",
    ),
  );
  assert.deepEqual(read, {
    name: "my-script",
    title: "T",
    description: "5",
    tags: ["a", "b"],
    type: 2,
    hardwareType: 3,
    parallel: 1,
    results: { speed: { title: "Speed", description: "MB/s" } },
    parameters: { storage: { type: "storage", argument_format: "{path}" } },
    packages: { apt: ["jq"], snap: [{ name: "foo", channel: "edge", mode: "classic" }], url: ["http://x/y.deb"] },
    timeoutSeconds: 86_430,
    destructive: true,
    forHardware: ["pci:8086:1234", "modalias:usb*"],
    mayReboot: true,
    recommission: true,
    applyConfiguredNetworking: true,
  });
});

test("markers may be written in many ways; other versions are not read", () => {
  const block = (start: string, end: string) => readMetadata(`#!/bin/sh\r\n${start}\r\n#title: x\r\n${end}\r\n`);
  assert.deepEqual(block("# --- start maas 1.0 SCRIPT metadata ---", " #- End MAAS 1.0 script metadata -"), {
    title: "x",
  });
  assert.deepEqual(block("# --- Start MAAS 2.0 script metadata ---", "# --- End MAAS 2.0 script metadata ---"), {});
  assert.deepEqual(readMetadata("#!/bin/sh\necho no metadata"), {});
  assert.deepEqual(readMetadata(script()), {});
});

test("what is wrong is named with its field and line", () => {
  refused(["# title: a", "name: b"], "script", /^Line 4: .*"#"/);
  refused(["# title: a", "# tags: [x"], "script", /^Line [45]: the metadata is no YAML/);
  refused(["# - a"], "script", /no map/);
  refused([String.raw`# title: "a\0b"`], "title", /^Line 3: .*NUL/);
  refused([String.raw`# packages: {apt: ["\uD800"]}`], "packages", /surrogate/);
  refused(["# parameters: &a {b: *a}"], "parameters", /its type/);
  refused(["# title: a", "# name: 7"], "name", /^Line 4: .*number/);
  refused(["# name: a/b"], "name", /no name/);
  refused(["# type: strange"], "script_type", /^Line 3/);
  refused(["# hardware_type: wood"], "hardware_type", /not one of node, cpu/);
  refused(["# parallel: some"], "parallel", /not one of/);
  refused(["# timeout: soon"], "timeout", /no time/);
  refused(["# timeout: -1"], "timeout", /no time/);
  refused(["# destructive: maybe"], "destructive", /neither/);
  refused(["# for_hardware: pci:1:2"], "for_hardware", /names no hardware/);
  refused(["# results: text"], "results", /list of names/);
  refused(["# results: {a: {description: x}}"], "results", /a needs a title/);
  refused(["# packages: {pip: x}"], "packages", /not one of apt, snap, url/);
  refused(["# packages: {snap: {channel: edge}}"], "packages", /needs a name/);
  refused(["# packages: {snap: {name: a, channel: odd}}"], "packages", /Channel of snap a/);
  assert.throws(() => readMetadata("# --- Start MAAS 1.0 script metadata ---\n# name: x\n"), /do not end/);
});

test("parameters follow the rules of their types", () => {
  const cases: [string, RegExp][] = [
    ["x", /map of names/],
    ["{a: 1}", /a: needs a map/],
    ["{a: {type: file}}", /its type is not one of/],
    ["{a: {type: storage, min: 1}}", /min means nothing/],
    ["{a: {type: string, min: 5, max: 2}}", /more than max/],
    ["{a: {type: runtime, min: -1}}", /negative/],
    ["{a: {type: runtime, default: 5}}", /default must be text/],
    ["{a: {type: storage, argument_format: '--x'}}", /\{input\}/],
    ["{a: {type: interface, argument_format: '{path}'}}", /\{mac\}/],
    ["{a: {type: string, allow_list: true}}", /url only/],
    ["{a: {type: choice}}", /needs choices/],
    ["{a: {type: choice, choices: [[a]]}}", /every choice/],
    ["{a: {type: choice, choices: [a], default: b}}", /none of the choices/],
    ["{a: {type: string, choices: [a]}}", /choice only/],
    ["{a: {type: string, required: 1}}", /true or false/],
  ];
  for (const [text, message] of cases) refused([`# parameters: ${text}`], "parameters", message);
  const fine = readMetadata(script("# parameters: {a: {type: choice, choices: [x, [y, Why]], default: y}}"));
  assert.deepEqual(fine.parameters, { a: { type: "choice", choices: ["x", ["y", "Why"]], default: "y" } });
});

test("a text has an interpreter and no carriage returns", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.equal(new TextDecoder().decode(normalText(bytes("#!/bin/sh\r\na\rb\r\n"))), "#!/bin/sh\na\rb\n");
  assert.throws(() => normalText(bytes("")), /empty/);
  assert.throws(() => normalText(bytes("echo")), /interpreter/);
});

test("a form and the script itself must agree, except on tags and timeout", () => {
  const made = newScript(
    { tags: ["f"], timeoutSeconds: 5 },
    { name: "a", title: "T", tags: ["e"], timeoutSeconds: 9, hardwareType: 1 },
  );
  assert.deepEqual([made.tags, made.timeoutSeconds, made.type, made.title], [["cpu", "f"], 5, 2, "T"]);
  assert.equal(newScript({ title: "T" }, { name: "a", title: "T" }).title, "T");
  assert.throws(
    () => newScript({ title: "U", mayReboot: true }, { name: "a", title: "T", mayReboot: false }),
    (error) => {
      assert.ok(error instanceof DomainError);
      assert.deepEqual(Object.keys(error.fields ?? {}).sort(), ["may_reboot", "title"]);
      return true;
    },
  );
  const stored = { ...made, id: 1, parameters: { a: { type: "string" as const } } };
  const after = changedScript(stored, {}, { tags: ["late"], timeoutSeconds: 1, hardwareType: 2, destructive: true });
  assert.deepEqual([after.tags, after.timeoutSeconds, after.parameters], [["destructive", "f", "memory"], 5, {}]);
  assert.deepEqual(changedScript(stored, { title: "x" }, undefined).parameters, stored.parameters);
});
