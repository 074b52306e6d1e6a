/** Signals to the region, also as a broken machine sends them: twice, out of order, with nonsense between. */
import type { Credentials } from "./cloud-config.ts";
import type { EmulatedMachine } from "./machine.ts";
import { multipart } from "./multipart.ts";
import { ignoreRefusal } from "./net.ts";
import type { Row } from "./script-index.ts";

export interface Signal {
  status: string;
  row?: Row;
  error?: string;
  exitStatus?: number;
  runtimeSeconds?: number;
  files?: Record<string, Uint8Array>;
  extra?: Record<string, string>;
}

export function signalFields(signal: Signal): Record<string, string> {
  const { row } = signal;
  return {
    op: "signal",
    status: signal.status,
    ...signal.extra,
    ...(signal.error ? { error: signal.error } : {}),
    ...(row ? { name: row.name } : {}),
    ...(row && row.resultId !== null ? { script_result_id: String(row.resultId) } : {}),
    ...(row && row.versionId !== null ? { script_version_id: String(row.versionId) } : {}),
    ...(signal.exitStatus === undefined ? {} : { exit_status: String(signal.exitStatus) }),
    ...(signal.runtimeSeconds === undefined ? {} : { runtime: signal.runtimeSeconds.toFixed(3) }),
  };
}

const nonsense: readonly Record<string, string>[] = [
  { op: "signal", status: "HAPPY" },
  { op: "signal", status: "WORKING", script_result_id: "999999999" },
  { op: "signal", status: "WORKING", exit_status: "many" },
  { op: "signal" },
];

export class Signals {
  readonly #machine: EmulatedMachine;
  readonly #url: (credentials: Credentials) => string;
  /** Kept back, to go out after the next one. */
  #late: Signal | undefined;
  #count = 0;

  constructor(machine: EmulatedMachine, url: (credentials: Credentials) => string) {
    this.#machine = machine;
    this.#url = url;
  }

  /** @throws RequestFailed when the region refuses it */
  async send(as: Credentials, signal: Signal, options: { last?: boolean } = {}): Promise<void> {
    const machine = this.#machine;
    if (machine.has("signals", "senseless")) await this.#sendNonsense(as);
    if (machine.has("signals", "reordered") && !options.last) {
      const before = this.#late;
      // The first of each pair waits for the second.
      this.#late = before ? undefined : signal;
      if (!before) return;
      await this.#post(as, signal);
      await this.#post(as, before);
      return;
    }
    if (this.#late) await this.#post(as, this.#late);
    this.#late = undefined;
    await this.#post(as, signal);
    // The answer to the last one may have ended the credentials.
    if (machine.has("signals", "doubled")) await this.#post(as, signal).catch(ignoreRefusal);
  }

  /** A heartbeat: one try. */
  async beat(as: Credentials): Promise<void> {
    const { body, contentType } = multipart({ op: "signal", status: "WORKING" });
    await this.#machine.net
      .once(this.#url(as), { method: "POST", body, headers: { "content-type": contentType }, as })
      .catch(ignoreRefusal);
  }

  /** What a script has printed so far: one try, since what counts comes at its end. */
  async printed(as: Credentials, row: Row, text: string): Promise<void> {
    if (row.livePath === null) return;
    const url = `${this.#url(as)}${row.livePath}?script_result_id=${row.resultId}&offset=0`;
    const headers = { "content-type": "application/octet-stream" };
    await this.#machine.net.once(url, { method: "POST", body: Buffer.from(text), headers, as }).catch(ignoreRefusal);
  }

  async #post(as: Credentials, signal: Signal): Promise<void> {
    const { body, contentType } = multipart(signalFields(signal), signal.files);
    const { tookMs } = await this.#machine.net.ask(this.#url(as), {
      method: "POST",
      body,
      headers: { "content-type": contentType },
      as,
    });
    this.#machine.world.onSignal(tookMs);
  }

  async #sendNonsense(as: Credentials): Promise<void> {
    const fields = nonsense[this.#count++ % nonsense.length] ?? {};
    const { body, contentType } = multipart(fields, { "\u0001x": Buffer.from([0, 255, 254]) });
    await this.#machine.net
      .once(this.#url(as), { method: "POST", body, headers: { "content-type": contentType }, as })
      .catch(ignoreRefusal);
  }
}
