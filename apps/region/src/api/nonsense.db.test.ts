/** Whatever a caller sends, every operation answers: with less than 500, with a type, and refusals with something to read. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Action } from "@rackwright/contract/action";
import { resources } from "@rackwright/contract/table";
import { statusCode, type MachineStatus } from "@rackwright/domain/machine/status";
import { type AddedMachine, addImage, addMachine } from "../testing/machines.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";

let t: TestRegion;
let machine: AddedMachine;
before(async () => {
  t = await testRegion();
  await addImage(t);
  machine = await addMachine(t, "ready");
});
after(() => t?.close());

/** Values of wrong types, of wrong sizes, and of characters that something below might trip over. */
const nonsense = [
  "",
  " ",
  "nonsense",
  "-1",
  "0",
  "1e400",
  "99999999999",
  "999999999999999",
  "9223372036854775808",
  "x".repeat(5_000),
  "\u0000",
  "\ud83d\ude00 \u202e'\";--%_\\",
  "[1,{}]",
  '{"a":{"b":[null]}}',
  "../../etc/passwd",
  "__proto__",
  "::1/129",
  "(((((",
  "ip:1:2.3",
  "vid:99999999999",
  "cidr:999.1.1.1/99",
] as const;

/** Of these each parameter gets each, with all others right: what was found to come through to the database. */
const piercing: readonly string[] = nonsense.filter(
  (value) => /^(-1|9\d+|\0|\ud83d|\[|__proto__|ip:|vid:|nonsense)/u.test(value) || value.length > 100,
);

/** What gets an operation past its required parameters, so that the others are looked at. */
const sensible: Record<string, string> = {
  name: "some-name",
  username: "somebody",
  email: "a@example.com",
  password: "p",
  is_superuser: "0",
  cidr: "10.9.0.0/24",
  start_ip: "10.9.0.5",
  end_ip: "10.9.0.9",
  vid: "7",
  architecture: "amd64/generic",
  mac_addresses: "52:54:00:99:99:99",
  mac_address: "52:54:00:99:99:99",
  value: "1",
  to: "1",
  tag: "a-tag",
  type: "testing",
};

/** Things that are there, so that what lies behind finding them is reached. */
function pathOf(action: Action, value?: string): string {
  const there: Record<string, string> = {
    system_id: machine.systemId,
    fabric_id: "0",
    vid: "0",
    id: "1",
    name: "there",
  };
  return action.resource.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(value ?? (action.resource.name === "Fabric" ? "0" : (there[name] ?? "1"))),
  );
}

const statuses: MachineStatus[] = ["ready", "new", "deployed", "allocated", "commissioning"];

async function restore(turn: number): Promise<void> {
  const status = statuses[turn % statuses.length] ?? "ready";
  const row = { status: statusCode[status], system_id: machine.systemId, hostname: machine.hostname };
  const found = await t.db.kysely.updateTable("node").set(row).where("id", "=", machine.id).executeTakeFirst();
  if (found.numUpdatedRows === 0n) machine = await addMachine(t, status);
}

const failures: string[] = [];

async function ask(action: Action, path: string, values: Record<string, unknown>, shape: number): Promise<void> {
  const query: Record<string, string> = action.op === null ? {} : { op: action.op };
  const inQuery = action.method === "GET" || action.method === "DELETE";
  // A stream that is accepted never ends; asked by HEAD, it answers and has no body.
  const method = action.name === "stream" ? "HEAD" : action.method;
  const reply = await t.request(t.admin, method, path, {
    query: inQuery ? { ...(values as Record<string, string>), ...query } : query,
    ...(inQuery ? {} : shape % 2 === 0 ? { form: values as Record<string, string> } : { json: values }),
  });
  const label = `${action.method} ${path.slice(0, 80)} op=${action.op} ${JSON.stringify(values).slice(0, 160)}`;
  const complaint = (text: string) => failures.push(`${label}: ${reply.status} ${text}: ${reply.text.slice(0, 200)}`);
  // Racks are simulated and may be away; 503 and 504 say so. 500 is a bug of ours.
  const declared = [503, 504, action.success];
  if (reply.status >= 500 && !declared.includes(reply.status)) complaint("is our fault");
  if (reply.headers["content-type"] === undefined) complaint("has no type");
  if (method !== "HEAD" && reply.status >= 400 && reply.status !== 401 && reply.text.trim() === "")
    complaint("says nothing");
}

function required(action: Action): Record<string, string> {
  return Object.fromEntries(
    Object.entries(action.params)
      .filter(([name, p]) => p.required || ["start_ip", "end_ip", "name", "type"].includes(name))
      .map(([name]) => [name, sensible[name] ?? "1"]),
  );
}

// What deletes comes last: the others want something to look at.
const actions = resources
  .flatMap((r) => Object.values(r.actions))
  .toSorted((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));

for (const action of actions)
  test(`${action.resource.name}.${action.name} takes no nonsense`, async () => {
    failures.length = 0;
    for (const [turn, value] of nonsense.entries()) {
      await restore(turn);
      const names = Object.keys(action.params);
      if (action.resource.path.includes("{")) await ask(action, pathOf(action, value || "x"), {}, turn);
      await ask(action, pathOf(action), Object.fromEntries(names.map((name) => [name, value])), turn);
      for (const name of piercing.includes(value) ? names : [])
        await ask(action, pathOf(action), { ...required(action), [name]: value }, turn);
      if (action.wildcard !== undefined)
        for (const name of [`${action.wildcard}x`, `${action.wildcard}power_address`, "__proto__", value || "x"])
          await ask(action, pathOf(action), { ...required(action), power_type: "ipmi", [name]: value }, turn);
      await ask(action, pathOf(action), { ...required(action), [value || "unknown"]: value }, turn);
    }
    const json = [null, true, 1e308, -0.5, [], [[]], [{}, null], { a: 1 }];
    for (const value of action.method === "POST" || action.method === "PUT" ? json : [])
      await ask(action, pathOf(action), Object.fromEntries(Object.keys(action.params).map((name) => [name, value])), 1);
    assert.deepEqual(failures, []);
  });
