/**
 * The one place where a name that a machine asked for becomes a path. Everything behind it may trust the result: segments joined by
 * single slashes, no leading slash, no `.` or `..`, no control characters, no percent signs, at most 512 characters.
 */

const maxPathLength = 512;

/** Name from a TFTP request; undefined: refuse as not found. */
export function bootPath(raw: string): string | undefined {
  if (raw.length > maxPathLength * 2 || !raw.isWellFormed()) return undefined;
  // A percent sign is in no name that we serve, and in every attempt to smuggle one character as three past a check.
  if (/[\p{Cc}%]/u.test(raw)) return undefined;
  const segments = raw
    .replaceAll("\\", "/") // Windows loaders and some firmware
    .split("/")
    .filter((segment) => segment !== "" && segment !== "."); // shim asks for //grubx64.efi
  if (segments.length === 0 || segments.includes("..")) return undefined;
  const path = segments.join("/");
  return path.length <= maxPathLength ? path : undefined;
}

/** Path of an HTTP request target, decoded once (`%3A` in a MAC is honest); what is still encoded after that is refused. */
export function bootPathOfTarget(target: string): string | undefined {
  const encoded = target.split(/[?#]/, 1)[0] ?? "";
  if (!encoded.startsWith("/")) return undefined;
  try {
    return bootPath(decodeURIComponent(encoded));
  } catch {
    return undefined; // not UTF-8, or a percent sign without two digits
  }
}

/** IPv4 addresses arrive mapped into IPv6 on a socket that listens on `::`. */
export const plainAddress = (address: string | undefined): string =>
  (address ?? "").replace(/^::ffff:(?=[0-9.]+$)/, "");
