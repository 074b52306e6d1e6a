/** The controllers themselves: regions, racks, and what regions tell each other. */
import { action, resource } from "../action.ts";
import { choice, flag, integer, list, optionalFlag, requiredText, text } from "../params.ts";
import { machineFilters } from "./filters.ts";
import { nodesActions } from "./machine-many.ts";
import { machine, machines } from "./machines.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const noRack = { 404: "there is no such rack controller" } as const;
const noRegion = { 404: "there is no such region controller" } as const;
const comment = text("Why, for the controller's history.", { max: 255 });

const editable = {
  description: text("Free text."),
  power_type: text("How its power is switched; see describe_power_types of rack-controllers."),
  power_parameters_skip_check: flag("Store power parameters without checking them."),
  zone: text("Zone, by name or id."),
  domain: text("Domain, by name or id."),
} as const;

export const rackControllers = resource({
  name: "RackControllers",
  path: "/rackcontrollers/",
  doc: "The rack controllers: what touches the machines' wires.",
  actions: {
    read: action({
      method: "GET",
      doc: "List rack controllers",
      params: machineFilters,
      returns: "RackController[]",
      unknown: "refuse",
      errors: { 400: "an unknown filter, or a value that makes no sense" },
    }),
    describe_power_types: action({
      method: "GET",
      access: "admin",
      doc: "Describe the power types\n\nWith the parameters that each takes.",
      returns: "PowerType[]",
      errors: admin,
    }),
    power_parameters: action({
      method: "GET",
      access: "admin",
      doc: "Read power parameters of rack controllers\n\nBy system id, passwords included.",
      params: { id: list("System ids. Default: all.", { split: "comma-or-blank" }) },
      returns: "PowerParametersMap",
      errors: admin,
    }),
    import_boot_images: action({
      method: "POST",
      access: "admin",
      doc: "Have all rack controllers fetch images now\n\nThose that are connected look for what they lack. Ones that come later do it by themselves.",
      returns: "string",
      success: 202,
      errors: { ...admin, 503: "no rack controller is connected" },
    }),
    is_registered: machines.actions.is_registered,
    is_action_in_progress: machines.actions.is_action_in_progress,
    ...nodesActions,
  },
});

export const rackController = resource({
  name: "RackController",
  path: "/rackcontrollers/{system_id}/",
  doc: "One rack controller, by its system id.",
  actions: {
    read: action({ method: "GET", doc: "Read a rack controller", returns: "RackController", errors: noRack }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a rack controller\n\nWhat is not named stays as it is.",
      params: editable,
      wildcard: "power_parameters_",
      returns: "RackController",
      errors: { 400: "a field was refused", ...admin, ...noRack },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a rack controller\n\nOne that still runs comes back as a new one. A region controller that was a rack controller too stays as that.",
      params: { force: flag("Also when it alone serves DHCP on a VLAN: DHCP ends there.") },
      returns: "",
      success: 204,
      errors: { 400: "it alone serves DHCP on a VLAN, and force was not given", ...admin, ...noRack },
    }),
    details: action({
      method: "GET",
      doc: "Read the rack controller's hardware as it was captured\n\nA BSON document; nothing is captured of rack controllers, so it is empty.",
      returns: "bytes",
      errors: noRack,
    }),
    power_parameters: action({
      method: "GET",
      access: "admin",
      doc: "Read the rack controller's power parameters\n\nPasswords included.",
      returns: "PowerParameters",
      errors: { ...admin, ...noRack },
    }),
    list_boot_images: action({
      method: "GET",
      access: "admin",
      doc: "List the images that the rack controller holds\n\nstatus is synced when that is all there are, out-of-sync while some are missing, unknown while it is not connected.",
      returns: "BootImageList",
      errors: { ...admin, ...noRack, 503: "the rack controller went away while it was asked" },
    }),
    import_boot_images: action({
      method: "POST",
      access: "admin",
      doc: "Have the rack controller fetch images now",
      returns: "string",
      success: 202,
      errors: { ...admin, ...noRack, 503: "the rack controller is not connected" },
    }),
    query_power_state: action({
      method: "GET",
      doc: "Ask the BMC whether the rack controller is on\n\nBy another rack controller, where there is one.",
      returns: "PowerStateReply",
      errors: { 400: "it has no power type", ...noRack, 503: "rack controller or BMC did not answer" },
    }),
    power_on: action({
      method: "POST",
      doc: "Switch a rack controller on\n\nFor administrators. By another rack controller: none switches itself on.",
      params: machine.actions.power_on.params,
      returns: "RackController",
      errors: {
        400: "it has no power type that could do this, or a parameter is for machines alone",
        ...admin,
        ...noRack,
        503: "no other rack controller is connected",
      },
    }),
    power_off: action({
      method: "POST",
      doc: "Switch a rack controller off\n\nFor administrators. By another rack controller: none cuts its own power, for nothing would be left to see it.",
      params: {
        stop_mode: choice(
          "hard cuts the power; soft asks the operating system. Default: as the power parameters say.",
          ["hard", "soft"],
        ),
        comment,
      },
      returns: "RackController|null",
      errors: {
        400: "it has no power type that could do this",
        ...admin,
        ...noRack,
        503: "no other rack controller is connected",
      },
    }),
    test: action({
      method: "POST",
      access: "admin",
      doc: "Test a rack controller\n\nAlways refused: tests boot a machine into another system, and nothing would serve its machines meanwhile.",
      params: {
        enable_ssh: machine.actions.test.params.enable_ssh,
        testing_scripts: machine.actions.test.params.testing_scripts,
        comment,
      },
      wildcard: "",
      returns: "RackController",
      errors: { 400: "rack controllers are not tested", ...admin, ...noRack },
    }),
    abort: action({
      method: "POST",
      doc: "Abort what the rack controller is doing\n\nFor administrators.",
      params: { comment },
      returns: "RackController",
      errors: { ...admin, ...noRack, 409: "it is doing nothing that could be aborted" },
    }),
    override_failed_testing: action({
      method: "POST",
      access: "admin",
      doc: "Ignore failed tests",
      params: { comment },
      returns: "RackController",
      errors: { ...admin, ...noRack, 409: "it is not in Failed testing" },
    }),
  },
});

