import type { RunnerFile } from "./user-data.ts";

/** The frame, and where the modules go in it. */
const FRAME = "maas-run-scripts.in";
const MARK = "@MODULES@";

/**
 * The program that machines run whose system is in use: the frame with the Python modules of runner and helper in it, as text. The same files
 * give the same text, whatever their order.
 */
export function renderHelper(files: readonly RunnerFile[]): string {
  const frame = files.find((file) => file.name === FRAME);
  if (frame === undefined) throw new Error(`cannot make maas-run-scripts: ${FRAME} is not among ${files.length} files`);
  const [before, after, more] = new TextDecoder().decode(frame.content).split(`${MARK}\n`);
  if (before === undefined || after === undefined || more !== undefined)
    throw new Error(`cannot make maas-run-scripts: ${FRAME} needs the line ${MARK} exactly once`);
  const modules = files
    .filter((file) => /^\w+\/\w+\.py$/.test(file.name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(literal);
  return before + modules.join("") + after;
}

/** `"package.module": (one string per line),` : what JSON writes, Python reads as the same text. */
function literal(file: RunnerFile): string {
  const name = file.name
    .replace(/\.py$/, "")
    .replace(/\/__init__$/, "")
    .replace("/", ".");
  const lines = new TextDecoder().decode(file.content).split(/(?<=\n)/);
  return `    ${JSON.stringify(name)}: (\n${lines.map((line) => `        ${JSON.stringify(line)}\n`).join("")}    ),\n`;
}
