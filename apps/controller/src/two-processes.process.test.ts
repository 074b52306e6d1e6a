import assert from "node:assert/strict";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "@rackwright/testkit/free-port";
import { until } from "@rackwright/testkit/until";
import { call, processesOn, PROJECT, RACK, type Ready, type Running, upRoom, type UpRoom } from "./up-process.ts";

const PATIENCE = { timeoutMs: 20_000 };

function startRack(room: UpRoom, region: Ready, secretFile: string, command: readonly string[] = RACK): Running {
  const origin = new URL(region.url).origin;
  const ports = ["--host", "127.0.0.1", "--http-port", "0", "--no-tftp", "--no-dhcp"];
  const data = join(room.dir, "rack");
  return room.run([...command, "--region", origin, "--secret-file", secretFile, "--data", data, ...ports]);
}

/** The port that machines would use. */
const httpPort = (rack: Running) =>
  until(() => Number(/"httpBootPort":(\d+)/.exec(rack.stderr())?.[1]) || undefined, {
    ...PATIENCE,
    what: "the rack to serve",
  });

const rackIds = async (region: Ready) =>
  ((await call(region, "rackcontrollers/")) as { system_id: string }[]).map((rack) => rack.system_id);

test("a rack in its own process enrols, carries machines to the region, and outlives a restart of it", async () => {
  await using room = upRoom();
  const port = String(await freePort());
  const region = await room.up(["--no-rack", "--port", port]);
  assert.deepEqual(await rackIds(region), []);
  const secret = join(room.dir, "copied-secret");
  copyFileSync(join(room.data, "rack-secret"), secret);
  const rack = startRack(room, region, secret, [join(PROJECT, "script/rack")]);
  const door = `http://127.0.0.1:${await httpPort(rack)}`;
  const [id] = await until(async () => {
    const ids = await rackIds(region);
    return ids.length > 0 && ids;
  }, PATIENCE);
  assert.equal((await fetch(`${door}/MAAS/api/2.0/version/`)).status, 200);
  await until(() => region.stderr().includes("a rack controller is connected"), PATIENCE);

  region.child.kill("SIGKILL");
  await region.ended;
  assert.match(await (await fetch(`${door}/ipxe.cfg-52-54-00-00-00-01`)).text(), /no connection to its region/);
  const again = await room.up(["--no-rack", "--port", port]);
  await until(() => again.stderr().includes("a rack controller is connected"), PATIENCE);
  assert.deepEqual(await rackIds(again), [id]);
  assert.equal((await fetch(`${door}/MAAS/api/2.0/version/`)).status, 200);

  rack.child.kill("SIGTERM");
  assert.equal(await rack.ended, 0, rack.stderr());
  assert.equal(rack.stdout(), "");
  await until(() => again.stderr().includes("a rack controller has gone"), PATIENCE);
  again.child.kill("SIGTERM");
  assert.equal(await again.ended, 0, again.stderr());
  assert.deepEqual(processesOn(room.dir), []);
});

test("a rack with a wrong secret is refused with the reason, and enrols once it has the right one", async () => {
  await using room = upRoom();
  const region = await room.up(["--no-rack"]);
  const secret = join(room.dir, "secret");
  writeFileSync(secret, "not the region's\n");
  const rack = startRack(room, region, secret);
  await until(() => /refused to enrol this rack \(40[13]\)/.test(rack.stderr()), PATIENCE);
  assert.deepEqual(await rackIds(region), []);
  assert.ok(!rack.stderr().includes("not the region's"));
  copyFileSync(join(room.data, "rack-secret"), secret);
  chmodSync(secret, 0o600);
  await until(async () => (await rackIds(region)).length === 1, { timeoutMs: 40_000, what: "the rack to enrol" });
});

test("a rack that cannot start says why and ends", async () => {
  await using room = upRoom();
  const region = await room.up();
  const { port } = new URL(region.url);
  const base = [
    "--region",
    region.url,
    "--secret-file",
    "none",
    "--data",
    join(room.dir, "rack"),
    "--no-tftp",
    "--no-dhcp",
  ];
  const taken = room.run([...RACK, ...base, "--host", "127.0.0.1", "--http-port", port]);
  assert.equal(await taken.ended, 1);
  assert.match(
    taken.stderr(),
    new RegExp(`^script/rack: HTTP boot .* port ${port}: another program listens there`, "m"),
  );
  const lost = room.run([...RACK, "--region", region.url]);
  assert.equal(await lost.ended, 1);
  assert.match(lost.stderr(), /^script\/rack: --secret-file is missing/);
  const help = room.run([...RACK, "--help"]);
  assert.equal(await help.ended, 0);
  assert.match(help.stdout(), /^Usage: script\/rack --region URL/);
});
