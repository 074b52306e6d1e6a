/** Hosts of virtual machines, under their name and the older one, pods. */
import { action, resource } from "../action.ts";
import { choice, flag, integer, list, number, optionalList, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is no administrator" } as const;
const absent = { 404: "there is no such VM host" } as const;
const unreachable = "no rack controller reaches the host, or the host did not do it; the message says why";

export const MACVLAN_MODES = ["bridge", "passthru", "private", "vepa"] as const;

const ratio = (of: string) => number(`How many times the host's ${of} may be given away: 0 to 10. Default: 1.`);
const mode = choice("How machines share an interface of the host that is no bridge.", MACVLAN_MODES);
const name = text("Name. Default: one is made up.", { max: 255 });
const zone = text("Name or id of the availability zone. Machines made on the host begin there.");
const pool = text("Name or id of the resource pool. Machines made on the host begin there.");
const defaultStorage = text("Name or id of the storage pool for disks that name none. Default: the first.");

const hostFields = {
  type: requiredText("virsh or lxd."),
  power_address: requiredText("Where it is: a libvirt URI such as qemu+ssh://USER@HOST/system, or the URL of LXD."),
  power_user: text("User, where the type has one. Of virsh it is in the address."),
  power_pass: text("Password, for virsh by ssh. Best given in a file."),
  name,
  zone,
  pool,
  tags: list("Tags of the host.", { split: "comma" }),
  project: text("Project of LXD: required there."),
  certificate: text("Client certificate for LXD, in PEM; together with key."),
  key: text("Private key of that certificate, in PEM."),
  cpu_over_commit_ratio: ratio("processor cores"),
  memory_over_commit_ratio: ratio("memory"),
  default_storage_pool: defaultStorage,
  default_macvlan_mode: mode,
  password: text("Trust password of LXD."),
};

const changes = {
  name: text("Name."),
  pool,
  cpu_over_commit_ratio: ratio("processor cores"),
  memory_over_commit_ratio: ratio("memory"),
  default_storage_pool: defaultStorage,
  power_address: text("Where it is now."),
  power_pass: text("Password. Empty: none."),
  zone,
  default_macvlan_mode: text(`How machines share an interface of the host: ${MACVLAN_MODES.join(", ")}. Empty: none.`, {
    pattern: new RegExp(`^(${MACVLAN_MODES.join("|")})$`),
    patternHint: `This is one of ${MACVLAN_MODES.join(", ")}, or empty.`,
  }),
  tags: optionalList("Tags of the host: these and no others.", { split: "comma" }),
  type: text("Stays what it is: another one is refused."),
};

const composition = {
  cores: integer("Processor cores. Default: 1.", { min: 1, max: 4096 }),
  memory: integer("Memory in MiB. Default: 2048.", { min: 1024, max: 2 ** 30 }),
  hugepages_backed: flag("Take its memory from huge pages of the host."),
  pinned_cores: list("Cores of the host that it runs on, by number, instead of a count of cores.", { split: "comma" }),
  cpu_speed: integer("Least speed of the host's processors in MHz.", { min: 300, max: 1_000_000 }),
  architecture: text("Architecture, such as amd64/generic. Default: the host's first."),
  storage: text("Disks: `label:GB(POOL),label:GB`; the first is started from. Default: root:8."),
  interfaces: text(
    "Interfaces: `label:subnet=..,space=..;label2:..`, met by interfaces of the machine that the host is. Default: one on the network maas or default.",
  ),
  hostname: text("Host name. Default: one is made up."),
  domain: integer("Id of its domain."),
  zone: integer("Id of its zone. Default: the host's."),
  pool: integer("Id of its resource pool. Default: the host's."),
  skip_commissioning: flag("Leave it New."),
};

const tagged = requiredText("The tag.", { max: 255 });

/** The same twice: clients of both names are about. */
function collection(resourceName: string, path: string, what: string) {
  return resource({
    name: resourceName,
    path,
    doc: `Hosts of virtual machines.${what}`,
    actions: {
      read: action({ method: "GET", doc: "List VM hosts", returns: "VMHost[]" }),
      create: action({
        method: "POST",
        access: "admin",
        doc: "Add a VM host\n\nIt is asked what it has before this answers: the machines that are on it are added as New.",
        params: hostFields,
        returns: "VMHost",
        errors: {
          400: "the type or its parameters were refused, or the host is there already",
          ...admin,
          404: "never: documented of API 2.0",
          503: unreachable,
        },
      }),
    },
  });
}

function item(resourceName: string, path: string, what: string) {
  return resource({
    name: resourceName,
    path,
    doc: `One VM host.${what}`,
    actions: {
      read: action({ method: "GET", doc: "Read a VM host", returns: "VMHost", errors: absent }),
      update: action({
        method: "PUT",
        access: "admin",
        doc: "Change a VM host\n\nA new address or password is that of its machines too.",
        params: changes,
        returns: "VMHost",
        errors: { 400: "a field was refused, or another type was given", ...admin, ...absent },
      }),
      delete: action({
        method: "DELETE",
        access: "admin",
        doc: "Forget a VM host\n\nIts machines go with it; they stay on the host, unless decompose is true.",
        params: { decompose: flag("Remove the virtual machines from the host too, with their disks.") },
        returns: "",
        success: 204,
        errors: { 400: "decompose is neither true nor false", ...admin, ...absent, 503: unreachable },
      }),
      parameters: action({
        method: "GET",
        access: "admin",
        doc: "Read how a VM host is reached\n\nWith its secrets.",
        returns: "PowerParameters",
        errors: { ...admin, ...absent },
      }),
      refresh: action({
        method: "POST",
        access: "admin",
        doc: "Look anew what a VM host has\n\nMachines that appeared on it are added as New.",
        returns: "VMHost",
        errors: { ...admin, ...absent, 503: unreachable },
      }),
      compose: action({
        method: "POST",
        access: "admin",
        doc: "Make a virtual machine\n\nIt is on the host when this answers, and is commissioned then.",
        params: composition,
        returns: "ComposedMachine",
        errors: {
          400: "the host has not that much left, or cannot make machines",
          ...admin,
          ...absent,
          503: unreachable,
        },
      }),
      add_tag: action({
        method: "POST",
        access: "admin",
        doc: "Add a tag to a VM host",
        params: { tag: tagged },
        returns: "VMHost",
        errors: { 400: "the tag is missing or has a comma", ...admin, ...absent },
      }),
      remove_tag: action({
        method: "POST",
        access: "admin",
        doc: "Take a tag from a VM host\n\nOne that it has not is no error.",
        params: { tag: tagged },
        returns: "VMHost",
        errors: { 400: "the tag is missing", ...admin, ...absent },
      }),
    },
  });
}

const older = " The older name of vm-hosts.";
export const vmHosts = collection("VmHosts", "/vm-hosts/", "");
export const vmHost = item("VmHost", "/vm-hosts/{id}/", "");
export const pods = collection("Pods", "/pods/", older);
export const pod = item("Pod", "/pods/{id}/", older);
