/** What machines can be searched by, in one table: parser, completion, help and SQL read it. */
import { machineStatuses } from "../machine/status.ts";

/**
 * How the values of a field are written and compared:
 * text: contains, or `=` the whole; choice: one of known words; number; memory: MiB; disk: bytes; age: seconds ago; flag: yes or no.
 */
export type FieldKind = "text" | "choice" | "number" | "memory" | "disk" | "age" | "flag";

export interface SearchField {
  kind: FieldKind;
  doc: string;
  /** Other spellings, among them what people write for MAAS. */
  aliases?: readonly string[];
  /** Of a choice. */
  choices?: readonly string[];
  /** May be empty: `has:` asks whether it is. */
  has?: true;
}

type More = Omit<SearchField, "kind" | "doc">;
const text = <const M extends More>(doc: string, more: M = {} as M) => ({ kind: "text" as const, doc, ...more });

export const searchFields = {
  name: text("Host name; with a dot also the fully qualified one.", { aliases: ["hostname", "fqdn"] }),
  id: text("System id.", { aliases: ["system_id"] }),
  mac: text("MAC address of an interface.", { aliases: ["mac_address", "mac_addresses"], has: true }),
  ip: text("Address of an interface.", { aliases: ["ip_address", "ip_addresses"], has: true }),
  serial: text("Serial number of system, mainboard or chassis.", { has: true }),
  vendor: text("Maker of the system.", { aliases: ["system_vendor"], has: true }),
  model: text("Product name of the system.", { aliases: ["system_product", "product"], has: true }),
  owner: text("User name of whoever holds it.", { has: true }),
  agent: text("Program that it was allocated for.", { aliases: ["agent_name"], has: true }),
  pool: text("Resource pool.", { has: true }),
  zone: text("Zone."),
  domain: text("DNS domain."),
  tag: text("Tag.", { aliases: ["tags"], has: true }),
  arch: text("Architecture.", { aliases: ["architecture"], has: true }),
  os: text("Installed operating system.", { aliases: ["osystem"], has: true }),
  series: text("Its series.", { aliases: ["distro_series", "release"], has: true }),
  power_type: text("How its power is switched.", { has: true }),
  fabric: text("Fabric of an interface.", { aliases: ["fabrics"] }),
  vlan: text("Name of the VLAN of an interface.", { aliases: ["vlans"] }),
  space: text("Space of an interface.", { aliases: ["spaces"] }),
  subnet: text("Name or CIDR of a subnet that it has a link on.", { aliases: ["subnets"] }),
  description: text("Its description.", { aliases: ["note", "notes"], has: true }),
  error: text("Why it failed, or is broken.", { aliases: ["error_description"], has: true }),
  waiting: text("What it waits for: power_on, dhcp, first_signal ...", { aliases: ["waiting_for"], has: true }),
  status: { kind: "choice", doc: "Status.", choices: machineStatuses },
  power: {
    kind: "choice",
    doc: "Power as last seen.",
    aliases: ["power_state"],
    choices: ["on", "off", "unknown", "error"],
  },
  cpu: { kind: "number", doc: "Processor threads.", aliases: ["cpu_count", "cpus", "cores"] },
  disks: { kind: "number", doc: "How many disks." },
  mem: { kind: "memory", doc: "Memory; MiB unless a unit follows.", aliases: ["memory", "ram"] },
  storage: { kind: "disk", doc: "All disks together; GB unless a unit follows." },
  since: { kind: "age", doc: "How long it is in its status.", aliases: ["status_since"] },
  created: { kind: "age", doc: "How long it is known.", aliases: ["added"] },
  locked: { kind: "flag", doc: "Whether it is locked." },
} as const satisfies Record<string, SearchField>;

export type FieldName = keyof typeof searchFields;
export type FieldOf<K extends FieldKind> = {
  [N in FieldName]: (typeof searchFields)[N]["kind"] extends K ? N : never;
}[FieldName];
export type HasName = {
  [N in FieldName]: (typeof searchFields)[N] extends { has: true } ? N : never;
}[FieldName];

export const fieldNames = Object.keys(searchFields) as FieldName[];

export const hasNames = fieldNames.filter((name): name is HasName => "has" in searchFields[name]);

const byWord = new Map<string, FieldName>(
  fieldNames.flatMap((name) => {
    const { aliases = [] }: SearchField = searchFields[name];
    return [name, ...aliases].map((word): [string, FieldName] => [word, name]);
  }),
);

/** By its name or another spelling, in any case. */
export function fieldNamed(word: string): FieldName | undefined {
  return byWord.get(word.toLowerCase());
}

/** All words that name a field. */
export const fieldWords: readonly string[] = [...byWord.keys(), "has"];
