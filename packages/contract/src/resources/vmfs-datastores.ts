import { action, resource } from "../action.ts";
import { requiredText, text } from "../params.ts";
import { storageChange } from "./storage.ts";
import { firstMembers, groupRefused, groupSeen, groupUuid, memberChanges } from "./storage-groups.ts";

const seen = groupSeen("datastore");
const refusals = groupRefused("datastore", "members or name are refused");

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
        uuid: groupUuid,
        ...firstMembers,
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
        uuid: groupUuid,
        ...memberChanges,
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
