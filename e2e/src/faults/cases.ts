/** Every fault that can be emulated: how it is made, at which stage of a machine's life, and what is to be said of it. */
import type { MachineSide } from "./room.ts";

/** What is asked of the machine; those that are to be deployed were commissioned without a fault. */
export type Stage = "commission" | "deploy";

export interface FaultCase {
  /** In the table. */
  fault: string;
  /** Faults of packages/testkit/src/fleet/faults.ts that the machine has. */
  plays: readonly string[];
  stage: Stage;
  /** Code of the diagnosis, or the status in which a machine that gets on in spite of it arrives. */
  expected: string;
  /** Seconds from when the fault strikes until it is named. */
  deadline: number;
  /**
   * What fails the machine within the time of the table: its own or its BMC's word, which status_message has to tell, or the deadline of
   * node_timeout. Undefined: nothing does; the deadline of a deployment is twice as long, and what lives is waited for.
   */
  fails?: RegExp | "deadline" | undefined;
  /** Of its network cards. Default: one. */
  cards?: number;
  /** Boots through the second rack. */
  otherRack?: boolean;
  /** Parameters of the request. */
  request?: readonly [string, string][];
  /** Something outside of the machine, before it is asked for anything. */
  before?(machine: MachineSide): Promise<void>;
  /** As soon as it was asked. */
  asked?(machine: MachineSide): Promise<void>;
  /** As soon as its fault has struck: from then on the seconds are counted. */
  struck?(machine: MachineSide): Promise<void>;
}

/** Half of node_timeout. */
const SOON = 30;
/** The deadline of node_timeout = 1, from the last step forward. */
const AT_DEADLINE = 75;

const commissioning = (fault: string, plays: string, expected: string, more: Partial<FaultCase> = {}): FaultCase => ({
  fault,
  plays: [plays],
  stage: "commission",
  expected,
  deadline: SOON,
  fails: "deadline",
  ...more,
});
const bmc = (fault: string, plays: string, expected: string, fails: RegExp): FaultCase =>
  commissioning(fault, plays, expected, { fails });
const deploying = (fault: string, plays: string, expected: string, more: Partial<FaultCase> = {}): FaultCase => ({
  fault,
  plays: [plays],
  stage: "deploy",
  expected,
  deadline: SOON,
  ...more,
});
const installer = (fault: string, plays: string, expected: string, fails: RegExp): FaultCase =>
  deploying(fault, plays, expected, { fails });

