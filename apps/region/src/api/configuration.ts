import { configuration } from "@rackwright/contract/resources/misc";
import { invalidField } from "@rackwright/domain/errors";
import { readSetting, writeSetting } from "../app/config.ts";
import { plainText, Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

export function configurationRoutes(routes: Routes): void {
  const { actions } = configuration;
  // A bare JSON value, without a charset, as clients know it.
  routes.on(actions.get_config, async ({ ctx, params }) => {
    const value = JSON.stringify(await readSetting(ctx, params.name));
    return new Raw(Buffer.from(value), "application/json");
  });
  routes.on(actions.set_config, async ({ ctx, params }) => {
    // An empty value clears a setting; no value at all is a slip.
    if (params.value === undefined) throw invalidField("value", "This field is required.");
    await writeSetting(ctx, params.name, params.value);
    return plainText("OK");
  });
}
