/**
 * Every action of the contract, visited as nobody, as the wrong user, and with credentials that are not right. Generated from the table:
 * an action that is declared is tested, and one that nobody serves fails by its name.
 */
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Action } from "@rackwright/contract/action";
import { allActions, API_ROOT } from "@rackwright/contract/table";
import { insertNode } from "@rackwright/db/nodes";
import { transaction } from "@rackwright/db/connect";
import { newNodeToken, type Token } from "../auth/tokens.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { plaintextHeader } from "../testing/request.ts";
import { allRoutes } from "./routes.ts";

let t: TestRegion;
let machine: Token;
before(async () => {
  t = await testRegion();
  machine = await transaction(t.db, async (tx) => {
    const id = await insertNode(tx, { systemId: "abc123", nodeType: 0, hostname: "own", domainId: 0, columns: {} });
    if (id === undefined) throw new Error("the machine was not made");
    return newNodeToken(t.region, tx, id);
  });
});
after(() => t?.close());

/** Values that are well formed: what is asked for may or may not exist. */
const sample: Record<string, string> = { system_id: "abc123", name: "sample", vid: "0" };
const pathOf = (action: Action) => action.resource.path.replace(/\{(\w+)\}/g, (_, name: string) => sample[name] ?? "1");
const nameOf = (action: Action) =>
  `${action.method} ${action.resource.path}${action.op === null ? "" : `?op=${action.op}`}`;
const queryOf = (action: Action) => (action.op === null ? {} : { op: action.op });

const visit = (action: Action, who: Parameters<TestRegion["request"]>[0], headers: Record<string, string> = {}) =>
  t.request(who, action.method, pathOf(action), { query: queryOf(action), headers });

const all = allActions();
const closed = all.filter((a) => a.access !== "anonymous");

/** Run one question over many actions, and name all those that answer otherwise. */
async function each(
  actions: readonly Action[],
  wanted: number,
  ask: (action: Action) => Promise<{ status: number; text: string }>,
) {
  const wrong: string[] = [];
  for (const action of actions) {
    const { status, text } = await ask(action);
    if (status !== wanted) wrong.push(`${nameOf(action)}: ${status} ${text.slice(0, 80)}`);
  }
  assert.deepEqual(wrong, [], `not ${wanted}`);
}

test("every declared action has a handler", () => {
  const routes = allRoutes();
  const missing = all.filter((a) => !routes.get(a)).map((a) => `${a.resource.name}.${a.name}`);
  assert.deepEqual(missing, []);
});

test("nobody gets into what is not open to everybody", async () => {
  assert.ok(closed.length > 80, "the table is there");
  await each(closed, 401, (action) => visit(action, null));
});

test("what is open does not ask who comes", async () => {
  for (const action of all.filter((a) => a.access === "anonymous")) {
    const { status } = await visit(action, null);
    assert.ok(![401, 403, 500].includes(status), `${nameOf(action)}: ${status}`);
  }
});

test("a plain user is refused where an administrator is needed", async () => {
  const admin = all.filter((a) => a.access === "admin");
  assert.ok(admin.length > 20, "the table is there");
  await each(admin, 403, (action) => visit(action, t.user));
});

test("a machine's own credentials open none of the API", async () => {
  await each(closed, 403, (action) => visit(action, machine));
});

test("a wrong signature is refused everywhere, also where nobody needs to sign; only what describes the server asks nobody", async () => {
  const open = ["Version", "Describe", "OpenAPI"];
  const asking = all.filter((action) => !open.includes(action.resource.name));
  assert.equal(asking.length, all.length - open.length);
  await each(asking, 401, (action) => visit(action, { ...t.admin.token, tokenSecret: "wrong" }));
  // Juju asks for it with the key that it was given: refused there, a wrong key would be taken for no such server.
  for (const path of ["/version/", "/describe/", "/openapi.yaml"])
    assert.equal((await t.request({ ...t.admin.token, tokenSecret: "wrong" }, "GET", path)).status, 200);
});

test("a key of the wrong consumer, and one that does not exist, are refused", async () => {
  const read = closed.filter((a) => a.method === "GET");
  await each(read, 401, (action) => visit(action, { ...t.admin.token, consumerKey: "wrong" }));
  await each(read, 401, (action) => visit(action, { ...t.admin.token, tokenKey: "wrong" }));
});

test("a request is good once: repeated word for word it is refused", async () => {
  const path = `${API_ROOT}/users/?op=whoami`;
  const headers = { authorization: plaintextHeader(t.user.token) };
  const ask = () => t.request(null, "GET", path, { headers });
  assert.equal((await ask()).status, 200);
  const again = await ask();
  assert.equal(again.status, 401);
  assert.match(again.text, /^Authorization Error: .*Nonce/);
});

