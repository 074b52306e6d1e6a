/** What makes an installed system report its hardware by itself: a timer, its service, and the credentials (metadata-protocol.md section 15). */
import type { InstalledFile, NodeToken } from "./cloud-init.ts";

/** Systems in which nothing could run it. */
const notLinux: readonly string[] = ["windows", "esxi"];
export const canSyncHardware = (osystem: string): boolean => !notLinux.includes(osystem);

const CREDENTIALS = "/etc/maas/maas-machine-creds.yml";
const PROGRAM = "/usr/local/sbin/maas-hardware-sync";
const UNITS = "/etc/systemd/system";
export const HARDWARE_SYNC_TIMER = "maas-hardware-sync.timer";

/**
 * @param maasUrl where the machine reaches its region: `http://10.77.0.1:5248/MAAS`
 * @param intervalS seconds from one report to the next
 */
export function hardwareSyncFiles(
  token: NodeToken,
  maasUrl: string,
  systemId: string,
  intervalS: number,
): InstalledFile[] {
  return [
    { path: CREDENTIALS, mode: "0600", content: credentials(token, `${maasUrl}/metadata/status/${systemId}`) },
    { path: PROGRAM, mode: "0755", content: program(`${maasUrl}/maas-run-scripts`) },
    { path: `${UNITS}/maas-hardware-sync.service`, mode: "0644", content: SERVICE },
    { path: `${UNITS}/${HARDWARE_SYNC_TIMER}`, mode: "0644", content: timer(intervalS) },
    // What `systemctl enable` would do by a link: files are all that the installer writes.
    {
      path: `${UNITS}/timers.target.d/50-maas-hardware-sync.conf`,
      mode: "0644",
      content: `[Unit]\nWants=${HARDWARE_SYNC_TIMER}\n`,
    },
  ];
}

function credentials(token: NodeToken, endpoint: string): string {
  const values = {
    consumer_key: token.consumerKey,
    endpoint,
    token_key: token.tokenKey,
    token_secret: token.tokenSecret,
  };
  const lines = Object.entries(values).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`);
  return `reporting:\n  maas:\n${lines.join("")}`;
}

/** The program comes from the region each time, so that the two understand each other after an upgrade. What it had is kept for no time. */
const program = (url: string): string => `#!/bin/sh
# Report this machine's hardware to its region. Started by maas-hardware-sync.timer; to end it: systemctl mask --now maas-hardware-sync.timer
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -c '
import shutil, sys, urllib.request
fetch = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with fetch.open(sys.argv[1], timeout=30) as reply, open(sys.argv[2], "wb") as file:
    shutil.copyfileobj(reply, file)
' '${url}' "$folder/maas-run-scripts"
python3 "$folder/maas-run-scripts" report-results --config ${CREDENTIALS}
`;

const SERVICE = `[Unit]
Description=Report this machine's hardware to its region
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${PROGRAM}
Nice=10
PrivateTmp=yes
TimeoutStartSec=30min
`;

/** The first report soon after each start; machines that were started together come apart. */
const timer = (intervalS: number): string => `[Unit]
Description=Report this machine's hardware to its region, every ${intervalS} s

[Timer]
OnActiveSec=30s
OnUnitActiveSec=${intervalS}s
AccuracySec=1s
RandomizedDelaySec=${Math.min(60, Math.floor(intervalS / 10))}s

[Install]
WantedBy=timers.target
`;
