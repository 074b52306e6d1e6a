/** What BMCs say of the power, and what that ends. */
import { event } from "../event.ts";
import type { Decision, Machine } from "../machine.ts";
import { isWaiting } from "../status.ts";
import { decision, andThen } from "./decision.ts";
import { finishRelease } from "./release.ts";
import { finishRescueMode } from "./rescue.ts";

/** The BMC said what the power is. Finishes a release or the way out of rescue mode; otherwise only recorded. */
export function powerObserved(m: Machine, state: "on" | "off", now: Date): Decision {
  const seen = state === m.powerState ? [] : [event(state === "on" ? "NODE_POWERED_ON" : "NODE_POWERED_OFF")];
  const observed = decision({ powerState: state }, seen);
  if (m.status === "releasing" && state === "off" && m.waitingFor === "power_off")
    return andThen(m, observed, (off) => finishRelease(off, now));
  if (m.status === "exiting_rescue_mode" && m.waitingFor === `power_${state}`)
    return andThen(m, observed, (seenSo) => finishRescueMode(seenSo, now));
  if (state === "on" && isWaiting(m.status) && m.waitingFor === "power_on") observed.set.waitingFor = "dhcp";
  return observed;
}
