import { action, resource } from "../action.ts";
import { choice, flag, integer, json, list, MAX_INT, optionalFlag, requiredText, text } from "../params.ts";
import { chassisActions } from "./machine-chassis.ts";
import { machineFilters, machineTraits } from "./filters.ts";
import { layoutActions } from "./machine-layout.ts";
import { specialActions } from "./special-filesystems.ts";
import { manyMachinesActions, nodesActions } from "./machine-many.ts";
import { searchActions } from "./machine-search.ts";
import { recorderActions } from "./recorder.ts";

const comment = text("Why, for the machine's history.", { max: 255 });
const commissioningScripts = list(
  "Commissioning scripts to run, by name or tag, besides the built-in ones; `none` for just those. Default: all without the tag `noauto`.",
  { split: "comma" },
);
const testingScripts = list("Tests to run, by name or tag; `none` for none. Default: those tagged `commissioning`.", {
  split: "comma",
});
const commissionFlags = {
  enable_ssh: flag("Leave the machine on, with the caller's SSH keys, when it is done."),
  skip_bmc_config: flag("Do not set up the machine's BMC."),
  skip_networking: flag("Keep the network configuration as it is."),
  skip_storage: flag("Keep the storage configuration as it is."),
} as const;
const bridges = {
  bridge_all: flag("Put a bridge over every configured interface of a machine that is Ready, until it is released."),
  bridge_type: choice("Kind of those bridges.", ["standard", "ovs"]),
  bridge_stp: flag("Spanning tree on those bridges."),
  bridge_fd: integer("Forwarding delay of those bridges, in seconds; 0 unless told.", { min: 0, max: 255 }),
} as const;
const editable = {
  hostname: text("Host name; a fully qualified one sets the domain too.", { max: 255 }),
  description: text("Free text."),
  domain: text("Domain, by name or id."),
  architecture: text("Architecture and subarchitecture: `amd64/generic`."),
  min_hwe_kernel: text("Oldest kernel that the machine may be given: `ga-22.04`, `hwe-22.04` ..."),
  power_type: text("How its power is switched; see describe_power_types of rack-controllers."),
  power_parameters: json("All power parameters as one JSON object."),
  pool: text("Resource pool, by name or id."),
  zone: text("Zone, by name or id."),
  swap_size: text("Size of the swap file, in bytes; K, M, G, T may follow."),
  cpu_count: integer("Processor threads, until commissioning finds out.", { min: 0, max: MAX_INT }),
  memory: integer("Memory in MiB, until commissioning finds out.", { min: 0, max: MAX_INT }),
} as const;
/** What the next deploy of the machine does unless it is told otherwise. */
const presets = {
  osystem: text("Operating system that the next deploy installs, unless it names one."),
  distro_series: text("Series that the next deploy installs, unless it names one: `debian/bookworm`, `bookworm`."),
  hwe_kernel: text("Kernel that the next deploy installs, unless it names one."),
  license_key: text("Licence key for systems that need one; none that can be deployed here does."),
  ephemeral_deploy: optionalFlag("Run from memory, without touching a disk."),
  enable_kernel_crash_dump: optionalFlag("Keep memory for kernel crash dumps."),
  enable_hw_sync: optionalFlag("Have the deployed system report hardware changes."),
  disable_ipv4: optionalFlag("Means nothing since 2.0: ignored."),
} as const;
const annotations = {
  wildcard: "",
  wildcardDoc: { name: "KEY", doc: "Value to keep under this key of the caller's choice; empty to remove it." },
} as const;
const notMachine = {
  403: "the caller may not do this to this machine, or it is locked",
  404: "there is no such machine",
} as const;
const notRestorable = { ...notMachine, 409: "the machine is neither Ready nor in Failed testing" } as const;

