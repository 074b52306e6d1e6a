/** dnsresources, dnsresourcerecords and one of each: decode, one call, encode. */
import { dnsResource, dnsResourceRecord, dnsResourceRecords, dnsResources } from "@rackwright/contract/resources/dns";
import { changeRecord, createRecord, recordRow, recordRows, removeRecord } from "../app/dns-records.ts";
import {
  changeResource,
  createResource,
  filterNames,
  ownNames,
  removeResource,
  resourceView,
  resourceViews,
} from "../app/dns-resources.ts";
import type { Routes } from "../http/route.ts";
import { cleared } from "./cleared.ts";
import { wireOwnNames, wireRecord, wireResource } from "./wire/dns.ts";

export function dnsRoutes(routes: Routes): void {
  routes.on(dnsResources.actions.read, async ({ ctx, params }) => {
    const filter = await filterNames(ctx, params);
    const made = (await resourceViews(ctx, filter)).map(wireResource);
    return params.all ? [...made, ...wireOwnNames(await ownNames(ctx, filter))] : made;
  });
  routes.on(dnsResources.actions.create, async ({ ctx, params }) =>
    wireResource(await resourceView(ctx, String(await createResource(ctx, params)))),
  );
  const one = dnsResource.actions;
  routes.on(one.read, async ({ ctx, path: { id = "" } }) => wireResource(await resourceView(ctx, id)));
  routes.on(one.update, async (call) => {
    const id = await changeResource(call.ctx, call.path.id ?? "", cleared(call, "address_ttl"));
    return wireResource(await resourceView(call.ctx, String(id)));
  });
  routes.on(one.delete, ({ ctx, path: { id = "" } }) => removeResource(ctx, id));
  routes.on(dnsResourceRecords.actions.read, async ({ ctx, params }) =>
    (await recordRows(ctx, params)).map(wireRecord),
  );
  routes.on(dnsResourceRecords.actions.create, async ({ ctx, params }) =>
    wireRecord(await recordRow(ctx, String(await createRecord(ctx, params)))),
  );
  const record = dnsResourceRecord.actions;
  routes.on(record.read, async ({ ctx, path: { id = "" } }) => wireRecord(await recordRow(ctx, id)));
  routes.on(record.update, async (call) => {
    const id = await changeRecord(call.ctx, call.path.id ?? "", cleared(call, "ttl"));
    return wireRecord(await recordRow(call.ctx, String(id)));
  });
  routes.on(record.delete, ({ ctx, path: { id = "" } }) => removeRecord(ctx, id));
}
