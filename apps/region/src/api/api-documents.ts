/** describe/ and openapi.yaml: the contract, as programs read it. */
import { openApi } from "@rackwright/contract/openapi";
import { describeDocument, openApiDocument } from "@rackwright/contract/resources/api-documents";
import { api20 } from "@rackwright/contract/versions";
import { stringify } from "yaml";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

export function apiDocumentsRoutes(routes: Routes): void {
  // Exactly this type: with a charset the official command line refuses to log in. As bytes, so that none is added.
  routes.on(describeDocument.actions.read, async ({ request }) =>
    Promise.resolve(new Raw(Buffer.from(JSON.stringify(api20.describe(request.origin))), "application/json")),
  );
  routes.on(openApiDocument.actions.read, async ({ ctx, request }) => {
    // Without aliases: readers of YAML take as many as this would have for an attack.
    const document = stringify(openApi(request.origin, ctx.region.version), { aliasDuplicateObjects: false });
    return Promise.resolve(new Raw(Buffer.from(document), "application/openapi+yaml"));
  });
}
