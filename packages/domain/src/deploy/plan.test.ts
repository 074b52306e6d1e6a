import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { onDevice, StorageEdit } from "../storage/edit.ts";
import { GIB } from "../storage/geometry.ts";
import { applyLayout } from "../storage/layout.ts";
import { createVolume, createVolumeGroup } from "../storage/lvm.ts";
import type { StorageModel } from "../storage/model.ts";
import { addPartition } from "../storage/partitions.ts";
import { createRaid } from "../storage/raid.ts";
import { disk, machine, uuids } from "../storage/storage-fixture.ts";
import { deployErrors, type DeployCandidate } from "./checks.ts";
import { type DeployPlan, type DeployPlanInput, renderDeployPlan } from "./plan.ts";
import { planProblems } from "./problems.ts";
import { renderInstallerUserData } from "./user-data.ts";

function storage(biosBootMethod: string, layout = "flat"): StorageModel {
  const vda = disk(1, "vda", 8 * GIB, { idPath: "/dev/disk/by-id/virtio-D" });
  return applyLayout(layout, machine([vda], { biosBootMethod }), uuids());
}

const disks = () => [
  disk(1, "vda", 8 * GIB),
  disk(2, "vdb", 8 * GIB, { tags: ["ssd"] }),
  disk(3, "vdc", 8 * GIB),
  disk(4, "vdd", 8 * GIB),
];
const grouped = (layout: string) => applyLayout(layout, machine(disks()), uuids());

/** A volume group on a partition of a RAID with a spare, beside the flat layout; a filesystem in memory. */
function raided(): StorageModel {
  const edit = new StorageEdit(grouped("flat"), uuids());
  createRaid(edit, { level: "raid-1", members: { blockDevices: ["vdb", "vdc"] }, spares: { blockDevices: ["vdd"] } });
  const md = edit.devices.find((device) => device.name === "md0");
  assert.ok(md);
  const part = addPartition(edit, md);
  const group = createVolumeGroup(edit, { name: "vg-0", partitions: [String(part.id)] });
  const on = onDevice(createVolume(edit, group, { name: "srv" }));
  edit.addFilesystem({ on, fstype: "xfs", mountPoint: "/srv" });
  edit.addFilesystem({ on: { kind: "nothing" }, fstype: "tmpfs", mountPoint: "/scratch" });
  return edit.result();
}

function input(change: Partial<DeployPlanInput> = {}): DeployPlanInput {
  return {
    systemId: "abc123",
    hostname: "node1",
    domain: "maas",
    architecture: "amd64/generic",
    biosBootMethod: "pxe",
    storage: storage(change.biosBootMethod ?? "pxe"),
    network: { version: 2 },
    source: {
      type: "squashfs",
      uri: "http://10.0.0.2:5248/images/root.squashfs",
      sha256: "a".repeat(64),
      sizeBytes: 1000,
    },
    token: { consumerKey: "K", tokenKey: "T", tokenSecret: "it's \"$(reboot)`\\" },
    metadataUrl: "http://10.0.0.2:5248/MAAS/metadata/",
    statusUrl: "http://10.0.0.2:5248/MAAS/metadata/status/abc123",
    netbootOffUrl: "http://10.0.0.2:5248/MAAS/metadata/latest/by-id/abc123/",
    ...change,
  };
}

