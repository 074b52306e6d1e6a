/** subnets, subnet: decode, one call, encode. */
import { subnet, subnets } from "@rackwright/contract/resources/network";
import { addressesInSubnet, freeRanges, subnetStatistics, usedRanges } from "../app/subnet-usage.ts";
import { createSubnet, deleteSubnet, type SubnetView, subnetView, subnetViews, updateSubnet } from "../app/subnets.ts";
import type { Routes } from "../http/route.ts";
import { wireRange, wireStatistics, wireSubnetAddress } from "./wire/address.ts";
import { wireSubnet } from "./wire/network.ts";

const shown = (v: SubnetView) => wireSubnet(v.subnet, v.vlans);

export function subnetsRoutes(routes: Routes): void {
  routes.on(subnets.actions.read, async ({ ctx }) => (await subnetViews(ctx)).map(shown));
  routes.on(subnets.actions.create, async ({ ctx, params }) =>
    shown(await subnetView(ctx, `id:${await createSubnet(ctx, params)}`)),
  );
  routes.on(subnet.actions.read, async ({ ctx, path }) => shown(await subnetView(ctx, path.id ?? "")));
  routes.on(subnet.actions.update, async ({ ctx, path, params }) =>
    shown(await subnetView(ctx, `id:${await updateSubnet(ctx, path.id ?? "", params)}`)),
  );
  routes.on(subnet.actions.delete, ({ ctx, path }) => deleteSubnet(ctx, path.id ?? ""));
  routes.on(subnet.actions.reserved_ip_ranges, async ({ ctx, path }) =>
    (await usedRanges(ctx, path.id ?? "")).map(wireRange),
  );
  routes.on(subnet.actions.unreserved_ip_ranges, async ({ ctx, path }) =>
    (await freeRanges(ctx, path.id ?? "")).map(wireRange),
  );
  routes.on(subnet.actions.statistics, async ({ ctx, path, params }) => {
    const { figures, ranges } = await subnetStatistics(ctx, path.id ?? "");
    const { include_ranges, include_suggestions } = params;
    return wireStatistics(figures, { ranges: include_ranges ? ranges : null, suggestions: include_suggestions });
  });
  routes.on(subnet.actions.ip_addresses, async ({ ctx, path, params }) => {
    const show = { username: params.with_username, summary: params.with_summary, node: params.with_node_summary };
    return (await addressesInSubnet(ctx, path.id ?? "")).map((address) => wireSubnetAddress(address, show));
  });
}
