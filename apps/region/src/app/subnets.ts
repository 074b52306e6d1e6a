/** Subnets: find, create, change. */
import { lockSubnets } from "@rackwright/db/addresses";
import { appendChange, appendChanges } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { loadVlans, type SubnetRow, type VlanView } from "@rackwright/db/machine-views";
import { removeSubnet } from "@rackwright/db/network-removal";
import {
  adoptControllerAddresses,
  cidrTaken,
  defaultVlan,
  findVlan,
  insertSubnet,
  listSubnets,
  rangesOfSubnet,
  updateSubnetRow,
  vlanById,
} from "@rackwright/db/networks";
import { formatCidr, parseCidr } from "@rackwright/domain/addressing/ip";
import { subnetProblems } from "@rackwright/domain/addressing/subnet-rules";
import { bootMethodNamed, bootMethodNames } from "@rackwright/domain/dhcp/boot-methods";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { fabricOf } from "./fabrics.ts";
import { subnetById, subnetOf, vlanGiven } from "./named.ts";

export interface SubnetFields {
  cidr?: string | undefined;
  name?: string | undefined;
  description?: string | undefined;
  vlan?: string | undefined;
  fabric?: string | undefined;
  vid?: number | undefined;
  gateway_ip?: string | undefined;
  rdns_mode?: number | undefined;
  allow_dns?: boolean | undefined;
  allow_proxy?: boolean | undefined;
  dns_servers?: string[] | undefined;
  managed?: boolean | undefined;
  disabled_boot_architectures?: string[] | undefined;
  active_discovery?: boolean | undefined;
}

export interface SubnetView {
  subnet: SubnetRow;
  vlans: ReadonlyMap<number, VlanView>;
}

export async function subnetViews(ctx: Ctx): Promise<SubnetView[]> {
  const db = ctx.region.db.kysely;
  const [subnets, vlans] = await Promise.all([listSubnets(db), loadVlans(db)]);
  return subnets.map((subnet) => ({ subnet, vlans }));
}

export async function subnetView(ctx: Ctx, word: string): Promise<SubnetView> {
  const subnet = await subnetOf(ctx.region.db.kysely, word);
  return { subnet, vlans: await loadVlans(ctx.region.db.kysely, [subnet.vlan_id]) };
}

/** @returns the new subnet's id */
export async function createSubnet(ctx: Ctx, fields: SubnetFields & { cidr: string }): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const cidr = canonical(fields.cidr);
    const columns = plainColumns(fields);
    check({ cidr, gateway: columns.gateway_ip ?? null, dnsServers: columns.dns_servers ?? [] }, []);
    const vlanId = (await vlanWanted(tx, fields)) ?? (await defaultVlan(tx, 0))?.id;
    if (vlanId === undefined) throw invalidField("vlan", "Name the VLAN: the default fabric has none.");
    const id = await insertSubnet(tx, { ...columns, cidr, name: fields.name?.trim() || cidr, vlan_id: vlanId });
    if (id === undefined) throw invalidField("cidr", `There is a subnet ${cidr} already.`);
    await adoptControllerAddresses(tx, id);
    await appendChange(tx, { kind: "create", entity: "subnet", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Created subnet ${cidr}.`);
    return id;
  });
}

export async function updateSubnet(ctx: Ctx, word: string, fields: SubnetFields): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const { id } = await subnetOf(tx, word);
    await lockSubnets(tx, [id]);
    const subnet = await subnetById(tx, id);
    const cidr = fields.cidr ? canonical(fields.cidr) : subnet.cidr;
    if (cidr !== subnet.cidr && (await cidrTaken(tx, cidr, id)))
      throw invalidField("cidr", `There is a subnet ${cidr} already.`);
    const columns = plainColumns(fields);
    const gateway = columns.gateway_ip === undefined ? subnet.gateway_ip : columns.gateway_ip;
    check({ cidr, gateway, dnsServers: columns.dns_servers ?? subnet.dns_servers }, await rangesOfSubnet(tx, id));
    const vlanId = (await vlanWanted(tx, fields)) ?? subnet.vlan_id;
    // A name that was the CIDR follows it.
    const name = fields.name?.trim() || (subnet.name === subnet.cidr ? cidr : subnet.name);
    await updateSubnetRow(tx, id, { ...columns, cidr, name, vlan_id: vlanId });
    if (cidr !== subnet.cidr || vlanId !== subnet.vlan_id) await adoptControllerAddresses(tx, id);
    await appendChange(tx, { kind: "update", entity: "subnet", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Updated subnet ${cidr}.`);
    return id;
  });
}

