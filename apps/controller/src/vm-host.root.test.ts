/** Region, rack, the link between them, and a real libvirtd with QEMU: a VM host from being added to being emptied, by the API alone. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startRack } from "@rackwright/rack/rack";
import { createRackServer } from "@rackwright/region/racks/server";
import { removeUnwanted } from "@rackwright/region/app/vm-discard";
import { caller, type Json } from "@rackwright/region/testing/api-calls";
import { addImage } from "@rackwright/region/testing/machines";
import { type TestRegion, testRegion } from "@rackwright/region/testing/region";
import { nodeIdBySystemId } from "@rackwright/db/nodes";
import { recordPowerStep, startPowerWorkflow } from "@rackwright/region/workflows/power";
import { libvirtMissing, startLibvirt } from "@rackwright/testkit/bmc/libvirt";
import { until } from "@rackwright/testkit/until";

const skip = libvirtMissing(false);

/** A rack of its own, connected over HTTP as any other. */
async function connectRack(t: TestRegion): Promise<AsyncDisposable> {
  const { db, images, log, now } = t.region;
  const racks = createRackServer({
    db,
    images,
    log,
    now,
    enrolmentSecretFile: join(t.directory, "rack-secret"),
    handlers: {
      bootScript: async () => ({ script: null }),
      evidence: async () => null,
      powerStep: async (_rack, { systemId, bootEpoch, step }) => {
        const id = await nodeIdBySystemId(db.kysely, systemId);
        if (id !== undefined) await recordPowerStep(t.region, id, bootEpoch, step);
      },
      dhcpServers: async () => null,
      neighbours: async () => null,
    },
  });
  racks.attach(t.server.server);
  t.region.racks = racks;
  const rack = await startRack({
    regionUrl: t.url,
    enrolmentSecret: racks.enrolmentSecret,
    dataDir: join(t.directory, "rack"),
    httpBoot: { host: "127.0.0.1", port: 0 },
    tftp: null,
    dhcp: false,
    bootloaderDir: t.directory,
    inRegion: true,
    log,
  });
  await rack.ready;
  return {
    async [Symbol.asyncDispose]() {
      await rack.stop();
      await racks.close();
    },
  };
}

test(
  "a host of libvirt is added, lends a machine that is switched on, and is emptied",
  skip === undefined ? {} : { skip },
  async () => {
    await using libvirt = await startLibvirt();
    await using room = new AsyncDisposableStack();
    const t = await testRegion();
    room.defer(() => t.close());
    room.use(await connectRack(t));
    await startPowerWorkflow(t.region);
    await addImage(t);
    await useHost(t, libvirt);
  },
);

async function useHost(t: TestRegion, libvirt: Awaited<ReturnType<typeof startLibvirt>>): Promise<void> {
  const admin = caller(t, t.admin);
  const domains = () => libvirt.virsh("list", "--all", "--name");
  await libvirt.define("old-one", "52:54:00:11:22:33");
  const host = await admin.made("/vm-hosts/", { type: "virsh", power_address: libvirt.uri, name: "kvm" });
  assert.ok(host.total.cores > 0 && host.total.memory > 0 && host.version !== "");
  assert.deepEqual(host.architectures, ["amd64/generic"]);
  assert.deepEqual(
    host.storage_pools.map((pool: Json) => pool.name),
    [libvirt.pool],
  );
  const machines = async () => (await admin.get("/machines/?pod=kvm")).json;
  assert.deepEqual(
    (await machines()).map((one: Json) => [one.hostname, one.power_type, one.pod.id]),
    [["old-one", "virsh", host.id]],
  );

  const compose = (fields: Record<string, string>) => admin.post(`/vm-hosts/${host.id}/?op=compose`, fields);
  const tooMuch = await compose({ cores: "4000" });
  assert.equal(tooMuch.status, 400);
  assert.match(tooMuch.json.cores[0], /4000 asked for: VM host kvm has/);
  const { json: made } = await compose({
    hostname: "fresh",
    memory: "1024",
    storage: `root:2(${libvirt.pool}),1.024`,
  });
  assert.match(await domains(), /fresh/);
  assert.equal((await readdir(libvirt.poolPath)).length, 2);

  // It is commissioned: that switches it on.
  const state = async () => (await libvirt.virsh("domstate", "fresh")).trim();
  await until(async () => (await state()) === "running", { what: "the machine to run", timeoutMs: 60_000 });
  assert.equal((await admin.get(`/machines/${made.system_id}/?op=query_power_state`)).json.state, "on");

  const { used } = await admin.made(`/vm-hosts/${host.id}/?op=refresh`);
  assert.deepEqual(used, { cores: 2, memory: 1024 + 64, local_storage: 3_024_000_000 });
  assert.equal((await machines()).length, 2);

  assert.equal((await admin.delete(`/machines/${made.system_id}/`)).status, 204);
  assert.doesNotMatch(await domains(), /fresh/);
  assert.deepEqual(await readdir(libvirt.poolPath), []);

  await lendAndTakeBack(t, libvirt);

  assert.equal((await admin.delete(`/vm-hosts/${host.id}/?decompose=true`)).status, 204);
  assert.equal((await domains()).trim(), "");

  const nobody = await admin.post("/vm-hosts/", { type: "virsh", power_address: "qemu+tcp://127.0.0.1:1/system" });
  assert.equal(nobody.status, 503);
  assert.match(nobody.json, /Connection refused.*check power_address/);
}

/** No machine is Ready: one is made for who allocates, and goes when it is released. */
async function lendAndTakeBack(t: TestRegion, libvirt: Awaited<ReturnType<typeof startLibvirt>>): Promise<void> {
  const user = caller(t, t.user);
  const lent = await user.made("/machines/?op=allocate", {
    name: "borrowed",
    mem: 1024,
    storage: `root:2(${libvirt.pool})`,
  });
  assert.deepEqual([lent.status_name, lent.pod.name, lent.owner], ["Allocated", "kvm", t.user.username]);
  const xml = await libvirt.virsh("dumpxml", "borrowed");
  assert.ok(xml.includes(lent.interface_set[0].mac_address), xml);
  assert.ok(xml.includes(`<serial>${lent.physicalblockdevice_set[0].serial}</serial>`), xml);
  assert.equal((await readdir(libvirt.poolPath)).length, 1);
  assert.equal((await user.made(`/machines/${lent.system_id}/?op=release`)).status_name, "Releasing");
  const path = `/machines/${lent.system_id}/`;
  await until(async () => (await user.get(path)).status === 404, { what: "the machine to be gone", timeoutMs: 60_000 });
  assert.equal(await removeUnwanted(t.region), 1);
  assert.doesNotMatch(await libvirt.virsh("list", "--all", "--name"), /borrowed/);
  assert.deepEqual(await readdir(libvirt.poolPath), []);
}
