/** What the doors of this rack see of machines, gathered for the region: in batches, and kept for a while when the region is away. */
import type { EvidenceItem } from "@rackwright/contract/rack-protocol";
import type { DhcpEvidence } from "./dhcp/log.ts";
import type { HttpBootEvent } from "./httpboot/server.ts";
import type { ImageWaitEvent } from "./images/image-boot-files.ts";
import type { TftpEvent } from "./tftp/server.ts";
import { macOfScript } from "./region-boot-files.ts";

export interface EvidenceOptions {
  /** @throws when the region is away */
  send(items: EvidenceItem[]): Promise<unknown>;
  batchMs?: number;
  /** The oldest go first when there are more. */
  maxKept?: number;
}

/** The region takes 1000 at once. */
const MAX_BATCH = 500;

export class EvidenceQueue {
  readonly #options: EvidenceOptions;
  #items: EvidenceItem[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: EvidenceOptions) {
    this.#options = options;
  }

  /** Items given up since the start, because the region was away for too long. */
  get dropped(): number {
    return this.#dropped;
  }

  add(item: Omit<EvidenceItem, "at">): void {
    this.#items.push({ ...item, text: item.text.slice(0, 4096), at: Date.now() });
    const excess = this.#items.length - (this.#options.maxKept ?? 10_000);
    if (excess > 0) {
      this.#items.splice(0, excess);
      this.#dropped += excess;
    }
    this.#flushSoon();
  }

  /** Send what is there, without waiting for it. To be called when the region is back. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().then((sent) => {
      this.#sending = undefined;
      if (sent && this.#items.length > 0) this.#flushSoon();
    });
  }

  async close(): Promise<void> {
    await this.#sending;
    this.flush();
    await this.#sending;
    clearTimeout(this.#timer);
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.flush(), this.#options.batchMs ?? 100);
  }

  /** @returns false when the region is away: what is left waits for the next item, or until the region is back */
  async #sendAll(): Promise<boolean> {
    // What comes meanwhile waits for its turn: a steady stream sent at once would be a transaction of the region for each item.
    let left = this.#items.length;
    while (left > 0 && this.#items.length > 0) {
      const batch = this.#items.splice(0, Math.min(left, MAX_BATCH));
      left -= batch.length;
      try {
        await this.#options.send(batch);
      } catch {
        this.#items.unshift(...batch);
        return false;
      }
    }
    return true;
  }
}

type Item = Omit<EvidenceItem, "at">;

const bytesIn = (bytes: number, durationMs: number) => `${bytes} bytes in ${(durationMs / 1000).toFixed(1)} s`;

export function tftpEvidence(event: TftpEvent): Item {
  const { file, remoteAddress, outcome, ...detail } = event;
  return {
    source: "tftp",
    mac: macOfScript(file) ?? null,
    address: remoteAddress,
    text: describe("TFTP", file, outcome, bytesIn(event.bytes, event.durationMs), event.reason),
    detail: { file, outcome, ...detail },
  };
}

export function httpEvidence(event: HttpBootEvent): Item {
  const { file, remoteAddress, outcome, ...detail } = event;
  return {
    source: "http",
    mac: macOfScript(file) ?? null,
    address: remoteAddress,
    text: describe("HTTP", file, outcome, bytesIn(event.bytes, event.durationMs), event.reason),
    detail: { file, outcome, ...detail },
  };
}

function describe(
  door: string,
  file: string,
  outcome: TftpEvent["outcome"],
  amount: string,
  reason: string | undefined,
): string {
  const words = {
    started: `asks for ${file} by ${door}`,
    finished: `has ${file} by ${door}: ${amount}`,
    not_found: `asked for ${file} by ${door}, which is not there`,
    failed: `${file} by ${door} failed after ${amount}: ${reason ?? "no reason is known"}`,
  };
  return words[outcome];
}

export function imageWaitEvidence(event: ImageWaitEvent): Item {
  const { file, remoteAddress, outcome, ...detail } = event;
  const words = {
    waiting: `waits for ${file}: this rack has ${event.haveBytes} of ${event.sizeBytes} bytes`,
    arrived: `${file} has arrived on this rack`,
    failed: `${file} could not be had: ${event.reason ?? "no reason is known"}`,
  };
  return {
    source: "http",
    mac: null,
    address: remoteAddress,
    text: words[outcome],
    detail: { file, outcome, ...detail },
  };
}

export function dhcpEvidence(event: DhcpEvidence): Item {
  const via = event.via ? ` on ${event.via}` : "";
  const words = `${event.what}${event.address ? ` ${event.address}` : ""}${via}`;
  return {
    source: "dhcp",
    mac: event.mac,
    address: event.address ?? null,
    text: event.what === "foreign_server" ? `DHCP request${via} takes another server's offer` : `DHCP ${words}`,
    detail: { what: event.what, log: event.text.slice(0, 1000) },
  };
}
