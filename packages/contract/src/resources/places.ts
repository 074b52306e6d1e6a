import { action, resource } from "../action.ts";
import { requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const noPool = { 404: "there is no such resource pool" } as const;

const NAME = {
  max: 256,
  pattern: /^\w[ \w-]*$/,
  patternHint: "Begin with a letter, digit or _; use letters, digits, blanks, _ and - only.",
};
const fields = { name: text("Another name.", NAME), description: text("Free text.") } as const;
const newFields = { name: requiredText("Name.", NAME), description: text("Free text.") } as const;

export const zones = resource({
  name: "Zones",
  path: "/zones/",
  doc: "Availability zones.",
  actions: {
    read: action({ method: "GET", doc: "List zones", returns: "Zone[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a zone",
      params: newFields,
      returns: "Zone",
      errors: { 400: "the name was refused", ...admin },
    }),
  },
});

export const zone = resource({
  name: "Zone",
  path: "/zones/{name}/",
  doc: "One availability zone, by its name.",
  actions: {
    read: action({ method: "GET", doc: "Read a zone", returns: "Zone", errors: { 404: "there is no such zone" } }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a zone",
      params: fields,
      returns: "Zone",
      errors: {
        400: "the name was refused, or this is the default zone, which keeps its name",
        ...admin,
        404: "there is no such zone",
      },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a zone\n\nIts nodes are in the default zone then. A zone that is gone already is no error.",
      returns: "",
      success: 204,
      errors: { 400: "this is the default zone", ...admin },
    }),
  },
});

export const resourcePools = resource({
  name: "ResourcePools",
  path: "/resourcepools/",
  // What Juju asks for.
  pathAliases: ["/pools/"],
  doc: "Resource pools.",
  actions: {
    read: action({ method: "GET", doc: "List resource pools", returns: "ResourcePool[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a resource pool",
      params: newFields,
      returns: "ResourcePool",
      errors: { 400: "the name was refused", ...admin },
    }),
  },
});

export const resourcePool = resource({
  name: "ResourcePool",
  path: "/resourcepool/{id}/",
  doc: "One resource pool, by its id, or by its name unless that is a number.",
  actions: {
    read: action({ method: "GET", doc: "Read a resource pool", returns: "ResourcePool", errors: noPool }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a resource pool",
      params: fields,
      returns: "ResourcePool",
      errors: { 400: "the name was refused", ...admin, ...noPool },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a resource pool",
      returns: "",
      success: 204,
      errors: { 400: "this is the default pool, or machines are in it", ...admin, ...noPool },
    }),
  },
});
