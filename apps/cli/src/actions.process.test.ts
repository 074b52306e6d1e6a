import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { ApiServer } from "./test-support/api-server.ts";
import { KEY, startApiServer } from "./test-support/api-server.ts";
import type { Home } from "./test-support/maas.ts";
import { launcher, newHome } from "./test-support/maas.ts";
import { readMultipart } from "./test-support/multipart.ts";

/** Logged in as `admin`, with nothing asked yet. */
async function loggedIn(body: (bench: { api: ApiServer; home: Home }) => Promise<void>): Promise<void> {
  await using api = await startApiServer();
  await using home = await newHome();
  assert.equal((await home.maas(["login", "admin", api.url, KEY])).code, 0);
  api.asked.length = 0;
  await body({ api, home });
}

const lastOf = (api: ApiServer) => {
  const asked = api.asked.at(-1);
  assert.ok(asked, "the server was asked");
  return asked;
};
const partsOf = (api: ApiServer) => {
  const { headers, body } = lastOf(api);
  return readMultipart(headers["content-type"] ?? "", body).map(({ name, filename, content }) => ({
    name,
    filename,
    content,
  }));
};

test("GET and DELETE have their parameters in the query, op first", () =>
  loggedIn(async ({ api, home }) => {
    await home.maas(["admin", "machines", "read", "hostname=a b", "hostname=c&d", "empty="]);
    assert.equal(lastOf(api).url, "/MAAS/api/2.0/machines/?hostname=a+b&hostname=c%26d&empty=");
    assert.match(lastOf(api).headers.authorization ?? "", /oauth_token="token"/);
    await home.maas(["admin", "machine", "power-parameters", "abc123"]);
    assert.equal(lastOf(api).url, "/MAAS/api/2.0/machines/abc123/?op=power_parameters");
    await home.maas(["admin", "machine", "delete", "abc123", "force=true"]);
    assert.equal(`${lastOf(api).method} ${lastOf(api).url}`, "DELETE /MAAS/api/2.0/machines/abc123/?force=true");
    await home.maas(["admin", "node-script", "download", "a name/é?#"]);
    assert.equal(lastOf(api).url, "/MAAS/api/2.0/scripts/a%20name/%C3%A9%3F%23?op=download");
  }));

test("POST and PUT have a multipart body: texts, a list, files, and long values", () =>
  loggedIn(async ({ api, home }) => {
    const file = join(home.path, "data.bin");
    await writeFile(file, "line\n\0byte");
    const long = "ä=".repeat(200);
    await home.maas([
      "admin",
      "machine",
      "deploy",
      "abc123",
      "tags=x",
      "tags=y",
      `note=${long}`,
      `user_data@=${file}`,
      "empty=",
    ]);
    assert.equal(`${lastOf(api).method} ${lastOf(api).url}`, "POST /MAAS/api/2.0/machines/abc123/?op=deploy");
    assert.deepEqual(partsOf(api), [
      { name: "tags", filename: undefined, content: "x" },
      { name: "tags", filename: undefined, content: "y" },
      { name: "note", filename: undefined, content: long },
      { name: "user_data", filename: "user_data", content: "line\n\0byte" },
      { name: "empty", filename: undefined, content: "" },
    ]);
    await home.maas(["admin", "machine", "update", "abc123", "hostname=n"]);
    assert.equal(`${lastOf(api).method} ${lastOf(api).url}`, "PUT /MAAS/api/2.0/machines/abc123/");
    assert.deepEqual(partsOf(api), [{ name: "hostname", filename: undefined, content: "n" }]);
  }));

test("POST without parameters has an empty body and no content type", () =>
  loggedIn(async ({ api, home }) => {
    await home.maas(["admin", "machines", "accept-all"]);
    const { headers, body, url } = lastOf(api);
    assert.deepEqual(
      [url, headers["content-type"], headers["content-length"], body.length],
      ["/MAAS/api/2.0/machines/?op=accept_all", undefined, "0", 0],
    );
  }));

