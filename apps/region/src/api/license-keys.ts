/** license-keys, license-key: decode, one call, encode. */
import type { LicenseKey } from "@rackwright/contract/objects/software";
import { licenseKey, licenseKeys } from "@rackwright/contract/resources/license-keys";
import { API_ROOT } from "@rackwright/contract/table";
import * as app from "../app/license-keys.ts";
import type { Routes } from "../http/route.ts";

// The path has no slash at its end.
const wire = (key: app.LicenseKey): LicenseKey => ({
  ...key,
  resource_uri: `${API_ROOT}/license-key/${encodeURIComponent(key.osystem)}/${encodeURIComponent(key.distro_series)}`,
});

const release = ({ path }: { path: Record<string, string> }) => ({
  osystem: path.osystem ?? "",
  distro_series: path.distro_series ?? "",
});

export function licenseKeysRoutes(routes: Routes): void {
  routes.on(licenseKeys.actions.read, async ({ ctx }) => (await app.licenseKeys(ctx)).map(wire));
  routes.on(licenseKeys.actions.create, async ({ ctx, params }) => wire(await app.createLicenseKey(ctx, params)));
  routes.on(licenseKey.actions.read, async (call) => wire(await app.licenseKey(call.ctx, release(call))));
  routes.on(licenseKey.actions.update, async (call) =>
    wire(await app.updateLicenseKey(call.ctx, release(call), call.params)),
  );
  routes.on(licenseKey.actions.delete, (call) => app.deleteLicenseKey(call.ctx, release(call)));
}
