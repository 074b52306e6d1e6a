/** What has changed between two inventories of one machine. Serial numbers name disks, MAC addresses name cards, whatever the kernel calls them. */
import { type DeviceKind, type Inventory, type Nic } from "./inventory.ts";
import { matchDisks } from "./match.ts";
import type { ReportedDisk } from "./report.ts";
import { laterDate, laterVersion } from "./versions.ts";

export type ChangedPart = "system" | "cpu" | "memory" | "disk" | "nic" | "firmware" | "device";
export type HowChanged =
  | "gone"
  | "added"
  | "smaller"
  | "larger"
  | "newer"
  | "older"
  | "changed"
  | "moved"
  | "renamed"
  | "slower"
  | "faster"
  | "unplugged"
  | "plugged";

export interface InventoryChange {
  part: ChangedPart;
  change: HowChanged;
  /** What it is known by: serial number, MAC address, PCI id, or the name of the value. */
  name: string;
  before: string | number | null;
  after: string | number | null;
  /** For people, without a full stop. */
  text: string;
}

/** What the machine has less of than before. */
const losses: readonly HowChanged[] = ["gone", "smaller", "older", "slower", "unplugged"];
export const isLoss = (change: InventoryChange): boolean => losses.includes(change.change);

/** The kernel deals out names at each start: to be known, and no news. */
export const isNews = (change: InventoryChange): boolean => change.change !== "renamed";

/** Firmware keeps some megabytes for itself, now more, now less; no module is as small. */
const MEMORY_NOISE_MIB = 64;

export function compareInventories(before: Inventory, after: Inventory): InventoryChange[] {
  return [
    ...systemChanges(before, after),
    ...cpuChanges(before, after),
    ...memoryChanges(before, after),
    ...diskChanges(before.disks, after.disks),
    ...nicChanges(before.nics, after.nics),
    ...firmwareChanges(before, after),
    ...deviceChanges(before.devices, after.devices),
  ];
}

/** What cards are plugged into, alone: LLDP is listened to after the rest was told. */
export function comparePorts(before: Inventory, after: Inventory): InventoryChange[] {
  const earlier = new Map(before.nics.map((nic) => [nic.mac, nic]));
  return after.nics.flatMap((nic) => {
    const known = earlier.get(nic.mac);
    return known ? portChange(known, nic) : [];
  });
}

/** Of a machine with the same disks in it, another mainboard. */
const identities: Readonly<Record<string, string>> = {
  system_vendor: "vendor",
  system_product: "model",
  system_serial: "serial number",
  mainboard_product: "mainboard",
  mainboard_serial: "serial number of the mainboard",
  chassis_serial: "serial number of the chassis",
};

function systemChanges(before: Inventory, after: Inventory): InventoryChange[] {
  const pairs: [string, string, string | undefined, string | undefined][] = [
    ["architecture", "architecture", before.architecture, after.architecture],
    ["hardware_uuid", "hardware UUID", before.hardwareUuid, after.hardwareUuid],
    ...Object.entries(identities).map(([key, word]): [string, string, string | undefined, string | undefined] => [
      key,
      word,
      before.metadata[key],
      after.metadata[key],
    ]),
  ];
  return pairs.flatMap(([name, word, was, is]) =>
    was === is
      ? []
      : [
          {
            part: "system",
            change: "changed",
            name,
            before: was ?? null,
            after: is ?? null,
            text: turned(word, was, is),
          },
        ],
  );
}

const turned = (word: string, was: string | undefined, is: string | undefined): string =>
  `${word}: ${is ?? "none"}, was ${was ?? "none"}`;

function cpuChanges({ cpu: was }: Inventory, { cpu: is }: Inventory): InventoryChange[] {
  const found: InventoryChange[] = [];
  if (was.model !== is.model)
    found.push({
      part: "cpu",
      change: "changed",
      name: "model",
      before: was.model ?? null,
      after: is.model ?? null,
      text: turned("processor", was.model, is.model),
    });
  if (was.count !== is.count)
    found.push({
      part: "cpu",
      change: is.count < was.count ? "smaller" : "larger",
      name: "count",
      before: was.count,
      after: is.count,
      text: `processors: ${is.count}, were ${was.count}`,
    });
  return found;
}

