/** Whatever a caller sends to API 1.0, every operation answers; by a worker what only workers may. */
import { after, before, test } from "node:test";
import type { Action } from "@rackwright/contract/action";
import { allActions10, API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import { statusCode, type MachineStatus } from "@rackwright/domain/machine/status";
import type { AddedMachine } from "../testing/machines.ts";
import { takesNoNonsense } from "../testing/nonsense.ts";
import { is, tokenOf, type World, world } from "./testing/world.ts";

let w: World;
let machine: AddedMachine;
let net: string;
const NETWORK = "there";
before(async () => {
  w = await world();
  machine = await w.machine("ready");
  net = w.net();
  await makeThings();
});
after(() => w?.t.close());

/** Things that are there, so that what lies behind finding them is reached. */
async function makeThings(): Promise<void> {
  await w.admin.post("networks/", { name: NETWORK, ip: `${net}.0`, netmask: "255.255.255.0" });
  await w.admin.post("tags/?op=new", { name: NETWORK });
  await w.admin.post("zones/", { name: NETWORK });
  const fields = { ip: `${net}.2`, interface: "eth0", subnet_mask: "255.255.255.0", router_ip: `${net}.1` };
  const range = { ip_range_low: `${net}.100`, ip_range_high: `${net}.199` };
  await w.admin.post(`${w.cluster}interfaces/?op=new`, { ...fields, ...range, management: 2 });
}

function pathOf(action: Action, value?: string): string {
  const there: Record<string, string> = {
    system_id: machine.systemId,
    uuid: w.uuid,
    interface: "eth0",
    mac_address: machine.mac,
    name: NETWORK,
  };
  return action.resource.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    // The cluster stays: without it nothing behind it is reached.
    encodeURIComponent(name === "uuid" ? w.uuid : (value ?? there[name] ?? "1")),
  );
}

const statuses: MachineStatus[] = ["ready", "new", "deployed", "allocated", "commissioning"];

async function restore(turn: number): Promise<void> {
  const status = statuses[turn % statuses.length] ?? "ready";
  const row = { status: statusCode[status], system_id: machine.systemId, hostname: machine.hostname };
  const found = await w.t.db.kysely.updateTable("node").set(row).where("id", "=", machine.id).executeTakeFirst();
  if (found.numUpdatedRows === 0n) machine = await w.machine(status);
  is(await w.admin.post("nodegroups/?op=accept", { uuid: w.uuid }), 200);
  await makeThings();
}

// What deletes comes last: the others want something to look at.
const actions = allActions10().toSorted((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));

for (const action of actions)
  test(`${action.resource.name}.${action.name} takes no nonsense`, async () => {
    const who = action.access === "worker" ? await tokenOf(w, w.uuid) : w.t.admin;
    await takesNoNonsense(action, { t: w.t, who, root: API_1_0_ROOT, pathOf, restore });
  });
