/** subnets, subnet: decode, one call, encode. */
import { subnet, subnets } from "@rackwright/contract/resources/network";
import { createSubnet, type SubnetView, subnetView, subnetViews, updateSubnet } from "../app/subnets.ts";
import type { Routes } from "../http/route.ts";
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
}
