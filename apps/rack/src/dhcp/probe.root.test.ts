/** The probe on a real segment: two network namespaces with a cable between them, and dnsmasq at its far end. */
import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const has = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const missing = [
  process.getuid?.() === 0 ? undefined : "root",
  has("ip", "-V") ? undefined : "package iproute2",
  has("dnsmasq", "--version") ? undefined : "package dnsmasq-base",
].filter((reason) => reason !== undefined);
const skip = missing.length > 0 ? `needs ${missing.join(", ")}` : false;

const PROBE = JSON.stringify(import.meta.resolve("./probe.ts"));
const MAC = "52:54:00:00:77:01";

test("a server that answers is named; a quiet network names none", { skip, timeout: 60_000 }, async (t) => {
  const near = `rwprobe-a${process.pid}`;
  const far = `rwprobe-b${process.pid}`;
  const ip = (...words: string[]) => run("ip", words);
  for (const name of [near, far]) {
    await ip("netns", "add", name);
    t.after(() => ip("netns", "del", name));
  }
  await ip("-n", near, "link", "add", "near0", "address", MAC, "type", "veth", "peer", "name", "far0", "netns", far);
  for (const [name, device, address] of [
    [near, "near0", "10.99.0.1/24"],
    [far, "far0", "10.99.0.250/24"],
  ] as const) {
    await ip("-n", name, "addr", "add", address, "dev", device);
    await ip("-n", name, "link", "set", device, "up");
  }
  const probe = async (waitMs: number): Promise<unknown> => {
    const code = `const { probeDhcp } = await import(${PROBE});
      console.log(JSON.stringify(await probeDhcp({ mac: "${MAC}", address: "10.99.0.1" }, { waitMs: ${waitMs} })));`;
    const node = [process.execPath, "--input-type=module", "-e", code];
    const { stdout } = await run("ip", ["netns", "exec", near, ...node]);
    return JSON.parse(stdout);
  };
  assert.deepEqual(await probe(200), []);

  const options = "port=0 no-resolv no-hosts interface=far0 bind-dynamic leasefile-ro pid-file= no-ping log-dhcp";
  const words = [...options.split(" "), "dhcp-range=10.99.0.100,10.99.0.199,10m", "log-facility=-"];
  const server = spawn(
    "ip",
    ["netns", "exec", far, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", ...words.map((w) => `--${w}`)],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  t.after(async () => {
    if (server.exitCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  });
  await once(server.stderr, "data"); // it has begun
  assert.deepEqual(await probe(4_000), ["10.99.0.250"]);
});
