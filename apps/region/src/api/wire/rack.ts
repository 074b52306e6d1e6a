/** Rack controllers and power types as the API shows them (reference: objects-2.0.json). */
import type { MachineView } from "@rackwright/db/machine-views";
import type {
  BootImageList,
  RackController,
  RegionController,
  ServiceEntry,
} from "@rackwright/contract/objects/machine";
import { API_ROOT } from "@rackwright/contract/table";
import type { PowerDriver, Setting } from "@rackwright/power/driver";
import type { RackImages, RackView } from "../../app/rack-controllers.ts";
import { wireMachine } from "./machine.ts";

/** Fields that a controller has in common with a machine. */
const common = [
  "system_id",
  "hostname",
  "description",
  "hardware_uuid",
  "domain",
  "fqdn",
  "architecture",
  "cpu_count",
  "cpu_speed",
  "memory",
  "swap_size",
  "osystem",
  "distro_series",
  "power_type",
  "power_state",
  "ip_addresses",
  "interface_set",
  "zone",
  "status_action",
  "node_type",
  "node_type_name",
  "current_commissioning_result_id",
  "current_testing_result_id",
  "current_installation_result_id",
  "commissioning_status",
  "commissioning_status_name",
  "testing_status",
  "testing_status_name",
  "cpu_test_status",
  "cpu_test_status_name",
  "memory_test_status",
  "memory_test_status_name",
  "network_test_status",
  "network_test_status_name",
  "storage_test_status",
  "storage_test_status_name",
  "other_test_status",
  "other_test_status_name",
  "interface_test_status",
  "interface_test_status_name",
  "hardware_info",
  "tag_names",
] as const;

function wireController(view: MachineView): Omit<RegionController, "resource_uri"> {
  const all = wireMachine(view);
  const same = Object.fromEntries(common.map((name) => [name, all[name]])) as Pick<typeof all, (typeof common)[number]>;
  return { ...same, version: view.row.version };
}

export function wireRegionController(view: MachineView): RegionController {
  return { ...wireController(view), resource_uri: `${API_ROOT}/regioncontrollers/${view.row.system_id}/` };
}

export function wireRackController(rack: RackView): RackController {
  return {
    ...wireController(rack.view),
    service_set: services(rack),
    resource_uri: `${API_ROOT}/rackcontrollers/${rack.view.row.system_id}/`,
  };
}

/** A rack that is connected serves HTTP: it ends where it cannot. */
function services({ connected, tftp, regionRuns }: RackView): ServiceEntry[] {
  const state = (name: string, runs: boolean, why: string) => ({
    name,
    status: runs ? "running" : "dead",
    status_info: runs ? "" : why,
  });
  return [
    state("rackd", connected, "not connected to the region"),
    state("http", connected, "the rack controller is not connected"),
    tftp === false
      ? { name: "tftp", status: "off", status_info: "started without TFTP" }
      : { name: "tftp", status: tftp ? "running" : "unknown", status_info: "" },
    ...(regionRuns === undefined ? [] : [state("regiond", regionRuns, "has given no sign of life for a minute")]),
  ];
}

export function wireBootImages({ images, connected, status }: RackImages): BootImageList {
  return {
    images: images.map((image) => {
      const [architecture = "", subarch = ""] = image.architecture.split("/");
      const { subarches } = image.extra;
      return {
        name: image.name.split("/").at(-1) ?? image.name,
        architecture,
        subarches: (typeof subarches === "string" ? subarches : subarch).split(","),
      };
    }),
    connected,
    status,
  };
}

const fieldTypes: Record<Setting["kind"], string> = {
  text: "string",
  url: "string",
  password: "password",
  choice: "choice",
  choices: "multiple_choice",
  mac: "mac_address",
};

export function wirePowerType(driver: PowerDriver): object {
  return {
    driver_type: "power",
    name: driver.name,
    description: driver.description,
    fields: Object.entries(driver.settings).map(([name, s]) => ({
      name,
      label: s.label,
      required: s.required ?? false,
      field_type: fieldTypes[s.kind],
      choices: (s.choices ?? []).map((c) => [c.value, c.label]),
      default: s.default ?? (s.kind === "choices" ? [] : ""),
      scope: s.scope === "machine" ? "node" : "bmc",
      secret: s.secret ?? false,
    })),
    missing_packages: [],
    chassis: false,
    can_probe: false,
    queryable: driver.queryable,
  };
}
