/** Chassis whose servers a rack can list, so that they are enlisted together. Switching them is a power driver's, with the same settings. */
import type { ChassisServer } from "@rackwright/domain/machine/chassis";
import { type Attempt, type PowerDriver, PowerError } from "./driver.ts";
import { ucsmChassis } from "./drivers/ucsm.ts";
import { limited, type LimitedOrder } from "./limited.ts";

export interface ChassisLister {
  /** What its servers are switched by. */
  driver: PowerDriver;
  list(attempt: Attempt): Promise<ChassisServer[]>;
}

const listers: ReadonlyMap<string, ChassisLister> = new Map([["ucsm", ucsmChassis]]);

/** @throws PowerError */
export async function listChassis(order: LimitedOrder): Promise<ChassisServer[]> {
  const lister = listers.get(order.type);
  if (!lister) throw new PowerError("unsupported", `servers of a chassis of type ${order.type} cannot be listed`);
  return limited(order, lister.driver, "listing its servers", (attempt) => lister.list(attempt));
}
