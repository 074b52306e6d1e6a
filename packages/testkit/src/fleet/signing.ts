/** OAuth 1.0 PLAINTEXT (RFC 5849 section 3.4.4). */
import { randomBytes } from "node:crypto";
import type { Credentials } from "./cloud-config.ts";

const escape = (value: string) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** @param at seconds since 1970 by the signer's clock */
export function authorization(by: Pick<Credentials, "consumerKey" | "tokenKey" | "tokenSecret">, at: number): string {
  const fields = {
    oauth_nonce: randomBytes(16).toString("hex"),
    oauth_timestamp: String(Math.floor(at)),
    oauth_version: "1.0",
    oauth_signature_method: "PLAINTEXT",
    oauth_consumer_key: by.consumerKey,
    oauth_token: by.tokenKey,
    oauth_signature: `&${escape(by.tokenSecret)}`,
  };
  return `OAuth ${Object.entries(fields)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(", ")}`;
}
