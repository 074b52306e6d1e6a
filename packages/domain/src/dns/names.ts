/** Names of DNS: domains, and names in them (RFC 1035 section 2.3, RFC 2782 for labels with an underscore). */

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
/** Services and the like begin with an underscore. */
const SERVICE_LABEL = /^_?[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/i;
const MAX_NAME = 253;

export function isDomainName(text: string): boolean {
  return text.length <= MAX_NAME && text.split(".").every((label) => LABEL.test(label));
}

/** `@` is the domain itself, `*` at the front any name that there is not. */
export function isResourceName(text: string): boolean {
  if (text === "@" || text === "*") return true;
  const labels = text.replace(/^\*\./, "").split(".");
  return text.length <= MAX_NAME && labels.every((label) => SERVICE_LABEL.test(label));
}

/** What a record points at: a name, fully qualified or not. */
export function isTarget(text: string): boolean {
  const name = text.replace(/\.$/, "");
  return name.length <= MAX_NAME && name.split(".").every((label) => SERVICE_LABEL.test(label));
}

/**
 * A fully qualified name in the domain that holds it most closely; in none that is known, split at its first dot. Names of
 * services keep their labels together.
 */
export function splitFqdn(fqdn: string, domains: readonly string[]): { name: string; domain: string } {
  const full = fqdn.trim().replace(/\.$/, "").toLowerCase();
  const holder = domains
    .filter((domain) => full === domain.toLowerCase() || full.endsWith(`.${domain.toLowerCase()}`))
    .toSorted((a, b) => b.length - a.length)[0];
  if (holder !== undefined)
    return { name: full === holder.toLowerCase() ? "@" : full.slice(0, -holder.length - 1), domain: holder };
  const dot = full.indexOf(".");
  return dot < 0 ? { name: full, domain: "" } : { name: full.slice(0, dot), domain: full.slice(dot + 1) };
}
