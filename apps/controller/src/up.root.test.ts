/** script/up with DHCP, in a network namespace of its own: Kea across kill -9, and a rack on two subnets. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { identify } from "@rackwright/db/postgres/process";
import { keaDirectory } from "@rackwright/rack/dhcp/work-directory";
import { plaintextHeader } from "@rackwright/region/testing/request";
import { until } from "@rackwright/testkit/until";
import { processesOn, type Ready, UP, upRoom, type UpRoom } from "./up-process.ts";

const namespace = `rwup${process.pid}`;
const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "pipe" });
const inside = (...args: string[]) => ip("-n", namespace, ...args);

function unable(): string | false {
  if (process.getuid?.() !== 0) return "needs root: it serves DHCP in a network namespace";
  if (!existsSync("/usr/sbin/kea-dhcp4")) return "needs kea-dhcp4 (apps/rack/packages.txt)";
  return existsSync("/usr/sbin/ip") || existsSync("/sbin/ip") ? false : "needs ip(8), of the package iproute2";
}

/** Over the socket file, which is reached from outside the namespace. */
function call(
  room: UpRoom,
  up: Ready,
  method: string,
  path: string,
  form: Record<string, string> = {},
): Promise<unknown> {
  const [consumerKey = "", tokenKey = "", tokenSecret = ""] = up.api_key.split(":");
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const sent = request({
    socketPath: join(room.data, "run/region.sock"),
    method,
    path: `/MAAS/api/2.0/${path}`,
    headers: {
      authorization: plaintextHeader({ consumerKey, tokenKey, tokenSecret, name: "" }),
      "content-type": "application/x-www-form-urlencoded",
    },
  });
  const read = async (reply: IncomingMessage) => {
    const text = (await reply.toArray()).join("");
    if ((reply.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${reply.statusCode} ${text}`);
    return JSON.parse(text) as unknown;
  };
  sent.on("error", reject).on("response", (reply) => resolve(read(reply)));
  sent.end(method === "GET" ? undefined : new URLSearchParams(form).toString());
  return promise;
}

interface Subnet {
  cidr: string;
  vlan: { id: number; fabric_id: number; vid: number };
}

async function addSubnet(room: UpRoom, up: Ready, cidr: string): Promise<Subnet> {
  const fabric = (await call(room, up, "POST", "fabrics/")) as { vlans: { id: number }[] };
  const vlan = String(fabric.vlans[0]?.id);
  return (await call(room, up, "POST", "subnets/", { cidr, vlan })) as Subnet;
}

async function serve(room: UpRoom, up: Ready, net: string): Promise<void> {
  const [rack] = (await call(room, up, "GET", "rackcontrollers/")) as { system_id: string }[];
  const known = (await call(room, up, "GET", "subnets/")) as Subnet[];
  const subnet = known.find((each) => each.cidr === `${net}.0/24`) ?? (await addSubnet(room, up, `${net}.0/24`));
  const range = { type: "dynamic", start_ip: `${net}.100`, end_ip: `${net}.200` };
  await call(room, up, "POST", "ipranges/", range);
  const path = `fabrics/${subnet.vlan.fabric_id}/vlans/${subnet.vlan.vid}/`;
  await call(room, up, "PUT", path, { dhcp_on: "true", primary_rack: rack?.system_id ?? "" });
}

test("machines on every subnet of a rack are served, also after kill -9 of it", { skip: unable() }, async () => {
  await using room = upRoom();
  let kea = "";
  try {
    ip("netns", "add", namespace);
    inside("link", "set", "lo", "up");
    for (const [name, net] of [
      ["eth1", "10.91.1"],
      ["eth2", "10.91.2"],
    ] as const) {
      inside("link", "add", name, "type", "veth", "peer", "name", `${name}-wire`);
      inside("address", "add", `${net}.1/24`, "dev", name);
      for (const end of [name, `${name}-wire`]) inside("link", "set", end, "up");
    }
    kea = await keaDirectory(join(room.data, "rack"));
    const command = ["ip", "netns", "exec", namespace, ...UP];
    const args = ["--host", "0.0.0.0"];
    const first = await room.up(args, { dhcp: true, command });
    await serve(room, first, "10.91.1");
    await serve(room, first, "10.91.2");
    const config = () => readFileSync(join(kea, "kea-dhcp4.json"), "utf8");
    const isServing = () => ["eth1", "eth2", "10.91.1.1", "10.91.2.1"].every((word) => config().includes(word));
    await until(isServing, { timeoutMs: 20_000, what: "Kea to be told of both subnets" });
    const before = keaPid(kea);
    assert.ok(identify(before));

    first.child.kill("SIGKILL");
    await first.ended;
    const postgres = room.postgresPid();
    const second = await room.up(args, { dhcp: true, command });
    assert.equal(room.postgresPid(), postgres, "PostgreSQL was taken over");
    await until(() => keaPid(kea) !== before && isServing(), { timeoutMs: 20_000, what: "a Kea of the new process" });
    assert.equal(identify(before), undefined, "the one of the old process has ended");
    const after = keaPid(kea);
    second.child.kill("SIGTERM");
    assert.equal(await second.ended, 0, second.stderr());
    assert.equal(identify(after), undefined);
    assert.deepEqual(processesOn(room.dir), []);
  } finally {
    if (kea !== "" && existsSync(kea)) {
      const left = readdirSync(kea).includes("kea-dhcp4.child") ? keaPid(kea) : 0;
      if (left > 0 && identify(left)) process.kill(left, "SIGKILL");
      rmSync(join(kea, ".."), { recursive: true, force: true });
    }
    ip("netns", "del", namespace);
  }
});

const keaPid = (directory: string): number =>
  (JSON.parse(readFileSync(join(directory, "kea-dhcp4.child"), "utf8")) as { pid: number }).pid;
