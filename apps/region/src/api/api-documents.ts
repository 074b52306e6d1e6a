/** describe/ and openapi.yaml: the contract, as programs read it. */
import { openApi } from "@rackwright/contract/openapi";
import { describeDocument, openApiDocument } from "@rackwright/contract/resources/api-documents";
import { api20 } from "@rackwright/contract/versions";
import { stringify } from "yaml";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

/** Where the address of whoever asks goes. */
const SOMEWHERE = "http://somewhere.invalid";
const texts = new Map<string, string>();

/** Written once, as it takes a tenth of a second and anybody may ask: only the address differs. JSON's strings are YAML's. */
function openApiText(origin: string, version: string): string {
  // In full: so many aliases are taken for an attack by those who read it. Readers of YAML 1.1, which are many, take a bare `on` for true.
  const style = { aliasDuplicateObjects: false, compat: "yaml-1.1" } as const;
  const text = texts.get(version) ?? stringify(openApi(SOMEWHERE, version), style);
  texts.set(version, text);
  return text.replace(`${SOMEWHERE}${api20.root}`, () => JSON.stringify(origin + api20.root));
}

export function apiDocumentsRoutes(routes: Routes): void {
  // Exactly this type: with a charset the official command line refuses to log in. As bytes, so that none is added.
  routes.on(describeDocument.actions.read, async ({ request }) =>
    Promise.resolve(new Raw(Buffer.from(JSON.stringify(api20.describe(request.origin))), "application/json")),
  );
  routes.on(openApiDocument.actions.read, async ({ ctx, request }) =>
    Promise.resolve(new Raw(Buffer.from(openApiText(request.origin, ctx.region.version)), "application/openapi+yaml")),
  );
}
