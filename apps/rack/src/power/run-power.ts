/** A power action that the region asked for, with its steps told to the region as they happen. */
import type { PowerStep, RackMethods } from "@rackwright/contract/rack-protocol";
import { PowerError } from "@rackwright/power/driver";
import { powerDriverNamed } from "@rackwright/power/registry";
import { type PowerOrder, powerCycle, powerOff, powerOn, powerQuery, type Timing } from "@rackwright/power/run";

export interface PowerReport {
  step(step: PowerStep): Promise<void>;
  /** What the machine's timeline shows. */
  tell(text: string): void;
}

/** @throws PowerError */
export async function runPower(
  request: RackMethods["power"]["params"],
  report: PowerReport,
  options: { signal: AbortSignal; timing?: Partial<Timing> },
): Promise<RackMethods["power"]["result"]> {
  const { action, powerType, parameters, bootDevice, done } = request;
  const order: PowerOrder = {
    driver: powerDriverNamed(powerType),
    settings: parameters,
    signal: options.signal,
    ...(options.timing ? { timing: options.timing } : {}),
    ...(bootDevice ? { bootDevice: bootDevice === "network" ? "pxe" : "disk" } : {}),
    steps: async (step) => {
      report.tell(words[step]);
      // The region has no use for it: it is repeated harmlessly.
      if (step !== "boot_device_set") await report.step(step);
    },
  };
  try {
    if (action === "query") return { state: await powerQuery(order) };
    if (action === "cycle") await powerCycle(order, done);
    else await (action === "on" ? powerOn : powerOff)(order);
    return { state: order.driver.queryable ? (action === "off" ? "off" : "on") : "unknown" };
  } catch (error) {
    if (error instanceof PowerError) report.tell(`power ${action} failed: ${error.message}`);
    throw error;
  }
}

const words = {
  found_on: "the BMC has it on: it is switched off first",
  off_sent: "the BMC took the order to switch off",
  observed_off: "the BMC shows that it is off",
  boot_device_set: "the BMC took the next boot device",
  on_sent: "the BMC took the order to switch on",
  observed_on: "the BMC shows that it is on",
} as const;
