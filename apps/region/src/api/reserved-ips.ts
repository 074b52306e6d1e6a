/** reserved-ips, reserved-ip: decode, one call, encode. */
import { reservedIp, reservedIps } from "@rackwright/contract/resources/reserved-ips";
import { deleteReserved, reservedView, reservedViews, reserveForMac, updateReserved } from "../app/reserved-ips.ts";
import type { Routes } from "../http/route.ts";
import { wireReservedIp } from "./wire/address.ts";

export function reservedIpsRoutes(routes: Routes): void {
  routes.on(reservedIps.actions.read, async ({ ctx }) => (await reservedViews(ctx)).map(wireReservedIp));
  routes.on(reservedIps.actions.create, async ({ ctx, params }) =>
    wireReservedIp(await reservedView(ctx, String(await reserveForMac(ctx, params)))),
  );
  routes.on(reservedIp.actions.read, async ({ ctx, path }) => wireReservedIp(await reservedView(ctx, path.id ?? "")));
  routes.on(reservedIp.actions.update, async ({ ctx, path, params }) =>
    wireReservedIp(await reservedView(ctx, String(await updateReserved(ctx, path.id ?? "", params)))),
  );
  routes.on(reservedIp.actions.delete, ({ ctx, path }) => deleteReserved(ctx, path.id ?? ""));
}
