import { action, resource } from "../action.ts";
import { text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such space" } as const;
const fields = {
  name: text("Name; default `space-ID`.", { max: 256 }),
  description: text("Free text."),
} as const;

export const spaces = resource({
  name: "Spaces",
  path: "/spaces/",
  doc: "Spaces: VLANs that can reach each other.",
  actions: {
    read: action({
      method: "GET",
      doc: "List spaces\n\nVLANs without a space are shown in one that is named `undefined`.",
      returns: "Space[]",
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a space",
      params: fields,
      returns: "Space",
      errors: { 400: "the name was refused", ...admin },
    }),
  },
});

export const space = resource({
  name: "Space",
  path: "/spaces/{id}/",
  doc: "One space, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a space", returns: "Space", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a space",
      params: fields,
      returns: "Space",
      errors: { 400: "the name was refused, or this is the space `undefined`", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a space\n\nIts VLANs stay, without a space.",
      returns: "",
      success: 204,
      errors: { 400: "this is the space `undefined`", ...admin, ...none },
    }),
  },
});
