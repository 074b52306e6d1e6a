import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import type { Devices } from "./devices.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { estimatedRuntime } from "./estimate.ts";
import { newScript } from "./merge.ts";
import { expand, type ExpandOptions, redacted, refuseUnknownParams } from "./parameters.ts";
import type { ParameterDefinitions, Script } from "./script.ts";

const script = (parameters: ParameterDefinitions, timeoutSeconds = 0): Script => ({
  ...newScript({ name: "s", parameters, timeoutSeconds }, {}),
  id: 1,
});
const disk = (id: number, name: string, more: object = {}) => ({
  id,
  name,
  model: "M",
  serial: `S${id}`,
  idPath: `/dev/disk/by-id/d${id}`,
  tags: [],
  ...more,
});
const nic = (id: number, name: string, more: object = {}) => ({
  id,
  name,
  mac: `52:54:00:00:00:0${id}`,
  vendor: "V",
  product: "P",
  tags: [],
  usable: true,
  boots: false,
  bondIds: [],
  ...more,
});
const devices: Devices = {
  disks: [disk(1, "sda"), disk(2, "sdb", { tags: ["ssd"] })],
  interfaces: [nic(1, "eth0", { usable: false, boots: true }), nic(2, "eth1")],
};
const none: Devices = { disks: [], interfaces: [] };
const options: ExpandOptions = { commissioning: false };
const values = (parameters: ParameterDefinitions, given: Record<string, string>, of = options, timeout = 0) =>
  expand(script(parameters, timeout), given, devices, of).map((row) =>
    Object.fromEntries(Object.entries(row.parameters).map(([k, p]) => [k, p.value])),
  );
function refused(
  parameters: ParameterDefinitions,
  given: Record<string, string>,
  field: string,
  message: RegExp,
): void {
  assert.throws(
    () => values(parameters, given),
    (error) => error instanceof DomainError && message.test(error.fields?.[field]?.[0] ?? ""),
  );
}

test("a disk is meant by id, name, path, model, serial, both, or tag; by default all", () => {
  const disks = (storage?: string) =>
    expand(script({ storage: { type: "storage" } }), storage === undefined ? {} : { storage }, devices, options).map(
      (row) => row.diskId,
    );
  for (const word of ["2", "sdb", "/dev/sdb", "d2", "S2", "m:s2", "SSD", "sdb,ssd"])
    assert.deepEqual(disks(word), [2], word);
  for (const word of [undefined, "all", "M", "sda, sdb"]) assert.deepEqual(disks(word), [1, 2], word);
  refused({ storage: { type: "storage" } }, { storage: "sda,sdx,sdy" }, "storage", /no disk "sdx", "sdy"/);
  refused({ storage: { type: "storage" } }, { s_storage: "sdx" }, "s_storage", /sdx/);
});

test("an interface is meant likewise; all means those in use, while commissioning the one that boots", () => {
  const nics = (given: Record<string, string>, of: ExpandOptions = options, at = devices) =>
    expand(script({ interface: { type: "interface" } }), given, at, of).map((row) => row.interfaceId);
  for (const word of ["1", "eth0", "52:54:00:00:00:01"]) assert.deepEqual(nics({ interface: word }), [1], word);
  assert.deepEqual(nics({}), [2]);
  assert.deepEqual(nics({ interface: "V:P" }), [1, 2]);
  const unconfigured = { ...devices, interfaces: devices.interfaces.map((i) => ({ ...i, usable: false })) };
  assert.deepEqual(nics({}, { commissioning: true }, unconfigured), [1]);
  assert.deepEqual(nics({}, options, unconfigured), [null]);
});

test("both sides of a bond have results of their own (S0-186); what is built on a bond is tested alone when it is named (S0-188)", () => {
  const side = { usable: false, bondIds: [3] };
  const interfaces = [
    nic(1, "eth0", side),
    nic(2, "eth1", side),
    nic(3, "bond0", { usable: false, vendor: "" }),
    nic(4, "br0", { vendor: "" }),
    nic(5, "eth2"),
    nic(6, "eth3", { usable: false }),
  ];
  const nics = (given: string | undefined) =>
    expand(
      script({ interface: { type: "interface" } }),
      given === undefined ? {} : { interface: given },
      { disks: [], interfaces },
      options,
    ).map((row) => row.interfaceId);
  assert.deepEqual(nics(undefined), [1, 2, 4, 5]);
  assert.deepEqual(nics("all"), [1, 2, 4, 5]);
  assert.deepEqual(nics("bond0"), [1, 2, 3]);
  assert.deepEqual(nics("br0"), [4]);
  assert.deepEqual(nics("eth1"), [2]);
  assert.deepEqual(nics("eth3,bond0"), [1, 2, 3, 6]);
});

