/** A machine that is commissioned and tested with scripts of somebody's own: what comes of each. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { LabMachine } from "@rackwright/lab/lab";
import type { MachineReply } from "../client.ts";
import { addLabMachine } from "../faults/lab.ts";
import type { Site } from "../site.ts";
import { resultFor, resultsOf } from "./results.ts";
import { ELSEWHERE, rested, UNPLUGGED } from "./room.ts";
import { commissioningSet, testingSet } from "./scripts.ts";

/** @returns its system id; it has failed its tests, is on, and can be logged in to */
export async function goThroughCustomScripts(
  site: Site,
  machine: LabMachine,
  say: (line: string) => void,
): Promise<string> {
  const { api } = site;
  for (const text of [...commissioningSet, ...testingSet]) await api.call("POST", "/scripts/", { script: text });
  const id = await addLabMachine(site, machine);
  await api.act(id, "commission", {
    enable_ssh: "true",
    commissioning_scripts: "lab-restarts",
    testing_scripts: "lab-disk,lab-nic,lab-fails,lab-wants-snap,lab-hangs",
    interface: machine.macs.join(","),
  });
  const said = new Set<string>();
  const ended = await rested(site, id, ["Commissioning", "Testing"], ({ status_name, waiting_for }) => {
    const line = `${status_name}, waiting for ${waiting_for}`;
    if (!said.has(line)) say(line);
    said.add(line);
  });
  assert.equal(ended.status_name, "Failed testing", ended.status_message);
  assert.ok(said.has("Testing, waiting for script:lab-hangs"), "that it hangs is shown while it does");
  return id;
}

/** What an API client finds out about it afterwards. */
export async function checkCustomResults(site: Site, machine: LabMachine, id: string): Promise<void> {
  await restartedInBetween(site, machine, id);
  const results = await resultsOf(site.api, id, "current-testing");
  const statusOf = (name: string, device = "") => resultFor(results, name, device).status_name;

  assert.deepEqual([statusOf("lab-disk", "vda"), statusOf("lab-disk", "vdb")], ["Passed", "Passed"]);
  assert.match(resultFor(results, "lab-disk", "vda").result, /size_mib: 8192$/m);
  assert.match(resultFor(results, "lab-disk", "vdb").result, /size_mib: 64$/m);

  const [first = "", unplugged = "", elsewhere = ""] = [0, UNPLUGGED, ELSEWHERE].map((nic) => machine.macs[nic]);
  assert.deepEqual(
    [first, unplugged, elsewhere].map((mac) => statusOf("lab-nic", mac)),
    ["Passed", "Failed", "Passed"],
  );
  assert.match(resultFor(results, "lab-nic", first).result, /reaches: 10\.77\.0\.1$/m);
  assert.match(resultFor(results, "lab-nic", unplugged).stderr, /has no link$/m);
  assert.match(resultFor(results, "lab-nic", elsewhere).result, /reaches: 10\.77\.2\.1$/m);

  const failed = resultFor(results, "lab-fails");
  assert.deepEqual([failed.status_name, failed.exit_status], ["Failed", 3]);
  assert.equal(failed.stdout, "looked at the fan\n");
  assert.equal(failed.stderr, "the fan does not turn\n");
  const snap = resultFor(results, "lab-wants-snap");
  assert.equal(snap.status_name, "Failed installing dependencies");
  assert.match(
    snap.output,
    /^Not applicable here: the snap hello cannot be installed, since this image has no snapd\.$/m,
  );
  assert.equal(statusOf("lab-hangs"), "Timed out");
  assert.match(resultFor(results, "lab-hangs").output, /^waiting for ever$/m);

  const now = (await site.api.machine(id)) as Omit<MachineReply, "interface_set"> & {
    storage_test_status_name: string;
    interface_test_status_name: string;
    interface_set: { mac_address: string; link_connected: boolean }[];
  };
  assert.deepEqual(
    [now.storage_test_status_name, now.interface_test_status_name, now.testing_status_name],
    ["Passed", "Failed", "Failed"],
  );
  const linked = new Map(now.interface_set.map((one) => [one.mac_address, one.link_connected]));
  assert.deepEqual(
    [first, unplugged, elsewhere].map((mac) => linked.get(mac)),
    [true, false, true],
  );
}

async function restartedInBetween({ api }: Site, machine: LabMachine, id: string): Promise<void> {
  const results = await resultsOf(api, id, "current-commissioning");
  const restarts = resultFor(results, "lab-restarts");
  assert.equal(restarts.status_name, "Passed", restarts.output);
  assert.match(restarts.output, /back after the restart$/m);
  const boots = (await readFile(machine.serialLog, "latin1")).match(/^=== lab: \S+ boot \d+/gm) ?? [];
  assert.equal(boots.length, 2, boots.join("; "));
  const before = resultFor(results, "50-maas-01-commissioning");
  assert.equal(before.status_name, "Passed", before.output);
  assert.ok(
    before.endtime !== null && restarts.starttime !== null && before.endtime <= restarts.starttime,
    "what had ended before the restart did not run again",
  );
  for (const one of results)
    assert.ok(["Passed", "Skipped"].includes(one.status_name), `${one.name}: ${one.status_name}: ${one.output}`);
}

/** Somebody looks at it, and uses the machine in spite of it. */
export async function suppressAndOverride({ api }: Site, id: string): Promise<void> {
  const suppress = (filters: string, suppressed: boolean) =>
    api.call("PUT", `/nodes/${id}/results/current-testing/`, { filters, suppressed: String(suppressed) });
  await suppress("lab-nic", true);
  const nics = (await api.machine(id)) as MachineReply & { interface_test_status_name: string };
  assert.notEqual(nics.interface_test_status_name, "Failed");
  assert.equal(nics.testing_status_name, "Failed", "others have failed still");
  for (const name of ["lab-fails", "lab-wants-snap", "lab-hangs"]) await suppress(name, true);
  assert.equal((await api.machine(id)).testing_status_name, "Passed");
  await suppress("lab-fails", false);
  assert.equal((await api.machine(id)).testing_status_name, "Failed", "it counts again");
  assert.equal((await api.machine(id)).status_name, "Failed testing", "what is counted decides nothing by itself");
  const good = await api.act(id, "override_failed_testing", { comment: "the fan is a spare" });
  assert.equal(good.status_name, "Ready");
}
