/** Rows S3-001 to S3-018: the API as such, and API keys. */
import assert from "node:assert/strict";
import { machineRow } from "../../testing/machines.ts";
import { is, keysOf, refusesInText, type Row } from "./world.ts";

export const generalRows: readonly Row[] = [
  [
    "S3-001",
    "every kind of method with a signed header",
    "each is answered as HTTP has it",
    async (w) => {
      const name = w.word("z");
      is(await w.admin.post("zones/", { name }), 200);
      is(await w.admin.get(`zones/${name}/`), 200);
      is(await w.admin.put(`zones/${name}/`, { description: "d" }), 200);
      is(await w.admin.del(`zones/${name}/`), 204);
    },
  ],
  [
    "S3-002",
    "the same server under /api/1.0/ and /api/2.0/",
    "both answer, each with its own description",
    async (w) => {
      is(await w.user.get("zones/"), 200);
      is(await w.admin2("GET", "zones/"), 200);
      const { json } = is(await w.nobody.get("describe/"), 200);
      const handlers = json.handlers as { path: string }[];
      assert.ok(handlers.every((handler) => handler.path.startsWith("/MAAS/api/1.0/")));
    },
  ],
  [
    "S3-003",
    "1.0 although there is a 2.0",
    "it works",
    async (w) => {
      assert.equal(is(await w.nobody.get("version/"), 200).json.capabilities[0], "networks-management");
    },
  ],
  [
    "S3-004",
    "every GET that needs nothing but a signature",
    "what there is stays the same",
    async (w) => {
      const before = is(await w.admin.get("nodes/?op=list"), 200).text;
      for (const path of ["nodes/?op=list", "zones/", "tags/?op=list", "networks/", "nodegroups/?op=list", "users/"])
        is(await w.admin.get(path), 200);
      assert.equal(is(await w.admin.get("nodes/?op=list"), 200).text, before);
    },
  ],
  [
    "S3-005",
    "GET of operations that change something",
    "400",
    async (w) => {
      for (const path of ["nodes/?op=acquire", "nodes/?op=accept_all", "account/?op=create_authorisation_token"])
        is(await w.admin.get(path), 400);
    },
  ],
  [
    "S3-006",
    "PUT of one field",
    "the others stay",
    async (w) => {
      const name = w.word("z");
      is(await w.admin.post("zones/", { name, description: "kept" }), 200);
      const renamed = is(await w.admin.put(`zones/${name}/`, { name: `${name}x` }), 200).json;
      assert.equal(renamed.description, "kept");
    },
  ],
  [
    "S3-007",
    "DELETE",
    "204 without a body",
    async (w) => {
      const name = w.word("z");
      is(await w.admin.post("zones/", { name }), 200);
      assert.equal(is(await w.admin.del(`zones/${name}/`), 204).text, "");
    },
  ],
  [
    "S3-008",
    "DELETE with a body",
    "the body is passed over",
    async (w) => {
      const name = w.word("z");
      is(await w.admin.post("zones/", { name }), 200);
      is(await w.admin.ask("DELETE", `zones/${name}/`, { form: { name: "default" } }), 204);
    },
  ],
  [
    "S3-009",
    "GET with parameters in the address, one of them twice",
    "both values count",
    async (w) => {
      const [a, b] = [await w.machine("ready"), await w.machine("ready")];
      const { json } = is(await w.admin.get("nodes/", { op: "list", id: [a.systemId, b.systemId] }), 200);
      assert.equal(json.length, 2);
    },
  ],
  [
    "S3-010",
    "multipart, plain and with base64 as transfer encoding",
    "both are read",
    async (w) => {
      const [plain, encoded] = [w.word("z"), w.word("z")];
      is(await w.admin.upload("POST", "zones/", { name: plain }), 200);
      const body = [
        "--b",
        'Content-Disposition: form-data; name="name"',
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        Buffer.from(encoded).toString("base64"),
        "--b--",
        "",
      ].join("\r\n");
      const headers = { "content-type": 'multipart/form-data; boundary="b"' };
      assert.equal(is(await w.admin.ask("POST", "zones/", { body, headers }), 200).json.name, encoded);
    },
  ],
  [
    "S3-011",
    "user_data of start, in base64, with NUL bytes",
    "byte for byte what the machine is to get",
    async (w) => {
      const machine = await w.deployable();
      is(await w.user.post("nodes/?op=acquire", { name: machine.hostname }), 200);
      const bytes = Buffer.from([0, 1, 255, 0, 10]);
      is(await w.user.post(`nodes/${machine.systemId}/?op=start`, { user_data: bytes.toString("base64") }), 200);
      const row = await machineRow(w.t, machine.systemId);
      assert.deepEqual(row.user_data, bytes);
    },
  ],
  [
    "S3-012",
    "nodes/ without an operation, and with one that is not there",
    "400",
    async (w) => {
      is(await w.user.get("nodes/", { op: "nonsense" }), 400);
      is(await w.user.get("nodes/"), 400);
    },
  ],
  [
    "S3-013",
    "GET nodes/?op=list",
    "200 and a list",
    async (w) => {
      assert.ok(Array.isArray(is(await w.user.get("nodes/?op=list"), 200).json));
    },
  ],
  [
    "S3-014",
    "deleting another user's key",
    "404: only the caller's own are touched",
    async (w) => {
      const made = is(await w.other.post("account/?op=create_authorisation_token"), 200).json;
      is(await w.user.post("account/?op=delete_authorisation_token", { token_key: made.token_key }), 404);
    },
  ],
  [
    "S3-015",
    "a new API key",
    "three parts, and no more",
    async (w) => {
      const made = is(await w.user.post("account/?op=create_authorisation_token"), 200).json;
      assert.deepEqual(keysOf(made), ["consumer_key", "token_key", "token_secret"]);
    },
  ],
  [
    "S3-016",
    "POST account/ create_authorisation_token",
    "the new key signs at once",
    async (w) => {
      const made = is(await w.user.post("account/?op=create_authorisation_token"), 200).json;
      const token = {
        consumerKey: made.consumer_key,
        tokenKey: made.token_key,
        tokenSecret: made.token_secret,
        name: "",
      };
      is(await w.as(token).get("users/"), 200);
    },
  ],
  [
    "S3-017",
    "POST account/ delete_authorisation_token, twice",
    "204 and the key is refused with 401; then 404",
    async (w) => {
      const made = is(await w.user.post("account/?op=create_authorisation_token"), 200).json;
      const token = {
        consumerKey: made.consumer_key,
        tokenKey: made.token_key,
        tokenSecret: made.token_secret,
        name: "",
      };
      const fields = { token_key: made.token_key };
      is(await w.user.post("account/?op=delete_authorisation_token", fields), 204);
      assert.match(is(await w.as(token).get("users/"), 401).text, /Authorization Error: Invalid API key/);
      is(await w.user.post("account/?op=delete_authorisation_token", fields), 404);
    },
  ],
  [
    "S3-018",
    "delete_authorisation_token without token_key, and with one of nobody's",
    "400 in words; 404",
    async (w) => {
      refusesInText(await w.user.post("account/?op=delete_authorisation_token"));
      is(await w.user.post("account/?op=delete_authorisation_token", { token_key: "nonsense" }), 404);
    },
  ],
];
