/** What is printed of machines that were made to fail: what was named of each, and how soon. */

export interface Row {
  /** How it was made: "its DHCP answer comes from a foreign server". */
  fault: string;
  /** The code that a diagnosis is to name first, or the outcome of a machine that gets on in spite of it ("ready"). */
  expected: string;
  /** What was named; null: nothing was until the deadline. */
  named: string | null;
  /** From when the fault began until it was named; null: it was not. */
  seconds: number | null;
  /** Seconds within which it has to be named. */
  deadline: number;
  /** Where `named` is another than expected, or in the wrong place: why it is wrong, for whoever mends it. */
  remark?: string;
}

/** Named, as expected, in time, and with nothing to complain of. */
export const isRight = (row: Row): boolean =>
  row.named === row.expected && row.seconds !== null && row.seconds <= row.deadline && row.remark === undefined;

export const rightOf = (rows: readonly Row[]): number => rows.filter(isRight).length;

const headings = ["", "fault", "expected", "named", "seconds", "deadline"] as const;
const numbers: readonly string[] = ["seconds", "deadline"];

/** As lines for people: a heading, one row each, how many are right. What is wrong says why below its row. */
export function printTable(rows: readonly Row[], out: (line: string) => void = console.log): void {
  const cells = rows.map((row) => [
    isRight(row) ? "right" : "WRONG",
    row.fault,
    row.expected,
    row.named ?? "-",
    row.seconds === null ? "-" : row.seconds.toFixed(1),
    String(row.deadline),
  ]);
  const widths = headings.map((heading, i) => Math.max(heading.length, ...cells.map((cell) => cell[i]?.length ?? 0)));
  const line = (cell: readonly string[]) =>
    cell
      .map((text, i) =>
        numbers.includes(headings[i] ?? "") ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd();
  out(line(headings));
  for (const [i, row] of rows.entries()) {
    out(line(cells[i] ?? []));
    if (!isRight(row) && row.remark !== undefined) out(`       ${row.remark}`);
  }
  out(`${rightOf(rows)} of ${rows.length} right`);
}
