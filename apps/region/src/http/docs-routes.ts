import { api10, api20, type ApiVersion } from "@rackwright/contract/versions";
import type { FastifyInstance } from "fastify";
import type { Region } from "../context.ts";
import { docsPage } from "./docs-page.ts";
import { PAGE_HEADERS } from "./html.ts";

/** The documentation of the API, open to everybody, as describe/ is. */
export function docsRoutes(server: FastifyInstance, region: Pick<Region, "version">): void {
  // The contract does not change while the process runs.
  const pages = new Map<ApiVersion, string>();
  const pageOf = (version: ApiVersion): string => {
    const page = pages.get(version) ?? docsPage(version, region.version);
    pages.set(version, page);
    return page;
  };
  const serve = (path: string, version: ApiVersion) =>
    server.get(path, (_request, reply) => void reply.headers(PAGE_HEADERS).send(pageOf(version)));
  serve("/MAAS/api/docs/", api20);
  serve("/MAAS/api/docs/2.0/", api20);
  serve("/MAAS/api/docs/1.0/", api10);
  for (const path of ["/MAAS/api", "/MAAS/api/", "/MAAS/api/docs"])
    server.get(path, (_request, reply) => void reply.redirect("/MAAS/api/docs/"));
}