function memoryChanges(before: Inventory, after: Inventory): InventoryChange[] {
  const [was, is] = [before.memoryMib, after.memoryMib];
  if (Math.abs(is - was) < MEMORY_NOISE_MIB) return [];
  const change = is < was ? "smaller" : "larger";
  const text = `memory: ${is} MiB, was ${was} MiB (${Math.abs(is - was)} MiB ${is < was ? "less" : "more"})`;
  return [{ part: "memory", change, name: "memory", before: was, after: is, text }];
}

const sized = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
const diskId = (d: ReportedDisk): string => d.serial ?? d.name;
const diskWords = (d: ReportedDisk): string => {
  const more = [d.model, sized(d.sizeBytes), d.serial === undefined ? undefined : d.name];
  return `disk ${diskId(d)} (${more.filter((word) => word !== undefined).join(", ")})`;
};

function diskChanges(before: readonly ReportedDisk[], after: readonly ReportedDisk[]): InventoryChange[] {
  const stored = before.map((disk, id) => ({
    id,
    name: disk.name,
    serial: disk.serial ?? null,
    idPath: disk.idPath,
    disk,
  }));
  const { kept, added, gone } = matchDisks(stored, after);
  return [
    ...gone.map(({ disk }) => goneOf("disk", diskId(disk), diskWords(disk))),
    ...added.map((disk) => addedOf("disk", diskId(disk), diskWords(disk))),
    ...kept.flatMap(({ stored: { disk: was }, reported: is }): InventoryChange[] => [
      ...renamed("disk", diskId(is), was.name, is.name, `disk ${diskId(is)}`),
      ...(was.sizeBytes === is.sizeBytes
        ? []
        : [
            {
              part: "disk" as const,
              change: is.sizeBytes < was.sizeBytes ? ("smaller" as const) : ("larger" as const),
              name: diskId(is),
              before: was.sizeBytes,
              after: is.sizeBytes,
              text: `${diskWords(is)}: was ${sized(was.sizeBytes)}`,
            },
          ]),
      ...firmware(`disk ${diskId(is)}`, diskId(is), was.firmwareVersion, is.firmwareVersion),
    ]),
  ];
}

const nicWords = (nic: Nic): string =>
  `network card ${nic.mac} (${[nic.product, nic.name].filter((word) => word !== undefined).join(", ")})`;
const linked = (nic: Nic): string => (nic.linkConnected ? `${nic.linkSpeed || "?"} Mbit/s` : "no link");

function nicChanges(before: readonly Nic[], after: readonly Nic[]): InventoryChange[] {
  const earlier = new Map(before.map((nic) => [nic.mac, nic]));
  const now = new Set(after.map((nic) => nic.mac));
  return [
    ...before.filter(({ mac }) => !now.has(mac)).map((nic) => goneOf("nic", nic.mac, nicWords(nic))),
    ...after.flatMap((nic) => {
      const was = earlier.get(nic.mac);
      if (!was) return [addedOf("nic", nic.mac, nicWords(nic))];
      return [
        ...renamed("nic", nic.mac, was.name, nic.name, `network card ${nic.mac}`),
        ...slotChange(was, nic),
        ...portChange(was, nic),
        ...linkChange(was, nic),
        ...firmware(`network card ${nic.mac}`, nic.mac, was.firmwareVersion, nic.firmwareVersion),
      ];
    }),
  ];
}

function slotChange(was: Nic, is: Nic): InventoryChange[] {
  if (was.slot === undefined || is.slot === undefined || was.slot === is.slot) return [];
  const text = `${nicWords(is)} moved to the slot ${is.slot}, was in ${was.slot}`;
  return [{ part: "nic", change: "moved", name: is.mac, before: was.slot, after: is.slot, text }];
}

