/** Conditions that a word of a filter stands for: VLANs, subnets, devices. Beside them, where messages about such words are gathered. */
import { parseCidr, parseIp } from "@rackwright/domain/addressing/ip";
import type { FieldMessages } from "@rackwright/domain/errors";
import { asId, parseSpecifiers } from "@rackwright/domain/network/specifier";
import { type RawBuilder, sql } from "kysely";
import { SUBNET_PREFIXES, subnetNamed, VLAN_PREFIXES, vlanNamed } from "./network-find.ts";

export type Condition = RawBuilder<boolean>;

export class Messages {
  readonly fields: FieldMessages = {};
  private readonly name: string;
  constructor(name: string, fields: FieldMessages) {
    this.name = name;
    this.fields = fields;
  }
  add(message: string): void {
    (this.fields[this.name] ??= []).push(message);
  }
}

export const has = {
  interface: (where: Condition) =>
    sql<boolean>`exists (select from interface i left join vlan v on v.id = i.vlan_id where i.node_id = node.id and ${where})`,
  link: (where: Condition) =>
    sql<boolean>`exists (select from interface i join ip_address a on a.interface_id = i.id join subnet s on s.id = a.subnet_id left join vlan v on v.id = s.vlan_id where i.node_id = node.id and ${where})`,
};

/** `prefix:value` with a prefix that says nothing of it; a name may hold a colon after anything else than a word, as an address does. */
const isUnknownSpecifier = (text: string, prefixes: readonly string[]) =>
  /^[a-z_]+:/.test(text) && !/^[0-9a-f:.]+\/\d+$/.test(text) && !parseSpecifiers(text, prefixes);

/** Words that a number has to follow. */
const misnumbered = (text: string, prefixes: readonly string[]) =>
  parseSpecifiers(text, prefixes)?.some(
    ({ prefix, value }) =>
      (prefix === "id" || prefix === "vid") && asId(value) === undefined && !(prefix === "vid" && value === "untagged"),
  ) ?? false;

export function vlanIs(text: string, messages: Messages): Condition {
  if (isUnknownSpecifier(text, VLAN_PREFIXES) || misnumbered(text, VLAN_PREFIXES))
    messages.add(`"${text}" names no VLAN: use an id, vid:N, name:N, fabric:N or space:N.`);
  return vlanNamed(text);
}

export function subnetIs(text: string, messages: Messages): Condition {
  const badAddress = parseSpecifiers(text, SUBNET_PREFIXES)?.some(
    ({ prefix, value }) => (prefix === "ip" && !parseIp(value)) || (prefix === "cidr" && !parseCidr(value)),
  );
  if (isUnknownSpecifier(text, SUBNET_PREFIXES) || misnumbered(text, SUBNET_PREFIXES) || badAddress)
    messages.add(`"${text}" names no subnet: use an id, a name, cidr:N, ip:N, vlan:N, fabric:N or space:N.`);
  return subnetNamed(text);
}

/** On a subnet by a link, or because API 1.0 put an interface there. */
export function onNetwork(values: readonly string[], messages: Messages): Condition {
  const where = either(values.map((text) => subnetIs(text, messages)));
  const put = sql<boolean>`exists (select from interface i join interface_network p on p.interface_id = i.id
    join subnet s on s.id = p.subnet_id left join vlan v on v.id = s.vlan_id where i.node_id = node.id and ${where})`;
  return either([has.link(where), put]);
}

export const either = (conditions: Condition[]): Condition =>
  conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`(${sql.join(conditions, sql` or `)})`;

/** Columns of `node_device` by the keys of a `devices` constraint (lifecycle.md section 9.4). */
const deviceColumns: Record<string, string> = {
  vendor_id: "vendor_id",
  product_id: "product_id",
  vendor_name: "vendor_name",
  product_name: "product_name",
  commissioning_driver: "driver",
};

/** One device that is all of `key=value,key=value`, whatever the letters' case. */
export function hasDevice(text: string, messages: Messages): Condition {
  const conditions = text.split(",").map((pair) => {
    const [key = "", value = ""] = pair.split(/=(.*)/s).map((part) => part.trim());
    const column = deviceColumns[key];
    if (column === undefined || value === "") {
      messages.add(`"${pair}" says nothing of a device: use KEY=VALUE with ${Object.keys(deviceColumns).join(", ")}.`);
      return sql<boolean>`false`;
    }
    return sql<boolean>`lower(${sql.ref(`d.${column}`)}) = ${value.toLowerCase()}`;
  });
  return sql<boolean>`exists (select from node_device d where d.node_id = node.id and ${sql.join(conditions, sql` and `)})`;
}
