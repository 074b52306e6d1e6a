/** What a system that runs from memory is given at each of its boots, where an installer would have written it to the disk once. */
import { stringify } from "yaml";
import type { Netplan } from "../network/netplan.ts";
import type { InstalledFile } from "./cloud-init.ts";
import { folderOf, unpack } from "./user-data.ts";

const NETPLAN = "/etc/netplan/50-maas.yaml";
/** The owner's network may need some seconds of DHCP; a port without a cable must not hold the boot. */
const ONLINE_SECONDS = 60;

export interface MemorySystem {
  readonly network: Netplan;
  /** More files of the system. */
  readonly files: readonly InstalledFile[];
  /** Units among these files to be started: the boot that they come into has been planned without them. */
  readonly start: readonly string[];
}

/**
 * A part of vendor-data that cloud-init runs as soon as it has read it, before it goes on. As `write_files` and `runcmd` of a cloud-config it
 * would be lost to an owner whose user-data has keys of these names. Until then the system has its address from DHCP, on one interface.
 */
export function renderMemoryHook({ network, files, start }: MemorySystem): string {
  const all = [...files, { path: NETPLAN, mode: "0600", content: stringify({ network }, { lineWidth: 0 }) }];
  const folders = [...new Set(all.map(({ path }) => folderOf(path)))];
  return [
    "#cloud-boothook",
    "#!/bin/sh",
    "# What an installer would have written to a disk. This system runs from memory, so it is written at each boot.",
    "set -eu",
    `mkdir -p ${folders.join(" ")}`,
    "umask 077",
    ...all.flatMap(({ path, mode, content }) => [...unpack(path, content, false), `chmod ${mode} ${path}`]),
    ...(start.length > 0 ? ["systemctl daemon-reload", `systemctl --no-block start ${start.join(" ")}`] : []),
    "rm -f /etc/netplan/50-cloud-init.yaml",
    "netplan apply",
    `/lib/systemd/systemd-networkd-wait-online --timeout=${ONLINE_SECONDS} || true`,
    "",
  ].join("\n");
}
