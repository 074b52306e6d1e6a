/** Testing the network of a Ready machine with three cards: by tag, by interface, with parameters, and when a test fails. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "@rackwright/testkit/until";
import { currentSet, reaches } from "../lifecycle.ts";
import { eventsOf } from "../links.ts";
import type { InterfaceJson, MachineJson, ResultJson, ScriptJson, ScriptSetJson, Session } from "../session.ts";
import { fails, interfaceOf, passes } from "./plays.ts";
import type { Room } from "./room.ts";

const BUILTIN = ["gateway-connectivity", "internet-connectivity", "rack-controller-connectivity"];
const CARDS = ["enp1s0", "enp2s0", "enp3s0"];
const MACHINE_TESTS = join(import.meta.dirname, "../../../../machine");

/** A subnet for the machines, so that their interfaces can be configured. */
export async function addSubnet({ shell }: Session): Promise<void> {
  await shell.run(
    "maas $PROFILE subnets create cidr=100.64.0.0/10 gateway_ip=100.64.0.1 vlan=$(maas $PROFILE vlans read 0 | jq '.[0].id')",
  );
}

/** @returns the run, once it is over */
async function tested(session: Session, id: string, what: string, ends = "Ready"): Promise<ScriptSetJson> {
  await session.shell.json(`maas $PROFILE machine test $SYSTEM_ID ${what}`, { SYSTEM_ID: id });
  await reaches(session, id, ends, ["Testing"]);
  return currentSet(session, id, "current-testing");
}

const on = (result: ResultJson) => (result.parameters.interface?.value as { name: string } | undefined)?.name;
const pairs = (set: ScriptSetJson) => set.results.map((r) => `${r.name} ${on(r)}`).toSorted();
const each = (scripts: readonly string[], cards: readonly string[]) =>
  scripts.flatMap((script) => cards.map((card) => `${script} ${card}`)).toSorted();

export async function networks(session: Session, room: Room, id: string): Promise<void> {
  const { shell } = session;
  const subnet = await shell.run("maas $PROFILE subnets read | jq '.[] | select(.cidr == \"100.64.0.0/10\") | .id'");
  const configure = async () => {
    for (const CARD of CARDS.slice(1))
      await shell.run("maas $PROFILE interface link-subnet $SYSTEM_ID $CARD mode=AUTO force=true subnet=$SUBNET", {
        SYSTEM_ID: id,
        CARD,
        SUBNET: subnet.trim(),
      });
  };
  await configure();
  await builtinTests(session);
  await byInterface(session, room, id);
  await bridgeAndBond(session, room, id);
  await configure(); // the bond took their addresses with it
  await ownTests(session, room, id);
  await failures(session, room, id);
}

async function builtinTests({ shell, row }: Session): Promise<void> {
  const read = (name: string) => shell.json<ScriptJson>(`maas $PROFILE node-script read ${name}`);
  const isNetworkTest = async (name: string) => {
    const script = await read(name);
    assert.deepEqual(
      [script.default, script.hardware_type_name, script.type_name],
      [true, "Network", "Testing script"],
    );
  };
  await row("S0-181", () => isNetworkTest("gateway-connectivity"));
  await row(["S1-012", "S0-182"], async () => {
    for (const name of BUILTIN) await isNetworkTest(name);
  });
}

const URLS = "https://mirror.example.com,icmp://10.0.0.1,10.0.0.2";

