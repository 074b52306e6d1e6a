/** A progress bar on stderr; nothing where stderr is no terminal. */
import type { Shell } from "../shell.ts";

const WIDTH = 40;

export function progress(
  shell: Shell,
  totalBytes: number,
): { show: (doneBytes: number) => Promise<void>; end: () => Promise<void> } {
  if (!shell.errIsTerminal) return { show: async () => {}, end: async () => {} };
  return {
    show: (doneBytes) => {
      const part = totalBytes === 0 ? 1 : doneBytes / totalBytes;
      const filled = Math.round(part * WIDTH);
      return shell.err(`\r[${"#".repeat(filled)}${" ".repeat(WIDTH - filled)}] ${Math.floor(part * 100)}%`);
    },
    end: () => shell.err("\n"),
  };
}
