/** `script/up --simulated --no-dhcp --json` and `script/simulate --play-all`, as somebody types them: machines of every power type, made by hand. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { powerTypeNames } from "@rackwright/power/type-names";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";
import { PROJECT, type Ready, type Running, upRoom } from "./up-process.ts";

interface Machine {
  system_id: string;
  status_name: string;
  status_message: string;
  power_type: string;
}

const SIMULATE = join(PROJECT, "script/simulate");
const command = [join(PROJECT, "script/up")];
const environment = ({ url, api_key }: Ready) => ({ MAAS_URL: url, MAAS_APIKEY: api_key });
const macOf = (index: number) => `02:00:00:00:07:${index.toString(16).padStart(2, "0")}`;
/** Each of them alone is done in seconds; here thirty share two processors with whatever else is tested. */
const TIMEOUT_MS = 120_000;

test("machines of any power type, made with nothing but a MAC address and an architecture, live their lives", async () => {
  await using room = upRoom();
  const up = await room.up(["--simulated", "--no-dhcp"], { command });
  const api = new RegionApi(up.url, up.api_key);
  const play = (...options: string[]): Running =>
    room.run([SIMULATE, "--play-all", "--speed", "50", ...options], { env: environment(up) });

  const types = ["", ...powerTypeNames];
  const machines = async () => (await api.call("GET", "machines/")) as Machine[];
  const all = async (status: string) => {
    let late: Machine[] = [];
    const ok = async () => {
      late = (await machines()).filter((machine) => machine.status_name !== status);
      return late.length === 0;
    };
    await until(ok, { what: `all to be ${status}`, timeoutMs: TIMEOUT_MS, everyMs: 500 }).catch((error: unknown) => {
      const words = late.map((m) => `${m.system_id} (${m.power_type}): ${m.status_name}: ${m.status_message}`);
      throw new Error(`${String(error)}\n${words.join("\n")}\n${up.stderr().slice(-2000)}`);
    });
  };

  // Before anybody plays: what is ordered now is done when somebody does.
  for (const [index, type] of types.entries())
    await api.call("POST", "machines/", [
      ["mac_addresses", macOf(index)],
      ["architecture", "amd64"],
      ...(type === "" ? [] : [["power_type", type] as [string, string]]),
    ]);
  const made = await machines();
  const given = types.map((type) => (type === "" ? "manual" : type));
  assert.deepEqual(made.map(({ power_type }) => power_type).sort(), given.sort());
  for (const { system_id } of made.filter(({ status_name }) => status_name === "New"))
    await api.call("POST", `machines/${system_id}/?op=commission`);

  // The first player is killed in the middle of it; another goes on.
  const killed = play();
  const begun = async () => (await machines()).some(({ status_name }) => ["Testing", "Ready"].includes(status_name));
  await until(begun, { what: "a machine to get on", timeoutMs: TIMEOUT_MS, everyMs: 200 });
  killed.child.kill("SIGKILL");
  await killed.ended;
  const second = play();
  await all("Ready");

  const ids = made.map(({ system_id }) => system_id);
  for (const id of ids) {
    await api.call("POST", "machines/?op=allocate", [["system_id", id]]);
    await api.call("POST", `machines/${id}/?op=deploy`);
  }
  // Two at once play them twice, and nothing is stuck for it.
  const third = play();
  await all("Deployed");
  third.child.kill("SIGINT");
  assert.equal(await third.ended, 0, third.stderr());

  const [erased = "", ...others] = ids;
  await api.call("POST", `machines/${erased}/?op=release`, [["erase", "true"]]);
  await api.call(
    "POST",
    "machines/?op=release",
    others.map((id) => ["machines", id]),
  );
  await all("Ready");
  second.child.kill("SIGTERM");
  assert.equal(await second.ended, 0, second.stderr());

  const enlists = room.run([SIMULATE, "--machines", "2", "--speed", "50"], { env: environment(up) });
  assert.equal(await enlists.ended, 0, enlists.stderr());
  assert.match(enlists.stderr(), /2 of 2 machines enlisted/);
  assert.equal((await machines()).length, types.length + 2);
});

test("a region for real machines is left alone, and says so", async () => {
  await using room = upRoom();
  const up = await room.up([], { command });
  const refused = room.run([SIMULATE, "--machines", "1", "--play-all"], { env: environment(up) });
  assert.equal(await refused.ended, 1);
  assert.match(refused.stderr(), /This installation is for real machines.*script\/up --simulated/);
  assert.deepEqual(await new RegionApi(up.url, up.api_key).call("GET", "machines/"), []);
  const blind = room.run([SIMULATE, "--play-all"], { env: { MAAS_URL: up.url, MAAS_APIKEY: "" } });
  assert.equal(await blind.ended, 1);
  assert.match(blind.stderr(), /MAAS_APIKEY is not set/);
});
