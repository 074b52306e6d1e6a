/** maas and version of API 1.0: decode, one call, encode. */
import { maas } from "@rackwright/contract/resources-1.0/files";
import { version } from "@rackwright/contract/resources-1.0/nodes";
import { invalidField } from "@rackwright/domain/errors";
import { readSetting } from "../app/config.ts";
import { writeOldSetting } from "../app/old-settings.ts";
import { plainText, Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

/** Of the names that there were in its day, those that hold. */
const capabilities = ["networks-management", "static-ipaddresses", "ipv6-deployment-ubuntu"];

export function settingsRoutes(routes: Routes): void {
  routes.on(maas.actions.get_config, async ({ ctx, params }) => {
    const value = JSON.stringify(await readSetting(ctx, params.name));
    return new Raw(Buffer.from(value), "application/json");
  });
  routes.on(maas.actions.set_config, async ({ ctx, params }) => {
    // An empty value clears a setting; no value at all is a slip.
    if (params.value === undefined) throw invalidField("value", "This field is required.");
    await writeOldSetting(ctx, params.name, params.value);
    return plainText("OK");
  });
  routes.on(version.actions.read, async ({ ctx }) => ({ capabilities, version: ctx.region.version, subversion: "" }));
}
