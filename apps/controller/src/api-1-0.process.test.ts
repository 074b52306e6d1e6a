/** One emulated machine through its whole life by API 1.0 alone, seen the same by 2.0 at every step; and the command line on 1.0. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { plaintextHeader } from "@rackwright/region/testing/request";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";
import { PROJECT, type Ready, upRoom } from "./up-process.ts";

interface Node {
  system_id: string;
  hostname: string;
  owner: string | null;
  status: number;
  substatus: number;
  power_state: string;
  macaddress_set: { mac_address: string }[];
  cpu_count: number;
  memory: number;
  storage: number;
  ip_addresses: string[];
  tag_names: string[];
  distro_series: string;
}

interface Machine extends Pick<Node, "owner" | "status" | "power_state" | "cpu_count" | "memory" | "ip_addresses"> {
  fqdn: string;
  storage: number;
  tag_names: string[];
  distro_series: string;
  interface_set: { mac_address: string }[];
}

const MAC = "0a:00:00:00:10:01";

/** Calls of API 1.0. @throws Error with the reply when it is not a success */
function api10({ url, api_key }: Pick<Ready, "url" | "api_key">) {
  const [consumerKey = "", tokenKey = "", tokenSecret = ""] = api_key.split(":");
  return async (method: "GET" | "POST" | "PUT", path: string, form: Record<string, string> = {}): Promise<unknown> => {
    const reply = await fetch(`${url}api/1.0/${path}`, {
      method,
      headers: { authorization: plaintextHeader({ consumerKey, tokenKey, tokenSecret, name: "" }) },
      ...(method === "GET" ? {} : { body: new URLSearchParams(form) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return JSON.parse(text);
  };
}

test("a machine lives by API 1.0, and 2.0 sees the same", async (t) => {
  await using room = upRoom();
  const up = await room.up(["--simulated"]);
  const api = new RegionApi(up.url, up.api_key);
  const call = api10(up);
  const bootUrl = await until(() => api.bootUrl(), { what: "a rack" });
  const ending = new AbortController();
  const told: string[] = [];
  const fleet = new Fleet({
    api,
    bootUrl,
    speed: 100,
    faults: [],
    signal: ending.signal,
    tell: (text) => void told.push(text),
  });
  const playing = fleet.play();
  let id = "";

  /** The node by 1.0, once it is so, and 2.0's view of it, which must agree. */
  async function step(what: string, ok: (node: Node) => boolean): Promise<Node> {
    let last: unknown;
    const seen = await until(
      async () => {
        // Twice by 1.0: what changed between the three looks proves nothing.
        const node = (await call("GET", `nodes/${id}/`)) as Node;
        const machine = (await api.call("GET", `machines/${id}/`)) as Machine;
        const again = await call("GET", `nodes/${id}/`);
        last = [node, machine.status, told.slice(-5)];
        return ok(node) && JSON.stringify(node) === JSON.stringify(again) ? { node, machine } : undefined;
      },
      { timeoutMs: 60_000, everyMs: 100, what },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(last)}\n${up.stderr().slice(-1500)}`);
    });
    const { node, machine } = seen;
    assert.deepEqual(
      {
        hostname: node.hostname,
        owner: node.owner,
        status: node.substatus,
        power_state: node.power_state,
        cpu_count: node.cpu_count,
        memory: node.memory,
        storage: node.storage,
        ip_addresses: node.ip_addresses,
        tag_names: node.tag_names,
        distro_series: node.distro_series,
        macs: node.macaddress_set.map((one) => one.mac_address),
      },
      {
        hostname: machine.fqdn,
        owner: machine.owner,
        status: machine.status,
        power_state: machine.power_state,
        cpu_count: machine.cpu_count,
        memory: machine.memory,
        storage: Math.floor(machine.storage),
        ip_addresses: machine.ip_addresses,
        tag_names: machine.tag_names,
        distro_series: machine.distro_series,
        macs: machine.interface_set.map((one) => one.mac_address),
      },
      what,
    );
    t.diagnostic(`${what}: 1.0 says ${node.status}, 2.0 ${machine.status}, power ${node.power_state}`);
    return node;
  }

  try {
    const fields = { architecture: "amd64/generic", mac_addresses: MAC, power_type: "virsh" };
    const made = (await call("POST", "nodes/?op=new", { ...fields, power_parameters_power_id: "any" })) as Node;
    id = made.system_id;
    assert.equal(made.status, 1);
    const ready = await step("commissioned", (node) => node.status === 4);
    assert.ok(ready.cpu_count > 0 && ready.memory > 0 && ready.storage > 0);
    await call("POST", `nodes/${id}/?op=commission`);
    await step("commissioned again", (node) => node.status === 4);

    const acquired = (await call("POST", "nodes/?op=acquire", { mem: "1", agent_name: "test" })) as Node;
    assert.deepEqual([acquired.system_id, acquired.status, acquired.owner], [id, 6, up.username]);
    await step("acquired", (node) => node.substatus === 10);
    const [allocated] = (await call("GET", "nodes/?op=list_allocated")) as Node[];
    assert.equal(allocated?.system_id, id);

    const user_data = Buffer.from("#cloud-config\n{}\n").toString("base64");
    const started = (await call("POST", `nodes/${id}/?op=start`, { user_data })) as Node;
    assert.deepEqual([started.status, started.substatus], [6, 9]);
    const deployed = await step("started", (node) => node.substatus === 6);
    assert.equal(deployed.ip_addresses.length, 1);

    await call("POST", `nodes/${id}/?op=stop`);
    const stopped = await step("stopped", (node) => node.power_state === "off");
    assert.deepEqual([stopped.status, stopped.owner], [6, up.username]);
    await call("POST", `nodes/${id}/?op=start`);
    await step("started again", (node) => node.power_state === "on" && node.substatus === 6);

    await call("POST", `nodes/${id}/?op=release`);
    const released = await step("released", (node) => node.status === 4);
    assert.equal(released.owner, null);

    const results = (await call("GET", `commissioning-results/?op=list&system_id=${id}`)) as { name: string }[];
    assert.ok(results.some((one) => one.name === "maas-lshw"));
    await onTheCommandLine(up, room.dir, id);
  } finally {
    ending.abort();
    await playing;
  }
  up.child.kill("SIGTERM");
  await up.ended;
});

/** It makes its commands from the description of 1.0, as it does from that of 2.0. */
async function onTheCommandLine(up: Ready, directory: string, id: string): Promise<void> {
  const HOME = join(directory, "home");
  await mkdir(HOME);
  const maas = async (...args: string[]) =>
    (await promisify(execFile)(join(PROJECT, "bin", "maas"), args, { env: { PATH: process.env["PATH"] ?? "", HOME } }))
      .stdout;
  await maas("login", "old", `${up.url}api/1.0/`, up.api_key);
  const nodes = JSON.parse(await maas("old", "nodes", "list")) as Node[];
  assert.deepEqual(
    nodes.map((node) => node.system_id),
    [id],
  );
  assert.equal((JSON.parse(await maas("old", "node", "read", id)) as Node).status, 4);
  const zone = JSON.parse(await maas("old", "zones", "create", "name=by-hand")) as { resource_uri: string };
  assert.equal(zone.resource_uri, "/MAAS/api/1.0/zones/by-hand/");
  const clusters = JSON.parse(await maas("old", "node-groups", "list")) as { uuid: string }[];
  assert.equal(clusters.length, 1);
  await assert.rejects(maas("login", "wrong", `${up.url}api/1.0/`, "a:b:c"), /rejected your API key/);
}
