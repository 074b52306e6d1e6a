/** Options of `script/up`. */
import { parseArgs } from "node:util";

export interface UpOptions {
  dataDir: string;
  databaseUri: string | undefined;
  host: string;
  port: number;
  admin: string;
  adminPasswordFile: string | undefined;
  json: boolean;
  dhcp: boolean;
  rack: boolean;
  images: string[];
  bootloaders: string | undefined;
  logLevel: string;
}

export const usage = `Usage: script/up [options]
Runs region and rack controller in the foreground. Stop it with Ctrl-C.

  --data DIR               everything it keeps lies there (/var/lib/rackwright as root, else ~/.local/share/rackwright)
  --database-uri URI       a PostgreSQL of yours, 14 or newer, instead of the embedded one
  --host ADDRESS           address that the API listens on (all)
  --port PORT              port of the API (5240)
  --admin NAME             name of the first administrator (admin); made at the first start
  --admin-password-file F  his password; else RACKWRIGHT_ADMIN_PASSWORD, else asked for on a terminal, else made up and shown once
  --image DIR              an image as script/image made it, to be registered; may be repeated
  --no-dhcp                serve no DHCP and no TFTP: nothing that needs root
  --no-rack                region only: racks connect from elsewhere
  --json                   one line of JSON on stdout when ready: url, username, api_key
  --log-level LEVEL        debug, info, warn, error (info)
  --help
`;

/** @throws Error with what is wrong with them */
export function parseOptions(
  argv: readonly string[],
  environment: { home: string; root: boolean },
): UpOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: "string" },
      "database-uri": { type: "string" },
      host: { type: "string", default: "0.0.0.0" },
      port: { type: "string", default: "5240" },
      admin: { type: "string", default: "admin" },
      "admin-password-file": { type: "string" },
      image: { type: "string", multiple: true, default: [] },
      bootloaders: { type: "string" },
      "no-dhcp": { type: "boolean", default: false },
      "no-rack": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "log-level": { type: "string", default: "info" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`--port ${values.port} is no port: use a number up to 65535`);
  if (!/^[\w.@+-]{1,150}$/.test(values.admin))
    throw new Error(`--admin ${values.admin} is no user name: letters, digits and @ . + - _`);
  return {
    dataDir: values.data ?? (environment.root ? "/var/lib/rackwright" : `${environment.home}/.local/share/rackwright`),
    databaseUri: values["database-uri"],
    host: values.host,
    port,
    admin: values.admin,
    adminPasswordFile: values["admin-password-file"],
    json: values.json,
    dhcp: !values["no-dhcp"] && !values["no-rack"],
    rack: !values["no-rack"],
    images: values.image,
    bootloaders: values.bootloaders,
    logLevel: values["log-level"],
  };
}
