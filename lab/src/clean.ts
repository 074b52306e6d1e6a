/** Removing a lab: the same steps for one that is stopped and for one whose process was killed. */
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { run } from "./exec.ts";
import { bootId, endProcess, isRunning, processId } from "./processes.ts";
import { type LabRecord, readRecord, recordPath, removeRecord } from "./record.ts";

/** A controller that runs in the namespace, with its database, gets this long to end in order. */
const RESIDENT_GRACE_MS = 10_000;
/** ipmi_sim and dnsmasq end at once; QEMU has no state worth waiting for: it loses power. */
const OWN_GRACE_MS = 1_000;

/**
 * Remove what a killed lab left: its processes (known by pid and start time), all that still runs in its namespace,
 * the namespace, the sockets. Disks, logs and the machines' identities stay. Does nothing when there is nothing.
 * @throws Error when the lab still runs
 */
export async function cleanLab(dir: string): Promise<void> {
  const record = readRecord(resolve(dir));
  if (!record) return;
  if (record.bootId === bootId() && isRunning(record.owner))
    throw new Error(`the lab in ${dir} is run by process ${record.owner.pid}: end that first, then clean`);
  await removeLab(resolve(dir), record);
}

/**
 * End and remove everything in the record, then the record itself.
 * @throws AggregateError with all that could not be removed; the record stays then, and `cleanLab` tries again
 */
export async function removeLab(dir: string, record: LabRecord, log: (line: string) => void = () => {}): Promise<void> {
  const problems: unknown[] = [];
  const attempt = async (step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      problems.push(error);
    }
  };
  if (record.bootId === bootId()) {
    await Promise.all(record.processes.map((entry) => attempt(() => endProcess(entry, OWN_GRACE_MS))));
    await attempt(() => endResidents(record.netns, log));
    await attempt(() => deleteNamespace(record.netns));
  }
  await attempt(async () => rmSync(record.runDir, { recursive: true, force: true }));
  if (problems.length > 0)
    throw new AggregateError(
      problems,
      `the lab in ${dir} is not fully removed (${recordPath(dir)} says what it had): ${problems.map(String).join("; ")}`,
    );
  removeRecord(dir);
}

/** What others started in the namespace (`Lab.command`): the namespace was made for them, so they go with it. */
async function endResidents(netns: string, log: (line: string) => void): Promise<void> {
  if (!(await namespaceExists(netns))) return;
  const pids = (await run(["ip", "netns", "pids", netns])).split("\n").filter(Boolean).map(Number);
  await Promise.all(
    pids.map(async (pid) => {
      const resident = processId(pid);
      if (!resident || pid === process.pid) return;
      log(`ending process ${pid}, which still runs in ${netns}`);
      await endProcess(resident, RESIDENT_GRACE_MS);
    }),
  );
}

async function deleteNamespace(netns: string): Promise<void> {
  if (await namespaceExists(netns)) await run(["ip", "netns", "delete", netns]);
}

async function namespaceExists(netns: string): Promise<boolean> {
  // Lines are "NAME" or "NAME (id: N)".
  return (await run(["ip", "netns", "list"])).split("\n").some((line) => line.split(" ")[0] === netns);
}
