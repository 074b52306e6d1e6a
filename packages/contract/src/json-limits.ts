/** How deep JSON may be nested. What walks it, JSON.stringify and PostgreSQL among them, has a stack that ends. */
export const MOST_DEEP = 100;

/** Whether brackets in this text, outside of strings, are nested deeper. Looked at before it is parsed. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (inString) {
      if (c === "\\") i += 1;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === "[" || c === "{") {
      depth += 1;
      if (depth > MOST_DEEP) return true;
    } else if (c === "]" || c === "}") depth -= 1;
  }
  return false;
}
