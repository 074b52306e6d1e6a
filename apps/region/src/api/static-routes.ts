/** static-routes, static-route: decode, one call, encode. */
import { staticRoute, staticRoutes } from "@rackwright/contract/resources/static-routes";
import { createRoute, deleteRoute, routeView, routeViews, updateRoute } from "../app/static-routes.ts";
import type { Routes } from "../http/route.ts";
import { wireStaticRoute } from "./wire/address.ts";

export function staticRoutesRoutes(routes: Routes): void {
  routes.on(staticRoutes.actions.read, async ({ ctx }) => (await routeViews(ctx)).map(wireStaticRoute));
  routes.on(staticRoutes.actions.create, async ({ ctx, params }) =>
    wireStaticRoute(await routeView(ctx, String(await createRoute(ctx, params)))),
  );
  routes.on(staticRoute.actions.read, async ({ ctx, path }) => wireStaticRoute(await routeView(ctx, path.id ?? "")));
  routes.on(staticRoute.actions.update, async ({ ctx, path, params }) =>
    wireStaticRoute(await routeView(ctx, String(await updateRoute(ctx, path.id ?? "", params)))),
  );
  routes.on(staticRoute.actions.delete, ({ ctx, path }) => deleteRoute(ctx, path.id ?? ""));
}
