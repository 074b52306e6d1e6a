/** Deploying in memory: what may be, what the machine is given at each boot, and what comes after. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { insertSshKey } from "@rackwright/db/users";
import { parse } from "yaml";
import { nodeToken } from "../auth/tokens.ts";
import { sweepDeadlines } from "../reconcile/deadlines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { addImage, addMachine, type AddedMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

type Json = Record<string, unknown>;
let t: TestRegion;
const { preseed, report } = machineSide(() => t);
before(async () => {
  t = await testRegion();
  await addImage(t, "ubuntu/jammy");
  await addImage(t);
  await insertSshKey(t.db.kysely, t.user.id, "ssh-ed25519 AAAAuser owner", "");
});
after(() => t?.close());

const op = (who: TestUser | null, m: { systemId: string }, name: string, form: Values = {}) =>
  t.request(who, "POST", `machines/${m.systemId}/`, { query: { op: name }, form });
const put = (m: { systemId: string }, form: Values) => t.request(t.admin, "PUT", `machines/${m.systemId}/`, { form });
const inMemory = { ephemeral_deploy: "true" };
const eventsOf = async (m: { id: number }) =>
  (await t.db.kysely.selectFrom("event").select("type").where("node_id", "=", m.id).orderBy("id").execute()).map(
    (e) => e.type,
  );

/** Allocated to t.user, with an address of its own, and as many disks as are given. Nothing is laid out on them. */
async function allocated(columns: Json = {}, disks = 1): Promise<AddedMachine> {
  const { kysely } = t.db;
  const m = await addMachine(t, "allocated", { owner_id: t.user.id, ...columns });
  for (let i = 0; i < disks; i++)
    await kysely
      .insertInto("block_device")
      .values({ node_id: m.id, name: `vd${"abc"[i]}`, size_bytes: 20_000_000_000, block_size_bytes: 512 })
      .execute();
  const subnet = await kysely
    .insertInto("subnet")
    .values({ name: m.hostname, cidr: `10.${m.id % 200}.0.0/24`, vlan_id: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  const nic = await kysely.selectFrom("interface").select("id").where("node_id", "=", m.id).executeTakeFirstOrThrow();
  const link = { alloc_type: 1, interface_id: nic.id, subnet_id: subnet.id, ip: `10.${m.id % 200}.0.9` };
  await kysely.insertInto("ip_address").values(link).execute();
  return m;
}

/** One boot: what it was given, up to its user-data. */
async function boots(m: AddedMachine) {
  const { script, secret } = await netboot(t, m.mac);
  const text = (await preseed(m.systemId, secret)).text;
  const token = credentialsIn(text);
  const get = async (item: string) => (await t.request(token, "GET", at(`2012-03-01/${item}`))).text;
  const [vendor, keys] = [await get("meta-data/vendor-data"), await get("meta-data/public-keys")];
  return { script, secret, preseed: text, token, vendor, keys, userData: await get("user-data") };
}

suite("what may be deployed in memory", () => {
  test("by whoever may deploy, with no file system on any disk; not along with what makes a VM host", async () => {
    const m = await allocated();
    const stranger = await t.request(t.other, "POST", `machines/${m.systemId}/`, {
      query: { op: "deploy" },
      form: inMemory,
    });
    assert.equal(stranger.status, 403);
    assert.equal((await op(null, m, "deploy", inMemory)).status, 401);
    for (const name of ["install_kvm", "register_vmhost"]) {
      const refused = await op(t.admin, m, "deploy", { ...inMemory, [name]: "true" });
      assert.deepEqual([refused.status, Object.keys(refused.json as Json)], [400, [name]], refused.text);
    }
    const toDisk = await op(t.user, m, "deploy");
    assert.deepEqual([toDisk.status, Object.keys(toDisk.json as Json)], [400, ["storage"]], "nothing is mounted on /");
    const reply = await op(t.user, m, "deploy", inMemory);
    assert.equal(reply.status, 200, reply.text);
    const { ephemeral_deploy, status_name, waiting_for, current_installation_result_id } = reply.json as Json;
    assert.deepEqual([ephemeral_deploy, status_name, current_installation_result_id], [true, "Deploying", null]);
    assert.ok(waiting_for);
    const curtin = await t.request(t.user, "GET", `machines/${m.systemId}/`, { query: { op: "get_curtin_config" } });
    assert.deepEqual([curtin.status, /from memory/.test(curtin.text)], [400, true]);
  });

  test("an image without what a boot needs is refused by what it is", async () => {
    const m = await allocated();
    const { id } = await t.db.kysely
      .insertInto("boot_resource")
      .values({ rtype: 2, name: "mine", architecture: "amd64/generic" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const set = await t.db.kysely
      .insertInto("boot_resource_set")
      .values({ resource_id: id, version: "1", label: "uploaded" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const file = { filename: "root-tgz", filetype: "root-tgz", sha256: "ab".repeat(32), complete: true };
    await t.db.kysely
      .insertInto("boot_resource_file")
      .values({ ...file, set_id: set.id, size_bytes: 1, received_bytes: 1 })
      .execute();
    for (const distro_series of ["custom/mine", "mine"]) {
      const reply = await op(t.user, m, "deploy", { ...inMemory, distro_series });
      assert.equal(reply.status, 400);
      assert.match(
        String((reply.json as Json).distro_series),
        /neither installed nor run from memory.*root-tgz.*squashfs/,
      );
    }
    assert.equal(await statusOf(t, m.systemId), "allocated");
  });

  test("without a disk there is no other way", async () => {
    const m = await allocated({}, 0);
    const reply = await op(t.user, m, "deploy", { ephemeral_deploy: "false" });
    assert.deepEqual([reply.status, (reply.json as Json).ephemeral_deploy], [200, true], reply.text);
  });

  test("chosen beforehand it holds for the next deploy alone, and not for a system that runs", async () => {
    const m = await allocated();
    assert.equal(((await put(m, inMemory)).json as Json).ephemeral_deploy, true);
    assert.equal((await put(m, { osystem: "debian", distro_series: "bookworm" })).status, 200);
    const deployed = await op(t.user, m, "deploy");
    assert.deepEqual([deployed.status, (deployed.json as Json).ephemeral_deploy], [200, true], deployed.text);
    assert.equal((await put(m, inMemory)).status, 200, "as it is");
    const moved = await put(m, { ephemeral_deploy: "false" });
    assert.deepEqual([moved.status, Object.keys(moved.json as Json)], [400, ["ephemeral_deploy"]]);
    assert.equal((await op(t.user, m, "release")).status, 200);
    await op(t.user, m, "power_off");
    await t.db.kysely.updateTable("node").set({ status: 10, owner_id: t.user.id }).where("id", "=", m.id).execute();
    assert.deepEqual((await op(t.user, m, "deploy")).status, 400, "to its disk, on which nothing is mounted");
    await put(m, inMemory);
    assert.equal(((await put(m, { ephemeral_deploy: "false" })).json as Json).ephemeral_deploy, false);
    assert.equal((await op(t.user, m, "deploy")).status, 400, "thought better of");
    const runs = { mac_addresses: "52:54:00:fe:77:01", architecture: "amd64", deployed: "true", ...inMemory };
    const added = await t.request(t.admin, "POST", "machines/", { form: runs });
    assert.deepEqual([added.status, Object.keys(added.json as Json)], [400, ["ephemeral_deploy"]]);
  });
});

suite("a deployment in memory, seen from the machine", () => {
  const user_data = Buffer.from("#!/bin/sh\necho mine\n").toString("base64");

  test("it boots the image itself, gets keys, network and user-data, and is Deployed; each start is the same again", async () => {
    const m = await allocated();
    assert.equal((await op(t.user, m, "deploy", { ...inMemory, user_data, enable_hw_sync: "true" })).status, 200);
    const first = await boots(m);
    assert.match(first.script, /: memory with debian\/bookworm$/m);
    assert.match(first.script, / netroot_deployed=1 /);
    assert.ok(!/curtin/.test(first.preseed), first.preseed);
    const { power_state, cloud_final_modules, reporting } = parse(first.preseed) as Json;
    assert.deepEqual([power_state, cloud_final_modules, reporting !== undefined], [undefined, undefined, true]);
    assert.equal(first.keys, "ssh-ed25519 AAAAuser owner");
    const [config, hook] = (parse(first.vendor) as { "cloud-init": [string, string] })["cloud-init"];
    assert.match(config, /default_user:\n {4}name: debian/);
    const files = [...hook.matchAll(/base64 -d > (\S+) << END_OF_BASE64\n([\s\S]*?)\nEND_OF_BASE64/g)].map(
      ([, path = "", data = ""]) => [path, Buffer.from(data, "base64").toString("utf8")] as const,
    );
    const netplan = parse(files.find(([path]) => path.startsWith("/etc/netplan/"))?.[1] ?? "") as Json;
    assert.match(JSON.stringify(netplan), new RegExp(`"macaddress":"${m.mac}".*"10\\.${m.id % 200}\\.0\\.9/24"`));
    assert.ok(files.some(([path]) => path.endsWith("maas-hardware-sync.timer")));
    assert.equal(first.userData, "#!/bin/sh\necho mine\n");
    assert.equal(await statusOf(t, m.systemId), "deployed");
    assert.equal((await t.request(first.token, "GET", at("curtin/latest/user-data"))).status, 404, "no installer");
    const off = await t.request(first.token, "POST", at(`latest/by-id/${m.systemId}/`), {
      form: { op: "netboot_off" },
    });
    assert.deepEqual([off.status, (await machineRow(t, m.systemId)).netboot], [200, true]);
    assert.equal((await preseed(m.systemId, first.secret)).status, 403, "that boot's secret is over");

    for (let start = 0; start < 2; start++) {
      const again = await boots(m);
      assert.deepEqual(
        [again.userData, again.vendor, again.keys, again.token.tokenKey],
        [first.userData, first.vendor, first.keys, first.token.tokenKey],
      );
      assert.equal((await preseed(m.systemId, again.secret)).status, 403, "nor does it open anything afterwards");
    }
    const failed = {
      event_type: "finish",
      origin: "cloudinit",
      name: "modules-final",
      description: "x",
      result: "FAIL",
    };
    assert.equal((await report(first.token, m.systemId, failed)).status, 204);
    assert.equal(await statusOf(t, m.systemId), "deployed", "what its owner's scripts do is not the deployment's end");
    const events = await eventsOf(m);
    assert.equal(events.filter((type) => type === "DEPLOYED").length, 1);
    assert.ok(events.includes("IMAGE_DEPLOYED"));
  });

  test("without user-data it is Deployed all the same", async () => {
    const m = await allocated();
    await op(t.user, m, "deploy", inMemory);
    await boots(m);
    assert.equal(await statusOf(t, m.systemId), "deployed");
  });

  test("an Ubuntu gets the words that its own initrd knows; an image that has gone is named", async () => {
    const m = await allocated();
    await op(t.user, m, "deploy", { ...inMemory, distro_series: "jammy" });
    const { script } = await netboot(t, m.mac);
    assert.match(script, /: memory with ubuntu\/jammy$/m);
    assert.match(
      script,
      new RegExp(
        ` root=squash:http://10\\.0\\.0\\.1:5248/images/\\w{64}/squashfs ip=::::${m.hostname}:BOOTIF ip6=off ro overlayroot=tmpfs `,
      ),
    );
    await t.db.kysely.updateTable("node").set({ distro_series: "noble" }).where("id", "=", m.id).execute();
    assert.match((await netboot(t, m.mac)).script, /there is no image ubuntu\/noble for amd64/);
  });

  test("one that never speaks fails by its deadline, with what was waited for", async () => {
    const m = await allocated();
    await op(t.user, m, "deploy", inMemory);
    await netboot(t, m.mac);
    t.clock.advance(61 * 60_000);
    await sweepDeadlines(t.region);
    assert.equal(await statusOf(t, m.systemId), "failed_deployment");
    assert.match((await machineRow(t, m.systemId)).error_description, /at last for kernel/);
  });

  test("rescue mode comes between two starts from memory, and its credentials with it; released, it is nobody's", async () => {
    const m = await allocated();
    await op(t.user, m, "deploy", { ...inMemory, user_data });
    const { token } = await boots(m);
    assert.equal((await op(t.admin, m, "rescue_mode")).status, 200);
    const rescue = await boots(m);
    assert.match(rescue.script, /: ephemeral with/);
    assert.ok(!rescue.vendor.includes("boothook"));
    assert.equal((await t.request(token, "GET", at("latest/user-data"))).status, 403, "the other system is off");
    assert.equal((await op(t.admin, m, "exit_rescue_mode")).status, 200);
    assert.equal(await statusOf(t, m.systemId), "deployed");
    const back = await boots(m);
    assert.deepEqual([back.token.tokenKey, back.userData], [token.tokenKey, "#!/bin/sh\necho mine\n"]);
    assert.equal((await op(t.user, m, "release")).status, 200);
    assert.equal(await nodeToken(t.region, m.id), null);
    assert.equal(await statusOf(t, m.systemId), "new", "it never was commissioned");
    const { script } = await netboot(t, m.mac);
    assert.match(script, /: ephemeral with/);
    assert.doesNotMatch(script, /netroot_deployed/);
  });
});
