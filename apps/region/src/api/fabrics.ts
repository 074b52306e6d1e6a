/** fabrics, fabric: decode, one call, encode. */
import { fabric, fabrics } from "@rackwright/contract/resources/network";
import { createFabric, deleteFabric, type FabricView, fabricView, fabricViews, updateFabric } from "../app/fabrics.ts";
import type { Routes } from "../http/route.ts";
import { wireFabric } from "./wire/network.ts";

const shown = (v: FabricView) => wireFabric(v.fabric, v.vlans, v.all);

export function fabricsRoutes(routes: Routes): void {
  routes.on(fabrics.actions.read, async ({ ctx }) => (await fabricViews(ctx)).map(shown));
  routes.on(fabrics.actions.create, async ({ ctx, params }) =>
    shown(await fabricView(ctx, String(await createFabric(ctx, params)))),
  );
  routes.on(fabric.actions.read, async ({ ctx, path }) => shown(await fabricView(ctx, path.id ?? "")));
  routes.on(fabric.actions.update, async ({ ctx, path, params }) =>
    shown(await fabricView(ctx, String(await updateFabric(ctx, path.id ?? "", params)))),
  );
  routes.on(fabric.actions.delete, ({ ctx, path }) => deleteFabric(ctx, path.id ?? ""));
}
