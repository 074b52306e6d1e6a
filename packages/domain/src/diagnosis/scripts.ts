/** Scripts that do not end. */
import { type Rule, rule } from "./case.ts";
import { ago, last, seconds, span } from "./seen.ts";

/** The runner says every 2 minutes that it lives; two of these lost are no accident. */
const HEARTBEAT_SECONDS = 5 * 60;

export const scriptRules: readonly Rule[] = [
  rule("script_hung", (c) => {
    const name = /^script:(.+)/s.exec(c.machine.waitingFor ?? "")?.[1] ?? c.facts.running?.name;
    if (name === undefined) return undefined;
    const { running } = c.facts;
    const alive = last(c, "script", /^signal/);
    if (alive && seconds(alive.at, c.now) >= HEARTBEAT_SECONDS) return undefined;
    const lasted = running?.startedAt ? seconds(running.startedAt, c.now) : undefined;
    if (lasted === undefined || !running || running.timeoutSeconds === 0 || lasted <= running.timeoutSeconds)
      return undefined;
    return {
      summary: `The script ${name} hangs: it runs since ${span(lasted)}, may take ${span(running.timeoutSeconds)}, and the machine is alive.`,
      expected: `${name} ends within its time limit.`,
      checks: [
        "What the script has printed so far.",
        "The hardware that it tests.",
        "Its timeout, if it is only slow.",
      ],
    };
  }),
  rule("machine_silent_in_script", (c) => {
    const alive = last(c, "script", /^signal/);
    if (!alive || seconds(alive.at, c.now) < HEARTBEAT_SECONDS) return undefined;
    const name = /^script:(.+)/s.exec(c.machine.waitingFor ?? "")?.[1];
    if (name === undefined && c.machine.waitingFor !== "next_script") return undefined;
    return {
      summary: `The machine fell silent ${name === undefined ? "between two scripts" : `while it ran ${name}`}: last signal ${ago(c, alive)}.`,
      expected: "A signal of the runner at least every 2 minutes.",
      checks: [
        "The console: a kernel panic, or memory used up.",
        "The network link of the machine.",
        ...(name === undefined ? [] : [`What ${name} does to the network or the memory.`]),
      ],
    };
  }),
];