/** Where nothing was heard of a switch, nothing is known of a move. */
function portChange(was: Nic, is: Nic): InventoryChange[] {
  const [old, now] = [was.switchPort, is.switchPort];
  if (!old || !now || (old.switch === now.switch && old.port === now.port)) return [];
  const words = (p: { switch: string; name?: string; port: string }) => `port ${p.port} of ${p.name ?? p.switch}`;
  const text = `${nicWords(is)} moved to ${words(now)}, was at ${words(old)}`;
  return [{ part: "nic", change: "moved", name: is.mac, before: words(old), after: words(now), text }];
}

function linkChange(was: Nic, is: Nic): InventoryChange[] {
  const one = { part: "nic", name: is.mac, before: linked(was), after: linked(is) } as const;
  if (was.linkConnected !== is.linkConnected) {
    const text = is.linkConnected ? `${nicWords(is)} has a link now` : `${nicWords(is)} has no link any more`;
    return [{ ...one, change: is.linkConnected ? "plugged" : "unplugged", text }];
  }
  if (!is.linkConnected || was.linkSpeed === is.linkSpeed || was.linkSpeed === 0 || is.linkSpeed === 0) return [];
  const text = `${nicWords(is)} runs at ${linked(is)}, was at ${linked(was)}`;
  return [{ ...one, change: is.linkSpeed < was.linkSpeed ? "slower" : "faster", text }];
}

function firmwareChanges({ metadata: was }: Inventory, { metadata: is }: Inventory): InventoryChange[] {
  const date = laterDate(was.mainboard_firmware_date ?? "", is.mainboard_firmware_date ?? "");
  const [old, now] = [was.mainboard_firmware_version, is.mainboard_firmware_version];
  return firmware("the mainboard", "mainboard", old, now, date);
}

/** @param byDate what a date says, where the versions themselves do not tell */
function firmware(
  of: string,
  name: string,
  was: string | undefined,
  is: string | undefined,
  byDate?: "newer" | "older",
): InventoryChange[] {
  // One that is not told may be the driver's doing.
  if (was === undefined || is === undefined || was === is) return [];
  const change = byDate ?? laterVersion(was, is) ?? "changed";
  const text = `firmware of ${of}: ${is}, was ${was}${change === "changed" ? "" : ` (${change})`}`;
  return [{ part: "firmware", change, name, before: was, after: is, text }];
}

function deviceChanges(before: readonly DeviceKind[], after: readonly DeviceKind[]): InventoryChange[] {
  const counts = (kinds: readonly DeviceKind[]) => new Map(kinds.map((kind) => [kind.id, kind.count]));
  const [was, is] = [counts(before), counts(after)];
  const kinds = new Map([...before, ...after].map((kind) => [kind.id, kind]));
  return [...kinds.values()].flatMap((kind) => {
    const [old, now] = [was.get(kind.id) ?? 0, is.get(kind.id) ?? 0];
    if (old === now) return [];
    const text = `${kind.isGpu ? "GPU" : "device"} ${kind.name} (${kind.id}): ${now}, were ${old}`;
    const one = { part: "device", name: kind.id, before: old, after: now, text } as const;
    return [{ ...one, change: now < old ? ("gone" as const) : ("added" as const) }];
  });
}

const goneOf = (part: ChangedPart, name: string, words: string): InventoryChange => ({
  part,
  change: "gone",
  name,
  before: words,
  after: null,
  text: `${words} is gone`,
});

const addedOf = (part: ChangedPart, name: string, words: string): InventoryChange => ({
  part,
  change: "added",
  name,
  before: null,
  after: words,
  text: `${words} is new`,
});

function renamed(part: ChangedPart, name: string, was: string, is: string, words: string): InventoryChange[] {
  if (was === is) return [];
  return [{ part, change: "renamed", name, before: was, after: is, text: `${words} is called ${is}, was ${was}` }];
}
