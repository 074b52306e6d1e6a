/** What is accepted of package repositories, license keys and boot sources. */

export const DISABLED_POCKETS = ["updates", "security", "backports"];
/** Of the default archives; main cannot be left out. */
export const DISABLED_COMPONENTS = ["restricted", "universe", "multiverse"];
export const REPOSITORY_ARCHES = ["amd64", "i386", "armhf", "arm64", "ppc64el", "s390x"];

/** The first word that is not one of `known`. */
export const unknownOf = (words: readonly string[], known: readonly string[]): string | undefined =>
  words.find((word) => !known.includes(word));

const PPA = /^ppa:[a-z0-9][a-z0-9.+_-]*\/[a-z0-9][a-z0-9.+_/-]*$/i;

/** Credentials in it are refused elsewhere: here it is only an address. */
export function webAddress(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && /^https?:$/.test(url.protocol) && url.hostname !== "" && !/\s/.test(text) ? url : undefined;
}

/** A directory of this host: `file:///srv/mirror`. */
export function directoryAddress(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url?.protocol === "file:" && url.host === "" && url.search === "" && url.hash === "";
  return plain && !/\s|%2f|%00/i.test(text) ? url : undefined;
}

export const isRepositoryUrl = (text: string): boolean => PPA.test(text) || webAddress(text) !== undefined;

/** Systems that ask for a key, and how theirs look. */
const LICENSED: Record<string, RegExp> = { windows: /^([A-Za-z0-9]{5}-){4}[A-Za-z0-9]{5}$/ };

export const licensedSystems = (): string[] => Object.keys(LICENSED);

export function isLicenseKey(osystem: string, key: string): boolean {
  return Object.hasOwn(LICENSED, osystem) && (LICENSED[osystem]?.test(key) ?? false);
}
