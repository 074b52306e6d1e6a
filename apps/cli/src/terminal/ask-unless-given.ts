/** Asked at a terminal; elsewhere what is missing is an error. */
export async function askUnlessGiven(
  given: string | undefined,
  question: string,
  missing: () => Error,
): Promise<string> {
  if (given) return given;
  if (!process.stdin.isTTY) throw missing();
  const { askPlainly } = await import("./ask.ts");
  const typed = await askPlainly(question);
  if (typed === "") throw missing();
  return typed;
}
