/** interfaces: read; interface: read, update. */
import { interfaces, networkInterface } from "@rackwright/contract/resources/network";
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
  routes.on(networkInterface.actions.update, async ({ ctx, path, params }) => {
    const [systemId, word] = [path.system_id ?? "", path.id ?? ""];
    await correctLink(ctx, systemId, word, params);
    const view = await nodeWithInterfaces(ctx, systemId);
    return wireInterface(interfaceOf(view, word), interfaceContext(view));
  });
}
