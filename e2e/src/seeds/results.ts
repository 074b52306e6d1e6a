/** Results of a commissioning and of the uploaded test, by CLI: read, filter, download, suppress. */
import assert from "node:assert/strict";
import {
  type MachineJson,
  type ResultJson,
  RFC2822,
  type ScriptJson,
  type ScriptSetJson,
  type Session,
} from "./session.ts";

const RESULT_KEYS = `id created updated name status status_name exit_status started ended runtime starttime endtime
  estimated_runtime parameters script_id script_revision_id suppressed`.split(/\s+/);

const DURATION = /^(\d+ days?, )?\d+:\d\d:\d\d$/;

/** For a machine whose last commissioning ran the scripts in fixtures, with the greeting as its test. */
export async function resultsByCli(session: Session, machine: MachineJson): Promise<void> {
  const { shell, row } = session;
  const set = setOf(session, machine.system_id);
  await readResults(session, machine);
  const both = async () => [...(await set("current-commissioning")).results, ...(await set("current-testing")).results];
  await row("S0-155", async () => {
    for (const result of await both())
      assert.deepEqual(Object.keys(result).toSorted(), RESULT_KEYS.toSorted(), `keys of ${result.name}`);
  });
  await row("S0-156", async () => (await both()).forEach(checkResult));
  await row("S0-160", async () => {
    const script = await shell.json<ScriptJson>("maas $PROFILE node-script read smartctl-validate");
    assert.deepEqual(
      [script.default, script.hardware_type_name, script.type_name],
      [true, "Storage", "Testing script"],
    );
  });
  await suppress(session, machine);
  await downloads(session, machine);
}

const setOf =
  ({ shell }: Session, id: string) =>
  (results: string) =>
    shell.json<ScriptSetJson>("maas $PROFILE node-script-result read $SYSTEM_ID $RESULTS", {
      SYSTEM_ID: id,
      RESULTS: results,
    });

async function readResults(session: Session, machine: MachineJson): Promise<void> {
  const { shell, row, refuses } = session;
  const vars = { SYSTEM_ID: machine.system_id };
  const set = setOf(session, machine.system_id);
  const path = `nodes/${machine.system_id}/results/`;
  const sets = (rest: string, given = {}) =>
    shell.json<ScriptSetJson[]>(`maas $PROFILE node-script-results read \\\n $SYSTEM_ID ${rest}`, {
      ...vars,
      ...given,
    });
  const tests = await set("current-testing");

  await row("S0-145", async () => {
    assert.equal(tests.id, machine.current_testing_result_id);
    assert.ok(tests.results.length > 0);
  });
  await row("S0-146", async () => {
    assert.deepEqual(await set(String(machine.current_testing_result_id)), tests);
    assert.equal((await set("current-commissioning")).id, machine.current_commissioning_result_id);
    if (machine.current_installation_result_id !== null)
      assert.equal((await set("current-installation")).type_name, "Installation");
    await refuses(400, "GET", `${path}current-nonsense/`);
    const wrong = await shell.attempt("maas $PROFILE node-script-result read $SYSTEM_ID current-nonsense", vars);
    assert.notEqual(wrong.code, 0);
  });
  await row("S0-147", async () => {
    const given = { SCRIPT_TYPE: "testing", SCRIPT_NAME: "seeds-greeting", TAGS: "no-such-tag" };
    const [first] = await sets("type=$SCRIPT_TYPE filters=$SCRIPT_NAME,$TAGS", given);
    assert.equal(first?.id, tests.id);
    assert.ok((await sets("")).length > (await sets("type=testing")).length);
  });
  await row("S0-148", async () => {
    for (const [type, name] of [
      ["commissioning", "Commissioning"],
      ["testing", "Testing"],
    ])
      for (const one of await sets(`type=${type}`)) assert.equal(one.type_name, name);
    assert.ok((await sets("type=installation")).every((one) => one.type_name === "Installation"));
    await refuses(400, "GET", `${path}?type=nonsense`);
  });
  await row("S0-149", async () => {
    const names = async (filters: string) =>
      (await sets(`type=testing filters=${filters}`)).map((one) => one.results.map((r) => r.name)).at(0) ?? [];
    const id = tests.results[0]?.id ?? 0;
    for (const filters of ["seeds-greeting", "greetings", String(id)])
      assert.deepEqual(await names(filters), ["seeds-greeting"], filters);
    assert.deepEqual(await names("no-such-tag"), []);
  });
}

