/** What is done to several machines at once, beside what `machines.ts` declares. */
import { action } from "../action.ts";
import { flag, list, requiredText } from "../params.ts";

const setZone = action({
  method: "POST",
  doc: "Move nodes to a zone\n\nAll of them, or none when one of them cannot be moved.",
  params: {
    zone: requiredText("Name of the zone."),
    nodes: list("System ids. May be repeated.", { split: "comma-or-blank", required: true }),
  },
  returns: "null",
  errors: { 400: "the zone or a node is unknown, or is not the caller's to change" },
});

/** Of the resource Nodes. */
export const nodesActions = { set_zone: setZone } as const;

/** Of the resource Machines. */
export const manyMachinesActions = {
  set_zone: setZone,
  clone: action({
    method: "POST",
    doc: "Make machines like another one\n\nGives machines that are Ready or in Failed testing the network configuration, the storage configuration or both of another one. Interfaces are matched by name, disks by size and tags. All of them, or none when it does not fit one of them.",
    params: {
      source: requiredText("System id of the machine to be like."),
      destinations: list("System ids of the machines that become like it. May be repeated.", {
        split: "comma-or-blank",
        required: true,
      }),
      interfaces: flag("Take over VLANs, bonds, bridges and links. Links with an address get one of their own."),
      storage: flag("Take over partitions and filesystems."),
    },
    returns: "",
    success: 204,
    errors: {
      400: "source or a destination is unknown, not the caller's to use, in use, or does not fit: which, and why",
    },
  }),
} as const;
