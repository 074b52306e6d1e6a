/** Addresses of devices' interfaces, as their making and changing may state them (reference: networking-storage.md section 5, "devices"). */
import { lockSubnets } from "@rackwright/db/addresses";
import type { Tx } from "@rackwright/db/connect";
import { deleteLinks, insertLink, linksOfNic } from "@rackwright/db/interfaces";
import { firstSubnetOfVlan } from "@rackwright/db/networks";
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { parseIp } from "@rackwright/domain/addressing/ip";
import { invalidField } from "@rackwright/domain/errors";
import type { Nic } from "@rackwright/domain/network/nic";
import type { NodeNetwork } from "./interface-access.ts";
import { staticAddress } from "./interface-links.ts";
import { subnetById, subnetFor } from "./named.ts";

export interface AssignFields {
  ip_assignment?: string | undefined;
  ip_address?: string | undefined;
}

/** In place of its links. @throws DomainError */
export async function assignAddress(
  tx: Tx,
  net: NodeNetwork,
  nic: Pick<Nic, "id" | "mac" | "vlanId" | "name">,
  fields: AssignFields,
): Promise<void> {
  const assignment = fields.ip_assignment ?? (fields.ip_address ? "static" : undefined);
  if (assignment === undefined) return;
  if (net.node.nodeType !== 1)
    throw invalidField(
      fields.ip_assignment === undefined ? "ip_address" : "ip_assignment",
      `${net.node.hostname} is no device: link its interfaces by link_subnet.`,
    );
  const ip = fields.ip_address?.trim() || undefined;
  await deleteLinks(
    tx,
    (await linksOfNic(tx, nic.id)).map((link) => link.id),
  );
  const link = (type: number, subnetId: number | null, address: string | null) =>
    insertLink(tx, { interfaceId: nic.id, type, subnetId, ip: address });
  if (assignment === "dynamic") await link(allocType.dhcp, null, null);
  else if (assignment === "external") await link(allocType.userReserved, null, externalAddress(ip));
  else {
    const subnet = await staticSubnet(tx, nic, ip);
    await lockSubnets(tx, [subnet.id]);
    await link(allocType.sticky, subnet.id, await staticAddress(tx, nic.mac, subnet, ip));
  }
}

function externalAddress(ip: string | undefined): string {
  if (ip !== undefined && parseIp(ip)) return ip;
  throw invalidField("ip_address", "An external assignment needs the address that the device has.");
}

async function staticSubnet(tx: Tx, nic: Pick<Nic, "vlanId" | "name">, ip: string | undefined) {
  if (ip !== undefined) return subnetFor(tx, undefined, { field: "ip_address", text: ip });
  const id = nic.vlanId === null ? undefined : await firstSubnetOfVlan(tx, nic.vlanId);
  if (id === undefined) throw invalidField("ip_address", `The VLAN of ${nic.name} has no subnet: give an address.`);
  return subnetById(tx, id);
}
