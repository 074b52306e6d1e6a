/** What people say of a machine: locked, broken, fixed, good in spite of its tests (lifecycle.md section 13). */
import { event } from "../event.ts";
import { becomes, canSwitchPower, refuse } from "../lifecycle.ts";
import type { Decision, Effect, Job, Machine, ResultSetKind } from "../machine.ts";
import { releasableStatuses } from "../status.ts";
import { decision, handBack } from "./decision.ts";
import { emptied, forgetOwner, forgetUse } from "./release.ts";

export function lock(m: Machine, comment: string): Decision {
  refuse("lock", m);
  return decision({ locked: true }, [event("REQUEST_NODE_LOCK", comment)]);
}

export function unlock(m: Machine, comment: string): Decision {
  refuse("unlock", m);
  return decision({ locked: false }, [event("REQUEST_NODE_UNLOCK", comment)]);
}

const everyRun: ResultSetKind[] = ["commissioning", "testing", "installation", "release"];

/** Out of use until somebody has looked. What could be released is released at once; what goes on ends. */
export function markBroken(m: Machine, comment: string, now: Date): Decision {
  refuse("mark_broken", m);
  const released = releasableStatuses.includes(m.status);
  const epoch = m.bootEpoch + 1;
  // It was given back on the way, so what was on it is no status to return to.
  const from: Machine = released ? { ...m, ...becomes(m, "releasing", now) } : m;
  const off: Job[] =
    released && canSwitchPower(m) && m.powerState !== "off"
      ? [{ queue: "power", action: "off", epoch, bootDevice: null, purpose: "aborting" }]
      : [];
  return decision(
    {
      ...becomes(from, "broken", now),
      ...(released ? { ...emptied, ownerId: null } : {}),
      bootEpoch: epoch,
      enlisting: false,
      powerStateBefore: null,
      errorDescription: comment,
    },
    [event("REQUEST_NODE_MARK_BROKEN", comment), event("BROKEN", comment)],
    [
      { do: "finish_results", sets: everyRun, as: "aborted" },
      ...handBack,
      ...(released ? [...forgetUse, ...forgetOwner] : []),
    ],
    off,
  );
}

/** Whatever anybody had on the machine goes: it is to be Ready. */
const cleared: Effect[] = [...handBack, ...forgetUse, ...forgetOwner];

/** Back into use: Ready, or Deployed where the system on it was never given back. */
export function markFixed(m: Machine, comment: string, now: Date): Decision {
  refuse("mark_fixed", m);
  const request = event("REQUEST_NODE_MARK_FIXED", comment);
  if (m.previousStatus === "deployed")
    return decision({ ...becomes(m, "deployed", now), errorDescription: "" }, [request, event("DEPLOYED")]);
  return decision(
    { ...becomes(m, "ready", now), ...emptied, installationSetId: null, errorDescription: "" },
    [request, event("READY")],
    cleared,
  );
}

/** An administrator knows better than the tests: Deployed with its system, or Ready where there is none. */
export function overrideFailedTesting(m: Machine, comment: string, now: Date): Decision {
  refuse("override_failed_testing", m);
  const request = event("REQUEST_NODE_OVERRIDE_FAILED_TESTING", comment);
  if (m.osystem !== "")
    return decision({ ...becomes(m, "deployed", now), errorDescription: "" }, [request, event("DEPLOYED")]);
  return decision(
    { ...becomes(m, "ready", now), ...emptied, errorDescription: "" },
    [request, event("READY")],
    cleared,
  );
}
