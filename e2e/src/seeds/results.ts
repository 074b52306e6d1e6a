/** Results of a commissioning and of the uploaded test, by CLI: read, filter, download, suppress. */
import assert from "node:assert/strict";
import { type MachineJson, type ResultJson, RFC2822, type ScriptSetJson, type Session } from "./session.ts";

const RESULT_KEYS = `id created updated name status status_name exit_status started ended runtime starttime endtime
  estimated_runtime parameters script_id script_revision_id suppressed`.split(/\s+/);

/** For a machine whose last commissioning ran the scripts in fixtures, with the greeting as its test. */
export async function resultsByCli({ shell, step }: Session, machine: MachineJson): Promise<void> {
  const vars = { SYSTEM_ID: machine.system_id };
  const set = (results: string) =>
    shell.json<ScriptSetJson>(`maas $PROFILE node-script-result read $SYSTEM_ID ${results}`, vars);

  await step("S0-009 S0-016 S0-020 S0-022 S0-114: what ran, and what noauto kept from running", async () => {
    const { results, status_name } = await set("current-commissioning");
    const names = results.map((r) => r.name);
    assert.equal(status_name, "Passed");
    assert.ok(names.includes("51-every-time"), names.join(" "));
    assert.ok(!names.includes("50-script-example"), names.join(" "));
    const tests = await set("current-testing");
    assert.deepEqual(
      tests.results.map((r) => [r.name, r.status_name, r.exit_status]),
      [["seeds-greeting", "Passed", 0]],
    );
  });
  await step("S0-144 S0-145 S0-146 S0-147 S0-148 S0-149: read results by word, id, type and name", async () => {
    const byWord = await set("current-testing");
    assert.deepEqual(await set(String(machine.current_testing_result_id)), byWord);
    if (machine.current_installation_result_id !== null)
      assert.equal((await set("current-installation")).type_name, "Installation");
    assert.notEqual(
      (await shell.attempt("maas $PROFILE node-script-result read $SYSTEM_ID current-nonsense", vars)).code,
      0,
    );
    const sets = await shell.json<ScriptSetJson[]>(
      "maas $PROFILE node-script-results read \\\n $SYSTEM_ID type=testing filters=seeds-greeting,no-such-tag",
      vars,
    );
    assert.equal(sets[0]?.id, byWord.id);
    for (const one of sets) {
      assert.equal(one.type_name, "Testing");
      assert.ok(one.results.every((r) => r.name === "seeds-greeting"));
    }
    assert.ok(
      (await shell.json<ScriptSetJson[]>("maas $PROFILE node-script-results read $SYSTEM_ID", vars)).length >
        sets.length,
    );
    assert.notEqual(
      (await shell.attempt("maas $PROFILE node-script-results read $SYSTEM_ID type=nonsense", vars)).code,
      0,
    );
  });
  await step("S0-155 S0-156: a result's keys and formats", async () => {
    for (const result of [...(await set("current-commissioning")).results, ...(await set("current-testing")).results])
      checkResult(result);
  });
  await step("S0-127 S0-161 S0-162 S0-163 S0-164: results as text and as an archive", () =>
    downloads({ shell }, machine),
  );
  await step("S0-150 to S0-154 S0-159: suppress a result, by the seeds' command and by the other", async () => {
    const plural =
      "maas $PROFILE node-script-results update \\\n $SYSTEM_ID type=testing filters=seeds-greeting suppressed=True";
    const updated = await shell.json<ScriptSetJson | ScriptSetJson[]>(plural, vars);
    const [first] = Array.isArray(updated) ? updated : [updated];
    assert.ok(first?.results.every((r) => r.name !== "seeds-greeting" || r.suppressed));
    assert.equal((await set("current-testing")).results[0]?.suppressed, true);
    const singular =
      "maas $PROFILE node-script-result update $SYSTEM_ID current-testing filters=seeds-greeting suppressed=false";
    await shell.json(singular, vars);
    assert.equal((await set("current-testing")).results[0]?.suppressed, false);
    assert.notEqual((await shell.attempt(singular.replace("=false", "=perhaps"), vars)).code, 0);
  });
}

async function downloads({ shell }: Pick<Session, "shell">, machine: MachineJson): Promise<void> {
  const vars = { SYSTEM_ID: machine.system_id, RUN_ID: String(machine.current_testing_result_id) };
  const download = (rest: string) => shell.run(`maas $PROFILE node-script-result download $SYSTEM_ID ${rest}`, vars);
  assert.equal(await download("$RUN_ID"), "hello from Linux\naside\n");
  assert.equal(await download("$RUN_ID output=stdout"), "hello from Linux\n");
  assert.equal(await download("current-testing output=stderr filetype=txt"), "aside\n");
  assert.match(await download("current-testing output=all"), /seeds-greeting\.out[^]*seeds-greeting\.err/);
  assert.match(await download("current-commissioning"), /51-every-time[^]*each time/);
  await download("$RUN_ID output=all \\\n filetype=tar.xz > run.tar.xz");
  const root = `${machine.hostname}-testing-${machine.current_testing_result_id}`;
  const members = (await shell.run("tar -tJf run.tar.xz")).trim().split("\n");
  for (const name of ["seeds-greeting", "seeds-greeting.out", "seeds-greeting.err"])
    assert.ok(members.includes(`${root}/${name}`), members.join(" "));
  assert.equal(await shell.run(`tar -xOJf run.tar.xz ${root}/seeds-greeting.out`), "hello from Linux\n");
  await download("current-commissioning filetype=tar.xz > commissioning.tar.xz");
  assert.match(await shell.run("tar -tJf commissioning.tar.xz"), /51-every-time$/m);
  const wrong = await shell.attempt("maas $PROFILE node-script-result download $SYSTEM_ID $RUN_ID filetype=zip", vars);
  assert.notEqual(wrong.code, 0);
}

export function checkResult(result: ResultJson): void {
  assert.deepEqual(Object.keys(result).toSorted(), RESULT_KEYS.toSorted(), `keys of ${result.name}`);
  assert.match(result.created as string, RFC2822);
  assert.match(result.updated as string, RFC2822);
  if (result.started === null) return;
  assert.match(result.started as string, RFC2822);
  assert.match(result.runtime as string, /^(\d+ days?, )?\d+:\d\d:\d\d$/);
  assert.equal(typeof result.starttime, "number");
  if (result.ended !== null) assert.equal(typeof result.endtime, "number");
}
