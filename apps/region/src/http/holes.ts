/** JSON texts that are kept with holes in them: what many things share is put in when a text is sent, so that no copy of it grows old. */
import { randomUUID } from "node:crypto";
import { jsonText } from "./reply.ts";

/** Marks a hole in a value that is not text yet. Nobody outside knows it, so nothing that users write can look like a hole. */
const TOKEN = randomUUID();
/** Around a hole in a text. JSON writes this character as an escape, so no text has it otherwise. */
const CUT = "\u0001";
/** JSON within a JSON string, up to the token. */
const ESCAPED = String.raw`((?:[^"\\]|\\.)*?)`;
const MARKED = new RegExp(`"${TOKEN}=${ESCAPED}${TOKEN}"|${TOKEN}~${ESCAPED}${TOKEN}`, "g");

/** Longer ones are of one machine alone, and are not met again. */
const MEMO_LENGTH = 80;

/** In the place of a value of any type, which T says. @param args what the filler of this name is called with: JSON */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the place in the value asks for it
export function hole<T>(name: string, ...args: readonly unknown[]): T {
  return `${TOKEN}=${JSON.stringify([name, ...args])}${TOKEN}` as T;
}

/** As a part of a string. */
export function holeWithin(name: string, ...args: readonly unknown[]): string {
  return `${TOKEN}~${JSON.stringify([name, ...args])}${TOKEN}`;
}

const indented = (text: string, blanks: number) => text.replaceAll("\n", `\n${" ".repeat(blanks)}`);

/** @param depth how deep in the reply it will stand; its first line is not indented */
export function textWithHoles(value: unknown, depth: number): string {
  const text = indented(jsonText(value), depth * 4);
  return text.replace(MARKED, (_, whole: string | undefined, within: string | undefined, at: number) => {
    const call = JSON.parse(`"${whole ?? within ?? ""}"`) as string;
    return `${CUT}${whole === undefined ? "~" : blanksBefore(text, at)}${call}${CUT}`;
  });
}

/** Of the line that this place is in. */
function blanksBefore(text: string, at: number): number {
  const line = text.lastIndexOf("\n", at) + 1;
  let end = line;
  while (text[end] === " ") end += 1;
  return end - line;
}

/** By name: the value of a hole. */
export type Fillers = Record<string, (...args: never[]) => unknown>;

/** Fills holes with what is so at one moment: make one for each reply. */
export class HoleFiller {
  readonly #fillers: Fillers;
  readonly #known = new Map<string, string>();

  constructor(fillers: Fillers) {
    this.#fillers = fillers;
  }

  fill(text: string): string {
    const parts = text.split(CUT);
    for (let i = 1; i < parts.length; i += 2) parts[i] = this.#filled(parts[i] ?? "");
    return parts.join("");
  }

  #filled(hole: string): string {
    const known = this.#known.get(hole);
    if (known !== undefined) return known;
    const at = hole.indexOf("[");
    const [name, ...args] = JSON.parse(hole.slice(at)) as [string, ...never[]];
    const filler = this.#fillers[name];
    if (!filler) throw new Error(`nothing fills the hole ${name}`);
    const text = jsonText(filler(...args));
    const filled = hole.startsWith("~") ? text.slice(1, -1) : indented(text, Number(hole.slice(0, at)));
    if (hole.length <= MEMO_LENGTH) this.#known.set(hole, filled);
    return filled;
  }
}
