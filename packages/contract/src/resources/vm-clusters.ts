import { action, resource } from "../action.ts";
import { flag, text } from "../params.ts";

const admin = { 403: "the caller is no administrator" } as const;
const absent = { 404: "there is no such VM cluster" } as const;

export const vmClusters = resource({
  name: "VmClusters",
  path: "/vm-clusters/",
  doc: "Clusters of VM hosts.",
  actions: { read: action({ method: "GET", doc: "List VM clusters", returns: "VMCluster[]" }) },
});

export const vmCluster = resource({
  name: "VmCluster",
  path: "/vm-clusters/{id}",
  doc: "One cluster of VM hosts.",
  actions: {
    read: action({ method: "GET", doc: "Read a VM cluster", returns: "VMCluster", errors: absent }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a VM cluster\n\nIts hosts are in the same zone and resource pool then.",
      params: {
        name: text("Name.", { max: 255 }),
        pool: text("Name or id of the resource pool."),
        zone: text("Name or id of the availability zone."),
      },
      returns: "VMCluster",
      errors: { 400: "a field was refused", ...admin, ...absent },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Forget a VM cluster, with its hosts and their machines",
      params: { decompose: flag("Remove the virtual machines from the hosts too, with their disks.") },
      returns: "",
      success: 204,
      errors: { 400: "decompose is neither true nor false", ...admin, ...absent },
    }),
  },
});
