/** Region and rack over the real link: HTTP and WebSocket on loopback, PostgreSQL, a power service that speaks HTTP. */
import assert from "node:assert/strict";
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { startRack } from "@rackwright/rack/rack";
import { createRackServer } from "@rackwright/region/racks/server";
import { testRegion } from "@rackwright/region/testing/region";
import { startWebhookBmc, type WebhookBmc } from "@rackwright/testkit/bmc/webhook";
import { until } from "@rackwright/testkit/until";
import { WebSocket } from "ws";
import { type LinkRoom, linkRoom, sha256Of } from "./link-room.ts";

const enrolment = (room: LinkRoom, change: { secret?: string; timestamp?: number } = {}) => {
  const fields = {
    rackId: randomUUID(),
    hostname: "rack-two",
    inRegion: false,
    nonce: randomBytes(16).toString("hex"),
  };
  const timestamp = change.timestamp ?? Date.now();
  const mac = createHmac("sha256", change.secret ?? room.racks.enrolmentSecret)
    .update([fields.rackId, fields.hostname, fields.inRegion, fields.nonce, timestamp].join("\n"))
    .digest("hex");
  return JSON.stringify({ ...fields, timestamp, mac });
};

const post = (room: LinkRoom, body: string, headers: Record<string, string> = {}) =>
  fetch(`${room.url}/MAAS/rack/enrol`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });

/** The status with which an upgrade was refused, or the socket that was opened. */
async function connect(room: LinkRoom, authorization: string | undefined): Promise<number | WebSocket> {
  const socket = new WebSocket(`${room.url.replace("http", "ws")}/MAAS/rack/ws`, {
    headers: authorization === undefined ? {} : { authorization },
  });
  const refused = Promise.withResolvers<number>();
  socket.on("error", () => {});
  socket.on("unexpected-response", (_request, response) => {
    response.resume();
    socket.terminate();
    refused.resolve(response.statusCode ?? 0);
  });
  return Promise.race([refused.promise, once(socket, "open").then(() => socket)]);
}

async function enrolled(room: LinkRoom): Promise<string> {
  const { systemId, token } = (await (await post(room, enrolment(room))).json()) as { systemId: string; token: string };
  return `Rack ${systemId}:${token}`;
}

const only = (room: LinkRoom) => {
  const [rack, ...more] = room.racks.connected();
  assert.ok(rack && more.length === 0);
  return rack;
};

test("a rack enrols, is known by its row, and keeps its credentials to itself", async () => {
  await using room = await linkRoom();
  const rack = await room.rack();
  await rack.ready;
  const connected = only(room);
  assert.equal(connected.hostname, "rack-one");
  const row = await room.database.db.kysely
    .selectFrom("node")
    .select(["system_id", "node_type", "hostname", "version", "architecture", "status"])
    .where("id", "=", connected.nodeId)
    .executeTakeFirstOrThrow();
  assert.deepEqual(
    { ...row, architecture: row.architecture?.split("/")[1] },
    {
      system_id: connected.systemId,
      node_type: 2,
      hostname: "rack-one",
      version: "0.1.0",
      architecture: "generic",
      status: 6,
    },
  );
  assert.equal((await stat(join(room.dir, "rack-0", "rack.json"))).mode & 0o777, 0o600);
  assert.equal((await stat(join(room.dir, "region", "rack-secret"))).mode & 0o777, 0o600);
  const changes = await room.database.db.kysely
    .selectFrom("change")
    .select("entity_id")
    .where("entity", "=", "rack")
    .execute();
  assert.ok(changes.length >= 2 && changes.every((change) => change.entity_id === connected.systemId));
});

test("a rack that starts again is the same one; another with its host name gets a name of its own", async () => {
  await using room = await linkRoom();
  const dataDir = join(room.dir, "kept");
  const first = await room.rack({ dataDir });
  await first.ready;
  const { nodeId } = only(room);
  await first.stop();
  await until(() => room.racks.connected().length === 0);
  const again = await room.rack({ dataDir });
  await again.ready;
  assert.equal(only(room).nodeId, nodeId);
  const other = await room.rack({ hostname: "Rack_One.example.com" });
  await other.ready;
  assert.deepEqual(
    room.racks
      .connected()
      .map((rack) => rack.hostname)
      .sort(),
    ["rack-one", "rack-one-2"],
  );
});

