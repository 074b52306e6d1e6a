/** The command lines of the documentation, row by row, and their words. */
import { readFileSync } from "node:fs";

export interface CommandLine {
  id: string;
  line: string;
  /** What it says, whatever its exit code. */
  says?: string;
  /** Exit code; `any` where the line is a slip that another program stops first. Absent: 0. */
  code?: number | "any";
  /** Of a slip: what reading its words says. */
  parses?: string;
  /** The slip as it was meant; `says` is of this one then. */
  as?: string;
  before?: string;
  needs?: string;
  /** The machine's status to wait for afterwards. */
  until?: string;
  /** Variables that are taken from the reply, a JSON object. */
  keep?: Record<string, string>;
}

const file = new URL("../../fixtures/command-lines.json", import.meta.url);
export const commandLines = JSON.parse(readFileSync(file, "utf8")) as CommandLine[];

/** The words behind `maas`, up to a pipe or where the output goes; variables stay as they are. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const letter = line[i] ?? "";
    if (letter === "|" || letter === ">") break;
    if (letter === " ") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (letter === '"' || letter === "'") {
      const end = line.indexOf(letter, i + 1);
      word = (word ?? "") + line.slice(i + 1, end);
      i = end;
    } else word = (word ?? "") + letter;
  }
  if (word !== undefined) words.push(word);
  return words.slice(words.indexOf("maas") + 1);
}
