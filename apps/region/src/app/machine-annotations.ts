/** What its user notes on a machine: gone with the release. */
import type { Ctx } from "../context.ts";
import { commit } from "./commit.ts";
import { act } from "./machine-act.ts";

/**
 * @param given an empty value removes its key; keys that are not named stay
 * @returns the machine's id
 */
export function annotateMachine(ctx: Ctx, systemId: string, given: Readonly<Record<string, string>>): Promise<number> {
  return act(ctx, systemId, "set_workload_annotations", (tx, loaded) => {
    const { row } = loaded;
    const known = Object.entries(row.owner_data as Record<string, string>).filter(
      ([key]) => !Object.hasOwn(given, key),
    );
    const kept = [...known, ...Object.entries(given).filter(([, value]) => value !== "")];
    return commit(
      ctx,
      tx,
      loaded,
      { set: {}, events: [], effects: [], jobs: [] },
      { owner_data: JSON.stringify(Object.fromEntries(kept)) },
    );
  });
}
