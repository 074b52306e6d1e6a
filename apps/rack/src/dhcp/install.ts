import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { DomainError } from "@rackwright/domain/errors";

export interface KeaInstall {
  binary: string;
  hooksDir: string;
}

/** @throws DomainError `rack_unavailable`, naming the package to install */
export async function findKea(): Promise<KeaInstall> {
  const directories = new Set([...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]);
  const binary = await firstWith(
    [...directories].map((directory) => `${directory}/kea-dhcp4`),
    constants.X_OK,
  );
  const libraries = (await readdir("/usr/lib").catch(() => [])).map((name) => `/usr/lib/${name}/kea/hooks`);
  const candidates = ["/usr/lib/kea/hooks", "/usr/local/lib/kea/hooks", ...libraries];
  const hook = await firstWith(
    candidates.map((directory) => `${directory}/libdhcp_pgsql_cb.so`),
    constants.R_OK,
  );
  if (binary === undefined || hook === undefined) {
    const missing = binary === undefined ? "kea-dhcp4" : "Kea's hook libdhcp_pgsql_cb.so";
    throw new DomainError(
      "rack_unavailable",
      `this rack cannot serve DHCP: ${missing} is not installed. Install the package kea-dhcp4-server and start the rack again.`,
    );
  }
  return { binary, hooksDir: hook.slice(0, hook.lastIndexOf("/")) };
}

async function firstWith(paths: string[], mode: number): Promise<string | undefined> {
  for (const path of paths)
    if (
      await access(path, mode).then(
        () => true,
        () => false,
      )
    )
      return path;
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
