/** vlans, vlan: decode, one call, encode. A VLAN is named by fabric and tag, or by its id. */
import { vlan, vlans } from "@rackwright/contract/resources/network";
import {
  createVlan,
  deleteVlan,
  updateVlan,
  type VlanPath,
  vlansOfFabric,
  vlanView,
  vlanViewById,
  type VlanViews,
} from "../app/vlans.ts";
import type { Routes } from "../http/route.ts";
import { wireVlan } from "./wire/network.ts";

const shown = (v: VlanViews) => wireVlan(v.vlan, v.all);

const pathOf = (path: Record<string, string>): VlanPath =>
  path.vlan_id === undefined ? { fabric: path.fabric_id ?? "", vid: path.vid ?? "" } : { id: path.vlan_id };

export function vlansRoutes(routes: Routes): void {
  routes.on(vlans.actions.read, async ({ ctx, path }) => (await vlansOfFabric(ctx, path.fabric_id ?? "")).map(shown));
  routes.on(vlans.actions.create, async ({ ctx, path, params }) =>
    shown(await vlanViewById(ctx, await createVlan(ctx, path.fabric_id ?? "", params))),
  );
  routes.on(vlan.actions.read, async ({ ctx, path }) => shown(await vlanView(ctx, pathOf(path))));
  routes.on(vlan.actions.update, async ({ ctx, path, params }) =>
    shown(await vlanViewById(ctx, await updateVlan(ctx, pathOf(path), params))),
  );
  routes.on(vlan.actions.delete, ({ ctx, path }) => deleteVlan(ctx, pathOf(path)));
}