/** Named by a diagnosis. */
export const named: readonly FaultCase[] = [
  bmc("BMC refuses", "bmc-refuses", "bmc_refused", /said no/),
  bmc("BMC unreachable", "bmc-unreachable", "bmc_unreachable", /no answer/),
  bmc("BMC does not finish", "bmc-slow", "bmc_unreachable", /did not finish/),
  bmc("BMC: wrong password", "bmc-password", "bmc_wrong_password", /did not accept/),
  bmc("BMC takes orders, does nothing", "bmc-deaf", "bmc_did_not_switch", /machine is off/),
  bmc("BMC shows the opposite", "bmc-lies", "bmc_did_not_switch", /machine is on/),
  commissioning("BMC of another machine", "", "bmc_wrong_machine", { before: (m) => m.wireToNeighbour() }),
  commissioning("no DHCP request", "never-boots", "no_dhcp_request"),
  commissioning("a foreign DHCP server answers", "foreign-dhcp", "foreign_dhcp_server"),
  commissioning("no address is left", "no-address", "dhcp_no_address"),
  commissioning("its address is somebody else's", "address-taken", "lease_taken"),
  commissioning("an address, no boot file asked for", "stall-boot-script", "no_boot_file_request"),
  commissioning("starts from its old disk", "boots-old-system", "wrong_boot_device"),
  commissioning("another has its MAC address", "duplicate-mac", "duplicate_mac"),
  commissioning("two cards boot at once", "two-cards", "secret_conflict", { cards: 2 }),
  commissioning("no image for its architecture", "slow-self-test", "no_image", {
    asked: (m) => m.changeArchitecture(),
  }),
  commissioning("its rack is gone", "stall-preseed", "rack_gone", { otherRack: true, struck: (m) => m.killRack() }),
  commissioning("boot script, no kernel fetched", "stall-kernel", "no_metadata_call"),
  commissioning("the kernel does not start", "stall-squashfs", "kernel_did_not_start"),
  commissioning("the image's download stalls", "download-stalls", "image_stalled"),
  commissioning("image fetched, no metadata call", "stall-preseed", "no_metadata_call"),
  commissioning("its clock is wrong for good", "clock-stuck", "clock_off"),
  commissioning("metadata reached, runner silent", "stall-runner", "runner_silent"),
  commissioning("still working at the deadline", "dawdles", "still_progressing", { deadline: AT_DEADLINE }),
  commissioning("the runner lives, and does nothing", "stall-scripts", "runner_stuck", {
    deadline: 25,
    fails: undefined,
  }),
  commissioning("a script hangs for good", "stall-script", "script_hung", { deadline: 45, fails: undefined }),
  commissioning("a script is stopped at its limit", "script-overruns", "script_hung", { fails: /maas-support-info/ }),
  commissioning("a commissioning script fails", "script-fails", "script_failed", { fails: /maas-support-info/ }),
  commissioning("a test fails", "test-fails", "script_failed", { fails: /smartctl-validate/ }),
  commissioning("the inventory is garbage", "garbage", "script_failed", { fails: /commissioning script failed/ }),
  commissioning("region unreachable under its netplan", "wrong-network", "region_unreachable", {
    fails: /network-trial/,
    before: (m) => m.addNetworkTest(),
    request: [["testing_scripts", "network-trial"]],
  }),
  commissioning("its network is lost in a script", "network-lost", "machine_silent_in_script", { deadline: 45 }),
  commissioning("goes off in the middle", "goes-off-midway", "power_off_in_the_middle", { deadline: 45 }),
  commissioning("hangs before its last signal", "stall-final-signal", "machine_silent_in_script", {
    deadline: 45,
    fails: undefined,
  }),
  installer("a disk is missing", "disk-missing", "disk_missing", /no disk with serial/),
  installer("a disk is too small", "disk-smaller", "disk_too_small", /made for/),
  installer("a disk has errors", "disk-broken", "disk_error", /Input\/output error/),
  installer("the image has a wrong checksum", "damaged-image", "image_checksum", /has sha256/),
  installer("the boot loader fails", "no-boot-loader", "bootloader_failed", /grub-install/),
  installer("the installer fails", "install-fails", "installation_failed", /unsquashfs/),
  deploying("the installer hangs", "stall-install", "installer_silent"),
  deploying("its network is lost while installing", "network-lost-installing", "installer_silent"),
  deploying("the installed system does not start", "stall-local-boot", "installed_system_silent", { deadline: 40 }),
  deploying("the installed system is silent", "stall-first-boot", "installed_system_silent", { deadline: 40 }),
].map((one) => ({ ...one, plays: one.plays.filter((name) => name !== "") }));

/** Machines that misbehave, and arrive all the same. */
export const survived: readonly FaultCase[] = [
  commissioning("its clock is wrong at first", "wrong-clock", "Ready"),
  commissioning("every signal comes twice", "doubled-signals", "Ready"),
  commissioning("signals come out of order", "reordered-signals", "Ready"),
  commissioning("signals without sense between", "senseless-signals", "Ready"),
  commissioning("its network flaps in a script", "network-flaps", "Ready"),
  commissioning("reboots in the middle", "reboots-midway", "Ready"),
  commissioning("tests its memory for minutes", "slow-self-test", "Ready"),
  deploying("reboots while installing", "reboots-installing", "Deployed"),
].map((one) => ({ ...one, deadline: 60, fails: undefined }));

/** Machines that are commissioned, and warned of. */
export const warned: readonly FaultCase[] = [
  commissioning("the MTU is too large for the network", "mtu-mismatch", "mtu_mismatch"),
  commissioning("its clock is minutes ahead", "clock-skew", "clock_skew"),
  commissioning("its mainboard holds local time", "local-time", "hardware_clock_skew"),
  commissioning("a name server is silent", "dns-silent", "dns_silent"),
  commissioning("one address of the region is not reached", "region-half-reached", "region_address_unreachable"),
  commissioning("the region's name is not known", "region-name-unknown", "region_name_unknown"),
  commissioning("a link is slower than its card", "slow-link", "link_slow"),
  commissioning("another has its UUID", "shared-uuid", "duplicate_uuid"),
  commissioning("and it has that other's", "shared-uuid", "duplicate_uuid"),
  commissioning("a card was in another machine", "shared-mac", "mac_of_another"),
  commissioning("and that other has it still", "shared-mac", "mac_of_another"),
].map((one) => ({ ...one, deadline: 60, fails: undefined }));