async function byInterface(session: Session, { plays }: Room, id: string): Promise<void> {
  const { row } = session;
  let set: ScriptSetJson | undefined;
  await row("S0-179", async () => {
    set = await tested(session, id, `testing_scripts=network-validation url=${URLS}`);
    assert.deepEqual(pairs(set), each(BUILTIN, CARDS));
    assert.equal(set.status_name, "Passed");
  });
  const urls = (one: ScriptSetJson | undefined) =>
    one?.results.filter((r) => r.name === "internet-connectivity").map((r) => [on(r), r.parameters.url?.value]);
  await row(["S0-183", "S0-185"], async () => {
    assert.deepEqual(
      urls(set)?.toSorted(),
      CARDS.map((card) => [card, URLS]),
    );
    await session.refuses(400, "POST", `machines/${id}/?op=test`, {
      testing_scripts: "internet-connectivity",
      url: "https://ok.example.com,what is this",
    });
  });
  await row("S0-187", async () => {
    const other = await tested(session, id, "testing_scripts=internet-connectivity url=10.9.9.9");
    assert.notEqual(other.id, set?.id);
    assert.deepEqual(new Set(urls(other)?.map(([, url]) => url)), new Set(["10.9.9.9"]));
    assert.deepEqual(urls(await currentSet(session, id, String(set?.id))), urls(set));
  });
  await row("S0-184", async () => {
    const script = await session.shell.json<ScriptJson>("maas $PROFILE node-script read internet-connectivity");
    assert.equal(script.apply_configured_networking, true);
    const events = await eventsOf(session, id, "DEBUG");
    const moves = events.map((e) => e.description).filter((text) => text.startsWith("internet-connectivity: "));
    assert.ok(moves.includes("internet-connectivity: Pending to Applying custom network configuration"), moves.join());
    const address = async () => {
      const nic = await session.shell.json<{ links: { ip_address?: string }[] }>(
        "maas $PROFILE interface read $SYSTEM_ID enp1s0",
        { SYSTEM_ID: id },
      );
      return nic.links[0]?.ip_address;
    };
    assert.equal(await address(), undefined);
    const letGo = plays.hold("gateway-connectivity");
    await session.shell.json("maas $PROFILE machine test $SYSTEM_ID testing_scripts=gateway-connectivity", {
      SYSTEM_ID: id,
    });
    await until(address, { timeoutMs: 30_000, everyMs: 200, what: "an address for the test" });
    letGo();
    await reaches(session, id, "Ready", ["Testing"]);
    assert.equal(await address(), undefined);
    // Putting it in place and taking it back is the runner's: its own test does it with files of netplan.
    const name = "the_script_runs_under_the_configured_network_and_it_is_undone";
    const command = ["-m", "unittest", "discover", "-s", "tests", "-p", "test_runner_enlist.py", "-k", name];
    const { stderr } = await promisify(execFile)("python3", command, { cwd: MACHINE_TESTS });
    assert.match(stderr, /Ran [1-9]\d* tests? [^]*OK/);
  });
}

async function bridgeAndBond(session: Session, room: Room, id: string): Promise<void> {
  const { shell, row } = session;
  const nics = await shell.json<InterfaceJson[]>("maas $PROFILE interfaces read $SYSTEM_ID", { SYSTEM_ID: id });
  const idOf = (name: string) => nics.find((nic) => nic.name === name)?.id;
  const make = (what: string) =>
    shell.json<InterfaceJson>(`maas $PROFILE interfaces ${what}`.replace(" ID", " $SYSTEM_ID"), { SYSTEM_ID: id });
  const remove = (nic: InterfaceJson) =>
    shell.run(`maas $PROFILE interface delete $SYSTEM_ID ${nic.id}`, { SYSTEM_ID: id });
  await row("S0-188", async () => {
    const bridge = await make(`create-bridge ID name=br0 parent=${idOf("enp1s0")}`);
    for (const parameter of ["interface=br0", "internet-connectivity_interface=br0"]) {
      const set = await tested(session, id, `testing_scripts=internet-connectivity ${parameter}`);
      assert.deepEqual(pairs(set), ["internet-connectivity br0"], parameter);
    }
    await remove(bridge);
  });
  let bond: InterfaceJson | undefined;
  await row("S0-186", async () => {
    const alone = await tested(session, id, "testing_scripts=gateway-connectivity interface=enp2s0");
    assert.deepEqual(pairs(alone), ["gateway-connectivity enp2s0"]);
    bond = await make(`create-bond ID name=bond0 parents=${idOf("enp2s0")} parents=${idOf("enp3s0")}`);
    const sides = await tested(session, id, "testing_scripts=gateway-connectivity interface=bond0");
    assert.deepEqual(pairs(sides), each(["gateway-connectivity"], ["bond0", "enp2s0", "enp3s0"]));
  });
  await degradedBond(session, room, id);
  if (bond) await remove(bond);
}

const BOND = `mkdir -p net/bond0/bonding net/eth0 net/eth1
echo 1 | tee net/bond0/carrier > net/eth0/carrier
echo 0 > net/eth1/carrier
echo eth0 eth1 > net/bond0/bonding/slaves
maas $PROFILE node-script download gateway-connectivity > gateway-connectivity
RESULT_PATH=$PWD/result.yaml SYS_CLASS_NET=$PWD/net LINK_SECONDS=0 python3 gateway-connectivity --interface=bond0
cat result.yaml`;

