/** Machines that are new: what cannot be done with them yet, and their first commissioning. */
import assert from "node:assert/strict";
import { until } from "@rackwright/testkit/until";
import { currentSet, reaches } from "../lifecycle.ts";
import type { InterfaceJson, MachineJson, ScriptSetJson, Session } from "../session.ts";
import { MACS, type Room } from "./room.ts";

/** @returns its system id */
export async function newMachine({ shell }: Session, name: keyof typeof MACS, address: string): Promise<string> {
  const made = await shell.json<MachineJson>(
    `maas $PROFILE machines create hostname=$NAME architecture=amd64 mac_addresses=$MAC power_type=ipmi \\
      power_parameters_power_address=$ADDRESS power_parameters_power_user=maas power_parameters_power_pass=word commission=false`,
    { NAME: `seeds-${name.toLowerCase()}`, MAC: MACS[name], ADDRESS: address },
  );
  assert.equal(made.status_name, "New");
  return made.system_id;
}

/** @returns the machine, Ready, that the session goes on with */
export async function firstLife(session: Session, { plays }: Room): Promise<MachineJson> {
  const { shell, row, refuses, shown } = session;
  const id = await newMachine(session, "one", "10.9.0.1");
  const vars = { SYSTEM_ID: id };
  const deploy = (status: number) => refuses(status, "POST", `machines/${id}/?op=deploy`);
  await row("S0-008", async () => void (await deploy(409)));
  await row(["S0-200", "S1-014"], async () => {
    await refuses(409, "POST", "machines/?op=allocate", { system_id: id });
    const ran = await shell.attempt("maas $PROFILE machines allocate system_id=$SYSTEM_ID", vars);
    assert.equal(ran.code, 2);
  });
  await row(["S0-204", "S1-015"], async () => void (await deploy(409)));
  await shell.run("maas $PROFILE node-scripts create name=seeds-typed script@=bare.sh type=commissioning");
  const letGo = plays.hold("seeds-typed");
  const started = await shell.json<MachineJson>("maas $PROFILE machine commission $SYSTEM_ID", vars);
  await row("S0-097", async () => {
    const words = [started.storage_test_status, started.storage_test_status_name];
    assert.deepEqual([...words, started.cpu_test_status, started.cpu_test_status_name], [0, "Pending", -1, "Unknown"]);
    shown.push(["commission of a new machine", started]);
  });
  await row("S0-144", async () => {
    const running = await until(
      async () => {
        const { results } = await currentSet(session, id, "current-commissioning");
        return results.find((r) => r.name === "seeds-typed" && r.status_name === "Running");
      },
      { timeoutMs: 30_000, everyMs: 200, what: "seeds-typed to run" },
    );
    assert.equal(running.exit_status, null);
    const { results } = await currentSet(session, id, "current-commissioning");
    assert.ok(results.some((r) => r.status_name === "Passed"));
  });
  await row(["S0-204", "S1-015"], async () => void (await deploy(409)));
  letGo();
  const machine = await reaches(session, id, "Ready", ["Commissioning", "Testing"]);
  shown.pop();
  await row("S0-166", async () => {
    const nics = await shell.json<InterfaceJson[]>("maas $PROFILE interfaces read $SYSTEM_ID", vars);
    assert.deepEqual(
      nics.map((nic) => [nic.name, nic.link_connected]),
      [
        ["enp1s0", true],
        ["enp2s0", false],
        ["enp3s0", false],
      ],
    );
  });
  return machine;
}

/** Commissioned once more, by names and tags of scripts. */
export async function commissionAgain(session: Session, id: string): Promise<void> {
  const { shell, row } = session;
  const vars = { SYSTEM_ID: id, SCRIPT_NAME: "50-script-example", SCRIPT_TAG: "seeds-chosen" };
  await shell.run(
    "maas $PROFILE node-scripts create name=seeds-tagged script@=bare.sh type=commissioning tags=noauto,seeds-chosen",
  );
  const nic = (await shell.json<InterfaceJson[]>("maas $PROFILE interfaces read $SYSTEM_ID", vars)).find(
    ({ name }) => name === "enp2s0",
  );
  await shell.run(
    `maas $PROFILE interface update $SYSTEM_ID ${nic?.id} link_connected=true link_speed=10 interface_speed=100`,
    vars,
  );
  await row("S0-018", async () => {
    const line = "maas $PROFILE machine commission $SYSTEM_ID commissioning_scripts=$SCRIPT_NAME,$SCRIPT_TAG";
    await shell.json(line.replace(" commissioning", " \\\n commissioning"), vars);
    await reaches(session, id, "Ready", ["Commissioning", "Testing"]);
    const { results } = await currentSet(session, id, "current-commissioning");
    const own = (await shell.json<{ name: string }[]>("maas $PROFILE node-scripts read type=commissioning")).length;
    const named = results.map((r) => r.name).filter((name) => /^(50-script|51-|seeds-)/.test(name));
    assert.deepEqual(named.toSorted(), ["50-script-example", "seeds-tagged"]);
    assert.ok(results.length < own && results.length > named.length, "the built-in ones ran too");
    const bare = await shell.attempt(line.replace(" $SYSTEM_ID", ""), vars);
    assert.equal(bare.code, 2);
    assert.match(bare.err, /missing: system_id/);
  });
  await row("S0-131", async () => {
    const { results } = await currentSet(session, id, "current-commissioning");
    assert.ok(results.some((r) => r.name === "seeds-tagged" && r.status_name === "Passed"));
  });
  await row("S0-023", async () => {
    const { results } = await currentSet(session, id, "current-testing");
    assert.deepEqual(new Set(results.map((r) => r.name)), new Set(["smartctl-validate"]));
    assert.ok(results.every((r) => r.status_name === "Passed"));
  });
  const runsOf = async (script: string) => {
    const sets = await shell.json<ScriptSetJson[]>(
      "maas $PROFILE node-script-results read $SYSTEM_ID type=commissioning filters=$SCRIPT",
      { ...vars, SCRIPT: script },
    );
    return sets.flatMap((set) => set.results.map((r) => r.status_name));
  };
  await row("S0-114", async () => assert.ok((await runsOf("seeds-typed")).includes("Passed")));
  await row("S0-016", async () => assert.deepEqual(await runsOf("seeds-typed"), ["Passed", "Passed"]));
  await row("S0-144", async () => {
    const older =
      "maas $PROFILE node-script-results read $SYSTEM_ID type=commissioning filters=seeds-typed | jq '.[-1].id'";
    const printed = await shell.run(
      `maas $PROFILE node-script-result download $SYSTEM_ID $(${older}) filters=seeds-typed`,
      vars,
    );
    assert.equal(printed, "seeds-typed was let go\n");
  });
  await row("S0-167", async () => {
    const now = await shell.json<InterfaceJson>(`maas $PROFILE interface read $SYSTEM_ID ${nic?.id}`, vars);
    assert.deepEqual(
      [now.link_connected, now.link_speed, now.interface_speed],
      [nic?.link_connected, nic?.link_speed, nic?.interface_speed],
    );
  });
}
