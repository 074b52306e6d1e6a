import { action, resource } from "../action.ts";
import { optionalList, requiredText, text, upload } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such commissioning script" } as const;
const fields = {
  content: upload("The script itself; its first line begins with #!. Required."),
  title: text("What people read.", { max: 255 }),
  description: text("What it does."),
  tags: optionalList("Tags to choose it by.", { split: "comma" }),
  timeout: text("Longest run: seconds, or HH:MM:SS; 0 for no limit."),
  comment: text("Why this version.", { max: 255 }),
} as const;

export const commissioningScripts = resource({
  name: "CommissioningScripts",
  path: "/commissioning-scripts/",
  doc: "Scripts for commissioning, as older clients know them. Node scripts can do more.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "List the names of commissioning scripts",
      returns: "string[]",
      errors: admin,
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Add a commissioning script",
      params: { name: requiredText("Name.", { max: 255 }), ...fields },
      returns: "CommissioningScript",
      errors: { 400: "name, text or another field was refused", ...admin },
    }),
  },
});

export const commissioningScript = resource({
  name: "CommissioningScript",
  path: "/commissioning-scripts/{name}",
  doc: "One commissioning script, by its name.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Download a commissioning script",
      returns: "bytes",
      errors: { ...admin, ...none },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Replace a commissioning script\n\nThe text becomes a new version; older ones are kept.",
      params: { name: text("New name.", { max: 255 }), ...fields },
      returns: "string",
      errors: { 400: "a field was refused, or the script is built in", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a commissioning script",
      returns: "",
      success: 204,
      errors: { 400: "the script is built in", ...admin, ...none },
    }),
  },
});
