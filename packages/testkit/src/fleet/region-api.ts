/** The simulator's side of the region's API: what machines are to do, and what they did. */
import { authorization } from "./signing.ts";

export interface Work {
  system_id: string;
  start: number;
  wanted: "on" | "off";
  architecture: string;
  bios_boot_method: string | null;
  mac_addresses: string[];
}

interface State {
  racks: { hostname: string; http_port: number | null; addresses: string[] }[];
}

/** Of a rack that does not say. */
const USUAL_HTTP_PORT = 5248;
const ANSWER_MS = 60_000;

export class RegionApi {
  readonly #root: string;
  readonly #key: { consumerKey: string; tokenKey: string; tokenSecret: string };

  /** @param url http://HOST:5240/MAAS/ @throws Error for a key that is none */
  constructor(url: string, apiKey: string) {
    this.#root = `${url.replace(/\/+$/, "")}/api/2.0/`;
    const [consumerKey, tokenKey, tokenSecret] = apiKey.trim().split(":");
    if (!consumerKey || !tokenKey || !tokenSecret)
      throw new Error("the API key is not CONSUMER:TOKEN:SECRET, as bin/maas apikey prints it");
    this.#key = { consumerKey, tokenKey, tokenSecret };
  }

  /** @throws Error with the reply when it is not a success */
  async call(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    form: readonly [string, string][] = [],
  ): Promise<unknown> {
    const reply = await fetch(`${this.#root}${path}`, {
      method,
      headers: { authorization: authorization(this.#key, Date.now() / 1000) },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(method === "POST" || method === "PUT" ? { body: new URLSearchParams([...form]) } : {}),
    });
    const text = await reply.text();
    if (!reply.ok) throw new ApiError(`${method} ${path}: ${reply.status} ${text.slice(0, 500)}`, reply.status);
    // Some operations answer OK, as text.
    return reply.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : text;
  }

  async take(again: boolean): Promise<Work[]> {
    return (await this.call("POST", "simulator/?op=take", again ? [["again", "true"]] : [])) as Work[];
  }

  /** @returns the starts of those that went on, by system id */
  async report(told: {
    obeyed?: string[];
    on?: string[];
    off?: string[];
    bmc?: string[];
    dhcp?: string[];
  }): Promise<Record<string, number>> {
    const form = Object.entries(told).flatMap(([name, words]) => words.map((word): [string, string] => [name, word]));
    return (await this.call("POST", "simulator/?op=report", form)) as Record<string, number>;
  }

  /** Where a rack serves machines, as they reach it from here; undefined: no rack is connected. */
  async bootUrl(): Promise<string | undefined> {
    const { racks } = (await this.call("GET", "simulator/")) as State;
    const [rack] = racks;
    if (!rack) return undefined;
    const { hostname } = new URL(this.#root);
    const here = hostname === "localhost" || hostname.startsWith("127.");
    const host = here ? "127.0.0.1" : (rack.addresses.find((address) => !address.includes(":")) ?? hostname);
    return `http://${host}:${rack.http_port ?? USUAL_HTTP_PORT}`;
  }
}

export class ApiError extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}
