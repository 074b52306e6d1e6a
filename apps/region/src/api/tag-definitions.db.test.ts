/** Tags whose machines are found by XPath. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { transaction } from "@rackwright/db/connect";
import { until } from "@rackwright/testkit/until";
import { startTagEvaluation } from "../app/tag-evaluation.ts";
import { runHook } from "../hooks/index.ts";
import { addDetails, lshwXml } from "../testing/lshw.ts";
import { addImage, addMachine, netboot } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
let t: TestRegion;
before(async () => {
  t = await testRegion();
  await startTagEvaluation(t.region);
});
after(() => t?.close());

const create = (form: Record<string, string>) => t.request(t.admin, "POST", "/tags/", { form });
const update = (name: string, form: Record<string, string>) => t.request(t.admin, "PUT", `/tags/${name}/`, { form });
const read = async (name: string, op: string): Promise<Json> =>
  (await t.request(t.user, "GET", `/tags/${name}/`, { query: { op } })).json;
const having = async (name: string) => (await read(name, "machines")).map((m: Json) => m.hostname).sort();

function found(name: string): Promise<Json> {
  return until(
    async () => {
      const evaluation = await read(name, "evaluation");
      return evaluation.state === "done" || evaluation.state === "failed" ? evaluation : undefined;
    },
    { what: `${name} to be evaluated` },
  );
}

async function machine(options: { gpu?: string; lldp?: string; lshw?: string } = {}) {
  const added = await addMachine(t, "ready");
  await addDetails(t, added.id, { lshw: options.lshw ?? lshwXml(options), lldp: options.lldp ?? null });
  return added;
}

test("a definition finds its machines, by lshw and by lldp; a change of it finds others", async () => {
  const plain = await machine();
  const gpu = await machine({ gpu: "GA100 [A100 PCIe 40GB]" });
  const leaf = await machine({
    lldp: '<lldp><interface name="eno1"><chassis><name>leaf-7</name></chassis></interface></lldp>',
  });
  const unknown = await addMachine(t, "new");
  const made = await create({ name: "gpu", definition: '  //node[@id="display"]/product[contains(., "A100")] ' });
  assert.equal(made.status, 200, made.text);
  assert.equal((made.json as Json).definition, '//node[@id="display"]/product[contains(., "A100")]');
  const first = await found("gpu");
  assert.deepEqual(
    [first.tag, first.state, first.matched, first.unreadable, first.error, first.done === first.total],
    ["gpu", "done", 1, 0, null, true],
  );
  assert.deepEqual(await having("gpu"), [gpu.hostname]);
  const shown = (await t.request(t.user, "GET", `/machines/${gpu.systemId}/`)).json as Json;
  assert.deepEqual(shown.tag_names, ["gpu"]);
  const listed = (await t.request(t.user, "GET", "/machines/", { query: { tags: "gpu" } })).json as Json[];
  assert.deepEqual(
    listed.map((m) => m.system_id),
    [gpu.systemId],
  );

  assert.equal((await update("gpu", { definition: '//lldp:chassis/lldp:name[text()="leaf-7"]' })).status, 200);
  await found("gpu");
  assert.deepEqual(await having("gpu"), [leaf.hostname]);

  await update("gpu", { definition: "not(//node[@id='display'])" });
  await found("gpu");
  // Of a machine that has sent nothing, nothing is known: it is not without a display.
  assert.deepEqual(await having("gpu"), [leaf.hostname, plain.hostname].sort());
  assert.ok(!(await having("gpu")).includes(unknown.hostname));

  // Without a definition the tag stays where it is, and is nobody's to take off but people's.
  assert.equal((await update("gpu", { definition: "" })).status, 200);
  assert.equal((await read("gpu", "evaluation")).state, "none");
  assert.deepEqual(await having("gpu"), [leaf.hostname, plain.hostname].sort());
});

test("a definition that cannot be evaluated is refused, by the field's name, and nothing is made or changed", async () => {
  for (const [definition, why] of [
    ["//node[", /Invalid expression/],
    ["//node[ends-with(@id, 'x')]", /no function ends-with/],
    ["//foo:bar", /no namespace foo/],
    ["$x", /no variable/],
    ["x".repeat(9000), /at most 8192/],
  ] as const) {
    const reply = await create({ name: "refused", definition });
    assert.equal(reply.status, 400);
    assert.match((reply.json as Json).definition[0], why);
  }
  assert.equal((await t.request(t.admin, "GET", "/tags/refused/")).status, 404);
  await create({ name: "kept", definition: "//node" });
  const reply = await update("kept", { definition: "1 +", comment: "new" });
  assert.deepEqual([reply.status, Object.keys(reply.json as Json)], [400, ["definition"]]);
  const { definition, comment } = (await t.request(t.admin, "GET", "/tags/kept/")).json as Json;
  assert.deepEqual([definition, comment], ["//node", ""]);
  // Of a tag that is not there, that is said first.
  assert.equal((await update("nosuch", { definition: "1 +" })).status, 404);
});

test("rebuild puts right what was done by hand, and writes changes of what changed alone", async () => {
  const gpu = await machine({ gpu: "TU104" });
  const other = await machine();
  await create({ name: "turing", definition: '//node[@id="display"]/product[.="TU104"]' });
  await found("turing");
  const byHand = { add: other.systemId, remove: gpu.systemId };
  await t.request(t.admin, "POST", "/tags/turing/", { query: { op: "update_nodes" }, form: byHand });
  assert.deepEqual(await having("turing"), [other.hostname]);
  const changes = async () =>
    (
      await t.db.pool.query("select entity_id from change where entity = 'machine' and id > $1 order by entity_id", [
        before,
      ])
    ).rows.map((row) => row.entity_id);
  const before = (await t.db.pool.query("select max(id) from change")).rows[0].max;
  const rebuild = () => t.request(t.admin, "POST", "/tags/turing/", { query: { op: "rebuild" } });
  assert.deepEqual((await rebuild()).json, { rebuilding: "turing" });
  await until(async () => (await having("turing"))[0] === gpu.hostname, { what: "the tag to be put right" });
  await found("turing");
  assert.deepEqual(await changes(), [gpu.systemId, other.systemId].sort());
  await rebuild();
  await found("turing");
  assert.equal((await changes()).length, 2, "nothing changed, nothing is said of machines");
});

test("what a machine newly sends is evaluated against all definitions", async () => {
  const m = await machine();
  await create({ name: "ampere", definition: '//node[@id="display"]/product[.="GA100"]' });
  await create({ name: "bare", definition: 'count(//node[@id="display"]) = 0' });
  await found("ampere");
  await found("bare");
  const tagsOf = async () => ((await t.request(t.admin, "GET", `/machines/${m.systemId}/`)).json as Json).tag_names;
  assert.ok((await tagsOf()).includes("bare"));
  await transaction(t.db, async (tx) => {
    await addDetails(t, m.id, { lshw: lshwXml({ gpu: "GA100" }), lldp: null }, tx);
    assert.deepEqual(await runHook(t.admin.ctx, tx, m.id, "maas-lshw", "<list/>"), { ran: true });
  });
  await until(async () => (await tagsOf()).includes("ampere"), { what: "the machine to have the tag" });
  await until(async () => !(await tagsOf()).includes("bare"), { what: "the machine to lose the other" });
});

test("XML that cannot be read is counted, and matches nothing", async () => {
  await machine({ lshw: "<list><node></list>" });
  await machine({ lshw: "<list>\0</oops>" });
  await create({ name: "anything", definition: "/list" });
  const { state, unreadable } = await found("anything");
  assert.deepEqual([state, unreadable], ["done", 2]);
});

test("an expression that takes too long fails, with the machine's name, and the tag stays as it is", async () => {
  const { systemId } = await machine({ lshw: `<list>${"<n/>".repeat(4000)}</list>` });
  const slow = "//n[count(//n[count(//n[count(//n) > 0]) > 0]) > 0]";
  assert.equal((await create({ name: "slow", definition: slow })).status, 200);
  const { state, error } = await found("slow");
  assert.equal(state, "failed");
  assert.match(error, new RegExp(`evaluated on ${systemId}: it takes longer than 2 s`));
  await create({ name: "after-it", definition: "/list" });
  assert.equal((await found("after-it")).state, "done");
});

test("a rename in the middle, a definition after a definition, a tag that goes: the last word counts", async () => {
  await create({ name: "first", definition: "//nothing" });
  await Promise.all([
    update("first", { definition: "//node" }),
    t.request(t.admin, "POST", "/tags/first/", { query: { op: "rebuild" } }),
  ]);
  await update("first", { name: "second", definition: "//nothing-of-this" });
  assert.equal((await found("second")).matched, 0);
  assert.deepEqual(await having("second"), []);
  await create({ name: "gone", definition: "//node" });
  assert.equal((await t.request(t.admin, "DELETE", "/tags/gone/")).status, 204);
  assert.equal((await t.request(t.user, "GET", "/tags/gone/", { query: { op: "evaluation" } })).status, 404);
  assert.equal((await t.request(null, "GET", "/tags/second/", { query: { op: "evaluation" } })).status, 401);
});

test("a machine boots with the kernel arguments of its tags, after those of the settings, the first tag's last", async () => {
  await addImage(t);
  await t.request(t.admin, "POST", "/maas/", {
    query: { op: "set_config" },
    form: { name: "kernel_opts", value: "console=ttyS1 quiet" },
  });
  const m = await addMachine(t, "commissioning", { boot_epoch: 1, netboot: true });
  await addDetails(t, m.id, { lshw: lshwXml({ gpu: "B200" }), lldp: null });
  const definition = '//node[@id="display"]/product[.="B200"]';
  await create({ name: "99-tag-name", definition, kernel_opts: "console=ttyS9 iommu=pt" });
  await create({ name: "01-my-tag", definition, kernel_opts: "console=ttyS2" });
  await found("99-tag-name");
  await found("01-my-tag");
  const { script } = await netboot(t, m.mac);
  assert.match(script, /console=ttyS1 quiet console=ttyS9 iommu=pt console=ttyS2/);
});