test("a pipe gets the bytes of the body and nothing else, whatever the status", () =>
  loggedIn(async ({ api, home }) => {
    const bytes = randomBytes(300_000);
    api.answers["GET /MAAS/api/2.0/scripts/s?op=download"] = { type: "application/octet-stream", body: bytes };
    assert.ok((await home.maas(["admin", "node-script", "download", "s"])).bytes.equals(bytes));
    api.answers["GET /MAAS/api/2.0/machines/"] = { status: 409, type: "text/plain", body: "no machine" };
    assert.deepEqual(await home.maas(["admin", "machines", "read"]), {
      code: 2,
      out: "no machine",
      err: "",
      bytes: Buffer.from("no machine"),
    });
    api.answers["GET /MAAS/api/2.0/machines/"] = { status: 204, type: "text/plain", body: "" };
    const empty = await home.maas(["admin", "machines", "read"]);
    assert.deepEqual([empty.code, empty.out], [0, ""]);
  }));

test("a terminal gets an announcement for texts, the body alone for others, and the status when there is no body", () =>
  loggedIn(async ({ api, home }) => {
    const shown = async (answer: { status?: number; type?: string; body?: string }) => {
      api.answers["GET /MAAS/api/2.0/machines/"] = answer;
      const { code, out } = await home.maasOnTerminal(["admin", "machines", "read"]);
      return [code, out.replaceAll("\r\n", "\n")];
    };
    assert.deepEqual(await shown({ body: "[]" }), [0, "Success.\nMachine-readable output follows:\n[]\n"]);
    assert.deepEqual(await shown({ type: "text/plain", body: "OK" }), [
      0,
      "Success.\nMachine-readable output follows:\nOK\n",
    ]);
    assert.deepEqual(await shown({ type: "application/x-thing", body: "raw" }), [0, "raw"]);
    assert.deepEqual(await shown({ status: 404, type: "text/plain; charset=utf-8", body: "No such" }), [
      2,
      "No such\n",
    ]);
    assert.deepEqual(await shown({ status: 403, type: "text/plain", body: "" }), [
      2,
      "Request failed with code 403: Forbidden\n\n",
    ]);
    assert.deepEqual(await shown({ status: 502, type: "application/x-thing", body: "" }), [2, ""]);
  }));

