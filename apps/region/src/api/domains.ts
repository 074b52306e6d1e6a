/** domains, domain: decode, one call, encode. */
import { domain, domains } from "@rackwright/contract/resources/domains";
import {
  changeDomain,
  createDomain,
  domainRow,
  domainRows,
  makeDefault,
  removeDomain,
  setSerial,
} from "../app/domains.ts";
import type { Routes } from "../http/route.ts";
import { cleared } from "./cleared.ts";
import { wireDomain } from "./wire/dns.ts";

export function domainsRoutes(routes: Routes): void {
  routes.on(domains.actions.read, async ({ ctx }) => (await domainRows(ctx)).map(wireDomain));
  routes.on(domains.actions.create, async ({ ctx, params }) =>
    wireDomain(await domainRow(ctx, String(await createDomain(ctx, params)))),
  );
  routes.on(domains.actions.set_serial, ({ ctx, params }) => setSerial(ctx, params.serial));
  routes.on(domain.actions.read, async ({ ctx, path: { id = "" } }) => wireDomain(await domainRow(ctx, id)));
  routes.on(domain.actions.update, async (call) => {
    const id = await changeDomain(call.ctx, call.path.id ?? "", cleared(call, "ttl"));
    return wireDomain(await domainRow(call.ctx, String(id)));
  });
  routes.on(domain.actions.set_default, async ({ ctx, path: { id = "" } }) =>
    wireDomain(await domainRow(ctx, String(await makeDefault(ctx, id)))),
  );
  routes.on(domain.actions.delete, ({ ctx, path: { id = "" } }) => removeDomain(ctx, id));
}
