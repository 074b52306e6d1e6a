/** Our table against the facts of API 2.0: what is declared agrees, and how much is declared. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Access, Action, Method } from "./action.ts";
import { additions, labelOf } from "./additions.ts";
import { findAction } from "./find.ts";
import { resources } from "./table.ts";
import { api20 } from "./versions.ts";

interface Fact {
  method: Method;
  op: string | null;
  access: Access;
  /** Status really sent. */
  success: number;
  /** Names in the documentation: clients send them. */
  params?: string[];
  undocumented?: string[];
  /** Families of names, the varying part in braces. */
  wildcards?: string[];
  /** Statuses of the refusals that are this action's own. */
  errors?: number[];
  /** Of two with the same method and op: the one for callers without credentials. */
  anonymousHandler?: true;
  /** A stub that always fails. */
  broken?: true;
}

type Facts = Record<string, { name: string; aliases?: string[]; actions: Fact[] }>;
const facts = JSON.parse(readFileSync(new URL("facts/api-2.0.json", import.meta.url), "utf8")) as Facts;

/** Where we differ, and why. One that fits no difference any more fails the test. */
const deviations: { what: RegExp; why: string }[] = [
  {
    what: /^POST \/(agents|virtual-machines)\/.*: success is 50[01], ours 405/,
    why: "stubs that always fail as if the server were broken: ours refuse with the reason, and what to do instead",
  },
];

const known = Object.entries(facts).flatMap(([path, { name, actions }]) =>
  actions.map((fact) => ({
    path,
    name,
    fact,
    label: `${fact.method} ${path}${fact.op === null ? "" : `?op=${fact.op}`}`,
  })),
);

/** Ours for a fact: by its path, as a caller would find it. */
function declared(path: string, fact: Fact): Action | undefined {
  const found = api20.find(path.replace(/\{\w+\}/g, "1"));
  return found && findAction(found.resource, fact.method, fact.op);
}

/** The anonymous side of accept answers 401 to everybody, as ours does to who has not signed. */
const alwaysRefused = (fact: Fact) => fact.anonymousHandler === true && fact.success === 401;

/** The lowest of several facts about one action: its anonymous and its signed side. */
const order: Access[] = ["anonymous", "user", "admin"];
function lowestAccess(label: string): Access {
  const all = known.filter((k) => k.label === label && !alwaysRefused(k.fact)).map((k) => order.indexOf(k.fact.access));
  return order[Math.min(...all)] ?? "user";
}

function differences(path: string, name: string, fact: Fact, label: string, ours: Action): string[] {
  const found: string[] = [];
  const differ = (aspect: string, theirs: unknown, own: unknown) => {
    if (theirs !== own) found.push(`${label}: ${aspect} is ${String(theirs)}, ours ${String(own)}`);
  };
  differ("name", name, ours.resource.name);
  const paths = [ours.resource.path, ...ours.resource.pathAliases];
  if (!paths.includes(path)) differ("path", path, ours.resource.path);
  if (!alwaysRefused(fact)) differ("success", fact.success, ours.success);
  differ("access", lowestAccess(label), ours.access);
  for (const param of [...(fact.params ?? []), ...(fact.undocumented ?? [])])
    if (!(param in ours.params) && !(ours.wildcard !== undefined && param.startsWith(ours.wildcard)))
      found.push(`${label}: parameter ${param} is missing`);
  return found;
}

const found = known.flatMap(({ path, name, fact, label }) => {
  const ours = declared(path, fact);
  return ours ? differences(path, name, fact, label, ours) : [];
});

test("what is declared agrees with API 2.0 in name, path, success, access and parameters, documented or not", (t) => {
  const count = known.filter(({ path, fact }) => declared(path, fact)).length;
  t.diagnostic(`${count}/${known.length} actions declared`);
  assert.equal(known.length, 390);
  const unexplained = found.filter((difference) => !deviations.some(({ what }) => what.test(difference)));
  assert.deepEqual(unexplained, []);
});

test("every deviation that is explained is still there", () => {
  const gone = deviations.filter(({ what }) => !found.some((difference) => what.test(difference)));
  assert.deepEqual(gone, []);
});

test("what we declare beyond API 2.0 is known by name", () => {
  const extra = resources.flatMap((r) =>
    Object.values(r.actions)
      .filter((a) => !known.some(({ path, fact }) => declared(path, fact) === a))
      .map(labelOf),
  );
  assert.deepEqual(extra, Object.keys(additions));
});
