/** API keys: `consumer:token:secret`, and the header that proves one (OAuth 1.0 PLAINTEXT, RFC 5849 3.4.4). */
import { CliError } from "../errors.ts";
import { randomBytes } from "./node-modules.ts";

export type ApiKey = readonly [consumer: string, token: string, secret: string];

export function parseApiKey(text: string): ApiKey {
  const [consumer, token, secret, ...more] = text.trim().split(":");
  if (consumer && token && secret && more.length === 0) return [consumer, token, secret];
  throw new CliError(
    "this is no API key: it has three parts with a colon between them, consumer:token:secret, and none before or after",
    { exitCode: 1 },
  );
}

/** The consumer has no secret, so the signature is `&` and the token's secret. */
export function authorization([consumer, token, secret]: ApiKey): string {
  const fields = {
    oauth_nonce: randomBytes(8).toString("hex"),
    oauth_timestamp: String(Math.floor(Date.now() / 1000)),
    oauth_version: "1.0",
    oauth_signature_method: "PLAINTEXT",
    oauth_consumer_key: consumer,
    oauth_token: token,
    oauth_signature: `&${secret}`,
  };
  return `OAuth ${Object.entries(fields)
    .map(([name, value]) => `${name}="${encodeURIComponent(value)}"`)
    .join(", ")}`;
}
