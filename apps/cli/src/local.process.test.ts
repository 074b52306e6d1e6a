import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import type { Home } from "./test-support/maas.ts";
import { newHome } from "./test-support/maas.ts";

const KEY = "c:t:s";

/** A region that answers on the admin socket of its data directory. */
async function withRegion(
  body: (bench: {
    home: Home;
    env: Record<string, string>;
    asked: string[];
    reply: { status: number; body: unknown };
  }) => Promise<void>,
): Promise<void> {
  await using home = await newHome();
  const data = join(home.path, "data");
  await mkdir(join(data, "run"), { recursive: true });
  const asked: string[] = [];
  const reply = { status: 200, body: {} as unknown };
  const server = createServer((request, answer) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${text}`.trim());
      answer.writeHead(reply.status, { "content-type": "application/json" }).end(JSON.stringify(reply.body));
    });
  }).listen(join(data, "run", "admin.sock"));
  await once(server, "listening");
  try {
    await body({ home, env: { RACKWRIGHT_DATA: data }, asked, reply });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("apikey and api-key print a key and nothing else", () =>
  withRegion(async ({ home, env, asked, reply }) => {
    reply.body = { key: KEY };
    for (const word of ["apikey", "api-key"]) {
      const ran = await home.maas([word, "--generate", "--username", "admin"], { env });
      assert.deepEqual([ran.code, ran.out, ran.err], [0, `${KEY}\n`, ""]);
    }
    await home.maas(["apikey", "--username=admin"], { env });
    assert.deepEqual(asked, [
      'POST /admin/apikey {"username":"admin","generate":true}',
      'POST /admin/apikey {"username":"admin","generate":true}',
      'POST /admin/apikey {"username":"admin","generate":false}',
    ]);
    reply.status = 404;
    reply.body = { error: "there is no user nobody" };
    const unknown = await home.maas(["apikey", "--username", "nobody"], { env });
    assert.deepEqual([unknown.code, unknown.out, unknown.err], [2, "", "maas: there is no user nobody\n"]);
    assert.match((await home.maas(["apikey", "--generate"], { env })).err, /--username USER is missing/);
  }));

test("deleting and renaming a key count only when the region confirms them", () =>
  withRegion(async ({ home, env, asked, reply }) => {
    reply.body = { deleted: KEY, updated: KEY };
    assert.equal((await home.maas(["apikey", "--username", "u", "--delete", KEY], { env })).code, 0);
    assert.equal((await home.maas(["apikey", "--username", "u", "--update", KEY, "laptop"], { env })).code, 0);
    assert.deepEqual(asked, [
      `POST /admin/apikey {"username":"u","generate":false,"delete":"${KEY}"}`,
      `POST /admin/apikey {"username":"u","generate":false,"update":"${KEY}","name":"laptop"}`,
    ]);
    reply.body = { key: "x:y:z" };
    const ignored = await home.maas(["apikey", "--username", "u", "--delete", KEY], { env });
    assert.deepEqual([ignored.code, ignored.out], [2, ""]);
    assert.match(ignored.err, /did not delete/);
    assert.equal((await home.maas(["apikey", "--username", "u", "--generate", "--delete", KEY], { env })).code, 2);
    assert.equal((await home.maas(["apikey", "--username", "u", "--delete", "not-a-key"], { env })).code, 1);
  }));

test("createadmin takes the password from the environment, a file, a pipe, or an argument with a warning", () =>
  withRegion(async ({ home, env, asked }) => {
    const who = ["createadmin", "--username", "ada", "--email", "ada@example.com"];
    const sent = () =>
      (JSON.parse(asked.at(-1)?.replace("POST /admin/createadmin ", "") ?? "{}") as { password: string }).password;
    const file = join(home.path, "password");
    await writeFile(file, "from file\nnot this\n");
    const fromEnv = await home.maas(who, { env: { ...env, RACKWRIGHT_ADMIN_PASSWORD: "from env" } });
    assert.deepEqual([fromEnv.code, fromEnv.out, fromEnv.err, sent()], [0, "", "", "from env"]);
    assert.deepEqual([(await home.maas([...who, "--password-file", file], { env })).code, sent()], [0, "from file"]);
    assert.deepEqual([(await home.maas(who, { env, stdin: "piped\n" })).code, sent()], [0, "piped"]);
    const argument = await home.maas([...who, "--password", "seen"], { env });
    assert.deepEqual([argument.code, sent()], [0, "seen"]);
    assert.match(argument.err, /^Warning: /);
    const count = asked.length;
    assert.equal((await home.maas(who, { env, stdin: "" })).code, 2);
    assert.match((await home.maas(["createadmin", "--username", "x"], { env })).err, /--email EMAIL is missing/);
    assert.equal(asked.length, count);
  }));

test("createadmin asks twice at a terminal, and does nothing when the answers differ", () =>
  withRegion(async ({ home, env, asked }) => {
    const who = ["createadmin", "--username", "ada", "--email", "a@b", "--data", env["RACKWRIGHT_DATA"] ?? ""];
    const typed = (again: string) =>
      home.maasOnTerminal(who, [
        { after: "Password: ", type: "hidden\r" },
        { after: "Again: ", type: `${again}\r` },
      ]);
    const differ = await typed("other");
    assert.match(differ.out, /differ: nothing was done/);
    assert.equal(asked.length, 0);
    const same = await typed("hidden");
    assert.equal(same.code, 0, same.out);
    assert.ok(!same.out.includes("hidden"));
    assert.equal(asked.length, 1);
  }));

test("status prints the region's JSON; without a region it says where it looked", () =>
  withRegion(async ({ home, env, reply }) => {
    reply.body = { version: "1" };
    assert.equal((await home.maas(["status"], { env })).out, '{\n  "version": "1"\n}\n');
    const nowhere = await home.maas(["status", "--data", home.path]);
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.err, /there is no .*\/run\/admin\.sock: run this on the region's host/);
  }));
