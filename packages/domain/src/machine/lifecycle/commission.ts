/** Commissioning and testing, as they begin (lifecycle.md sections 7 and 8). */
import { invalidField } from "../../errors.ts";
import { event } from "../event.ts";
import { becomes, refuse, type Times } from "../lifecycle.ts";
import type { Decision, Effect, Machine } from "../machine.ts";
import { bootFor, later } from "./boot.ts";
import { decision } from "./decision.ts";

export interface CommissionOptions {
  enableSsh: boolean;
  skipBmcConfig: boolean;
  skipNetworking: boolean;
  skipStorage: boolean;
}

/** Begin commissioning by a user (lifecycle.md section 7). The script sets are made by the shell in the same transaction. */
export function commission(
  m: Machine,
  ownerId: number,
  options: CommissionOptions,
  comment: string,
  times: Times,
): Decision {
  refuse("commission", m);
  const boot = bootFor(m, "commissioning", times);
  const effects: Effect[] = [
    { do: "finish_results", sets: ["commissioning", "testing"], as: "aborted" },
    ...boot.effects,
  ];
  if (!options.skipStorage) effects.push({ do: "clear_storage" });
  if (!options.skipNetworking) effects.push({ do: "clear_links" });
  return decision(
    {
      ...becomes(m, "commissioning", times.now),
      ...boot.set,
      ownerId,
      enableSsh: options.enableSsh,
      skipNetworking: options.skipNetworking,
      skipStorage: options.skipStorage,
      enlisting: false,
      errorDescription: "",
    },
    [event("REQUEST_NODE_START_COMMISSIONING", comment), event("COMMISSIONING")],
    effects,
    boot.jobs,
  );
}

/**
 * An enlisting machine is already running: it goes on as its own commissioning, which ends in New (lifecycle.md section 6). One that has
 * credentials and signals by them keeps them, and the boot that they are of; any other gets its first.
 */
export function commissionInPlace(m: Machine, times: Times, credentials: "new" | "kept" = "new"): Decision {
  return decision(
    {
      ...becomes(m, "commissioning", times.now),
      ...(credentials === "new" ? { bootEpoch: m.bootEpoch + 1 } : {}),
      enlisting: true,
      waitingFor: "first_signal",
      statusDeadline: later(times.now, times.nodeTimeoutMinutes),
    },
    [event("COMMISSIONING", "enlisting")],
    credentials === "new"
      ? [{ do: "finish_results", sets: ["commissioning"], as: "aborted" }, { do: "new_token" }]
      : [],
  );
}

/**
 * A machine that was added by its BMC alone, and is being commissioned, has booted as a stranger: it is started once more, now that its
 * network interfaces are known.
 */
export function commissionKnown(m: Machine, times: Times): Decision {
  if (m.status !== "commissioning") return decision({}, []);
  const boot = bootFor(m, "commissioning", times);
  return decision(
    boot.set,
    [event("NODE_COMMISSIONING_EVENT", "its network interfaces became known: it is started again")],
    boot.effects,
    boot.jobs,
  );
}

/**
 * A system that somebody uses is not tested to death (lifecycle.md section 8).
 * @throws DomainError invalid_fields on testing_scripts
 */
export function refuseDestruction(
  m: Pick<Machine, "hostname" | "status" | "previousStatus">,
  scripts: readonly { name: string; destructive: boolean }[],
): void {
  const destructive = scripts.find((script) => script.destructive);
  if (destructive && (m.status === "deployed" || m.previousStatus === "deployed"))
    throw invalidField(
      "testing_scripts",
      `${destructive.name} destroys data, and ${m.hostname} is deployed: release it first.`,
    );
}

/** Begin a hardware test by a user (lifecycle.md section 8). */
export function test(m: Machine, userId: number, enableSsh: boolean, comment: string, times: Times): Decision {
  refuse("test", m);
  const boot = bootFor(m, "testing", times);
  return decision(
    {
      ...becomes(m, "testing", times.now),
      ...boot.set,
      ownerId: m.ownerId ?? userId,
      enableSsh,
      powerStateBefore: m.powerState,
    },
    [event("REQUEST_NODE_START_TESTING", comment), event("TESTING")],
    [{ do: "finish_results", sets: ["testing"], as: "aborted" }, ...boot.effects],
    boot.jobs,
  );
}
