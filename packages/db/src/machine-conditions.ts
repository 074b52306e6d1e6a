/** Conditions that a word of a filter stands for: VLANs, subnets, devices. Beside them, where messages about such words are gathered. */
import { isIP } from "node:net";
import type { FieldMessages } from "@rackwright/domain/errors";
import { type RawBuilder, sql } from "kysely";

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

const isId = (text: string) => /^\d{1,18}$/.test(text);

/** `prefix:value`, a number, or a plain name. */
function specifier(text: string): { prefix: string; value: string } {
  const match = /^([a-z_]+):(.*)$/.exec(text);
  return match ? { prefix: match[1] ?? "", value: match[2] ?? "" } : { prefix: "", value: text };
}

function isCidr(text: string): boolean {
  return /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(text);
}

export function vlanIs(text: string, messages: Messages): Condition {
  const { prefix, value } = specifier(text);
  switch (prefix) {
    case "":
      return isId(value) ? sql<boolean>`v.id = ${value}::bigint` : sql<boolean>`v.name = ${value}`;
    case "id":
      if (isId(value)) return sql<boolean>`v.id = ${value}::bigint`;
      break;
    case "vid":
      if (isId(value)) return sql<boolean>`v.vid = ${value}::bigint`;
      break;
    case "name":
      return sql<boolean>`v.name = ${value}`;
    case "fabric":
      return sql<boolean>`exists (select from fabric f where f.id = v.fabric_id and coalesce(f.name, 'fabric-' || f.id) = ${value})`;
    case "space":
      return sql<boolean>`exists (select from space sp where sp.id = v.space_id and sp.name = ${value})`;
    default:
  }
  messages.add(`"${text}" names no VLAN: use an id, vid:N, name:N, fabric:N or space:N.`);
  return sql<boolean>`false`;
}

export function subnetIs(text: string, messages: Messages): Condition {
  const { prefix, value } = isCidr(text) ? { prefix: "cidr", value: text } : specifier(text);
  switch (prefix) {
    case "":
      return isId(value) ? sql<boolean>`s.id = ${value}::bigint` : sql<boolean>`s.name = ${value}`;
    case "id":
      if (isId(value)) return sql<boolean>`s.id = ${value}::bigint`;
      break;
    case "name":
      return sql<boolean>`s.name = ${value}`;
    case "cidr":
      if (isCidr(value)) return sql<boolean>`text(s.cidr) = ${value}`;
      break;
    case "ip":
      if (isIP(value) !== 0 && !value.includes("%")) return sql<boolean>`s.cidr >>= ${value}::inet`;
      break;
    case "vid":
    case "vlan":
    case "fabric":
    case "space":
      return vlanIs(prefix === "vlan" ? value : text, messages);
    default:
  }
  messages.add(`"${text}" names no subnet: use an id, a name, cidr:N, ip:N, vlan:N, fabric:N or space:N.`);
  return sql<boolean>`false`;
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
