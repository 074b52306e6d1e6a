/** MAC addresses of nodes of API 1.0: decode, one call, encode. */
import type { Params } from "@rackwright/contract/params";
import { nodeMac, nodeMacs } from "@rackwright/contract/resources-1.0/nodes";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { parseMac } from "@rackwright/domain/machine/names";
import { machineView } from "../app/machine-view.ts";
import { addMac, anyMachine, removeMac } from "../app/old-nodes.ts";
import type { Call, Routes } from "../http/route.ts";
import { macsOf, wireMac } from "./wire/node.ts";

type AnyCall = Pick<Call<Params>, "ctx" | "path">;
const idOf = ({ path }: AnyCall) => path.system_id ?? "";

async function viewOf(call: AnyCall) {
  return machineView(call.ctx, (await anyMachine(call.ctx, idOf(call))).machine.id);
}

/** The interface with the MAC address of the path. @throws DomainError invalid_fields, before anything is looked for; not_found */
async function interfaceOf(call: AnyCall) {
  const mac = parseMac(call.path.mac_address ?? "");
  if (mac === undefined) throw invalidField("mac_address", `"${call.path.mac_address}" is no MAC address.`);
  const view = await viewOf(call);
  const found = view.interfaces.find((each) => each.type === "physical" && each.mac === mac);
  if (!found) throw new DomainError("not_found", `${view.row.hostname} has no MAC address ${mac}.`);
  return { id: found.id, mac };
}

export function macRoutes(routes: Routes): void {
  routes.on(nodeMacs.actions.read, async (call) => macsOf(await viewOf(call)));
  routes.on(nodeMacs.actions.create, async (call) => {
    const mac = parseMac(call.params.mac_address);
    if (mac === undefined) throw invalidField("mac_address", `"${call.params.mac_address}" is no MAC address.`);
    await addMac(call.ctx, idOf(call), mac);
    return wireMac(idOf(call), mac);
  });
  routes.on(nodeMac.actions.read, async (call) => wireMac(idOf(call), (await interfaceOf(call)).mac));
  routes.on(nodeMac.actions.delete, async (call) => removeMac(call.ctx, idOf(call), (await interfaceOf(call)).id));
}
