/** installation-results/ and commissioning-results/. */
import { Readable } from "node:stream";
import type { CommissioningResult } from "@rackwright/contract/objects/node-parts";
import { nodeResults } from "@rackwright/contract/resources/node-results";
import { API_ROOT } from "@rackwright/contract/table";
import { type PrintedResult, printedResults } from "../app/node-results.ts";
import { JSON_TYPE, jsonText, Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

function wireResult({ result, name, data }: PrintedResult): CommissioningResult {
  return {
    created: result.createdAt.toISOString(),
    updated: result.updatedAt.toISOString(),
    id: result.id,
    name,
    script_result: result.exitStatus,
    result_type: result.resultType,
    node: { system_id: result.systemId },
    data: Buffer.from(data).toString("base64"),
    resource_uri: `${API_ROOT}/commissioning-scripts/`,
  };
}

async function* jsonArray(results: AsyncGenerator<PrintedResult>): AsyncGenerator<string> {
  let before = "[";
  for await (const result of results) {
    yield `${before}${jsonText(wireResult(result))}`;
    before = ", ";
  }
  yield before === "[" ? "[]" : "]";
}

export function nodeResultsRoutes(routes: Routes): void {
  routes.on(nodeResults.actions.read, async ({ ctx, params }) => {
    const { system_id: systemIds, name: names, result_type: type } = params;
    const body = Readable.from(jsonArray(printedResults(ctx, { systemIds, names, type })));
    return Promise.resolve(new Raw(body, JSON_TYPE));
  });
}
