/**
 * Definitions of tags: XPath 1.0 expressions over what lshw and lldpctl printed. What can be said of one without a document is said here;
 * whether it parses says libxml2.
 */

/** Longer ones are generated, and not by hand. */
export const MAX_DEFINITION_CHARACTERS = 8192;
/** Brackets within brackets. libxml2 recurses for each. */
const MAX_DEPTH = 100;

/** Of the composite document: prefixes are their own namespaces. */
export const definitionNamespaces: Readonly<Record<string, string>> = { lldp: "lldp", lshw: "lshw" };

/** XPath 1.0, sections 2.3 (node types) and 4 (functions); and the operators of 3.3 to 3.5, which may stand before a bracket. */
const CALLED = new Set(
  `comment text processing-instruction node last position count id local-name namespace-uri name string concat starts-with contains
   substring-before substring-after substring string-length normalize-space translate boolean not true false lang number sum floor
   ceiling round and or div mod`.split(/\s+/),
);

/** A definition as it is kept: without blanks around it. Empty: the tag is put on by hand. */
export const tidyDefinition = (definition: string): string => definition.trim();

/** Why this cannot be an XPath 1.0 expression for us, in words its author can act on; undefined when nothing is known against it. */
export function definitionProblem(definition: string): string | undefined {
  if (definition.length > MAX_DEFINITION_CHARACTERS)
    return `Ensure this value has at most ${MAX_DEFINITION_CHARACTERS} characters (it has ${definition.length}).`;
  // What is quoted is text; an empty pair of quotes stays where it was.
  const bare = definition.replace(/"[^"]*"|'[^']*'/g, "''");
  let depth = 0;
  for (const c of bare) {
    if (c === "(" || c === "[") depth += 1;
    if (c === ")" || c === "]") depth -= 1;
    if (depth > MAX_DEPTH) return `Brackets are nested more than ${MAX_DEPTH} deep: write it in fewer.`;
  }
  const variable = /\$\s*([\w.-]+)/.exec(bare)?.[1];
  if (variable !== undefined) return `There is no variable $${variable}: definitions have none.`;
  // axis::name is no prefix.
  for (const [, prefix = ""] of bare.matchAll(/([\p{L}_][\p{L}\p{N}_.-]*):(?!:)/gu))
    if (!Object.hasOwn(definitionNamespaces, prefix))
      return `There is no namespace ${prefix}: write elements of lshw without one, those of lldpctl as lldp:NAME.`;
  for (const [, name = ""] of bare.matchAll(/([\p{L}_][\p{L}\p{N}_.:-]*)\s*\(/gu)) {
    const called = name.split("::").at(-1) ?? name;
    if (!CALLED.has(called)) return `XPath 1.0 has no function ${called}().`;
  }
  return undefined;
}
