/** The lab in which scripts run for real, and what its tests wait for. */
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { buildImage } from "@rackwright/images/build";
import { imageCacheDir } from "@rackwright/images/cache-dir";
import type { LabMachine } from "@rackwright/lab/lab";
import { until } from "@rackwright/testkit/until";
import type { MachineReply } from "../client.ts";
import { type Site, startSite } from "../site.ts";
import { addSshKey } from "../ssh.ts";
import { makeWorkDir } from "../work-dir.ts";

export interface ScriptsRoom extends AsyncDisposable {
  site: Site;
  /** With two disks and three cards: one has no cable, one is on another network. */
  custom: LabMachine;
  /** With one card, and a second disk that is quickly written over. */
  old: LabMachine;
  /** The private half of a key that the API knows. */
  sshKey: string;
  password: string;
}

export const UNPLUGGED = 1;
export const ELSEWHERE = 2;

export async function openRoom(): Promise<ScriptsRoom> {
  const dir = await makeWorkDir("rackwright-scripts-");
  const password = randomUUID();
  let site: Site | undefined;
  const close = async () => {
    await site?.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const cacheDir = imageCacheDir();
    await mkdir(cacheDir, { recursive: true });
    const image = await buildImage({ flavour: "cloud", cacheDir });
    site = await startSite({
      dir,
      imageDir: dirname(image.files[0]?.path ?? ""),
      adminPassword: password,
      log: () => {},
      machines: [
        { name: "custom", firmware: "bios", diskGib: [8, 1 / 16], nics: 3, segments: [0, 0, 1] },
        { name: "old", firmware: "bios", diskGib: [8, 1 / 16], memoryMib: 2048 },
      ],
    });
    const [custom, old] = site.lab.machines;
    if (!custom || !old) throw new Error("the lab has not the two machines that were asked for");
    await custom.unplug(UNPLUGGED, true);
    const sshKey = await addSshKey(site.api, dir);
    return { site, custom, old, sshKey, password, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** About three times what an emulated machine takes, five minutes of which it waits for a script that hangs. */
const MOST_MS = 1_500_000;

/** The machine when it has come to rest: in no status of `during` any more. */
export async function rested(
  { api }: Site,
  systemId: string,
  during: readonly string[],
  look: (now: MachineReply) => void = () => {},
): Promise<MachineReply> {
  return until(
    async () => {
      const now = await api.machine(systemId);
      look(now);
      return during.includes(now.status_name) ? undefined : now;
    },
    { timeoutMs: MOST_MS, everyMs: 1000, what: `the end of ${during.join(", ")} of ${systemId}` },
  );
}
