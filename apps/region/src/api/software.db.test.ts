/** Package repositories, license keys, boot sources and their selections. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

type Row = Record<string, unknown> & { id: number; resource_uri: string };

const send = (method: string, path: string, form: Record<string, string | string[]> = {}) =>
  t.request(t.admin, method, path, { form });
const refused = async (method: string, path: string, form: Record<string, string | string[]>) => {
  const reply = await send(method, path, form);
  assert.equal(reply.status, 400, reply.text);
  return Object.keys(reply.json as object).join();
};
const read = async (path: string) => (await t.request(t.admin, "GET", path)).json as Row;

const KEY = "AAAAA-BBBBB-CCCCC-DDDDD-EEEE5";
const repository = { name: "mine", url: "https://packages.example.com/debian", components: "main,contrib" };

test("a package repository is made, changed, deleted; the default archives stay", async () => {
  const made = await send("POST", "/package-repositories/", { ...repository, arches: ["amd64", "arm64"] });
  assert.equal(made.status, 200, made.text);
  const row = made.json as Row;
  assert.deepEqual([row.components, row.arches, row.enabled], [["main", "contrib"], ["amd64", "arm64"], true]);
  const path = `/package-repositories/${row.id}/`;
  const changed = await send("PUT", path, { enabled: "false", arches: "" });
  assert.deepEqual(changed.json, { ...row, enabled: false, arches: ["amd64", "i386"] });
  assert.deepEqual((await t.request(t.user, "GET", path)).json, changed.json);
  const all = (await t.request(t.user, "GET", "/package-repositories/")).json as Row[];
  assert.deepEqual(
    all.map((r) => r.name),
    ["main_archive", "ports_archive", "mine"],
  );
  const main = `/package-repositories/${all[0]?.id}/`;
  assert.equal((await send("DELETE", main)).status, 400);
  assert.equal(await refused("PUT", main, { components: "main" }), "components");
  assert.equal((await send("PUT", main, { disabled_pockets: "backports" })).status, 200);
  assert.equal((await send("DELETE", path)).status, 204);
  assert.equal((await send("DELETE", path)).status, 404);
  assert.equal((await t.request(t.user, "GET", path)).status, 404);
});

test("fields of a package repository that make no sense are named", async () => {
  const at = "/package-repositories/";
  assert.equal(await refused("POST", at, {}), "name,url");
  assert.equal(await refused("POST", at, { ...repository, url: "file:///etc/passwd" }), "url");
  assert.equal(await refused("POST", at, { ...repository, arches: "vax" }), "arches");
  assert.equal(await refused("POST", at, { ...repository, disabled_pockets: "trousers" }), "disabled_pockets");
  assert.equal(await refused("POST", at, { ...repository, disabled_components: "universe" }), "disabled_components");
  assert.equal(await refused("POST", at, { ...repository, name: "main_archive" }), "name");
});

test("a license key is kept encrypted, changed, and deleted, twice too", async () => {
  const form = { osystem: "windows", distro_series: "win2022", license_key: KEY };
  const made = await send("POST", "/license-keys/", form);
  assert.equal(made.status, 200, made.text);
  const path = "/license-key/windows/win2022";
  assert.deepEqual(made.json, { ...form, resource_uri: `/MAAS/api/2.0${path}` });
  assert.deepEqual((await t.request(t.admin, "GET", "/license-keys/")).json, [made.json]);
  const { rows } = await t.db.pool.query<{ at: string }>("select license_key::text as at from license_key");
  assert.ok(!Buffer.from(rows[0]?.at.slice(2) ?? "", "hex").includes(KEY));
  const events = await t.db.pool.query<{ description: string }>("select description from event");
  assert.ok(!events.rows.some((e) => e.description.includes(KEY)));

  assert.equal(await refused("POST", "/license-keys/", form), "distro_series");
  const wrong = await send("PUT", path, { license_key: "AAAAA-secret" });
  assert.equal(wrong.status, 400);
  assert.ok(!wrong.text.includes("secret"));
  assert.equal((await read(path)).license_key, KEY);
  const other = KEY.replace("A", "Z");
  assert.equal((await send("PUT", path, { license_key: other })).status, 200);
  assert.equal((await read(`${path}/`)).license_key, other);
  assert.equal((await send("DELETE", path)).status, 204);
  assert.equal((await send("GET", path)).status, 404);
  assert.equal((await send("PUT", path, { license_key: KEY })).status, 404);
  assert.equal((await send("DELETE", path)).status, 204);
  assert.equal(await refused("POST", "/license-keys/", { ...form, osystem: "debian" }), "osystem");
});

test("a boot source has one keyring, or none and is not verified", async () => {
  const url = "http://images.example.com/streams/";
  const at = "/boot-sources/";
  const unsigned = await send("POST", at, { url: "file:///srv/mirror" });
  assert.equal(unsigned.status, 201, unsigned.text);
  assert.equal((await send("DELETE", `${at}${(unsigned.json as Row).id}/`)).status, 204);
  for (const bad of ["file://host/srv", "file:relative?x", "file:///a%2Fb", "ftp://a.example/"])
    assert.equal(await refused("POST", at, { url: bad }), "url", bad);
  assert.equal(await refused("POST", at, { url, keyring_filename: "/k", keyring_data: "x" }), "__all__");
  assert.equal(await refused("POST", at, { url: "nonsense", keyring_filename: "/k" }), "url");
  assert.equal(await refused("POST", at, { url: "http://u:p@a.example/", keyring_filename: "/k" }), "url");
  const made = await send("POST", at, { url, keyring_filename: "/usr/share/keyrings/a.gpg" });
  assert.equal(made.status, 201, made.text);
  for (const date of ["created", "updated"] as const)
    assert.match(
      String((made.json as Row)[date]),
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/,
      "as python-libmaas reads it",
    );
  const path = `${at}${(made.json as Row).id}/`;
  const bytes = Buffer.from([1, 0, 255]);
  const changed = await t.request(t.admin, "PUT", path, {
    multipart: { keyring_data: { filename: "k", content: bytes } },
  });
  assert.equal(changed.status, 200, changed.text);
  const source = await read(path);
  assert.deepEqual([source.keyring_filename, source.keyring_data], ["", bytes.toString("base64")]);
  assert.equal(await refused("POST", at, { url, keyring_filename: "/k" }), "url");
  assert.equal(await refused("PUT", path, { url: "nonsense" }), "url");
  assert.equal(await refused("PUT", path, { keyring_filename: "/k", keyring_data: "x" }), "__all__");
  assert.deepEqual(await read(path), source);
  assert.equal((await send("DELETE", path)).status, 204);
  assert.equal((await send("DELETE", path)).status, 404);
  assert.equal((await send("GET", path)).status, 404);
});

test("selections are rows of their source; the release that commissions stays", async () => {
  const form = { url: "http://two.example.com/", keyring_filename: "/k" };
  const source = (await send("POST", "/boot-sources/", form)).json as Row;
  const at = `/boot-sources/${source.id}/selections/`;
  const made = await send("POST", at, { os: "ubuntu", release: "jammy", arches: ["amd64", "arm64"], labels: "" });
  assert.equal(made.status, 200, made.text);
  const one = made.json as Row;
  assert.deepEqual([one.boot_source_id, one.arches, one.subarches], [source.id, ["amd64", "arm64"], ["*"]]);
  assert.equal(await refused("POST", at, { release: "jammy" }), "release");
  assert.equal(await refused("POST", at, {}), "release");
  const path = `${at}${one.id}/`;
  const changed = await send("PUT", path, { release: "focal", url: "ignored" });
  assert.deepEqual(changed.json, { ...one, release: "focal" });
  assert.deepEqual(await read(at), [changed.json]);
  assert.equal((await send("GET", `/boot-sources/${source.id + 1}/selections/${one.id}/`)).status, 404);
  const noble = (await send("POST", at, { release: "noble" })).json as Row;
  assert.equal(await refused("PUT", path, { release: "noble" }), "release");
  assert.deepEqual(await read(path), changed.json);
  await t.request(t.admin, "POST", "/maas/", {
    query: { op: "set_config" },
    form: { name: "commissioning_distro_series", value: "noble" },
  });
  const kept = await send("DELETE", `${at}${noble.id}/`);
  assert.equal(kept.status, 400);
  assert.match(kept.text, /commissioned with ubuntu\/noble/);
  assert.equal((await send("DELETE", path)).status, 204);
  assert.equal((await send("GET", path)).status, 404);
  await send("DELETE", `/boot-sources/${source.id}/`);
  assert.equal((await send("GET", at)).status, 404);
});

test("these are an administrator's; reading repositories is anybody's with credentials", async () => {
  const doors = ["/boot-sources/", "/boot-sources/1/", "/boot-sources/1/selections/", "/boot-sources/1/selections/1/"];
  doors.push("/license-keys/", "/license-key/windows/win2022", "/package-repositories/", "/package-repositories/1/");
  for (const path of doors) {
    const reading = path.startsWith("/package") ? 200 : 403;
    assert.equal((await t.request(t.user, "GET", path)).status, reading, path);
    assert.equal((await t.request(null, "GET", path)).status, 401, path);
    const item = /\d\/$|win2022$/.test(path);
    for (const method of item ? ["PUT", "DELETE"] : ["POST"]) {
      assert.equal((await t.request(t.user, method, path, { form: {} })).status, 403, `${method} ${path}`);
      assert.equal((await t.request(null, method, path, { form: {} })).status, 401, `${method} ${path}`);
    }
  }
});
