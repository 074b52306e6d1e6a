/** Options of `script/rack`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { RackOptions } from "./rack.ts";

export type RackProcessOptions = Pick<
  RackOptions,
  "regionUrl" | "enrolmentSecret" | "dataDir" | "httpBoot" | "tftp" | "dhcp" | "bootloaderDir"
> & { logLevel: string };

export const rackUsage = `Usage: script/rack --region URL --secret-file FILE [options]
Runs a rack controller in the foreground, apart from its region (script/up --no-rack). Stop it with Ctrl-C.

  --region URL           the region: http://10.0.0.1:5240
  --secret-file FILE     copy of the file rack-secret in the region's data directory
  --data DIR             credentials and images (/var/lib/rackwright-rack as root, else ~/.local/share/rackwright-rack)
  --bootloaders DIR      ipxe.efi, undionly.kpxe ... (bootloaders in the data directory)
  --host ADDRESS         address that machines are served on (all)
  --http-port PORT       HTTP boot (5248)
  --tftp-port PORT       TFTP (69)
  --no-tftp              serve no TFTP
  --no-dhcp              serve no DHCP; with --no-tftp nothing that needs root
  --log-level LEVEL      debug, info, warn, error (info)
  --help
`;

/** @throws Error with what is wrong with them */
export function parseRackOptions(
  argv: readonly string[],
  environment: { home: string; root: boolean },
): RackProcessOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      region: { type: "string" },
      "secret-file": { type: "string" },
      data: { type: "string" },
      bootloaders: { type: "string" },
      host: { type: "string", default: "0.0.0.0" },
      "http-port": { type: "string", default: "5248" },
      "tftp-port": { type: "string", default: "69" },
      "no-tftp": { type: "boolean", default: false },
      "no-dhcp": { type: "boolean", default: false },
      "log-level": { type: "string", default: "info" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { region, host, "secret-file": file } = values;
  if (region === undefined) throw new Error("--region is missing: the address of the region, http://10.0.0.1:5240");
  if (!/^https?:$/.test(URL.parse(region)?.protocol ?? ""))
    throw new Error(`--region ${region} is no address of a region: write it as http://10.0.0.1:5240`);
  if (file === undefined)
    throw new Error("--secret-file is missing: copy the file rack-secret from the region's data directory");
  if (!["debug", "info", "warn", "error"].includes(values["log-level"]))
    throw new Error(`--log-level ${values["log-level"]} is no level: debug, info, warn or error`);
  const home = environment.root ? "/var/lib/rackwright-rack" : `${environment.home}/.local/share/rackwright-rack`;
  const dataDir = resolve(values.data ?? home);
  return {
    regionUrl: region,
    enrolmentSecret: { file: resolve(file) },
    dataDir,
    httpBoot: { host, port: portOf("--http-port", values["http-port"]) },
    tftp: values["no-tftp"] ? null : { host, port: portOf("--tftp-port", values["tftp-port"]) },
    dhcp: !values["no-dhcp"],
    bootloaderDir: resolve(values.bootloaders ?? `${dataDir}/bootloaders`),
    logLevel: values["log-level"],
  };
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`${option} ${text} is no port: use a number up to 65535`);
  return port;
}