/** @param id  a machine with bond0 */
async function degradedBond(session: Session, { plays }: Room, id: string): Promise<void> {
  await session.row("S1-011", async () => {
    // The built-in test on a bond that lost a side, as Linux shows it; then what a machine with such a bond reports.
    const printed = await session.shell.run(BOND);
    assert.match(printed, /bond0 is a bond that goes on without eth1[^]*\nstatus: degraded\n$/);
    const mend = plays.set("gateway-connectivity", (told) =>
      interfaceOf(told) === "bond0"
        ? passes("goes on without enp3s0\n", "", "link_connected: true\nstatus: degraded\n")
        : passes("reached\n"),
    );
    const set = await tested(session, id, "testing_scripts=gateway-connectivity interface=bond0");
    mend();
    const bond = set.results.filter((result) => on(result) === "bond0");
    assert.deepEqual(
      bond.map((r) => r.status_name),
      ["Degraded"],
    );
    const machine = await session.shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", { SYSTEM_ID: id });
    assert.equal(machine.network_test_status_name, "Degraded");
  });
}

const OWN = `#!/usr/bin/env python3
# --- Start MAAS 1.0 script metadata ---
# name: seeds-network
# script_type: testing
# hardware_type: network
# tags: seeds-net
# apply_configured_networking: true
# parameters:
#   interface: {type: interface}
#   word: {type: string, default: none}
# --- End MAAS 1.0 script metadata ---
print("any program")
`;

async function ownTests(session: Session, { plays }: Room, id: string): Promise<void> {
  const { shell, row, plain } = session;
  await writeFile(join(shell.home, "seeds-network.py"), OWN);
  await row("S0-191", async () => {
    const OTHER = await plain();
    const refused = await shell.attempt("maas $OTHER node-scripts create script@=seeds-network.py", { OTHER });
    assert.equal(refused.code, 2);
    assert.match(refused.out + refused.err, /administrator|admin/i);
    const made = await shell.json<ScriptJson>("maas $PROFILE node-scripts create script@=seeds-network.py");
    assert.equal(made.hardware_type_name, "Network");
  });
  await row("S0-190", async () => {
    for (const interpreter of ["/bin/sh", "/usr/bin/perl", "/usr/bin/env python3", "/opt/own/engine --flag"]) {
      await writeFile(
        join(shell.home, "any"),
        Buffer.concat([Buffer.from(`#!${interpreter}\n`), Buffer.from([0, 255])]),
      );
      await shell.run(
        "maas $PROFILE node-scripts create name=seeds-any type=testing hardware_type=network script@=any",
      );
      await shell.run("maas $PROFILE node-script download seeds-any | cmp - any");
      await shell.run("maas $PROFILE node-script delete seeds-any");
    }
  });
  let set: ScriptSetJson | undefined;
  await row("S0-189", async () => {
    set = await tested(session, id, "testing_scripts=network url=10.0.0.1 seeds-network_word=mine");
    const names = new Set(set.results.map((r) => r.name));
    assert.deepEqual([...names].toSorted(), [...BUILTIN, "ntp", "seeds-network"].toSorted());
  });
  const mine = () => set?.results.filter((r) => r.name === "seeds-network") ?? [];
  await row("S0-192", async () => {
    assert.deepEqual(new Set(mine().map(on)), new Set(CARDS));
    const told = plays.ran
      .filter(({ row: one }) => one.name === "seeds-network")
      .map(({ row: one }) => interfaceOf(one));
    assert.deepEqual(new Set(told), new Set(CARDS));
    assert.equal(mine().length, CARDS.length);
  });
  await row("S0-193", async () => {
    const events = (await eventsOf(session, id, "DEBUG")).map((e) => e.description);
    assert.ok(events.includes("seeds-network: Pending to Applying custom network configuration"), events.join("; "));
    assert.ok(mine().every((r) => r.status_name === "Passed"));
  });
  await row("S0-194", async () => {
    const words = () =>
      plays.ran
        .filter(({ row: one }) => one.name === "seeds-network")
        .map(({ row: one }) => one.parameters.word?.value);
    assert.deepEqual(new Set(words()), new Set(["mine"]));
    await tested(session, id, "testing_scripts=seeds-network word=everybodys");
    assert.ok(words().includes("everybodys"));
    const wrong = { testing_scripts: "seeds-network", no_such_parameter: "x" };
    assert.match(await session.refuses(400, "POST", `machines/${id}/?op=test`, wrong), /no_such_parameter/);
  });
}

