/**
 * What failed and why, out of the output of node's test runner (reporter `spec`) and of Python's unittest: said once more at the end of a
 * run of an hour, where somebody looks first.
 */

/** Of each failure: its cause stands in front, and what a process said may be long. */
const SHOWN_LINES = 60;

export function failures(output: string): string[] {
  return [...ofNode(output), ...ofPython(output)].map(bounded);
}

/** At the end of each run: "✖ failing tests:", then for each "test at FILE:LINE:COLUMN" and what it threw. */
function ofNode(output: string): string[] {
  return output
    .split(/^(?==== |▶ |✔ |ℹ tests )/m)
    .filter((part) => part.includes("✖ failing tests:"))
    .flatMap((part) => part.slice(part.indexOf("✖ failing tests:")).split(/^(?=test at )/m))
    .filter((part) => part.startsWith("test at "));
}

/** "FAIL: name" or "ERROR: name" below a line of =, up to the next such line or the summary. */
function ofPython(output: string): string[] {
  return output
    .split(/^={70}\n/m)
    .slice(1)
    .filter((part) => /^(FAIL|ERROR): /.test(part))
    .map((part) => part.split(/^-{70}\nRan /m)[0] ?? "");
}

function bounded(failure: string): string {
  const lines = failure.trimEnd().split("\n");
  const left = lines.length - SHOWN_LINES;
  return left <= 0 ? lines.join("\n") : [...lines.slice(0, SHOWN_LINES), `... ${left} more lines above.`].join("\n");
}
