/** What a machine keeps over labs in the same directory: who it is, its disks, its UEFI variables. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OVMF_VARS } from "./qemu-argv.ts";
import type { MachineShape } from "./spec.ts";

export interface MachineFiles {
  dir: string;
  uuid: string;
  bmcPassword: string;
  macs: string[];
  disks: string[];
  varsFile: string;
  serialLog: string;
  qemuLog: string;
}

export function prepareFiles(labDir: string, shape: MachineShape): MachineFiles {
  const dir = join(labDir, "machines", shape.name);
  mkdirSync(dir, { recursive: true });
  const uuid = remembered(join(dir, "uuid"), randomUUID);
  const varsFile = join(dir, "uefi-vars.fd");
  if (shape.firmware === "uefi" && !existsSync(varsFile)) copyFileSync(OVMF_VARS, varsFile, constants.COPYFILE_EXCL);
  const serialLog = join(dir, "serial.log");
  closeSync(openSync(serialLog, "a"));
  return {
    dir,
    uuid,
    // 16 characters: all that IPMI 1.5 takes (IPMI 2.0, 22.30)
    bmcPassword: remembered(join(dir, "bmc-password"), () => randomBytes(8).toString("hex")),
    macs: Array.from({ length: shape.nics }, (_, nic) => macAddress(uuid, nic)),
    disks: shape.diskGib.map((gib, disk) => sparseFile(join(dir, `disk${disk}.img`), gib * 2 ** 30)),
    varsFile,
    serialLog,
    qemuLog: join(dir, "qemu.log"),
  };
}

/** 52:54:00 is QEMU's customary, locally administered prefix. */
export function macAddress(uuid: string, nic: number): string {
  const bytes = createHash("sha256").update(`${uuid} ${nic}`).digest().subarray(0, 3);
  return ["52", "54", "00", ...Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

function remembered(path: string, make: () => string): string {
  if (!existsSync(path)) writeFileSync(path, `${make()}\n`, { mode: 0o600 });
  return readFileSync(path, "utf8").trim();
}

/** Grows with the wish; never shrinks, since that would cut off data. */
function sparseFile(path: string, sizeBytes: number): string {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    if (fstatSync(file).size < sizeBytes) ftruncateSync(file, sizeBytes);
  } finally {
    closeSync(file);
  }
  return path;
}
