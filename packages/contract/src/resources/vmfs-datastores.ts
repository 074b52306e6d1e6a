import { action, resource } from "../action.ts";
import { optionalList, requiredText, text } from "../params.ts";
import { storageChange } from "./storage.ts";

const seen = { 403: "the caller may not see this machine", 404: "there is no such machine or datastore" } as const;
const refusals = { 400: "members or name are refused", ...storageChange("datastore") } as const;
const words = (doc: string) => optionalList(doc, { split: "comma" });
const uuid = text("UUID. Default: a new one.");

export const vmfsDatastores = resource({
  name: "VmfsDatastores",
  path: "/nodes/{system_id}/vmfs-datastores/",
  doc: "The VMFS datastores of a machine that ESXi is deployed to.",
  actions: {
    read: action({ method: "GET", doc: "List datastores", returns: "VMFSDatastore[]", errors: seen }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Make a datastore",
      params: {
        name: requiredText("Name."),
        uuid,
        block_devices: words("Block devices, by id or name. May be repeated."),
        partitions: words("Partitions, by id or name. May be repeated."),
      },
      returns: "VMFSDatastore",
      errors: refusals,
    }),
  },
});

export const vmfsDatastore = resource({
  name: "VmfsDatastore",
  path: "/nodes/{system_id}/vmfs-datastore/{id}/",
  doc: "One datastore, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a datastore", returns: "VMFSDatastore", errors: seen }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a datastore",
      params: {
        name: text("Name."),
        uuid,
        add_block_devices: words("Block devices that join."),
        remove_block_devices: words("Block devices that leave."),
        add_partitions: words("Partitions that join."),
        remove_partitions: words("Partitions that leave."),
      },
      returns: "VMFSDatastore",
      errors: refusals,
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a datastore\n\nIts members are free then.",
      errors: storageChange("datastore"),
    }),
  },
});
