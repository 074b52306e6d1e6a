/** Every power type there is. A new driver is one file in `drivers/` and one line here. */
import type { PowerDriver } from "./driver.ts";
import { PowerError } from "./driver.ts";
import { ipmi } from "./drivers/ipmi.ts";
import { manual } from "./drivers/manual.ts";
import { ucsm } from "./drivers/ucsm.ts";
import { virsh } from "./drivers/virsh.ts";
import { webhook } from "./drivers/webhook.ts";
import { oldPowerTypes } from "./old-types.ts";

export const powerDrivers: ReadonlyMap<string, PowerDriver> = new Map(
  [ipmi, manual, ucsm, virsh, webhook].map((driver) => [driver.name, driver]),
);

/** @throws PowerError `unsupported` when there is no such power type */
export function powerDriverNamed(name: string): PowerDriver {
  const driver = powerDrivers.get(name) ?? oldPowerTypes.get(name);
  if (driver) return driver;
  const known = [...powerDrivers.keys()].join(", ");
  throw new PowerError(
    "unsupported",
    name === ""
      ? `the machine has no power type: set one of ${known}`
      : `there is no power type ${name}: set one of ${known}`,
  );
}
