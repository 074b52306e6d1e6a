/** What is killed when, and which machine is plugged in when: decided by the seed alone, before anything has started. */
import { chance } from "@rackwright/testkit/fleet/seed";

/** postmaster: PostgreSQL's first process alone; its others notice and end. postgres: all of them at once. */
export const victims = ["controller", "rack", "postmaster", "postgres"] as const;
export type Victim = (typeof victims)[number];

export interface Kill {
  victim: Victim;
  /** False: while what was killed before may still be starting. True: counted from when everything serves again. */
  whenServing: boolean;
  afterMs: number;
}

export interface Plan {
  kills: Kill[];
  /** For each machine, after how many kills it is plugged in. */
  pluggedInAfter: number[];
}

/** Of all kills, so many strike while what was killed before is still starting. */
const SHARE_SOON = 0.25;
const SOON_MS = 3000;
/** The last machine begins its life when so much of the kills is over. */
const SHARE_OF_STARTS = 0.85;

export function planKills(options: { seed: string; kills: number; machines: number; everyMs: number }): Plan {
  const luck = chance(`kills ${options.seed}`);
  const kills = Array.from({ length: options.kills }, (): Kill => {
    // PostgreSQL, whole or in part, as often as each of the others.
    const [target, isWhole] = [luck.between(0, 2), luck.next() < 0.5];
    const victim: Victim = target === 0 ? "controller" : target === 1 ? "rack" : isWhole ? "postgres" : "postmaster";
    const whenServing = luck.next() >= SHARE_SOON;
    return { victim, whenServing, afterMs: Math.round(luck.next() * (whenServing ? 2 * options.everyMs : SOON_MS)) };
  });
  const last = options.kills * SHARE_OF_STARTS;
  const pluggedInAfter = Array.from({ length: options.machines }, (_, i) => Math.floor((last * i) / options.machines));
  return { kills, pluggedInAfter };
}
