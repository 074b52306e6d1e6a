/** Whatever a caller sends, every operation answers: with less than 500, with a type, and refusals with something to read. */
import { after, before, test } from "node:test";
import type { Action } from "@rackwright/contract/action";
import { resources } from "@rackwright/contract/table";
import { statusCode, type MachineStatus } from "@rackwright/domain/machine/status";
import { type AddedMachine, addImage, addMachine } from "../testing/machines.ts";
import { takesNoNonsense } from "../testing/nonsense.ts";
import { testRegion, type TestRegion } from "../testing/region.ts";

let t: TestRegion;
let machine: AddedMachine;
before(async () => {
  t = await testRegion();
  await addImage(t);
  machine = await addMachine(t, "ready");
});
after(() => t?.close());

/** Things that are there, so that what lies behind finding them is reached. */
function pathOf(action: Action, value?: string): string {
  const there: Record<string, string> = {
    system_id: machine.systemId,
    fabric_id: "0",
    vid: "0",
    id: "1",
    name: "there",
  };
  return action.resource.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(value ?? (action.resource.name === "Fabric" ? "0" : (there[name] ?? "1"))),
  );
}

const statuses: MachineStatus[] = ["ready", "new", "deployed", "allocated", "commissioning"];

async function restore(turn: number): Promise<void> {
  const status = statuses[turn % statuses.length] ?? "ready";
  const row = { status: statusCode[status], system_id: machine.systemId, hostname: machine.hostname };
  const found = await t.db.kysely.updateTable("node").set(row).where("id", "=", machine.id).executeTakeFirst();
  if (found.numUpdatedRows === 0n) machine = await addMachine(t, status);
}

// What deletes comes last: the others want something to look at.
const actions = resources
  .flatMap((r) => Object.values(r.actions))
  .toSorted((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));

for (const action of actions)
  test(`${action.resource.name}.${action.name} takes no nonsense`, () =>
    takesNoNonsense(action, { t, who: t.admin, pathOf, restore }));
