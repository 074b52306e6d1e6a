import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createInstallationSet } from "../app/script-sets.ts";
import { nodeToken, type Token } from "../auth/tokens.ts";
import { inTransaction } from "../context.ts";
import { commissioning, deploying } from "../testing/at-work.ts";
import { addImage, addMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addImage(t);
});
after(() => t?.close());

const { preseed, signal, report } = machineSide(() => t);

suite("an unknown machine enlists", () => {
  const mac = "52:54:00:ee:00:01";
  let secret: string | undefined;
  let systemId = "";
  let token: Token;

  test("its boot script carries an enlistment secret, for its address alone", async () => {
    ({ secret } = await netboot(t, mac));
    assert.ok(secret);
    const get = (given: string | undefined) =>
      t.request(null, "GET", at("latest/enlist-preseed/"), { query: { op: "get_enlist_preseed", secret: given } });
    const reply = await get(secret);
    assert.equal(reply.status, 200);
    assert.match(reply.text, /metadata\/enlist\//);
    assert.doesNotMatch(reply.text, /token_key/);
    assert.equal((await get(undefined)).status, 403);
    assert.equal((await get("wrong")).status, 403);
    const elsewhere = await netboot(t, "52:54:00:ee:00:99", { address: "10.9.9.9" });
    assert.equal((await get(elsewhere.secret)).status, 403, "handed to another address");
  });

  test("the enlistment tree is the same for everybody and holds nothing of a machine", async () => {
    const get = (path: string) => t.request(null, "GET", at(`enlist/latest/${path}`));
    assert.equal((await get("meta-data/instance-id")).text, "i-maas-enlistment");
    assert.equal((await get("user-data")).status, 200);
    assert.equal((await get("meta-data/public-keys")).status, 404);
    assert.equal((await t.request(null, "GET", at("latest/maas-scripts"))).status, 200);
  });

  test("it adds itself, takes its credentials by the same secret, and runs until New", async () => {
    const created = await t.request(null, "POST", "machines/", {
      form: { architecture: "amd64", mac_addresses: mac, commission: "True", power_type: "manual" },
    });
    assert.equal(created.status, 200, created.text);
    systemId = (created.json as { system_id: string }).system_id;
    assert.equal(await statusOf(t, systemId), "commissioning");
    const reply = await preseed(systemId, secret);
    assert.equal(reply.status, 200, reply.text);
    token = credentialsIn(reply.text);
    const again = await t.request(null, "POST", "machines/", {
      form: { architecture: "amd64", mac_addresses: mac, commission: "True" },
    });
    assert.equal((again.json as { system_id: string }).system_id, systemId, "no second record");
    assert.equal((await machineRow(t, systemId)).boot_epoch, 1, "the same boot goes on");
    assert.equal((await signal(token, { status: "WORKING" })).status, 200);
    assert.equal((await signal(token, { status: "OK" })).text, "OK");
    assert.equal(await statusOf(t, systemId), "new");
  });

  test("a stranger who names its MAC address changes nothing of it, neither while it enlists nor when it is New", async () => {
    const { mac: known, ...m } = await addMachine(t, "new", { power_type: "manual" });
    await netboot(t, known, { address: "10.4.4.4" });
    const ipmi = {
      power_type: "ipmi",
      power_parameters: JSON.stringify({ power_address: "10.6.6.6", power_user: "u", power_pass: "p" }),
    };
    for (const [id, address] of [
      [m.systemId, known],
      [systemId, mac],
    ] as const) {
      await t.db.kysely.updateTable("boot_secret").set({ address: "10.4.4.4" }).where("mac", "=", address).execute();
      const before = await machineRow(t, id);
      const form = {
        architecture: "arm64",
        mac_addresses: `${address},52:54:00:ee:66:66`,
        commission: "True",
        ...ipmi,
      };
      const reply = await t.request(null, "POST", "machines/", { form });
      assert.equal(reply.status, 200, "it is told no more than the machine would be");
      assert.equal((reply.json as { system_id: string }).system_id, id);
      assert.deepEqual(await machineRow(t, id), before);
      const added = await t.db.kysely
        .selectFrom("interface")
        .select("id")
        .where("mac", "=", "52:54:00:ee:66:66")
        .execute();
      assert.deepEqual(added, []);
      await t.db.kysely.updateTable("boot_secret").set({ address: "127.0.0.1" }).where("mac", "=", address).execute();
    }
    const { secret: own } = await netboot(t, known);
    assert.ok(own);
    const form = { architecture: "amd64", mac_addresses: known, ...ipmi };
    assert.equal((await t.request(null, "POST", "machines/", { form })).status, 200);
    assert.equal((await machineRow(t, m.systemId)).power_type, "ipmi", "the machine itself does");
  });

  test("then its token is revoked, its secret opens nothing, and late reports are dropped", async () => {
    assert.equal((await signal(token, { status: "OK" })).status, 403);
    assert.equal((await preseed(systemId, secret)).status, 403);
    const late = {
      event_type: "finish",
      origin: "cloudinit",
      name: "modules-final",
      description: "late",
      result: "FAIL",
    };
    assert.equal((await report(token, systemId, late)).status, 204);
    assert.equal(await statusOf(t, systemId), "new");
  });

  test("a New machine that is switched on gets credentials by its own boot's secret, and keeps them while it commissions", async () => {
    const booted = await netboot(t, mac);
    const reply = await preseed(systemId, booted.secret);
    assert.equal(reply.status, 200, reply.text);
    const own = credentialsIn(reply.text);
    assert.equal((await signal(own, { status: "COMMISSIONING" })).status, 200);
    assert.equal(await statusOf(t, systemId), "commissioning");
    assert.equal((await signal(own, { status: "WORKING" })).status, 200, "the same credentials");
    assert.equal((await preseed(systemId, booted.secret)).status, 200, "the same boot");
  });
});

suite("preseeds open to the boot that they were made for, and to nothing else", () => {
  test("without a secret, with a wrong one, from elsewhere, of another machine", async () => {
    const m = await commissioning(t);
    const other = await commissioning(t);
    assert.equal((await preseed(m.systemId, m.secret)).status, 200, "cloud-init and the runner read it several times");
    assert.equal((await preseed(m.systemId, undefined)).status, 403);
    assert.equal((await preseed(m.systemId, "")).status, 403);
    assert.equal((await preseed(m.systemId, `${m.secret}x`)).status, 403);
    assert.equal((await preseed(m.systemId, other.secret)).status, 403);
    assert.equal((await preseed("nobody", m.secret)).status, 403);
    assert.equal((await preseed("%00", m.secret)).status, 403);
    const foreign = await addMachine(t, "new");
    await t.request(t.admin, "POST", `machines/${foreign.systemId}/`, { query: { op: "commission" } });
    const there = await netboot(t, foreign.mac, { address: "10.1.2.3" });
    assert.ok(there.secret);
    assert.equal((await preseed(foreign.systemId, there.secret)).status, 403);
    const spoofed = await preseed(foreign.systemId, there.secret, { "x-forwarded-for": "10.1.2.3" });
    assert.equal(spoofed.status, 403, "only a rack of ours says whom it speaks for");
    const faked = { "x-forwarded-for": "10.1.2.3", "x-rackwright-rack": "rack01:AAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
    assert.equal((await preseed(foreign.systemId, there.secret, faked)).status, 403);
  });

  test("of a past boot", async () => {
    const m = await commissioning(t);
    await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "abort" } });
    assert.equal((await preseed(m.systemId, m.secret)).status, 403);
    await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
    assert.equal((await preseed(m.systemId, m.secret)).status, 403);
    assert.equal((await signal(m.token, { status: "WORKING" })).status, 403, "the token of that boot is over too");
  });

  test("an enlistment secret opens no machine that a user commissions", async () => {
    const { secret } = await netboot(t, "52:54:00:ee:00:02");
    const m = await addMachine(t, "new");
    await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
    const form = { architecture: "amd64", mac_addresses: `52:54:00:ee:00:02,${m.mac}`, commission: "True" };
    const reply = await t.request(null, "POST", "machines/", { form });
    assert.equal((reply.json as { system_id: string }).system_id, m.systemId);
    assert.equal((await preseed(m.systemId, secret)).status, 403);
    const { script } = await netboot(t, "52:54:00:ee:00:02");
    assert.match(script, /enlist-preseed/, "the stranger's interface did not become the machine's");
  });

  test("a boot script is for whoever holds the lease, and for one address of a boot", async () => {
    const m = await addMachine(t, "new");
    await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
    for (const lease of ["10.0.0.77", undefined])
      assert.equal((await netboot(t, m.mac, { lease })).secret, undefined, "no lease here");
    assert.ok((await netboot(t, m.mac, { address: "10.0.0.5", lease: null })).secret, "DHCP is not ours");
    assert.equal(
      (await netboot(t, m.mac, { address: "10.0.0.6", lease: null })).secret,
      undefined,
      "claimed elsewhere",
    );
    assert.ok((await netboot(t, m.mac, { address: "10.0.0.7" })).secret, "its lease has changed");
    const events = await t.db.kysely
      .selectFrom("event")
      .select("description")
      .where("node_id", "=", m.id)
      .where("type", "=", "BOOT_SECRET_CONFLICT")
      .execute();
    assert.equal(events.length, 3);
    assert.match((await netboot(t, "52:54:00:00:00:zz")).script, /no MAC address/);
  });

  test("what is uploaded or logged never holds the secret", async () => {
    const m = await commissioning(t);
    const { rows } = await t.db.pool.query(
      "select text from evidence where text like '%' || $1 || '%' union all select description from event where description like '%' || $1 || '%'",
      [m.secret],
    );
    assert.deepEqual(rows, []);
  });
});

