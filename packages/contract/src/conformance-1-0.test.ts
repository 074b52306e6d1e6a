/** Our table against the facts of API 1.0: what is declared agrees, and all is declared. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Access, Action, Method, Stranger } from "./action.ts";
import { findAction } from "./find.ts";
import { api10 } from "./versions.ts";

interface Fact {
  method: Method;
  op: string | null;
  access: Access;
  stranger?: Stranger;
  success: number;
  params?: string[];
  undocumented?: string[];
  /** Families of names, the varying part in braces. */
  wildcards?: string[];
  errors?: number[];
}

const facts = JSON.parse(readFileSync(new URL("facts/api-1.0.json", import.meta.url), "utf8")) as Record<
  string,
  Fact[]
>;

/** Where we differ, and why. One that fits no difference any more fails the test. */
const deviations: { what: RegExp; why: string }[] = [
  { what: /op=accept: access is admin, ours user/, why: "checked for each node that is named" },
  { what: /op=commission: access is admin, ours user/, why: "a caller who may not is told so by 400, not 403" },
  { what: /op=update_nodes: access is admin, ours worker_or_admin/, why: "a worker that names its cluster may" },
];

/** Actions of ours beyond the reference, and why. */
const additions: Record<string, string> = {
  "POST /nodegroups/{uuid}/?op=worker_key": "how an administrator gets the key that workers sign with",
  "GET /nodes/?op=is_registered": "served in its day, and not in the reference",
  "GET /users/{username}/": "served in its day, and not in the reference",
  "GET /version/": "served in its day, and not in the reference",
};

const known = Object.entries(facts).flatMap(([path, actions]) =>
  actions.map((fact) => ({ path, fact, label: labelOf(fact.method, path, fact.op) })),
);

function labelOf(method: string, path: string, op: string | null): string {
  return `${method} ${path}${op === null ? "" : `?op=${op}`}`;
}

/** Ours for a fact: by its path, as a caller would find it. */
function declared(path: string, fact: Fact): Action | undefined {
  const found = api10.find(path.replace(/\{\w+\}/g, "1"));
  return found && findAction(found.resource, fact.method, fact.op);
}

function differences(path: string, fact: Fact, label: string, ours: Action): string[] {
  const found: string[] = [];
  const differ = (aspect: string, theirs: unknown, own: unknown) => {
    if (theirs !== own) found.push(`${label}: ${aspect} is ${String(theirs)}, ours ${String(own)}`);
  };
  differ("path", path, ours.resource.path);
  differ("success", fact.success, ours.success);
  differ("access", fact.access, ours.access);
  if (fact.access !== "anonymous") differ("stranger", fact.stranger ?? 401, ours.stranger);
  for (const param of [...(fact.params ?? []), ...(fact.undocumented ?? [])])
    if (!(param in ours.params) && !(ours.wildcard !== undefined && param.startsWith(ours.wildcard)))
      found.push(`${label}: parameter ${param} is missing`);
  for (const family of fact.wildcards ?? [])
    if (ours.wildcard === undefined || !family.startsWith(ours.wildcard))
      found.push(`${label}: parameters ${family} are missing`);
  for (const status of fact.errors ?? [])
    if (!(status in ours.errors)) found.push(`${label}: refusal ${status} is missing`);
  return found;
}

const found = known.flatMap(({ path, fact, label }) => {
  const ours = declared(path, fact);
  return ours ? differences(path, fact, label, ours) : [`${label}: is not declared`];
});

test("all of API 1.0 is declared, and agrees in path, success, access, parameters and refusals", (t) => {
  const count = known.filter(({ path, fact }) => declared(path, fact)).length;
  t.diagnostic(`${count}/${known.length} actions declared`);
  assert.equal(known.length, 99);
  assert.equal(Object.keys(facts).length, 30);
  const unexplained = found.filter((difference) => !deviations.some(({ what }) => what.test(difference)));
  assert.deepEqual(unexplained, []);
});

test("every deviation that is explained is still there", () => {
  const gone = deviations.filter(({ what }) => !found.some((difference) => what.test(difference)));
  assert.deepEqual(gone, []);
});

test("what we declare beyond API 1.0 is known by name", () => {
  const extra = api10.resources.flatMap((r) =>
    Object.values(r.actions)
      .filter((a) => !known.some(({ path, fact }) => declared(path, fact) === a))
      .map((a) => labelOf(a.method, r.path, a.op)),
  );
  assert.deepEqual(extra.toSorted(), Object.keys(additions).toSorted());
});
