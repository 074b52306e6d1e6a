/** Where the database of a PostgreSQL URI is (libpq, "Connection URIs"): its host may be a socket's directory, given as a parameter. */
export interface DatabaseAddress {
  host: string;
  port: number;
  name: string;
}

/** @returns undefined when it is no such URI */
export function databaseAddress(uri: string): DatabaseAddress | undefined {
  if (!/^postgres(ql)?:\/\//.test(uri)) return undefined;
  // A URL with a user and no host is none to WHATWG; to libpq it is.
  const url = URL.parse(uri.replace("@/", "@nowhere.invalid/"));
  if (!url) return undefined;
  const named = url.hostname === "nowhere.invalid" ? "" : decodeURIComponent(url.hostname).replace(/^\[|\]$/g, "");
  const host = url.searchParams.get("host") ?? named;
  const port = Number(url.port || (url.searchParams.get("port") ?? 5432));
  return { host: host || "localhost", port, name: decodeURIComponent(url.pathname.slice(1)) };
}
