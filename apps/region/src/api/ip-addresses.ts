/** ipaddresses: decode, one call, encode. */
import { ipAddresses } from "@rackwright/contract/resources/ip-addresses";
import { addressViews, release, reserve } from "../app/ip-addresses.ts";
import type { Routes } from "../http/route.ts";
import { wireAddress } from "./wire/device.ts";

export function ipAddressesRoutes(routes: Routes): void {
  const all = ipAddresses.actions;
  routes.on(all.read, async ({ ctx, params }) => (await addressViews(ctx, params)).map(wireAddress));
  routes.on(all.reserve, async ({ ctx, params }) => wireAddress(await reserve(ctx, params)));
  routes.on(all.release, ({ ctx, params }) => release(ctx, params));
}
