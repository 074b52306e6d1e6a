import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
let certificate = "";
let privateKey = "";
before(async () => {
  const made = execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=test", "-keyout", "-", "-out", "-"],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  certificate = /-----BEGIN CERT[\s\S]*END CERTIFICATE-----/.exec(made)?.[0] ?? "";
  privateKey = /-----BEGIN PRIV[\s\S]*END PRIVATE KEY-----/.exec(made)?.[0] ?? "";
  t = await testRegion();
});
after(() => t?.close());

const path = "/account/prefs/sslkeys/";
const add = (key: string) => t.request(t.user, "POST", path, { form: { key } });

test("a certificate is added once, listed, read by its owner alone, deleted", async () => {
  const made = await add(`\n${certificate}\n`);
  assert.equal(made.status, 201, made.text);
  const key = made.json as { id: number; key: string; resource_uri: string };
  assert.equal(key.key, certificate);
  assert.deepEqual((await t.request(t.user, "GET", path)).json, [key]);
  assert.deepEqual((await t.request(t.other, "GET", path)).json, []);
  const again = await add(certificate);
  assert.equal(again.status, 400);
  assert.deepEqual(Object.keys(again.json as object), ["key"]);
  const one = `${path}${key.id}/`;
  for (const who of [t.other, t.admin]) {
    assert.equal((await t.request(who, "GET", one)).status, 403);
    assert.equal((await t.request(who, "DELETE", one)).status, 403);
  }
  assert.deepEqual((await t.request(t.user, "GET", one)).json, key);
  assert.equal((await t.request(t.user, "DELETE", one)).status, 204);
  assert.equal((await t.request(t.user, "GET", one)).status, 404);
  assert.equal((await t.request(t.user, "DELETE", one)).status, 404);
});

test("what is no certificate is refused; a private key is neither kept nor repeated", async () => {
  for (const text of ["", "nonsense", certificate.slice(0, 90), `${certificate}\n${certificate}`])
    assert.equal((await add(text)).status, 400, text);
  const both = await add(`${privateKey}\n${certificate}`);
  assert.equal(both.status, 400);
  assert.match(both.text, /private key/);
  assert.ok(!both.text.includes(privateKey.split("\n")[1] ?? "?"));
  assert.deepEqual((await t.request(t.user, "GET", path)).json, []);
});

test("nobody without credentials", async () => {
  for (const [method, at] of [
    ["GET", path],
    ["POST", path],
    ["GET", `${path}1/`],
    ["DELETE", `${path}1/`],
  ] as const)
    assert.equal((await t.request(null, method, at)).status, 401, `${method} ${at}`);
});
