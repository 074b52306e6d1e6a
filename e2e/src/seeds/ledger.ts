/** What became of each row of the documentation. */
export type Outcome = { kind: "PASS" } | { kind: "NOT MET" | "FAIL"; why: string };

const rank = { PASS: 0, "NOT MET": 1, FAIL: 2 } as const;

export class Ledger {
  readonly #outcomes = new Map<string, Outcome>();

  /** A row that is looked at twice is as good as the worse of both. */
  put(id: string, outcome: Outcome): void {
    const before = this.#outcomes.get(id);
    if (!before || rank[outcome.kind] > rank[before.kind]) this.#outcomes.set(id, outcome);
  }

  of(id: string): Outcome {
    return this.#outcomes.get(id) ?? { kind: "FAIL", why: "nothing looked at it" };
  }
}

/** `S0-001 PASS`, or the reason in one line. */
export function line(id: string, outcome: Outcome): string {
  return outcome.kind === "PASS" ? `${id} PASS` : `${id} ${outcome.kind}: ${outcome.why}`;
}

/** The first line of what was thrown, with what was compared where that is the second. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .split("\n")
    .filter((one) => one.trim() !== "")
    .slice(0, 3)
    .join(" ")
    .slice(0, 300);
}
