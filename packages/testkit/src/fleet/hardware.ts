/** What an emulated machine is made of: plausible, different from its neighbour's, and the same each time. */
import { type Chance, chance } from "./seed.ts";

const models = [
  ["Dell Inc.", "PowerEdge R650", "Dell Inc.", "1.9.2"],
  ["HPE", "ProLiant DL360 Gen10", "HPE", "U32"],
  ["Supermicro", "SYS-1029P-WTRT", "American Megatrends Inc.", "3.4"],
  ["Lenovo", "ThinkSystem SR630", "Lenovo", "IVE166L-3.30"],
] as const;
const processors = [
  ["GenuineIntel", "Intel(R) Xeon(R) Silver 4310 CPU @ 2.10GHz", 2100],
  ["GenuineIntel", "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 2000],
  ["AuthenticAMD", "AMD EPYC 7313 16-Core Processor", 3000],
  ["AuthenticAMD", "AMD EPYC 7443P 24-Core Processor", 2850],
] as const;
const GIB = 1024 ** 3;

export interface Disk {
  name: string;
  model: string;
  serial: string;
  sizeBytes: number;
  type: "nvme" | "sata";
  rpm: number;
}

export interface Hardware {
  /** Tells its addresses from everybody else's. */
  place: number;
  uuid: string;
  vendor: string;
  product: string;
  serial: string;
  firmware: { vendor: string; version: string };
  cpu: { vendor: string; name: string; mhz: number; sockets: number; coresPerSocket: number };
  memoryBytes: number;
  nics: { name: string; mac: string; linked: boolean }[];
  disks: Disk[];
  /** In 100.64.0.0/10 (RFC 6598), which no real network of a lab uses. */
  ip: string;
}

/** The last 22 bits of an address: the machine's place in 100.64.0.0/10, and on loopback. */
const low = (place: number) => `${64 + ((place >> 16) & 63)}.${(place >> 8) & 255}.${place & 255}`;
export const loopbackAddress = (place: number): string => `127.${low(place)}`;

/** @param macs what is known of it; the first boots @param place from 1 up to 2^22 - 2, its own */
export function hardwareOf(macs: readonly string[], place: number): Hardware {
  const luck = chance(macs[0] ?? "");
  const [vendor, product, firmwareVendor, firmwareVersion] = luck.pick(models);
  const [cpuVendor, name, mhz] = luck.pick(processors);
  const sockets = luck.between(1, 2);
  const extra = Array.from({ length: luck.between(0, 2) }, () => `06:${luck.hex(10).replace(/..(?!$)/g, "$&:")}`);
  const disks = luck.between(1, 4);
  return {
    place,
    uuid: [8, 4, 4, 4, 12].map((digits) => luck.hex(digits)).join("-"),
    vendor,
    product,
    serial: luck.hex(10).toUpperCase(),
    firmware: { vendor: firmwareVendor, version: firmwareVersion },
    cpu: { vendor: cpuVendor, name, mhz, sockets, coresPerSocket: luck.pick([4, 6, 8, 12, 16]) },
    memoryBytes: luck.pick([8, 16, 24, 32, 48, 64, 96, 128, 192, 256]) * GIB,
    nics: [...macs, ...extra].map((mac, i) => ({ name: `enp${i + 1}s0`, mac, linked: i === 0 })),
    disks: Array.from({ length: disks }, (_, i) => disk(luck, i)),
    ip: `100.${low(place)}`,
  };
}

function disk(luck: Chance, index: number): Disk {
  const serial = luck.hex(14).toUpperCase();
  if (luck.next() < 0.5)
    return {
      name: `nvme${index}n1`,
      model: "SAMSUNG MZQL2960HCJR",
      serial,
      sizeBytes: luck.pick([480, 960, 1920]) * 10 ** 9,
      type: "nvme",
      rpm: 0,
    };
  const letter = "abcdefgh"[index] ?? "z";
  return {
    name: `sd${letter}`,
    model: "ST4000NM000A",
    serial,
    sizeBytes: luck.pick([1000, 2000, 4000]) * 10 ** 9,
    type: "sata",
    rpm: 7200,
  };
}
