/** nodes/{system_id}/results/ and one of them. */
import { nodeScriptResult, nodeScriptResults } from "@rackwright/contract/resources/scripts";
import { invalidField } from "@rackwright/domain/errors";
import { hardwareType, resultType } from "@rackwright/domain/scripts/status";
import { downloadResults } from "../app/script-download.ts";
import { removeSet, type ResultFilter, resultSet, resultSets, suppress } from "../app/script-result-list.ts";
import { followRun } from "../app/script-follow.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { eventsReply } from "./events-reply.ts";
import { followEvent } from "./wire/script-follow.ts";
import { wireSet } from "./wire/script.ts";

function filterOf(p: {
  filters: string[] | undefined;
  hardware_type: keyof typeof hardwareType | undefined;
}): ResultFilter {
  return { words: p.filters, hardwareType: p.hardware_type && hardwareType[p.hardware_type] };
}

export function nodeScriptResultsRoutes(routes: Routes): void {
  routes.on(nodeScriptResults.actions.read, async ({ ctx, path, params }) => {
    const filter = { ...filterOf(params), type: params.type && resultType[params.type] };
    return (await resultSets(ctx, path["system_id"] ?? "", filter, params.include_output)).map(wireSet);
  });

  routes.on(nodeScriptResults.actions.update, async ({ ctx, path, params }) => {
    if (params.type === undefined) throw invalidField("type", "This field is required.");
    const which = `current-${params.type}`;
    return wireSet(
      await suppress(ctx, path["system_id"] ?? "", which, filterOf(params), params.suppressed, params.include_output),
    );
  });

  routes.on(nodeScriptResult.actions.read, async ({ ctx, path, params }) =>
    wireSet(await resultSet(ctx, path["system_id"] ?? "", path["id"] ?? "", filterOf(params), params.include_output)),
  );

  routes.on(nodeScriptResult.actions.update, async ({ ctx, path, params }) =>
    wireSet(
      await suppress(
        ctx,
        path["system_id"] ?? "",
        path["id"] ?? "",
        filterOf(params),
        params.suppressed,
        params.include_output,
      ),
    ),
  );

  routes.on(nodeScriptResult.actions.delete, ({ ctx, path }) =>
    removeSet(ctx, path["system_id"] ?? "", path["id"] ?? ""),
  );

  routes.on(nodeScriptResult.actions.download, async ({ ctx, path, params }) => {
    const { bytes, isArchive } = await downloadResults(
      ctx,
      path["system_id"] ?? "",
      path["id"] ?? "",
      filterOf(params),
      params.output ?? "combined",
      params.filetype ?? "txt",
    );
    return new Raw(bytes, isArchive ? "application/x-tar" : "application/binary");
  });

  routes.on(nodeScriptResult.actions.follow, async ({ ctx, path, params, request }) => {
    // What the reader saw last counts, not the address that it began with.
    const after = request.lastEventId ?? params.after;
    const items = await followRun(ctx, path["system_id"] ?? "", path["id"] ?? "", filterOf(params), after);
    return eventsReply(ctx, items, followEvent);
  });
}