test("without devices there is one row that waits for them; disks and interfaces are never crossed", () => {
  const both = script({
    storage: { type: "storage" },
    interface: { type: "interface" },
    word: { type: "string", default: "w" },
  });
  const rows = expand(both, {}, devices, options);
  assert.deepEqual(
    rows.map((r) => [r.diskId, r.interfaceId, Object.keys(r.parameters).sort()]),
    [
      [1, null, ["storage", "word"]],
      [2, null, ["storage", "word"]],
      [null, 2, ["interface", "word"]],
    ],
  );
  assert.deepEqual(
    expand(script({ storage: { type: "storage" } }), {}, none, options)[0]?.parameters["storage"]?.value,
    "all",
  );
});

test("runtime, url, choice, text and truth each take what they can mean", () => {
  assert.deepEqual(values({ r: { type: "runtime" } }, {}, options, 60), [{ r: 60 }]);
  assert.deepEqual(values({ r: { type: "runtime" } }, { r: "0:01:30" }), [{ r: 90 }]);
  refused({ r: { type: "runtime", min: 10 } }, { r: "5" }, "r", /at least 10/);
  refused({ r: { type: "runtime" } }, { r: "-5" }, "r", /no time/);
  const url: ParameterDefinitions = { u: { type: "url", allow_list: true } };
  for (const u of ["http://a.example/x", "10.0.0.1", "[fd00::1]:80", "a.example,icmp://b", "file:///etc/hosts"])
    assert.deepEqual(values(url, { u }), [{ u }]);
  refused(url, { u: "gemini://a" }, "u", /scheme/);
  refused(url, { u: "not a host" }, "u", /neither/);
  refused({ u: { type: "url" } }, { u: "a,b" }, "u", /neither/);
  const choice: ParameterDefinitions = { c: { type: "choice", choices: ["a", ["b", "Bee"]], default: "b" } };
  assert.deepEqual([values(choice, {}), values(choice, { c: "a" })], [[{ c: "b" }], [{ c: "a" }]]);
  refused(choice, { c: "z" }, "c", /not one of a, b/);
  refused({ t: { type: "string", min: 2, max: 3 } }, { t: "abcd" }, "t", /at most 3/);
  refused({ t: { type: "string" } }, {}, "t", /needs this parameter/);
  assert.deepEqual(values({ t: { type: "string" } }, {}, { ...options, settings: { t: "set" } }), [{ t: "set" }]);
  assert.deepEqual(values({ t: { type: "string", required: false } }, {}), [{}]);
  assert.deepEqual(
    [values({ b: { type: "boolean" } }, { b: "True" }), values({ b: { type: "boolean" } }, {})],
    [[{ b: true }], [{}]],
  );
  refused({ b: { type: "boolean" } }, { b: "2" }, "b", /neither/);
});

test("a value for one script goes before one for all; a key of none is refused; passwords are not shown", () => {
  assert.deepEqual(values({ t: { type: "string" } }, { t: "all", s_t: "one" }), [{ t: "one" }]);
  assert.throws(
    () => refuseUnknownParams([script({ t: { type: "string" } })], { s_t: "", u: "" }),
    /u: None of the chosen/,
  );
  assert.deepEqual(redacted({ p: { type: "password", value: "secret" }, t: { type: "string", value: "x" } }), {
    p: { type: "password", value: "REDACTED" },
    t: { type: "string", value: "x" },
  });
});

test("durations are read and written as clients have them", () => {
  const cases: [string, number | undefined][] = [
    ["90", 90],
    ["01:30", 90],
    ["00:05:00", 300],
    ["2 01:00:00", 176_400],
    ["1 day, 0:00:01", 86_401],
    ["PT5M", 300],
    ["P1DT1S", 86_401],
    ["", undefined],
    ["-5", undefined],
    ["5m", undefined],
    ["P", undefined],
  ];
  for (const [text, seconds] of cases) assert.equal(parseDuration(text), seconds, text);
  assert.deepEqual([0, 61.9, 3600, 86_400, 180_061].map(formatDuration), [
    "0:00:00",
    "0:01:01",
    "1:00:00",
    "1 day, 0:00:00",
    "2 days, 2:01:01",
  ]);
});

test("a run is estimated by itself, by earlier ones, by its timeout", () => {
  assert.equal(estimatedRuntime(5, [100], 9), "0:00:05");
  assert.equal(estimatedRuntime(null, [100, 200, 50], 9), "0:01:40");
  assert.equal(estimatedRuntime(null, [], 90), "0:01:30");
  assert.equal(estimatedRuntime(null, [], 0), "Unknown");
});
