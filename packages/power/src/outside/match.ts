/**
 * Patterns that a user wrote, run in a thread that can be stopped: a pattern such as `(a+)+$` may take years on a short
 * text, and in the main thread it would stop every other machine's power too.
 */
import { Worker } from "node:worker_threads";
import { PowerError } from "../driver.ts";

/** A sane pattern on 1 MiB needs milliseconds. Starting the thread is not counted: that takes seconds while many start at once. */
const LIMIT_MS = 1000;
/** An answer that came while this thread was busy is taken before the limit is. */
const LAST_LOOK_MS = 50;

const threadCode = `
  const { parentPort, workerData } = require("node:worker_threads");
  parentPort.postMessage("started");
  parentPort.postMessage(new RegExp(workerData.source, workerData.flags).test(workerData.text));
`;

export async function matchPattern(pattern: string, text: string, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const worker = new Worker(threadCode, {
    eval: true,
    env: {},
    workerData: { ...parsePattern(pattern), text },
    resourceLimits: { maxOldGenerationSizeMb: 32 },
  });
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const why = `the pattern ${pattern} took more than ${LIMIT_MS / 1000} s on a reply of ${text.length} characters`;
      const late = () => reject(new PowerError("refused", `${why}: write it without nested repetitions`));
      const lastLook = () => (timer = setTimeout(late, LAST_LOOK_MS));
      abort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", abort, { once: true });
      worker.on("message", (said: boolean | "started") => {
        if (said === "started") timer = setTimeout(lastLook, LIMIT_MS);
        else resolve(said);
      });
      worker.once("error", (cause) => reject(new PowerError("refused", `the pattern ${pattern} failed`, { cause })));
    });
  } finally {
    clearTimeout(timer);
    if (abort) signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}

/** Patterns are kept from Python days: flags may stand in front, as in `(?is)status.*on`. @throws SyntaxError */
export function parsePattern(pattern: string): { source: string; flags: string } {
  const [, inline = "", source = ""] = /^(?:\(\?([ims]+)\))?([\s\S]*)$/.exec(pattern) ?? [];
  const flags = [...new Set(`${inline}m`)].join("");
  return { source: new RegExp(source, flags).source, flags };
}
