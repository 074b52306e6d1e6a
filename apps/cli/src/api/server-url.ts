import { CliError } from "../errors.ts";

/** Where a region serves unless told otherwise; used when a key stands in the place of the URL. */
export const LOCAL_URL = "http://localhost:5240/MAAS";

/** The API's root with a slash at the end: `http://host:5240/MAAS` -> `http://host:5240/MAAS/api/2.0/`. */
export function apiRoot(text: string): string {
  const isHttp = /^https?:\/\/[^/]/i.test(text);
  if (!isHttp || !URL.canParse(text))
    throw new CliError(`${text} is no URL of a MAAS server: it looks like ${LOCAL_URL}`, { exitCode: 1 });
  const url = new URL(text);
  const path = url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`;
  return `${url.origin}${/\/api\/[0-9.]+\/$/.test(path) ? path : `${path}api/2.0/`}`;
}
