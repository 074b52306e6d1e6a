/** A small client of API 2.0 over the controller's unix socket: what the demo and the end-to-end tests drive machines with. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";

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

export class ApiClient {
  private readonly socketPath: string;
  private readonly key: string[];

  constructor(socketPath: string, apiKey: string) {
    this.socketPath = socketPath;
    this.key = apiKey.split(":");
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

  /** One request; no reply is an error here. */
  send(method: string, path: string, form?: Record<string, string>): Promise<ApiReply> {
    const { promise, resolve, reject } = Promise.withResolvers<ApiReply>();
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const headers: Record<string, string> = { authorization: this.authorization(), host: "localhost" };
    if (body !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
    const outgoing = request(
      { socketPath: this.socketPath, method, path: `/MAAS/api/2.0${path}`, headers, agent: false },
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

  act(systemId: string, op: string, form: Record<string, string> = {}): Promise<MachineReply> {
    return this.call("POST", `/machines/${systemId}/?op=${op}`, form);
  }
}
