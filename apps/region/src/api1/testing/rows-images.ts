/** Rows S3-019 to S3-055: images of clusters, boot sources and selections. */
import assert from "node:assert/strict";
import { is, keysOf, refuses, refusesInText, type Row, type World } from "./world.ts";

const IMAGE = { osystem: "ubuntu", architecture: "amd64", release: "trusty", purpose: "install" };
const report = (w: World, images: unknown[]) =>
  w.worker.post(`${w.cluster}boot-images/?op=report_boot_images`, { images: JSON.stringify(images) });
const reported = async (w: World, where = w.cluster) =>
  (
    is(await w.user.get(`${where}boot-images/`), 200).json as {
      id: number;
      osystem: string;
      release: string;
      label: string;
    }[]
  ).filter((image) => image.osystem !== "debian");

const KEYRING = { keyring_filename: "/usr/share/keyrings/some.gpg" };
let sources = 0;
const url = () => `http://images.example.com/${(sources += 1)}/`;
const addSource = async (w: World) =>
  is(await w.admin.post(`${w.cluster}boot-sources/`, { url: url(), ...KEYRING }), 201).json as { id: number };
const LISTS = { arches: ["amd64", "i386"], subarches: "*", labels: "release" };
const selectionsOf = (w: World, id: number) => `${w.cluster}boot-sources/${id}/selections/`;
async function addSelection(w: World): Promise<{ path: string; id: number }> {
  const { id } = await addSource(w);
  const made = is(await w.admin.post(selectionsOf(w, id), { release: "trusty", ...LISTS }), 200).json;
  return { path: `${selectionsOf(w, id)}${made.id}/`, id: made.id };
}

/** A field of a selection by PUT. */
const changes = (field: string, value: string | string[]) => async (w: World) => {
  const { path } = await addSelection(w);
  assert.deepEqual(is(await w.admin.put(path, { [field]: value }), 200).json[field], value);
  assert.deepEqual(is(await w.admin.get(path), 200).json[field], value);
};

/** Without one list there is no selection; a star is all. */
const needed = (field: "arches" | "subarches" | "labels") => async (w: World) => {
  const { id } = await addSource(w);
  refuses(await w.admin.post(selectionsOf(w, id), { release: "trusty", ...LISTS, [field]: undefined }), field);
  const made = is(await w.admin.post(selectionsOf(w, id), { release: "trusty", ...LISTS, [field]: "*" }), 200).json;
  assert.deepEqual(made[field], ["*"]);
  const two = is(
    await w.admin.post(selectionsOf(w, id), { release: "utopic", ...LISTS, [field]: ["a", "b"] }),
    200,
  ).json;
  assert.deepEqual(two[field], ["a", "b"]);
};

/** Fields that belong to the boot source are passed over. */
const ignored = (field: string) => async (w: World) => {
  const { path } = await addSelection(w);
  const before = is(await w.admin.get(path), 200).text;
  is(await w.admin.put(path, { [field]: "http://x/" }), 200);
  assert.equal(is(await w.admin.get(path), 200).text, before);
};

