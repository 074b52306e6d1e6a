/** Emulated machines against a real controller: `script/up --simulated` on loopback, from enlisting to release. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { faultsOf, parseFault } from "@rackwright/testkit/fleet/faults";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { ApiError, RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";
import { upRoom } from "./up-process.ts";

interface Machine {
  system_id: string;
  status_name: string;
  status_message: string;
  power_type: string;
  cpu_count: number;
  memory: number;
  ip_addresses: string[];
  boot_interface: { mac_address: string } | null;
  physicalblockdevice_set: { serial: string }[];
  last_sync: string | null;
  ephemeral_deploy: boolean;
}

const ENLISTED = 17;
/** One that has a driver, two that have none, one that is switched by hand. */
const madeWith = ["webhook", "virsh", "manual"];
const COUNT = ENLISTED + madeWith.length;
const macs = Array.from({ length: ENLISTED }, (_, i) => `0a:00:00:00:00:${i.toString(16).padStart(2, "0")}`);
const chosen = [parseFault("script-fails:30%"), parseFault("test-fails:8%")];
const failing = (fails: "commissioning" | "testing") =>
  macs.filter((mac) => faultsOf(mac, chosen).some((fault) => fault.fails === fails));

test("twenty emulated machines live their lives, and those that are broken say so", async () => {
  const [noCommissioning, noTests] = [failing("commissioning"), failing("testing")];
  assert.deepEqual([noCommissioning.length, noTests.length], [2, 1]);
  await using room = upRoom();
  const up = await room.up(["--simulated"]);
  const api = new RegionApi(up.url, up.api_key);
  const ending = new AbortController();
  const bootUrl = await until(() => api.bootUrl(), { what: "a rack" });
  const told: string[] = [];
  const fleet = new Fleet({
    api,
    bootUrl,
    speed: 100,
    faults: chosen,
    signal: ending.signal,
    tell: (text) => void told.push(text),
  });
  const playing = fleet.play();
  const machines = async () => (await api.call("GET", "machines/")) as Machine[];
  const all = (what: string, ok: (machine: Machine) => boolean) => {
    let last: Machine[] = [];
    return until(
      async () => {
        last = await machines();
        return last.length === COUNT && last.every(ok) ? last : undefined;
      },
      { timeoutMs: 30_000, everyMs: 500, what },
    ).catch((error: unknown) => {
      const late = last.filter((machine) => !ok(machine)).map((m) => [m.system_id, m.status_name, m.status_message]);
      throw new Error(`${String(error)}\n${JSON.stringify(late)}\n${told.join("\n")}\n${up.stderr().slice(-2000)}`);
    });
  };
  const mac = (machine: Machine) => machine.boot_interface?.mac_address ?? "";
  /** Off and on; its system in memory asks for everything anew, and none was ever installed. */
  const startAgain = async (id: string) => {
    const started = async () => {
      const { items } = (await api.call("GET", `machines/${id}/?op=timeline&limit=1000`)) as {
        items: { text: string }[];
      };
      const times = (pattern: RegExp) => items.filter(({ text }) => pattern.test(text)).length;
      assert.equal(times(/installer|installed system/), 0);
      return times(/^the system in memory fetched its user-data/);
    };
    const is = async (state: string) => {
      const { state: now } = (await api.call("GET", `machines/${id}/?op=query_power_state`)) as { state: string };
      return now === state || undefined;
    };
    assert.equal(await started(), 1);
    await api.call("POST", `machines/${id}/?op=power_off`);
    await until(() => is("off"), { timeoutMs: 30_000, everyMs: 500, what: "power off" });
    await api.call("POST", `machines/${id}/?op=power_on`);
    await until(async () => (await started()) === 2 || undefined, {
      timeoutMs: 30_000,
      everyMs: 500,
      what: "another start from memory",
    });
    assert.equal((await machines()).find((machine) => machine.system_id === id)?.status_name, "Deployed");
  };
  try {
    for (const [index, type] of madeWith.entries())
      await api.call("POST", "machines/", [
        ["mac_addresses", `02:00:00:00:01:0${index + 1}`],
        ["architecture", "amd64/generic"],
        ["power_type", type],
        ["power_parameters_anything", "x"],
      ]);
    const steam = api.call("POST", "machines/", [
      ["mac_addresses", "02:00:00:00:00:0f"],
      ["architecture", "amd64/generic"],
      ["power_type", "steam"],
    ]);
    await assert.rejects(steam, /steam is not one of the available choices/);
    const enlisted = await Promise.all(macs.map((one) => fleet.enlist(one)));
    assert.deepEqual(
      enlisted.filter((machine) => machine.systemId === undefined),
      [],
    );
    const known = await machines();
    assert.equal(known.find((machine) => mac(machine) === macs[0])?.power_type, "ipmi");

    for (const machine of known.filter((one) => one.status_name === "New"))
      await api.call("POST", `machines/${machine.system_id}/?op=commission`);
    const broken = (machine: Machine) => noCommissioning.includes(mac(machine)) || noTests.includes(mac(machine));
    const settled = await all("the end of commissioning", (machine) =>
      broken(machine) ? machine.status_name.startsWith("Failed") : machine.status_name === "Ready",
    );
    const statusOf = (one: string | undefined) => settled.find((machine) => mac(machine) === one)?.status_name;
    assert.deepEqual([statusOf(noCommissioning[0]), statusOf(noTests[0])], ["Failed commissioning", "Failed testing"]);
    const serials = settled.flatMap((machine) => machine.physicalblockdevice_set.map((disk) => disk.serial));
    assert.equal(new Set(serials).size, serials.length);
    assert.ok(new Set(settled.map((machine) => `${machine.cpu_count} ${machine.memory}`)).size > COUNT / 2);

    const good = settled.filter((machine) => !broken(machine));
    const [syncing, resting] = good.filter((machine) => machine.power_type === "ipmi");
    for (const { system_id } of good) {
      await api.call("POST", "machines/?op=allocate", [["system_id", system_id]]);
      const sync: [string, string][] = system_id === syncing?.system_id ? [["enable_hw_sync", "true"]] : [];
      const memory: [string, string][] = system_id === resting?.system_id ? [["ephemeral_deploy", "true"]] : [];
      await api.call("POST", `machines/${system_id}/?op=deploy`, [...sync, ...memory]);
    }
    const deployed = (await all("all to be deployed", (m) => broken(m) || m.status_name === "Deployed")).filter(
      (machine) => !broken(machine),
    );
    const addresses = deployed.flatMap((machine) => machine.ip_addresses);
    assert.equal(addresses.length, good.length);
    assert.equal(new Set(addresses).size, addresses.length);
    const reported = await all(
      "one to report its hardware",
      (m) => (m.last_sync !== null) === (m.system_id === syncing?.system_id),
    );
    const hardware = ({ cpu_count, memory, ip_addresses, physicalblockdevice_set: disks }: Machine) => [
      cpu_count,
      memory,
      ip_addresses,
      disks.map((d) => d.serial),
    ];
    const find = (list: Machine[]) => list.filter((m) => m.system_id === syncing?.system_id).map(hardware);
    assert.deepEqual(find(reported), find(deployed), "it is what it was, with the address that it was given");
    assert.deepEqual(
      deployed.filter((machine) => machine.ephemeral_deploy).map((machine) => machine.system_id),
      [resting?.system_id],
    );
    await startAgain(resting?.system_id ?? "");

    await api.call(
      "POST",
      "machines/?op=release",
      good.map(({ system_id }) => ["machines", system_id]),
    );
    await all("all to be released", (machine) => broken(machine) || machine.status_name === "Ready");
  } finally {
    ending.abort();
    await playing;
  }
  up.child.kill("SIGTERM");
  await up.ended;
  await assert.rejects(room.up(), /made with --simulated/);
});

test("an installation for real machines has no simulator, and does not become one for emulated ones", async () => {
  await using room = upRoom();
  const up = await room.up();
  const api = new RegionApi(up.url, up.api_key);
  const absent = (error: unknown) => error instanceof ApiError && error.status === 404;
  await assert.rejects(api.take(false), absent);
  await assert.rejects(api.report({ off: ["abc123:1"] }), absent);
  await assert.rejects(api.bootUrl(), absent);
  up.child.kill("SIGTERM");
  await up.ended;
  await assert.rejects(room.up(["--simulated"]), /this installation is for real machines/);
  // The mark may be lost: the database knows too.
  await rm(join(room.data, "installation.json"));
  await assert.rejects(room.up(["--simulated"]), /this installation is for real machines/);
});
