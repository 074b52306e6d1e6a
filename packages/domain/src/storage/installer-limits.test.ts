import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import { updateDevice } from "./devices.ts";
import { StorageEdit, onDevice } from "./edit.ts";
import { format, mount, mountSpecial } from "./filesystems.ts";
import { LABEL_LENGTHS, MOUNT_OPTIONS, MOUNT_PATH, NAME } from "./installer-limits.ts";
import { createVolume, createVolumeGroup } from "./lvm.ts";
import { addPartition } from "./partitions.ts";
import { createRaid } from "./raid.ts";
import { disk, machine, uuids } from "./storage-fixture.ts";

const GB = 1e9;
const four = () =>
  new StorageEdit(machine(["sda", "sdb", "sdc", "sdd"].map((name, i) => disk(i + 1, name, 10 * GB))), uuids());
const sdb = onDevice({ id: 2 });

/** The field that is refused. */
function refused(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DomainError && error.fields) return Object.keys(error.fields).join();
    throw error;
  }
  return "nothing";
}

test("the installer decides by the same patterns", () => {
  const read = (file: string) =>
    readFileSync(new URL(`../../../../machine/installer/rackwright_installer/${file}`, import.meta.url), "utf8");
  const items = read("storage_items.py");
  assert.ok(items.includes(`PATH = r"${MOUNT_PATH}"\n`));
  assert.ok(items.includes(`OPTIONS = r"${MOUNT_OPTIONS}"\n`));
  assert.ok(read("group_items.py").includes(`NAME = r"${NAME}"\n`));
  const lengths = Object.entries(LABEL_LENGTHS).map(([fstype, length]) => `"${fstype}": ${length}`);
  assert.ok(items.includes(`LABELS = {${lengths.join(", ")}}\n`));
});

test("labels are as long as the filesystem takes them, and of its characters", () => {
  const label = (fstype: string, text: string) => refused(() => format(four(), sdb, { fstype, label: text }));
  for (const [fstype, most] of Object.entries(LABEL_LENGTHS)) {
    assert.equal(label(fstype, "x".repeat(most)), "nothing", fstype);
    assert.equal(label(fstype, "x".repeat(most + 1)), "label", fstype);
  }
  for (const text of ["a/b", "a\tb", "é", "a'b"]) assert.equal(label("ext4", text), "label", text);
  assert.equal(label("ext4", "my data_1.0-b"), "nothing");
});

test("mount points and options are what can stand in fstab", () => {
  const at = (mountPoint: string, mountOptions?: string) => {
    const edit = four();
    format(edit, sdb, { fstype: "ext4" });
    const there = refused(() => mount(edit, sdb, { mountPoint, mountOptions }));
    const inMemory = refused(() => mountSpecial(four(), { fstype: "tmpfs", mountPoint, mountOptions }));
    assert.equal(there, inMemory);
    return there;
  };
  for (const path of ["/", "/srv/", "/srv//a@b", "/a+b=c:d,e%f", "/.hidden"]) assert.equal(at(path), "nothing", path);
  for (const path of ["/a'b", "/ä", "/..a", "/a$b", "/a\\b", "//../b", "/a#b"])
    assert.equal(at(path), "mount_point", path);
  assert.equal(at("/srv", "noatime,size=1g,x-systemd.device-timeout=10s"), "nothing");
  for (const options of ['context="a"', "a b", "a;b", "a#b", "größe=1"])
    assert.equal(at("/srv", options), "mount_options", options);
});

test("volumes and groups are called by names that LVM takes, and by none that the plan needs itself", () => {
  const edit = four();
  addPartition(edit, edit.device(3), { sizeBytes: GB });
  const group = (name: string) => refused(() => createVolumeGroup(edit, { name, blockDevices: ["sdb"] }));
  for (const name of ["sdc-part1", "sdc-part2", "sda-part1_format", "sdd_mount", "-x", ".x"])
    assert.equal(group(name), "name", name);
  assert.equal(group("data-part"), "nothing");
  const raid = (name: string) =>
    refused(() => createRaid(edit, { name, level: "raid-1", members: { blockDevices: ["sda", "sdd"] }, spares: {} }));
  for (const name of ["data-part", "sdb-part3"]) assert.equal(raid(name), "name", name);
  const [made] = edit.groups;
  assert.ok(made);
  const volume = (name: string) => refused(() => createVolume(edit, made, { name, sizeBytes: GB }));
  for (const name of ["-x", ".x", "..", "", "+a"]) assert.equal(volume(name), "name", name);
  for (const name of ["part1", "x", "1.a"]) assert.equal(volume(name), "nothing", name);
  assert.equal(volume("x-part1"), "name", "a partition of the volume x");
  const first = edit.devices.find((d) => d.name === "data-part-x");
  assert.ok(first);
  assert.equal(
    refused(() => updateDevice(edit, first, { name: ".x" })),
    "name",
  );
});
