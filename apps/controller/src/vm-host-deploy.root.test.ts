/**
 * A machine that is deployed with install_kvm, against a real libvirtd: what its vendor-data says is run as root, with real users, sshd and
 * libvirt, all but the packages. The rack's driver logs in with the password that came of it.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";
import { discoverVmHost } from "@rackwright/power/vm-host";
import { caller, type Json } from "@rackwright/region/testing/api-calls";
import { deployable } from "@rackwright/region/testing/deployable";
import { at, credentialsIn, machineSide } from "@rackwright/region/testing/machine-side";
import { addImage, addMachine, netboot } from "@rackwright/region/testing/machines";
import { type TestRegion, testRegion } from "@rackwright/region/testing/region";
import { startVmHostWorkflow } from "@rackwright/region/workflows/vm-host";
import { type Libvirt, libvirtMissing, startLibvirt } from "@rackwright/testkit/bmc/libvirt";
import { until } from "@rackwright/testkit/until";
import { parse } from "yaml";

/** Of loopback, and nobody else's; port 22 of it is what the address of a VM host means. */
const SUBNET = `127.${100 + (process.pid % 100)}.7.0/24`;
const run = promisify(execFile);
const missing = libvirtMissing(true);

async function portTaken(): Promise<string | undefined> {
  const server = createServer().listen(22, SUBNET.replace("0/24", "1"));
  try {
    await once(server, "listening");
  } catch {
    return "port 22 of every address is somebody's: an sshd that listens on all of them";
  }
  server.close();
  return undefined;
}
const OVERLAY =
  "mount -t tmpfs tmpfs /run; mkdir /run/a /run/b; mount -t overlay -o lowerdir=/etc,upperdir=/run/a,workdir=/run/b overlay /etc";
const noOverlay = async (): Promise<string | undefined> =>
  run("unshare", ["-m", "sh", "-ec", OVERLAY]).then(
    () => undefined,
    () => "needs overlay mounts, to try its changes of /etc: they are refused here",
  );
const skip = missing ?? (await portTaken()) ?? (await noOverlay());

test("a machine makes itself a VM host, and is one", skip === undefined ? {} : { skip }, async () => {
  await using libvirt = await startLibvirt({ own: true });
  await using room = new AsyncDisposableStack();
  const t = await testRegion();
  room.defer(() => t.close());
  await addImage(t);
  const rack = await addMachine(t, "new", { node_type: 2 });
  t.racks.connect({ nodeId: rack.id });
  t.racks.answer("vmHostDiscover", ({ type, parameters, installedAnew }) =>
    discoverVmHost({ type, settings: parameters, limitMs: 30_000 }, installedAnew),
  );
  await startVmHostWorkflow(t.region, { patienceMs: 1000 });
  await becomeHost(t, libvirt);
});

async function becomeHost(t: TestRegion, libvirt: Libvirt): Promise<void> {
  const admin = caller(t, t.admin);
  const { preseed, report } = machineSide(() => t);
  const m = await deployable(t, "allocated", { owner_id: t.admin.id, subnet: SUBNET });
  const read = async (): Promise<Json> => (await admin.get(`/machines/${m.systemId}/`)).json;
  await admin.made(`/machines/${m.systemId}/?op=deploy`, { install_kvm: "True" });
  const [ip]: string[] = (await read()).ip_addresses;
  const { secret } = await netboot(t, m.mac);
  const token = credentialsIn((await preseed(m.systemId, secret)).text);
  await t.request(token, "POST", at(`latest/by-id/${m.systemId}/`), { form: { op: "netboot_off" } });
  const { text } = await t.request(token, "GET", at("latest/meta-data/vendor-data"));
  await t.request(token, "GET", at("latest/user-data"));
  const script: string = parse(text)["cloud-init"][1];

  const printed = await libvirt.inside(`${WITHOUT_PACKAGES}${script}`);
  assert.match(printed, /VM host: ready/);
  const [, password = ""] = /^virsh:(\S+)$/m.exec(script) ?? [];
  assert.ok(password !== "" && !printed.includes(password));
  // Of an earlier system at this address.
  await run("ssh-keygen", ["-R", ip ?? ""]).catch(() => {});
  await libvirt.inside(
    `/usr/sbin/sshd -o ListenAddress=${ip} -o Port=22 -o UsePAM=no -o PasswordAuthentication=no -o PidFile=none`,
  );
  await report(token, m.systemId, {
    event_type: "finish",
    origin: "cloudinit",
    name: "modules-final",
    description: "running modules for final",
    result: "SUCCESS",
    timestamp: 1,
  });
  await until(async () => (await read()).status_name !== "Deploying", { what: "its end", timeoutMs: 60_000 });
  const { status_name: status, status_message: message } = await read();
  assert.equal(status, "Deployed", message);
  const [host] = (await admin.get("/vm-hosts/")).json;
  assert.deepEqual([host.host.system_id, host.storage_pools[0].name], [m.systemId, libvirt.pool]);

  // What that user gets by ssh is libvirt, and no command of its own.
  const settings = { power_address: `qemu+ssh://virsh@${ip}/system`, power_pass: "guessed-guessed" };
  await assert.rejects(discoverVmHost({ type: "virsh", settings, limitMs: 30_000 }), { kind: "auth" });
  const said = await libvirt.inside("su virsh -c 'id; echo this is a shell' < /dev/null || true");
  assert.doesNotMatch(said, /uid=|this is a shell/);
  const sshd = await libvirt.inside(`/usr/sbin/sshd -T -C user=virsh,host=x,addr=${ip}`);
  for (const line of [
    "allowtcpforwarding no",
    "allowstreamlocalforwarding no",
    "permittty no",
    "passwordauthentication yes",
  ])
    assert.match(sshd, new RegExp(`^${line}$`, "m"));
  await run("ssh-keygen", ["-R", ip ?? ""]).catch(() => {});
}

/** Its packages are here already, and there is no systemd. */
const WITHOUT_PACKAGES = `mkdir -p /usr/local/bin
for name in apt-get systemctl; do echo '#!/bin/sh' > /usr/local/bin/$name; chmod +x /usr/local/bin/$name; done
PATH=/usr/local/bin:$PATH
ssh-keygen -A > /dev/null
`;