async function failures(session: Session, { plays }: Room, id: string): Promise<void> {
  const { shell, row } = session;
  const vars = { SYSTEM_ID: id };
  const read = () => shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", vars);
  const states = async () => {
    const { network_test_status_name, testing_status_name } = await read();
    return [network_test_status_name, testing_status_name];
  };
  const suppress = (filters: string, suppressed: boolean) =>
    shell.json<ScriptSetJson>(
      `maas $PROFILE node-script-results update $SYSTEM_ID type=testing filters=${filters} suppressed=${suppressed}`,
      vars,
    );
  const mended = [
    plays.set("rack-controller-connectivity", () => fails("Not reached: http://10.0.0.1:5248/")),
    plays.set("gateway-connectivity", () => fails("Not reached: 100.64.0.1")),
  ];
  await row("S0-180", async () => {
    const set = await tested(session, id, "testing_scripts=network-validation interface=enp1s0", "Failed testing");
    assert.deepEqual(
      set.results.map((r) => [r.name, r.status_name]),
      BUILTIN.map((name) => [name, name === "internet-connectivity" ? "Passed" : "Failed"]),
    );
    const machine = await read();
    assert.deepEqual([machine.network_test_status_name, machine.status_name], ["Failed", "Failed testing"]);
    assert.match(machine.status_message as string, /rack-controller-connectivity/);
    const printed =
      "maas $PROFILE node-script-result download $SYSTEM_ID current-testing filters=rack-controller-connectivity";
    assert.equal(await shell.run(printed, vars), "Not reached: http://10.0.0.1:5248/\n");
  });
  await row("S0-196", async () => {
    const set = await suppress("rack-controller-connectivity", true);
    assert.deepEqual(
      set.results.map((r) => [r.name, r.suppressed]),
      [["rack-controller-connectivity", true]],
    );
    assert.deepEqual(await states(), ["Failed", "Failed"]);
    await suppress("gateway-connectivity", true);
    assert.deepEqual(await states(), ["Passed", "Passed"]);
    await suppress("network-validation", false);
    assert.deepEqual(await states(), ["Failed", "Failed"]);
  });
  for (const mend of mended) mend();
  await row("S0-195", async () => {
    const free = await shell.json<MachineJson>("maas $PROFILE machine override-failed-testing $SYSTEM_ID", vars);
    assert.equal(free.status_name, "Ready");
    const mine = await shell.json<MachineJson>("maas $PROFILE machines allocate system_id=$SYSTEM_ID", vars);
    assert.equal(mine.status_name, "Allocated");
    await shell.run("maas $PROFILE machine release $SYSTEM_ID", vars);
  });
  await tested(session, id, "testing_scripts=network-validation interface=enp1s0");
  await row("S0-150", async () => {
    const mend = plays.set("seeds-greeting", () => fails("no greeting"));
    await tested(session, id, "testing_scripts=seeds-greeting", "Failed testing");
    const cpu = async () => {
      const { cpu_test_status_name } = await read();
      return [cpu_test_status_name, (await states())[1]];
    };
    assert.deepEqual(await cpu(), ["Failed", "Failed"]);
    await suppress("seeds-greeting", true);
    assert.deepEqual(await cpu(), ["Unknown", "Passed"]);
    mend();
    await tested(session, id, "testing_scripts=seeds-greeting");
    assert.deepEqual(await cpu(), ["Passed", "Passed"]);
  });
}

/** A machine that reaches nothing under the network that it was given. @param id  Ready */
export async function wrongNetwork(session: Session, id: string): Promise<void> {
  const { row } = session;
  await row("S1-010", async () => {
    const set = await tested(session, id, "testing_scripts=gateway-connectivity", "Failed testing");
    assert.deepEqual(
      set.results.map((r) => [on(r), r.status_name]),
      [["enp1s0", "Failed to apply custom network configuration"]],
    );
    const printed = await session.shell.run("maas $PROFILE node-script-result download $SYSTEM_ID current-testing", {
      SYSTEM_ID: id,
    });
    assert.match(printed, /check addresses, VLANs and cabling/);
  });
}
