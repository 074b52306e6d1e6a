/** Rows S3-271 to S3-319: SSH keys, tags, users, zones. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { until } from "@rackwright/testkit/until";
import { netboot } from "../../testing/machines.ts";
import { type Client, is, keysOf, refuses, type Row, type World } from "./world.ts";

/** An SSH public key that nobody has. */
function publicKey(): string {
  const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([part(Buffer.from("ssh-ed25519")), part(Buffer.from(x, "base64url"))]);
  return `ssh-ed25519 ${blob.toString("base64")} me@host`;
}

const KEYS = "account/prefs/sshkeys/";
const addKey = async (w: World, who: Client = w.user): Promise<{ id: number; key: string }> =>
  is(await who.post(`${KEYS}?op=new`, { key: publicKey() }), 201).json;

async function addTag(w: World, more: Record<string, string> = {}): Promise<string> {
  const name = w.word("tag");
  is(await w.admin.post("tags/?op=new", { name, ...more }), 200);
  return name;
}
const update = (w: World, name: string, fields: Record<string, string | string[]>, who: Client = w.admin) =>
  who.post(`tags/${name}/?op=update_nodes`, fields);
const nodesOf = async (w: World, name: string, who: Client = w.admin): Promise<string[]> =>
  (is(await who.get(`tags/${name}/?op=nodes`), 200).json as { system_id: string }[]).map((one) => one.system_id);

