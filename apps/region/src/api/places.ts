/** zones, zone, resourcepools, resourcepool: decode, one call, encode. */
import type { ResourcePool, Zone } from "@rackwright/contract/objects/common";
import { resourcePool, resourcePools, zone, zones } from "@rackwright/contract/resources/places";
import { API_ROOT } from "@rackwright/contract/table";
import { asId } from "@rackwright/domain/network/specifier";
import * as app from "../app/places.ts";
import type { Routes } from "../http/route.ts";

type Place = Awaited<ReturnType<typeof app.zone>>;

const wireZone = ({ id, name, description }: Place): Zone => ({
  name,
  description,
  id,
  resource_uri: `${API_ROOT}/zones/${encodeURIComponent(name)}/`,
});

const wirePool = ({ id, name, description }: Place): ResourcePool => ({
  name,
  description,
  id,
  // The item's path is singular, the collection's is not.
  resource_uri: `${API_ROOT}/resourcepool/${id}/`,
});

const nameOf = ({ path }: { path: Record<string, string> }) => path.name ?? "";
/** By id as all clients do, or by name as gomaasclient can. */
function poolKeyOf({ path: { id: word = "" } }: { path: Record<string, string> }): app.PoolKey {
  const id = asId(word);
  return id === undefined ? { name: word } : { id };
}

export function placesRoutes(routes: Routes): void {
  routes.on(zones.actions.read, async ({ ctx }) => (await app.zones(ctx)).map(wireZone));
  routes.on(zones.actions.create, async ({ ctx, params }) => wireZone(await app.createZone(ctx, params)));
  routes.on(zone.actions.read, async (call) => wireZone(await app.zone(call.ctx, nameOf(call))));
  routes.on(zone.actions.update, async (call) => wireZone(await app.updateZone(call.ctx, nameOf(call), call.params)));
  routes.on(zone.actions.delete, (call) => app.deleteZone(call.ctx, nameOf(call)));
  routes.on(resourcePools.actions.read, async ({ ctx }) => (await app.pools(ctx)).map(wirePool));
  routes.on(resourcePools.actions.create, async ({ ctx, params }) => wirePool(await app.createPool(ctx, params)));
  routes.on(resourcePool.actions.read, async (call) => wirePool(await app.pool(call.ctx, poolKeyOf(call))));
  routes.on(resourcePool.actions.update, async (call) =>
    wirePool(await app.updatePool(call.ctx, poolKeyOf(call), call.params)),
  );
  routes.on(resourcePool.actions.delete, (call) => app.deletePool(call.ctx, poolKeyOf(call)));
}
