/** What scripts printed in the newest commissioning of each machine. */
import type { MachineView } from "@rackwright/db/machine-views";
import { outputsOf, resultViews } from "@rackwright/db/script-result-views";
import type { Ctx } from "../context.ts";
import { searchMachines } from "./machine-view.ts";

export interface CommissioningOutput {
  name: string;
  exitStatus: number;
  createdAt: Date;
  updatedAt: Date;
  machine: MachineView;
  data: Uint8Array;
}

/** Those that ended, of machines that the caller may see. What went to standard error has `.err` behind its name. */
export async function commissioningOutputs(
  ctx: Ctx,
  wanted: { systemIds: readonly string[]; names: readonly string[] },
): Promise<CommissioningOutput[]> {
  const db = ctx.region.db.kysely;
  const machines = await searchMachines(ctx, { id: wanted.systemIds });
  const bySet = new Map(
    machines.flatMap((view) =>
      view.row.commissioning_set_id === null ? [] : [[view.row.commissioning_set_id, view] as const],
    ),
  );
  const ended = (await resultViews(db, [...bySet.keys()])).filter((result) => result.exitStatus !== null);
  const outputs = await outputsOf(
    db,
    ended.map((result) => result.id),
  );
  const all = ended.flatMap((result) => {
    const machine = bySet.get(result.setId);
    const output = outputs.get(result.id);
    if (!machine || !output || result.exitStatus === null) return [];
    const { createdAt, updatedAt, exitStatus } = result;
    const one = { exitStatus, createdAt, updatedAt, machine };
    const main = { ...one, name: result.name, data: output.stdout.length > 0 ? output.stdout : output.output };
    return output.stderr.length > 0 ? [main, { ...one, name: `${result.name}.err`, data: output.stderr }] : [main];
  });
  return wanted.names.length === 0 ? all : all.filter(({ name }) => wanted.names.includes(name));
}
