/** The probe on a real segment: two network namespaces with a cable between them, and dnsmasq at its far end. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const has = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const missing = [
  process.getuid?.() === 0 ? undefined : "root",
  has("ip", "-V") ? undefined : "package iproute2",
  has("python3", "-V") ? undefined : "python3",
  has("dnsmasq", "--version") ? undefined : "package dnsmasq-base",
].filter((reason) => reason !== undefined);
const skip = missing.length > 0 ? `needs ${missing.join(", ")}` : false;

const PROBE = JSON.stringify(import.meta.resolve("./probe.ts"));
const MAC = "52:54:00:00:77:01";

type Probe = (waitMs: number) => Promise<unknown>;

/** Two namespaces with a cable between them; one of them asks. */
async function segment(t: TestContext): Promise<{ far: string; probe: Probe }> {
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
  return { far, probe };
}

function stopAfter(t: TestContext, server: ChildProcess): void {
  t.after(async () => {
    if (server.exitCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  });
}

test("a server that answers is named; a quiet network names none", { skip, timeout: 60_000 }, async (t) => {
  const { far, probe } = await segment(t);
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
  stopAfter(t, server);
  await once(server.stderr, "data"); // it has begun
  assert.deepEqual(await probe(4_000), ["10.99.0.250"]);
});

/** Answers each DISCOVER by 40 OFFERs, of servers 10.99.1.1 to 10.99.1.40. */
const FORGER = `
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"far0")
sock.bind(("", 67))
print("ready", flush=True)
while True:
    ask = sock.recv(2048)
    for server in range(1, 41):
        options = bytes([53, 1, 2, 54, 4, 10, 99, 1, server, 255])
        sock.sendto(b"\\2" + ask[1:16] + bytes([10, 99, 0, 200]) + ask[20:240] + options, ("255.255.255.255", 68))
`;

test("of those who answer 16 are named at most", { skip, timeout: 60_000 }, async (t) => {
  const { far, probe } = await segment(t);
  const server = spawn("ip", ["netns", "exec", far, "python3", "-c", FORGER], { stdio: ["ignore", "pipe", "inherit"] });
  stopAfter(t, server);
  await once(server.stdout, "data");
  const named = (await probe(1_000)) as string[];
  assert.equal(named.length, 16);
  assert.ok(named.every((address) => /^10\.99\.1\.\d+$/.test(address)));
});
