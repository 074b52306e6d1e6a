import { action, resource } from "../action.ts";
import { list, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const noZone = { 404: "there is no such zone" } as const;
const noTag = { 404: "there is no such tag" } as const;

const WORD = {
  max: 256,
  pattern: /^[\w-]+$/,
  patternHint: "Use letters, digits, dashes and underscores only.",
};

export const zones = resource({
  name: "Zones",
  path: "/zones/",
  doc: "Availability zones. Each node is in one.",
  actions: {
    read: action({ method: "GET", doc: "List zones\n\nBy name.", returns: "Zone[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a zone",
      params: { name: requiredText("Name.", WORD), description: text("Free text.") },
      returns: "Zone",
      errors: { 400: "the name was refused or is taken", ...admin },
    }),
  },
});

export const zone = resource({
  name: "Zone",
  path: "/zones/{name}/",
  doc: "One availability zone, by its name.",
  actions: {
    read: action({ method: "GET", doc: "Read a zone", returns: "Zone", errors: noZone }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a zone",
      params: { name: text("Another name.", WORD), description: text("Free text.") },
      returns: "Zone",
      errors: { 400: "the name was refused, or this is the default zone, which keeps its name", ...admin, ...noZone },
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

const tagFields = {
  comment: text("Free text."),
  definition: text("XPath over the hardware that was found: nodes for which it holds have the tag. Empty: by hand."),
  kernel_opts: text(
    "Kernel options of machines with this tag, instead of the setting. Of several tags the first by name counts.",
  ),
} as const;

export const tags = resource({
  name: "Tags",
  path: "/tags/",
  doc: "Words on nodes, to choose nodes by.",
  actions: {
    list: action({ method: "GET", doc: "List tags", returns: "Tag[]" }),
    new: action({
      method: "POST",
      access: "admin",
      doc: "Create a tag",
      params: { name: requiredText("Name.", WORD), ...tagFields },
      returns: "Tag",
      errors: { 400: "the name or definition was refused, or the name is taken", ...admin },
    }),
  },
});

export const tag = resource({
  name: "Tag",
  path: "/tags/{name}/",
  doc: "One tag, by its name.",
  actions: {
    read: action({ method: "GET", doc: "Read a tag", returns: "Tag", errors: noTag }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a tag\n\nWith another definition, nodes are looked at again.",
      params: { name: text("Another name.", WORD), ...tagFields },
      returns: "Tag",
      errors: { 400: "the name or definition was refused, or the name is taken", ...admin, ...noTag },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a tag",
      returns: "",
      success: 204,
      errors: { ...admin, ...noTag },
    }),
    nodes: action({
      method: "GET",
      doc: "List nodes with the tag\n\nOf those that the caller may see.",
      returns: "Node[]",
      errors: noTag,
    }),
    rebuild: action({
      method: "POST",
      access: "admin",
      doc: "Look at all nodes again\n\nOf a tag that is put on nodes by hand nothing changes.",
      returns: "TagRebuild",
      errors: { ...admin, ...noTag },
    }),
    update_nodes: action({
      method: "POST",
      access: "worker_or_admin",
      doc: "Put the tag on some nodes, take it off others\n\nUnknown nodes are passed over. A cluster's worker names its cluster, and reaches its nodes alone.",
      params: {
        add: list("System id of a node to put it on. May be repeated."),
        remove: list("System id of a node to take it off. May be repeated."),
        definition: text("Definition by which the nodes were chosen: refused when it is another by now."),
        nodegroup: text("UUID of the cluster whose worker asks."),
      },
      returns: "TagUpdate",
      errors: {
        403: "the caller is neither an administrator nor the worker of the cluster that is named",
        ...noTag,
        409: "the definition is another by now",
      },
    }),
  },
});
