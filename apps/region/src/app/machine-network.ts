/** A machine's stored interfaces and links as the model that netplan is rendered from. */
import {
  authoritativeDomains,
  type InterfaceFacts,
  interfaceFacts,
  type LinkFacts,
  linkFacts,
  nodeFacts,
} from "@rackwright/db/deploy-facts";
import type { Tx } from "@rackwright/db/connect";
import type {
  InterfaceLink,
  InterfaceType,
  LinkMode,
  MachineNetwork,
  NetworkInterface,
} from "@rackwright/domain/network/model";
import type { Region } from "../context.ts";
import { getConfig } from "./config.ts";

/** @throws Error when there is no such machine */
export async function loadMachineNetwork(db: Region["db"]["kysely"] | Tx, machineId: number): Promise<MachineNetwork> {
  const node = await nodeFacts(db, machineId);
  if (!node) throw new Error(`there is no machine with id ${machineId} to read the network of`);
  const interfaces = await interfaceFacts(db, machineId);
  const links = Map.groupBy(await linkFacts(db, machineId), (link) => link.interfaceId);
  const { upstream_dns } = await getConfig(db, "upstream_dns");
  return {
    interfaces: interfaces.map((nic) => toInterface(nic, links.get(nic.id) ?? [])),
    ...(node.bootInterfaceId === null ? {} : { bootInterfaceId: node.bootInterfaceId }),
    ...(node.gatewayLinkIdV4 === null ? {} : { gatewayLinkIdV4: node.gatewayLinkIdV4 }),
    ...(node.gatewayLinkIdV6 === null ? {} : { gatewayLinkIdV6: node.gatewayLinkIdV6 }),
    domain: node.domain,
    otherSearchDomains: await authoritativeDomains(db),
    defaultDnsServers: (upstream_dns ?? "").split(/[\s,]+/).filter((address) => address !== ""),
  };
}

function toInterface(nic: InterfaceFacts, links: readonly LinkFacts[]): NetworkInterface {
  const params = nic.params as Record<string, string | number | boolean>;
  const mtu = Number(params["mtu"]);
  return {
    id: nic.id,
    name: nic.name,
    type: nic.type as InterfaceType,
    macAddress: nic.mac ?? "",
    enabled: nic.enabled,
    mtu: mtu > 0 ? mtu : (nic.vlanMtu ?? 1500),
    connected: nic.vlan_id !== null,
    parentIds: nic.parentIds,
    ...(nic.type === "vlan" && nic.vid !== null ? { vid: nic.vid } : {}),
    params,
    links: links.map(toLink),
  };
}

/** Codes of kinds of addresses: networking-storage, section 4. */
function linkMode(link: LinkFacts): LinkMode {
  if (link.allocType === 0) return "auto";
  if (link.allocType === 5) return "dhcp";
  return link.ip === null ? "link_up" : "static";
}

function toLink(link: LinkFacts): InterfaceLink {
  return {
    id: link.id,
    mode: linkMode(link),
    ...(link.ip === null ? {} : { ip: link.ip }),
    ...(link.allocType === 4 ? { userReserved: true } : {}),
    ...(link.subnetId === null || link.cidr === null
      ? {}
      : {
          subnet: {
            id: link.subnetId,
            cidr: link.cidr,
            ...(link.gatewayIp === null ? {} : { gatewayIp: link.gatewayIp }),
            dnsServers: link.dnsServers ?? [],
            allowDns: link.allowDns ?? true,
            vlanDhcpOn: link.vlanDhcpOn ?? false,
            // Racks answer no DNS: naming one would make every look-up of the machine wait for it.
            rackAddresses: [],
            staticRoutes: link.staticRoutes,
          },
        }),
  };
}