test("a nonce is used up by the request that was truly signed with it, not by whoever names it first", async () => {
  const path = `${API_ROOT}/users/?op=whoami`;
  const nonce = randomUUID();
  const ask = (signature: string) =>
    t.request(null, "GET", path, { headers: { authorization: plaintextHeader(t.user.token, { nonce, signature }) } });
  assert.equal((await ask("&wrong")).status, 401);
  assert.equal((await ask(`&${t.user.token.tokenSecret}`)).status, 200);
  assert.equal((await ask(`&${t.user.token.tokenSecret}`)).status, 401);
  const before = await t.db.pool.query("select from oauth_nonce");
  await ask("&wrong");
  assert.equal(
    (await t.db.pool.query("select from oauth_nonce")).rowCount,
    before.rowCount,
    "nothing is stored of a forgery",
  );
});

test("a timestamp five minutes off is refused, either way", async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const [seconds, status] of [
    [-310, 401],
    [310, 401],
    [-250, 200],
    [250, 200],
  ] as const) {
    const headers = { authorization: plaintextHeader(t.user.token, { timestamp: now + seconds }) };
    const reply = await t.request(null, "GET", "/users/", { query: { op: "whoami" }, headers });
    assert.equal(reply.status, status, `${seconds} s: ${reply.text}`);
  }
  const headers = {
    authorization: plaintextHeader(t.user.token).replace(/oauth_timestamp="\d+"/, 'oauth_timestamp="soon"'),
  };
  assert.equal((await t.request(null, "GET", "/users/", { headers })).status, 401);
});

/** As in RFC 5849 section 3.4.1, written from the RFC and not from ours. */
function hmacHeader(token: Token, method: string, url: string, params: [string, string][]): string {
  const escape = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const oauth: [string, string][] = [
    ["oauth_consumer_key", token.consumerKey],
    ["oauth_nonce", randomUUID()],
    ["oauth_signature_method", "HMAC-SHA1"],
    ["oauth_timestamp", String(Math.floor(Date.now() / 1000))],
    ["oauth_token", token.tokenKey],
    ["oauth_version", "1.0"],
  ];
  const normal = [...oauth, ...params]
    .map(([k, v]) => `${escape(k)}=${escape(v)}`)
    .sort()
    .join("&");
  const signature = createHmac("sha1", `&${token.tokenSecret}`)
    .update([method, escape(url), escape(normal)].join("&"))
    .digest("base64");
  return `OAuth realm="", ${[...oauth, ["oauth_signature", signature] as const].map(([k, v]) => `${k}="${escape(v)}"`).join(",")}`;
}

test("HMAC-SHA1 is taken, over the query and the form, and breaks when either is changed", async () => {
  const url = `${t.url}${API_ROOT}/account/`;
  const name = "a key & more (ü*)";
  const signed: [string, string][] = [
    ["op", "create_authorisation_token"],
    ["name", name],
  ];
  const send = (form: Record<string, string>) =>
    t.request(null, "POST", `${API_ROOT}/account/`, {
      query: { op: "create_authorisation_token" },
      form,
      headers: { authorization: hmacHeader(t.user.token, "POST", url, signed) },
    });
  const reply = await send({ name });
  assert.equal(reply.status, 200, reply.text);
  assert.equal((reply.json as { name: string }).name, name);
  assert.equal((await send({ name: "another" })).status, 401);
});

test("credentials in the query count, and are not taken for parameters", async () => {
  const header = plaintextHeader(t.user.token);
  const query = Object.fromEntries(
    [...header.matchAll(/(oauth_\w+)="([^"]*)"/g)].map((m) => [m[1] ?? "", decodeURIComponent(m[2] ?? "")]),
  );
  assert.equal((await t.request(null, "GET", "/machines/", { query })).status, 200);
});

test("the header's layouts of all clients are read", async () => {
  const parts = plaintextHeader(t.user.token).slice("OAuth ".length).split(", ");
  const fresh = () => plaintextHeader(t.user.token).slice("OAuth ".length).split(", ");
  assert.equal(parts.length, 7);
  const layouts = [
    () => `OAuth ${fresh().join(",")}`,
    () => `OAuth realm="OAuth", ${fresh().join(", ")}`,
    () => `OAuth ${fresh().reverse().join(", ")}, realm="MAAS+API"`,
    () => `OAuth ${fresh().sort().join(", ")}`,
    () => `oauth ${fresh().join(",  ")}`,
    () =>
      `OAuth ${fresh()
        .filter((p) => !p.startsWith("oauth_version"))
        .join(", ")}`,
    () => `OAuth ${fresh().join(", ").replace("%26", "&")}`,
  ];
  for (const layout of layouts) {
    const authorization = layout();
    const reply = await t.request(null, "GET", "/users/", { query: { op: "whoami" }, headers: { authorization } });
    assert.equal(reply.status, 200, `${authorization}: ${reply.text}`);
  }
  const other = plaintextHeader(t.user.token).replace('oauth_version="1.0"', 'oauth_version="2.0"');
  assert.equal((await t.request(null, "GET", "/users/", { headers: { authorization: other } })).status, 401);
});