export const imageRows: readonly Row[] = [
  [
    "S3-019",
    "POST, PUT and DELETE of one image",
    "405: images are only read",
    async (w) => {
      await report(w, [IMAGE]);
      const [image] = await reported(w);
      for (const method of ["POST", "PUT", "DELETE"])
        is(await w.admin.ask(method, `${w.cluster}boot-images/${image?.id}/`), 405);
    },
  ],
  [
    "S3-020",
    "GET of an image of the list, and of the same by another cluster",
    "the same object; 404",
    async (w) => {
      is(await report(w, [IMAGE]), 200);
      const [image] = await reported(w);
      assert.deepEqual(is(await w.user.get(`${w.cluster}boot-images/${image?.id}/`), 200).json, image);
      is(await w.user.get(`${w.elsewhere}boot-images/${image?.id}/`), 404);
    },
  ],
  [
    "S3-021",
    "an image that is reported without a label",
    "its label is release",
    async (w) => {
      is(await report(w, [IMAGE]), 200);
      assert.deepEqual(
        (await reported(w)).map((image) => image.label),
        ["release"],
      );
    },
  ],
  [
    "S3-022",
    "GET boot-images/ after two were reported",
    "the two, with eight fields each",
    async (w) => {
      is(await report(w, [IMAGE, { ...IMAGE, release: "saucy" }]), 200);
      const all = await reported(w);
      assert.deepEqual(
        all.map((image) => image.release),
        ["trusty", "saucy"],
      );
      assert.deepEqual(keysOf(all[0] ?? {}), [
        "architecture",
        "id",
        "label",
        "osystem",
        "purpose",
        "release",
        "resource_uri",
        "subarchitecture",
      ]);
    },
  ],
  [
    "S3-023",
    "GET boot-images/ of a cluster that is not there",
    "404",
    async (w) => void is(await w.user.get("nodegroups/5e3d1a90-0f7b-4b0e-9a0e-8f1f6a7c1d22/boot-images/"), 404),
  ],
  [
    "S3-024",
    "report_boot_images by the worker, an administrator, and without images",
    "just those are listed, ids of the same stay; 403; 400",
    async (w) => {
      is(await report(w, [IMAGE, { ...IMAGE, release: "saucy" }]), 200);
      const before = await reported(w);
      assert.equal(is(await report(w, [{ ...IMAGE, release: "saucy" }]), 200).text, "OK");
      assert.deepEqual(await reported(w), before.slice(1));
      const path = `${w.cluster}boot-images/?op=report_boot_images`;
      is(await w.admin.post(path, { images: "[]" }), 403);
      refusesInText(await w.worker.post(path));
    },
  ],
  [
    "S3-025",
    "report_boot_images for a cluster that is not there, and by another's worker",
    "404; 403",
    async (w) => {
      const op = "?op=report_boot_images";
      is(await w.worker.post(`nodegroups/none/boot-images/${op}`, { images: "[]" }), 404);
      is(await w.stranger.post(`${w.cluster}boot-images/${op}`, { images: "[]" }), 403);
    },
  ],
  [
    "S3-026",
    "images without one of osystem, architecture, release, purpose; with fields of nobody's",
    "400 each; passed over",
    async (w) => {
      for (const name of Object.keys(IMAGE)) refusesInText(await report(w, [{ ...IMAGE, [name]: undefined }]));
      is(await report(w, [{ ...IMAGE, more: { a: 1 } }]), 200);
      assert.equal((await reported(w))[0]?.label, "release");
    },
  ],
  [
    "S3-027",
    "PUT of keyring_data to a boot source",
    "taken instead of the keyring's path",
    async (w) => {
      const { id } = await addSource(w);
      const path = `${w.cluster}boot-sources/${id}/`;
      const keyring_data = { filename: "k", content: Buffer.from([1, 2, 0]) };
      is(await w.admin.upload("PUT", path, { keyring_data, keyring_filename: "" }), 200);
      assert.equal(is(await w.admin.get(path), 200).json.keyring_data, "AQIA");
    },
  ],
  [
    "S3-028",
    "DELETE of a boot source by an administrator, and by a user",
    "204, then 404; 403",
    async (w) => {
      const { id } = await addSource(w);
      is(await w.user.del(`${w.cluster}boot-sources/${id}/`), 403);
      is(await w.admin.del(`${w.cluster}boot-sources/${id}/`), 204);
      is(await w.admin.get(`${w.cluster}boot-sources/${id}/`), 404);
    },
  ],
  [
    "S3-029",
    "GET of a boot source",
    "five fields; 403 for users and for nobody",
    async (w) => {
      const path = `${w.cluster}boot-sources/${(await addSource(w)).id}/`;
      assert.deepEqual(keysOf(is(await w.admin.get(path), 200).json), [
        "id",
        "keyring_data",
        "keyring_filename",
        "resource_uri",
        "url",
      ]);
      is(await w.user.get(path), 403);
      is(await w.nobody.get(path), 403);
    },
  ],
  [
    "S3-030",
    "PUT of a boot source: another address; both kinds of keyring",
    "200 and it is shown; 400",
    async (w) => {
      const path = `${w.cluster}boot-sources/${(await addSource(w)).id}/`;
      const other = url();
      assert.equal(is(await w.admin.put(path, { url: other }), 200).json.url, other);
      const keyring_data = { filename: "k", content: "bytes" };
      is(await w.admin.upload("PUT", path, { keyring_data, ...KEYRING }), 400);
    },
  ],
  [
    "S3-031",
    "PUT of a boot source: what is no address",
    "400 naming url",
    async (w) =>
      refuses(await w.admin.put(`${w.cluster}boot-sources/${(await addSource(w)).id}/`, { url: "nonsense" }), "url"),
  ],
  [
    "S3-032",
    "PUT of a boot source: keyring_filename",
    "the path is kept",
    async (w) => {
      const path = `${w.cluster}boot-sources/${(await addSource(w)).id}/`;
      const changed = is(await w.admin.put(path, { keyring_filename: "/other.gpg" }), 200).json;
      assert.equal(changed.keyring_filename, "/other.gpg");
    },
  ],
  [
    "S3-033",
    "PUT of a boot source: keyring_data as base64 text",
    "the same bytes come back",
    async (w) => {
      const path = `${w.cluster}boot-sources/${(await addSource(w)).id}/`;
      const changed = is(await w.admin.put(path, { keyring_data: "AQID", keyring_filename: "" }), 200).json;
      assert.equal(changed.keyring_data, "AQID");
    },
  ],
  ["S3-034", "PUT of a selection: release", "taken", changes("release", "utopic")],
  [
    "S3-035",
    "DELETE of a selection",
    "204, then 404",
    async (w) => {
      const { path } = await addSelection(w);
      is(await w.admin.del(path), 204);
      is(await w.admin.get(path), 404);
    },
  ],
  [
    "S3-036",
    "GET of a selection",
    "its fields",
    async (w) => {
      const { path } = await addSelection(w);
      const { json } = is(await w.admin.get(path), 200);
      for (const key of ["id", "release", "arches", "subarches", "labels", "resource_uri"]) assert.ok(key in json, key);
    },
  ],
  [
    "S3-037",
    "PUT of a selection: another release, and an address",
    "200 and changed; 200 and nothing changes",
    async (w) => {
      await changes("release", "vivid")(w);
      await ignored("url")(w);
    },
  ],
  ["S3-038", "PUT of a selection: url", "passed over", ignored("url")],
  ["S3-039", "PUT of a selection: keyring_filename", "passed over", ignored("keyring_filename")],
  ["S3-040", "PUT of a selection: release", "the series is another", changes("release", "wily")],
  ["S3-041", "PUT of a selection: arches, twice", "both", changes("arches", ["arm64", "armhf"])],
  ["S3-042", "PUT of a selection: subarches, twice", "both", changes("subarches", ["generic", "hwe-t"])],
  ["S3-043", "PUT of a selection: labels, twice", "both", changes("labels", ["daily", "beta1"])],
  [
    "S3-044",
    "GET of the selections of a source",
    "200 and a list",
    async (w) => {
      const { id } = await addSource(w);
      assert.deepEqual(is(await w.admin.get(selectionsOf(w, id)), 200).json, []);
    },
  ],
  [
    "S3-045",
    "POST of a selection with two architectures",
    "200 with the lists as they were given",
    async (w) => {
      const { id } = await addSource(w);
      const made = is(await w.admin.post(selectionsOf(w, id), { release: "trusty", ...LISTS }), 200).json;
      assert.deepEqual([made.arches, made.subarches, made.labels], [["amd64", "i386"], ["*"], ["release"]]);
    },
  ],
  [
    "S3-046",
    "POST of a selection: no release, and what is no release's name",
    "the default one; 400",
    async (w) => {
      const { id } = await addSource(w);
      const made = is(await w.admin.post(selectionsOf(w, id), { release: "", ...LISTS }), 200).json;
      assert.equal(made.release, "bookworm");
      refuses(await w.admin.post(selectionsOf(w, id), { release: "no such", ...LISTS }), "release");
    },
  ],
  ["S3-047", "POST of a selection: arches", "needed; several; * for all", needed("arches")],
  ["S3-048", "POST of a selection: subarches", "needed; several; * for all", needed("subarches")],
  ["S3-049", "POST of a selection: labels", "needed; several; * for all", needed("labels")],
  [
    "S3-050",
    "GET of boot sources: of a cluster, of one that is not there, as a user",
    "200 and a list; 404; 403",
    async (w) => {
      assert.ok(Array.isArray(is(await w.admin.get(`${w.cluster}boot-sources/`), 200).json));
      is(await w.admin.get("nodegroups/none/boot-sources/"), 404);
      is(await w.user.get(`${w.cluster}boot-sources/`), 403);
    },
  ],
  [
    "S3-051",
    "GET of boot sources of a cluster that is not there",
    "404",
    async (w) => void is(await w.admin.get("nodegroups/none/boot-sources/"), 404),
  ],
  [
    "S3-052",
    "POST of a boot source: with a keyring's path; with an address alone",
    "201 and its id; 400",
    async (w) => {
      assert.equal(typeof (await addSource(w)).id, "number");
      is(await w.admin.post(`${w.cluster}boot-sources/`, { url: url() }), 400);
    },
  ],
  [
    "S3-053",
    "POST of a boot source: no address; what is none",
    "400 naming url",
    async (w) => {
      refuses(await w.admin.post(`${w.cluster}boot-sources/`, KEYRING), "url");
      refuses(await w.admin.post(`${w.cluster}boot-sources/`, { url: "nonsense", ...KEYRING }), "url");
    },
  ],
  [
    "S3-054",
    "POST of a boot source: both kinds of keyring",
    "400: exactly one",
    async (w) => {
      const keyring_data = { filename: "k", content: "bytes" };
      is(await w.admin.upload("POST", `${w.cluster}boot-sources/`, { url: url(), keyring_data, ...KEYRING }), 400);
    },
  ],
  [
    "S3-055",
    "POST of a boot source: a keyring as a file",
    "its bytes come back in base64",
    async (w) => {
      const keyring_data = { filename: "k", content: Buffer.from([0, 255]) };
      const parts = { url: url(), keyring_data };
      assert.equal(is(await w.admin.upload("POST", `${w.cluster}boot-sources/`, parts), 201).json.keyring_data, "AP8=");
    },
  ],
];
