/** Events of a run as a person reads them: what each script prints under its name, as `tail -f` shows several files. */
import { StringDecoder } from "node:string_decoder";
import type { Shell } from "../shell.ts";
import type { ServerEvent } from "./events.ts";

interface About {
  id: number;
  name: string;
  device: string | null;
}
interface Output extends About {
  offset: number;
  data: string;
}
interface Result extends About {
  status: number;
  status_name: string;
  exit_status: number | null;
  rewritten: boolean;
}
interface End {
  status: number;
  status_name: string;
}

/** Statuses of a run that is as it should be: passed, degraded, skipped (reference: scripts.md section 9); -1, nothing counted. */
const GOOD = [2, 6, 9, -1];

/** Control characters could be a machine's own words to the terminal; line breaks and tabs are none. */
const plain = (text: string) => text.replace(/[^\P{Cc}\n\t]|[\p{Cf}\u2028\u2029]/gu, "");

export class RunPrinter {
  /** The exit code, once the run has ended. */
  ended: number | undefined;
  readonly #shell: Shell;
  readonly #decoders = new Map<number, StringDecoder>();
  readonly #places = new Map<number, number>();
  /** Whose output the last line is. */
  #current: number | undefined;
  #isAtStart = true;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  async print({ name, data }: ServerEvent): Promise<void> {
    if (name === "output") await this.#output(JSON.parse(data) as Output);
    else if (name === "result") await this.#result(JSON.parse(data) as Result);
    else if (name === "end") await this.#end(JSON.parse(data) as End);
  }

  async #output(output: Output): Promise<void> {
    const bytes = Buffer.from(output.data, "base64");
    const missed = output.offset - (this.#places.get(output.id) ?? 0);
    this.#places.set(output.id, output.offset + bytes.length);
    // A letter may be cut in two by the end of a piece.
    const decoder =
      missed === 0 ? (this.#decoders.get(output.id) ?? new StringDecoder("utf8")) : new StringDecoder("utf8");
    this.#decoders.set(output.id, decoder);
    if (this.#current !== output.id) await this.#line(`==> ${label(output)} <==`);
    this.#current = output.id;
    if (missed > 0) await this.#line(`[${missed} bytes are not shown]`);
    await this.#write(plain(decoder.write(bytes)));
  }

  async #result(result: Result): Promise<void> {
    const exit = result.exit_status === null || result.exit_status === 0 ? "" : `, exit ${result.exit_status}`;
    this.#current = undefined;
    await this.#line(`${label(result)}: ${plain(result.status_name)}${exit}`);
    if (result.rewritten) await this.#line(`(its output as it is kept is another: node-script-result download has it)`);
  }

  async #end({ status, status_name }: End): Promise<void> {
    await this.#line(plain(status_name));
    this.ended = GOOD.includes(status) ? 0 : 1;
  }

  async #line(text: string): Promise<void> {
    await this.#write(`${this.#isAtStart ? "" : "\n"}${text}\n`);
  }

  async #write(text: string): Promise<void> {
    if (text === "") return;
    this.#isAtStart = text.endsWith("\n");
    await this.#shell.out(text);
  }
}

const label = ({ name, device }: About): string => plain(device === null ? name : `${name} (${device})`);
