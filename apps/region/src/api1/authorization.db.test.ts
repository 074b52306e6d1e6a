/**
 * Every action of API 1.0, visited as nobody, as a user, as an administrator, as workers, and with credentials that are not right. Generated
 * from the table: an action that is declared is tested, and one that nobody serves fails by its name.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Action } from "@rackwright/contract/action";
import { allActions, API_ROOT } from "@rackwright/contract/table";
import { allActions10 } from "@rackwright/contract/table-1.0";
import { transaction } from "@rackwright/db/connect";
import { allRoutes } from "../api/routes.ts";
import { newNodeToken } from "../auth/tokens.ts";
import { type Answer, type Client, is, tokenOf, type World, world } from "./testing/world.ts";

let w: World;
let machine: Client;
before(async () => {
  w = await world();
  const { id } = await w.machine("deployed");
  machine = w.as(await transaction(w.t.db, (tx) => newNodeToken(w.t.region, tx, id)));
});
after(() => w?.t.close());

const pathOf = (action: Action) =>
  action.resource.path
    .slice(1)
    .replace("{uuid}", w.uuid)
    .replace(/\{(\w+)\}/g, (_, name: string) => (name === "name" ? "sample" : "1"));
const nameOf = (action: Action) =>
  `${action.method} ${action.resource.path}${action.op === null ? "" : `?op=${action.op}`}`;

const visit = (action: Action, who: Client) =>
  who.ask(action.method, pathOf(action), {
    query: action.op === null ? {} : { op: action.op },
    ...(action.method === "POST" ? { form: { nodegroup: w.uuid } } : {}),
  });

const all = allActions10();
const closed = all.filter((a) => a.access !== "anonymous");
const ofWorkers = all.filter((a) => a.access === "worker" || a.access === "worker_or_admin");

/** Run one question over many actions, and name all those that answer otherwise. */
async function each(
  actions: readonly Action[],
  wanted: (action: Action, status: number) => boolean,
  who: () => Client,
) {
  const wrong: string[] = [];
  for (const action of actions) {
    const { status, text }: Answer = await visit(action, who());
    if (!wanted(action, status)) wrong.push(`${nameOf(action)}: ${status} ${text.slice(0, 80)}`);
  }
  assert.deepEqual(wrong, []);
}

const forbidden = (_: Action, status: number) => status === 403;
const let_in = (_: Action, status: number) => ![401, 403].includes(status) && status < 500;

test("every declared action has a handler", () => {
  const routes = allRoutes();
  assert.ok(all.length >= 99);
  assert.deepEqual(
    all.filter((a) => !routes.get(a)).map((a) => `${a.resource.name}.${a.name}`),
    [],
  );
});

test("nobody gets into what is not open to everybody, and hears what the action says to strangers", async () => {
  await each(
    closed,
    (action, status) => status === action.stranger,
    () => w.nobody,
  );
});

test("what is open does not ask who comes", async () => {
  const open = all.filter((a) => a.access === "anonymous");
  assert.ok(open.length >= 4);
  await each(open, let_in, () => w.nobody);
});

test("a plain user is refused where an administrator or a worker is needed", async () => {
  const more = all.filter((a) => ["admin", "worker", "worker_or_admin"].includes(a.access));
  assert.ok(more.length > 40, "the table is there");
  await each(more, forbidden, () => w.user);
});

test("an administrator is refused what only workers report", async () => {
  const only = all.filter((a) => a.access === "worker");
  assert.equal(only.length, 3);
  // Parameters come first: what is missing is said to anybody who signs.
  await each(
    only,
    (_, status) => status === 403 || status === 400,
    () => w.admin,
  );
});

test("a worker is let in where workers are, by its own cluster alone, and nowhere else", async () => {
  assert.ok(ofWorkers.length > 8);
  await each(ofWorkers, let_in, () => w.worker);
  const needsNothing = ofWorkers.filter((a) => !Object.values(a.params).some((param) => param.required));
  await each(needsNothing, forbidden, () => w.stranger);
  const rest = closed.filter((a) => !ofWorkers.includes(a));
  await each(rest, forbidden, () => w.worker);
});

test("a worker's key opens nothing of API 2.0, and no machine's metadata", async () => {
  const worker = await tokenOf(w, w.uuid);
  const wrong: string[] = [];
  for (const action of allActions().filter((a) => a.access !== "anonymous")) {
    const path = `${API_ROOT}${action.resource.path.replace(/\{(\w+)\}/g, "1")}`;
    const { status } = await w.t.request(worker, action.method, path, {
      query: action.op === null ? {} : { op: action.op },
    });
    if (status !== 403) wrong.push(`${nameOf(action)}: ${status}`);
  }
  assert.deepEqual(wrong, []);
  for (const path of ["user-data", "meta-data/instance-id", "maas-scripts"]) {
    const { status } = await w.t.request(worker, "GET", `/MAAS/metadata/2012-03-01/${path}`);
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
  }
});

test("a machine's own credentials open none of it", async () => {
  const needsNothing = ofWorkers.filter((a) => !Object.values(a.params).some((param) => param.required));
  await each([...closed.filter((a) => !ofWorkers.includes(a)), ...needsNothing], forbidden, () => machine);
});

test("a key that was renewed no longer signs", async () => {
  const token = is(await w.admin.post(`${w.elsewhere}?op=worker_key`, { renew: "true" }), 200).json;
  assert.equal(is(await w.admin.post(`${w.elsewhere}?op=worker_key`), 200).json.token_key, token.token_key);
  is(await w.stranger.get(`${w.elsewhere}?op=list_nodes`), 401);
});

test("a wrong signature is refused everywhere, also where nobody needs to sign; only version/ asks nobody", async () => {
  const asking = all.filter((action) => action.resource.name !== "Version");
  assert.equal(asking.length, all.length - 1);
  await each(
    asking,
    (_, status) => status === 401,
    () => w.as({ ...w.t.admin.token, tokenSecret: "wrong" }),
  );
});
