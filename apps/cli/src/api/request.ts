/** From an action and its arguments to the request that the API takes. */
import { CliError } from "../errors.ts";
import type { ApiKey } from "./api-key.ts";
import { authorization } from "./api-key.ts";
import type { ApiAction, ApiHandler } from "./describe.ts";
import type { ApiRequest } from "./http.ts";
import { encodeMultipart } from "./multipart.ts";
import type { Parameter } from "./parameters.ts";

export interface Target {
  /** The profile's URL: only its scheme and host count, the path comes from the description. */
  url: string;
  credentials: ApiKey | null;
}

/** `op` is always in the query; parameters too for GET and DELETE, else they are the body. */
export function buildRequest(
  target: Target,
  handler: ApiHandler,
  action: ApiAction,
  positionals: readonly string[],
  parameters: readonly Parameter[],
): ApiRequest {
  const inQuery = action.method === "GET" || action.method === "DELETE";
  const op = action.op === null ? [] : [{ key: "op", value: action.op }];
  const query = encodeQuery(inQuery ? [...op, ...parameters] : op);
  const path = fillPath(handler, positionals) + (query && `?${query}`);
  const headers = target.credentials ? { authorization: authorization(target.credentials) } : {};
  const base = { method: action.method, origin: new URL(target.url).origin, path };
  if (inQuery || parameters.length === 0) return { ...base, headers };
  const { contentType, body } = encodeMultipart(parameters);
  return { ...base, headers: { ...headers, "content-type": contentType }, body };
}

function fillPath(handler: ApiHandler, positionals: readonly string[]): string {
  return handler.params.reduce((path, name, index) => {
    const value = positionals[index];
    if (value === undefined) throw new CliError(`${name} is missing`);
    return path.replace(`{${name}}`, () => asPath(value));
  }, handler.path);
}

/** As given, apart from what cannot stand in a request line or would end the path: blanks, `?`, `#`, other alphabets. */
const asPath = (value: string): string => value.replace(/[^!-~]+|[?#]/gu, (part) => encodeURIComponent(part));

/** application/x-www-form-urlencoded; files go as the bytes they hold. */
function encodeQuery(parameters: readonly Parameter[]): string {
  const plain = (value: string) => new URLSearchParams([["", value]]).toString().slice(1);
  const bytes = (value: Buffer) =>
    [...value].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  return parameters
    .map(({ key, value }) => `${plain(key)}=${typeof value === "string" ? plain(value) : bytes(value)}`)
    .join("&");
}
