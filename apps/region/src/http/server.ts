/** The region's HTTP server: API, metadata service, images for racks, the plain start page. */
import { api10, api20 } from "@rackwright/contract/versions";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from "fastify";
import type { Region } from "../context.ts";
import { metadataRoutes } from "../metadata/routes.ts";
import { dispatch, originOf } from "./dispatch.ts";
import { loginRoute } from "./login.ts";
import { docsRoutes } from "./docs-routes.ts";
import { PAGE_HEADERS } from "./html.ts";
import { startPage } from "./start-page.ts";
import { TEXT } from "./reply.ts";
import type { Routes } from "./route.ts";

export function createServer(region: Region, routes: Routes): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = region.log;
  const server = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: false,
    requestTimeout: 0,
    // A request line that names nothing: malformed percent-encoding, mostly.
    frameworkErrors: (_error, _request, reply: FastifyReply) =>
      void reply.code(400).header("content-type", TEXT).send("The address of this request is malformed."),
    keepAliveTimeout: 30_000,
    routerOptions: { ignoreDuplicateSlashes: true, maxParamLength: 1000 },
  });
  // Bodies are read by whoever handles the request: some are streams of gigabytes.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  // Streams that never end by themselves would keep it open.
  server.addHook("preClose", async () => region.changes.endStreams());
  server.setErrorHandler((error: FastifyError, request, reply) => {
    // What the server itself refuses before we see it: a content type that is none, a body shorter than it said.
    const { statusCode = 500 } = error;
    if (statusCode >= 400 && statusCode < 500) {
      void reply.code(statusCode).header("content-type", TEXT).send(`This request cannot be read: ${error.message}.`);
      return;
    }
    region.log.error({ err: error, requestId: request.id, url: request.url }, "request failed");
    void reply
      .code(500)
      .header("content-type", TEXT)
      .send(`Internal error. The server's log says more under request ${request.id}.`);
  });
  server.setNotFoundHandler(
    (request, reply) =>
      void reply
        .code(404)
        .header("content-type", TEXT)
        .send(`There is nothing at ${request.url.split("?")[0]}.`),
  );

  // That of 2.0 is a resource of its own table.
  server.get(`${api10.root}/describe/`, (request, reply) => {
    // Exactly this type: with a charset the official command line refuses to log in. As bytes, so that none is added.
    void reply
      .header("content-type", "application/json")
      .send(Buffer.from(JSON.stringify(api10.describe(originOf(request)))));
  });
  server.get("/MAAS/api/version/", (_request, reply) => void reply.header("content-type", "text/plain").send("2.0"));
  for (const path of ["/MAAS", "/MAAS/"])
    server.get(path, (request, reply) => void reply.headers(PAGE_HEADERS).send(startPage(region, originOf(request))));
  docsRoutes(server, region);
  server.get("/", (_request, reply) => void reply.redirect("/MAAS/"));
  loginRoute(server, region);
  metadataRoutes(server, region);
  for (const version of [api20, api10])
    server.all(`${version.root}/*`, async (request, reply) => {
      await dispatch(region, version, routes, request, reply);
      return reply;
    });
  return server;
}
