/** A machine through its life by CLI: commission with uploaded scripts, test, allocate, deploy, abort, release. */
import assert from "node:assert/strict";
import { until } from "@rackwright/testkit/until";
import { checkMachineShape } from "./machine-shape.ts";
import type { MachineJson, ScriptSetJson, Session } from "./session.ts";
import { checkResult } from "./results.ts";

/** About three times what an emulated machine takes. */
const COMMISSION_TIMEOUT_MS = 480_000;
const OFF_TIMEOUT_MS = 90_000;

const read = ({ shell }: Session, id: string) =>
  shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", { SYSTEM_ID: id });

/** @throws AssertionError when it comes to rest in another status */
async function reaches(session: Session, id: string, status: string, during: readonly string[]): Promise<MachineJson> {
  const machine = await until(
    async () => {
      const now = await read(session, id);
      return during.includes(now.status_name) ? undefined : now;
    },
    { timeoutMs: COMMISSION_TIMEOUT_MS, everyMs: 2000, what: `the end of ${during.join(", ")} of ${id}` },
  );
  assert.equal(machine.status_name, status, machine.status_message as string);
  return machine;
}

/** What is asked of the BMC, not what was last seen. */
const isOff = ({ shell }: Session, id: string) =>
  until(
    async () =>
      (await shell.json<{ state: string }>("maas $PROFILE machine query-power-state $SYSTEM_ID", { SYSTEM_ID: id }))
        .state === "off",
    { timeoutMs: OFF_TIMEOUT_MS, everyMs: 1000, what: `${id} to be off` },
  );

