import assert from "node:assert/strict";
import { test } from "node:test";
import { toTable } from "./table.ts";

const machines = [
  {
    system_id: "abc123",
    hostname: "one",
    status_name: "Ready",
    power_state: "off",
    owner: null,
    pool: { name: "default", id: 0 },
    zone: { name: "default" },
    osystem: "",
    distro_series: "",
    ip_addresses: [],
    interface_set: [{ id: 1 }],
  },
  {
    system_id: "def456",
    hostname: "a-long-name",
    status_name: "Deployed",
    power_state: "on",
    owner: "ada",
    pool: { name: "big", id: 3 },
    zone: { name: "west" },
    osystem: "debian",
    distro_series: "bookworm",
    ip_addresses: ["10.0.0.1", "10.0.0.2"],
    interface_set: [],
  },
];

test("machines by what people look for, nested things by name", () => {
  assert.equal(
    toTable(machines, { resource: "machines" }),
    `SYSTEM ID  HOSTNAME     STATUS NAME  POWER STATE  OWNER  POOL.NAME  ZONE.NAME  OSYSTEM  DISTRO SERIES  IP ADDRESSES
abc123     one          Ready        off          -      default    default    -        -              -
def456     a-long-name  Deployed     on           ada    big        west       debian   bookworm       10.0.0.1,10.0.0.2
`,
  );
});

test("on a terminal wide columns are cut, then those at the right give way; no line is longer than it", () => {
  const narrow = toTable(machines, { resource: "machines", width: 50 });
  assert.equal(narrow.split("\n")[0], "SYSTEM ID  HOSTNAME     STATUS NAME  POWER STATE");
  const wordy = [{ name: "a".repeat(40), title: "b".repeat(60), kind: "c" }];
  const lines = toTable(wordy, { resource: "x", width: 80 }).trimEnd().split("\n");
  assert.equal(lines[1], `${"a".repeat(40)}  ${"b".repeat(31)}…  c`);
  const chosen = toTable(machines, { resource: "machines", width: 20, columns: ["hostname", "status_name", "owner"] });
  assert.deepEqual(chosen.trimEnd().split("\n"), [
    "HOSTNAME     STATUS…",
    "one          Ready …",
    "a-long-name  Deploy…",
  ]);
  for (const width of [1, 10, 33, 80])
    for (const line of toTable(machines, { resource: "machines", width }).split("\n")) assert.ok(line.length <= width);
});

test("chosen columns, and one that is nowhere", () => {
  assert.equal(
    toTable(machines, { resource: "machines", columns: ["hostname", "pool.id"] }),
    "HOSTNAME     POOL.ID\none          0\na-long-name  3\n",
  );
  assert.throws(() => toTable(machines, { resource: "machines", columns: ["nonsense"] }), /nothing here has nonsense/);
});

test("other lists show their plain values; wrapped lists, plain lists, single things, plain values", () => {
  assert.equal(toTable([{ a: 1, b: { name: "x" }, resource_uri: "/" }], { resource: "x" }), "A\n1\n");
  assert.equal(toTable({ count: 1, events: [{ id: 1, type: "t" }] }, { resource: "x" }), "ID  TYPE\n1   t\n");
  assert.equal(toTable(["a", "b"], { resource: "x" }), "VALUE\na\nb\n");
  assert.equal(toTable([], { resource: "machines" }), "");
  assert.equal(
    toTable({ name: "x", tags: ["a", "b"], zone: { id: 3 } }, { resource: "x" }),
    "name  x\ntags  a,b\nzone  3\n",
  );
  assert.equal(toTable("text", { resource: "x" }), "text\n");
});

test("what a machine says gives no orders to the terminal", () => {
  const shown = toTable([{ name: "a\u001b[31m\u009b2Jb\nc" }], { resource: "x" });
  assert.equal(shown, "NAME\na [31m 2Jb c\n");
});
