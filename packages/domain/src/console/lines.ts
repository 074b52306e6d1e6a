/** The bytes of a serial console as lines of plain text. Pure: what is not a whole line yet is handed back with the state. */

/** What a console showed last, not ended by a line feed yet. */
export interface ConsoleText {
  /** As it came, escape sequences included. */
  rest: string;
}

export const noConsoleText: ConsoleText = { rest: "" };

/** Longer lines are cut into pieces: a console that never ends its line must not fill memory. */
const MAX_LINE = 4096;

/**
 * A place on the screen (CSI row;column H or f), a cleared screen, a reset: firmware that draws its screen ends lines so. ECMA-48, 8.3.21,
 * 8.3.39 and 8.3.105.
 */
// oxlint-disable-next-line no-control-regex
const NEW_PLACE = /\u001b(?:\[[\d;?]*[HfJ]|c)/g;
/** Colours, modes, cursor movements within a line; ECMA-48, 5.4. Operating system commands end with BEL or ST. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[\d;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
/** A sequence whose end has not come yet. */
// oxlint-disable-next-line no-control-regex
const OPEN_ESCAPE = /\u001b(?:\[[\d;?]*[ -/]*|\][^\u0007\u001b]{0,200})?$/;

/** @returns the whole lines, without escape sequences and what was rubbed out; empty ones are left out */
export function consoleLines(before: ConsoleText, chunk: string): { lines: string[]; text: ConsoleText } {
  const all = before.rest + chunk;
  // Kept as it is until its end comes: half a sequence would be read as text.
  const open = OPEN_ESCAPE.exec(all)?.index ?? all.length;
  const pieces = all
    .slice(0, open)
    .replaceAll(NEW_PLACE, "\n")
    .split(/[\n\u0085]/);
  let rest = (pieces.pop() ?? "") + all.slice(open);
  const lines = pieces.map(plain).filter((line) => line !== "");
  if (rest.length > MAX_LINE) {
    lines.push(plain(rest.slice(0, MAX_LINE)));
    rest = rest.slice(MAX_LINE).slice(-MAX_LINE);
  }
  return { lines, text: { rest } };
}

/** What can be read of an unfinished line: prompts are never ended. */
export const unfinishedLine = (text: ConsoleText): string => plain(text.rest);

function plain(line: string): string {
  const shown: string[] = [];
  for (const letter of line.replaceAll(ESCAPES, "")) {
    if (letter === "\b") shown.pop();
    else if (letter === "\r") shown.push(" ");
    else if (letter >= " " && letter !== "\u007f") shown.push(letter);
    else if (letter === "\t") shown.push(" ");
  }
  return shown.join("").replaceAll(/ {2,}/g, " ").trim().slice(0, MAX_LINE);
}
