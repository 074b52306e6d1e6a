import { action, resource } from "../action.ts";
import { requiredText, text, upload } from "../params.ts";

const noFile = { 404: "the caller owns no file of this name" } as const;
const filename = requiredText("Name of the file.");

export const files = resource({
  name: "Files",
  path: "/files/",
  doc: "Files that the caller left here. Whoever knows a file's key reads it without credentials.",
  actions: {
    read: action({
      method: "GET",
      aliases: ["list"],
      doc: "List files\n\nThe caller's own, by name.",
      params: { prefix: text("Only files whose names begin so.") },
      returns: "File[]",
    }),
    create: action({
      method: "POST",
      aliases: ["add"],
      doc: "Store a file\n\nOne of the same name is replaced; its key stays.",
      params: { filename: requiredText("Name of the file.", { max: 255 }), file: upload("The file, up to 16 MiB.") },
      returns: "",
      success: 201,
      errors: { 400: "filename or file are missing", 413: "the file is too large" },
    }),
    delete: action({
      method: "DELETE",
      doc: "Delete a file by its name",
      params: { filename },
      returns: "",
      success: 204,
      errors: { 400: "filename is missing", ...noFile },
    }),
    get: action({
      method: "GET",
      doc: "Read a file's bytes by its name",
      params: { filename },
      returns: "bytes",
      errors: { 400: "filename is missing", ...noFile },
    }),
    get_by_key: action({
      method: "GET",
      access: "anonymous",
      doc: "Read a file's bytes by its key\n\nNo credentials are needed: the key is in the file's anon_resource_uri.",
      params: { key: requiredText("Key of the file.") },
      returns: "bytes",
      errors: { 400: "key is missing", 404: "no file has this key" },
    }),
  },
});

export const file = resource({
  name: "File",
  path: "/files/{filename}/",
  doc: "One of the caller's files, by its name.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a file\n\nWith its content in base64.",
      returns: "FileContent",
      errors: noFile,
    }),
    delete: action({ method: "DELETE", doc: "Delete a file", returns: "", success: 204, errors: noFile }),
  },
});
