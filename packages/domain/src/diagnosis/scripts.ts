/** Scripts that fail, or do not end, and the runner that they run under. */
import { type Case, type Rule, rule } from "./case.ts";
import { ago, all, isSilent, last, patience, quoted, seconds, span } from "./seen.ts";

const ALIVE = /^signal/;
const SCRIPT_FAILED = /^signal \S+ about ([^,]+), exit -?[1-9]|^what (\S+) printed makes no sense/;
/** A runner asks for its scripts, and starts the next one, in no time. */
const STUCK_SECONDS = 300;

const awaitedScript = (c: Case): string | undefined => /^script:(.+)/s.exec(c.machine.waitingFor ?? "")?.[1];

export const scriptRules: readonly Rule[] = [
  rule("script_hung", (c) => {
    const stopped = last(c, "script", /^signal TIMEDOUT about /);
    const found = stopped ? stoppedScript(stopped.text) : hangingScript(c);
    return (
      found && {
        ...found,
        checks: [
          "What the script has printed so far.",
          "The hardware that it tests.",
          "Its timeout, if it is only slow.",
        ],
      }
    );
  }),
  rule("machine_silent_in_script", (c) => {
    const alive = last(c, "script", ALIVE);
    if (!alive || !isSilent(c, alive)) return undefined;
    const name = awaitedScript(c) ?? c.facts.running?.name;
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
  rule("runner_stuck", (c) => {
    if (c.machine.waitingFor !== "next_script" || c.facts.running !== null) return undefined;
    const beats = all(c, "script", ALIVE);
    const worked = beats.findLastIndex((e) => e.text !== "signal WORKING");
    const [first] = beats.slice(worked + 1);
    const alive = beats.at(-1);
    if (!first || !alive || isSilent(c, alive)) return undefined;
    const stuck = seconds(first.at, alive.at);
    if (stuck < patience(c, STUCK_SECONDS)) return undefined;
    return {
      summary: `The runner lives, and has done nothing for ${span(stuck)}: it runs no script and does not end.`,
      expected: "The runner fetches its scripts, runs one after the other, and says when it is done.",
      checks: [
        "The console, or /var/log/cloud-init-output.log on the machine: what the runner printed last.",
        "That the scripts of the machine can be fetched: the log of the region at that time.",
      ],
    };
  }),
  rule("script_failed", (c) => {
    const failed = all(c, "script", SCRIPT_FAILED);
    const e = failed.at(-1);
    if (!e) return undefined;
    const names = [...new Set(failed.map(({ text }) => nameOf(text)))];
    return {
      summary: `${names.length === 1 ? `The script ${names[0]}` : `${names.length} scripts (${names.join(", ")})`} failed: ${quoted(e.text.replace(/^signal \S+ about /, ""))}.`,
      expected: "Every script of the run ends with exit status 0.",
      checks: [
        `What ${names.length === 1 ? names[0] : "they"} printed: the script's result, or a support bundle.`,
        "The hardware that the script looks at.",
      ],
    };
  }),
];

const nameOf = (text: string): string => {
  const [, byExit, byOutput] = SCRIPT_FAILED.exec(text) ?? [];
  return byExit ?? byOutput ?? "";
};

function stoppedScript(text: string) {
  const name = /about ([^,]+)/.exec(text)?.[1] ?? "";
  return {
    summary: `The script ${name} hung: it ran longer than it may, and the runner stopped it.`,
    expected: `${name} ends within its time limit.`,
  };
}

function hangingScript(c: Case) {
  const { running } = c.facts;
  const name = awaitedScript(c) ?? running?.name;
  if (name === undefined || !running) return undefined;
  const alive = last(c, "script", ALIVE);
  if (alive && isSilent(c, alive)) return undefined;
  const lasted = running.startedAt ? seconds(running.startedAt, c.now) : undefined;
  if (lasted === undefined || running.timeoutSeconds === 0 || lasted <= running.timeoutSeconds) return undefined;
  return {
    summary: `The script ${name} hangs: it runs since ${span(lasted)}, may take ${span(running.timeoutSeconds)}, and the machine is alive.`,
    expected: `${name} ends within its time limit.`,
  };
}