test("enrolment is refused with another secret, a used or an old request, and no request at all", async () => {
  await using room = await linkRoom();
  assert.equal((await post(room, enrolment(room, { secret: "another secret of some length" }))).status, 401);
  const good = enrolment(room);
  assert.equal((await post(room, good)).status, 200);
  const replayed = await post(room, good);
  assert.equal(replayed.status, 401);
  assert.match(await replayed.text(), /used before/);
  for (const timestamp of [Date.now() - 301_000, Date.now() + 301_000])
    assert.equal((await post(room, enrolment(room, { timestamp }))).status, 401);
  assert.equal((await post(room, "{}")).status, 400);
  assert.equal((await post(room, "no json")).status, 400);
  assert.equal(
    (await post(room, JSON.stringify({ ...(JSON.parse(enrolment(room)) as object), inRegion: true }))).status,
    401,
  );
  // A machine behind a rack has no business here, even if it knew the secret.
  assert.equal((await post(room, enrolment(room), { "x-rackwright-rack": "abc:def" })).status, 404);
  const { count } = await room.database.db.kysely
    .selectFrom("node")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  assert.equal(count, 1);
});

test("nothing of before the region's start is taken, since its memory of used requests is gone", async () => {
  await using room = await linkRoom();
  const good = enrolment(room);
  assert.equal((await post(room, good)).status, 200);
  await room.stopRegion();
  await room.startRegion();
  const replayed = await post(room, good);
  assert.equal(replayed.status, 401);
  assert.match(await replayed.text(), /before the region started/);
});

test("enrolments of one address are throttled", async () => {
  await using room = await linkRoom();
  const statuses: number[] = [];
  for (let i = 0; i < 31; i++) statuses.push((await post(room, "{}")).status);
  assert.deepEqual([statuses[29], statuses[30]], [400, 429]);
});

test("the WebSocket and images open to an enrolled rack alone", async () => {
  await using room = await linkRoom();
  const good = await enrolled(room);
  const wrong = `${good.slice(0, -2)}${good.endsWith("aa") ? "bb" : "aa"}`;
  for (const header of [undefined, "Rack x", wrong, good.replace("Rack", "Bearer"), good.replace(/:.*/, ":")])
    assert.equal(await connect(room, header), 401, header);
  const sha256 = sha256Of("an image");
  await room.images.put(Readable.from([Buffer.from("an image")]), { sha256, sizeBytes: 8 });
  const url = `${room.url}/MAAS/rack/images/${sha256}`;
  const get = async (headers: Record<string, string>) => {
    const reply = await fetch(url, { headers });
    return [reply.status, await reply.text()];
  };
  assert.equal((await get({}))[0], 401);
  assert.equal((await get({ authorization: wrong }))[0], 401);
  assert.deepEqual(await get({ authorization: good }), [200, "an image"]);
  assert.deepEqual(await get({ authorization: good, range: "bytes=3-" }), [206, "image"]);
  assert.deepEqual(await get({ authorization: good, range: "bytes=8-" }), [416, ""]);
  const missing = await fetch(
    url.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
    { headers: { authorization: good } },
  );
  assert.equal(missing.status, 404);
});

test("what is none of the protocol ends the connection with a reason", async () => {
  await using room = await linkRoom();
  const good = await enrolled(room);
  const hello = { hostname: "h", version: "1", architecture: "amd64/generic", interfaces: [] };
  const cases: [string, RegExp][] = [
    ["not json", /none of the protocol/],
    [JSON.stringify({ id: 1, method: "format", params: {} }), /unknown method/],
    [JSON.stringify({ id: 1, method: "constructor", params: {} }), /unknown method/],
    [JSON.stringify({ id: 1, method: "hello", params: { ...hello, hostname: 7 } }), /hello: hostname/],
    [JSON.stringify({ id: 1, method: "evidence", params: { items: [] } }), /first call must be hello/],
    ["", /no hello came/],
  ];
  for (const [text, why] of cases) {
    const socket = await connect(room, good);
    assert.ok(socket instanceof WebSocket);
    const closed = once(socket, "close");
    if (text !== "") socket.send(text);
    const [code, reason] = (await closed) as [number, Buffer];
    assert.equal(code, 1008);
    assert.match(String(reason), why);
  }
  assert.deepEqual(room.racks.connected(), []);
});

