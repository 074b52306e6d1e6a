/** The BMC of emulated machines: a row in the database that simulators look at. It can misbehave as real ones do. */
import { type SimulatedBmc, simulatedBmc, switchSimulated } from "@rackwright/db/simulated-power";
import { nodeIdBySystemId } from "@rackwright/db/nodes";
import type { Database } from "@rackwright/db/connect";
import {
  PowerError,
  type PowerErrorKind,
  powerDriver,
  type PowerDriver,
  type PowerState,
} from "@rackwright/power/driver";

/** How a BMC can misbehave, by the name that a simulator reports. */
export const bmcFaults = ["auth", "unreachable", "refused", "timeout", "deaf", "lies"] as const;
export type BmcFault = (typeof bmcFaults)[number];

/** The power settings of a machine lead to another one's BMC; the other's system id follows. */
export const WIRED_TO = "at-";

const errors: Partial<Record<BmcFault, [PowerErrorKind, string]>> = {
  auth: ["auth", "did not accept the user name or password: check power_user and power_pass"],
  unreachable: ["unreachable", "gave no answer: check power_address, its cable and power"],
  refused: ["refused", "understood and said no: look at its own log"],
  timeout: ["timeout", "answered at first and then did not finish: reset it"],
};

/** @param hostname for messages */
export function emulatedBmc(db: Database, nodeId: number, hostname: string): PowerDriver {
  const look = async (): Promise<SimulatedBmc & { nodeId: number }> => {
    const bmc = await simulatedBmc(db.kysely, nodeId);
    if (bmc.fault?.startsWith(WIRED_TO)) {
      const other = await nodeIdBySystemId(db.kysely, bmc.fault.slice(WIRED_TO.length));
      if (other !== undefined) return { ...(await simulatedBmc(db.kysely, other)), nodeId: other };
    }
    const error = errors[bmc.fault as BmcFault];
    if (error) throw new PowerError(error[0], `the emulated BMC of ${hostname} ${error[1]}`);
    return { ...bmc, nodeId };
  };
  const order = (to: "on" | "off") => async () => {
    const { fault, nodeId: switched } = await look();
    if (fault !== "deaf") await switchSimulated(db.kysely, switched, to);
  };
  return powerDriver({
    name: "simulated",
    description: `emulated (${hostname})`,
    settings: {},
    queryable: true,
    canSetBootOrder: false,
    async query(): Promise<PowerState> {
      const { state, fault } = await look();
      if (fault === "lies") return state === "on" ? "off" : "on";
      return state;
    },
    on: order("on"),
    off: order("off"),
  });
}
