/** What a command may touch of the process it runs in. */
import type { Writable } from "node:stream";
import { homedir } from "node:os";

export interface Shell {
  env: NodeJS.ProcessEnv;
  home: string;
  /** Whether stdout is a terminal: people get announcements, pipes get the body alone. */
  isTerminal: boolean;
  /** Letters that fit on a line of it. */
  columns: number;
  /** Whether stderr is a terminal, for progress. */
  errIsTerminal: boolean;
  out: (content: string | Buffer) => Promise<void>;
  err: (text: string) => Promise<void>;
}

export function realShell(): Shell {
  return {
    env: process.env,
    home: homedir(),
    isTerminal: process.stdout.isTTY,
    columns: process.stdout.columns || 80,
    errIsTerminal: process.stderr.isTTY,
    out: (content) => write(process.stdout, content),
    err: (text) => write(process.stderr, text),
  };
}

/** Done when the content has left, so that the command never ends with half of a body in a pipe. */
function write(stream: Writable, content: string | Buffer): Promise<void> {
  if (content.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.write(content, (error?: Error | null) => (error ? reject(error) : resolve()));
  });
}
