/** A Ready machine deployed into its memory, power-cycled there, and given back: what it says of itself meanwhile, and what its disk is. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabMachine } from "@rackwright/lab/lab";
import type { MachineReply } from "./client.ts";
import type { Site } from "./site.ts";
import { sshTo } from "./ssh.ts";

const POLL_MS = 1000;
/** One start over the network takes about a minute where processors are emulated. */
const BOOT_MS = 600_000;
const MARK = "rackwright-memory: ";

/** With keys that vendor-data would have to merge with. The file is gone with the memory that it was in. */
const USER_DATA = `#cloud-config
write_files:
  - { path: /etc/owner, content: gave-this }
runcmd:
  - - sh
    - -c
    - |
      printf "\\n${MARK}root=%s host=%s owner=%s kept=%s\\n" "$(findmnt -no FSTYPE /)" "$(hostname)" "$(cat /etc/owner)" "$(ls / | grep kept)" > /dev/ttyS0
  - [ touch, /kept ]
`;

const LOOK = [
  "echo root $(findmnt -no FSTYPE /)",
  "echo mounts $(grep -c /dev/vd /proc/mounts) swaps $(grep -c /dev /proc/swaps)",
  "echo disk $(lsblk -dno PATH /dev/vda)",
  "echo addresses $(ip -4 -o address show scope global | tr -s ' ' | cut -d ' ' -f 4)",
  "echo failed $(systemctl list-units --state=failed --plain --no-legend | cut -d ' ' -f 1)",
  "echo resolver $(readlink -f /etc/resolv.conf) $(systemctl is-active systemd-resolved)",
  "echo cloud-init $(cloud-init status --wait)",
].join("; ");

export interface MemoryLife {
  /** Lines of its serial console, one per boot. */
  said: string[];
  /** What `LOOK` printed after the first boot, and after the power cycle. */
  looked: string[];
  /** Seconds to Deployed; from off to its user-data having run again. */
  seconds: { deploy: number; cycle: number };
}

export async function liveInMemory(
  site: Site,
  machine: LabMachine,
  systemId: string,
  keyFile: string,
): Promise<MemoryLife> {
  const { api } = site;
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    const began = performance.now();
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      const now = await api.machine(systemId);
      if (performance.now() - began > BOOT_MS)
        throw new Error(
          `${what}: not within ${BOOT_MS / 1000} s; ${now.status_name}, waiting for ${now.waiting_for}: ${now.status_message}`,
        );
      await sleep(POLL_MS);
    }
  };
  const reaches = (status: string) =>
    until(status, async () => {
      const now = await api.machine(systemId);
      assert.doesNotMatch(now.status_name, /fail/i, now.error_description);
      return now.status_name === status ? now : undefined;
    });
  const saidSo = (times: number) =>
    until(`user-data to run ${times} times`, async () => {
      const lines = (await readFile(machine.serialLog, "latin1")).split(/\r?\n/).filter((one) => one.startsWith(MARK));
      return lines.length >= times ? lines : undefined;
    });
  const look = ({ ip_addresses: [address] }: MachineReply) =>
    sshTo(site.lab, keyFile, `debian@${address}`, LOOK, { commandMs: BOOT_MS });
  const off = () => until("power off", async () => (machine.isOn() ? undefined : true));

  await off();
  const untouched = await diskOf(machine);
  const began = performance.now();
  await api.act(systemId, "deploy", {
    ephemeral_deploy: "true",
    user_data: Buffer.from(USER_DATA).toString("base64"),
  });
  const deployed = await reaches("Deployed");
  const deploy = (performance.now() - began) / 1000;
  await saidSo(1);
  const looked = [await look(deployed)];
  await api.act(systemId, "power_off");
  await off();
  const again = performance.now();
  await api.act(systemId, "power_on");
  const said = await saidSo(2);
  const cycle = (performance.now() - again) / 1000;
  const now = await api.machine(systemId);
  assert.equal(now.status_name, "Deployed");
  looked.push(await look(now));
  await api.act(systemId, "release");
  await reaches("Ready");
  await off();
  assert.deepEqual(await diskOf(machine), untouched, "nothing wrote to its disk");
  return { said, looked, seconds: { deploy, cycle } };
}

/** QEMU writes through to this file: whatever is written to the disk changes its time. */
async function diskOf(machine: LabMachine): Promise<{ writtenMs: number; blocks: number }> {
  const { mtimeMs: writtenMs, blocks } = await stat(join(dirname(machine.serialLog), "disk0.img"));
  return { writtenMs, blocks };
}
