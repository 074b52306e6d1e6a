/** A scan from the API to the wire and back: a controller in one network namespace, a host at the far end of its cable in another. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { plaintextHeader } from "@rackwright/region/testing/request";
import { until } from "@rackwright/testkit/until";
import { UP, upRoom } from "./up-process.ts";

const run = promisify(execFile);
const missing = [
  process.getuid?.() === 0 ? undefined : "root",
  spawnSync("ip", ["-V"]).status === 0 ? undefined : "package iproute2",
].filter((reason) => reason !== undefined);
const skip = missing.length > 0 ? `needs ${missing.join(", ")}` : false;
const MAC = "52:54:00:00:97:02";

test("a host on the rack's network comes up in the list of discoveries", { skip, timeout: 120_000 }, async (t) => {
  const near = `rwdisc-a${process.pid}`;
  const far = `rwdisc-b${process.pid}`;
  const ip = (...words: string[]) => run("ip", words);
  for (const name of [near, far]) {
    await ip("netns", "add", name);
    t.after(() => ip("netns", "del", name));
  }
  await ip("-n", near, "link", "add", "near0", "type", "veth", "peer", "name", "far0", "address", MAC, "netns", far);
  await ip("-n", near, "link", "set", "lo", "up");
  for (const [name, device, address] of [
    [near, "near0", "10.97.0.1/24"],
    [far, "far0", "10.97.0.66/24"],
  ] as const) {
    await ip("-n", name, "addr", "add", address, "dev", device);
    await ip("-n", name, "link", "set", device, "up");
  }

  await using room = upRoom();
  const up = await room.up([], { command: ["ip", "netns", "exec", near, ...UP] });
  const [consumerKey = "", tokenKey = "", tokenSecret = ""] = up.api_key.split(":");
  /** By the socket that is reached from other namespaces of the host. */
  const api = (method: string, path: string, form?: Record<string, string>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: plaintextHeader({ consumerKey, tokenKey, tokenSecret, name: "" }),
        ...(form ? { "content-type": "application/x-www-form-urlencoded" } : {}),
      };
      const socketPath = join(room.data, "run/region.sock");
      const sent = httpRequest({ socketPath, method, path: `/MAAS/api/2.0/${path}`, headers }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (reply.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${reply.statusCode} ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(form ? new URLSearchParams(form).toString() : undefined);
    });

  const connected = async () => {
    const [rack] = (await api("GET", "rackcontrollers/")) as { service_set: { name: string; status: string }[] }[];
    return rack?.service_set.some(({ name, status }) => name === "rackd" && status === "running") ?? false;
  };
  await until(connected, { what: "the rack to be connected", timeoutMs: 30_000, everyMs: 200 });
  const [region] = (await api("GET", "regioncontrollers/")) as {
    system_id: string;
    hostname: string;
    ip_addresses: string[];
    interface_set: { name: string; mac_address: string }[];
  }[];
  assert.deepEqual(
    region?.interface_set.map(({ name }) => name),
    ["near0"],
  );
  assert.ok(region?.ip_addresses.includes("10.97.0.1"), JSON.stringify(region?.ip_addresses));

  const scan = (await api("POST", "discovery/?op=scan", { cidr: "10.97.0.64/28" })) as Record<string, unknown>;
  const names = { system_id: region?.system_id, hostname: region?.hostname };
  assert.deepEqual([scan.scan_started_on, scan.failures], [[names], []], JSON.stringify(scan));
  const found = async () => (await api("GET", "discovery/")) as { ip: string; mac_address: string; observer: object }[];
  await until(async () => (await found()).length > 0, { what: "a discovery", timeoutMs: 30_000, everyMs: 200 });
  const [only, ...others] = await found();
  assert.deepEqual(others, []);
  assert.deepEqual([only?.ip, only?.mac_address], ["10.97.0.66", MAC]);
  assert.deepEqual(
    { ...only?.observer, interface_id: 0 },
    {
      system_id: region?.system_id,
      hostname: region?.hostname,
      interface_id: 0,
      interface_name: "near0",
    },
  );
});
