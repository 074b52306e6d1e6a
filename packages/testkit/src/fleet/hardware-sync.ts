/** Hardware sync of an installed system: what its timer would start, and what maas-run-scripts would then say. */
import { parse } from "yaml";
import { type Credentials, METADATA_VERSION, type Plan } from "./cloud-config.ts";
import type { EmulatedMachine } from "./machine.ts";
import { RequestFailed } from "./net.ts";
import { outputOf } from "./outputs.ts";
import { readArchive } from "./script-index.ts";
import { Signals } from "./signals.ts";

export interface HardwareSync {
  credentials: Credentials;
  intervalS: number;
}

/** What the installer wrote of it; undefined: nothing. */
export const installedSync = ({ cloudInit: { files } }: Plan): HardwareSync | undefined => syncFrom(files);

export function syncFrom(files: readonly { path: string; content: string }[]): HardwareSync | undefined {
  const content = (path: string) => files.find((file) => file.path === path)?.content;
  const timer = /^OnUnitActiveSec=(\d+)s$/m.exec(content("/etc/systemd/system/maas-hardware-sync.timer") ?? "")?.[1];
  const creds = content("/etc/maas/maas-machine-creds.yml");
  if (timer === undefined || creds === undefined) return undefined;
  const { maas } = (parse(creds) as { reporting: { maas: Record<string, string> } }).reporting;
  const {
    endpoint = "",
    consumer_key: consumerKey = "",
    token_key: tokenKey = "",
    token_secret: tokenSecret = "",
  } = maas;
  const metadataUrl = endpoint.replace(/status\/[^/]*$/, "");
  return { credentials: { metadataUrl, consumerKey, tokenKey, tokenSecret }, intervalS: Number(timer) };
}

/** As long as it is on. A report that fails is lost: the timer comes again. */
export async function syncHardware(machine: EmulatedMachine, sync: HardwareSync): Promise<never> {
  await machine.wait(30);
  for (;;) {
    await report(machine, sync.credentials).catch((error: unknown) => {
      if (!(error instanceof RequestFailed)) throw error;
      machine.world.tell(machine, `hardware sync: ${error.message}`);
    });
    machine.doing = "installed system";
    await machine.wait(sync.intervalS);
  }
}

async function report(machine: EmulatedMachine, as: Credentials): Promise<void> {
  machine.doing = "hardware-sync";
  const base = as.metadataUrl.split("/metadata", 1)[0] ?? "";
  await machine.net.ask(`${base}/maas-run-scripts`);
  const { body, status } = await machine.net.ask(`${as.metadataUrl}${METADATA_VERSION}/maas-scripts`, { as });
  if (status === 204) return;
  const signals = new Signals(machine, ({ metadataUrl }) => `${metadataUrl}${METADATA_VERSION}/`);
  const system = { hardware: machine.hardware, kernel: [], fails: false, garbage: false, has: () => false };
  for (const row of (await readArchive(body)).filter(({ onlyLooks }) => onlyLooks)) {
    const { out, err, exitStatus } = outputOf(row, system);
    const errors = Buffer.from(err);
    const files = { [row.name]: Buffer.concat([out, errors]), [`${row.name}.out`]: out, [`${row.name}.err`]: errors };
    await signals.send(as, { status: "WORKING", row, exitStatus, files });
  }
}