export const machines = resource({
  name: "Machines",
  path: "/machines/",
  doc: "All machines.",
  actions: {
    read: action({
      method: "GET",
      aliases: ["list"],
      doc: "List machines\n\nThose that the caller may see, narrowed by any of the filters; filters of different names must all hold.",
      params: machineFilters,
      returns: "Machine[]",
      unknown: "refuse",
      errors: { 400: "an unknown filter, or a value that makes no sense" },
    }),
    create: action({
      method: "POST",
      access: "anonymous",
      doc: "Add a machine\n\nA machine that enlists itself does this without credentials, and is found again by its MAC address or its BMC while it is New or Commissioning; it is changed then only from the address that its boot script was sent to. An administrator's new machine is commissioned at once unless told otherwise.",
      params: {
        ...editable,
        ...presets,
        install_rackd: flag("No longer possible: always refused."),
        subarchitecture: text("Subarchitecture, when `architecture` does not carry it."),
        mac_addresses: list("MAC addresses of its interfaces. May be repeated.", { split: "comma-or-blank" }),
        commission: optionalFlag("Whether to commission it. Default: yes for administrators, no for others."),
        deployed: flag("The machine runs already and is only to be known."),
        ...commissionFlags,
        commissioning_scripts: commissioningScripts,
        testing_scripts: testingScripts,
      },
      wildcard: "power_parameters_",
      returns: "Machine",
      errors: { 400: "host name, MAC addresses, architecture or power settings were refused" },
    }),
    allocate: action({
      method: "POST",
      doc: "Allocate a machine\n\nLends the caller one Ready machine that has all of what is asked; the smallest that will do. Two callers never get the same one. Where none matches, and no system_id is given, one is made on a VM host that has room; it is gone after its release.",
      params: {
        name: list("Host name, or fully qualified name."),
        ...machineTraits,
        agent_name: text("Name of the program that will use it.", { max: 255 }),
        comment,
        ...bridges,
        dry_run: flag("Only say which machine it would be. None is made."),
        verbose: flag("Say how the constraints were met, by machine too."),
      },
      returns: "Machine",
      unknown: "refuse",
      errors: {
        400: "an unknown or malformed constraint",
        409: "no machine satisfies the constraints, and none can be made",
        503: "the VM host that was to make one did not",
      },
    }),
    ...chassisActions,
    accept: action({
      method: "POST",
      access: "admin",
      doc: "Accept enlisted machines\n\nStarts commissioning of machines that are New. Those that are being or have been commissioned are passed over.",
      params: { machines: list("System ids. May be repeated.", { split: "comma-or-blank" }) },
      returns: "Machine[]",
      errors: {
        400: "an unknown system id",
        403: "the caller does not administer a machine named",
        409: "a machine is neither New nor past it",
      },
    }),
    accept_all: action({
      method: "POST",
      doc: "Accept all enlisted machines\n\nStarts commissioning of every New machine that the caller administers.",
      returns: "Machine[]",
    }),
    release: action({
      method: "POST",
      doc: "Release machines\n\nGives several machines back. Nothing is released when one of them cannot be.",
      params: { machines: list("System ids. May be repeated.", { split: "comma-or-blank", required: true }), comment },
      returns: "string[]",
      errors: {
        400: "an unknown system id",
        403: "a machine is not the caller's",
        409: "a machine cannot be released in its status",
      },
    }),
    list_allocated: action({
      method: "GET",
      doc: "List the machines allocated with this key\n\nThose that were allocated with the very API key that signs the request.",
      params: { id: list("System ids to look at.", { split: "comma-or-blank" }) },
      returns: "Machine[]",
    }),
    is_registered: action({
      method: "GET",
      access: "anonymous",
      doc: "Whether a MAC address is known\n\nTrue when it belongs to a machine that is past enlistment.",
      params: { mac_address: requiredText("The MAC address.") },
      returns: "boolean",
      errors: { 400: "mac_address is missing" },
    }),
    is_action_in_progress: action({
      method: "GET",
      access: "anonymous",
      doc: "Whether a machine is being worked on\n\nTrue when the MAC address belongs to a machine that is Commissioning or Deploying.",
      params: { mac_address: requiredText("The MAC address.") },
      returns: "boolean",
      errors: { 400: "mac_address is missing" },
    }),
    power_parameters: action({
      method: "GET",
      access: "admin",
      doc: "Read power parameters of machines\n\nBy system id, passwords included.",
      params: { id: list("System ids. Default: all.", { split: "comma-or-blank" }) },
      returns: "PowerParametersMap",
      errors: { 403: "the caller is not an administrator" },
    }),
    ...manyMachinesActions,
    ...searchActions,
  },
});