test("the newest connection of a rack replaces the one before", async () => {
  await using room = await linkRoom();
  const good = await enrolled(room);
  const open = async () => {
    const socket = await connect(room, good);
    assert.ok(socket instanceof WebSocket);
    const answer = once(socket, "message");
    const params = { hostname: "h", version: "1", architecture: "amd64/generic", interfaces: [] };
    socket.send(JSON.stringify({ id: 1, method: "hello", params }));
    assert.ok("result" in (JSON.parse(String((await answer)[0])) as object));
    return socket;
  };
  const first = await open();
  const closed = once(first, "close");
  const second = await open();
  assert.equal((await closed)[0], 4000);
  const { nodeId } = only(room);
  // A call that is not answered in time is told from one that failed.
  await assert.rejects(room.racks.call(nodeId, "pullDhcp", {}, { timeoutMs: 50 }), { code: "rack_timeout" });
  const waits = room.racks.call(nodeId, "pullDhcp", {});
  second.terminate();
  await assert.rejects(waits, { code: "rack_unavailable" });
  await until(() => room.racks.connected().length === 0);
  await assert.rejects(room.racks.call(nodeId, "pullDhcp", {}), { code: "rack_unavailable" });
});

test("a rack comes back after the region was away, and enrols again where it is not known any more", async () => {
  await using room = await linkRoom();
  const rack = await room.rack();
  await rack.ready;
  const { nodeId } = only(room);
  await room.stopRegion();
  await room.startRegion();
  await until(() => room.racks.connected().length === 1);
  assert.equal(only(room).nodeId, nodeId);
  await room.stopRegion();
  await room.database.db.kysely.deleteFrom("node").where("id", "=", nodeId).execute();
  await room.startRegion();
  await until(() => room.racks.connected().length === 1);
  assert.notEqual(only(room).nodeId, nodeId);
});

const order = (bmc: WebhookBmc) => ({
  systemId: "abc123",
  bootEpoch: 4,
  powerType: "webhook",
  parameters: {
    power_on_uri: `${bmc.url}/on`,
    power_off_uri: `${bmc.url}/off`,
    power_query_uri: `${bmc.url}/state`,
    power_user: bmc.user,
    power_pass: bmc.password,
  },
  bootDevice: null,
  done: [],
});

test("power goes through the rack, each step is told, and a failure is told in the BMC's words without its password", async () => {
  await using room = await linkRoom();
  await using bmc = await startWebhookBmc();
  bmc.state = "on";
  const rack = await room.rack();
  await rack.ready;
  const { nodeId } = only(room);
  const ask = order(bmc);
  assert.deepEqual(await room.racks.call(nodeId, "power", { ...ask, action: "query" }), { state: "on" });
  assert.deepEqual(await room.racks.call(nodeId, "power", { ...ask, action: "cycle" }), { state: "on" });
  assert.deepEqual(room.steps, ["found_on", "off_sent", "observed_off", "on_sent", "observed_on"]);
  await until(() => room.evidence.filter((item) => item.source === "bmc").length === 5);
  const wrong = { ...ask, parameters: { ...ask.parameters, power_pass: "hunter2" } };
  await assert.rejects(
    room.racks.call(nodeId, "power", { ...wrong, action: "on" }),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, "power_failed");
      assert.ok(!error.message.includes("hunter2"));
      return true;
    },
  );
  await assert.rejects(room.racks.call(nodeId, "power", { ...ask, powerType: "abacus", action: "on" }), {
    code: "power_failed",
    message: /no power type abacus/,
  });
});

