/** Progress for people: one line per machine, rewritten on a terminal; a line per change elsewhere. */
import type { WriteStream } from "node:tty";
import type { StageReport } from "./journey.ts";

export interface ProgressDisplay {
  say: (line: string) => void;
  /** Words of the parts, shown only with RACKWRIGHT_VERBOSE. */
  detail: (line: string) => void;
  progress: (report: StageReport) => void;
  done: (machine: string) => void;
  end: () => void;
}

const TICK_MS = 1000;

export function progressDisplay(out: WriteStream | (NodeJS.WritableStream & { isTTY?: boolean })): ProgressDisplay {
  const live = out.isTTY === true;
  const began = performance.now();
  const state = new Map<string, { stage: string; waitingFor: string; since: number }>();
  let drawn = 0;
  const seconds = (since: number) => `${Math.round((performance.now() - since) / 1000)} s`;
  const erase = () => {
    if (drawn > 0) out.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  const draw = () => {
    if (!live) return;
    erase();
    for (const [machine, now] of state)
      out.write(
        `  ${machine.padEnd(8)} ${now.stage.padEnd(15)} ${seconds(now.since).padStart(6)}  ${now.waitingFor}\n`,
      );
    drawn = state.size;
  };
  const timer = live ? setInterval(draw, TICK_MS) : undefined;
  timer?.unref();
  const say = (line: string) => {
    erase();
    out.write(`[${seconds(began).padStart(6)}] ${line}\n`);
    draw();
  };
  return {
    say,
    detail: (line) => {
      if (process.env.RACKWRIGHT_VERBOSE) say(line);
    },
    progress({ machine, stage, waitingFor }) {
      const now = state.get(machine);
      if (now?.stage === stage && now.waitingFor === waitingFor) return;
      state.set(machine, { stage, waitingFor, since: now?.stage === stage ? now.since : performance.now() });
      if (live) draw();
      else out.write(`[${seconds(began).padStart(6)}] ${machine} ${stage}: ${waitingFor}\n`);
    },
    done(machine) {
      state.delete(machine);
      say(`${machine} has been through it all`);
    },
    end() {
      if (timer) clearInterval(timer);
      erase();
      state.clear();
    },
  };
}
