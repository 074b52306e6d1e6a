/** A small client of API 2.0 (and 1.0) over the controller's unix socket: what the demo and the end-to-end tests drive machines with. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { TimelineEntry } from "./timeline-text.ts";

export interface ApiReply {
  status: number;
  text: string;
}

/** A machine as far as the journey looks at it. */
export interface MachineReply {
  system_id: string;
  hostname: string;
  status_name: string;
  status_message: string;
  error_description: string;
  power_state: string;
  power_type: string;
  waiting_for: string | null;
  bios_boot_method: string | null;
  osystem: string;
  owner: string | null;
  ip_addresses: string[];
  interface_set: { mac_address: string | null }[];
  cpu_count: number;
  memory: number;
  physicalblockdevice_set: { name: string; size: number; serial: string | null }[];
  hardware_info: Record<string, string>;
  testing_status_name: string;
  commissioning_status_name: string;
  resource_uri: string;
}

export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A controller that was killed is back in seconds; one that does not come back is an error. */
const AWAY_MS = 60_000;
const RETRY_MS = 500;
/** Nobody listens on the socket: no request was sent. */
const NOT_SENT = ["ECONNREFUSED", "ENOENT"];
/** It went away with the request. */
const BROKEN = ["ECONNRESET", "EPIPE"];

export class ApiClient {
  private readonly socketPath: string;
  private readonly key: string[];
  private readonly root: string;

  /** @param apiKey "" for a stranger, whose requests are not signed */
  constructor(socketPath: string, apiKey: string, version: "1.0" | "2.0" = "2.0") {
    this.socketPath = socketPath;
    this.key = apiKey === "" ? [] : apiKey.split(":");
    this.root = `/MAAS/api/${version}`;
  }

  private authorization(): string {
    const [consumer = "", token = "", secret = ""] = this.key;
    const fields = {
      oauth_nonce: randomBytes(12).toString("hex"),
      oauth_timestamp: String(Math.floor(Date.now() / 1000)),
      oauth_version: "1.0",
      oauth_signature_method: "PLAINTEXT",
      oauth_consumer_key: consumer,
      oauth_token: token,
      oauth_signature: `%26${secret}`,
    };
    return `OAuth ${Object.entries(fields)
      .map(([name, value]) => `${name}="${value}"`)
      .join(", ")}`;
  }

  /**
   * One request. While the controller is away it is repeated where that is safe: it was not sent, or it changes nothing.
   * @throws Error when there is no reply
   */
  async send(method: string, path: string, form?: Record<string, string>): Promise<ApiReply> {
    const began = performance.now();
    for (;;) {
      try {
        return await this.sendOnce(method, path, form);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? "";
        const again = NOT_SENT.includes(code) || (method === "GET" && BROKEN.includes(code));
        if (!again || performance.now() - began > AWAY_MS) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  private sendOnce(method: string, path: string, form?: Record<string, string>): Promise<ApiReply> {
    const { promise, resolve, reject } = Promise.withResolvers<ApiReply>();
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const headers: Record<string, string> = { host: "localhost" };
    if (this.key.length > 0) headers["authorization"] = this.authorization();
    if (body !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
    const outgoing = request(
      { socketPath: this.socketPath, method, path: `${this.root}${path}`, headers, agent: false },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }));
        reply.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
    return promise;
  }

  /** @throws ApiError for anything but 2xx, with what the server said */
  async call<T>(method: string, path: string, form?: Record<string, string>): Promise<T> {
    const reply = await this.send(method, path, form);
    if (reply.status >= 200 && reply.status < 300) return (reply.text === "" ? null : JSON.parse(reply.text)) as T;
    throw new ApiError(reply.status, `${method} ${path}: ${reply.status} ${reply.text.slice(0, 500)}`);
  }

  machines(): Promise<MachineReply[]> {
    return this.call("GET", "/machines/");
  }

  machine(systemId: string): Promise<MachineReply> {
    return this.call("GET", `/machines/${systemId}/`);
  }

  /** All that was seen of a machine and happened to it, the earliest first. */
  async timeline(systemId: string): Promise<TimelineEntry[]> {
    const pages: TimelineEntry[][] = [];
    for (let before: string | null = ""; before !== null; ) {
      const page: { items: TimelineEntry[]; prev: string | null } = await this.call(
        "GET",
        `/machines/${systemId}/?op=timeline&limit=1000&before=${before}`,
      );
      pages.unshift(page.items);
      before = page.prev;
    }
    return pages.flat();
  }

  act(systemId: string, op: string, form: Record<string, string> = {}): Promise<MachineReply> {
    return this.call("POST", `/machines/${systemId}/?op=${op}`, form);
  }
}