test("a power action that the region gives up, or whose region vanishes, stops", async () => {
  await using room = await linkRoom();
  await using bmc = await startWebhookBmc();
  const rack = await room.rack();
  await rack.ready;
  bmc.hung = true;
  const abort = new AbortController();
  const asked = room.racks.call(
    only(room).nodeId,
    "power",
    { ...order(bmc), action: "cycle" },
    { signal: abort.signal },
  );
  await until(() => bmc.requests.length === 1);
  abort.abort(new Error("the user pressed abort"));
  await assert.rejects(asked, /pressed abort/);
  bmc.hung = false;
  // The link still works, and the order that was given up went no further.
  assert.deepEqual(await room.racks.call(only(room).nodeId, "power", { ...order(bmc), action: "query" }), {
    state: "off",
  });
  assert.deepEqual(
    bmc.requests.filter((request) => request.startsWith("POST")),
    [],
  );
  assert.deepEqual(room.steps, []);
});

test("a machine gets iPXE scripts: the first from the rack, its own from the region, an honest one while that is away", async () => {
  await using room = await linkRoom();
  const requests: unknown[] = [];
  room.handlers.bootScript = async (_rack, request) => {
    requests.push(request);
    return { script: request.mac.endsWith("ff") ? null : `#!ipxe\necho for ${request.mac}\n` };
  };
  const rack = await room.rack();
  await rack.ready;
  const get = async (path: string) => {
    const reply = await fetch(`http://127.0.0.1:${rack.httpBootPort}/${path}`);
    return { status: reply.status, text: await reply.text() };
  };
  const first = await get("ipxe.cfg");
  assert.match(
    first.text,
    new RegExp(`^#!ipxe\n[^]*chain [^\n]* http://127.0.0.1:${rack.httpBootPort}/ipxe.cfg-\\$\\{mac:hexhyp\\}\\?uuid=`),
  );
  const uuid = randomUUID();
  const mine = await get(
    `ipxe.cfg-52-54-00-AA-00-01?uuid=${uuid.toUpperCase()}&platform=efi&buildarch=x86_64&serial=x%20y`,
  );
  assert.deepEqual(mine, { status: 200, text: "#!ipxe\necho for 52:54:00:aa:00:01\n" });
  const { httpPort } = requests[0] as { httpPort?: number };
  assert.deepEqual(requests, [
    {
      mac: "52:54:00:aa:00:01",
      remoteAddress: "127.0.0.1",
      localAddress: "127.0.0.1",
      httpPort,
      uuid,
      buildArch: "x86_64",
      platform: "efi",
    },
  ]);
  assert.ok(Number(httpPort) > 0, "the port that the machine reached the rack by");
  assert.match((await get("ipxe.cfg-52-54-00-aa-00-ff")).text, /nothing to boot[^]*exit/);
  assert.equal((await get("ipxe.cfg-52-54-00")).status, 404);
  assert.deepEqual(await get("ipxe.efi"), { status: 200, text: "a loader" });
  assert.deepEqual(await get("bootloaders/ipxe.efi"), { status: 200, text: "a loader" });
  await until(() => room.evidence.some((item) => item.mac === "52:54:00:aa:00:01" && item.address === "127.0.0.1"));

  await room.stopRegion();
  const away = await get("ipxe.cfg-52-54-00-aa-00-02?platform=%24%7Bx%7D");
  assert.equal(away.status, 200);
  assert.match(away.text, /no connection to its region[^]*sleep \d+[^]*chain --replace/);
  await room.startRegion();
  await until(async () => (await get("ipxe.cfg-52-54-00-aa-00-02")).text.includes("echo for 52:54:00:aa:00:02"));
  // What was seen meanwhile was kept for the region.
  await until(() => room.evidence.some((item) => item.mac === "52:54:00:aa:00:02"));
});

