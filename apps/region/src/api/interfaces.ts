/** interfaces, interface: decode, one call, encode. */
import { interfaces, networkInterface } from "@rackwright/contract/resources/interfaces";
import { createBond, createBridge, createPhysical, createVlanInterface } from "../app/interface-create.ts";
import { disconnectInterface, linkSubnet, setDefaultGateway, unlinkSubnet } from "../app/interface-links.ts";
import { deleteInterface, tagInterface, updateInterface } from "../app/interface-update.ts";
import { interfaceOf, nodeWithInterfaces } from "../app/node-interfaces.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { cleared } from "./cleared.ts";
import { interfaceContext } from "./wire/machine.ts";
import { wireInterface } from "./wire/network.ts";

async function shown(ctx: Ctx, systemId: string, word: string | number) {
  const view = await nodeWithInterfaces(ctx, systemId);
  return wireInterface(interfaceOf(view, String(word)), interfaceContext(view));
}

export function interfacesRoutes(routes: Routes): void {
  const all = interfaces.actions;
  routes.on(all.read, async ({ ctx, path }) => {
    const view = await nodeWithInterfaces(ctx, path.system_id ?? "");
    return view.interfaces.map((i) => wireInterface(i, interfaceContext(view)));
  });
  routes.on(all.create_physical, async ({ ctx, path: { system_id = "" }, params }) =>
    shown(ctx, system_id, await createPhysical(ctx, system_id, params)),
  );
  routes.on(all.create_bond, async ({ ctx, path: { system_id = "" }, params }) =>
    shown(ctx, system_id, await createBond(ctx, system_id, params)),
  );
  routes.on(all.create_bridge, async ({ ctx, path: { system_id = "" }, params }) =>
    shown(ctx, system_id, await createBridge(ctx, system_id, params)),
  );
  routes.on(all.create_vlan, async ({ ctx, path: { system_id = "" }, params }) =>
    shown(ctx, system_id, await createVlanInterface(ctx, system_id, params)),
  );
  const one = networkInterface.actions;
  routes.on(one.read, ({ ctx, path: { system_id = "", id = "" } }) => shown(ctx, system_id, id));
  routes.on(one.update, async (call) => {
    const { system_id = "", id = "" } = call.path;
    const nicId = await updateInterface(call.ctx, system_id, id, cleared(call, "mtu"));
    return shown(call.ctx, system_id, nicId);
  });
  routes.on(one.delete, ({ ctx, path: { system_id = "", id = "" } }) => deleteInterface(ctx, system_id, id));
  routes.on(one.add_tag, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await tagInterface(ctx, system_id, id, params.tag, true)),
  );
  routes.on(one.remove_tag, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await tagInterface(ctx, system_id, id, params.tag, false)),
  );
  routes.on(one.link_subnet, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await linkSubnet(ctx, system_id, id, params)),
  );
  routes.on(one.unlink_subnet, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await unlinkSubnet(ctx, system_id, id, params.id)),
  );
  routes.on(one.disconnect, async ({ ctx, path: { system_id = "", id = "" } }) =>
    shown(ctx, system_id, await disconnectInterface(ctx, system_id, id)),
  );
  routes.on(one.set_default_gateway, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await setDefaultGateway(ctx, system_id, id, params.link_id)),
  );
}
