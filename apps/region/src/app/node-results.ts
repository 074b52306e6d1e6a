/** What scripts printed in the current runs of all nodes that somebody may see. */
import { currentResults, type NodeResult } from "@rackwright/db/node-results";
import { outputsOf } from "@rackwright/db/script-result-views";
import type { Ctx } from "../context.ts";
import { userIdOf } from "./audit.ts";

export interface NodeResultFilter {
  systemIds: readonly string[];
  /** Of results, or of what they printed to standard error: NAME.err. */
  names: readonly string[];
  type: number | undefined;
}

export interface PrintedResult {
  result: NodeResult;
  /** That of the result, or NAME.err. */
  name: string;
  data: Uint8Array;
}

/** So many outputs are in memory at once; each has 1 MiB at most. */
const BATCH = 20;

/** Read while it is sent: of many machines it is more than fits in memory. */
export async function* printedResults(ctx: Ctx, filter: NodeResultFilter): AsyncGenerator<PrintedResult> {
  const db = ctx.region.db.kysely;
  const names = filter.names.flatMap((name) => [name, name.replace(/\.err$/, "")]);
  const viewer = ctx.actor.kind === "user" && ctx.actor.isSuperuser ? null : userIdOf(ctx);
  const wanted = (name: string) => filter.names.length === 0 || filter.names.includes(name);
  const results = await currentResults(db, { ...filter, viewer, names });
  for (let from = 0; from < results.length; from += BATCH) {
    const batch = results.slice(from, from + BATCH);
    const outputs = await outputsOf(
      db,
      batch.map((result) => result.id),
    );
    for (const result of batch) {
      const printed = outputs.get(result.id);
      // Deleted since.
      if (!printed) continue;
      if (wanted(result.name))
        yield { result, name: result.name, data: printed.stdout.length > 0 ? printed.stdout : printed.output };
      const name = `${result.name}.err`;
      if (printed.stderr.length > 0 && (wanted(name) || filter.names.includes(result.name)))
        yield { result, name, data: printed.stderr };
    }
  }
}
