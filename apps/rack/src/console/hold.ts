/** One console held: opened, read, opened again; what is of note becomes evidence. */
import { setTimeout as sleep } from "node:timers/promises";
import { LineLimit } from "@rackwright/domain/console/limit";
import { consoleLines, noConsoleText, unfinishedLine } from "@rackwright/domain/console/lines";
import { type ConsoleKind, notableLine } from "@rackwright/domain/console/notable";
import { scrubText } from "@rackwright/domain/recorder/scrub";
import { PowerError } from "@rackwright/power/driver";

export interface HoldOptions {
  /** One session: resolves when it ended. @throws PowerError when it could not be opened */
  read: (onText: (text: string) => void, signal: AbortSignal) => Promise<void>;
  say: (text: string, detail: Record<string, unknown>) => void;
  /** Hidden wherever they stand. */
  secrets: readonly string[];
  signal: AbortSignal;
  retryMs: { first: number; most: number };
}

/** A line without end that has stood for so long is a prompt. */
const PROMPT_MS = 1000;
/** Anything else is the first half of a line. */
const prompts: readonly ConsoleKind[] = ["login", "boot_loader"];

/** Until `signal` ends it, or there is no console to be had. That it cannot be opened is said once, however often it is tried. */
export async function holdConsole(options: HoldOptions): Promise<void> {
  const { read, say, signal, retryMs } = options;
  const reader = new Reader(options);
  let complained = false;
  for (let pause = retryMs.first; !signal.aborted; pause = Math.min(pause * 2, retryMs.most)) {
    try {
      await read((text) => {
        reader.take(text);
        pause = retryMs.first;
      }, signal);
    } catch (error) {
      if (signal.aborted) break;
      const reason = error instanceof Error ? error.message : String(error);
      if (!complained) say(scrubText(reason, options.secrets), { kind: "session", outcome: "failed" });
      complained = true;
      if (error instanceof PowerError && error.kind === "unsupported") break;
    } finally {
      reader.pause();
    }
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

class Reader {
  readonly #options: HoldOptions;
  readonly #limit = new LineLimit();
  #text = noConsoleText;
  #prompt: NodeJS.Timeout | undefined;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  take(chunk: string): void {
    const { lines, text } = consoleLines(this.#text, chunk);
    this.#text = text;
    for (const line of lines) this.#look(line);
    clearTimeout(this.#prompt);
    this.#prompt = setTimeout(() => this.#look(unfinishedLine(this.#text), prompts), PROMPT_MS);
  }

  pause(): void {
    clearTimeout(this.#prompt);
    this.#text = noConsoleText;
  }

  #look(line: string, kinds?: readonly ConsoleKind[]): void {
    const found = notableLine(line);
    if (!found || (kinds && !kinds.includes(found.kind)) || !this.#limit.takes(found.text, Date.now())) return;
    const { kind, isTrouble } = found;
    const leftOut = this.#limit.leftOut();
    this.#options.say(scrubText(found.text, this.#options.secrets), {
      kind,
      ...(isTrouble ? { outcome: "failed" } : {}),
      ...(leftOut > 0 ? { leftOut } : {}),
    });
  }
}
