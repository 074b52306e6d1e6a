import { action, resource } from "../action.ts";
import { optionalList, requiredText, text, upload } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const noSource = { 404: "there is no such boot source" } as const;
const none = { 404: "there is no such boot source or selection" } as const;
const keyring = {
  keyring_filename: text("Path of a keyring on the region's host, with which the source is verified.", { max: 4096 }),
  keyring_data: upload("A keyring itself, instead of its path."),
} as const;
const commas = { split: "comma" } as const;
const lists = {
  arches: optionalList("Architectures; * for all.", commas),
  subarches: optionalList("Subarchitectures; * for all.", commas),
  labels: optionalList("Labels; * for all.", commas),
} as const;

export const bootSources = resource({
  name: "BootSources",
  path: "/boot-sources/",
  doc: "Where images are announced.",
  actions: {
    read: action({ method: "GET", access: "admin", doc: "List boot sources", returns: "BootSource[]", errors: admin }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a boot source\n\nWith a keyring all that it announces must be signed. Without one nothing is verified but the checksums that it announces itself.",
      params: {
        url: requiredText(
          "Address of the source: http://, https://, or file:/// with a directory of the region's host.",
          { max: 2048 },
        ),
        ...keyring,
      },
      returns: "BootSource",
      success: 201,
      errors: { 400: "the address was refused, or there are two keyrings", ...admin },
    }),
  },
});

export const bootSource = resource({
  name: "BootSource",
  path: "/boot-sources/{id}/",
  doc: "One boot source, by its id.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read a boot source",
      returns: "BootSource",
      errors: { ...admin, ...noSource },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a boot source",
      params: { url: text("Address of the source.", { max: 2048 }), ...keyring },
      returns: "BootSource",
      errors: { 400: "the address was refused, or there are two keyrings", ...admin, ...noSource },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a boot source\n\nWith its selections.",
      returns: "",
      success: 204,
      errors: { ...admin, ...noSource },
    }),
  },
});

export const bootSourceSelections = resource({
  name: "BootSourceSelections",
  path: "/boot-sources/{boot_source_id}/selections/",
  doc: "What is chosen of a boot source.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "List selections",
      returns: "BootSourceSelection[]",
      errors: { ...admin, ...noSource },
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a selection",
      params: {
        os: text("Operating system. Default: ubuntu.", { max: 255 }),
        release: requiredText("Release.", { max: 255 }),
        ...lists,
      },
      returns: "BootSourceSelection",
      errors: { 400: "a field was refused, or the release is selected already", ...admin, ...noSource },
    }),
  },
});

export const bootSourceSelection = resource({
  name: "BootSourceSelection",
  path: "/boot-sources/{boot_source_id}/selections/{id}/",
  doc: "One selection of a boot source, by its id.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read a selection",
      returns: "BootSourceSelection",
      errors: { ...admin, ...none },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a selection\n\nWhat is not named stays as it is.",
      params: {
        os: text("Operating system.", { max: 255 }),
        release: text("Release.", { max: 255 }),
        ...lists,
      },
      returns: "BootSourceSelection",
      errors: { 400: "the release is selected already", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a selection",
      returns: "",
      success: 204,
      errors: { 400: "machines are commissioned with this release", ...admin, ...none },
    }),
  },
});