/** A machine whose lshw printed this. */
async function withHardware(w: World, xml: string): Promise<string> {
  const machine = await w.machine("ready");
  const set = await w.t.db.kysely
    .insertInto("script_set")
    .values({ node_id: machine.id, result_type: 0 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const [stdout, empty] = [Buffer.from(xml), Buffer.from("")];
  const result = { set_id: set.id, name: "maas-lshw", status: 2, exit_status: 0, stdout, stderr: empty, output: empty };
  await w.t.db.kysely.insertInto("script_result").values(result).execute();
  return machine.systemId;
}
const hasSoon = (w: World, name: string, systemId: string) =>
  until(async () => (await nodesOf(w, name)).includes(systemId), { what: `${systemId} has tag ${name}` });

async function addZone(w: World, more: Record<string, string> = {}): Promise<string> {
  const name = w.word("zone");
  is(await w.admin.post("zones/", { name, ...more }), 200);
  return name;
}

const newUser = (w: World, more: Record<string, string | undefined> = {}) =>
  w.admin.post("users/", {
    username: w.word("u"),
    email: "a@example.com",
    password: "secret-1",
    is_superuser: "0",
    ...more,
  });

export const placeRows: readonly Row[] = [
  [
    "S3-271",
    "PUT of an SSH key",
    "405",
    async (w) => void is(await w.user.put(`${KEYS}${(await addKey(w)).id}/`), 405),
  ],
  [
    "S3-272",
    "DELETE of an SSH key: one's own, another's, of nobody",
    "204; 403; 404",
    async (w) => {
      is(await w.user.del(`${KEYS}${(await addKey(w)).id}/`), 204);
      is(await w.user.del(`${KEYS}${(await addKey(w, w.other)).id}/`), 403);
      is(await w.user.del(`${KEYS}999999/`), 404);
    },
  ],
  [
    "S3-273",
    "GET of an SSH key: one's own, of nobody",
    "three fields; 404",
    async (w) => {
      const { id } = await addKey(w);
      assert.deepEqual(keysOf(is(await w.user.get(`${KEYS}${id}/`), 200).json), ["id", "key", "resource_uri"]);
      is(await w.user.get(`${KEYS}999999/`), 404);
    },
  ],
  [
    "S3-274",
    "POST op=delete of an SSH key",
    "204",
    async (w) => {
      const { id } = await addKey(w);
      is(await w.user.post(`${KEYS}${id}/?op=delete`), 204);
      is(await w.user.get(`${KEYS}${id}/`), 404);
    },
  ],
  [
    "S3-275",
    "a key under another name than key",
    "400",
    async (w) => refuses(await w.user.post(`${KEYS}?op=new`, { sshkey: publicKey() }), "key"),
  ],
  [
    "S3-276",
    "the list of SSH keys",
    "one's own, three fields each",
    async (w) => {
      const [mine, theirs] = [await addKey(w), await addKey(w, w.other)];
      const all = is(await w.user.get(`${KEYS}?op=list`), 200).json as { id: number }[];
      assert.deepEqual(keysOf(all[0] ?? {}), ["id", "key", "resource_uri"]);
      const found = all.map((one) => one.id);
      assert.deepEqual([found.includes(mine.id), found.includes(theirs.id)], [true, false]);
    },
  ],
  [
    "S3-277",
    "a new SSH key; none; nonsense; a private one; the same again",
    "201; 400 naming key, each",
    async (w) => {
      const { key } = await addKey(w);
      const { privateKey } = generateKeyPairSync("ed25519");
      const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      for (const bad of [undefined, "nonsense", pem, key])
        refuses(await w.user.post(`${KEYS}?op=new`, { key: bad }), "key");
    },
  ],
  ["S3-278", "key: empty", "400", async (w) => refuses(await w.user.post(`${KEYS}?op=new`, { key: "" }), "key")],
  [
    "S3-279",
    "acquire by a tag",
    "a node that has it",
    async (w) => {
      const { systemId } = await w.machine("ready");
      const name = await addTag(w);
      is(await update(w, name, { add: systemId }), 200);
      assert.equal(is(await w.user.post("nodes/?op=acquire", { tags: name }), 200).json.system_id, systemId);
    },
  ],
  [
    "S3-280",
    "another definition, without rebuild",
    "nodes have the tag by it",
    async (w) => {
      const product = w.word("P");
      const systemId = await withHardware(w, `<list><node id="x"><product>${product}</product></node></list>`);
      const name = await addTag(w, { definition: "//nothing" });
      is(await w.admin.put(`tags/${name}/`, { definition: `//node[product="${product}"]` }), 200);
      await hasSoon(w, name, systemId);
    },
  ],
  [
    "S3-281",
    "DELETE of a tag: by an administrator, again, by a user",
    "204; 404; 403",
    async (w) => {
      const name = await addTag(w);
      is(await w.user.del(`tags/${name}/`), 403);
      is(await w.admin.del(`tags/${name}/`), 204);
      is(await w.admin.del(`tags/${name}/`), 404);
    },
  ],
  [
    "S3-282",
    "GET of a tag",
    "five fields",
    async (w) => {
      const name = await addTag(w);
      const { json } = is(await w.user.get(`tags/${name}/`), 200);
      assert.deepEqual(keysOf(json), ["comment", "definition", "kernel_opts", "name", "resource_uri"]);
      is(await w.user.get("tags/nonsense/"), 404);
    },
  ],
  [
    "S3-283",
    "nodes of a tag",
    "those that the caller may see",
    async (w) => {
      const [free, theirs] = [await w.machine("ready"), await w.machine("allocated", { owner_id: w.t.other.id })];
      const name = await addTag(w);
      is(await update(w, name, { add: [free.systemId, theirs.systemId] }), 200);
      assert.deepEqual(await nodesOf(w, name, w.user), [free.systemId]);
      assert.equal((await nodesOf(w, name)).length, 2);
    },
  ],
  [
    "S3-284",
    "rebuild: by an administrator, by a user, of no tag",
    "its name; 403; 404",
    async (w) => {
      const name = await addTag(w);
      assert.deepEqual(is(await w.admin.post(`tags/${name}/?op=rebuild`), 200).json, { rebuilding: name });
      is(await w.user.post(`tags/${name}/?op=rebuild`), 403);
      is(await w.admin.post("tags/nonsense/?op=rebuild"), 404);
    },
  ],
  [
    "S3-285",
    "update_nodes: one more and one less; another definition; by a user; by a worker",
    "counted; 409; 403; just its own nodes",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      const name = await addTag(w);
      is(await update(w, name, { add: b.systemId }), 200);
      const counted = is(await update(w, name, { add: a.systemId, remove: b.systemId }), 200).json;
      assert.deepEqual(counted, { added: 1, removed: 1 });
      is(await update(w, name, { add: b.systemId, definition: "//other" }), 409);
      is(await update(w, name, { add: b.systemId }, w.user), 403);
      const nodegroup = w.elsewhere.split("/")[1] ?? "";
      assert.deepEqual(is(await update(w, name, { add: b.systemId, nodegroup }, w.stranger), 200).json, {
        added: 0,
        removed: 0,
      });
      assert.equal(is(await update(w, name, { add: b.systemId, nodegroup: w.uuid }, w.worker), 200).json.added, 1);
    },
  ],
  [
    "S3-286",
    "add: several, unknown ones; as JSON",
    "those that there are",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      const name = await addTag(w);
      assert.equal(is(await update(w, name, { add: [a.systemId, "nonsense"] }), 200).json.added, 1);
      const json = { add: [b.systemId] };
      is(await w.admin.ask("POST", `tags/${name}/?op=update_nodes`, { json }), 200);
      assert.deepEqual(await nodesOf(w, name), [a.systemId, b.systemId]);
    },
  ],
  [
    "S3-287",
    "remove: several, unknown ones",
    "those that there are",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      const name = await addTag(w);
      is(await update(w, name, { add: [a.systemId, b.systemId] }), 200);
      assert.equal(is(await update(w, name, { remove: [a.systemId, b.systemId, "nonsense"] }), 200).json.removed, 2);
      assert.deepEqual(await nodesOf(w, name), []);
    },
  ],
  [
    "S3-288",
    "definition of update_nodes: another than the tag's",
    "409 in words, and nothing changes",
    async (w) => {
      const { systemId } = await w.machine("ready");
      const name = await addTag(w);
      const answer = is(await update(w, name, { add: systemId, definition: "//x" }), 409);
      assert.match(answer.headers["content-type"] ?? "", /^text\/plain/);
      assert.deepEqual(await nodesOf(w, name), []);
    },
  ],
  [
    "S3-289",
    "nodegroup of update_nodes: by a worker without it, by another's worker, by an administrator",
    "403; 403; passed over",
    async (w) => {
      const { systemId } = await w.machine("ready");
      const name = await addTag(w);
      is(await update(w, name, { add: systemId }, w.worker), 403);
      is(await update(w, name, { add: systemId, nodegroup: w.uuid }, w.stranger), 403);
      assert.equal(is(await update(w, name, { add: systemId, nodegroup: "nonsense" }), 200).json.added, 1);
    },
  ],
  [
    "S3-290",
    "PUT of a tag: name and comment; a definition that is none; as a user",
    "200; 400 naming definition; 403",
    async (w) => {
      const name = await addTag(w);
      const next = w.word("tag");
      assert.equal(is(await w.admin.put(`tags/${name}/`, { name: next, comment: "c" }), 200).json.comment, "c");
      refuses(await w.admin.put(`tags/${next}/`, { definition: "[[" }), "definition");
      is(await w.user.put(`tags/${next}/`, { comment: "x" }), 403);
    },
  ],
  [
    "S3-291",
    "name of PUT",
    "found under it, and nodes keep it",
    async (w) => {
      const { systemId } = await w.machine("ready");
      const name = await addTag(w);
      is(await update(w, name, { add: systemId }), 200);
      const next = w.word("tag");
      is(await w.admin.put(`tags/${name}/`, { name: next }), 200);
      assert.deepEqual(await nodesOf(w, next), [systemId]);
      is(await w.user.get(`tags/${name}/`), 404);
    },
  ],
  [
    "S3-292",
    "comment of PUT",
    "free text",
    async (w) => {
      const changed = is(await w.admin.put(`tags/${await addTag(w)}/`, { comment: "any ü\ntext" }), 200).json;
      assert.equal(changed.comment, "any ü\ntext");
    },
  ],
  [
    "S3-293",
    "definition of PUT: XPath; nonsense",
    "nodes have the tag by it; 400",
    async (w) => {
      const product = w.word("P");
      const systemId = await withHardware(w, `<list><node id="y"><product>${product}</product></node></list>`);
      const name = await addTag(w);
      refuses(await w.admin.put(`tags/${name}/`, { definition: "//node[" }), "definition");
      is(await w.admin.put(`tags/${name}/`, { definition: `//node[product="${product}"]` }), 200);
      await hasSoon(w, name, systemId);
    },
  ],
  [
    "S3-294",
    "kernel_opts of PUT",
    "kept",
    async (w) => {
      const changed = is(await w.admin.put(`tags/${await addTag(w)}/`, { kernel_opts: "nomodeset" }), 200).json;
      assert.equal(changed.kernel_opts, "nomodeset");
    },
  ],
  [
    "S3-295",
    "a node with two tags that have kernel options, and the setting",
    "boots with all, and what the first tag by name says comes last and counts",
    async (w) => {
      const machine = await w.machine("ready");
      is(await w.admin.post("maas/?op=set_config", { name: "kernel_opts", value: "mode=setting" }), 200);
      for (const [name, kernel_opts] of [
        [w.word("01-tag"), "mode=first"],
        [w.word("99-tag"), "mode=last"],
      ] as const) {
        is(await w.admin.post("tags/?op=new", { name, kernel_opts }), 200);
        is(await update(w, name, { add: machine.systemId }), 200);
      }
      is(await w.admin.post(`nodes/${machine.systemId}/?op=commission`), 200);
      const { script } = await netboot(w.t, machine.mac);
      const modes = [...script.matchAll(/mode=(\w+)/g)].map((match) => match[1]);
      assert.deepEqual(modes, ["setting", "last", "first"]);
      is(await w.admin.post("maas/?op=set_config", { name: "kernel_opts", value: "" }), 200);
    },
  ],
  [
    "S3-296",
    "the list of tags",
    "200 and a list",
    async (w) => {
      const name = await addTag(w);
      const all = is(await w.user.get("tags/?op=list"), 200).json as { name: string }[];
      assert.ok(all.some((one) => one.name === name));
    },
  ],
  [
    "S3-297",
    "a new tag: with a definition, by a user, with a name that is none",
    "200; 403; 400",
    async (w) => {
      const name = w.word("fast");
      assert.equal(
        is(await w.admin.post("tags/?op=new", { name, definition: "//node" }), 200).json.definition,
        "//node",
      );
      is(await w.user.post("tags/?op=new", { name: w.word("t") }), 403);
      refuses(await w.admin.post("tags/?op=new", { name: "a b" }), "name");
    },
  ],
  [
    "S3-298",
    "name of a tag: letters, digits, dash, underscore; another's",
    "taken; 400",
    async (w) => {
      const name = w.word("A-b_9");
      is(await w.admin.post("tags/?op=new", { name }), 200);
      for (const bad of [name, "ü", "a.b", ""]) refuses(await w.admin.post("tags/?op=new", { name: bad }), "name");
    },
  ],
  [
    "S3-299",
    "comment of a new tag",
    "kept",
    async (w) =>
      assert.equal(is(await w.user.get(`tags/${await addTag(w, { comment: "why" })}/`), 200).json.comment, "why"),
  ],
  [
    "S3-300",
    "definition of a new tag: XPath; none",
    "nodes have it by that; it is put on by hand",
    async (w) => {
      const product = w.word("P");
      const systemId = await withHardware(w, `<list><node id="z"><product>${product}</product></node></list>`);
      await hasSoon(w, await addTag(w, { definition: `//node[product="${product}"]` }), systemId);
      const byHand = await addTag(w);
      is(await update(w, byHand, { add: systemId }), 200);
      is(await w.admin.post(`tags/${byHand}/?op=rebuild`), 200);
      assert.deepEqual(await nodesOf(w, byHand), [systemId]);
    },
  ],
  [
    "S3-301",
    "kernel_opts of a new tag: some; none",
    "kept; null",
    async (w) => {
      const of = async (name: string) => is(await w.user.get(`tags/${name}/`), 200).json.kernel_opts;
      assert.equal(await of(await addTag(w, { kernel_opts: "quiet" })), "quiet");
      assert.equal(await of(await addTag(w)), null);
    },
  ],
  [
    "S3-302",
    "the help of a new user",
    "warns that the password travels as it is",
    async (w) => {
      const { json } = is(await w.nobody.get("describe/"), 200);
      const users = (json.resources as { name: string; auth: { actions: { name: string; doc: string }[] } }[]).find(
        (one) => one.name === "UsersHandler",
      );
      assert.match(users?.auth.actions.find((one) => one.name === "create")?.doc ?? "", /password travels as it is/);
    },
  ],
  [
    "S3-303",
    "GET users/",
    "three fields each, by name",
    async (w) => {
      const all = is(await w.user.get("users/"), 200).json as { username: string }[];
      assert.deepEqual(keysOf(all[0] ?? {}), ["email", "is_superuser", "username"]);
      assert.deepEqual(
        all.map((one) => one.username),
        all.map((one) => one.username).toSorted(),
      );
    },
  ],
  [
    "S3-304",
    "POST users/: all; without one; by a user",
    "200; 400; 403",
    async (w) => {
      assert.equal(is(await newUser(w), 200).json.is_superuser, false);
      for (const name of ["username", "email", "password", "is_superuser"])
        refuses(await newUser(w, { [name]: undefined }), name);
      is(await w.user.post("users/", { username: "x", email: "a@b", password: "p", is_superuser: "0" }), 403);
    },
  ],
  [
    "S3-305",
    "username: none; another's",
    "400 each",
    async (w) => {
      refuses(await newUser(w, { username: "" }), "username");
      refuses(await newUser(w, { username: "admin" }), "username");
    },
  ],
  ["S3-306", "email: none", "400", async (w) => refuses(await newUser(w, { email: "" }), "email")],
  [
    "S3-307",
    "password: none; one",
    "400; never shown",
    async (w) => {
      refuses(await newUser(w, { password: "" }), "password");
      assert.doesNotMatch(is(await newUser(w, { password: "hidden-1" }), 200).text, /hidden-1/);
    },
  ],
  [
    "S3-308",
    "is_superuser: none; 1; what is neither",
    "400; an administrator; 400",
    async (w) => {
      refuses(await newUser(w, { is_superuser: undefined }), "is_superuser");
      assert.equal(is(await newUser(w, { is_superuser: "1" }), 200).json.is_superuser, true);
      refuses(await newUser(w, { is_superuser: "perhaps" }), "is_superuser");
    },
  ],
  [
    "S3-309",
    "the zone of any node",
    "is there",
    async (w) => {
      const { json } = is(await w.user.get(`nodes/${(await w.machine("ready")).systemId}/`), 200);
      assert.deepEqual(keysOf(json.zone), ["description", "name", "resource_uri"]);
    },
  ],
  [
    "S3-310",
    "a zone, read and changed by a user",
    "200; 403",
    async (w) => {
      const name = await addZone(w);
      is(await w.user.get(`zones/${name}/`), 200);
      is(await w.user.put(`zones/${name}/`, { description: "x" }), 403);
    },
  ],
  [
    "S3-311",
    "DELETE of a zone: with a node, again, the default one",
    "204 and the node is in default; 204; 400",
    async (w) => {
      const zone = await addZone(w);
      const { systemId } = await w.machine("ready");
      is(await w.admin.put(`nodes/${systemId}/`, { zone }), 200);
      for (let i = 0; i < 2; i++) is(await w.admin.del(`zones/${zone}/`), 204);
      assert.equal(is(await w.admin.get(`nodes/${systemId}/`), 200).json.zone.name, "default");
      is(await w.admin.del("zones/default/"), 400);
      is(await w.user.del("zones/default/"), 403);
    },
  ],
  [
    "S3-312",
    "GET of a zone",
    "three fields",
    async (w) => {
      const { json } = is(await w.user.get(`zones/${await addZone(w)}/`), 200);
      assert.deepEqual(keysOf(json), ["description", "name", "resource_uri"]);
      is(await w.user.get("zones/nonsense/"), 404);
    },
  ],
  [
    "S3-313",
    "PUT of a zone: description; another name for default; by a user",
    "200; 400; 403",
    async (w) => {
      const name = await addZone(w);
      assert.equal(is(await w.admin.put(`zones/${name}/`, { description: "x" }), 200).json.description, "x");
      is(await w.admin.put("zones/default/", { name: "other" }), 400);
      is(await w.user.put(`zones/${name}/`, { description: "y" }), 403);
      is(await w.admin.put("zones/nonsense/", { description: "y" }), 404);
    },
  ],
  [
    "S3-314",
    "name of PUT of a zone",
    "another; nodes stay in it",
    async (w) => {
      const zone = await addZone(w);
      const { systemId } = await w.machine("ready");
      is(await w.admin.put(`nodes/${systemId}/`, { zone }), 200);
      const name = w.word("zone");
      is(await w.admin.put(`zones/${zone}/`, { name }), 200);
      assert.equal(is(await w.admin.get(`nodes/${systemId}/`), 200).json.zone.name, name);
    },
  ],
  [
    "S3-315",
    "description of PUT of a zone",
    "free text",
    async (w) => {
      const changed = is(await w.admin.put(`zones/${await addZone(w)}/`, { description: "a\nb" }), 200).json;
      assert.equal(changed.description, "a\nb");
    },
  ],
  [
    "S3-316",
    "GET zones/",
    "by name, default among them",
    async (w) => {
      const names = (is(await w.user.get("zones/"), 200).json as { name: string }[]).map((one) => one.name);
      assert.ok(names.includes("default"));
      assert.deepEqual(names, names.toSorted());
    },
  ],
  [
    "S3-317",
    "POST zones/: by an administrator, by a user, a name that is none, another's",
    "200; 403; 400; 400",
    async (w) => {
      const name = await addZone(w, { description: "d" });
      is(await w.user.post("zones/", { name: w.word("z") }), 403);
      for (const bad of ["a b", name]) refuses(await w.admin.post("zones/", { name: bad }), "name");
    },
  ],
  [
    "S3-318",
    "name of a zone: letters, digits, dash, underscore; others",
    "taken; 400",
    async (w) => {
      is(await w.admin.post("zones/", { name: w.word("A-b_9") }), 200);
      for (const bad of ["ü", "a.b", ""]) refuses(await w.admin.post("zones/", { name: bad }), "name");
    },
  ],
  [
    "S3-319",
    "description of a new zone",
    "kept",
    async (w) => {
      const name = await addZone(w, { description: "where" });
      assert.equal(is(await w.user.get(`zones/${name}/`), 200).json.description, "where");
    },
  ],
];
