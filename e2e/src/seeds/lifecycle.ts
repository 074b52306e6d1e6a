/** A machine through its life by CLI: commission with uploaded scripts, test, allocate, deploy, release. */
import assert from "node:assert/strict";
import { until } from "@rackwright/testkit/until";
import { checkResult, diskShown } from "./results.ts";
import type { MachineJson, ScriptJson, ScriptSetJson, Session } from "./session.ts";

/** About three times what a machine takes whose processor is emulated. */
const COMMISSION_TIMEOUT_MS = 480_000;
const OFF_TIMEOUT_MS = 90_000;

export async function readMachine({ shell, shown }: Session, id: string): Promise<MachineJson> {
  const machine = await shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", { SYSTEM_ID: id });
  if (machine.status_name === "Ready") shown.push(["read", machine]);
  return machine;
}

/** @throws AssertionError when it comes to rest in another status */
export async function reaches(
  session: Session,
  id: string,
  status: string,
  during: readonly string[],
): Promise<MachineJson> {
  const { machine, everyMs } = { machine: { SYSTEM_ID: id }, everyMs: session.everyMs };
  const found = await until(
    async () => {
      const now = await session.shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", machine);
      return during.includes(now.status_name) ? undefined : now;
    },
    { timeoutMs: COMMISSION_TIMEOUT_MS, everyMs, what: `the end of ${during.join(", ")} of ${id}` },
  );
  assert.equal(found.status_name, status, found.status_message as string);
  return found;
}

/** What is asked of the BMC, not what was last seen. */
export const isOff = ({ shell, everyMs }: Session, id: string) =>
  until(
    async () =>
      (await shell.json<{ state: string }>("maas $PROFILE machine query-power-state $SYSTEM_ID", { SYSTEM_ID: id }))
        .state === "off",
    { timeoutMs: OFF_TIMEOUT_MS, everyMs, what: `${id} to be off` },
  );

export const currentSet = ({ shell }: Session, id: string, which: string) =>
  shell.json<ScriptSetJson>("maas $PROFILE node-script-result read $SYSTEM_ID $WHICH", { SYSTEM_ID: id, WHICH: which });

export async function findMachine({ shell, row }: Session, hostname: string): Promise<MachineJson> {
  const [machine] = await shell.json<MachineJson[]>("maas $PROFILE machines read hostname=$NAME", { NAME: hostname });
  assert.ok(machine, `no machine ${hostname}`);
  await row("S0-024", async () => {
    const words = (await shell.run("maas $PROFILE machines read | jq '.[] | .hostname, .system_id'")).split("\n");
    assert.equal(words[words.indexOf(`"${hostname}"`) + 1], `"${machine.system_id}"`, words.join(" "));
  });
  return machine;
}

