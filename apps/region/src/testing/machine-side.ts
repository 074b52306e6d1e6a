/** What a booted machine sends to the metadata service, for tests that play one. */
import type { Token } from "../auth/tokens.ts";
import type { TestRegion } from "./region.ts";
import type { RequestOptions, Response } from "./request.ts";

export const at = (path: string): string => `/MAAS/metadata/${path}`;

export interface MachineSide {
  preseed: (systemId: string, secret: string | undefined, headers?: Record<string, string>) => Promise<Response>;
  signal: (
    token: Token | null,
    fields: Record<string, string>,
    files?: RequestOptions["multipart"],
  ) => Promise<Response>;
  /** A message of cloud-init's or the installer's reporting. */
  report: (token: Token | null, systemId: string, json: unknown) => Promise<Response>;
}

/** @param region asked for at each call: tests make theirs later */
export function machineSide(region: () => TestRegion): MachineSide {
  return {
    preseed: (systemId, secret, headers = {}) =>
      region().request(null, "GET", at(`latest/by-id/${systemId}/`), { query: { op: "get_preseed", secret }, headers }),
    signal: (token, fields, files = {}) =>
      region().request(token, "POST", at("latest/"), { multipart: { op: "signal", ...fields, ...files } }),
    report: (token, systemId, json) => region().request(token, "POST", at(`status/${systemId}`), { json }),
  };
}

/** The three credential fields of a preseed, as the runner reads them. */
export function credentialsIn(text: string): Token {
  const field = (name: string) => new RegExp(`${name}: (\\S+)`).exec(text)?.[1] ?? "";
  return {
    consumerKey: field("consumer_key"),
    tokenKey: field("token_key"),
    tokenSecret: field("token_secret"),
    name: "machine",
  };
}
