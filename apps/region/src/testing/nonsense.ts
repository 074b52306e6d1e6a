/** What callers might send by mistake or malice, and how every operation has to answer it. */
import assert from "node:assert/strict";
import type { Action } from "@rackwright/contract/action";
import { API_ROOT } from "@rackwright/contract/table";
import type { TestRegion, TestUser } from "./region.ts";
import type { Token } from "../auth/tokens.ts";

/** Values of wrong types, of wrong sizes, and of characters that something below might trip over. */
export const nonsense = [
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
  ip: "10.9.0.2",
  netmask: "255.255.255.0",
};

export interface NonsenseOptions {
  t: TestRegion;
  who: TestUser | Token;
  /** Of the version. Default: 2.0's. */
  root?: string;
  /** The action's path below the root; `value` in place of its parameters where it is given. */
  pathOf: (action: Action, value?: string) => string;
  /** Before each value: what the one before may have changed. */
  restore: (turn: number) => Promise<void>;
}

function required(action: Action): Record<string, string> {
  return Object.fromEntries(
    Object.entries(action.params)
      .filter(([name, p]) => p.required || ["start_ip", "end_ip", "name", "type"].includes(name))
      .map(([name]) => [name, sensible[name] ?? "1"]),
  );
}

/** Whatever is sent, it answers: with less than 500, with a type, and refusals with something to read. */
export async function takesNoNonsense(action: Action, options: NonsenseOptions): Promise<void> {
  const { t, who, pathOf, restore } = options;
  const failures: string[] = [];
  async function ask(path: string, values: Record<string, unknown>, shape: number): Promise<void> {
    const query: Record<string, string> = action.op === null ? {} : { op: action.op };
    const inQuery = action.method === "GET" || action.method === "DELETE";
    // A stream that is accepted never ends; asked by HEAD, it answers and has no body.
    const method = action.name === "stream" ? "HEAD" : action.method;
    const reply = await t.request(who, method, `${options.root ?? API_ROOT}${path}`, {
      query: inQuery ? { ...(values as Record<string, string>), ...query } : query,
      ...(inQuery ? {} : shape % 2 === 0 ? { form: values as Record<string, string> } : { json: values }),
    });
    const label = `${action.method} ${path.slice(0, 80)} op=${action.op} ${JSON.stringify(values).slice(0, 160)}`;
    const complaint = (text: string) => failures.push(`${label}: ${reply.status} ${text}: ${reply.text.slice(0, 200)}`);
    // Racks are simulated and may be away; 503 and 504 say so. 500 is a bug of ours.
    if (reply.status >= 500 && reply.status !== 503 && reply.status !== 504) complaint("is our fault");
    if (reply.headers["content-type"] === undefined) complaint("has no type");
    if (method !== "HEAD" && reply.status >= 400 && reply.status !== 401 && reply.text.trim() === "")
      complaint("says nothing");
  }
  for (const [turn, value] of nonsense.entries()) {
    await restore(turn);
    const names = Object.keys(action.params);
    if (action.resource.path.includes("{")) await ask(pathOf(action, value || "x"), {}, turn);
    await ask(pathOf(action), Object.fromEntries(names.map((name) => [name, value])), turn);
    for (const name of piercing.includes(value) ? names : [])
      await ask(pathOf(action), { ...required(action), [name]: value }, turn);
    if (action.wildcard !== undefined)
      for (const name of [`${action.wildcard}x`, `${action.wildcard}power_address`, "__proto__", value || "x"])
        await ask(pathOf(action), { ...required(action), power_type: "ipmi", [name]: value }, turn);
    await ask(pathOf(action), { ...required(action), [value || "unknown"]: value }, turn);
  }
  const json = [null, true, 1e308, -0.5, [], [[]], [{}, null], { a: 1 }];
  for (const value of action.method === "POST" || action.method === "PUT" ? json : [])
    await ask(pathOf(action), Object.fromEntries(Object.keys(action.params).map((name) => [name, value])), 1);
  assert.deepEqual(failures, []);
}
