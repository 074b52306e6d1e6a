/** Links of interfaces to subnets (reference: networking-storage.md section 5). */
import { lockSubnets, subnetOccupancy } from "@rackwright/db/addresses";
import type { Tx } from "@rackwright/db/connect";
import {
  deleteLinks,
  dropEmptyFabric,
  ensureLinks,
  gatewayCandidates,
  insertLink,
  linksOfNic,
  setGatewayLink,
  updateNic,
  vlanFacts,
} from "@rackwright/db/interfaces";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { appendChange } from "@rackwright/db/change";
import { checkWantedAddress, modeOf, planLink } from "@rackwright/domain/network/link";
import { formatIp, parseIp } from "@rackwright/domain/addressing/ip";
import { unpluggedWarnings } from "@rackwright/domain/network/link-warnings";
import type { LinkMode } from "@rackwright/domain/network/model";
import { childrenOf, type Nic } from "@rackwright/domain/network/nic";
import type { SubnetRow } from "@rackwright/db/machine-views";
import type { Ctx } from "../context.ts";
import { freeAddress } from "./addresses.ts";
import { audit } from "./audit.ts";
import { changeNetwork, nicOf, warnOf } from "./interface-access.ts";
import { subnetGiven } from "./named.ts";

export interface LinkFields {
  mode: LinkMode | undefined;
  subnet?: string | undefined;
  ip_address?: string | undefined;
  force: boolean;
  default_gateway: boolean;
}

/** @returns the interface's id */
export function linkSubnet(ctx: Ctx, systemId: string, word: string, fields: LinkFields): Promise<number> {
  const { mode } = fields;
  if (mode === undefined) throw invalidField("mode", "This field is required.");
  return changeNetwork(ctx, systemId, "configure", `Linked interface ${word}: ${mode}.`, async (tx, net) => {
    const nic = nicOf(net, word);
    const subnet = fields.subnet ? await subnetGiven(tx, fields.subnet) : undefined;
    // Addresses are chosen one caller after the other, in a subnet.
    if (subnet) await lockSubnets(tx, [subnet.id]);
    const plan = planLink(
      {
        mode,
        ip: fields.ip_address?.trim() || undefined,
        force: fields.force,
        defaultGateway: fields.default_gateway,
        subnet: subnet && { cidr: subnet.cidr, vlanId: subnet.vlan_id, gateway: subnet.gateway_ip },
      },
      {
        nicName: nic.name,
        nicVlanId: nic.vlanId,
        bond: childrenOf(net.nics, nic.id).find((child) => child.type === "bond")?.name,
        links: await linksOfNic(tx, nic.id),
      },
    );
    await deleteLinks(tx, plan.clear);
    if (plan.moveTo !== undefined) await moveNic(ctx, tx, nic, plan.moveTo);
    const linkId = await insertLink(tx, {
      interfaceId: nic.id,
      type: plan.type,
      subnetId: mode === "link_up" ? null : (subnet?.id ?? null),
      ip: mode === "static" && subnet ? await staticAddress(tx, nic.mac, subnet, fields.ip_address?.trim()) : null,
    });
    const gateway = subnet?.gateway_ip;
    if (fields.default_gateway && gateway) await setGatewayLink(tx, net.node.id, familyOf(gateway), linkId);
    await warnOf(ctx, tx, net, unpluggedWarnings(nic));
    return nic.id;
  });
}

const familyOf = (ip: string): 4 | 6 => (ip.includes(":") ? 6 : 4);

/** Just this address, or a free one. The subnet is locked. @throws DomainError */
export async function staticAddress(
  tx: Tx,
  mac: string | null,
  subnet: SubnetRow,
  wanted: string | undefined,
): Promise<string> {
  const occupancy = await subnetOccupancy(tx, subnet.id);
  const parsed = wanted ? parseIp(wanted) : undefined;
  if (!wanted) return freeAddress(occupancy, mac);
  const ip = parsed ? formatIp(parsed) : wanted;
  checkWantedAddress(ip, mac, occupancy, { outside: "invalid_fields", field: "ip_address" });
  return ip;
}

/** To another VLAN, or none. A fabric that was made by itself and is left with nothing in it goes. */
export async function moveNic(ctx: Ctx, tx: Tx, nic: Nic, vlanId: number | null): Promise<void> {
  await updateNic(tx, nic.id, { vlan_id: vlanId });
  const left = await vlanFacts(tx, nic.vlanId);
  if (!left || left.id === vlanId || !(await dropEmptyFabric(tx, left.fabricId))) return;
  await appendChange(tx, { kind: "delete", entity: "fabric", entityId: left.fabricId });
  await audit(ctx, tx, "NETWORKING", `Deleted fabric 'fabric-${left.fabricId}': ${nic.name} was the last thing in it.`);
}

export function unlinkSubnet(ctx: Ctx, systemId: string, word: string, linkId: number): Promise<number> {
  return changeNetwork(ctx, systemId, "configure", `Unlinked interface ${word}.`, async (tx, net) => {
    const nic = nicOf(net, word);
    const link = (await linksOfNic(tx, nic.id)).find((each) => each.id === linkId);
    if (!link || modeOf(link) === undefined) throw invalidField("id", `${nic.name} has no link of id ${linkId}.`);
    await deleteLinks(tx, [linkId]);
    await ensureLinks(tx, [nic.id]);
    return nic.id;
  });
}

export function disconnectInterface(ctx: Ctx, systemId: string, word: string): Promise<number> {
  return changeNetwork(ctx, systemId, "configure", `Disconnected interface ${word}.`, async (tx, net) => {
    const nic = nicOf(net, word);
    await deleteLinks(
      tx,
      (await linksOfNic(tx, nic.id)).map((link) => link.id),
    );
    await moveNic(ctx, tx, nic, null);
    return nic.id;
  });
}

export function setDefaultGateway(
  ctx: Ctx,
  systemId: string,
  word: string,
  linkId: number | undefined,
): Promise<number> {
  return changeNetwork(ctx, systemId, "configure", `Set the default gateway by interface ${word}.`, async (tx, net) => {
    const nic = nicOf(net, word);
    const all = await gatewayCandidates(tx, nic.id);
    const chosen = linkId === undefined ? all : all.filter((each) => each.id === linkId);
    if (linkId !== undefined && chosen.length === 0)
      throw invalidField("link_id", `${nic.name} has no link of id ${linkId} on a subnet with a gateway.`);
    if (chosen.length === 0)
      throw new DomainError("bad_request", `${nic.name} is on no subnet that has a gateway: link it to one first.`);
    for (const family of [4, 6] as const) {
      const own = chosen.filter((each) => each.family === family);
      if (new Set(own.map((each) => each.gateway)).size > 1)
        throw invalidField("link_id", `${nic.name} has several gateways of IPv${family}: say which link by link_id.`);
      const [first] = own;
      if (first) await setGatewayLink(tx, net.node.id, family, first.id);
    }
    return nic.id;
  });
}
