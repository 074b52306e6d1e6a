/** ipranges, iprange: decode, one call, encode. */
import { ipRange, ipRanges } from "@rackwright/contract/resources/network";
import { createRange, deleteRange, type RangeView, rangeView, rangeViews, updateRange } from "../app/ip-ranges.ts";
import type { Routes } from "../http/route.ts";
import { wireIpRange, wireSubnet } from "./wire/network.ts";

const shown = (v: RangeView) => wireIpRange(v.range, wireSubnet(v.subnet, v.vlans));

export function ipRangesRoutes(routes: Routes): void {
  routes.on(ipRanges.actions.read, async ({ ctx }) => (await rangeViews(ctx)).map(shown));
  routes.on(ipRanges.actions.create, async ({ ctx, params }) =>
    shown(await rangeView(ctx, String(await createRange(ctx, params)))),
  );
  routes.on(ipRange.actions.read, async ({ ctx, path }) => shown(await rangeView(ctx, path.id ?? "")));
  routes.on(ipRange.actions.update, async ({ ctx, path, params }) =>
    shown(await rangeView(ctx, String(await updateRange(ctx, path.id ?? "", params)))),
  );
  routes.on(ipRange.actions.delete, async ({ ctx, path }) => {
    await deleteRange(ctx, path.id ?? "");
    return null;
  });
}