test("a machine's requests to the region carry its address, and nobody else's word for it is believed", async () => {
  await using room = await linkRoom();
  const rack = await room.rack();
  await rack.ready;
  const { nodeId } = only(room);
  const forged = { "x-forwarded-for": "192.0.2.1", "x-rackwright-rack": "abc:def" };
  assert.equal(
    await (await fetch(`http://127.0.0.1:${rack.httpBootPort}/MAAS/metadata/x`, { headers: forged })).text(),
    "the region",
  );
  await fetch(`${room.url}/MAAS/metadata/y`, { headers: forged });
  const { credentials } = JSON.parse(await readFile(join(room.dir, "rack-0", "rack.json"), "utf8")) as {
    credentials: { systemId: string; token: string };
  };
  const ours = `${credentials.systemId}:${credentials.token}`;
  await fetch(`${room.url}/MAAS/metadata/z`, { headers: { ...forged, "x-rackwright-rack": ours } });
  assert.deepEqual(room.carried, [
    { target: "GET /MAAS/metadata/x", address: "127.0.0.1", rackNodeId: nodeId },
    { target: "GET /MAAS/metadata/y", address: "127.0.0.1", rackNodeId: null },
    { target: "GET /MAAS/metadata/z", address: "192.0.2.1", rackNodeId: nodeId },
  ]);
  const enrol = await fetch(`http://127.0.0.1:${rack.httpBootPort}/MAAS/rack/enrol`, {
    method: "POST",
    body: enrolment(room),
  });
  assert.equal(enrol.status, 404);
});

test("images are fetched when the region wants them here, through broken downloads, and served by their checksum", async () => {
  await using room = await linkRoom();
  const bytes = randomBytes(3 << 20);
  const file = { sha256: sha256Of(bytes), sizeBytes: bytes.length };
  const path = join(room.dir, "built");
  await writeFile(path, bytes);
  await room.images.link(path, file);
  let broken = 0;
  room.intercept = (req) => req.url?.startsWith("/MAAS/rack/images/") === true && ++broken <= 3;
  const rack = await room.rack();
  await rack.ready;
  const { nodeId } = only(room);
  await room.racks.call(nodeId, "syncImages", { files: [file] });
  const kept = join(room.dir, "rack-0", "images", file.sha256);
  await until(() =>
    stat(kept).then(
      (found) => found.size === bytes.length,
      () => false,
    ),
  );
  assert.ok(broken > 3);
  const url = `http://127.0.0.1:${rack.httpBootPort}/images/${file.sha256}/squashfs`;
  assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), bytes);
  // Not known to the region: the rack goes on with the others, and forgets what is wanted no more.
  const other = { sha256: sha256Of("another"), sizeBytes: 7 };
  await room.racks.call(nodeId, "syncImages", { files: [{ sha256: "0".repeat(64), sizeBytes: 1 }, other] });
  await until(() =>
    stat(kept).then(
      () => false,
      () => true,
    ),
  );
  assert.equal((await fetch(url)).status, 404);
  await room.images.put(Readable.from([Buffer.from("another")]), other);
  await until(() =>
    stat(join(room.dir, "rack-0", "images", other.sha256)).then(
      () => true,
      () => false,
    ),
  );
});

test("racks are served beside the API of a region, which machines reach through them", async () => {
  const t = await testRegion();
  const handlers = {
    bootScript: async () => ({ script: null }),
    evidence: async () => null,
    powerStep: async () => null,
    dhcpServers: async () => null,
    neighbours: async () => null,
  };
  const { db, images, log, now } = t.region;
  const racks = createRackServer({
    db,
    images,
    log,
    now,
    enrolmentSecretFile: join(t.directory, "rack-secret"),
    handlers,
  });
  racks.attach(t.server.server);
  const rack = await startRack({
    regionUrl: t.url,
    enrolmentSecret: racks.enrolmentSecret,
    dataDir: join(t.directory, "rack"),
    httpBoot: { host: "127.0.0.1", port: 0 },
    tftp: { host: "127.0.0.1", port: 0 },
    dhcp: false,
    bootloaderDir: t.directory,
    inRegion: true,
    log,
  });
  try {
    await rack.ready;
    const [connected] = racks.connected();
    const node = await t.db.kysely
      .selectFrom("node")
      .select("node_type")
      .where("id", "=", connected?.nodeId ?? 0)
      .executeTakeFirst();
    assert.equal(node?.node_type, 4);
    const version = await fetch(`http://127.0.0.1:${rack.httpBootPort}/MAAS/api/2.0/version/`);
    assert.equal(version.status, 200);
    assert.equal((await fetch(`${t.url}/MAAS/rack/other`)).status, 404);
  } finally {
    await rack.stop();
    await racks.close();
    await t.close();
  }
});
