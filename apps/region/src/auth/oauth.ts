/** OAuth 1.0 (RFC 5849) as its clients here use it: PLAINTEXT, and HMAC-SHA1 for older ones; the consumer secret is empty. */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface OAuthParams {
  consumerKey: string;
  token: string;
  signatureMethod: string;
  signature: string;
  /** Seconds since 1970. */
  timestamp: string;
  nonce: string;
  version: string | undefined;
  /** All oauth_ parameters but the signature: part of what HMAC signs. */
  signed: [string, string][];
}

/** Parameters of an Authorization header: any order, commas with or without blanks, an optional realm. */
export function parseAuthorization(header: string): [string, string][] | undefined {
  const rest = /^OAuth\s+(.*)$/is.exec(header)?.[1];
  if (rest === undefined) return undefined;
  const pairs: [string, string][] = [];
  for (const match of rest.matchAll(/([\w.-]+)\s*=\s*"([^"]*)"/g))
    pairs.push([match[1] ?? "", percentDecode(match[2] ?? "")]);
  return pairs;
}

/** The OAuth parameters among `pairs`; undefined when a needed one is missing: such a request counts as not signed at all. */
export function oauthParams(pairs: [string, string][]): OAuthParams | undefined {
  const get = (name: string) => pairs.find(([key]) => key === name)?.[1];
  const [consumerKey, token, signatureMethod, signature, timestamp, nonce] = [
    "oauth_consumer_key",
    "oauth_token",
    "oauth_signature_method",
    "oauth_signature",
    "oauth_timestamp",
    "oauth_nonce",
  ].map(get);
  if (!consumerKey || !token || !signatureMethod || !signature || !timestamp || !nonce) return undefined;
  const signed = pairs.filter(([key]) => key !== "oauth_signature" && key !== "realm");
  return { consumerKey, token, signatureMethod, signature, timestamp, nonce, version: get("oauth_version"), signed };
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 5849 section 3.6: all but the unreserved characters. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export interface SignedRequest {
  method: string;
  /** Scheme, host and path, no query. */
  url: string;
  /** Query and form parameters, without the OAuth ones of the header. */
  params: [string, string][];
}

/** Whether the signature was made with `secret`. Some clients leave PLAINTEXT's secret unescaped: both forms are the same here. */
export function signatureMatches(oauth: OAuthParams, secret: string, request: SignedRequest): boolean {
  switch (oauth.signatureMethod.toUpperCase()) {
    case "PLAINTEXT":
      return equal(oauth.signature, `&${percentEncode(secret)}`) || equal(oauth.signature, `&${secret}`);
    case "HMAC-SHA1": {
      const pairs = [...oauth.signed, ...request.params.filter(([k]) => !k.startsWith("oauth_"))].map(
        ([k, v]) => [percentEncode(k), percentEncode(v)] as const,
      );
      pairs.sort(([ak, av], [bk, bv]) => (ak === bk ? (av < bv ? -1 : 1) : ak < bk ? -1 : 1));
      const base = [request.method.toUpperCase(), request.url, pairs.map(([k, v]) => `${k}=${v}`).join("&")]
        .map(percentEncode)
        .join("&");
      return equal(
        oauth.signature,
        createHmac("sha1", `&${percentEncode(secret)}`)
          .update(base)
          .digest("base64"),
      );
    }
    default:
      return false;
  }
}

function equal(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
