import { BadReport, type Part } from "./read.ts";
import type { ReportedDisk } from "./report.ts";

const MAX_DISKS = 4096;
/** Nothing can be put on less: partitions are aligned to it. */
const MIN_DISK_BYTES = 4 * 1024 ** 2;
const MAX_INT = 2 ** 31 - 1;

type Found = ReportedDisk & { lun: string };

/** Disks that can be installed on, in the machine's order. */
export function readDisks(resources: Part): ReportedDisk[] {
  const storage = resources.maybe("storage");
  const found = storage?.parts("disks", MAX_DISKS).flatMap(readDisk) ?? [];
  const names = new Set(found.map((disk) => disk.name));
  if (names.size < found.length) throw new BadReport("resources.storage.disks has two disks of one name");
  return condensePaths(found);
}

function readDisk(disk: Part): Found[] {
  disk.require("id", "type", "read_only", "removable", "rpm");
  const name = disk.text("id");
  const sizeBytes = disk.natural("size");
  if (disk.flag("read_only") || disk.text("type") === "cdrom") return [];
  if (sizeBytes <= MIN_DISK_BYTES || name.startsWith("loop")) return [];
  if (!/^[\w!.:-]{1,64}$/.test(name)) throw new BadReport(`${disk.at("id")} is no name of a disk`);
  const deviceId = disk.text("device_id");
  const serial = disk.text("serial");
  return [
    {
      name,
      ...disk.word("model", "model"),
      ...(serial === "" ? {} : { serial }),
      // Without a serial the name below by-id comes from where the disk is plugged in, which may change.
      idPath: deviceId !== "" && serial !== "" ? `/dev/disk/by-id/${deviceId}` : `/dev/${name}`,
      sizeBytes,
      blockSizeBytes: disk.natural("block_size", 512, MAX_INT) || 512,
      ...disk.word("firmwareVersion", "firmware_version"),
      ...(disk.raw("numa_node") === null ? {} : { numaNode: disk.natural("numa_node", 0, MAX_INT) }),
      tags: tagsOf(disk),
      lun: /-lun-(\w+)$/.exec(disk.text("device_path"))?.[1] ?? "",
    },
  ];
}

function tagsOf(disk: Part): string[] {
  const rpm = disk.natural("rpm", 0, MAX_INT);
  return [
    ...(rpm > 0 ? ["rotary", `${rpm}rpm`] : ["ssd"]),
    ...(disk.flag("removable") ? ["removable"] : []),
    ...(disk.text("type") === "sata" ? ["sata"] : []),
  ];
}

/** One storage unit that is reached on several paths appears once per path: it is kept under the lowest name. */
function condensePaths(disks: readonly Found[]): ReportedDisk[] {
  const groups = Map.groupBy(disks, (disk) =>
    disk.serial === undefined || disk.lun === "" ? `name ${disk.name}` : `unit ${disk.serial} ${disk.lun}`,
  );
  return [...groups.values()].flatMap((paths) => {
    const [first] = paths.sort((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
    if (!first) return [];
    const { lun: _lun, ...disk } = first;
    if (paths.length === 1) return [disk];
    // An array says nothing of what turns inside of it.
    return [{ ...disk, tags: [...disk.tags.filter((tag) => tag !== "ssd"), "multipath"] }];
  });
}
