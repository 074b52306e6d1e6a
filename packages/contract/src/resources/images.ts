import { action, resource } from "../action.ts";
import { choice, flag, integer, requiredText, text, upload } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;

/** File types of an upload (reference: boot.md section 9). */
export const uploadFileTypes = [
  "tgz",
  "tbz",
  "txz",
  "ddtgz",
  "ddtbz",
  "ddtxz",
  "ddtar",
  "ddbz2",
  "ddgz",
  "ddxz",
  "ddraw",
] as const;

export const bootResources = resource({
  name: "BootResources",
  path: "/boot-resources/",
  doc: "Images that machines are booted with and installed from.",
  actions: {
    read: action({
      method: "GET",
      doc: "List images",
      params: { type: choice("synced, uploaded or all.", ["all", "synced", "uploaded"]) },
      returns: "BootResource[]",
      errors: { 400: "type is none of these" },
    }),
    is_importing: action({ method: "GET", doc: "Say whether images are being imported", returns: "boolean" }),
    import: action({
      method: "POST",
      access: "admin",
      doc: "Import images\n\nWhat is selected of the boot sources, the newest version of each. How far an image is, it shows itself; what went wrong is in the events, with source, address and file.",
      returns: "string",
      errors: admin,
    }),
    stop_import: action({
      method: "POST",
      access: "admin",
      doc: "Stop importing images\n\nWhat has arrived is kept, and not fetched again.",
      returns: "string",
      errors: admin,
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Upload an image\n\nWith its content, or with size and sha256 and the content afterwards in pieces to the address that the reply names.",
      params: {
        name: requiredText("Name, `custom/` may stand before it.", { max: 255 }),
        architecture: requiredText("Architecture and subarchitecture: `amd64/generic`."),
        sha256: text("SHA-256 of the content, 64 hexadecimal digits.", {
          pattern: /^[0-9a-fA-F]{64}$/,
          patternHint: "A SHA-256 is 64 hexadecimal digits.",
        }),
        size: integer("Size of the content in bytes.", { min: 1 }),
        title: text("What people read.", { max: 255 }),
        filetype: choice("How the content is packed.", uploadFileTypes),
        base_image: text("System that it is built on: `ubuntu/jammy`, `debian/bookworm`."),
        content: upload("The image itself."),
        keep_old: flag("Keep older uploads of the same name."),
      },
      returns: "BootResourceWithSets",
      success: 201,
      errors: { 400: "name, architecture, file type or hash were refused", ...admin },
    }),
  },
});

export const bootResource = resource({
  name: "BootResource",
  path: "/boot-resources/{id}/",
  doc: "One image, by its id.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read an image",
      returns: "BootResourceWithSets",
      errors: { 404: "there is no such image" },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete an image",
      returns: "",
      success: 204,
      errors: { ...admin, 404: "there is no such image" },
    }),
  },
});

export const bootResourceUpload = resource({
  name: "BootResourceFileUpload",
  path: "/boot-resources/{id}/upload/{file_id}/",
  doc: "Where the pieces of an upload go, in order.",
  hidden: true,
  actions: {
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Append a piece of an upload\n\nThe raw bytes; the last piece is checked against size and SHA-256.",
      returns: "string",
      errors: {
        400: "the piece is empty or too long, or the SHA-256 differs",
        403: "the image was not uploaded",
        404: "there is no such image or file",
      },
    }),
  },
});
