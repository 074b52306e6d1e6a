/** Takes secrets out of what leaves us: timelines, diagnoses, support bundles. Pure: known secrets come in as an argument. */

export const HIDDEN = "[hidden]";

/** Names whose values are secret, as words of a longer name too: power_pass, oauth_token, boot_secret. */
const SECRET_WORD =
  "(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api_?key|private_?key|k_g|signature|nonce)";
const SECRET_NAME = new RegExp(`(?:^|[_.-])${SECRET_WORD}s?(?:$|[_.-])|^oauth_`, "i");

const PATTERNS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  // Whole header lines, and what OAuth and HTTP put after the scheme.
  [/\b((?:proxy-)?authorization["']?\s*[:=]\s*)[^\r\n]+/gi, `$1${HIDDEN}`],
  [/\b(Bearer|Basic)\s{1,8}[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${HIDDEN}`],
  // user:password@host
  [/(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]{0,256}:)[^\s/@]{1,256}@/gi, `$1${HIDDEN}@`],
];

/**
 * name=value, name: value, "name": "value". A name begins where a word does and what may be between is bounded, so that a long line takes
 * time in proportion to its length.
 */
const NAMED =
  /(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]{1,100})(["']?\s{0,8}[:=]\s{0,8})("(?:[^"\\]|\\.){0,20000}"|'[^']{0,20000}'|[^\s,;&"']+)/g;

/** Shorter ones are words of every text. */
const SHORTEST_KNOWN = 4;

/** @param known secrets of this very machine, hidden wherever they stand */
export function scrubText(text: string, known: readonly string[] = []): string {
  let clean = text;
  for (const secret of [...known].sort((a, b) => b.length - a.length))
    if (secret.length >= SHORTEST_KNOWN) clean = clean.replaceAll(secret, HIDDEN);
  for (const [pattern, by] of PATTERNS) clean = clean.replace(pattern, by);
  return clean.replace(NAMED, (all, name: string, sign: string) =>
    isSecretName(name) ? `${name}${sign}${HIDDEN}` : all,
  );
}

export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/** The same for a JSON value: texts within, and whatever is below a secret's name. */
export function scrubValue(value: unknown, known: readonly string[] = []): unknown {
  if (typeof value === "string") return scrubText(value, known);
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, known));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) && item !== null && item !== "" ? HIDDEN : scrubValue(item, known),
    ]),
  );
}
