/** networks, network: decode, one call, encode. */
import type { Network } from "@rackwright/contract/objects/address";
import { network, networks } from "@rackwright/contract/resources/networks-old";
import { API_ROOT } from "@rackwright/contract/table";
import { netmaskOf, parseCidr } from "@rackwright/domain/addressing/ip";
import { connectedMacs, networkView, networkViews, withdrawn } from "../app/networks-old.ts";
import type { SubnetView } from "../app/subnets.ts";
import type { Routes } from "../http/route.ts";

function shown({ subnet, vlans }: SubnetView): Network {
  const cidr = parseCidr(subnet.cidr);
  const name = `subnet-${subnet.id}`;
  return {
    name,
    ip: subnet.cidr.replace(/\/.*$/, ""),
    netmask: cidr ? netmaskOf(cidr) : "",
    vlan_tag: vlans.get(subnet.vlan_id)?.vid ?? 0,
    description: subnet.name,
    default_gateway: subnet.gateway_ip,
    dns_servers: subnet.dns_servers,
    resource_uri: `${API_ROOT}/networks/${name}/`,
  };
}

export function networksRoutes(routes: Routes): void {
  routes.on(networks.actions.read, async ({ ctx, params }) => (await networkViews(ctx, params.node)).map(shown));
  routes.on(network.actions.read, async ({ ctx, path }) => shown(await networkView(ctx, path.name ?? "")));
  routes.on(network.actions.list_connected_macs, async ({ ctx, path }) =>
    (await connectedMacs(ctx, path.name ?? "")).map((mac_address) => ({ mac_address })),
  );
  const { update, delete: remove, connect_macs, disconnect_macs } = network.actions;
  for (const action of [networks.actions.create, update, remove, connect_macs, disconnect_macs])
    routes.on(action, async () => withdrawn());
}
