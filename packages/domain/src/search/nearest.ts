/** Which known word was meant. */

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (older[j - 2] ?? 0) + 1);
      row.push(least);
    }
    older = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The nearest of the words, when it is near: one letter in three may be wrong. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const asked = word.toLowerCase();
  const [best] = known
    .map((candidate) => ({ candidate, far: distance(asked, candidate) }))
    .filter(({ candidate, far }) => far <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.far - b.far);
  return best?.candidate ?? (asked.length >= 3 ? known.find((candidate) => candidate.startsWith(asked)) : undefined);
}

/** To follow "no such thing": what was meant, or what there is. */
export function orRather(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? `use one of ${known.join(", ")}.` : `did you mean ${meant}?`;
}
