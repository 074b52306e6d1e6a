import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { DomainError } from "@rackwright/domain/errors";

export interface KeaInstall {
  binary: string;
  hooksDir: string;
}

const PROGRAM_DIRECTORIES = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
const LIBRARY_DIRECTORIES = ["/usr/lib", "/usr/local/lib"];

/** @throws DomainError `rack_unavailable`, naming the package to install */
export async function findKea(programs = PROGRAM_DIRECTORIES, libraries = LIBRARY_DIRECTORIES): Promise<KeaInstall> {
  const binary = await firstWith(
    [...new Set(programs)].map((directory) => `${directory}/kea-dhcp4`),
    constants.X_OK,
  );
  const hook = await firstWith(await hookPaths(libraries), constants.R_OK);
  if (binary === undefined || hook === undefined) {
    const missing = binary === undefined ? "kea-dhcp4" : "Kea's hook libdhcp_pgsql_cb.so";
    throw new DomainError(
      "rack_unavailable",
      `this rack cannot serve DHCP: ${missing} is not installed. Install the package kea-dhcp4-server and start the rack again.`,
    );
  }
  return { binary, hooksDir: hook.slice(0, hook.lastIndexOf("/")) };
}

/** Debian puts them below the machine's triplet: /usr/lib/x86_64-linux-gnu/kea/hooks. */
async function hookPaths(libraries: string[]): Promise<string[]> {
  const paths = [];
  for (const directory of libraries)
    for (const below of ["", ...(await readdir(directory).catch(() => [])).map((name) => `/${name}`)])
      paths.push(`${directory}${below}/kea/hooks/libdhcp_pgsql_cb.so`);
  return paths;
}

async function firstWith(paths: string[], mode: number): Promise<string | undefined> {
  for (const path of paths) {
    const found = await access(path, mode).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** Interfaces of our network namespace, whether up or not. */
export async function existingInterfaces(): Promise<string[]> {
  const text = await readFile("/proc/net/dev", "utf8");
  return text
    .split("\n")
    .slice(2)
    .flatMap((line) => line.split(":")[0]?.trim() || []);
}

/** User and group id of the account that the package made for Kea; undefined when we are not root or there is none. */
export async function keaAccount(user = "_kea"): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { stdout } = await promisify(execFile)("getent", ["passwd", user]).catch(() => ({ stdout: "" }));
  const [, , uid, gid] = stdout.split(":");
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}
