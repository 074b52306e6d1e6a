/** networks of API 1.0: decode, one call, encode. */
import type { Network } from "@rackwright/contract/objects-1.0";
import { network, networks } from "@rackwright/contract/resources-1.0/networks";
import { API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import { netmaskOf, parseCidr } from "@rackwright/domain/addressing/ip";
import * as app from "../app/old-networks.ts";
import type { Routes } from "../http/route.ts";
import { wireMac } from "./wire/node.ts";

function wireNetwork({ name, cidr, vid, description, gateway, dnsServers }: app.OldNetwork): Network {
  const parsed = parseCidr(cidr);
  return {
    name,
    ip: cidr.replace(/\/.*$/, ""),
    netmask: parsed ? netmaskOf(parsed) : "",
    vlan_tag: vid === 0 ? null : vid,
    description,
    default_gateway: gateway,
    dns_servers: dnsServers.length === 0 ? null : dnsServers.join(" "),
    resource_uri: `${API_1_0_ROOT}/networks/${encodeURIComponent(name)}/`,
  };
}

const nameOf = ({ path }: { path: Record<string, string> }) => path.name ?? "";

export function networksRoutes(routes: Routes): void {
  routes.on(networks.actions.read, async ({ ctx, params }) =>
    (await app.networks(ctx, [...new Set(params.node)])).map(wireNetwork),
  );
  routes.on(networks.actions.create, async ({ ctx, params }) => wireNetwork(await app.createNetwork(ctx, params)));
  const { actions } = network;
  routes.on(actions.read, async (call) => wireNetwork(await app.network(call.ctx, nameOf(call))));
  routes.on(actions.update, async (call) => wireNetwork(await app.updateNetwork(call.ctx, nameOf(call), call.params)));
  routes.on(actions.delete, (call) => app.deleteNetwork(call.ctx, nameOf(call)));
  routes.on(actions.list_connected_macs, async (call) =>
    (await app.macsOnNetwork(call.ctx, nameOf(call))).map(({ systemId, mac }) => wireMac(systemId, mac)),
  );
  routes.on(actions.connect_macs, async (call) => {
    await app.connectMacs(call.ctx, nameOf(call), call.params.macs);
    return null;
  });
  routes.on(actions.disconnect_macs, async (call) => {
    await app.disconnectMacs(call.ctx, nameOf(call), call.params.macs);
    return null;
  });
}