test("exit codes of a wrong command line", () =>
  loggedIn(async ({ api, home }) => {
    const wrong: [args: string[], code: number, message: RegExp][] = [
      [["machine", "read"], 2, /^usage: maas admin machine read .*\nmaas: missing: system_id\n$/s],
      [["machine", "deploy", "osystem=ubuntu"], 2, /^usage: .*\nmaas: missing: system_id\n$/s],
      [["machine", "read", "a", "b=c"], 2, /unexpected: b=c/],
      [["machine", "deploy", "a", "nonsense"], 1, /nonsense is not of the form key=value/],
      [["machine", "deploy", "a", "x@=/no/such/file"], 2, /\/no\/such\/file cannot be read \(ENOENT\)/],
      [["machine", "deploy", "a", "--wait"], 2, /unknown option --wait/],
      [["machine", "delpoy", "a"], 2, /machine has no action delpoy; did you mean deploy\?/],
      [["machnies", "read"], 2, /admin has no resource machnies; did you mean machines\?/],
      [["machine"], 2, /No action given/],
      [[], 2, /No resource given/],
    ];
    for (const [args, code, message] of wrong) {
      const ran = await home.maas(["admin", ...args]);
      assert.deepEqual([ran.code, ran.out], [code, ""], args.join(" "));
      assert.match(ran.err, message);
    }
    assert.equal(api.asked.length, 0);
    const unknown = await home.maas(["amdin", "machines", "read"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /amdin is neither a command nor a profile; did you mean admin\?/);
    assert.match(
      (await home.maas(["account", "help"])).err,
      /account needs a profile before it: maas admin account --help/,
    );
  }));

test("a server that is away is an explained error, and verbose errors show where", () =>
  loggedIn(async ({ api, home }) => {
    await api[Symbol.asyncDispose]();
    const plain = await home.maas(["admin", "machines", "read"]);
    assert.equal(plain.code, 2);
    assert.match(plain.err, /^maas: GET http:.*\/machines\/ failed: .*ECONNREFUSED.*: check the address/);
    const verbose = await home.maas(["admin", "machines", "read"], { env: { MAAS_CLI_VERBOSE_ERRORS: "1" } });
    assert.match(verbose.err, /^CliError: .*\n +at /s);
  }));

test("help of a resource and of an action", () =>
  loggedIn(async ({ home }) => {
    for (const word of ["--help", "-h", "help"]) {
      const { code, out, err } = await home.maas(["admin", "account", word]);
      assert.deepEqual([code, err], [0, ""]);
      assert.equal(
        out,
        `usage: maas admin account [-h] COMMAND ...

Manage the current logged-in user.

optional arguments:
  -h, --help            show this help message and exit

drill down:
    create-authorisation-token  Create an authorisation token
    delete-authorisation-token  Delete an authorisation token
    list-authorisation-tokens  List authorisation tokens
    update-token-name   Modify authorisation token
`,
      );
    }
    const { out } = await home.maas(["admin", "machine", "deploy", "-h"]);
    assert.match(
      out,
      /^usage: maas admin machine deploy \[-h\] \[-d\] \[-k\] system_id \[data \.\.\.\]\n\nDeploy a machine\n\n/,
    );
    assert.match(out, /\n {2}system_id\n.*key@=file.*More words about it\.\n\n:param distro_series: /s);
    assert.doesNotMatch((await home.maas(["admin", "machine", "read", "-h"])).out, /data/);
  }));

test("the hash of another API version brings a warning on stderr, and the call goes on", () =>
  loggedIn(async ({ api, home }) => {
    assert.equal((await home.maas(["admin", "machines", "read"])).err, "");
    api.hash = "c".repeat(40);
    const { code, out, err } = await home.maas(["admin", "machines", "read"]);
    assert.deepEqual([code, out], [0, "{}"]);
    assert.match(err, /^\*{70}\n(\*\*\* ?.*\n)+\*{70}\n$/);
    assert.match(err, /maas refresh/);
    await home.maas(["refresh"]);
    assert.equal((await home.maas(["admin", "machines", "read"])).err, "");
  }));

test("--debug shows the status and the sorted headers on stderr", () =>
  loggedIn(async ({ home }) => {
    const { err, out } = await home.maas(["admin", "machines", "read", "-d"]);
    assert.equal(out, "{}");
    assert.match(err, /^200 OK\n\n +Connection: close\n +Content-Type: application\/json; charset=utf-8\n/);
    assert.match(err, /\n {2}X-Maas-Api-Hash: a+\n\n$/);
  }));

test("spellings of the documents: tokens, a comma, script=PATH, results update", () =>
  loggedIn(async ({ api, home }) => {
    const create = [
      "create-authorisation-token",
      "create-authorization-token",
      "create-authorisation-tokens",
      "create-authorization-tokens",
    ];
    for (const word of create) {
      await home.maas(["admin", "account", word]);
      assert.equal(
        `${lastOf(api).method} ${lastOf(api).url}`,
        "POST /MAAS/api/2.0/account/?op=create_authorisation_token",
      );
    }
    for (const word of ["list-authorization-tokens", "list-authorisation-token"]) {
      await home.maas(["admin", "account", word]);
      assert.equal(lastOf(api).url, "/MAAS/api/2.0/account/?op=list_authorisation_tokens");
    }
    await home.maas(["admin", "account", "delete-authorization-token", "token_key=k"]);
    assert.equal(lastOf(api).url, "/MAAS/api/2.0/account/?op=delete_authorisation_token");
    await home.maas(["admin", "account", "udpate-token-name", "token=abc,", "name=zork,"]);
    assert.equal(lastOf(api).url, "/MAAS/api/2.0/account/?op=update_token_name");
    assert.deepEqual(
      partsOf(api).map((part) => part.content),
      ["abc", "zork,"],
    );

    const script = join(home.path, "s.sh");
    await writeFile(script, "#!/bin/sh\n");
    await home.maas(["admin", "node-scripts", "create", "name=s", `script=${script}`]);
    assert.deepEqual(partsOf(api)[1], { name: "script", filename: "script", content: "#!/bin/sh\n" });
    await home.maas(["admin", "node-script", "update", "s", `script@=${script}`]);
    assert.deepEqual(partsOf(api)[0], { name: "script", filename: "script", content: "#!/bin/sh\n" });
    await home.maas(["admin", "node-scripts", "create", "script=no-such-file"]);
    assert.deepEqual(partsOf(api)[0], { name: "script", filename: undefined, content: "no-such-file" });
    await home.maas(["admin", "node-script-results", "update", "abc123", "7", "suppressed=true"]);
    assert.equal(`${lastOf(api).method} ${lastOf(api).url}`, "PUT /MAAS/api/2.0/nodes/abc123/results/7/");
  }));

test("sshkeys import takes bare sources", () =>
  loggedIn(async ({ api, home }) => {
    await home.maas(["admin", "sshkeys", "import", "lp:one", "gh:two", "three"]);
    assert.equal(lastOf(api).url, "/MAAS/api/2.0/account/prefs/sshkeys/?op=import");
    assert.deepEqual(
      partsOf(api).map(({ name, content }) => `${name}=${content}`),
      ["keysource=lp:one", "keysource=gh:two", "keysource=three"],
    );
    assert.equal((await home.maas(["admin", "sshkeys", "import"])).code, 2);
  }));

test("boot-resources create describes the image, then uploads it in pieces of 4 MiB", () =>
  loggedIn(async ({ api, home }) => {
    const image = randomBytes(9 * 1024 * 1024 + 5);
    const file = join(home.path, "image");
    await writeFile(file, image);
    const created = (complete: boolean) => ({
      status: 201,
      body: JSON.stringify({
        sets: {
          "20260101": { files: { old: { complete: true } } },
          "20260102": { files: { "root-tgz": { complete, upload_uri: "/MAAS/api/2.0/boot-resources/1/upload/2/" } } },
        },
      }),
    });
    api.answers["POST /MAAS/api/2.0/boot-resources/"] = created(false);
    api.answers["PUT /MAAS/api/2.0/boot-resources/1/upload/2/"] = { type: "text/plain", body: "OK" };
    const args = [
      "admin",
      "boot-resources",
      "create",
      "name=custom/x",
      `content@=${file}`,
      "architecture=amd64/generic",
    ];
    const ran = await home.maas(args);
    assert.deepEqual([ran.code, ran.out, ran.err], [0, "", ""]);
    const [first, ...pieces] = api.asked;
    const fields = readMultipart(first?.headers["content-type"] ?? "", first?.body ?? Buffer.of()).map(
      ({ name, content }) => [name, content],
    );
    const sha256 = createHash("sha256").update(image).digest("hex");
    assert.deepEqual(fields, [
      ["architecture", "amd64/generic"],
      ["name", "custom/x"],
      ["sha256", sha256],
      ["size", String(image.length)],
    ]);
    assert.deepEqual(
      pieces.map((it) => it.body.length),
      [4194304, 4194304, 1048581],
    );
    assert.ok(Buffer.concat(pieces.map((it) => it.body)).equals(image));
    assert.ok(
      pieces.every((it) => it.headers["content-type"] === "application/octet-stream" && it.headers.authorization),
    );

    api.asked.length = 0;
    assert.match((await home.maasOnTerminal(args)).out, /\r\[#{40}\] 100%/);
    api.asked.length = 0;
    api.answers["POST /MAAS/api/2.0/boot-resources/"] = created(true);
    assert.equal((await home.maas(args)).code, 0);
    assert.equal(api.asked.length, 1, "the server has that content already");

    api.answers["POST /MAAS/api/2.0/boot-resources/"] = created(false);
    api.answers["PUT /MAAS/api/2.0/boot-resources/1/upload/2/"] = { status: 400, type: "text/plain", body: "bad hash" };
    const refused = await home.maas(args);
    assert.deepEqual([refused.code, refused.out], [2, "bad hash"]);
    api.answers["POST /MAAS/api/2.0/boot-resources/"] = { status: 400, body: '{"name": ["taken"]}' };
    const taken = await home.maas(args);
    assert.deepEqual([taken.code, taken.out], [2, '{"name": ["taken"]}']);
    assert.match((await home.maas(["admin", "boot-resources", "create", "name=x"])).err, /needs content@=FILE/);
  }));

test("a reader that goes away is no error, and an interrupt is exit code 1", () =>
  loggedIn(async ({ api, home }) => {
    api.answers["GET /MAAS/api/2.0/machines/"] = { type: "text/plain", body: "x".repeat(3_000_000) };
    const shell = (line: string) =>
      promisify(execFile)("sh", ["-c", line, "sh", launcher], { env: { ...process.env, HOME: home.path } });
    const { stdout, stderr } = await shell('{ "$1" admin machines read; echo "code $?" >&2; } | head -c 3');
    assert.deepEqual([stdout, stderr], ["xxx", "code 0\n"]);

    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    api.answers["GET /MAAS/api/2.0/machines/"] = () => {
      isAsked();
      return { hang: true };
    };
    const child = spawn(launcher, ["admin", "machines", "read"], {
      env: { ...process.env, HOME: home.path },
      stdio: "ignore",
    });
    await asked;
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "exit"), [1, null]);
  }));
