/** Somebody logs in to a machine whose tests failed, and runs the scripts by hand (S0-137 to S0-143 of the requirements). */
import assert from "node:assert/strict";
import { sshTo } from "../ssh.ts";
import type { ScriptsRoom } from "./room.ts";
import { resultFor, resultsOf } from "./results.ts";
import { BY_HAND, CHANGED_AGAIN, MENDED } from "./scripts.ts";

/** Half a minute; other tests may keep the host busy. */
const MOST_MS = 600_000;

export async function runByHand({ site, sshKey }: ScriptsRoom, id: string, say: (line: string) => void): Promise<void> {
  const { api, lab } = site;
  const [address] = (await api.machine(id)).ip_addresses;
  assert.ok(address, "it has an address to log in at");
  const put = (text: string) => api.call("PUT", "/scripts/lab-fails", { script: text });
  const signals = async () => (await api.timeline(id)).filter(({ text }) => text.startsWith("signal ")).length;
  const sets = ["current-commissioning", "current-testing"];
  const kept = async () => JSON.stringify(await Promise.all(sets.map((set) => resultsOf(api, id, set))));
  const failing = resultFor(await resultsOf(api, id, "current-testing"), "lab-fails");
  const out = `/tmp/user_data.sh.*/out/lab-fails.${failing.id}/lab-fails`;
  const sshRoot = (command: string) =>
    sshTo(lab, sshKey, `debian@${address}`, `sudo ${BY_HAND}=1 sh -c '${command}' 2>&1`, { commandMs: MOST_MS });
  /** The command as the documentation types it, as root. */
  const run = async (option: string) => {
    const command = `/tmp/user_data.sh.*/bin/maas-run-remote-scripts ${option} /tmp/user_data.sh.*; echo "exit $?"; cat ${out}`;
    const printed = await sshRoot(command);
    say(`${option}: ${printed.trim().split("\n").slice(-3).join(" | ")}`);
    return printed;
  };

  const before = await kept();
  const heard = await signals();
  await put(MENDED);
  const sendsNothing = await run("--no-send");
  bothKindsRan(sendsNothing);
  assert.match(sendsNothing, /^the fan turns again$/m, "what was uploaded meanwhile was downloaded");
  assert.match(sendsNothing, /lab-nic \(.*\) ended with 1/);
  assert.match(sendsNothing, /^exit 1$/m);
  assert.equal(await signals(), heard, "nothing of it reached the region");
  assert.equal(await kept(), before);

  await put(CHANGED_AGAIN);
  const downloadsNothing = await run("--no-download");
  bothKindsRan(downloadsNothing);
  assert.match(downloadsNothing, /^the fan turns again$/m, "what is there was run, and nothing was fetched");
  assert.ok((await signals()) > heard, "the region was told");
  assert.equal(await kept(), before, "and what the tests found stays what they found");
}

function bothKindsRan(printed: string): void {
  for (const label of [
    "commissioning: 50-maas-01-commissioning",
    "commissioning: lab-restarts",
    "testing: lab-disk (vda)",
    "testing: lab-disk (vdb)",
    "testing: lab-fails",
    "testing: lab-hangs",
  ])
    assert.ok(printed.includes(label), `${label} did not run:\n${printed}`);
}