suite("deploy plan", () => {
  test("a BIOS plan is complete and has no problem", () => {
    const plan = renderDeployPlan(input());
    assert.deepEqual(planProblems(plan), []);
    assert.equal(plan.fqdn, "node1.maas");
    assert.equal(plan.architecture, "amd64");
    assert.deepEqual(plan.bootloader, { method: "bios", removable: true });
    assert.deepEqual(plan.disks, { vda: { sizeBytes: 8 * GIB, blockSizeBytes: 512 } });
    assert.equal(JSON.stringify(renderDeployPlan(input())), JSON.stringify(plan));
  });

  test("the installed system's cloud-init knows its token, reports, and leaves the network alone", () => {
    const { files } = renderDeployPlan(input()).cloudInit;
    const merged = Object.assign({}, ...files.map((file) => parse(file.content) as object)) as Record<string, unknown>;
    assert.deepEqual(merged["datasource_list"], ["MAAS"]);
    const secret = input().token.tokenSecret;
    assert.deepEqual(merged["datasource"], {
      MAAS: { metadata_url: input().metadataUrl, consumer_key: "K", token_key: "T", token_secret: secret },
    });
    assert.deepEqual(merged["network"], { config: "disabled" });
    for (const file of files) if (file.content.includes("token_secret")) assert.equal(file.mode, "0600", file.path);
  });

  test("problems name the item", () => {
    const uefi = renderDeployPlan(input({ biosBootMethod: "uefi" }));
    assert.deepEqual(planProblems(uefi), []);
    const plan = renderDeployPlan(input());
    const withItems = (change: (items: DeployPlan["storage"]["config"]) => DeployPlan["storage"]["config"]) => ({
      ...plan,
      storage: { version: 1 as const, config: change(plan.storage.config) },
    });
    const cases: [RegExp, DeployPlan][] = [
      [/hostname 'a b'/, { ...plan, hostname: "a b" }],
      [/fqdn 'a\.\.b'/, { ...plan, fqdn: "a..b" }],
      [/source\.uri 'file:/, { ...plan, source: { ...plan.source, uri: "file:///etc/shadow" } }],
      [/sha256/, { ...plan, source: { ...plan.source, sha256: "" } }],
      [/sizeBytes/, { ...plan, source: { ...plan.source, sizeBytes: Number.NaN } }],
      [/tokenKey is empty/, { ...plan, reporting: { ...plan.reporting, tokenKey: "" } }],
      [/netbootOff\.url/, { ...plan, netbootOff: { url: "ftp://x/" } }],
      [/nothing|no filesystem is mounted on \//, renderDeployPlan(input({ storage: storage("pxe", "blank") }))],
      [/vda-part2_format needs vda-part2/, withItems((items) => items.filter((item) => item.id !== "vda-part2"))],
      [/vda is there twice/, withItems((items) => [...items.slice(0, 1), ...items])],
      [/no bios_grub/, withItems((items) => items.filter((item) => item.id !== "vda-part1"))],
      [/EFI system partition/, { ...plan, bootloader: { method: "uefi", removable: true } }],
      [/no boot loader for s390x/, { ...plan, architecture: "s390x" }],
      [/empty command/, { ...plan, lateCommands: [[]] }],
    ];
    for (const [pattern, broken] of cases) assert.match(planProblems(broken).join("\n"), pattern);
  });
});

test("the installer accepts what is rendered here, and refuses what it has problems with", () => {
  const installer = join(import.meta.dirname, "../../../../machine/installer");
  const code =
    "import json, sys; from rackwright_installer.plan import parse\n" +
    "for plan in json.load(sys.stdin):\n try: parse(plan); print('ok')\n except Exception as error: print(error)";
  const plans = [
    renderDeployPlan(input()),
    renderDeployPlan(input({ biosBootMethod: "uefi" })),
    renderDeployPlan(input({ storage: storage("pxe", "blank") })),
    renderDeployPlan(input({ storage: storage("pxe", "lvm") })),
    renderDeployPlan(input({ storage: grouped("bcache") })),
    renderDeployPlan(input({ storage: raided() })),
  ];
  const env = { ...process.env, PYTHONPATH: installer, PYTHONDONTWRITEBYTECODE: "1" };
  const ran = spawnSync("python3", ["-c", code], { input: JSON.stringify(plans), encoding: "utf8", env });
  const [bios, uefi, blank, ...groups] = ran.stdout.trim().split("\n");
  assert.deepEqual([bios, uefi, ran.stderr], ["ok", "ok", ""]);
  assert.match(blank ?? "", /no filesystem is mounted on \//);
  assert.deepEqual(groups, ["ok", "ok", "ok"]);
});

suite("installer user-data", () => {
  const files = [
    { path: "rackwright_installer/x.py", content: "print('ü $HOME')\n", executable: false },
    { path: "rackwright-install", content: "import sys\nprint(open(sys.argv[1]).read())\n", executable: true },
  ];

  test("running it hands the very same plan to the launcher, whatever the values hold", () => {
    const plan = renderDeployPlan(input());
    const folder = mkdtempSync(join(tmpdir(), "rw-userdata-"));
    try {
      const script = renderInstallerUserData(files, plan).replaceAll("/run/rackwright", folder);
      const ran = spawnSync("sh", ["-c", script], { encoding: "utf8" });
      assert.equal(ran.stderr, "");
      assert.deepEqual(JSON.parse(ran.stdout), plan);
      assert.equal(readFileSync(join(folder, "installer/rackwright_installer/x.py"), "utf8"), files[0]?.content);
      assert.equal(statSync(join(folder, "plan.json")).mode & 0o777, 0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("it is the same for any order of files, has no raw value in it, and refuses odd file names", () => {
    const plan = renderDeployPlan(input());
    const text = renderInstallerUserData(files, plan);
    assert.equal(renderInstallerUserData([...files].reverse(), plan), text);
    assert.ok(!text.includes("reboot"));
    for (const path of ["../x", "a/../b", "/etc/x", "a b", "a;b", "a$(b)", ".x"]) {
      assert.throws(
        () => renderInstallerUserData([{ path, content: "", executable: false }], plan),
        /not allowed/,
        path,
      );
    }
  });
});

suite("deploy checks", () => {
  const subnet = {
    id: 1,
    cidr: "10.0.0.0/24",
    dnsServers: [],
    allowDns: true,
    vlanDhcpOn: true,
    rackAddresses: [],
    staticRoutes: [],
  };
  const candidate = (change: Partial<DeployCandidate> = {}): DeployCandidate => ({
    hostname: "node1",
    osystem: "ubuntu",
    series: "jammy",
    architecture: "amd64/generic",
    biosBootMethod: "pxe",
    inMemory: false,
    interfaces: [{ enabled: true, links: [{ id: 1, mode: "auto", subnet }] }],
    storage: storage("pxe"),
    ...change,
  });

  test("a flat machine with an AUTO link may be deployed", () => assert.deepEqual(deployErrors(candidate()), {}));

  test("network: a link_up or a missing subnet is no network", () => {
    for (const links of [[], [{ id: 1, mode: "link_up" as const, subnet }], [{ id: 1, mode: "dhcp" as const }]]) {
      assert.deepEqual(Object.keys(deployErrors(candidate({ interfaces: [{ enabled: true, links }] }))), ["network"]);
    }
  });

  test("storage: disks, boot disk, root, /boot, btrfs; not for in-memory, root not for custom", () => {
    const noDisk = { ...storage("pxe"), devices: [] };
    const tiny = { ...noDisk, devices: [disk(1, "vda", 1e6)] };
    const blank = storage("pxe", "blank");
    const flat = storage("pxe");
    const btrfs = { ...flat, filesystems: flat.filesystems.map((f) => ({ ...f, fstype: "btrfs" as const })) };
    const arm = { architecture: "arm64/generic", biosBootMethod: "powernv" };
    const says = (change: Partial<DeployCandidate>) => deployErrors(candidate(change))["storage"]?.join("\n") ?? "";
    assert.match(says({ storage: noDisk }), /no disk/);
    assert.match(says({ storage: tiny }), /no boot disk/);
    assert.match(says({ storage: blank }), /nothing mounted on \//);
    assert.match(says(arm), /\/boot/);
    assert.match(says({ storage: btrfs, osystem: "centos", series: "centos8" }), /btrfs/);
    assert.equal(says({ storage: btrfs }), "");
    assert.equal(says({ storage: blank, osystem: "custom" }), "");
    assert.equal(says({ storage: noDisk, inMemory: true }), "");
    assert.equal(says({ storage: raided() }), "");
    const bcache = grouped("bcache");
    assert.equal(says({ storage: bcache }), "", "it has /boot of its own");
    const alone = { ...bcache, filesystems: bcache.filesystems.filter((f) => f.mountPoint !== "/boot") };
    assert.match(says({ storage: alone }), /GRUB cannot read/);
    const zfs = { ...flat, filesystems: flat.filesystems.map((f) => ({ ...f, fstype: "zfsroot" as const })) };
    assert.match(says({ storage: zfs }), /ZFS on \//);
    const big = applyLayout("vmfs6", machine([disk(1, "vda", 40 * GIB)]), uuids());
    assert.match(says({ storage: big, osystem: "custom" }), /datastore1, which only ESXi/);
  });
});
