/** Addresses for tests of a machine's own network: it has them while its scripts run, and gives them back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addImage, addMachine, netboot, statusOf } from "../testing/machines.ts";
import { at, credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";

const SUBNET = "10.66.0.0/24";
const SCRIPT = `#!/bin/sh
# --- Start MAAS 1.0 script metadata ---
# name: under-own-network
# script_type: testing
# apply_configured_networking: true
# --- End MAAS 1.0 script metadata ---
`;

let t: TestRegion;
const { preseed, signal } = machineSide(() => t);
const post = async (path: string, form: Record<string, string> = {}) => {
  const reply = await t.request(t.admin, "POST", path, { form });
  assert.equal(reply.status, 200, reply.text);
};
before(async () => {
  t = await testRegion();
  await addImage(t);
  await post("subnets/", { cidr: SUBNET });
  await post("scripts/", { script: SCRIPT });
});
after(() => t?.close());

/** A Ready machine that tests its network, as far as its scripts. */
async function testing() {
  const m = await addMachine(t, "ready", { power_type: "manual" });
  await post(`nodes/${m.systemId}/interfaces/eth0/?op=link_subnet`, { mode: "auto", subnet: SUBNET });
  await post(`machines/${m.systemId}/?op=test`, { testing_scripts: "under-own-network" });
  const { secret } = await netboot(t, m.mac);
  const token = credentialsIn((await preseed(m.systemId, secret)).text);
  const address = async () => {
    const nic = (await t.request(t.admin, "GET", `nodes/${m.systemId}/interfaces/eth0/`)).json as {
      links: { ip_address?: string }[];
    };
    return nic.links[0]?.ip_address;
  };
  assert.equal(await address(), undefined);
  assert.equal((await t.request(token, "GET", at("2012-03-01/maas-scripts"))).status, 200);
  return { ...m, token, address };
}

test("a machine has an address while its network is tested, and none afterwards", async () => {
  const m = await testing();
  assert.match((await m.address()) ?? "", /^10\.66\.0\.\d+$/);
  await signal(m.token, { status: "WORKING", name: "under-own-network", exit_status: "0" });
  await signal(m.token, { status: "OK" });
  assert.equal(await statusOf(t, m.systemId), "ready");
  assert.equal(await m.address(), undefined);
});

test("so it is when its tests fail, or are aborted", async () => {
  const failed = await testing();
  await signal(failed.token, { status: "WORKING", name: "under-own-network", exit_status: "1" });
  await signal(failed.token, { status: "FAILED" });
  assert.equal(await statusOf(t, failed.systemId), "failed_testing");
  assert.equal(await failed.address(), undefined);
  const aborted = await testing();
  await post(`machines/${aborted.systemId}/?op=abort`);
  assert.equal(await statusOf(t, aborted.systemId), "ready");
  assert.equal(await aborted.address(), undefined);
});