/** A plain commission of a Ready machine, with tests by name and tag. @returns the machine after it */
export async function commission(session: Session, id: string): Promise<MachineJson> {
  const { shell, row, refuses, shown } = session;
  const vars = { SYSTEM_ID: id };
  const tests = { ...vars, SCRIPT_NAME: "seeds-greeting", SCRIPT_TAG: "greetings" };
  await readMachine(session, id);
  await shell.run("maas $PROFILE node-scripts create script@=$FIXTURES/seeds-greeting.sh");
  await shell.run("maas $PROFILE node-scripts create script@=$FIXTURES/51-every-time.sh");
  await row("S0-019", async () => {
    const unknown = { commissioning_scripts: "no-such-script" };
    assert.match(
      await refuses(400, "POST", `machines/${id}/?op=commission`, unknown),
      /"commissioning_scripts":\s*\[.*no-such-script/,
    );
  });
  await row(["S0-017", "S1-001"], async () => {
    const line = "maas $PROFILE machine commission $SYSTEM_ID testing_scripts=$SCRIPT_NAME,$SCRIPT_TAG";
    const seen = await shell.run(`script -qec "${line}" /dev/null`, tests);
    assert.match(seen, /^Success\.\r?\nMachine-readable output follows:\r?\n\{/);
    const machine = JSON.parse(seen.slice(seen.indexOf("{"), seen.lastIndexOf("}") + 1)) as MachineJson;
    assert.equal(machine.status_name, "Commissioning");
    shown.push(["commission", machine]);
  });
  await row("S0-021", async () => {
    assert.equal((await currentSet(session, id, "current-testing")).results[0]?.name, "seeds-greeting");
    const bare = await shell.attempt(
      "maas $PROFILE machine commission testing_scripts=$SCRIPT_NAME,$SCRIPT_TAG",
      tests,
    );
    assert.equal(bare.code, 2);
    assert.match(bare.err, /missing: system_id/);
  });
  const machine = await reaches(session, id, "Ready", ["Commissioning", "Testing"]);
  const ran = async () => {
    const { results, status_name } = await currentSet(session, id, "current-commissioning");
    assert.equal(status_name, "Passed");
    return results.map((r) => r.name);
  };
  await row("S0-009", async () => assert.ok(!(await ran()).includes("50-script-example")));
  await row("S0-020", async () => {
    const scripts = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read type=commissioning");
    const own = scripts.filter((s) => !s.default && !s.tags.includes("noauto")).map((s) => s.name);
    const names = await ran();
    assert.ok(own.includes("51-every-time"));
    for (const name of own) assert.ok(names.includes(name), `${name} did not run`);
  });
  await row("S0-022", async () => {
    const { results } = await currentSet(session, id, "current-testing");
    assert.deepEqual(
      results.map((r) => [r.name, r.status_name, r.exit_status]),
      [["seeds-greeting", "Passed", 0]],
    );
    assert.equal(machine.cpu_test_status_name, "Passed");
  });
  await isOff(session, id);
  return readMachine(session, id);
}

export async function testAndAbort(session: Session, id: string): Promise<void> {
  const { shell, row, step } = session;
  const vars = { SYSTEM_ID: id };
  const abort = async () => {
    await shell.json("maas $PROFILE machine abort $SYSTEM_ID comment='seen enough'", vars);
    await reaches(session, id, "Ready", ["Testing"]);
    await isOff(session, id);
  };
  const letGo = session.hold?.("smartctl-validate");
  await step("test: Testing, its tests Pending", async () => {
    const started = await shell.json<MachineJson>(
      "maas $PROFILE machine test $SYSTEM_ID testing_scripts=smartctl-validate",
      vars,
    );
    assert.equal(started.status_name, "Testing");
    assert.deepEqual([started.storage_test_status, started.storage_test_status_name], [0, "Pending"]);
  });
  await row("S0-159", async () => {
    const { results } = await currentSet(session, id, "current-testing");
    assert.equal(results[0]?.script_revision_id, null);
    const updated = await shell.json<ScriptSetJson>(
      "maas $PROFILE node-script-results update $SYSTEM_ID type=testing filters=smartctl-validate suppressed=True",
      vars,
    );
    assert.ok(updated.results.length > 0 && updated.results.every((r) => r.suppressed));
  });
  await abort();
  letGo?.();
  await row("S0-157", async () => {
    const { results } = await currentSet(session, id, "current-testing");
    assert.ok(results.length > 0);
    for (const result of results) {
      checkResult(result);
      assert.deepEqual(
        [result.name, result.status, result.status_name, result.exit_status],
        ["smartctl-validate", 5, "Aborted", null],
      );
    }
  });
  await row("S0-158", async () => {
    for (const result of (await currentSet(session, id, "current-testing")).results) diskShown(result);
  });
}

/** @param end  what the deployment comes to: aborted at once, where it takes minutes */
export async function deployAndRelease(
  session: Session,
  id: string,
  end: "abort" | "deployed",
  whileAllocated: () => Promise<void>,
): Promise<void> {
  const { shell, row, step, refuses, shown } = session;
  const vars = { SYSTEM_ID: id };
  await row("S0-198", async () => {
    const mine = await shell.json<MachineJson>("maas $PROFILE machines allocate system_id=$SYSTEM_ID", vars);
    assert.deepEqual([mine.system_id, mine.status_name, mine.owner], [id, "Allocated", "admin"]);
    shown.push(["allocate", mine]);
  });
  await row("S0-199", async () => {
    for (const system_id of [id, "zzzzzz"]) await refuses(409, "POST", "machines/?op=allocate", { system_id });
    assert.notEqual((await shell.attempt("maas $PROFILE machines allocate system_id=$SYSTEM_ID", vars)).code, 0);
  });
  await whileAllocated();
  const deploy = async () => {
    const started = await shell.json<MachineJson>("maas $PROFILE machine deploy $SYSTEM_ID", vars);
    assert.equal(started.status_name, "Deploying");
    shown.push(["deploy", started]);
  };
  if (end === "deployed")
    await row("S0-201", async () => {
      await deploy();
      await reaches(session, id, "Deployed", ["Deploying"]);
    });
  else
    await step("machine deploy, and abort", async () => {
      await deploy();
      await shell.json("maas $PROFILE machine abort $SYSTEM_ID", vars);
      await reaches(session, id, "Allocated", ["Deploying"]);
    });
  await step("machine release: Ready, off and without owner", async () => {
    await shell.json("maas $PROFILE machine release $SYSTEM_ID comment='no longer needed'", vars);
    const free = await reaches(session, id, "Ready", ["Releasing"]);
    assert.equal(free.owner, null);
    await isOff(session, id);
  });
}
