import type { DeployPlan } from "./plan.ts";

/** A file of `machine/installer`, with its path below that folder. */
export interface InstallerFile {
  readonly path: string;
  readonly content: string;
  readonly executable: boolean;
}

const DIRECTORY = "/run/rackwright/installer";
const PLAN = "/run/rackwright/plan.json";
const MARK = "END_OF_BASE64";

/**
 * User-data that unpacks the installer and runs it with the plan. Everything variable travels as base64, which has no character that a shell or a
 * here-document takes for its own; file names are checked. Equal input gives equal text, so that a repeated request hands out the same.
 */
export function renderInstallerUserData(files: readonly InstallerFile[], plan: DeployPlan): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path } of sorted) {
    if (!/^[A-Za-z0-9_]([A-Za-z0-9_.-]|\/(?!\.))*$/.test(path))
      throw new Error(`installer file name not allowed: ${path}`);
  }
  const folders = [...new Set(sorted.map(({ path }) => folderOf(`${DIRECTORY}/${path}`)))];
  return [
    "#!/bin/sh",
    "# Installs this machine as its controller planned. The plan holds the machine's token: readable by root only.",
    "set -eu",
    "umask 077",
    `mkdir -p ${folders.join(" ")}`,
    ...sorted.flatMap((file) => unpack(`${DIRECTORY}/${file.path}`, file.content, file.executable)),
    ...unpack(PLAN, JSON.stringify(plan), false),
    // Not started by its own name: initramfs-tools mounts /run without permission to execute.
    `exec python3 ${DIRECTORY}/rackwright-install ${PLAN}`,
    "",
  ].join("\n");
}

/** Lines of a shell script that write a file. */
export function unpack(path: string, content: string, executable: boolean): string[] {
  const lines = [`base64 -d > ${path} << ${MARK}`, ...base64Lines(content), MARK];
  return executable ? [...lines, `chmod 700 ${path}`] : lines;
}

/** Base64 of the text's UTF-8 bytes, wrapped at 76 characters (RFC 2045, section 6.8). */
function base64Lines(content: string): string[] {
  let binary = "";
  for (const byte of new TextEncoder().encode(content)) binary += String.fromCharCode(byte);
  return btoa(binary).match(/.{1,76}/g) ?? [];
}

export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
