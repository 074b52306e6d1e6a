/** Options of `script/up`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { databaseAddress } from "./database-address.ts";

export interface UpOptions {
  dataDir: string;
  databaseUri: string | undefined;
  host: string;
  port: number;
  /** Undefined: the administrator that there is, or `admin` at the first start. */
  admin: string | undefined;
  adminPasswordFile: string | undefined;
  json: boolean;
  dhcp: boolean;
  /** For emulated machines alone. */
  simulated: boolean;
  rack: boolean;
  rackHttpPort: number;
  images: string[];
  bootloaders: string | undefined;
  logLevel: string;
}

export const usage = `Usage: script/up [options]
Runs region and rack controller in the foreground. Stop it with Ctrl-C.

  --data DIR               everything it keeps lies there (/var/lib/rackwright as root, else ~/.local/share/rackwright)
  --database-uri URI       a database on a PostgreSQL of yours, 14 or newer, instead of the embedded one: postgresql://USER@HOST/DATABASE;
                           with a password in it better as RACKWRIGHT_DATABASE_URI, which other users of this host cannot read
  --host ADDRESS           address that the API listens on (all)
  --port PORT              port of the API (5240; 0: a free one)
  --rack-http-port PORT    HTTP boot of the rack (5248; machines are sent to that one)
  --admin NAME             name of the first administrator (admin); made at the first start
  --admin-password-file F  his password; else RACKWRIGHT_ADMIN_PASSWORD, else asked for on a terminal, else made up and shown once
  --image DIR              an image as script/image made it, to be registered; may be repeated
  --no-dhcp                serve no DHCP and no TFTP: nothing that needs root
  --simulated              for emulated machines alone (script/simulate): power of every type is played, no DHCP is served. Said at the
                           first start, it holds for this data for ever
  --no-rack                region only: racks connect from elsewhere (script/rack)
  --json                   one line of JSON on stdout when ready: url, username, api_key
  --log-level LEVEL        debug, info, warn, error (info)
  --help
`;

const levels = ["debug", "info", "warn", "error"];
/** unix(7): sun_path holds 108 bytes, with the final zero. */
const MAX_SOCKET_BYTES = 107;

/** @throws Error with what is wrong with them */
export function parseOptions(
  argv: readonly string[],
  environment: { home: string; root: boolean; databaseUri?: string | undefined },
): UpOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: "string" },
      "database-uri": { type: "string" },
      host: { type: "string", default: "0.0.0.0" },
      port: { type: "string", default: "5240" },
      "rack-http-port": { type: "string", default: "5248" },
      admin: { type: "string" },
      "admin-password-file": { type: "string" },
      image: { type: "string", multiple: true, default: [] },
      bootloaders: { type: "string" },
      "no-dhcp": { type: "boolean", default: false },
      simulated: { type: "boolean", default: false },
      "no-rack": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "log-level": { type: "string", default: "info" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const port = portOf("--port", values.port);
  const rackHttpPort = portOf("--rack-http-port", values["rack-http-port"]);
  if (values.admin !== undefined && !/^[\w.@+-]{1,150}$/.test(values.admin))
    throw new Error(`--admin ${values.admin} is no user name: letters, digits and @ . + - _`);
  const databaseUri = values["database-uri"] ?? environment.databaseUri;
  // Its text may hold a password: it is not repeated.
  if (databaseUri !== undefined && !databaseAddress(databaseUri))
    throw new Error("--database-uri is no address of a database: write it as postgresql://USER@HOST:5432/DATABASE");
  if (!levels.includes(values["log-level"]))
    throw new Error(`--log-level ${values["log-level"]} is no level: ${levels.join(", ")}`);
  const home = environment.root ? "/var/lib/rackwright" : `${environment.home}/.local/share/rackwright`;
  const dataDir = resolve(values.data ?? home);
  if (Buffer.byteLength(`${dataDir}/run/region.sock`) > MAX_SOCKET_BYTES)
    throw new Error(`--data ${dataDir} is too long for the sockets below it: choose one of at most 90 bytes`);
  return {
    dataDir,
    databaseUri,
    host: values.host,
    port,
    admin: values.admin,
    adminPasswordFile: values["admin-password-file"],
    json: values.json,
    dhcp: !values["no-dhcp"] && !values.simulated,
    simulated: values.simulated,
    rack: !values["no-rack"],
    rackHttpPort,
    images: values.image,
    bootloaders: values.bootloaders,
    logLevel: values["log-level"],
  };
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`${option} ${text} is no port: use a number up to 65535`);
  return port;
}
