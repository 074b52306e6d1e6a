/** Against a real libvirtd with QEMU, by its socket and by ssh with a password. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { after, beforeEach, test } from "node:test";
import { type Libvirt, libvirtMissing, startLibvirt } from "@rackwright/testkit/bmc/libvirt";
import { conformance } from "../conformance.ts";
import type { Outside } from "../outside.ts";
import { realOutside } from "../outside.ts";
import { powerOn, powerQuery } from "../run.ts";
import type { VmOrder } from "@rackwright/domain/vm-host/facts";
import { composeVm, decomposeVm, discoverVmHost } from "../vm-host.ts";
import { virsh } from "./virsh.ts";

const skip = libvirtMissing(true);
const maybe = skip === undefined ? {} : { skip };

/** One for all: its first start asks every emulator of the host what it can. */
let host: Libvirt;
beforeEach(async () => {
  if (skip === undefined) host ??= await startLibvirt({ ssh: true });
});
after(() => host?.[Symbol.asyncDispose]());

const MACHINE = "vm1";
const MAC = "52:54:00:11:22:33";

conformance(
  virsh,
  async () => {
    await host.define(MACHINE, MAC).catch(() => {});
    const setState = async (state: "on" | "off") =>
      void (await host.virsh(state === "on" ? "start" : "destroy", MACHINE).catch(() => {}));
    await setState("off");
    // The socket, since each order by ssh is a login; wrong ones have to go there.
    const settings = { power_address: host.uri, power_id: MACHINE };
    return {
      settings,
      wrongPassword: { power_address: host.sshUri, power_id: MACHINE, power_pass: "guessed" },
      unreachable: { ...settings, power_address: "qemu+ssh://root@127.0.0.1:1/system" },
      state: async () => ((await host.virsh("domstate", MACHINE)).trim() === "running" ? "on" : "off"),
      setState,
      hang: async (hung) => host.hang(hung),
      [Symbol.asyncDispose]: async () => host.hang(false),
    };
  },
  maybe,
);

test("virsh: by ssh with a password, of which no server was known", maybe, async () => {
  const settings = { power_address: host.sshUri, power_pass: host.password, power_id: MACHINE };
  await host.virsh("destroy", MACHINE).catch(() => {});
  await powerOn({ driver: virsh, settings });
  assert.equal((await host.virsh("domstate", MACHINE)).trim(), "running");
  const facts = await discoverVmHost({ type: "virsh", settings, limitMs: 60_000 });
  assert.deepEqual(
    facts.machines.map(({ name, running }) => [name, running]),
    [[MACHINE, true]],
  );
});

test("virsh: the password is in no argument and no variable, and its file is gone afterwards", maybe, async () => {
  const seen: string[] = [];
  const outside: Outside = {
    ...realOutside,
    run: (command) => {
      seen.push(...command.args, ...Object.values(command.env));
      return Promise.resolve({ code: 1, stdout: "", stderr: "error: End of file while reading data" });
    },
  };
  const settings = { power_address: "qemu+ssh://root@host/system", power_pass: "a-secret", power_id: "vm1" };
  await assert.rejects(powerQuery({ driver: virsh, settings, outside, timing: { attempts: 1 } }), {
    kind: "unreachable",
  });
  assert.ok(seen.length > 5 && !seen.some((word) => word.includes("a-secret")));
  const askpass = seen.find((word) => word.endsWith("/askpass")) ?? "";
  await assert.rejects(readdir(askpass.replace(/\/askpass$/, "")), { code: "ENOENT" });
});

test("virsh: a machine that is not there is refused by its name", maybe, async () => {
  const settings = { power_address: host.uri, power_id: "nobody" };
  await assert.rejects(powerQuery({ driver: virsh, settings, timing: { attempts: 1 } }), {
    kind: "refused",
    message: /no virtual machine nobody: check power_id/,
  });
});

const order = (change: Partial<VmOrder> = {}): VmOrder => ({
  name: "composed",
  uuid: randomUUID(),
  architecture: "amd64/generic",
  cores: 2,
  pinnedCores: [],
  memoryMib: 128,
  hugepages: false,
  disks: [
    { sizeBytes: 2_000_000_000, pool: "local" },
    { sizeBytes: 1_024_000_000, pool: "local" },
  ],
  interfaces: [{ mac: "52:54:00:aa:bb:cc", attach: { kind: "network", to: "maas" } }],
  ...change,
});

test("a host is found out about, with the machines that it has", maybe, async () => {
  await host.virsh("start", MACHINE).catch(() => {});
  const facts = await discoverVmHost({ type: "virsh", settings: { power_address: host.uri }, limitMs: 60_000 });
  assert.ok(facts.cores > 0 && facts.memoryMib > 500, JSON.stringify(facts));
  assert.deepEqual(facts.architectures, ["amd64/generic"]);
  assert.match(facts.version, /^\d+\.\d+/);
  assert.deepEqual(facts.networks, ["maas"]);
  const [pool] = facts.pools;
  assert.deepEqual([facts.pools.length, pool?.name, pool?.type, pool?.path], [1, "local", "dir", host.poolPath]);
  assert.ok((pool?.totalBytes ?? 0) >= (pool?.availableBytes ?? 0) && (pool?.availableBytes ?? 0) > 0);
  const [machine] = facts.machines;
  assert.deepEqual(
    { ...machine, uuid: "" },
    {
      name: MACHINE,
      uuid: "",
      architecture: "amd64/generic",
      cores: 1,
      pinnedCores: [],
      memoryMib: 64,
      hugepages: false,
      running: true,
      disks: [],
      interfaces: [{ mac: MAC, attachedTo: "maas" }],
    },
  );
});

test("a machine is made once, starts, and is taken away with its disks", maybe, async () => {
  const at = { type: "virsh", settings: { power_address: host.uri }, limitMs: 60_000 };
  const wanted = order({ pinnedCores: [0] });
  await composeVm(at, wanted);
  await composeVm(at, wanted);
  const others = async () => (await discoverVmHost(at)).machines.filter(({ name }) => name !== MACHINE);
  assert.deepEqual(await others(), [
    {
      ...wanted,
      cores: 1,
      running: false,
      interfaces: [{ mac: "52:54:00:aa:bb:cc", attachedTo: "maas" }],
    },
  ]);
  await host.virsh("start", wanted.uuid);
  assert.equal((await readdir(host.poolPath)).length, 2);
  await decomposeVm(at, wanted.uuid);
  await decomposeVm(at, wanted.uuid);
  assert.deepEqual(await readdir(host.poolPath), []);
  assert.deepEqual(await others(), []);
});

test("a machine that cannot be made leaves no disk behind", maybe, async () => {
  const at = { type: "virsh", settings: { power_address: host.uri }, limitMs: 60_000 };
  const cases: [Partial<VmOrder>, RegExp][] = [
    [{ interfaces: [{ mac: "no address", attach: { kind: "network", to: "maas" } }] }, /mac address/],
    [{ disks: [{ sizeBytes: 1e9, pool: "elsewhere" }] }, /no storage pool elsewhere/],
    [{ architecture: "arm64/generic" }, /runs no machines of arm64/],
  ];
  for (const [change, message] of cases) await assert.rejects(composeVm(at, order(change)), { message });
  assert.deepEqual(await readdir(host.poolPath), []);
});
