/** Decisions are built of these: one, and one on top of another. */
import type { EventRecord } from "../event.ts";
import type { Decision, Effect, Job, Machine } from "../machine.ts";

export function decision(
  set: Decision["set"],
  events: EventRecord[],
  effects: Effect[] = [],
  jobs: Job[] = [],
): Decision {
  return { set, events, effects, jobs };
}

/** Apply a second decision on top of a first, as one. */
export function andThen(m: Machine, first: Decision, next: (m: Machine) => Decision): Decision {
  const second = next({ ...m, ...first.set });
  return {
    set: { ...first.set, ...second.set },
    events: [...first.events, ...second.events],
    effects: [...first.effects, ...second.effects],
    jobs: [...first.jobs, ...second.jobs],
  };
}

/** The owner goes, so the machine's token goes too (metadata-protocol.md section 2). */
export const handBack: Effect[] = [{ do: "revoke_token" }, { do: "end_boot_secrets" }];
