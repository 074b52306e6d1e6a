import { bootClassName, bootMethods, type BootMethod } from "./boot-methods.ts";

export interface KeaDatabase {
  /** Host name, address, or the directory of a unix socket: needed where Kea and PostgreSQL are in different network namespaces. */
  host: string;
  port?: number;
  name: string;
  user: string;
  password: string;
}

export interface KeaBootstrap {
  /** Existing interfaces only: Kea refuses to start with a name that is absent. */
  interfaces: readonly string[];
  /** Which networks of the database are this rack's: `rackTag`. */
  serverTag: string;
  /** Absolute path of the unix socket that takes commands. At most 107 bytes. */
  controlSocket: string;
  database: KeaDatabase;
  /** Every address of this rack that a subnet names as its next server. Each gets its own set of boot classes. */
  rackAddresses: readonly string[];
  httpBootPort: number;
  /** Where Kea's hook libraries are, for example /usr/lib/x86_64-linux-gnu/kea/hooks. */
  hooksDir: string;
  /** False: this rack serves no TFTP, so only the methods that fetch by HTTP are offered. */
  tftp: boolean;
  bootMethods?: readonly BootMethod[];
}

/**
 * The file that kea-dhcp4 is started with: all that is not in the database. It holds a password (mode 0600).
 * Changing it costs a `config-set`, during which packets are lost; so networks, options and reservations are rows.
 */
export function renderKeaConfig(input: KeaBootstrap): string {
  const table = (input.bootMethods ?? bootMethods).filter(({ by }) => input.tftp || by === "http");
  const database = databaseAccess(input.database);
  const Dhcp4 = {
    "server-tag": input.serverTag,
    // Raw sockets answer machines that have no address yet. An interface without carrier or address is skipped at start, hence the retries.
    "interfaces-config": {
      interfaces: input.interfaces,
      "dhcp-socket-type": "raw",
      "service-sockets-max-retries": 1_000_000,
      "service-sockets-retry-wait-time": 500,
    },
    "control-socket": { "socket-type": "unix", "socket-name": input.controlSocket },
    "lease-database": database,
    "hosts-databases": [database],
    "config-control": { "config-databases": [database], "config-fetch-wait-time": 20 },
    "hooks-libraries": ["lease_cmds", "pgsql_cb"].map((hook) => ({ library: `${input.hooksDir}/libdhcp_${hook}.so` })),
    "multi-threading": { "enable-multi-threading": false },
    // The networks are ours alone: a machine that asks for an address of another network is told so at once.
    authoritative: true,
    // Firmware, iPXE and the system each send another client id for the same machine.
    "match-client-id": false,
    "echo-client-id": true,
    "host-reservation-identifiers": ["hw-address"],
    "reservations-global": false,
    "reservations-in-subnet": true,
    // `validate.ts` keeps reserved addresses out of the pools, which spares Kea one query per address it considers.
    "reservations-out-of-pool": true,
    "valid-lifetime": 600,
    "client-classes": clientClasses(table, input.rackAddresses, input.httpBootPort),
    "shared-networks": [],
    subnet4: [],
    loggers: loggers(),
  };
  return `${JSON.stringify({ Dhcp4 }, null, 2)}\n`;
}

/** While PostgreSQL is away Kea keeps silent and comes back by itself. Answering without reservations would hand out wrong addresses. */
function databaseAccess({ host, port, name, user, password }: KeaDatabase) {
  return {
    type: "postgresql",
    host,
    ...(port === undefined ? {} : { port }),
    name,
    user,
    password,
    "max-reconnect-tries": 100_000,
    "reconnect-wait-time": 500,
    "on-fail": "stop-retry-exit",
  };
}

/**
 * Two layers. Ordinary classes look at the request: `is-<method>`. The answers are evaluated only where a subnet requires them, because
 * only then has Kea read the reservation and knows whether the machine is `no-pxe`.
 */
function clientClasses(table: readonly BootMethod[], addresses: readonly string[], port: number): object[] {
  return [
    { name: "no-pxe" },
    ...table.map(({ name, test }) => ({ name: `is-${name}`, test })),
    ...addresses.flatMap((address) => table.map((method) => bootClass(method, address, port))),
  ];
}

function bootClass(method: BootMethod, address: string, port: number): object {
  const file = method.by === "http" ? `http://${address}:${port}/${method.file}` : method.file;
  return {
    name: bootClassName(method.name, address),
    test: `member('is-${method.name}') and not member('no-pxe')`,
    "only-if-required": true,
    "next-server": address,
    // The header field for BOOTP-minded firmware, option 67 for those who ask for it.
    "boot-file-name": file,
    "option-data": [
      { name: "boot-file-name", data: file },
      ...(method.vendorClass
        ? [{ name: "vendor-class-identifier", data: method.vendorClass, "always-send": true }]
        : []),
      // By code and bytes: not every Kea version knows the option by a name.
      ...(method.pathPrefix
        ? [{ code: 210, space: "dhcp4", "csv-format": false, data: hex(method.pathPrefix), "always-send": true }]
        : []),
    ],
  };
}

const hex = (ascii: string) => Array.from(ascii, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/**
 * To standard output, in a shape that `rack/src/dhcp/log.ts` reads. `packets` at 40 says each packet that came and went in a line,
 * `bad-packets` why a machine got no answer. `options` at its usual level would add a line per class and packet.
 */
function loggers(): object[] {
  const output_options = [{ output: "stdout", pattern: "%D{%s.%q}|%-5p|%c|%m%n", flush: true }];
  return [
    { name: "kea-dhcp4", severity: "INFO", output_options },
    { name: "kea-dhcp4.options", severity: "WARN", output_options },
    { name: "kea-dhcp4.packets", severity: "DEBUG", debuglevel: 50, output_options },
    { name: "kea-dhcp4.bad-packets", severity: "DEBUG", debuglevel: 55, output_options },
  ];
}