async function suppress(session: Session, machine: MachineJson): Promise<void> {
  const { shell, row, refuses } = session;
  const vars = { SYSTEM_ID: machine.system_id };
  const set = setOf(session, machine.system_id);
  const plural = (rest: string) =>
    shell.json<ScriptSetJson>(`maas $PROFILE node-script-results update \\\n $SYSTEM_ID ${rest}`, vars);
  const isSuppressed = async () => (await set("current-testing")).results.map((r) => r.suppressed);
  const singular = "maas $PROFILE node-script-result update $SYSTEM_ID current-testing filters=seeds-greeting";
  await row("S0-151", async () => {
    const given = {
      ...vars,
      SCRIPT_TYPE: "testing",
      SCRIPT_NAME: "seeds-greeting",
      TAGS: "greetings",
      SUPPRESSED: "True",
    };
    const printed = await shell.json<ScriptSetJson>(
      "maas $PROFILE node-script-results update \\\n $SYSTEM_ID type=$SCRIPT_TYPE filters=$SCRIPT_NAME,$TAGS suppressed=$SUPPRESSED",
      given,
    );
    assert.deepEqual(
      printed.results.map((r) => [r.name, r.suppressed]),
      [["seeds-greeting", true]],
    );
    assert.deepEqual(await isSuppressed(), [true]);
    await shell.json(`${singular} suppressed=false`, vars);
    assert.deepEqual(await isSuppressed(), [false]);
  });
  await row("S0-152", async () => {
    const printed = await plural("type=commissioning filters=51-every-time suppressed=true");
    assert.equal(printed.type_name, "Commissioning");
    assert.deepEqual(await isSuppressed(), [false]);
    await plural("type=commissioning filters=51-every-time suppressed=false");
  });
  await row("S0-153", async () => {
    await plural("type=commissioning filters=51-every-time suppressed=true");
    const marked = (await set("current-commissioning")).results.filter((r) => r.suppressed);
    assert.deepEqual(
      marked.map((r) => r.name),
      ["51-every-time"],
    );
    await plural("type=commissioning filters=51-every-time suppressed=False");
  });
  await row("S0-154", async () => {
    for (const [word, value] of [
      ["TRUE", true],
      ["False", false],
      ["true", true],
      ["false", false],
    ] as const) {
      await plural(`type=testing filters=seeds-greeting suppressed=${word}`);
      assert.deepEqual(await isSuppressed(), [value], word);
    }
    const path = `nodes/${machine.system_id}/results/`;
    await refuses(400, "PUT", path, { type: "testing", suppressed: "perhaps" });
    assert.notEqual((await shell.attempt(`${singular} suppressed=perhaps`, vars)).code, 0);
  });
}

async function downloads({ shell, row, refuses }: Session, machine: MachineJson): Promise<void> {
  const vars = { SYSTEM_ID: machine.system_id, RUN_ID: String(machine.current_testing_result_id) };
  const download = (rest: string) => shell.run(`maas $PROFILE node-script-result download $SYSTEM_ID ${rest}`, vars);
  const root = `${machine.hostname}-testing-${machine.current_testing_result_id}`;
  await row("S0-161", async () => {
    await download("$RUN_ID output=all \\\n filetype=tar.xz > run.tar.xz");
    const members = (await shell.run("tar -tJf run.tar.xz")).trim().split("\n");
    for (const name of ["seeds-greeting", "seeds-greeting.out", "seeds-greeting.err"])
      assert.ok(members.includes(`${root}/${name}`), members.join(" "));
    assert.equal(await shell.run(`tar -xOJf run.tar.xz ${root}/seeds-greeting.out`), "hello from Linux\n");
  });
  await row("S0-162", async () => {
    assert.equal(await download("$RUN_ID"), "hello from Linux\naside\n");
    assert.equal(await download("$RUN_ID output=combined"), "hello from Linux\naside\n");
    assert.equal(await download("$RUN_ID output=stdout"), "hello from Linux\n");
    assert.equal(await download("$RUN_ID output=stderr"), "aside\n");
    assert.match(await download("$RUN_ID output=all"), /seeds-greeting\.out[^]*seeds-greeting\.err/);
  });
  await row("S0-163", async () => {
    assert.equal(await download("$RUN_ID filetype=txt"), "hello from Linux\naside\n");
    await refuses(400, "GET", `nodes/${vars.SYSTEM_ID}/results/${vars.RUN_ID}/?op=download&filetype=zip`);
    await refuses(400, "GET", `nodes/${vars.SYSTEM_ID}/results/${vars.RUN_ID}/?op=download&output=nonsense`);
  });
  await row(["S0-164", "S1-009"], async () => {
    const [set] = await shell.json<ScriptSetJson[]>(
      "maas $PROFILE node-script-results read $SYSTEM_ID type=testing include_output=true",
      vars,
    );
    assert.equal(await download(`${set?.id}`), "hello from Linux\naside\n");
  });
  await row("S0-165", async () => {
    assert.match(await download("current-commissioning"), /51-every-time[^]*each time/);
    await download("current-commissioning output=all filetype=tar.xz > commissioning.tar.xz");
    const inside = await shell.run("tar -tJf commissioning.tar.xz");
    assert.match(inside, /51-every-time$/m);
    assert.match(inside, /50-maas-01-commissioning\.out$/m);
  });
}

export function checkResult(result: ResultJson): void {
  assert.match(result.created as string, RFC2822);
  assert.match(result.updated as string, RFC2822);
  if (result.started === null) return;
  assert.match(result.started as string, RFC2822);
  assert.match(result.runtime as string, DURATION);
  assert.match(result.estimated_runtime as string, DURATION);
  assert.equal(typeof result.starttime, "number");
  if (result.ended === null) return;
  assert.match(result.ended as string, RFC2822);
  assert.equal(typeof result.endtime, "number");
}

/** The disk that a storage test is about, as the documentation shows it. */
export function diskShown(result: ResultJson): void {
  const storage = result.parameters.storage;
  assert.deepEqual([storage?.argument_format, storage?.type], ["{path}", "storage"]);
  assert.deepEqual(Object.keys(storage?.value as object).toSorted(), [
    "id_path",
    "model",
    "name",
    "physical_blockdevice_id",
    "serial",
  ]);
}