suite("reports of cloud-init and the installer", () => {
  const good = { event_type: "start", origin: "cloudinit", name: "init", description: "starts" };

  test("missing fields, other alphabets, no JSON, wrong credentials", async () => {
    const m = await commissioning(t);
    assert.equal((await report(m.token, m.systemId, good)).status, 204);
    for (const field of Object.keys(good)) {
      const reply = await report(m.token, m.systemId, { ...good, [field]: undefined });
      assert.equal(reply.status, 400);
      assert.match(reply.text, new RegExp(field));
    }
    const raw = (body: string) => t.request(m.token, "POST", at(`status/${m.systemId}`), { body });
    assert.equal((await raw('{"event_type": "é"}')).status, 400);
    assert.equal((await raw("{")).status, 400);
    assert.equal((await raw("[]")).status, 400);
    const nul = await report(m.token, m.systemId, { ...good, description: "a\0b", name: "c\0d" });
    assert.equal(nul.status, 204, nul.text);
    assert.equal((await report(null, m.systemId, good)).status, 401);
    const failure = { ...good, event_type: "finish", result: "FAIL" };
    for (const token of [{ ...m.token, tokenSecret: "wrong" }, t.admin.token, (await commissioning(t)).token])
      assert.equal((await report(token, m.systemId, failure)).status, 204, "taken and dropped");
    assert.equal(await statusOf(t, m.systemId), "commissioning");
    assert.equal((await report(m.token, m.systemId, failure)).status, 204);
    assert.equal(await statusOf(t, m.systemId), "failed_commissioning");
  });

  test("an installer that fails gives the deployment's reason, and its log", async () => {
    const m = await deploying(t);
    const finish = { event_type: "finish", origin: "curtin", description: "no boot loader", result: "FAIL" };
    await report(m.token, m.systemId, { ...finish, name: "cmd-install/stage-curthooks" });
    assert.equal(await statusOf(t, m.systemId), "deploying", "a stage alone decides nothing");
    await report(m.token, m.systemId, { ...finish, name: "cmd-install" });
    const row = await machineRow(t, m.systemId);
    assert.equal(await statusOf(t, m.systemId), "failed_deployment");
    assert.match(row.error_description, /no boot loader/);
    assert.deepEqual([row.status_deadline, row.waiting_for, row.owner_id], [null, null, t.user.id]);
  });
});

