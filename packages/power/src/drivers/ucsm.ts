/**
 * Servers of Cisco UCS, blades and rack units, through UCS Manager. Written from its documentation and tried against an emulation of that, not on
 * the hardware.
 */
import { type Attempt, bmcName, PowerError, powerDriver, type PowerState } from "../driver.ts";
import type { ChassisServer } from "@rackwright/domain/machine/chassis";
import type { ChassisLister } from "../chassis.ts";
import type { Element } from "../xml.ts";
import { type Ucsm, type UcsmAccess, withUcsm } from "./ucsm-api.ts";

const settings = {
  uuid: { label: "Server UUID", kind: "text", required: true, scope: "machine" },
  power_address: { label: "URL for XML API", kind: "url", required: true },
  power_user: { label: "API user", kind: "text" },
  power_pass: { label: "API password", kind: "password", secret: true },
} as const;

type UcsmAttempt = Attempt<typeof settings>;

export const ucsm = powerDriver({
  name: "ucsm",
  description: "Cisco UCS Manager",
  settings,
  queryable: true,
  canSetBootOrder: false,
  addressSetting: "power_address",
  query: (attempt) => withServer(attempt, async (server) => stateOf(server)),
  on: (attempt) => withServer(attempt, (server, api) => switchTo(attempt, api, server, "on")),
  off: (attempt) => withServer(attempt, (server, api) => switchTo(attempt, api, server, "off")),
});

const access = ({ settings, outside, signal }: UcsmAttempt): UcsmAccess => ({
  address: settings.power_address,
  user: settings.power_user,
  password: settings.power_pass,
  name: bmcName(ucsm, settings),
  outside,
  signal,
});

/** computeItem is what blades and rack units have in common. */
function withServer<T>(attempt: UcsmAttempt, act: (server: Element, api: Ucsm) => Promise<T>): Promise<T> {
  return withUcsm(access(attempt), async (api) => {
    // As UCS Manager writes them.
    const equal = attempt.settings.uuid.toLowerCase();
    const [server] = await api.resolve("computeItem", { property: "uuid", equal });
    if (!server)
      throw new PowerError(
        "refused",
        `${bmcName(ucsm, attempt.settings)} has no server with the UUID ${equal}: check uuid`,
      );
    return act(server, api);
  });
}

/** What it is, not what the service profile wants. Others than these two (test, offline ...) pass. */
function stateOf({ attributes: { operPower } }: Element): PowerState {
  return operPower === "on" || operPower === "off" ? operPower : "unknown";
}

/** Power belongs to the service profile that the server has. */
async function switchTo(attempt: UcsmAttempt, api: Ucsm, server: Element, to: "on" | "off"): Promise<void> {
  const profile = server.attributes["assignedToDn"] ?? "";
  if (profile === "")
    throw new PowerError(
      "refused",
      `${bmcName(ucsm, attempt.settings)}: server ${server.attributes["dn"]} has no service profile, and cannot be switched: associate it with one`,
    );
  // Ordered again it would do nothing; and the server may be on its way.
  await api.change("lsPower", `${profile}/power`, { state: to === "on" ? "admin-up" : "admin-down" });
}

/** Those that can be switched: servers with a service profile. */
export const ucsmChassis: ChassisLister = {
  driver: ucsm,
  list: (attempt) =>
    withUcsm(access(attempt as UcsmAttempt), async (api) => {
      const servers = [...(await api.resolve("computeBlade")), ...(await api.resolve("computeRackUnit"))];
      const found: ChassisServer[] = [];
      for (const { attributes } of servers) {
        const { dn = "", uuid = "", assignedToDn = "", numOfCores = "", totalMemory = "", usrLbl = "" } = attributes;
        if (assignedToDn === "" || uuid === "") continue;
        const escaped = dn.replace(/[^\w/-]/g, "\\$&");
        const cards = await api.resolve("adaptorHostEthIf", { property: "dn", match: `^${escaped}/` });
        found.push({
          name: usrLbl || (assignedToDn.split("/ls-").at(-1) ?? ""),
          // All that UCS has are of Intel's and AMD's kind.
          architecture: "amd64/generic",
          cores: Number(numOfCores) || 0,
          memoryMib: Number(totalMemory) || 0,
          macs: cards.map((card) => (card.attributes["mac"] ?? "").toLowerCase()).filter((mac) => isMac(mac)),
          parameters: { uuid },
        });
      }
      return found;
    }),
};

/** Of an interface that has none yet, it is all zeros or a word. */
const isMac = (text: string) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text) && text !== "00:00:00:00:00:00";
