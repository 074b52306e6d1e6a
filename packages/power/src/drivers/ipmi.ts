/**
 * IPMI over LAN by ipmitool. What was measured with 1.8.19: without `-C` it asks for the suites first, 10 s with a BMC
 * that does not answer that; without `-v` a wrong password and a dead BMC print the same; with a wrong K_g it exits 0. So we
 * name the suite, always pass -v, and believe the text and not the exit code. Retries and waiting: `run.ts`.
 */
import type { Attempt, BootDevice } from "../driver.ts";
import { powerDriver } from "../driver.ts";
import { addressComplaint, keyComplaint } from "./ipmi-values.ts";
import { serialOverLan } from "./ipmi-sol.ts";
import { ipmitool, rejected } from "./ipmi-tool.ts";

const choice = (value: string, label: string) => ({ value, label });
const workarounds = [
  "opensesspriv",
  "authcap",
  "idzero",
  "unexpectedauth",
  "forcepermsg",
  "endianseq",
  "intel20",
  "supermicro20",
  "sun20",
  "nochecksumcheck",
  "integritycheckvalue",
  "ipmiping",
];

export const ipmiSettings = {
  power_driver: {
    label: "Power driver",
    kind: "choice",
    required: true,
    default: "LAN_2_0",
    choices: [choice("LAN", "LAN [IPMI 1.5]"), choice("LAN_2_0", "LAN_2_0 [IPMI 2.0]")],
  },
  power_boot_type: {
    label: "Power boot type",
    kind: "choice",
    default: "auto",
    choices: [choice("auto", "Automatic"), choice("legacy", "Legacy boot"), choice("efi", "EFI boot")],
  },
  /** Our extension: `host:port` (`[address]:port` for IPv6) for a BMC behind a port forward. */
  power_address: { label: "IP address", kind: "text", required: true, check: addressComplaint },
  power_user: { label: "Power user", kind: "text" },
  power_pass: { label: "Power password", kind: "password", secret: true },
  /** Text of at most 20 bytes, or 0x and hexadecimal digits. */
  k_g: { label: "K_g BMC key", kind: "password", secret: true, check: keyComplaint },
  /** Empty: 17 is tried, then 3. */
  cipher_suite_id: {
    label: "Cipher Suite ID",
    kind: "choice",
    default: "3",
    choices: [
      choice("17", "17 - HMAC-SHA256::HMAC_SHA256_128::AES-CBC-128"),
      choice("3", "3 - HMAC-SHA1::HMAC-SHA1-96::AES-CBC-128"),
      choice("", "Automatic: 17, then 3"),
      choice("8", "8 - HMAC-MD5::HMAC-MD5-128::AES-CBC-128"),
      choice("12", "12 - HMAC-MD5::MD5-128::AES-CBC-128"),
    ],
  },
  privilege_level: {
    label: "Privilege Level",
    kind: "choice",
    default: "OPERATOR",
    choices: [choice("USER", "User"), choice("OPERATOR", "Operator"), choice("ADMIN", "Administrator")],
  },
  /** Names of freeipmi's workarounds, kept for compatibility; ipmitool has a switch for two of them. */
  workaround_flags: {
    label: "Workaround Flags",
    kind: "choices",
    default: ["opensesspriv"],
    choices: [...workarounds.map((name) => choice(name, name[0]?.toUpperCase() + name.slice(1))), choice("", "None")],
  },
  mac_address: { label: "Power MAC", kind: "mac", scope: "machine" },
  power_off_mode: {
    label: "Power off mode",
    kind: "choice",
    default: "hard",
    choices: [choice("soft", "Soft power off"), choice("hard", "Power off")],
  },
} as const;

export type IpmiAttempt = Attempt<typeof ipmiSettings>;

export const ipmi = powerDriver({
  name: "ipmi",
  description: "IPMI",
  settings: ipmiSettings,
  queryable: true,
  canSetBootOrder: false,
  addressSetting: "power_address",
  async query(attempt) {
    const { stdout, stderr } = await ipmitool(attempt, "asking for the power state", ["chassis", "power", "status"]);
    const [, state] = /Chassis Power is (on|off)/i.exec(stdout) ?? [];
    if (state === undefined) throw rejected(attempt, "asking for the power state", stdout + stderr);
    return state.toLowerCase() === "on" ? "on" : "off";
  },
  on: (attempt) => control(attempt, "switching on", "on"),
  off: (attempt) => control(attempt, "switching off", attempt.settings.power_off_mode === "soft" ? "soft" : "off"),
  async setBootDevice(attempt, device) {
    const doing = `choosing ${device} for the next boot`;
    const efi = attempt.settings.power_boot_type === "efi" ? ["options=efiboot"] : [];
    const { stdout, stderr } = await ipmitool(attempt, doing, ["chassis", "bootdev", bootName[device], ...efi]);
    if (!/Set Boot Device to/i.test(stdout)) throw rejected(attempt, doing, stdout + stderr);
  },
  console: serialOverLan,
});

const bootName = { pxe: "pxe", disk: "disk" } as const satisfies Record<BootDevice, string>;

async function control(attempt: IpmiAttempt, doing: string, verb: "on" | "off" | "soft"): Promise<void> {
  const { stdout, stderr } = await ipmitool(attempt, doing, ["chassis", "power", verb]);
  if (!/Chassis Power Control/i.test(stdout)) throw rejected(attempt, doing, stdout + stderr);
}
