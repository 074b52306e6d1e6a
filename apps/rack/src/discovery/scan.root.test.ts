/** A scan on a real segment: the rack in one network namespace, hosts at the far end of its cable in another. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const has = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const missing = [
  process.getuid?.() === 0 ? undefined : "root",
  has("ip", "-V") ? undefined : "package iproute2",
].filter((reason) => reason !== undefined);
const skip = missing.length > 0 ? `needs ${missing.join(", ")}` : false;

const MAC = "52:54:00:00:98:02";
const SCAN = JSON.stringify(import.meta.resolve("./scan.ts"));
const INTERFACES = JSON.stringify(import.meta.resolve("../interfaces.ts"));

let made = 0;
/** Two namespaces with a cable between them: 10.98.0.1 near, and at its far end whatever addresses are given. */
async function segment(t: TestContext, ...hosts: string[]) {
  const [near, far] = ["a", "b"].map((end) => `rwscan-${end}${++made}-${process.pid}`) as [string, string];
  const ip = (...words: string[]) => run("ip", words);
  for (const name of [near, far]) {
    await ip("netns", "add", name);
    t.after(() => ip("netns", "del", name));
  }
  await ip("-n", near, "link", "add", "near0", "type", "veth", "peer", "name", "far0", "address", MAC, "netns", far);
  await ip("-n", near, "addr", "add", "10.98.0.1/24", "dev", "near0");
  for (const host of hosts) await ip("-n", far, "addr", "add", `${host}/24`, "dev", "far0");
  for (const [name, device] of [
    [near, "near0"],
    [far, "far0"],
  ] as const)
    await ip("-n", name, "link", "set", device, "up");
  /** @returns the addresses that were reported, in the order of their numbers */
  async function scan(request: object = {}): Promise<string[]> {
    const wanted = { cidrs: [], alwaysUsePing: false, slow: false, threads: null, ...request };
    const code = `
      const { Scanner } = await import(${SCAN});
      const { rackInterfaces } = await import(${INTERFACES});
      const found = [];
      const log = { warn: (what) => console.error(what), info() {}, error: console.error };
      const scanner = new Scanner({ interfaces: rackInterfaces, log, report: async (seen) => void found.push(...seen) });
      const started = await scanner.start(${JSON.stringify(wanted)});
      const again = await scanner.start(${JSON.stringify(wanted)}).then(() => "", (error) => error.code);
      await scanner.idle();
      console.log(JSON.stringify({ started, again, found }));`;
    const words = ["netns", "exec", near, process.execPath, "--input-type=module", "-e", code];
    const { stdout, stderr } = await run("ip", words);
    assert.equal(stderr, "");
    const { started, again, found } = JSON.parse(stdout);
    if (started.length === 0) return ["nothing started"];
    assert.deepEqual([started, again], [["near0"], "conflict"]);
    for (const host of found) assert.deepEqual([host.interface, host.mac], ["near0", MAC]);
    return found.map((host: { ip: string }) => host.ip);
  }
  return { scan, ip, near, far };
}

test("who is on the wire is found with its MAC address, who is not is not", { skip, timeout: 120_000 }, async (t) => {
  const { scan, ip, near, far } = await segment(t, "10.98.0.9", "10.98.0.200");
  assert.deepEqual(await scan(), ["10.98.0.9", "10.98.0.200"]);
  assert.deepEqual(await scan({ cidrs: ["10.98.0.128/25", "10.44.0.0/16"] }), ["10.98.0.200"]);
  assert.deepEqual(await scan({ cidrs: ["10.44.0.0/16"] }), ["nothing started"]);
  assert.deepEqual(await scan({ cidrs: ["10.98.0.0/28"], slow: true }), ["10.98.0.9"]);
  // The kernel still remembers it, as of some time ago: it is asked again, and does not answer.
  await ip("-n", far, "addr", "del", "10.98.0.200/24", "dev", "far0");
  await ip("-n", near, "neigh", "change", "10.98.0.200", "dev", "near0", "nud", "stale");
  assert.deepEqual(await scan({ cidrs: ["10.98.0.192/28"] }), []);
});

const noPing = has("ping", "-V") ? skip : "needs package iputils-ping";
test("with ping, who answers it is found", { skip: noPing, timeout: 120_000 }, async (t) => {
  const { scan } = await segment(t, "10.98.0.9");
  assert.deepEqual(await scan({ cidrs: ["10.98.0.0/28"], alwaysUsePing: true, threads: 8 }), ["10.98.0.9"]);
});
