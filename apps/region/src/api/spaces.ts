/** spaces, space: decode, one call, encode. */
import { space, spaces } from "@rackwright/contract/resources/spaces";
import { createSpace, deleteSpace, spaceView, spaceViews, updateSpace } from "../app/spaces.ts";
import type { Routes } from "../http/route.ts";
import { wireSpace } from "./wire/address.ts";

export function spacesRoutes(routes: Routes): void {
  routes.on(spaces.actions.read, async ({ ctx }) => (await spaceViews(ctx)).map(wireSpace));
  routes.on(spaces.actions.create, async ({ ctx, params }) =>
    wireSpace(await spaceView(ctx, String(await createSpace(ctx, params)))),
  );
  routes.on(space.actions.read, async ({ ctx, path }) => wireSpace(await spaceView(ctx, path.id ?? "")));
  routes.on(space.actions.update, async ({ ctx, path, params }) =>
    wireSpace(await spaceView(ctx, String(await updateSpace(ctx, path.id ?? "", params)))),
  );
  routes.on(space.actions.delete, ({ ctx, path }) => deleteSpace(ctx, path.id ?? ""));
}
