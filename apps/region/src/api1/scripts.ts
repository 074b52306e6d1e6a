/** commissioning-scripts and commissioning-results of API 1.0: decode, one call, encode. */
import { resultType } from "@rackwright/domain/scripts/status";
import type { CommissioningResult, CommissioningScript } from "@rackwright/contract/objects-1.0";
import {
  commissioningResults,
  commissioningScript,
  commissioningScripts,
} from "@rackwright/contract/resources-1.0/files";
import { API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import { commissioningOutputs } from "../app/commissioning-outputs.ts";
import * as app from "../app/raw-scripts.ts";
import type { Routes } from "../http/route.ts";
import { bytesReply } from "./wire/bytes.ts";
import { wireNode } from "./wire/node.ts";
import { localTime } from "./wire/time.ts";

const nameOf = ({ path }: { path: Record<string, string> }) => path.name ?? "";

const wireScript = ({ name, content }: app.RawScript): CommissioningScript => ({
  name,
  content: Buffer.from(content).toString("base64"),
  resource_uri: `${API_1_0_ROOT}/commissioning-scripts/${encodeURIComponent(name)}`,
});

export function scriptsRoutes(routes: Routes): void {
  routes.on(commissioningScripts.actions.read, ({ ctx }) => app.rawScriptNames(ctx));
  routes.on(commissioningScripts.actions.create, async ({ ctx, params }) =>
    wireScript(await app.createRawScript(ctx, params.name, params.content)),
  );
  routes.on(commissioningScript.actions.read, async (call) =>
    bytesReply((await app.readRawScript(call.ctx, nameOf(call))).content, "application/binary"),
  );
  routes.on(commissioningScript.actions.update, async (call) => {
    await app.replaceRawScript(call.ctx, nameOf(call), call.params.content);
    return null;
  });
  routes.on(commissioningScript.actions.delete, (call) => app.deleteRawScript(call.ctx, nameOf(call)));
  routes.on(commissioningResults.actions.list, async ({ ctx, params }): Promise<CommissioningResult[]> => {
    const found = await commissioningOutputs(ctx, { systemIds: params.system_id, names: params.name });
    return found.map(({ name, exitStatus, updatedAt, createdAt, machine, data }) => ({
      name,
      script_result: exitStatus,
      result_type: resultType.commissioning,
      updated: localTime(updatedAt),
      created: localTime(createdAt),
      node: wireNode(machine),
      data: Buffer.from(data).toString("base64"),
      resource_uri: `${API_1_0_ROOT}/commissioning-results/`,
    }));
  });
}
