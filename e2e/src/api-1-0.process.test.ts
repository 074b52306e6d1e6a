/** One emulated machine through its whole life by API 1.0 alone, seen the same by 2.0 at every step; and the command line on 1.0. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PROJECT, type Ready, upRoom } from "@rackwright/controller/up-process";
import { plaintextHeader } from "@rackwright/region/testing/request";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";
import { type Call, liveByOldApi, type OldNode } from "./old-api/life.ts";

const MAC = "0a:00:00:00:10:01";
const ADMINS_MAC = "0a:00:00:00:10:02";

/** Calls of a version of the API. @param key of an administrator; none is a stranger */
function calls(url: string, version: "1.0" | "2.0", key: string | undefined): Call {
  const [consumerKey = "", tokenKey = "", tokenSecret = ""] = key?.split(":") ?? [];
  return async (method, path, form = {}) => {
    const authorization = plaintextHeader({ consumerKey, tokenKey, tokenSecret, name: "" });
    const reply = await fetch(`${url}api/${version}/${path}`, {
      method,
      headers: key === undefined ? {} : { authorization },
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
  try {
    const old = calls(up.url, "1.0", up.api_key);
    const { systemId } = await liveByOldApi({
      old,
      stranger: calls(up.url, "1.0", undefined),
      now: calls(up.url, "2.0", up.api_key),
      username: up.username,
      mac: MAC,
      power: { power_type: "virsh", power_parameters_power_id: "any" },
      userData: "#cloud-config\n{}\n",
      timeoutMs: 60_000,
      everyMs: 100,
      say: (line) => t.diagnostic(line),
      started: async () => undefined, // that it is on is all that there is to see of an emulated one
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${told.slice(-5).join("\n")}\n${up.stderr().slice(-1500)}`, { cause: error });
    });
    await onTheCommandLine(up, room.dir, systemId);
    const fields = { architecture: "amd64/generic", mac_addresses: ADMINS_MAC, power_type: "virsh" };
    const made = await old("POST", "nodes/?op=new", { ...fields, power_parameters_power_id: "any" });
    assert.equal((made as OldNode).status, 1, "what an administrator adds is commissioned at once");
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
  const nodes = JSON.parse(await maas("old", "nodes", "list")) as OldNode[];
  assert.deepEqual(
    nodes.map((node) => node.system_id),
    [id],
  );
  assert.equal((JSON.parse(await maas("old", "node", "read", id)) as OldNode).status, 4);
  const zone = JSON.parse(await maas("old", "zones", "create", "name=by-hand")) as { resource_uri: string };
  assert.equal(zone.resource_uri, "/MAAS/api/1.0/zones/by-hand/");
  const clusters = JSON.parse(await maas("old", "node-groups", "list")) as { uuid: string }[];
  assert.equal(clusters.length, 1);
  await assert.rejects(maas("login", "wrong", `${up.url}api/1.0/`, "a:b:c"), /rejected your API key/);
}
