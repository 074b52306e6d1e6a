/** In a simulated installation no order about power leaves the region: the emulated BMC takes it, with the steps that a rack would take. */
import type { PowerStep, RackMethods } from "@rackwright/contract/rack-protocol";
import type { Database } from "@rackwright/db/connect";
import { readMachine } from "@rackwright/db/machines";
import { addPowerStep } from "@rackwright/db/power-actions";
import { DomainError } from "@rackwright/domain/errors";
import { PowerError } from "@rackwright/power/driver";
import { powerCycle, powerOff, powerOn, type PowerOrder, powerQuery, type Timing } from "@rackwright/power/run";
import type { Racks } from "../racks/racks.ts";
import { emulatedBmc } from "./bmc.ts";

/** What takes a real BMC seconds takes a row no time; one that does not do as it said is found out soon. */
const TIMING: Partial<Timing> = { attempts: 2, pauseMs: 100, settleMs: 2000, pollMs: 100 };

type Power = RackMethods["power"];

/** The same racks, but for power. */
export function simulatedRacks(racks: Racks, db: Database): Racks {
  return {
    ...racks,
    async call(nodeId, method, params, options) {
      if (method !== "power") return racks.call(nodeId, method, params, options);
      // One method, so one type: the compiler does not follow the comparison into the parameter.
      return emulatePower(db, params as Power["params"], options?.signal);
    },
  };
}

async function emulatePower(db: Database, request: Power["params"], signal?: AbortSignal): Promise<Power["result"]> {
  const { systemId, bootEpoch, action } = request;
  const loaded = await readMachine(db.kysely, systemId);
  if (!loaded) throw new DomainError("power_failed", `Machine ${systemId} was deleted: there is nothing to switch.`);
  const { id, hostname } = loaded.machine;
  const order: PowerOrder = {
    driver: emulatedBmc(db, id, hostname),
    settings: {},
    timing: TIMING,
    ...(signal ? { signal } : {}),
    async steps(step) {
      if (step !== "boot_device_set") await addPowerStep(db.kysely, id, bootEpoch, step satisfies PowerStep);
    },
  };
  try {
    if (action === "query") return { state: await powerQuery(order) };
    if (action === "cycle") await powerCycle(order, request.done);
    else await (action === "on" ? powerOn : powerOff)(order);
    return { state: action === "off" ? "off" : "on" };
  } catch (error) {
    if (!(error instanceof PowerError)) throw error;
    throw new DomainError("power_failed", error.message, { cause: error });
  }
}