/**
 * Links on it go with it. DHCP that hands out its addresses keeps it.
 * @throws DomainError not_found, invalid_fields
 */
export async function deleteSubnet(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const { id } = await subnetOf(tx, word);
    await lockSubnets(tx, [id]);
    const subnet = await subnetById(tx, id);
    const vlan = await vlanById(tx, subnet.vlan_id);
    const ranges = await rangesOfSubnet(tx, id);
    if (vlan?.dhcp_on && ranges.some((range) => range.type === "dynamic"))
      throw invalidField(
        "__all__",
        `DHCP is on for VLAN ${vlan.vid} (id ${vlan.id}) and hands out addresses of ${subnet.cidr}: switch DHCP off, or delete the dynamic range first.`,
      );
    const machines = await removeSubnet(tx, id);
    await appendChange(tx, { kind: "delete", entity: "subnet", entityId: id });
    await appendChanges(tx, { kind: "update", entity: "machine", entityIds: machines });
    await audit(ctx, tx, "NETWORKING", `Deleted subnet ${subnet.cidr}.`);
  });
}

function canonical(text: string): string {
  const cidr = parseCidr(text);
  if (!cidr)
    throw invalidField(
      "cidr",
      `"${text}" is no network: an address, a slash and a prefix length, such as 10.0.0.0/24.`,
    );
  return formatCidr(cidr);
}

function check(subnet: Parameters<typeof subnetProblems>[0], ranges: Parameters<typeof subnetProblems>[1]): void {
  const problems = subnetProblems(subnet, ranges);
  if (Object.keys(problems).length > 0)
    throw new DomainError("invalid_fields", "The subnet cannot be so.", { fields: problems });
}

const copied = [
  "description",
  "rdns_mode",
  "allow_dns",
  "allow_proxy",
  "dns_servers",
  "managed",
  "disabled_boot_architectures",
  "active_discovery",
] as const;

function plainColumns(fields: SubnetFields) {
  const given = Object.fromEntries(
    copied.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]),
  );
  const columns = given as { [K in (typeof copied)[number]]?: NonNullable<SubnetFields[K]> } & {
    gateway_ip?: string | null;
  };
  if (fields.gateway_ip !== undefined) columns.gateway_ip = fields.gateway_ip.trim() || null;
  columns.disabled_boot_architectures &&= columns.disabled_boot_architectures.map(bootMethod);
  return columns;
}

function bootMethod(word: string): string {
  const name = bootMethodNamed(word);
  if (name) return name;
  const known = bootMethodNames.join(", ");
  throw invalidField("disabled_boot_architectures", `"${word}" is no boot method: choose ${known}, or 0x07 or 00:07.`);
}

/** The VLAN that the caller names, by itself, or by fabric and tag; undefined when none is named. */
async function vlanWanted(tx: Tx, fields: SubnetFields): Promise<number | undefined> {
  if (fields.vlan) return (await vlanGiven(tx, fields.vlan)).id;
  if (!fields.fabric && fields.vid === undefined) return undefined;
  const fabricId = fields.fabric ? (await fabricOf(tx, fields.fabric)).id : 0;
  const vlan = fields.vid === undefined ? await defaultVlan(tx, fabricId) : await findVlan(tx, fabricId, fields.vid);
  if (!vlan) throw invalidField("vid", `That fabric has no VLAN ${fields.vid}.`);
  return vlan.id;
}
