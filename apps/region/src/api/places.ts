/** zones and resourcepools. */
import type { ResourcePool, Zone } from "@rackwright/contract/objects/common";
import { resourcePools, zones } from "@rackwright/contract/resources/misc";
import { API_ROOT } from "@rackwright/contract/table";
import * as app from "../app/places.ts";
import type { Routes } from "../http/route.ts";

export function placesRoutes(routes: Routes): void {
  routes.on(
    zones.actions.read,
    async ({ ctx }): Promise<Zone[]> =>
      (await app.zones(ctx)).map(({ id, name, description }) => ({
        name,
        description,
        id,
        resource_uri: `${API_ROOT}/zones/${encodeURIComponent(name)}/`,
      })),
  );
  routes.on(
    resourcePools.actions.read,
    async ({ ctx }): Promise<ResourcePool[]> =>
      (await app.pools(ctx)).map(({ id, name, description }) => ({
        name,
        description,
        id,
        // The item's path is singular, the collection's is not.
        resource_uri: `${API_ROOT}/resourcepool/${id}/`,
      })),
  );
}
