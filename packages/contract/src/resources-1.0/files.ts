import { action, resource } from "../action.ts";
import { list, requiredText, text, upload, uploads } from "../params.ts";

const noFile = { 404: "the caller owns no file of this name" } as const;
const NAME = { max: 255 };

export const files = resource({
  name: "Files",
  path: "/files/",
  doc: "Files that users leave here. A file is known by its owner and its name.",
  stranger: 401,
  actions: {
    list: action({
      method: "GET",
      stranger: 400,
      doc: "List files\n\nThe caller's own, by name, without their content.",
      params: { prefix: text("Only files whose names begin so.") },
      returns: "File[]",
      errors: { 400: "nobody has signed this" },
    }),
    get: action({
      method: "GET",
      access: "anonymous",
      plainErrors: true,
      doc: "Read a file's bytes by its name\n\nWhoever owns it; of several the newest. No credentials are needed.",
      params: { filename: requiredText("Name of the file.") },
      returns: "bytes",
      errors: { 400: "filename is missing", 404: "there is no file of this name" },
    }),
    get_by_key: action({
      method: "GET",
      access: "anonymous",
      plainErrors: true,
      doc: "Read a file's bytes by its key\n\nNo credentials are needed: the key is in the file's anon_resource_uri.",
      params: { key: requiredText("Key of the file.") },
      returns: "bytes",
      errors: { 400: "key is missing", 404: "no file has this key" },
    }),
    add: action({
      method: "POST",
      plainErrors: true,
      doc: "Store a file\n\nOne of the same name is replaced; its key stays.",
      params: {
        filename: requiredText("Name of the file; it may hold slashes.", NAME),
        file: uploads("The file, up to 16 MiB: exactly one."),
      },
      returns: "",
      success: 201,
      errors: { 400: "filename or file are missing, or there are several files", 413: "the file is too large" },
    }),
  },
});

export const file = resource({
  name: "File",
  path: "/files/{filename}/",
  doc: "One of the caller's files, by its name, which may hold slashes.",
  deep: true,
  actions: {
    read: action({
      method: "GET",
      doc: "Read a file\n\nWith its content in base64.",
      returns: "FileWithContent",
      errors: noFile,
    }),
    delete: action({ method: "DELETE", doc: "Delete a file", returns: "", success: 204, errors: noFile }),
    delete_by_post: action({
      method: "POST",
      op: "delete",
      doc: "Delete a file\n\nFor clients that cannot send DELETE.",
      returns: "",
      success: 204,
      errors: noFile,
    }),
  },
});

const admin = { 403: "the caller is not an administrator" } as const;

export const maas = resource({
  name: "Maas",
  path: "/maas/",
  doc: "Settings of this installation.",
  stranger: 403,
  actions: {
    get_config: action({
      method: "GET",
      access: "admin",
      doc: "Read a setting",
      params: { name: requiredText("Name of the setting.") },
      returns: "any",
      errors: { 400: "there is no such setting", ...admin },
    }),
    set_config: action({
      method: "POST",
      access: "admin",
      doc: "Change a setting",
      params: { name: requiredText("Name of the setting."), value: text("Its value; empty clears it.") },
      returns: "string",
      errors: { 400: "there is no such setting, or it does not take this value", ...admin },
    }),
  },
});

const noScript = { 404: "there is no such script" } as const;
const missing = { 400: "name or content are missing, or the name has blanks or quotes" } as const;

export const commissioningScripts = resource({
  name: "CommissioningScripts",
  path: "/commissioning-scripts/",
  doc: "Scripts and programs of the operator's that run while a machine is commissioned, in the order of their names.",
  stranger: 403,
  actions: {
    read: action({ method: "GET", access: "admin", doc: "List the names", returns: "string[]", errors: admin }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Add a script\n\nBy custom its name is two digits, a dash and a short word. It goes to machines byte for byte.",
      params: {
        name: requiredText("Name.", {
          max: 255,
          pattern: /^[^\s"'`]+$/,
          patternHint: "No blanks, quotes or apostrophes.",
        }),
        content: upload("The script or program; the name of the file does not count."),
      },
      returns: "CommissioningScript",
      errors: { ...missing, ...admin },
    }),
  },
});

export const commissioningScript = resource({
  name: "CommissioningScript",
  path: "/commissioning-scripts/{name}",
  doc: "One script of the operator's, by its name.",
  stranger: 403,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read a script's bytes",
      returns: "bytes",
      errors: { ...admin, ...noScript },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Replace a script",
      params: { content: upload("The script or program.") },
      returns: "null",
      errors: { 400: "content is missing", ...admin, ...noScript },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a script",
      returns: "",
      success: 204,
      errors: { ...admin, ...noScript },
    }),
  },
});

export const commissioningResults = resource({
  name: "CommissioningResults",
  path: "/commissioning-results/",
  doc: "What scripts printed while machines were commissioned.",
  actions: {
    list: action({
      method: "GET",
      doc: "List results\n\nOf the newest commissioning of each machine that the caller may see.",
      params: {
        system_id: list("System id of a machine. May be repeated."),
        name: list("Name of a result. May be repeated."),
      },
      returns: "CommissioningResult[]",
    }),
  },
});
