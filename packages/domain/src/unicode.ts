/** Texts that can be kept: JSON and YAML can spell more than PostgreSQL takes. */

/** Whether all texts in this value, names too, are Unicode without NUL. It may be nested as it likes, and contain itself. */
export function isUnicode(value: unknown): boolean {
  // A set is walked to what is added meanwhile, and has each once.
  const found = new Set<unknown>([value]);
  for (const one of found) {
    if (typeof one === "string" && (!one.isWellFormed() || one.includes("\0"))) return false;
    if (typeof one !== "object" || one === null) continue;
    for (const [name, inner] of Object.entries(one)) found.add(name).add(inner);
  }
  return true;
}

/** What is said of a value that is not. */
export const NOT_UNICODE = "There is a NUL character, or half of a surrogate pair, in it.";