export const regionControllers = resource({
  name: "RegionControllers",
  path: "/regioncontrollers/",
  doc: "The region controllers: what answers this API.",
  actions: {
    read: action({
      method: "GET",
      doc: "List region controllers",
      params: machineFilters,
      returns: "RegionController[]",
      unknown: "refuse",
      errors: { 400: "an unknown filter, or a value that makes no sense" },
    }),
    is_registered: machines.actions.is_registered,
    is_action_in_progress: machines.actions.is_action_in_progress,
    ...nodesActions,
  },
});

export const regionController = resource({
  name: "RegionController",
  path: "/regioncontrollers/{system_id}/",
  doc: "One region controller, by its system id.",
  actions: {
    read: action({ method: "GET", doc: "Read a region controller", returns: "RegionController", errors: noRegion }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a region controller\n\nWhat is not named stays as it is.",
      params: editable,
      wildcard: "power_parameters_",
      returns: "RegionController",
      errors: { 400: "a field was refused", ...admin, ...noRegion },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a region controller\n\nOne that is a rack controller too stays as that.",
      params: { force: flag("Also while it runs: it comes back as a new one.") },
      returns: "",
      success: 204,
      errors: { 400: "it runs, and force was not given", ...admin, ...noRegion },
    }),
    details: action({
      method: "GET",
      doc: "Read the region controller's hardware as it was captured\n\nA BSON document; nothing is captured of region controllers, so it is empty.",
      returns: "bytes",
      errors: noRegion,
    }),
    power_parameters: action({
      method: "GET",
      access: "admin",
      doc: "Read the region controller's power parameters\n\nPasswords included.",
      returns: "PowerParameters",
      errors: { ...admin, ...noRegion },
    }),
  },
});

export const agentConfig = resource({
  name: "AgentConfig",
  path: "/agents/{system_id}/services/{service_name}/config/",
  doc: "What a service of a rack controller is told.",
  hidden: true,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read what a service of a rack controller is told\n\nOf dhcp alone: the interfaces it serves, the addresses machines boot from. null for any other service.",
      returns: "AgentConfig",
      errors: { ...admin, ...noRack },
    }),
    create: action({
      method: "POST",
      doc: "Set what a service of a rack controller is told\n\nAlways refused with 405: it follows from the networks.",
      returns: "",
      success: 405,
    }),
  },
});

const noFile = { 404: "there is no such file or region controller" } as const;

export const imagesSyncProgress = resource({
  name: "ImagesSyncProgress",
  path: "/images-sync-progress/",
  doc: "How much of each image file the region controllers hold.",
  hidden: true,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "List the files of images\n\nBy id, each with the addresses of the region controllers that hold all of it.",
      params: { sources: optionalFlag("Say where each file can be had. Default: yes.") },
      returns: "ImageSyncMap",
      errors: admin,
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Say how much of files a region controller holds",
      params: {
        system_id: requiredText("System id of the region controller."),
        ids: list("Ids of the files. May be repeated.", { split: "comma-or-blank" }),
        size: integer("Bytes of each. Default 0.", { min: 0 }),
      },
      returns: "null",
      errors: { 400: "an id or the size is no number", ...admin, ...noFile },
    }),
  },
});

export const imageSyncProgress = resource({
  name: "ImageSyncProgress",
  path: "/images-sync-progress/{file_id}/{system_id}/",
  doc: "How much of one file one region controller holds.",
  hidden: true,
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Read how much of a file a region controller holds",
      returns: "ImageSyncProgress",
      errors: { ...admin, ...noFile },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Say how much of a file a region controller holds",
      params: { size: integer("Bytes. Default 0.", { min: 0 }) },
      returns: "null",
      errors: { 400: "size is no number", ...admin, ...noFile },
    }),
  },
});
