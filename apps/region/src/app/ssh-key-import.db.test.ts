import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { importSshKeys, type KeyAddresses } from "./ssh-key-import.ts";

const blob = (fill: number) =>
  Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from("ssh-ed25519"),
    Buffer.from([0, 0, 0, 32]),
    Buffer.alloc(32, fill),
  ]).toString("base64");
const published: Record<string, string> = {
  "/ada": `ssh-ed25519 ${blob(1)} ada@one\n\nssh-ed25519 ${blob(2)}\nnonsense\n`,
  "/none": "\n",
  "/large": "x".repeat(2 << 20),
  "/twice": `ssh-ed25519 ${blob(3)} one\nssh-ed25519 ${blob(3)} two\n`,
  "/many": Array.from({ length: 201 }, (_, i) => `ssh-ed25519 ${blob(i + 10)}`).join("\n"),
};

let t: TestRegion;
let server: Server;
let gh: KeyAddresses;
before(async () => {
  server = createServer((request, reply) => {
    const body = published[request.url ?? ""];
    if (request.url === "/moved") reply.writeHead(302, { location: "/ada" }).end();
    else reply.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  gh = { gh: (name) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}` };
  t = await testRegion();
});
after(async () => {
  server?.close();
  await t?.close();
});

test("published keys become the caller's, once, and say where they came from", async () => {
  const first = await importSshKeys(t.user.ctx, "gh:ada", gh);
  assert.deepEqual(
    first.map((key) => [key.keysource, key.key.split(" ")[1]]),
    [
      ["gh:ada", blob(1)],
      ["gh:ada", blob(2)],
    ],
  );
  assert.deepEqual(await importSshKeys(t.user.ctx, "gh:ada", gh), first);
  const listed = (await t.request(t.user, "GET", "/account/prefs/sshkeys/")).json as unknown[];
  assert.equal(listed.length, 2);
  assert.deepEqual((await t.request(t.other, "GET", "/account/prefs/sshkeys/")).json, []);
});

test("whoever asks for it by the API has the keys afterwards, and nobody else", async () => {
  const real = globalThis.fetch;
  const asked: string[] = [];
  // The outside is not asked by tests.
  globalThis.fetch = (url, init) => {
    asked.push(url instanceof Request ? url.url : url.toString());
    return real(String(gh.gh?.("ada")), init);
  };
  try {
    const who = await t.addUser("importer");
    const query = { op: "import" };
    const reply = await t.request(who, "POST", "/account/prefs/sshkeys/", { query, form: { keysource: "gh:ada" } });
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(asked, ["https://github.com/ada.keys"]);
    assert.deepEqual((await t.request(who, "GET", "/account/prefs/sshkeys/")).json, reply.json);
    const keys = reply.json as { id: number; keysource: string }[];
    assert.deepEqual(
      keys.map(({ keysource }) => keysource),
      ["gh:ada", "gh:ada"],
    );
    assert.equal((await t.request(t.other, "GET", `/account/prefs/sshkeys/${keys[0]?.id}/`)).status, 403);
  } finally {
    globalThis.fetch = real;
  }
});

test("a key that is published twice is imported once", async () => {
  assert.equal((await importSshKeys(t.other.ctx, "gh:twice", gh)).length, 1);
});

test("what cannot be fetched is said, with its address", async () => {
  const fails = (source: string, why: RegExp, from = gh) =>
    assert.rejects(importSshKeys(t.user.ctx, source, from), why);
  await fails("gh:nobody", /nobody has this name there/);
  await fails("gh:none", /no SSH keys/);
  await fails("gh:large", /more than/);
  await fails("gh:many", /has 201 keys/);
  await fails("gh:moved", /could not be fetched/);
  await fails("gh:ada", /could not be fetched from http:\/\/127\.0\.0\.1:1\//, { gh: () => "http://127.0.0.1:1/" });
});

test("sources that are none are refused before anything is fetched", async () => {
  const send = (who: typeof t.user | null, form: Record<string, string>) =>
    t.request(who, "POST", "/account/prefs/sshkeys/", { query: { op: "import" }, form });
  for (const keysource of ["", "ada", "ftp:ada", "gh:", "gh:../ada", "gh:a/b", "constructor:x"]) {
    const reply = await send(t.user, { keysource });
    assert.equal(reply.status, 400, keysource);
    assert.deepEqual(Object.keys(reply.json as object), ["keysource"]);
  }
  assert.equal((await send(null, { keysource: "gh:ada" })).status, 401);
});
