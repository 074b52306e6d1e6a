/** OpenAPI 3.1 of the same table. Objects come from the reply schemas, parameters from the actions. */
import { z } from "zod";
import { type Action, pathParams, type Resource } from "./action.ts";
import { additionOf } from "./additions.ts";
import * as address from "./objects/address.ts";
import * as common from "./objects/common.ts";
import * as device from "./objects/device.ts";
import * as dhcp from "./objects/dhcp.ts";
import * as discovery from "./objects/discovery.ts";
import * as dns from "./objects/dns.ts";
import * as image from "./objects/image.ts";
import * as machine from "./objects/machine.ts";
import * as machineSearch from "./objects/machine-search.ts";
import * as network from "./objects/network.ts";
import * as nodeParts from "./objects/node-parts.ts";
import * as recorder from "./objects/recorder.ts";
import * as script from "./objects/script.ts";
import * as software from "./objects/software.ts";
import * as simulator from "./objects/simulator.ts";
import * as storage from "./objects/storage.ts";
import * as vmHost from "./objects/vm-host.ts";
import { API_ROOT, resources } from "./table.ts";

type Json = Record<string, unknown>;

const objects: Record<string, z.ZodType> = {};
for (const module of [
  address,
  common,
  device,
  dhcp,
  discovery,
  dns,
  image,
  machine,
  machineSearch,
  network,
  nodeParts,
  recorder,
  script,
  simulator,
  software,
  storage,
  vmHost,
])
  for (const [name, value] of Object.entries(module)) if (value instanceof z.ZodType) objects[name] = value;

function schemaOf(returns: string): Json {
  if (returns.endsWith("|null")) return { anyOf: [schemaOf(returns.slice(0, -5)), { type: "null" }] };
  if (returns.endsWith("[]")) return { type: "array", items: schemaOf(returns.slice(0, -2)) };
  // Nodes of any kind are shown with the fields of machines.
  if (returns === "Node") return schemaOf("Machine");
  if (returns in objects) return { $ref: `#/components/schemas/${returns}` };
  if (returns === "boolean" || returns === "string" || returns === "null") return { type: returns };
  return {};
}

const kindSchema: Record<string, Json> = {
  text: { type: "string" },
  integer: { type: "integer" },
  number: { type: "number" },
  flag: { type: "boolean" },
  choice: { type: "string" },
  list: { type: "array", items: { type: "string" } },
  json: { type: "string", contentMediaType: "application/json" },
  bytes: { type: "string", format: "binary" },
};

function paramSchema(param: Action["params"][string]): Json {
  return {
    ...kindSchema[param.kind],
    description: param.doc,
    ...(param.choices ? { enum: [...param.choices] } : {}),
    ...(param.default === undefined ? {} : { default: param.default }),
  };
}

function operation(action: Action, resource: Resource): Json {
  const path = pathParams(resource.path).map((name) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const named = Object.entries(action.params);
  const inBody = action.method === "POST" || action.method === "PUT";
  const query = inBody
    ? []
    : named.map(([name, p]) => ({ name, in: "query", required: p.required, schema: paramSchema(p) }));
  const properties = Object.fromEntries(named.map(([name, p]) => [name, paramSchema(p)]));
  const form = {
    schema: { type: "object", properties, required: named.filter(([, p]) => p.required).map(([name]) => name) },
  };
  const [summary, ...rest] = action.doc.split("\n\n");
  const addition = additionOf(action);
  const content =
    action.returns === "bytes"
      ? { "application/octet-stream": { schema: { type: "string", format: "binary" } } }
      : { "application/json": { schema: schemaOf(action.returns) } };
  return {
    operationId: `${resource.name}_${action.name}`,
    summary,
    ...(rest.length > 0 ? { description: rest.join("\n\n") } : {}),
    ...(addition === undefined ? {} : { "x-rackwright-addition": addition }),
    parameters: [...path, ...query],
    ...(inBody && named.length > 0
      ? { requestBody: { content: { "multipart/form-data": form, "application/x-www-form-urlencoded": form } } }
      : {}),
    responses: {
      [action.success]: {
        description: "Done.",
        ...(action.success === 204 || action.returns === "" ? {} : { content }),
      },
      ...Object.fromEntries(Object.entries(action.errors).map(([status, when]) => [status, { description: when }])),
    },
    security: action.access === "anonymous" ? [{}, { oauth: [] }] : [{ oauth: [] }],
  };
}

/** @param server base address, e.g. http://10.0.0.1:5240 */
export function openApi(server: string, version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const resource of resources) {
    if (resource.hidden) continue;
    for (const action of Object.values(resource.actions)) {
      const path = action.op === null ? resource.path : `${resource.path.replace(/\/$/, "")}/op-${action.op}`;
      paths[path] = { ...paths[path], [action.method.toLowerCase()]: operation(action, resource) };
    }
  }
  const schemas = Object.fromEntries(
    Object.entries(
      z.toJSONSchema(schemaRegistry(), { uri: (id) => `#/components/schemas/${id}`, unrepresentable: "any" }).schemas,
    ).map(([name, schema]) => {
      const { $schema: _s, $id: _i, ...rest } = schema as Json;
      return [name, rest];
    }),
  );
  return {
    openapi: "3.1.0",
    info: { title: "MAAS API 2.0", version },
    servers: [{ url: `${server}${API_ROOT}` }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        oauth: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description: "OAuth 1.0, PLAINTEXT or HMAC-SHA1, signed with an API key",
        },
      },
    },
  };
}

function schemaRegistry() {
  const registry = z.registry<{ id: string }>();
  for (const [name, schema] of Object.entries(objects)) registry.add(schema, { id: name });
  return registry;
}
