/**
 * What is not there: every action that is said to answer 404 is asked for a thing that never was, inside of something that is not there,
 * and for a thing inside of something else than what it is in. All else of the request is right.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Action, pathParams } from "@rackwright/contract/action";
import { caller } from "../testing/api-calls.ts";
import { knownActions } from "../testing/facts.ts";
import { changed, stateOf, tablesOf } from "../testing/fuzz/state.ts";
import { type AddedMachine, addImage, addMachine } from "../testing/machines.ts";
import { partsOf, type PathValues, siteOf } from "../testing/one-of-each.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";

let t: TestRegion;
let machine: AddedMachine;
let paths: PathValues;
/** Where nothing is that another place has: values for the first parameter of a path. */
let elsewhere: Record<string, string | number>;
before(async () => {
  t = await testRegion();
  await addImage(t);
  machine = await addMachine(t, "ready");
  paths = { ...(await partsOf(t, machine)), ...(await siteOf(t)) };
  const admin = caller(t, t.admin);
  const source = await admin.post("/boot-sources/", { url: "http://192.0.2.2/", keyring_filename: "/k.gpg" });
  const empty = await addMachine(t, "ready");
  elsewhere = {
    system_id: empty.systemId,
    fabric_id: (await admin.made("/fabrics/")).id,
    boot_source_id: source.json.id,
    osystem: "esxi",
  };
});
after(() => t?.close());

/** What is gone already is no error there; 404 is about another user, or in the documentation alone. */
const GONE_IS_FINE = ["LicenseKey.delete", "User.delete"];
const keyOf = (action: Action) => `${action.resource.name}.${action.name}`;
const actions = [
  ...new Set(
    knownActions()
      .filter(({ errors }) => errors.includes(404))
      .map(({ action }) => action)
      .filter((action) => pathParams(action.resource.path).length > 0 && !GONE_IS_FINE.includes(keyOf(action))),
  ),
];
const isNumber = (name: string) => /id$|^vid$/.test(name) && name !== "system_id" && name !== "discovery_id";
const missing = (name: string) => (name === "vid" ? "4000" : isNumber(name) ? "987654" : "nothere");

/** Of parameters that an action cannot do without. */
const sample: Record<string, string> = {
  fstype: "ext4",
  mount_point: "/x",
  mac_address: "52:54:03:00:00:01",
  tag: "a-tag",
  mode: "LINK_UP",
  size: "5000000000",
  block_size: "512",
  vid: "7",
};

function visit(action: Action, values: Record<string, string | number>) {
  const path = action.resource.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  const needed = Object.entries(action.params).filter(([name, param]) => param.required || name === "mode");
  const fields = Object.fromEntries(needed.map(([name]) => [name, sample[name] ?? "1"]));
  const op = action.op === null ? {} : { op: action.op };
  const inQuery = action.method === "GET" || action.method === "DELETE";
  // What is a user's own is nobody else's, administrators' neither.
  const who = ["File", "SSHKey", "SSLKey"].includes(action.resource.name) ? t.user : t.admin;
  return t.request(who, action.method, path, {
    query: inQuery ? { ...fields, ...op } : op,
    ...(inQuery ? {} : { form: fields }),
  });
}

const there = (action: Action): Record<string, string | number> => {
  const all: Record<string, string | number> = { system_id: machine.systemId, ...paths[action.resource.name] };
  return Object.fromEntries(pathParams(action.resource.path).map((name) => [name, all[name] ?? "none"]));
};

test("what is not there is 404 in words, and nothing changes", async () => {
  const tables = await tablesOf(t.db);
  const state = await stateOf(t.db, tables);
  const wrong: string[] = [];
  for (const action of actions) {
    const real = there(action);
    const [first = "", ...others] = Object.keys(real);
    const asked = [first, ...others].map((name) => ({ ...real, [name]: missing(name) }));
    if (others.length > 0 && first in elsewhere) asked.push({ ...real, [first]: elsewhere[first] ?? "" });
    for (const values of asked) {
      const { status, text } = await visit(action, values);
      const says = /^(No \w+ matches the given query\.|There is no |You have no |[\w -]+ has no )/.test(text);
      if (status !== 404 || !says) wrong.push(`${keyOf(action)} ${JSON.stringify(values)}: ${status} ${text}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(changed(state, await stateOf(t.db, tables)), []);
});

// Otherwise what is answered above might be about anything.
test("the same requests find what is there", async () => {
  // A discovery, and a volume in a group: found by tests of their own.
  const apart = ["Discovery.read", "VolumeGroup.delete_logical_volume"];
  const others = actions.filter((action) => action.method !== "DELETE" && !apart.includes(keyOf(action)));
  const depth = ({ resource }: Action) => pathParams(resource.path).length;
  const turn = (action: Action) => (action.method === "GET" ? 0 : 10 - depth(action));
  const wrong: string[] = [];
  for (const action of others.toSorted((a, b) => turn(a) - turn(b))) {
    const { status, text } = await visit(action, there(action));
    if (status === 404 || status === 500) wrong.push(`${keyOf(action)}: ${status} ${text.slice(0, 120)}`);
  }
  assert.deepEqual(wrong, []);
});
