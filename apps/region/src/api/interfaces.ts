/** interfaces: read; interface: read, update. */
import { interfaces, networkInterface } from "@rackwright/contract/resources/network";
import { invalidField } from "@rackwright/domain/errors";
import { correctLink, interfaceOf, nodeWithInterfaces } from "../app/node-interfaces.ts";
import type { Routes } from "../http/route.ts";
import { interfaceContext } from "./wire/machine.ts";
import { wireInterface } from "./wire/network.ts";

export function interfacesRoutes(routes: Routes): void {
  routes.on(interfaces.actions.read, async ({ ctx, path }) => {
    const view = await nodeWithInterfaces(ctx, path.system_id ?? "");
    return view.interfaces.map((i) => wireInterface(i, interfaceContext(view)));
  });
  routes.on(networkInterface.actions.read, async ({ ctx, path }) => {
    const view = await nodeWithInterfaces(ctx, path.system_id ?? "");
    return wireInterface(interfaceOf(view, path.id ?? ""), interfaceContext(view));
  });
  routes.on(networkInterface.actions.update, async ({ ctx, path, params, given }) => {
    // What API 2.0 changes here and we do not must not look as if it had been done.
    for (const name of given)
      if (!(name in params))
        throw invalidField(
          name,
          `'${name}' cannot be changed yet: only link_connected, link_speed and interface_speed can.`,
        );
    const [systemId, word] = [path.system_id ?? "", path.id ?? ""];
    await correctLink(ctx, systemId, word, params);
    const view = await nodeWithInterfaces(ctx, systemId);
    return wireInterface(interfaceOf(view, word), interfaceContext(view));
  });
}
