import { action, resource } from "../action.ts";

/** Not in the description: they are what describes. */
export const describeDocument = resource({
  name: "Describe",
  path: "/describe/",
  doc: "This API, for programs that build their commands from it.",
  hidden: true,
  actions: {
    read: action({
      method: "GET",
      access: "anonymous",
      doc: "Read the description of this API",
      returns: "ApiDescription",
    }),
  },
});

export const openApiDocument = resource({
  name: "OpenAPI",
  path: "/openapi.yaml",
  doc: "This API as OpenAPI 3.1.",
  hidden: true,
  actions: {
    read: action({ method: "GET", access: "anonymous", doc: "Read this API as OpenAPI 3.1", returns: "yaml" }),
  },
});