export const machine = resource({
  name: "Machine",
  path: "/machines/{system_id}/",
  doc: "One machine, by its system id.",
  actions: {
    read: action({ method: "GET", doc: "Read a machine", returns: "Machine", errors: notMachine }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a machine\n\nWhat is not named stays as it is; an empty value clears.",
      params: {
        ...editable,
        ...presets,
        power_parameters_skip_check: flag("Store power parameters without checking them."),
      },
      wildcard: "power_parameters_",
      returns: "Machine",
      errors: { 400: "a field was refused", ...notMachine },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a machine\n\nForgets it. Its power and its disks are left as they are; a virtual machine that was composed is taken from its host with its disks.",
      params: { force: flag("Delete it even when it hosts virtual machines.") },
      returns: "",
      success: 204,
      errors: { 400: "it hosts virtual machines", ...notMachine, 503: "its VM host did not remove it" },
    }),
    commission: action({
      method: "POST",
      access: "admin",
      doc: "Commission a machine\n\nBoots it over the network, finds out what it is made of, and tests it. Parameters of scripts may be given as `param=value` or `script_param=value`.",
      params: {
        ...commissionFlags,
        commissioning_scripts: commissioningScripts,
        testing_scripts: testingScripts,
        comment,
      },
      wildcard: "",
      returns: "Machine",
      errors: { 400: "the machine cannot be commissioned now, or a script is unknown", ...notMachine },
    }),
    test: action({
      method: "POST",
      access: "admin",
      doc: "Test a machine\n\nBoots it over the network and runs hardware tests. Parameters of scripts may be given as `param=value` or `script_param=value`.",
      params: { enable_ssh: commissionFlags.enable_ssh, testing_scripts: testingScripts, comment },
      wildcard: "",
      returns: "Machine",
      errors: { 400: "the machine cannot be tested now, or a script is unknown", ...notMachine },
    }),
    deploy: action({
      method: "POST",
      doc: "Deploy an operating system\n\nInstalls it on the machine's own disks. A Ready machine is allocated to the caller first.",
      params: {
        user_data: text("cloud-init user-data for the installed system, base64 or plain."),
        distro_series: text("What to install: `debian/bookworm`, or a series alone. Default: the configured one."),
        hwe_kernel: text("Kernel to install, where the images of the system bring several: `hwe-22.04`."),
        license_key: presets.license_key,
        agent_name: text("Name of the program that will use it.", { max: 255 }),
        ...bridges,
        comment,
        install_rackd: flag("No longer possible: always refused."),
        install_kvm: flag("Make the machine a VM host with libvirt when it is deployed. Administrators only."),
        register_vmhost: flag("Register the machine as a VM host with LXD: always refused, nothing speaks to LXD yet."),
        ephemeral_deploy: optionalFlag(
          "Run from memory, without touching a disk: at each start anew. Default: as it was chosen for the machine beforehand; a machine without disks always does.",
        ),
        enable_kernel_crash_dump: optionalFlag(
          "Keep memory for kernel crash dumps, on machines that have enough. Default: the setting of this name.",
        ),
        vcenter_registration: flag("Register VMware hosts in vCenter.", true),
        enable_hw_sync: optionalFlag(
          "Have the deployed system report its hardware at intervals (setting hardware_sync_interval). Default: as the machine has it.",
        ),
      },
      returns: "Machine",
      errors: {
        400: "operating system, kernel, network or storage do not allow it",
        ...notMachine,
        409: "the machine is not Ready or Allocated",
        503: "no address is left, or power could not be switched",
      },
    }),
    release: action({
      method: "POST",
      doc: "Release a machine\n\nGives it back: powers it off, and erases its disks first when asked to.",
      params: {
        comment,
        erase: flag("Erase the disks."),
        secure_erase: flag("Use the drives' own secure erase where they have one."),
        quick_erase: flag("Overwrite only the beginning and the end of each disk."),
        force: flag("Release it even when it hosts virtual machines."),
        scripts: list("Release scripts to run, by name or tag.", { split: "comma" }),
      },
      wildcard: "",
      returns: "Machine",
      errors: {
        400: "a script or flag is unknown",
        ...notMachine,
        409: "the machine is not in a status that can be released",
      },
    }),
    abort: action({
      method: "POST",
      doc: "Abort what the machine is doing\n\nEnds commissioning, testing, deploying or erasing, and powers the machine off.",
      params: { comment },
      returns: "Machine",
      errors: { ...notMachine, 409: "the machine is doing nothing that could be aborted" },
    }),
    lock: action({
      method: "POST",
      doc: "Lock a machine\n\nKeeps a Deployed or Deploying machine as it is: nothing that would change, release or delete it is done until it is unlocked.",
      params: { comment },
      returns: "Machine",
      errors: { ...notMachine, 409: "it is locked already, or neither Deployed nor Deploying" },
    }),
    unlock: action({
      method: "POST",
      doc: "Unlock a machine",
      params: { comment },
      returns: "Machine",
      errors: { ...notMachine, 409: "it is not locked" },
    }),
    mark_broken: action({
      method: "POST",
      doc: "Mark a machine broken\n\nTakes one of the caller's own machines out of use. One that could be released is released and switched off.",
      params: {
        comment,
        error_description: text("What is wrong with it: the older name of `comment`.", { max: 255 }),
      },
      returns: "Machine",
      errors: { ...notMachine, 409: "the machine cannot become Broken from its status" },
    }),
    mark_fixed: action({
      method: "POST",
      access: "admin",
      doc: "Mark a broken machine fixed\n\nBrings it back into use: Ready, or Deployed where the system on it was never given back.",
      params: { comment },
      returns: "Machine",
      errors: { ...notMachine, 409: "the machine is not Broken" },
    }),
    override_failed_testing: action({
      method: "POST",
      access: "admin",
      doc: "Ignore failed tests\n\nBrings a machine whose tests failed back into use: Deployed where it has a system, else Ready.",
      params: { comment },
      returns: "Machine",
      errors: { ...notMachine, 409: "the machine is not in Failed testing" },
    }),
    rescue_mode: action({
      method: "POST",
      access: "admin",
      doc: "Start rescue mode\n\nBoots a system over the network to log in to with the SSH keys of the caller and of the machine's owner. No disk is touched.",
      params: { comment },
      returns: "Machine",
      errors: {
        400: "it has no power type, or there is no image to boot it into",
        ...notMachine,
        409: "rescue mode cannot start from the machine's status",
        503: "power command could not be sent",
      },
    }),
    exit_rescue_mode: action({
      method: "POST",
      access: "admin",
      doc: "End rescue mode\n\nBrings the machine back to what it was: a deployed system is started again, any other machine is switched off.",
      params: { comment },
      returns: "Machine",
      errors: {
        ...notMachine,
        409: "the machine is not in rescue mode",
        503: "power command could not be sent",
      },
    }),
    power_on: action({
      method: "POST",
      doc: "Switch a machine on\n\nAn Allocated machine is deployed instead.",
      params: {
        user_data: text("cloud-init user-data, when this starts a deployment."),
        comment,
        install_kvm: flag(
          "Make the machine a VM host with libvirt, when this starts a deployment. Administrators only.",
        ),
        register_vmhost: flag("Register the machine as a VM host with LXD, when this starts a deployment: refused."),
        bridge_type: bridges.bridge_type,
        bridge_stp: bridges.bridge_stp,
        bridge_fd: bridges.bridge_fd,
      },
      returns: "Machine",
      errors: {
        400: "the machine has no power type that could do this",
        ...notMachine,
        409: "the machine has no owner",
        503: "its power could not be switched",
      },
    }),
    power_off: action({
      method: "POST",
      doc: "Switch a machine off",
      params: {
        stop_mode: choice(
          "hard cuts the power; soft asks the operating system. Default: as the power parameters say.",
          ["hard", "soft"],
        ),
        comment,
      },
      returns: "Machine|null",
      errors: {
        400: "the machine has no power type that could do this",
        ...notMachine,
        503: "its power could not be switched",
      },
    }),
    query_power_state: action({
      method: "GET",
      doc: "Ask the BMC whether the machine is on",
      returns: "PowerStateReply",
      errors: { ...notMachine, 503: "rack controller or BMC did not answer" },
    }),
    clear_default_gateways: action({
      method: "POST",
      access: "admin",
      doc: "Forget which links were chosen as default gateways\n\nThey are then found by rule again.",
      returns: "Machine",
      errors: notMachine,
    }),
    restore_default_configuration: action({
      method: "POST",
      access: "admin",
      doc: "Restore network and storage configuration\n\nTo what commissioning left: see the two others.",
      returns: "Machine",
      errors: notRestorable,
    }),
    restore_networking_configuration: action({
      method: "POST",
      access: "admin",
      doc: "Restore the network configuration\n\nRemoves bonds, bridges and VLAN interfaces, and links the physical ones as commissioning does.",
      returns: "Machine",
      errors: notRestorable,
    }),
    restore_storage_configuration: action({
      method: "POST",
      access: "admin",
      doc: "Restore the storage configuration\n\nPuts the default layout in place of all that was planned for the disks.",
      returns: "Machine",
      errors: notRestorable,
    }),
    set_workload_annotations: action({
      method: "POST",
      doc: "Annotate a machine\n\nKeys and values that say what it is used for, until it is released. Those not named stay; an empty value removes its key.",
      ...annotations,
      returns: "Machine",
      errors: { ...notMachine, 409: "the machine is not allocated to the caller" },
    }),
    set_owner_data: action({
      method: "POST",
      doc: "Annotate a machine, by the older name\n\nSee set_workload_annotations.",
      ...annotations,
      returns: "Machine",
      errors: { ...notMachine, 409: "the machine is not allocated to the caller" },
    }),
    get_token: action({
      method: "GET",
      access: "admin",
      doc: "Read the machine's own credentials\n\nWhat the machine itself signs its requests with; null when it has none.",
      returns: "NodeToken|null",
      errors: notMachine,
    }),
    get_curtin_config: action({
      method: "GET",
      doc: "Read how the machine is installed\n\nWhat the installer is told of its disks and its network, as YAML: storage in curtin's format, network in netplan's. No credentials are in it.",
      returns: "string",
      errors: { 400: "the machine is neither deploying nor deployed", ...notMachine },
    }),
    details: action({
      method: "GET",
      doc: "Read the machine's hardware as it was captured\n\nA BSON document with lshw's and lldpctl's XML.",
      returns: "bytes",
      errors: notMachine,
    }),
    power_parameters: action({
      method: "GET",
      access: "admin",
      doc: "Read the machine's power parameters\n\nPasswords included.",
      returns: "PowerParameters",
      errors: notMachine,
    }),
    ...layoutActions,
    ...specialActions,
    ...recorderActions,
  },
});

export const nodes = resource({
  name: "Nodes",
  path: "/nodes/",
  doc: "Machines, devices and controllers together.",
  actions: {
    read: action({
      method: "GET",
      aliases: ["list"],
      doc: "List nodes\n\nThose that the caller may see, narrowed by any of the filters.",
      params: machineFilters,
      returns: "Node[]",
      unknown: "refuse",
      errors: { 400: "an unknown filter, or a value that makes no sense" },
    }),
    is_registered: machines.actions.is_registered,
    is_action_in_progress: machines.actions.is_action_in_progress,
    ...nodesActions,
  },
});
