import { action, resource } from "../action.ts";
import { list, optionalList, requiredText, text, upload } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const noCluster = { 404: "there is no such cluster" } as const;
const none = { 404: "there is no such cluster or boot source" } as const;
const noSelection = { 404: "there is no such cluster, boot source or selection" } as const;

export const bootImages = resource({
  name: "BootImages",
  path: "/nodegroups/{uuid}/boot-images/",
  doc: "What the machines of a cluster can boot.",
  actions: {
    read: action({ method: "GET", doc: "List a cluster's images", returns: "BootImage[]", errors: noCluster }),
    report_boot_images: action({
      method: "POST",
      access: "worker",
      plainErrors: true,
      doc: "Tell all images of the cluster\n\nOnes that are not named are gone.",
      params: {
        images: requiredText(
          "A JSON list of objects with osystem, architecture, subarchitecture, release, purpose, label.",
        ),
      },
      returns: "string",
      errors: {
        400: "images are missing, or no such list",
        403: "the caller is not the cluster's own worker: administrators are not either",
        ...noCluster,
      },
    }),
  },
});

export const bootImage = resource({
  name: "BootImage",
  path: "/nodegroups/{uuid}/boot-images/{id}/",
  doc: "One image of a cluster, by its id.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read an image",
      returns: "BootImage",
      errors: { 404: "there is no such cluster, or it has no such image" },
    }),
  },
});

const keyring = {
  keyring_filename: text("Path of a keyring on the region's host, with which the source is verified.", { max: 4096 }),
  keyring_data: upload("A keyring itself, instead of its path: a file, or its base64."),
} as const;
const oneKeyring = { 400: "the address was refused, or there is not exactly one keyring" } as const;

export const bootSources = resource({
  name: "BootSources",
  path: "/nodegroups/{uuid}/boot-sources/",
  doc: "Where images are announced: the same for all clusters.",
  stranger: 403,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "List boot sources",
      returns: "BootSource[]",
      errors: { ...admin, ...noCluster },
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a boot source",
      params: { url: requiredText("Address of the source.", { max: 2048 }), ...keyring },
      returns: "BootSource",
      success: 201,
      errors: { ...oneKeyring, ...admin, ...noCluster },
    }),
  },
});

export const bootSource = resource({
  name: "BootSource",
  path: "/nodegroups/{uuid}/boot-sources/{id}/",
  doc: "One boot source, by its id.",
  stranger: 403,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read a boot source",
      returns: "BootSource",
      errors: { ...admin, ...none },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a boot source",
      params: { url: text("Address of the source.", { max: 2048 }), ...keyring },
      returns: "BootSource",
      errors: { ...oneKeyring, ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a boot source\n\nWith its selections.",
      returns: "",
      success: 204,
      errors: { ...admin, ...none },
    }),
  },
});

export const bootSourceSelections = resource({
  name: "BootSourceSelections",
  path: "/nodegroups/{uuid}/boot-sources/{boot_source_id}/selections/",
  doc: "What is chosen of a boot source.",
  stranger: 403,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "List selections",
      returns: "BootSourceSelection[]",
      errors: { ...admin, ...none },
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a selection",
      params: {
        os: text("Operating system. Default: ubuntu.", { max: 255 }),
        release: text("Release; empty: the one that is deployed by default.", { max: 255 }),
        arches: list("Architecture, or *. May be repeated.", { required: true }),
        subarches: list("Subarchitecture, or *. May be repeated.", { required: true }),
        labels: list("Label, or *. May be repeated.", { required: true }),
      },
      returns: "BootSourceSelection",
      errors: { 400: "a list is empty, or the release is no word or selected already", ...admin, ...none },
    }),
  },
});

export const bootSourceSelection = resource({
  name: "BootSourceSelection",
  path: "/nodegroups/{uuid}/boot-sources/{boot_source_id}/selections/{id}/",
  doc: "One selection of a boot source, by its id.",
  stranger: 403,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read a selection",
      returns: "BootSourceSelection",
      errors: { ...admin, ...noSelection },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a selection\n\nWhat is not named stays as it is.",
      params: {
        os: text("Operating system.", { max: 255 }),
        release: text("Release.", { max: 255 }),
        arches: optionalList("Architecture, or *. May be repeated."),
        subarches: optionalList("Subarchitecture, or *. May be repeated."),
        labels: optionalList("Label, or *. May be repeated."),
        url: text("Passed over: it belongs to the boot source."),
        keyring_filename: text("Passed over: it belongs to the boot source."),
      },
      returns: "BootSourceSelection",
      errors: { 400: "the release is no word, or selected already", ...admin, ...noSelection },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a selection",
      returns: "",
      success: 204,
      errors: { 400: "machines are commissioned with this release", ...admin, ...noSelection },
    }),
  },
});
