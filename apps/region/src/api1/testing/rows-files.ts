/** Rows S3-056 to S3-096: results, scripts, files, settings. */
import assert from "node:assert/strict";
import { is, keysOf, refuses, refusesInText, type Row, type World } from "./world.ts";

/** A machine with a result of its newest commissioning. */
async function withResult(w: World, owner: number | null, name: string): Promise<string> {
  const machine = await w.machine(owner === null ? "ready" : "allocated", { owner_id: owner });
  const { kysely } = w.t.db;
  const set = await kysely
    .insertInto("script_set")
    .values({ node_id: machine.id, result_type: 0 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const texts = { stdout: Buffer.from("out\0put"), stderr: Buffer.from("complaint"), output: Buffer.from("both") };
  await kysely
    .insertInto("script_result")
    .values({ set_id: set.id, name, status: 2, exit_status: 0, ...texts })
    .execute();
  await kysely.updateTable("node").set({ commissioning_set_id: set.id }).where("id", "=", machine.id).execute();
  return machine.systemId;
}

const SCRIPTS = "commissioning-scripts/";
const script = (w: World, name: string, content: string | Uint8Array = "#!/bin/sh\n", filename = "file") =>
  w.admin.upload("POST", SCRIPTS, { name, content: { filename, content } });
const addFile = (w: World, filename: string, content: string | Uint8Array = "hello", who = w.user) =>
  who.upload("POST", "files/?op=add", { filename, file: { filename: "any", content } });
const setting = (w: World, name: string, value?: string) =>
  w.admin.post("maas/?op=set_config", value === undefined ? { name } : { name, value });

export const fileRows: readonly Row[] = [
  [
    "S3-056",
    "results of machines of others",
    "are not listed",
    async (w) => {
      const mine = await withResult(w, w.t.user.id, w.word("s"));
      const list = async (who = w.user) =>
        is(await who.get("commissioning-results/", { op: "list", system_id: mine }), 200).json.length;
      assert.deepEqual([await list(), await list(w.other), await list(w.admin)], [2, 0, 2]);
    },
  ],
  [
    "S3-057",
    "GET commissioning-results/?op=list",
    "what was printed in base64, errors apart, with the whole node",
    async (w) => {
      const name = w.word("s");
      await withResult(w, null, name);
      const all = is(await w.user.get("commissioning-results/?op=list"), 200).json as Record<string, never>[];
      const [out, err] = all.filter((one) => String(one["name"]).startsWith(name));
      assert.equal(Buffer.from(String(out?.["data"]), "base64").toString(), "out\0put");
      assert.equal(err?.["name"], `${name}.err`);
      assert.equal(out?.["script_result"], 0);
      assert.ok("macaddress_set" in (out?.["node"] ?? {}));
      assert.match(String(out?.["created"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
    },
  ],
  [
    "S3-058",
    "results by system_id, several, and of none",
    "just those; nothing",
    async (w) => {
      const [a, b] = [await withResult(w, null, w.word("s")), await withResult(w, null, w.word("s"))];
      const of = async (...system_id: string[]) =>
        is(await w.user.get("commissioning-results/", { op: "list", system_id }), 200).json.length;
      assert.deepEqual([await of(a), await of(a, b), await of("nonsense")], [2, 4, 0]);
    },
  ],
  [
    "S3-059",
    "results by name, several",
    "just those",
    async (w) => {
      const [a, b] = [w.word("s"), w.word("s")];
      for (const name of [a, b]) await withResult(w, null, name);
      const of = async (...name: string[]) =>
        is(await w.user.get("commissioning-results/", { op: "list", name }), 200).json.length;
      assert.deepEqual([await of(a), await of(a, `${b}.err`)], [1, 2]);
    },
  ],
  ["S3-060", "a commissioning script as a user", "403", async (w) => void is(await w.user.get(`${SCRIPTS}any`), 403)],
  [
    "S3-061",
    "DELETE of a commissioning script",
    "204, then 404",
    async (w) => {
      const name = w.word("30-");
      is(await script(w, name), 200);
      is(await w.admin.del(SCRIPTS + name), 204);
      is(await w.admin.get(SCRIPTS + name), 404);
      is(await w.admin.del(SCRIPTS + name), 404);
    },
  ],
  [
    "S3-062",
    "GET of a commissioning script",
    "its bytes, as application/binary",
    async (w) => {
      const [name, content] = [w.word("30-"), Buffer.from([127, 69, 76, 70, 0, 13, 10])];
      is(await script(w, name, content), 200);
      const answer = is(await w.admin.get(SCRIPTS + name), 200);
      assert.deepEqual(answer.bytes, content);
      assert.match(answer.headers["content-type"] ?? "", /^application\/binary/);
    },
  ],
  [
    "S3-063",
    "PUT of a commissioning script",
    "null, and the new bytes are there",
    async (w) => {
      const name = w.word("30-");
      is(await script(w, name), 200);
      const parts = { content: { filename: "f", content: "new" } };
      assert.equal(is(await w.admin.upload("PUT", SCRIPTS + name, parts), 200).text, "null");
      assert.equal(is(await w.admin.get(SCRIPTS + name), 200).text, "new");
      is(await w.admin.upload("PUT", `${SCRIPTS}nonsense`, parts), 404);
    },
  ],
  [
    "S3-064",
    "PUT of a commissioning script without content; with the name of a file",
    "400; the name of the file does not count",
    async (w) => {
      const name = w.word("30-");
      is(await script(w, name), 200);
      is(await w.admin.put(SCRIPTS + name), 400);
      is(await w.admin.upload("PUT", SCRIPTS + name, { content: { filename: "other", content: "x" } }), 200);
      is(await w.admin.get(`${SCRIPTS}other`), 404);
    },
  ],
  ["S3-065", "commissioning scripts as a user", "403", async (w) => void is(await w.user.get(SCRIPTS), 403)],
  [
    "S3-066",
    "a script whose name has no number",
    "taken; the same name again is not",
    async (w) => {
      const name = w.word("nonumber");
      is(await script(w, name), 200);
      refuses(await script(w, name), "name");
    },
  ],
  [
    "S3-067",
    "names with blanks, quotes, apostrophes",
    "400",
    async (w) => {
      for (const name of ["a b", 'a"b', "a'b"]) refuses(await script(w, name), "name");
    },
  ],
  [
    "S3-068",
    "scripts in the order in which they run",
    "by name",
    async (w) => {
      for (const name of ["20-b", "10-a"]) is(await script(w, name), 200);
      const names = is(await w.admin.get(SCRIPTS), 200).json as string[];
      assert.ok(names.indexOf("10-a") < names.indexOf("20-b"));
      assert.deepEqual(names, names.toSorted());
    },
  ],
  [
    "S3-069",
    "the scripts that we ship",
    "have no place among the operator's",
    async (w) => {
      const names = is(await w.admin.get(SCRIPTS), 200).json as string[];
      assert.deepEqual(
        names.filter((name) => /maas/.test(name)),
        [],
      );
      is(await w.admin.get(`${SCRIPTS}maas-lshw`), 404);
    },
  ],
  [
    "S3-070",
    "a program in place of a script",
    "is kept byte for byte, for 2.0 too, which machines get it from",
    async (w) => {
      const [name, content] = [w.word("50-"), Buffer.from(Array.from({ length: 256 }, (_, i) => i))];
      is(await script(w, name, content), 200);
      assert.deepEqual(is(await w.admin2("GET", `scripts/${name}?op=download`), 200).bytes, content);
    },
  ],
  [
    "S3-071",
    "the name of the file that is uploaded",
    "does not count",
    async (w) => {
      const name = w.word("50-");
      assert.equal(is(await script(w, name, "x", "quite-another"), 200).json.name, name);
    },
  ],
  [
    "S3-072",
    "GET commissioning-scripts/",
    "names, and nothing but names",
    async (w) => {
      const name = w.word("25-");
      is(await script(w, name), 200);
      const names = is(await w.admin.get(SCRIPTS), 200).json as unknown[];
      assert.ok(names.includes(name) && names.every((one) => typeof one === "string"));
      is(await w.user.get(SCRIPTS), 403);
    },
  ],
  [
    "S3-073",
    "POST commissioning-scripts/, then a machine is commissioned",
    "the object; the script is one of those that run",
    async (w) => {
      const name = w.word("25-");
      const made = is(await script(w, name, "tool"), 200).json;
      assert.deepEqual(keysOf(made), ["content", "name", "resource_uri"]);
      assert.equal(Buffer.from(made.content, "base64").toString(), "tool");
      const { systemId } = await w.machine("ready");
      is(await w.admin.post(`nodes/${systemId}/?op=commission`), 200);
      const sets = is(await w.admin2("GET", `nodes/${systemId}/results/`), 200).json as {
        results: { name: string }[];
      }[];
      assert.ok(sets.some((set) => set.results.some((result) => result.name === name)));
    },
  ],
  [
    "S3-074",
    "POST commissioning-scripts/ without a name",
    "400",
    async (w) => refuses(await w.admin.upload("POST", SCRIPTS, { content: { filename: "f", content: "x" } }), "name"),
  ],
  [
    "S3-075",
    "POST commissioning-scripts/ without content",
    "400",
    async (w) => refuses(await w.admin.upload("POST", SCRIPTS, { name: w.word("25-") }), "content"),
  ],
  [
    "S3-076",
    "two users store the same name",
    "two files",
    async (w) => {
      const name = w.word("f");
      is(await addFile(w, name, "mine"), 201);
      is(await addFile(w, name, "theirs", w.other), 201);
      assert.equal(Buffer.from(is(await w.user.get(`files/${name}/`), 200).json.content, "base64").toString(), "mine");
    },
  ],
  [
    "S3-077",
    "the content of a file that is read",
    "base64 of its bytes",
    async (w) => {
      const [name, content] = [w.word("f"), Buffer.from([0, 200, 10])];
      is(await addFile(w, name, content), 201);
      assert.deepEqual(Buffer.from(is(await w.user.get(`files/${name}/`), 200).json.content, "base64"), content);
    },
  ],
  [
    "S3-078",
    "DELETE of a file, and of another user's",
    "204; 404",
    async (w) => {
      const name = w.word("f");
      is(await addFile(w, name), 201);
      is(await w.other.del(`files/${name}/`), 404);
      is(await w.user.del(`files/${name}/`), 204);
      is(await w.user.get(`files/${name}/`), 404);
    },
  ],
  [
    "S3-079",
    "GET of a file, and of one that is not there",
    "four fields; 404 with a header that tells it from a wrong address",
    async (w) => {
      const name = w.word("env/");
      is(await addFile(w, name), 201);
      assert.deepEqual(keysOf(is(await w.user.get(`files/${name}/`), 200).json), [
        "anon_resource_uri",
        "content",
        "filename",
        "resource_uri",
      ]);
      assert.equal(is(await w.user.get("files/nonsense/"), 404).headers["workaround"], "bug1123986");
    },
  ],
  [
    "S3-080",
    "POST op=delete of a file",
    "204",
    async (w) => {
      const name = w.word("a/b/f");
      is(await addFile(w, name), 201);
      is(await w.user.post(`files/${name}/?op=delete`), 204);
      is(await w.user.get(`files/${name}/`), 404);
    },
  ],
  [
    "S3-081",
    "get and get_by_key",
    "the bytes themselves",
    async (w) => {
      const name = w.word("f");
      is(await addFile(w, name, "bytes"), 201);
      const { anon_resource_uri } = is(await w.user.get(`files/${name}/`), 200).json;
      assert.equal(is(await w.nobody.get("files/", { op: "get", filename: name }), 200).text, "bytes");
      assert.equal(is(await w.nobody.get(String(anon_resource_uri).slice("/MAAS/api/1.0/".length)), 200).text, "bytes");
    },
  ],
  [
    "S3-082",
    "the list of files",
    "by name, without their content",
    async (w) => {
      for (const name of ["l-b", "l-a"]) is(await addFile(w, name), 201);
      const all = is(await w.user.get("files/?op=list"), 200).json as { filename: string }[];
      const names = all.map((one) => one.filename);
      assert.deepEqual(names, names.toSorted());
      assert.ok(all.every((one) => !("content" in one)));
    },
  ],
  [
    "S3-083",
    "GET files/?op=get by nobody: a file, no name, none of that name",
    "its bytes; 400 in words; 404 in words",
    async (w) => {
      const name = w.word("f");
      is(await addFile(w, name, "x"), 201);
      is(await addFile(w, name, "newest", w.other), 201);
      assert.equal(is(await w.nobody.get("files/", { op: "get", filename: name }), 200).text, "newest");
      refusesInText(await w.nobody.get("files/?op=get"));
      is(await w.nobody.get("files/?op=get&filename=nonsense"), 404);
    },
  ],
  [
    "S3-084",
    "filename of op=get: missing, unknown",
    "400; 404",
    async (w) => {
      is(await w.user.get("files/?op=get"), 400);
      is(await w.user.get("files/?op=get&filename=nonsense"), 404);
    },
  ],
  [
    "S3-085",
    "the address with a file's key, before and after it is overwritten; a wrong key",
    "the bytes, under the same key; 404",
    async (w) => {
      const name = w.word("f");
      is(await addFile(w, name, "old"), 201);
      const address = async () =>
        String(is(await w.user.get(`files/${name}/`), 200).json.anon_resource_uri).slice("/MAAS/api/1.0/".length);
      const before = await address();
      is(await addFile(w, name, "new"), 201);
      assert.equal(await address(), before);
      assert.equal(is(await w.nobody.get(before), 200).text, "new");
      is(await w.nobody.get("files/?op=get_by_key&key=5e3d1a90-0f7b-4b0e-9a0e-8f1f6a7c1d22"), 404);
    },
  ],
  [
    "S3-086",
    "key of op=get_by_key: missing, unknown",
    "400; 404",
    async (w) => {
      refusesInText(await w.nobody.get("files/?op=get_by_key"));
      is(await w.nobody.get("files/?op=get_by_key&key=nonsense"), 404);
    },
  ],
  [
    "S3-087",
    "GET files/?op=list with a prefix; by nobody",
    "own files that begin so; 400",
    async (w) => {
      const prefix = w.word("p");
      for (const name of [`${prefix}b`, `${prefix}a`]) is(await addFile(w, name), 201);
      is(await addFile(w, `${prefix}c`, "x", w.other), 201);
      const all = is(await w.user.get("files/", { op: "list", prefix }), 200).json as { filename: string }[];
      assert.deepEqual(
        all.map((one) => one.filename),
        [`${prefix}a`, `${prefix}b`],
      );
      is(await w.nobody.get("files/?op=list"), 400);
    },
  ],
  [
    "S3-088",
    "prefix",
    "only names that begin with it",
    async (w) => {
      const prefix = w.word("q");
      is(await addFile(w, `x${prefix}`), 201);
      assert.deepEqual(is(await w.user.get("files/", { op: "list", prefix }), 200).json, []);
    },
  ],
  [
    "S3-089",
    "POST files/?op=add: a file, again, without a file",
    "201 without a body; it is overwritten; 400",
    async (w) => {
      const name = w.word("f");
      assert.equal(is(await addFile(w, name, "1"), 201).text, "");
      is(await addFile(w, name, "2"), 201);
      assert.equal(is(await w.user.get("files/", { op: "get", filename: name }), 200).text, "2");
      refusesInText(await w.user.post("files/?op=add", { filename: name }));
    },
  ],
  [
    "S3-090",
    "filename of op=add: missing; with slashes",
    "400; taken",
    async (w) => {
      refusesInText(await w.user.upload("POST", "files/?op=add", { file: { filename: "f", content: "x" } }));
      const name = w.word("a/b/c");
      is(await addFile(w, name), 201);
      assert.equal(is(await w.user.get(`files/${name}/`), 200).json.filename, name);
    },
  ],
  [
    "S3-091",
    "file of op=add: two of them; an empty one",
    "400; taken",
    async (w) => {
      const part = 'Content-Disposition: form-data; name="file"; filename="f"';
      const body = `--b\r\nContent-Disposition: form-data; name="filename"\r\n\r\nx\r\n--b\r\n${part}\r\n\r\n1\r\n--b\r\n${part}\r\n\r\n2\r\n--b--\r\n`;
      const headers = { "content-type": "multipart/form-data; boundary=b" };
      refusesInText(await w.user.ask("POST", "files/?op=add", { body, headers }));
      const name = w.word("f");
      is(await addFile(w, name, ""), 201);
      assert.equal(is(await w.user.get(`files/${name}/`), 200).json.content, "");
    },
  ],
  [
    "S3-092",
    "GET maas/?op=get_config: a setting, none of that name, no name, as a user, as nobody",
    "its value; 400; 400; 403; 403",
    async (w) => {
      is(await setting(w, "maas_name", "here"), 200);
      assert.equal(is(await w.admin.get("maas/?op=get_config&name=maas_name"), 200).text, '"here"');
      refuses(await w.admin.get("maas/?op=get_config&name=nonsense"), "nonsense");
      is(await w.admin.get("maas/?op=get_config"), 400);
      is(await w.user.get("maas/?op=get_config&name=maas_name"), 403);
      is(await w.nobody.get("maas/?op=get_config&name=maas_name"), 403);
    },
  ],
  [
    "S3-093",
    "get_config of what is no setting",
    "400 under that name",
    async (w) => refuses(await w.admin.get("maas/?op=get_config&name=some_thing"), "some_thing"),
  ],
  [
    "S3-094",
    "POST maas/?op=set_config: a setting; an empty name",
    "OK, and it is read again; 400",
    async (w) => {
      assert.equal(is(await setting(w, "maas_name", "there"), 200).text, "OK");
      assert.equal(is(await w.admin.get("maas/?op=get_config&name=maas_name"), 200).json, "there");
      is(await setting(w, "", "x"), 400);
    },
  ],
  [
    "S3-095",
    "name of set_config: missing, unknown",
    "400; 400 under that name",
    async (w) => {
      is(await w.admin.post("maas/?op=set_config", { value: "x" }), 400);
      refuses(await setting(w, "nonsense", "x"), "nonsense");
    },
  ],
  [
    "S3-096",
    "value of set_config: missing, one that the setting does not take",
    "400; 400 under the setting's name",
    async (w) => {
      is(await setting(w, "maas_name"), 400);
      refuses(await setting(w, "http_proxy", "nonsense"), "http_proxy");
    },
  ],
];