suite("files that a report brings", () => {
  test("a compressed one is not taken for text: the log says what to do, and the report counts", async () => {
    const m = await deploying(t);
    await inTransaction(t.admin.ctx, (tx) => createInstallationSet(t.admin.ctx, tx, m.id));
    const files = [
      { path: "/tmp/install.log", encoding: "base64", compression: "bzip2", content: "QlpoOTFBWSZTWQ==", result: 1 },
    ];
    const finish = {
      event_type: "finish",
      origin: "curtin",
      name: "cmd-install",
      description: "broken",
      result: "FAIL",
    };
    assert.equal((await report(m.token, m.systemId, { ...finish, files })).status, 204);
    assert.equal(await statusOf(t, m.systemId), "failed_deployment");
    const query = { op: "download", output: "combined", filetype: "txt" };
    const log = await t.request(t.admin, "GET", `nodes/${m.systemId}/results/current-installation/`, { query });
    assert.match(log.text, /install\.log came compressed \(bzip2, 10 bytes\), .* without compression/);
  });
});

suite("a deployment, seen from the machine", () => {
  test("the installer's address installs; the first ordinary user-data makes it Deployed, and only then", async () => {
    const m = await deploying(t);
    const { script, secret } = await netboot(t, m.mac);
    assert.match(script, /: install with/);
    assert.match((await preseed(m.systemId, secret)).text, /metadata\/curtin\//);
    await t.request(m.token, "GET", at("curtin/latest/meta-data/instance-id"));
    await t.request(m.token, "GET", at("latest/meta-data/instance-id"));
    assert.equal(await statusOf(t, m.systemId), "deploying");
    assert.equal(
      (await t.request(m.token, "POST", at(`latest/by-id/${m.systemId}/`), { form: { op: "netboot_off" } })).status,
      200,
    );
    assert.equal((await machineRow(t, m.systemId)).netboot, false);
    assert.match((await netboot(t, m.mac)).script, /localboot/);
    assert.equal(await statusOf(t, m.systemId), "deploying");
    const reply = await t.request(m.token, "GET", at("latest/user-data"));
    assert.equal(reply.text, "#!/bin/sh\necho mine\n");
    assert.equal(await statusOf(t, m.systemId), "deployed");
    assert.equal((await t.request(m.token, "GET", at("latest/user-data"))).status, 200);
    assert.equal(
      (await t.request(m.token, "GET", at("curtin/latest/user-data"))).status,
      404,
      "nothing to install now",
    );
    const deployed = await t.db.kysely
      .selectFrom("event")
      .select("type")
      .where("node_id", "=", m.id)
      .where("type", "=", "DEPLOYED")
      .execute();
    assert.equal(deployed.length, 1);
    assert.ok(await nodeToken(t.region, m.id), "its credentials live on");
  });

  test("a plan that cannot be carried out fails the deployment in words, before any disk is touched", async () => {
    const m = await deploying(t);
    const reply = await t.request(m.token, "GET", at("curtin/latest/user-data"));
    assert.equal(reply.status, 409, reply.text);
    assert.equal(await statusOf(t, m.systemId), "failed_deployment");
    assert.match((await machineRow(t, m.systemId)).error_description, /plan cannot be carried out/);
  });

  test("addresses that a failed deployment holds are kept for a look, and given back by the release", async () => {
    const m = await deploying(t);
    const { rows } = await t.db.pool.query<{ id: string }>(
      `with n as (select id from interface where node_id = $1),
       s as (insert into subnet (name, cidr, vlan_id) values ('lab', '10.77.0.0/24', 1) returning id)
       insert into ip_address (alloc_type, interface_id, ip, subnet_id) select 0, n.id, '10.77.0.9', s.id from n, s returning id`,
      [m.id],
    );
    const held = async () =>
      (await t.db.pool.query("select host(ip) as ip from ip_address where id = $1", [rows[0]?.id])).rows;
    await signal(m.token, { status: "FAILED", error: "no disk" });
    assert.deepEqual(await held(), [{ ip: "10.77.0.9" }]);
    const released = await t.request(t.user, "POST", `machines/${m.systemId}/`, { query: { op: "release" } });
    assert.equal(released.status, 200, released.text);
    assert.deepEqual(await held(), [{ ip: null }], "the link stays, its address is free");
  });

  test("netboot_off and the rest are for one's own machine", async () => {
    const mine = await deploying(t);
    const theirs = await deploying(t);
    const off = (token: Token | null) =>
      t.request(token, "POST", at(`latest/by-id/${theirs.systemId}/`), { form: { op: "netboot_off" } });
    assert.equal((await off(mine.token)).status, 403);
    assert.equal((await off(null)).status, 401);
    assert.equal((await off(t.admin.token)).status, 403);
    assert.equal((await machineRow(t, theirs.systemId)).netboot, true);
    assert.equal((await signal(mine.token, { status: "OK" })).status, 200);
    assert.equal(await statusOf(t, mine.systemId), "deploying", "OK of an installer ends nothing");
    await signal(mine.token, { status: "FAILED", error: "disk full" });
    assert.equal((await machineRow(t, mine.systemId)).error_description, "disk full");
    assert.equal(await statusOf(t, mine.systemId), "failed_deployment");
  });
});
