/** The BMC of emulated machines: a row in the database that simulators look at. It can misbehave as real ones do. */
import { type SimulatedBmc, simulatedBmc, switchSimulated } from "@rackwright/db/simulated-power";
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

const errors: Partial<Record<BmcFault, [PowerErrorKind, string]>> = {
  auth: ["auth", "did not accept the user name or password: check power_user and power_pass"],
  unreachable: ["unreachable", "did not answer: check its address, cable and power"],
  refused: ["refused", "understood and said no: look at its own log"],
  timeout: ["timeout", "answered at first and then did not finish: reset it"],
};

/** @param hostname for messages */
export function emulatedBmc(db: Database, nodeId: number, hostname: string): PowerDriver {
  const look = async (): Promise<SimulatedBmc> => {
    const bmc = await simulatedBmc(db.kysely, nodeId);
    const error = errors[bmc.fault as BmcFault];
    if (error) throw new PowerError(error[0], `the emulated BMC of ${hostname} ${error[1]}`);
    return bmc;
  };
  const order = (to: "on" | "off") => async () => {
    const { fault } = await look();
    if (fault !== "deaf") await switchSimulated(db.kysely, nodeId, to);
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
