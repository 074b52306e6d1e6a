/**
 * The nine power types of API 1.0 with the settings that they had there. Those that no driver speaks are kept with their settings: a machine
 * may have them, and switching it is refused with the reason.
 */
import { type PowerDriver, PowerError, powerDriver, type SettingsSpec } from "./driver.ts";

const text = (label: string) => ({ label, kind: "text" }) as const;
const mac = (label: string) => ({ label, kind: "mac", scope: "machine" }) as const;
const password = (label: string) => ({ label, kind: "password", secret: true }) as const;
const choice = (value: string, label: string) => ({ value, label });

const login = { power_user: text("Power user"), power_pass: password("Power password") } as const;

/** By name: what people read, and the settings. */
const specs: Record<string, [description: string, settings: SettingsSpec]> = {
  ether_wake: ["Wake-on-LAN", { mac_address: mac("MAC Address") }],
  virsh: [
    "Virsh (virtual systems)",
    {
      power_address: text("Power address"),
      power_id: text("Power ID"),
      power_pass: password("Power password (optional)"),
    },
  ],
  fence_cdu: ["Sentry Switch CDU", { power_address: text("Power address"), power_id: text("Power ID"), ...login }],
  ipmi: [
    "IPMI",
    {
      power_driver: {
        label: "Power driver",
        kind: "choice",
        default: "LAN_2_0",
        choices: [choice("LAN", "LAN [IPMI 1.5]"), choice("LAN_2_0", "LAN_2_0 [IPMI 2.0]")],
      },
      power_address: text("IP address"),
      ...login,
      // Where the address is empty, it is what answers with this one.
      mac_address: text("MAC address of the BMC, by which its address is found when that is empty"),
    },
  ],
  moonshot: [
    "iLO4 Moonshot Chassis",
    { power_address: text("Power address"), ...login, power_hwaddress: text("Power hardware address") },
  ],
  sm15k: [
    "SeaMicro 15000",
    {
      // The server's number within the chassis, not the machine's system id.
      system_id: text("System ID"),
      power_address: text("Power address"),
      ...login,
      power_control: {
        label: "Power control type",
        kind: "choice",
        default: "ipmi",
        choices: [choice("ipmi", "IPMI"), choice("restapi", "REST API v0.9"), choice("restapi2", "REST API v2.0")],
      },
    },
  ],
  amt: [
    "Intel AMT",
    {
      mac_address: mac("MAC Address"),
      power_pass: password("Power password"),
      power_address: text("Address of the machine; else it is found by its MAC address"),
    },
  ],
  dli: ["Digital Loggers, Inc. PDU", { system_id: text("Outlet ID"), power_address: text("Power address"), ...login }],
  ucsm: [
    "Cisco UCS Manager",
    {
      uuid: text("Server UUID"),
      power_address: text("URL for XML API"),
      power_user: text("API user"),
      power_pass: password("API password"),
    },
  ],
};

/** As API 1.0 describes them, in its order. */
export const oldPowerTypes: ReadonlyMap<string, PowerDriver> = new Map(
  Object.entries(specs).map(([name, [description, settings]]) => {
    const unspoken = async (): Promise<never> => {
      throw new PowerError(
        "unsupported",
        `no driver speaks to ${description} (power type ${name}): switch the machine by hand, or set another power type`,
      );
    };
    const type = { name, description, settings, queryable: false, canSetBootOrder: false };
    return [name, powerDriver({ ...type, query: unspoken, on: unspoken, off: unspoken })];
  }),
);
