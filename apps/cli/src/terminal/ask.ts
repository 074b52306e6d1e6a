/** Questions to the person at the terminal. The prompt goes to stderr: stdout may be a pipe. */
import { createInterface } from "node:readline";
import { CliError } from "../errors.ts";

/** One line of standard input, without its end. @param isLast nothing is read after it */
export async function readLine(isLast = true): Promise<string> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
    if (isLast) process.stdin.destroy();
  }
}

/** Ask at a terminal, showing what is typed. */
export async function askPlainly(question: string): Promise<string> {
  process.stderr.write(question);
  return (await readLine(false)).trim();
}

/** Ask without showing what is typed; from a pipe, read a line. */
export async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) return readLine();
  // Before the prompt: whoever types as soon as it shows must not be echoed.
  process.stdin.setRawMode(true);
  process.stderr.write(question);
  try {
    return await typed();
  } finally {
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stderr.write("\n");
  }
}

/** Keys until Enter: Backspace takes one back, Ctrl-U all, Ctrl-C and Ctrl-D end the command. */
function typed(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const onData = (keys: string) => {
      for (const key of keys) {
        if (key === "\r" || key === "\n") return end(() => resolve(text));
        if (key === "\u0003" || key === "\u0004")
          return end(() => reject(new CliError("interrupted", { exitCode: 1 })));
        if (key === "\u007f" || key === "\b") text = Array.from(text).slice(0, -1).join("");
        else if (key === "\u0015") text = "";
        else text += key;
      }
    };
    const end = (then: () => void) => {
      process.stdin.off("data", onData);
      then();
    };
    process.stdin.setEncoding("utf8").on("data", onData).resume();
  });
}