export async function findMachine({ shell, step }: Session, hostname: string): Promise<MachineJson> {
  await step("S0-004 S0-005 S0-024: machines read goes to jq, and is announced on a terminal only", async () => {
    const pairs = (await shell.run("maas $PROFILE machines read | jq '.[] | .hostname, .system_id'")).split("\n");
    assert.ok(pairs.includes(`"${hostname}"`), pairs.join(" "));
    const seen = await shell.run(`script -qec 'maas "$PROFILE" machines read' /dev/null`);
    assert.match(seen, /^Success\.\r?\nMachine-readable output follows:\r?\n\[/);
  });
  const [machine] = await shell.json<MachineJson[]>("maas $PROFILE machines read hostname=$NAME", { NAME: hostname });
  assert.ok(machine, `no machine ${hostname}`);
  return machine;
}

/** @returns the machine after a commissioning that ran the scripts in fixtures */
export async function commission(session: Session, id: string): Promise<MachineJson> {
  const { shell, step } = session;
  const vars = { SYSTEM_ID: id };
  await step("S0-026 to S0-107: the JSON of a Ready machine", async () => checkMachineShape(await read(session, id)));
  let started: MachineJson | undefined;
  await step("S0-017 S0-018 S0-019 S0-021 S0-022: commission a Ready machine", async () => {
    await shell.run(
      "maas $PROFILE node-scripts create name=seeds-greeting script@=$FIXTURES/seeds-greeting.sh type=testing",
    );
    await shell.run("maas $PROFILE node-scripts create script@=$FIXTURES/51-every-time.sh");
    const unknown = await shell.attempt(
      "maas $PROFILE machine commission $SYSTEM_ID testing_scripts=no-such-script",
      vars,
    );
    assert.match(unknown.out + unknown.err, /"testing_scripts"/);
    started = await shell.json<MachineJson>(
      "maas $PROFILE machine commission $SYSTEM_ID testing_scripts=$SCRIPT_NAME,$SCRIPT_TAG",
      { ...vars, SCRIPT_NAME: "seeds-greeting", SCRIPT_TAG: "greetings" },
    );
    assert.equal(started.status_name, "Commissioning");
  });
  await step("S0-097: queued tests are pending", async () => {
    assert.ok(started);
    checkMachineShape(started);
    assert.deepEqual([started.cpu_test_status, started.cpu_test_status_name], [0, "Pending"]);
    assert.deepEqual([started.commissioning_status, started.commissioning_status_name], [0, "Pending"]);
  });
  let machine = await reaches(session, id, "Ready", ["Commissioning", "Testing"]);
  await step("S0-026 to S0-107: the commissioned machine's JSON", async () => {
    machine = await read(session, id);
    checkMachineShape(machine);
    assert.equal(machine.cpu_test_status_name, "Passed");
  });
  await isOff(session, id);
  return machine;
}

export async function testAndAbort(session: Session, id: string): Promise<void> {
  const { shell, step } = session;
  const vars = { SYSTEM_ID: id };
  await step("S0-097 S0-157 S0-158: test, abort, and what the aborted run says", async () => {
    const started = await shell.json<MachineJson>(
      "maas $PROFILE machine test $SYSTEM_ID testing_scripts=smartctl-validate",
      vars,
    );
    assert.equal(started.status_name, "Testing");
    assert.deepEqual([started.storage_test_status, started.storage_test_status_name], [0, "Pending"]);
    await shell.json("maas $PROFILE machine abort $SYSTEM_ID comment='seen enough'", vars);
    await reaches(session, id, "Ready", ["Testing"]);
    const set = await shell.json<ScriptSetJson>(
      "maas $PROFILE node-script-result read $SYSTEM_ID current-testing",
      vars,
    );
    const [result] = set.results;
    assert.ok(result && set.results.length === 1);
    checkResult(result);
    assert.deepEqual(
      [result.name, result.status, result.status_name, result.exit_status],
      ["smartctl-validate", 5, "Aborted", null],
    );
    const storage = result.parameters.storage as {
      argument_format: string;
      type: string;
      value: Record<string, unknown>;
    };
    assert.deepEqual([storage.argument_format, storage.type], ["{path}", "storage"]);
    assert.deepEqual(Object.keys(storage.value).toSorted(), [
      "id_path",
      "model",
      "name",
      "physical_blockdevice_id",
      "serial",
    ]);
    await isOff(session, id);
  });
  await step("S0-188 S0-192: test a single interface", async () => {
    const [nic] = (await read(session, id)).interface_set;
    const started = await shell.json<MachineJson>(
      "maas $PROFILE machine test $SYSTEM_ID testing_scripts=internet-connectivity interface=$NIC",
      { ...vars, NIC: nic?.name as string },
    );
    assert.equal(started.network_test_status_name, "Pending");
    const set = await shell.json<ScriptSetJson>(
      "maas $PROFILE node-script-result read $SYSTEM_ID current-testing",
      vars,
    );
    assert.deepEqual(
      set.results.map((r) => [r.name, (r.parameters.interface as { value: { name: string } }).value.name]),
      [["internet-connectivity", nic?.name]],
    );
    await shell.json("maas $PROFILE machine abort $SYSTEM_ID", vars);
    await reaches(session, id, "Ready", ["Testing"]);
    await isOff(session, id);
  });
}

/** Up to the deployment's start, and back to Ready. */
export async function deployAndRelease(
  session: Session,
  id: string,
  whileAllocated: () => Promise<void>,
): Promise<void> {
  const { shell, step } = session;
  const vars = { SYSTEM_ID: id };
  await step("S0-198 S0-199 S0-200: allocate a given machine, once", async () => {
    const mine = await shell.json<MachineJson>("maas $PROFILE machines allocate system_id=$SYSTEM_ID", vars);
    assert.deepEqual([mine.system_id, mine.status_name, mine.owner], [id, "Allocated", "admin"]);
    checkMachineShape(mine);
    const again = await shell.attempt("maas $PROFILE machines allocate system_id=$SYSTEM_ID", vars);
    assert.notEqual(again.code, 0);
  });
  await whileAllocated();
  await step("S0-201 S0-204 S0-227 S0-228: deploy, get-token, abort", async () => {
    const started = await shell.json<MachineJson>("maas $PROFILE machine deploy $SYSTEM_ID", vars);
    assert.equal(started.status_name, "Deploying");
    checkMachineShape(started);
    const token = await shell.json<Record<string, string>>("maas $PROFILE machine get-token $SYSTEM_ID", vars);
    assert.deepEqual(Object.keys(token).toSorted(), ["consumer_key", "token_key", "token_secret"]);
    assert.notEqual((await shell.attempt("maas $PROFILE machine commission $SYSTEM_ID", vars)).code, 0);
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
